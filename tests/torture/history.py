"""Find contradictions between the responses that clients got and the items that are stored.

Pure functions of a history and the table's items. Each finding is a sentence under one of five
headings: lost, duplicated, kept though refused, disagreeing, and failed.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from blog.dynamodb.keys import follow_key, like_key, post_key
from blog.identifiers import author_id
from blog.posts import stored_text
from devserver.settings import AUTHOR_ID_KEY
from tests.support.consistency import Items, faults
from tests.torture.operations import Operation

LOST = "lost"
DUPLICATED = "duplicated"
KEPT = "kept though refused"
DISAGREEING = "disagreeing"
FAILED = "failed by an error of ours"
HEADINGS = (LOST, DUPLICATED, KEPT, DISAGREEING, FAILED)

_MARK = re.compile(r"m[a-z0-9]+x\d+m")
_FIELDS = ("title", "body", "status", "tags")
Findings = list[tuple[str, str]]


def findings(history: Sequence[Operation], items: Items, deletable: Iterable[str]) -> Findings:
    """Return all contradictions.

    Deleted accounts are checked separately, because their content may be gone.
    """
    deleted = {one.person for one in history if one.kind == "delete account" and not one.is_refused}
    assert deleted <= set(deletable)
    by_post: dict[str, list[Operation]] = defaultdict(list)
    for one in history:
        if one.kind in ("edit", "look", "delete") and one.target is not None:
            by_post[one.target].append(one)
    made = _made(history, "create")
    for post_id, creation in made.items():
        by_post[post_id].append(creation)
    found: Findings = [(DISAGREEING, fault) for fault in faults(items)]
    for post_id, operations in by_post.items():
        found += _versions(post_id, operations, items)
        if post_id in made and made[post_id].person not in deleted:
            found += _existence(post_id, operations, items)
    found += _creations(history, "create")
    found += _creations(history, "comment")
    found += _posts_twice(items)
    found += _comments(history, items, deleted)
    found += _switches(history, items, "like", deleted)
    found += _switches(history, items, "follow", deleted)
    found += _refused(history, items)
    found += _deleted_accounts(history, items, deleted)
    found += _ownership(history, made, items)
    found += _listed(history)
    found += [(FAILED, f"{one.id}: 500") for one in history if one.status == 500]
    found += [
        (FAILED, f"{one.id}: 503 without Retry-After")
        for one in history
        if one.status == 503 and not one.response.get("retry_after")
    ]
    return found


def _made(history: Iterable[Operation], kind: str) -> dict[str, Operation]:
    """Return the first successful creation for each id."""
    made: dict[str, Operation] = {}
    for one in history:
        if one.kind == kind and one.is_done:
            made.setdefault(one.response["id"], one)
    return made


def _versions(
    post_id: str, operations: Sequence[Operation], items: Items
) -> Iterator[tuple[str, str]]:
    """Check that versions count the successful edits without gaps, and that each one builds on the
    last."""
    edits = [one for one in operations if one.kind == "edit"]
    unknown = sum(one.is_unknown for one in edits)
    at: dict[int, Operation] = {}
    for one in edits:
        if not one.is_done:
            continue
        version = one.response["version"]
        if version in at:
            yield DUPLICATED, f"{post_id}: version {version} is {at[version].id}'s and {one.id}'s"
        at[version] = one
        if one.if_match is not None and version != one.if_match + 1:
            yield LOST, f"{post_id}: {one.id} overwrote a change after version {one.if_match}"
    item = items.get(post_key(post_id))
    highest = max(at, default=1)
    if item is not None:
        version = int(item["version"])
        if version < highest:
            yield LOST, f"{post_id}: version {highest} was acknowledged, and {version} is stored"
        highest = max(version, highest)
        newest = at.get(version)
        if newest is not None:
            texts, _ = stored_text.read(item, "body", "body_html")
            shown = {name: {**item, **texts}.get(name) for name in _FIELDS}
            if shown != {name: newest.response[name] for name in _FIELDS}:
                yield LOST, f"{post_id}: the stored fields differ from the response to {newest.id}"
    gaps = highest - 1 - len(at)
    if gaps > unknown:
        yield DUPLICATED, f"{post_id}: {gaps} versions have no edit, with {unknown} unknown edits"
    yield from _fields_of_versions(post_id, operations, at)
    yield from _order(post_id, operations)


def _fields_of_versions(
    post_id: str, operations: Sequence[Operation], at: dict[int, Operation]
) -> Iterator[tuple[str, str]]:
    created = next((one for one in operations if one.kind == "create"), None)
    before = (
        {1: created.response} if created is not None and created.response["version"] == 1 else {}
    )
    before |= {version: one.response for version, one in at.items()}
    for version, one in at.items():
        if version - 1 in before:
            expected = {name: before[version - 1][name] for name in _FIELDS} | _sent_fields(one)
            if expected != {name: one.response[name] for name in _FIELDS}:
                yield LOST, f"{post_id}: {one.id} does not build on version {version - 1}"
    for one in operations:
        if one.kind == "look" and one.is_done and one.response["version"] in before:
            expected = before[one.response["version"]]
            if any(one.response[name] != expected[name] for name in _FIELDS):
                yield (
                    LOST,
                    f"{post_id}: {one.id} was shown another version {one.response['version']}",
                )


def _sent_fields(one: Operation) -> dict[str, object]:
    return {name: value for name, value in one.sent.items() if name in _FIELDS}


def _order(post_id: str, operations: Sequence[Operation]) -> Iterator[tuple[str, str]]:
    """Check that every request sees the result of responses that came before it began."""
    seen: list[tuple[float, int]] = []  # when a version was reported, and the highest until then
    for one in sorted(operations, key=lambda operation: operation.until):
        if one.is_done and "version" in one.response:
            highest = max(one.response["version"], seen[-1][1] if seen else 0)
            seen.append((one.until, highest))
    gone = min(
        (one.until for one in operations if one.kind == "delete" and one.is_done), default=None
    )
    for one in operations:
        reported = one.response.get("version" if one.is_done else "current_version")
        if reported is not None:
            known = max((version for when, version in seen if when < one.start), default=0)
            is_behind = reported < known + (one.kind == "edit" and one.is_done)
            if is_behind and one.kind != "create":
                yield LOST, f"{post_id}: {one.id} got version {reported} when {known} was known"
        if gone is not None and one.start > gone and one.is_done and one.kind != "create":
            yield LOST, f"{post_id}: {one.id} succeeded after its deletion"


def _ownership(
    history: Iterable[Operation], made: dict[str, Operation], items: Items
) -> Iterator[tuple[str, str]]:
    """Check that no person edits or deletes another person's content."""
    owners = {item["id"]: item.get("owner") for key, item in items.items() if key[1] == "POST"}
    owners |= {post_id: one.person for post_id, one in made.items()}
    for one in history:
        owner = owners.get(one.target or "")
        if one.kind in ("edit", "delete") and one.is_done and owner not in (None, one.person):
            yield KEPT, f"{one.id} did what only {owner} may do"


