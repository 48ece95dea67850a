"""The restore of a table from its copy, which a point-in-time recovery has made.

It restores the whole table, because a post, its entries and its counters belong together. Newer
decisions about users and posts stay: bans, cleared profiles and hidden posts stay, and accounts
that were erased or merged since are erased or merged again. All of this happens in the copy before
anything is put back. So nothing is readable in between that must not be.

An operator runs it (`python -m blog.admin restore`) while nobody writes. It may end anywhere, and
continues when it runs again. Each pass reads both tables twice.
"""

from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import Literal, NamedTuple

from blog.accounts.merge import AccountMerge
from blog.accounts.requests import AccountRequests
from blog.clock import now
from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import POST, Key, erasure_job_key, sub_of
from blog.dynamodb.resumable import OutOfTime
from blog.dynamodb.table import MAX_BATCH_GET, Table
from blog.identifiers import author_id, random_author_id
from blog.jobs.runner import run_jobs
from blog.moderation.moderators import BAN, CLEARING, Moderators
from blog.people.person import Person
from blog.s3 import Bucket

PASSES = 3
_OPERATOR = Person("", random_author_id())  # a user without a ban
Decision = Literal["hidden", "banned", "cleared", "merged", "erased"]


class WrongKey(Exception):
    """The key of author ids is not the one of this table."""


class Difference(NamedTuple):
    """The items under a key in the table and in its copy; None for no item."""

    key: Key
    here: Item | None
    there: Item | None


class RestorePlan(NamedTuple):
    """The counts of differing items, and of newer decisions about posts and users.

    Items in the copy are `lost` or `changed` in the table; `new` items are in the table only. Posts
    and users have been `hidden` or `banned` since, or are so no longer. Profiles have been
    `cleared`, or this has ended. Accounts have been `merged` or `erased`.
    """

    lost: int = 0
    changed: int = 0
    new: int = 0
    hidden: int = 0
    banned: int = 0
    cleared: int = 0
    merged: int = 0
    erased: int = 0


class Restoring:
    """The restore of a table from its copy."""

    def __init__(self, table: Table, copy: Table, bucket: Bucket, author_id_key: str) -> None:
        self._table = table
        self._copy = copy
        self._bucket = bucket
        self._author_id_key = author_id_key
        self._people: dict[str, Person] = {}
        self._subs: set[str] = set()

    def plan(self) -> RestorePlan:
        """Count what there is to do, and write nothing."""
        counts = dict.fromkeys(RestorePlan._fields, 0)
        for one in self._differences():
            counts["lost" if one.here is None else "changed" if one.there else "new"] += 1
            for decision in _decisions(one):
                counts[decision] += 1
        return RestorePlan(**counts)

    def apply(self) -> None:
        """Repeat newer decisions in the copy, and then put all of it back.

        Raises WrongKey before anything is written. Raises Unavailable, WriteContended and
        OutOfTime, after which the operator runs it again.
        """
        self._decide()
        for _ in range(PASSES):
            if not self._put_back():
                return
        raise OutOfTime

    def _decide(self) -> None:
        decided = [
            (_time_of(what, one), what, one)
            for one in self._differences()
            for what in _decisions(one)
        ]
        steps = {
            "hidden": self._hide, "banned": self._ban, "cleared": self._clear,
            "merged": self._merge, "erased": self._erase,
        }  # fmt: skip
        for _, what, one in sorted(decided, key=itemgetter(0)):
            steps[what](one.key, one.here or {})

    def _hide(self, _: Key, post: Item) -> None:
        moderators = Moderators(self._copy)
        if moderation := post.get("moderation"):
            moderators.hide(post["id"], moderation["reason"], moderator=_OPERATOR)
        else:
            moderators.unhide(post["id"], moderator=_OPERATOR)

    def _ban(self, key: Key, ban: Item) -> None:
        moderators, banned = Moderators(self._copy), _author(key)
        if BAN.at in ban:
            moderators.ban(banned, ban[BAN.reason], moderator=_OPERATOR)
        else:
            moderators.unban(banned, moderator=_OPERATOR)

    def _clear(self, key: Key, ban: Item) -> None:
        """Clear a profile, and end this if it has ended: what was cleared does not come back."""
        moderators, cleared = Moderators(self._copy), _author(key)
        reason = ban.get(CLEARING.reason, "It has ended.")
        moderators.clear_profile(cleared, reason, moderator=_OPERATOR)
        if CLEARING.at not in ban:
            moderators.end_clearing(cleared, moderator=_OPERATOR)

    def _merge(self, key: Key, merged: Item) -> None:
        old, new = self._person(_author(key)), self._person(merged["to"])
        AccountMerge(self._copy, self._bucket, old, new).apply()
        self._copy.write([Action(key, item=merged)])  # so that another run skips it

    def _erase(self, key: Key, report: Item) -> None:
        person = self._person(_author(key))
        AccountRequests(self._copy, self._bucket).begin_erasure(person, report["content"])
        while self._copy.get(erasure_job_key(person.author_id)) is not None:
            done, _ = run_jobs(self._copy, self._bucket)
            if done == 0:
                raise OutOfTime

    def _person(self, name: str) -> Person:
        """Return the user with this author id.

        A user whose `sub` is unknown has no items under it, but may have a profile.
        """
        return self._people.get(name) or Person(f"nobody-{name}", name)

    def _put_back(self) -> int:
        """Make one pass, and return how many differences it found."""
        count = 0
        differences = self._differences()
        while several := list(islice(differences, MAX_BATCH_GET)):
            self._table.put_all([one.there for one in several if one.there is not None])
            self._table.delete_all([one.key for one in several if one.there is None])
            count += len(several)
        return count

    def _differences(self) -> Iterator[Difference]:
        """Yield all differences except expired items, which DynamoDB deletes at any time."""
        seconds = now().timestamp()
        for key, item, here in self._pairs(self._copy, self._table):
            if here != item and not (_is_expired(item, seconds) and _is_expired(here, seconds)):
                yield Difference(key, here=here, there=item)
        for key, item, there in self._pairs(self._table, self._copy):
            if there is None and not _is_expired(item, seconds):
                yield Difference(key, here=item, there=None)

    def _pairs(self, one: Table, other: Table) -> Iterator[tuple[Key, Item, Item | None]]:
        """Yield each item of one table, with the item of the other one under the same key."""
        items = one.scan_all()
        while several := {Key.of(item): item for item in islice(items, MAX_BATCH_GET)}:
            others = other.get_all(several)
            for key, item in several.items():
                self._know(sub_of(key))
                self._check_key(item)
                yield key, item, others.get(key)

    def _check_key(self, item: Item) -> None:
        """Raise WrongKey for a wrong key: users would not be found, and so not be erased."""
        if item["sk"] != POST or not self._author_id_key or item["owner"].startswith("nobody-"):
            return
        if author_id(item["owner"], self._author_id_key) != item["author_id"]:
            raise WrongKey

    def _know(self, sub: str | None) -> None:
        if sub and sub not in self._subs:
            self._subs.add(sub)
            name = author_id(sub, self._author_id_key)
            self._people[name] = Person(sub, name)


