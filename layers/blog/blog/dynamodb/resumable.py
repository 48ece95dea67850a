"""What runs that take long are made of: rows one after another, each written by itself, so that a
run may end anywhere and the next one goes on."""

from collections.abc import Callable, Iterator, Sequence

from blog.dynamodb.actions import Action, ConditionRefused, Item
from blog.dynamodb.retries import WRITE_TRIES, backoff
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.errors import WriteContended

ROWS_AT_ONCE = 25


class OutOfTime(Exception):
    """The run is about to end, or something else has to be done first: what is left is for the
    next run."""


def iter_rows(
    table: Table, partition: str, kind: str, is_out_of_time: Callable[[], bool] = lambda: False
) -> Iterator[Item]:
    """The rows of a kind in a partition, which may be removed meanwhile. Raises OutOfTime."""
    first = kind
    while rows := table.query(Range(partition, first, kind + HIGHEST), ROWS_AT_ONCE):
        for row in rows:
            if is_out_of_time():
                raise OutOfTime
            yield row
        first = f"{rows[-1]['sk']}\x00"


def retry_transaction(table: Table, actions: Callable[[], Sequence[Action]]) -> None:
    """Write what is computed of what is there now, again where somebody else was faster; nothing
    once it comes to nothing. Raises WriteContended."""
    for _ in backoff(WRITE_TRIES):
        wanted = actions()
        if not wanted:
            return None
        try:
            return table.write(wanted)
        except ConditionRefused:
            continue
    raise WriteContended