def _listed(history: Sequence[Operation]) -> Iterator[tuple[str, str]]:
    """Check that a list contains each post once, with no outdated version and no deleted post."""
    versions: dict[str, list[tuple[float, int]]] = defaultdict(list)
    gone: dict[str, float] = {}
    for one in history:
        post_id = one.response.get("id") if one.kind == "create" else one.target
        if one.is_done and post_id is not None:
            if one.kind in ("create", "edit"):
                versions[post_id].append((one.until, one.response["version"]))
            elif one.kind == "delete":
                gone[post_id] = min(one.until, gone.get(post_id, one.until))
    for one in history:
        shown = one.response.get("listed", [])
        if len({post_id for post_id, _ in shown}) < len(shown):
            yield DISAGREEING, f"{one.id} got a post twice"
        for post_id, version in shown:
            known = max((v for when, v in versions[post_id] if when < one.start), default=0)
            if version < known:
                yield LOST, f"{post_id}: {one.id} listed version {version} when {known} was known"
            if gone.get(post_id, one.start) < one.start:
                yield LOST, f"{post_id}: {one.id} listed it after its deletion"


def _existence(
    post_id: str, operations: Sequence[Operation], items: Items
) -> Iterator[tuple[str, str]]:
    deletions = [one for one in operations if one.kind == "delete"]
    is_there = post_key(post_id) in items
    if is_there and any(one.is_done for one in deletions):
        yield KEPT, f"{post_id} was deleted and is stored"
    if not is_there and not any(one.is_done or one.is_unknown for one in deletions):
        yield LOST, f"{post_id} was created and not deleted, and it is gone"
    if sum(one.is_done for one in deletions) > 1:
        yield DUPLICATED, f"{post_id} was deleted twice"


def _creations(history: Sequence[Operation], kind: str) -> Iterator[tuple[str, str]]:
    """Check that a key creates one post or comment, however often it is sent."""
    ids: dict[str | None, set[str]] = defaultdict(set)
    for one in history:
        if one.kind == kind and one.is_done:
            ids[one.key].add(one.response["id"])
    for key, several in ids.items():
        if len(several) > 1:
            yield DUPLICATED, f"the key {key} created {sorted(several)}"


def _posts_twice(items: Items) -> Iterator[tuple[str, str]]:
    marks = Counter(item.get("canonical_url") for key, item in items.items() if key[1] == "POST")
    for mark, count in marks.items():
        if mark is not None and count > 1:
            yield DUPLICATED, f"{count} posts were created from {mark}"


