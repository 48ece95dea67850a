"""Check that a table is consistent: all counts, both sides of each relation, and all lists."""

from collections import Counter
from typing import Any

from blog.dynamodb.actions import Item
from blog.dynamodb.keys import (
    Key,
    approval_queue_key,
    author_partition,
    author_stats_key,
    comment_key,
    entry_sort_key,
    entry_sort_key_at,
    own_comment_key,
    own_media_key,
    pending_comment_key,
    post_key,
    profile_key,
    recorded_images_key,
    stats_key,
    use_key,
    used_bytes_key,
)
from blog.dynamodb.table import Table
from blog.moderation.moderators import DECISIONS
from blog.people.write_access import CLEARED_MEMBERS, is_cleared
from blog.posts.listing_entries import counters, entries, reservations
from blog.posts.model import Post
from blog.posts.stored_text import _uncompressed
from tests.support.posts import TABLE, stored

Items = dict[tuple[str, str], Item]
OTHER_LISTS = ("REPORTS", "BANNED", "CLEARED")  # whose entries are not of posts
AUTHOR_COUNTS = ("post_count", "comment_count", "follower_count", "following_count")


def plain(client: Any) -> Items:
    """Return every item of the table by its key."""
    table = Table(client, TABLE)
    return {key: table._plain(item) for key, item in stored(client).items()}


def readable(items: Items) -> Items:
    """Return the items with what is compressed in them, to look for words."""
    return {
        key: item | {"texts": _uncompressed(item["texts"])} if "texts" in item else item
        for key, item in items.items()
    }


def faults(items: Items) -> list[str]:
    """Return the inconsistencies of a table whose jobs are done, or an empty list."""
    posts = {key[0]: Post.of(item) for key, item in items.items() if key[1] == "POST"}
    return [
        *_lists(items, posts),
        *_comments(items, posts),
        *_reactions(items),
        *_counts(items, posts),
        *_media(items),
        *_uses(items, posts),
        *_decisions(items),
        *(f"a job is left: {key}" for key in items if key[0] == "JOBS"),
    ]


def _lists(items: Items, posts: dict[str, Post]) -> list[str]:
    expected: dict[Any, Any] = {}
    for post in posts.values():
        expected |= entries(post)
    found = {
        key: _attributes(item)
        for key, item in items.items()
        if (key[1].startswith("ENTRY#") and key[0] not in OTHER_LISTS)
        or key[1] == "SUMMARY"
    }  # fmt: skip
    slugs = {key: one for post in posts.values() for key, one in reservations(post).items()}
    wrong = [
        *(key for key in slugs if slugs[key] != _attributes(items.get(key, {}))),
        *(key for key in items if key[1] == "SLUG" and key not in slugs),
    ]
    errors = [key for key in expected.keys() | found.keys() if found.get(key) != expected.get(key)]
    return [
        *(f"a list entry is missing, differs, or has no post: {key}" for key in errors),
        *(f"a slug reservation is wrong: {key}" for key in wrong),
    ]


