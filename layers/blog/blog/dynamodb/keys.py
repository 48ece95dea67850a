"""The table's keys: the partition key and the sort key of every kind of item."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from blog.clock import to_rfc3339


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Key":
        """Return the key of an item."""
        return cls(item["pk"], item["sk"])


# Posts and their items.


def post_partition(post_id: str) -> str:
    """Return the partition of a post and everything that belongs to it."""
    return f"POST#{post_id}"


def post_key(post_id: str) -> Key:
    """Return the key of a post itself."""
    return Key(post_partition(post_id), POST)


def stats_key(post_id: str) -> Key:
    """Return the key of a post's counters. They are apart, so that a like never writes the post."""
    return Key(post_partition(post_id), "STATS")


def summary_key(post_id: str) -> Key:
    """Return the key of a public post's summary, for lists by post id."""
    return Key(post_partition(post_id), "SUMMARY")


def comment_key(post_id: str, comment_id: str) -> Key:
    """Return the key of a public comment, or of its tombstone."""
    return Key(post_partition(post_id), f"{COMMENT}{comment_id}")


def pending_comment_key(post_id: str, comment_id: str) -> Key:
    """Return the key of a pending comment. It is apart, so that public lists never read it."""
    return Key(post_partition(post_id), f"{PENDING}{comment_id}")


def revision_key(post_id: str, version: int) -> Key:
    """Return the key of a revision in the list of revisions."""
    return Key(post_partition(post_id), f"REVISION#{version:010}")


def revision_text_key(post_id: str, version: int) -> Key:
    """Return the key of a revision with its body, which the list does not read."""
    return Key(post_partition(post_id), f"REVISION-TEXT#{version:010}")


def slug_key(slug: str) -> Key:
    """Return the key of a slug's reservation."""
    return Key(f"SLUG#{slug}", "SLUG")


# Users.


def profile_key(author_id: str) -> Key:
    """Return the key of an author's profile."""
    return Key(author_partition(author_id), "PROFILE")


def author_stats_key(author_id: str) -> Key:
    """Return the key of an author's counters, which also say whether there is a profile."""
    return Key(author_partition(author_id), "STATS")


def ban_key(author_id: str) -> Key:
    """Return the key of what limits a user: a ban, a cleared profile, an erasure, or a merge."""
    return Key(author_partition(author_id), "BAN")


def merged_key(author_id: str) -> Key:
    """Return the key of the pointer from a merged account to its current author."""
    return Key(author_partition(author_id), "MOVED")


def export_key(author_id: str) -> Key:
    """Return the key of the state of a user's export."""
    return Key(author_partition(author_id), "EXPORT")


def erasure_key(author_id: str) -> Key:
    """Return the key of the state of a user's erasure."""
    return Key(author_partition(author_id), "ERASURE")


def approval_queue_key(author_id: str, comment_id: str) -> Key:
    """Return the key of a pending comment in the approval queue of the post's author."""
    return Key(author_partition(author_id), f"{PENDING}{comment_id}")


def follower_key(author_id: str, sub: str) -> Key:
    """Return the key of a follower under the author. An author's erasure finds followers by it."""
    return Key(author_partition(author_id), f"{FOLLOWER}{sub}")


def user_partition(sub: str) -> str:
    """Return the partition of a user's items other than posts, for export and erasure."""
    return f"USER#{sub}"


def idempotency_key(sub: str, key: str) -> Key:
    """Return the key of the record of an Idempotency-Key."""
    return Key(user_partition(sub), f"IDEMPOTENCY#{key}")


def own_comment_key(sub: str, comment_id: str) -> Key:
    """Return the key of the record that a user wrote a comment."""
    return Key(user_partition(sub), f"{COMMENT}{comment_id}")


def known_key(sub: str, author_id: str) -> Key:
    """Return the key of the record that a user already has a comment on an author's posts."""
    return Key(user_partition(sub), f"{KNOWN}{author_id}")


def known_by_key(author_id: str, sub: str) -> Key:
    """Return the key of the same record under the author, whose erasure and merge find it by it."""
    return Key(author_partition(author_id), f"{KNOWN}{sub}")


def like_key(sub: str, post_id: str) -> Key:
    """Return the key of a user's like of a post."""
    return Key(user_partition(sub), f"{LIKE}{post_id}")


def follow_key(sub: str, author_id: str) -> Key:
    """Return the key of a user's follow of an author."""
    return Key(user_partition(sub), f"{FOLLOW}{author_id}")


def media_key(media_id: str) -> Key:
    """Return the key of a media item, uploaded or announced."""
    return Key(f"MEDIA#{media_id}", "MEDIA")


def own_media_key(sub: str, media_id: str) -> Key:
    """Return the key of the record that a user owns a media item."""
    return Key(user_partition(sub), f"{MEDIA}{media_id}")


def used_bytes_key(sub: str) -> Key:
    """Return the key of the number of bytes that a user's images take."""
    return Key(user_partition(sub), "USED-BYTES")


def use_key(sub: str, media_id: str, post_id: str) -> Key:
    """Return the key of the record that a user's post uses an image."""
    return Key(user_partition(sub), f"{USE}{media_id}#{post_id}")


def recorded_images_key(sub: str, post_id: str) -> Key:
    """Return the key of the list of a post's images that have a `use_key`."""
    return Key(user_partition(sub), f"IMAGES#{post_id}")