def _comments(
    history: Sequence[Operation], items: Items, deleted: set[str]
) -> Iterator[tuple[str, str]]:
    made = _made(history, "comment")
    deletions: dict[str, list[Operation]] = defaultdict(list)
    edits: dict[str, list[Operation]] = defaultdict(list)
    for one in history:
        if one.target is not None and one.kind in ("delete comment", "edit comment"):
            (deletions if one.kind == "delete comment" else edits)[one.target].append(one)
    stored = {
        item["id"]: item
        for key, item in items.items()
        if key[0].startswith("POST#") and key[1].startswith("COMMENT#")
    }
    for comment_id, creation in made.items():
        its_deletions = deletions[comment_id]
        item = stored.get(comment_id)
        assert creation.target is not None
        if item is None:
            is_under_a_post = post_key(creation.target) in items
            may_be_gone = any(one.is_done or one.is_unknown for one in its_deletions)
            if is_under_a_post and not may_be_gone and creation.person not in deleted:
                yield LOST, f"the comment {comment_id} was created and not deleted, and it is gone"
            continue
        if any(one.is_done for one in its_deletions):
            yield KEPT, f"the comment {comment_id} was deleted and is stored"
        writes = [creation, *(one for one in edits[comment_id] if not one.is_refused)]
        if item["body"] not in [one.sent["body"] for one in _last(writes)]:
            yield LOST, f"the comment {comment_id} has an overwritten body"
        versions = Counter(one.response["version"] for one in edits[comment_id] if one.is_done)
        for version, count in versions.items():
            if count > 1:
                yield DUPLICATED, f"the comment {comment_id} has {count} versions {version}"
    unknown = {one.sent["body"] for one in history if one.kind == "comment" and one.is_unknown}
    bodies = Counter(item.get("body") for key, item in stored.items() if key not in made)
    for body, count in bodies.items():
        if body not in unknown or count > 1:
            yield DUPLICATED, f"{count} comments say {body!r}, and no response reported them"


def _last(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations that may have been last: those that did not end before another one
    began."""
    last_start = max((one.start for one in operations if one.is_done), default=0)
    return [one for one in operations if one.until >= last_start]


def _switches(
    history: Sequence[Operation], items: Items, kind: str, deleted: set[str]
) -> Iterator[tuple[str, str]]:
    """Check that the final state of a like or a follow is the result of one of the last
    operations."""
    key_of = like_key if kind == "like" else follow_key
    # The deletion of an account deletes the rows of its followers too.
    gone = {author_id(sub, AUTHOR_ID_KEY) for sub in deleted}
    by_pair: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for one in history:
        if one.kind in (kind, f"un{kind}") and one.target is not None and not one.is_refused:
            by_pair[one.person, one.target].append(one)
    for (person, target), operations in by_pair.items():
        if person in deleted:
            continue
        is_on = key_of(person, target) in items
        possible = {one.kind == kind for one in _last(operations)}
        if not any(one.is_done for one in operations):
            possible.add(False)  # the state before
        if is_on not in possible and target not in gone:
            heading = KEPT if is_on else LOST
            yield heading, f"{person}'s {kind} of {target} is {'stored' if is_on else 'gone'}"


def _refused(history: Sequence[Operation], items: Items) -> Iterator[tuple[str, str]]:
    """Check that no word is stored or returned whose every request was refused."""
    refused: dict[str, str] = {}
    not_refused: set[str] = set()
    for one in history:
        marks = _MARK.findall(json.dumps(one.sent) + (one.key or ""))
        if one.is_refused:
            refused |= dict.fromkeys(marks, one.id)
        else:
            not_refused.update(marks)
    for mark in not_refused:
        refused.pop(mark, None)
    returned = {mark for one in history for mark in _MARK.findall(json.dumps(one.response))}
    stored = {
        mark
        for key, item in items.items()
        for mark in _MARK.findall(json.dumps([key, item], default=str))
    }
    for mark in refused.keys() & (returned | stored):
        yield KEPT, f"{refused[mark]} was refused, and its {mark} is stored"


def _deleted_accounts(
    history: Sequence[Operation], items: Items, deleted: set[str]
) -> Iterator[tuple[str, str]]:
    """Check that no content is stored from before the last known deletion of its account."""
    for person in deleted:
        deletions = [
            one.start for one in history
            if one.kind == "delete account" and one.person == person and one.is_done
        ]  # fmt: skip
        last_deletion = max(deletions, default=0)
        gone = {
            one.response["id"]
            for one in history
            if one.person == person and one.kind in ("create", "comment") and one.is_done
            and one.until < last_deletion
        }  # fmt: skip
        there = {item.get("id") for key, item in items.items() if key[0].startswith("POST#")}
        for one_id in gone & there:
            yield KEPT, f"{person} was deleted, and {one_id} is stored"
