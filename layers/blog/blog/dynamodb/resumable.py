"""Parts of jobs that take long: rows one after another, each written by itself.

So a run may end anywhere, and the next run continues.
"""

from collections.abc import Callable, Iterator, Sequence

from blog.dynamodb.actions import Action, Item, Items
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import HIGHEST, Range, Table

ROWS_AT_ONCE = 25


class OutOfTime(Exception):
    """The run is about to end, or another job must end first. The next run does the rest."""


def iter_rows(
    table: Table,
    partition: str,
    kind: str,
    is_out_of_time: Callable[[], bool] = lambda: False,
    start: str = "",
) -> Iterator[Item]:
    """Yield the rows of a kind in a partition, which may be removed meanwhile.

    With `start`, yield those whose keys have it or a later text after the kind. Raises OutOfTime.
    """
    first = kind + start
    while rows := table.query(Range(partition, first, kind + HIGHEST), ROWS_AT_ONCE):
        for row in rows:
            if is_out_of_time():
                raise OutOfTime
            yield row
        first = f"{rows[-1]['sk']}\x00"


def retry_transaction(
    table: Table,
    read_and_compute: Callable[[], Sequence[Action]],
    write: Callable[[Table, Sequence[Action]], None] = Table.write,
) -> None:
    """Write the actions that are computed from what the function itself reads.

    If another write was faster, compute and write again. Write nothing if there are no actions.
    Raises WriteContended.
    """

    def attempt(_: Items) -> None:
        if actions := read_and_compute():
            write(table, actions)

    retrying(attempt, {})