def own_report_key(sub: str, post_id: str, comment_id: str | None) -> Key:
    """Return the key of the record that a user has reported a post or a comment."""
    return Key(user_partition(sub), f"{REPORT}{post_id}#{comment_id or ''}")


def own_author_report_key(sub: str, author_id: str) -> Key:
    """Return the key of the record that a user has reported an author."""
    return Key(user_partition(sub), f"{REPORT}{author_id}")


# Lists: partitions of entries, in the order of their sort keys.

POST = "POST"
ENTRY = "ENTRY#"
COMMENT = "COMMENT#"
PENDING = "PENDING#"
LIKE = "LIKE#"
FOLLOW = "FOLLOW#"
FOLLOWER = "FOLLOWER#"
KNOWN = "KNOWN#"
MEDIA = "MEDIA#"
REPORT = "REPORT#"
USE = "USE#"
# The moderators' lists: hidden posts, banned users, authors with a cleared profile, reports.
HIDDEN = "HIDDEN"
BANNED = "BANNED"
CLEARED = "CLEARED"
REPORTS = "REPORTS"
# Scheduled posts, by their time of publication.
DUE = "DUE"
# Open jobs, by their subject.
JOBS = "JOBS"
# Counts of posts, by tag and by month of the sitemap.
TAGS = "TAGS"
MONTHS = "MONTHS"


def entry_sort_key(time: datetime, entry_id: str) -> str:
    """Return the sort key of an entry in a list ordered by time, then by id."""
    return entry_sort_key_at(to_rfc3339(time), entry_id)


def entry_sort_key_at(time: str, entry_id: str) -> str:
    """Return the sort key of an entry whose time is an RFC 3339 text."""
    return f"{ENTRY}{time}#{entry_id}"


def feed_partition(shard: int) -> str:
    """Return the partition of one shard of the feed."""
    return f"FEED#{shard}"


def author_partition(author_id: str) -> str:
    """Return the partition of an author's published posts and other items under the author id."""
    return f"AUTHOR#{author_id}"


def tag_partition(tag: str) -> str:
    """Return the partition of the published posts with a normalised tag."""
    return f"TAG#{tag}"


def owner_partition(sub: str, status: str | None = None) -> str:
    """Return the partition of a user's own posts, all or of one status.

    The kind comes first, because a `sub` may contain `#`.
    """
    kind = f"OWNER:{status}" if status else "OWNER"
    return f"{kind}#{sub}"


def sub_of(key: Key) -> str | None:
    """Return the `sub` of an item's owner, or None if the partition does not name one."""
    kind, _, sub = key.pk.partition("#")
    return sub if kind in ("USER", "OWNER") or kind.startswith("OWNER:") else None


def sitemap_partition(month: str) -> str:
    """Return the partition of the posts first published in a month, such as `2026-01`."""
    return f"SITEMAP#{month}"


def sitemap_sort_key(post_id: str) -> str:
    """Return a sort key that starts with the id's last two characters.

    They are random, so a month divides into files of about equal size.
    """
    return f"{ENTRY}{post_id[-2:]}#{post_id}"


# Counters: one item for each tag, and for each month and shard.


def tag_count_key(tag: str) -> Key:
    """Return the key of the number of published posts with a tag."""
    return Key(TAGS, f"TAG#{tag}")


def month_count_key(month: str, shard: int) -> Key:
    """Return the key of the number of published posts in a month and a shard of the feed.

    The counter has shards, so that the publications of a month do not contend for one item.
    """
    return Key(MONTHS, f"MONTH#{month}#{shard:03}")


# Jobs. Each kind has its own range of sort keys.

DELETION_JOB = "DELETION"
TOMBSTONE_JOB = "TOMBSTONE"
EMPTY_JOB = "EMPTY"
CHANGED_JOB = "CHANGED"
IMAGE_JOB = "IMAGE"
EXPORT_JOB = "EXPORT"
ERASURE_JOB = "ERASURE"


def deletion_job_key(post_id: str) -> Key:
    """Return the key of the job that removes the rest of a deleted post."""
    return Key(JOBS, f"{DELETION_JOB}#{post_id}")


def tombstone_job_key(comment: Key) -> Key:
    """Return the key of the job that removes a tombstone if it has lost its last reply."""
    return Key(JOBS, f"{TOMBSTONE_JOB}#{comment.pk}#{comment.sk}")


def empty_counter_job_key(counter: Key) -> Key:
    """Return the key of the job that removes a counter if it has come to zero."""
    return Key(JOBS, f"{EMPTY_JOB}#{counter.sk}")


def changed_job_key(author_id: str, post_id: str) -> Key:
    """Return the key of the job that follows the changes of a post. An author's are together."""
    return Key(JOBS, f"{CHANGED_JOB}#{author_id}#{post_id}")


def changed_image_job_key(author_id: str, media_id: str) -> Key:
    """Return the key of the job that follows a change of an image, or its removal."""
    return Key(JOBS, f"{IMAGE_JOB}#{author_id}#{media_id}")


def export_job_key(author_id: str) -> Key:
    """Return the key of the job that makes a user's export."""
    return Key(JOBS, f"{EXPORT_JOB}#{author_id}")


def erasure_job_key(author_id: str) -> Key:
    """Return the key of the job that erases a user."""
    return Key(JOBS, f"{ERASURE_JOB}#{author_id}")