def _decisions(one: Difference) -> list[Decision]:
    """Return the newer decisions that must stay."""
    here, there = one.here or {}, one.there or {}
    is_hidden, was_hidden = (bool(post.get("moderation")) for post in (here, there))
    match one.key.sk:
        case "POST" if there.get("status") == "published" and is_hidden != was_hidden:
            return ["hidden"] if is_hidden or here.get("status") == "published" else []
        case "BAN":
            return _of_moderators(here, there)
        case "MOVED" if here:
            return ["merged"]
        case "ERASURE" if here and there.get("finished_at", "") < _end(here):
            return ["erased"]
    return []


def _of_moderators(here: Item, there: Item) -> list[Decision]:
    """Return the newer decisions in the items under `ban_key`.

    A decision that was ended leaves a mark. Without one, it was lost: the item may be there again,
    because it also counts writes. A clearing that has come and ended since leaves the mark alone,
    and what it cleared must not come back.
    """
    found: list[Decision] = []
    if {BAN.at, BAN.ended} & here.keys() and _differ(here, there, BAN.at, BAN.reason):
        found.append("banned")
    names = (CLEARING.at, CLEARING.reason, CLEARING.ended)
    if {CLEARING.at, CLEARING.ended} & here.keys() and _differ(here, there, *names):
        found.append("cleared")
    return found


def _differ(here: Item, there: Item, *names: str) -> bool:
    return any(here.get(name) != there.get(name) for name in names)


def _is_expired(item: Item | None, seconds: float) -> bool:
    return item is None or item.get("expires_at", seconds + 1) <= seconds


def _end(report: Item) -> str:
    return str(report.get("finished_at", report["requested_at"]))


def _time_of(what: Decision, one: Difference) -> str:
    """Return when an erasure, a merge or a clearing came. Other decisions come before them."""
    here = one.here or {}
    match what:
        case "merged":
            return str(here["at"])
        case "erased":
            return str(here["requested_at"])
        case "cleared":
            return str(here.get(CLEARING.at) or here[CLEARING.ended])
    return ""


def _author(key: Key) -> str:
    return key.pk.partition("#")[2]
