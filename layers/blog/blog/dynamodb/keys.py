"""The table's keys: which item lies where, in one place."""

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
        """That of an item."""
        return cls(item["pk"], item["sk"])


# Posts, and what lies beside each.


def post_partition(post_id: str) -> str:
    """A post with all that belongs to it."""
    return f"POST#{post_id}"


def post_key(post_id: str) -> Key:
    """The post itself."""
    return Key(post_partition(post_id), POST)


def stats_key(post_id: str) -> Key:
    """A post's counters, apart from it, so that a like costs the same however long the post is."""
    return Key(post_partition(post_id), "STATS")


def summary_key(post_id: str) -> Key:
    """What lists by post id show of a post that everyone may read."""
    return Key(post_partition(post_id), "SUMMARY")


def comment_key(post_id: str, comment_id: str) -> Key:
    """A comment that everyone may read, or what is left of one that has replies."""
    return Key(post_partition(post_id), f"{COMMENT}{comment_id}")


def pending_comment_key(post_id: str, comment_id: str) -> Key:
    """A comment that waits for the post's owner, apart so that no list reads over it."""
    return Key(post_partition(post_id), f"{PENDING}{comment_id}")


def revision_key(post_id: str, version: int) -> Key:
    """What a list of revisions shows of one."""
    return Key(post_partition(post_id), f"REVISION#{version:010}")


def revision_text_key(post_id: str, version: int) -> Key:
    """A revision with its text, so that a list need not read it."""
    return Key(post_partition(post_id), f"REVISION-TEXT#{version:010}")


def slug_key(slug: str) -> Key:
    """The reservation of a slug."""
    return Key(f"SLUG#{slug}", "SLUG")


# People.


def profile_key(author_id: str) -> Key:
    """What an author tells of themselves."""
    return Key(author_partition(author_id), "PROFILE")


def author_stats_key(author_id: str) -> Key:
    """An author's counters, and whether there is a profile."""
    return Key(author_partition(author_id), "STATS")


def ban_key(author_id: str) -> Key:
    """Why a person may not write: a ban, an erasure that is under way, or a merge."""
    return Key(author_partition(author_id), "BAN")


def merged_key(author_id: str) -> Key:
    """Who an author is now, whose accounts were joined."""
    return Key(author_partition(author_id), "MOVED")


def export_key(author_id: str) -> Key:
    """What has become of a person's export."""
    return Key(author_partition(author_id), "EXPORT")


def erasure_key(author_id: str) -> Key:
    """What has become of a person's erasure."""
    return Key(author_partition(author_id), "ERASURE")


def approval_queue_key(author_id: str, comment_id: str) -> Key:
    """A comment that waits for the author of the post under it."""
    return Key(author_partition(author_id), f"{PENDING}{comment_id}")


def follower_key(author_id: str, sub: str) -> Key:
    """Who follows an author: the other side of `follow_key`, for when the author goes."""
    return Key(author_partition(author_id), f"{FOLLOWER}{sub}")


def user_partition(sub: str) -> str:
    """What is somebody's but their posts, found again when they leave."""
    return f"USER#{sub}"


def idempotency_key(sub: str, key: str) -> Key:
    """What a person made with an Idempotency-Key."""
    return Key(user_partition(sub), f"IDEMPOTENCY#{key}")


def own_comment_key(sub: str, comment_id: str) -> Key:
    """That somebody wrote a comment, and where."""
    return Key(user_partition(sub), f"{COMMENT}{comment_id}")


def known_key(sub: str, author_id: str) -> Key:
    """That an author has had a comment of somebody's before."""
    return Key(user_partition(sub), f"{KNOWN}{author_id}")


def rate_key(sub: str, what: str, hour: str) -> Key:
    """How often somebody did something in an hour."""
    return Key(user_partition(sub), f"RATE#{what}#{hour}")


def like_key(sub: str, post_id: str) -> Key:
    """That somebody likes a post."""
    return Key(user_partition(sub), f"{LIKE}{post_id}")