def _attributes(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


def _comments(items: Items, posts: dict[str, Post]) -> list[str]:
    errors = []
    own: set[tuple[str, str]] = set()
    pending: set[tuple[str, str]] = set()
    replies: Counter[tuple[str, str]] = Counter()
    for key, item in items.items():
        if not key[0].startswith("POST#") or key[1].split("#")[0] not in ("COMMENT", "PENDING"):
            continue
        if key[0] not in posts:
            errors.append(f"a comment has no post: {key}")
            continue
        is_pending = key[1].startswith("PENDING#")
        place = pending_comment_key if is_pending else comment_key
        if key != place(item["post_id"], item["id"]):
            errors.append(f"a comment has a wrong key: {key}")
        if item.get("parent_id"):
            replies[comment_key(item["post_id"], item["parent_id"])] += 1
        if "body" in item:
            own.add(own_comment_key(item["owner"], item["id"]))
            if is_pending:
                pending.add(approval_queue_key(posts[key[0]].author_id, item["id"]))
        elif not item["reply_count"]:
            errors.append(f"a tombstone without replies: {key}")
    for key, item in items.items():
        is_comment = key[0].startswith("POST#") and key[1].startswith(("COMMENT#", "PENDING#"))
        if is_comment and item["reply_count"] != replies[key]:
            errors.append(f"the reply count is wrong: {key}")
    found = {key for key in items if key[0].startswith("USER#") and key[1].startswith("COMMENT#")}
    listed = {
        key for key in items if key[0].startswith("AUTHOR#") and key[1].startswith("PENDING#")
    }
    errors += [f"the row of the comment's author is wrong: {key}" for key in own ^ found]
    return errors + [f"the row of a pending comment is wrong: {key}" for key in pending ^ listed]


def _reactions(items: Items) -> list[str]:
    follows = {(key[0][5:], key[1][7:]) for key in items if key[1].startswith("FOLLOW#")}
    followers = {(key[1][9:], key[0][7:]) for key in items if key[1].startswith("FOLLOWER#")}
    return [f"a follow has only one of its two rows: {one}" for one in follows ^ followers]


def _counts(items: Items, posts: dict[str, Post]) -> list[str]:
    expected: Counter[tuple[tuple[str, str], str]] = Counter()
    for key, item in items.items():
        kind = key[1].split("#")[0]
        if kind == "LIKE" and f"POST#{item['of']}" in posts:
            expected[stats_key(item["of"]), "like_count"] += 1
        elif kind == "COMMENT" and key[0].startswith("POST#") and "body" in item:
            expected[stats_key(item["post_id"]), "comment_count"] += 1
            expected[author_stats_key(item["author_id"]), "comment_count"] += 1
        elif kind == "FOLLOW":
            expected[author_stats_key(item["of"]), "follower_count"] += 1
        elif kind == "FOLLOWER":
            expected[author_stats_key(item["author_id"]), "following_count"] += 1
    for post in posts.values():
        for counter in counters(post):
            expected[counter.key, counter.name] += 1
    found = {
        (key, name): int(item[name])
        for key, item in items.items()
        for name in (*AUTHOR_COUNTS, "like_count", "count")
        if name in item
    }
    return [
        f"{one} is {found.get(one, 0)} instead of {expected[one]}"
        for one in expected.keys() | found.keys()
        if found.get(one, 0) != expected[one]
    ]


def _media(items: Items) -> list[str]:
    own = {
        own_media_key(one["owner"], one["id"]) for key, one in items.items() if key[1] == "MEDIA"
    }
    rows = {key for key in items if key[1].startswith("MEDIA#")}
    return [f"an image has only one of its two rows: {one}" for one in own ^ rows]


def _uses(items: Items, posts: dict[str, Post]) -> list[str]:
    """Return the wrong records of which posts use which images, and of the space these take."""
    expected: dict[Any, Any] = {}
    for post in posts.values():
        entry = entry_sort_key(post.created_at, post.id)
        if post.images:
            expected[recorded_images_key(post.owner, post.id)] = {"images": post.images}
        for image in post.images:
            expected[use_key(post.owner, image, post.id)] = {"post_id": post.id, "entry": entry}
    bytes_of: Counter[Any] = Counter()
    for key, item in items.items():
        if key[1] == "MEDIA":
            bytes_of[used_bytes_key(item["owner"])] += item.get("bytes", 0)
    kinds = ("USE#", "IMAGES#")
    found = {key: _attributes(item) for key, item in items.items() if key[1].startswith(kinds)}
    used = {key: item["bytes"] for key, item in items.items() if key[1] == "USED-BYTES"}
    wrong = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    counted = bytes_of.keys() | used.keys()
    return [
        *(f"a record of an image's use is wrong: {key}" for key in wrong),
        *(f"{key} is wrong" for key in counted if bytes_of[key] != used.get(key, 0)),
    ]


def _decisions(items: Items) -> list[str]:
    """Compare the lists of bans and clearings with the users' items, and look for cleared names."""
    errors = []
    for decision in DECISIONS:
        expected, found = {}, {}
        for key, item in items.items():
            if key[1] == "BAN" and (decision.at in item) != (decision.reason in item):
                errors.append(f"a decision has no reason, or a reason no decision: {key}")
            elif key[1] == "BAN" and decision.at in item:
                author_id = key[0].removeprefix(author_partition(""))
                at = item[decision.at]
                row = {decision.at: at, "reason": item[decision.reason], "author_id": author_id}
                expected[Key(decision.partition, entry_sort_key_at(at, author_id))] = row
                if decision.ended in item:
                    errors.append(f"a decision stands and has ended: {key}")
            elif key[0] == decision.partition:
                found[Key(*key)] = _attributes(item)
        wrong = [key for key in expected | found if expected.get(key) != found.get(key)]
        errors += [f"a decision is not listed as it is: {key}" for key in wrong]
    cleared = (key[0].removeprefix(author_partition("")) for key, item in items.items()
               if key[1] == "BAN" and is_cleared(item))  # fmt: skip
    profiles = {author_id: items.get(profile_key(author_id), {}) for author_id in cleared}
    named = [one for one, profile in profiles.items() if any(map(profile.get, CLEARED_MEMBERS))]
    return errors + [f"a cleared profile has a name, a bio or a picture: {one}" for one in named]


def post_of(items: Items, post_id: str) -> Post:
    return Post.of(items[post_key(post_id)])