def follow_key(sub: str, author_id: str) -> Key:
    """That somebody follows an author."""
    return Key(user_partition(sub), f"{FOLLOW}{author_id}")


def media_key(media_id: str) -> Key:
    """A picture, or the announcement of one."""
    return Key(f"MEDIA#{media_id}", "MEDIA")


def own_media_key(sub: str, media_id: str) -> Key:
    """That somebody uploaded a picture."""
    return Key(user_partition(sub), f"{MEDIA}{media_id}")


def own_report_key(sub: str, post_id: str, comment_id: str | None) -> Key:
    """That somebody has reported a post or a comment."""
    return Key(user_partition(sub), f"{REPORT}{post_id}#{comment_id or ''}")


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
# What moderators see: posts that are hidden, people who are banned, what was reported.
HIDDEN = "HIDDEN"
BANNED = "BANNED"
REPORTS = "REPORTS"
# The scheduled posts, by the time of their publication.
DUE = "DUE"
# What is still to be done, by what it is about.
JOBS = "JOBS"
# All tags with their counts, and all months of the sitemap with theirs.
TAGS = "TAGS"
MONTHS = "MONTHS"


def entry_sort_key(moment: datetime, entry_id: str) -> str:
    """Where an entry stands in its list: by time, then by id."""
    return entry_sort_key_at(to_rfc3339(moment), entry_id)


def entry_sort_key_at(when: str, entry_id: str) -> str:
    """The same of a time that is written already."""
    return f"{ENTRY}{when}#{entry_id}"


def feed_partition(shard: int) -> str:
    """One shard of the feed."""
    return f"FEED#{shard}"


def author_partition(author_id: str) -> str:
    """An author's published posts, and what else lies under their public name."""
    return f"AUTHOR#{author_id}"


def tag_partition(tag: str) -> str:
    """The published posts with a tag, which is normalised."""
    return f"TAG#{tag}"


def owner_partition(sub: str, status: str | None = None) -> str:
    """A person's own posts, all or of one status. The kind comes first: a sub may hold a `#`."""
    kind = f"OWNER:{status}" if status else "OWNER"
    return f"{kind}#{sub}"


def sub_of(key: Key) -> str | None:
    """Whose an item is, where its partition says so."""
    kind, _, sub = key.pk.partition("#")
    return sub if kind in ("USER", "OWNER") or kind.startswith("OWNER:") else None


def sitemap_partition(month: str) -> str:
    """The addresses of the posts first published in a month, such as `2026-01`."""
    return f"SITEMAP#{month}"


def sitemap_sort_key(post_id: str) -> str:
    """By the id's last two characters, which are random: so a month divides into equal files."""
    return f"{ENTRY}{post_id[-2:]}#{post_id}"


# Counters: one item for each thing that posts are counted under.


def tag_count_key(tag: str) -> Key:
    """How many published posts have a tag."""
    return Key(TAGS, f"TAG#{tag}")


def month_count_key(month: str, shard: int) -> Key:
    """How many published posts of one shard are in a month's sitemap: sharded as the feed is, else
    all publications of a month would wait for each other."""
    return Key(MONTHS, f"MONTH#{month}#{shard:03}")


# Jobs.


def deletion_job_key(post_id: str) -> Key:
    """The removal of what is left of a deleted post."""
    return Key(JOBS, f"DELETION#{post_id}")


def tombstone_job_key(comment: Key) -> Key:
    """A look at a comment that has lost a reply, of which nothing else may be left."""
    return Key(JOBS, f"TOMBSTONE#{comment.pk}#{comment.sk}")


def empty_counter_job_key(counter: Key) -> Key:
    """A look at a counter that has gone down, which may be empty."""
    return Key(JOBS, f"EMPTY#{counter.sk}")


def export_job_key(author_id: str) -> Key:
    """The making of a person's export."""
    return Key(JOBS, f"EXPORT#{author_id}")


def erasure_job_key(author_id: str) -> Key:
    """The erasure of a person."""
    return Key(JOBS, f"ERASURE#{author_id}")
