"""The export of an account: a zip of Markdown with front matter, JSON, and images.

It is uploaded in parts while it is made, row by row. So it takes little memory and no disk, however
large it is. A run that ends early leaves nothing, and the next run starts again.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from blog.clock import now
from blog.comments.model import comment_of
from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import (
    COMMENT,
    ENTRY,
    FOLLOW,
    LIKE,
    MEDIA,
    REPORT,
    REPORTS,
    Key,
    author_stats_key,
    export_job_key,
    export_key,
    media_key,
    owner_partition,
    post_key,
    profile_key,
    revision_text_key,
    stats_key,
    user_partition,
)
from blog.dynamodb.resumable import iter_rows
from blog.dynamodb.table import Table
from blog.people.person import Person
from blog.posts import stored_text
from blog.posts.model import Post, Stats
from blog.s3 import Bucket, export_object_key, media_object_key

RETENTION = timedelta(days=7)  # then the bucket's lifecycle removes it
CHUNK_BYTES = 1024 * 1024
MAX_TRIES = 5
Members = dict[str, Any]

# Attributes of a post that only the back end uses, or that stand below the front matter.
_LEFT_OUT = {
    "owner", "author_id", "body", "body_html", "derived_excerpt", "given_excerpt",
    "slug_is_derived", "feed_shard", "lock_version", "schema_number", "revisions",
}  # fmt: skip


def export(table: Table, bucket: Bucket, job: Item, is_out_of_time: Callable[[], bool]) -> None:
    """Make an export and record where it is.

    An export that failed too often is given up, so that the user can ask for another one. Raises
    OutOfTime.
    """
    person, export_id = Person(job["sub"], job["author_id"]), job["export_id"]
    place, mine = export_key(person.author_id), {"seen": export_id}
    end = Action(export_job_key(person.author_id), condition="#export_id = :seen", values=mine)
    if job.get("tries", 0) > MAX_TRIES:
        table.write([end, Action(place)])
        return
    key = export_object_key(person.author_id, export_id)
    files = _files(table, bucket, person, is_out_of_time)
    bucket.upload(io.BufferedReader(_Pieces(_zipped(files))), key, "application/zip")
    ready = {"export_id": export_id, "expires_at": int((now() + RETENTION).timestamp())}
    done = Action(place, item=ready, condition="#export_id = :seen", values=mine)
    if not table.try_write([end, done]):  # an erasure has begun, so this export comes too late
        bucket.delete([key])


def _zipped(files: Iterator[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    """Yield a zip of these files, piece by piece."""
    written = _Written()
    with ZipFile(written, "w") as archive:
        for name, content in files:
            entry = ZipInfo(name, now().timetuple()[:6])
            is_image = name.startswith("media/")  # which is compressed
            entry.compress_type = ZIP_STORED if is_image else ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                for chunk in content:
                    file.write(chunk)
                    yield written.taken()
    yield written.taken()


class _Written(io.RawIOBase):
    """A file that holds what was written since it was last taken. It cannot seek."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._bytes += data
        return len(data)

    def taken(self) -> bytes:
        taken, self._bytes = bytes(self._bytes), bytearray()
        return taken


class _Pieces(io.RawIOBase):
    """A file for reading that consists of these pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _files(
    table: Table, bucket: Bucket, person: Person, is_out_of_time: Callable[[], bool]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the name of each file and its content piece by piece."""

    def rows(kind: str) -> Iterator[Item]:
        return iter_rows(table, user_partition(person.sub), kind, is_out_of_time)

    for entry in iter_rows(table, owner_partition(person.sub), ENTRY, is_out_of_time):
        yield from _post(table, entry["id"])
    yield _json("profile", _profile(table, person))
    yield _json_rows("comments", _comments(table, rows(COMMENT)))
    yield _json_rows("likes", ({"post_id": one["of"], "since": one["since"]} for one in rows(LIKE)))
    yield _json_rows(
        "follows", ({"author_id": one["of"], "since": one["since"]} for one in rows(FOLLOW))
    )
    yield _json_rows("reports", _reports(table, rows(REPORT)))
    images = []
    for row in rows(MEDIA):
        item = table.get(media_key(row["of"])) or {"status": "gone"}
        content = bucket.chunks(media_object_key(person.author_id, row["of"]), CHUNK_BYTES)
        if item["status"] == "ready" and content is not None:
            name = f"media/{item['id']}.{item['content_type'].removeprefix('image/')}"
            images.append({"id": item["id"], "file": name, "created_at": item["created_at"]})
            yield name, content
    yield _json_rows("media", iter(images))


def _post(table: Table, post_id: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    items = table.get_all([post_key(post_id), stats_key(post_id)])
    if post_key(post_id) not in items:
        return
    post = Post.of(items[post_key(post_id)])
    stats = Stats.model_validate(items.get(stats_key(post_id), {}))
    counts = {"like_count": stats.like_count, "comment_count": stats.comment_count}
    members = {**post.model_dump(exclude=_LEFT_OUT), "excerpt": post.excerpt, **counts}
    yield _markdown(f"posts/{post.slug}", members, post.body)
    for version in post.revisions:
        revision = table.get(revision_text_key(post_id, version))
        if revision is not None:
            members = {name: revision[name] for name in ("title", "created_at")}
            text, _ = stored_text.read(revision, "body")
            yield _markdown(f"revisions/{post.slug}/{version}", members, text["body"])


def _profile(table: Table, person: Person) -> Members:
    profile, stats = profile_key(person.author_id), author_stats_key(person.author_id)
    items = table.get_all([profile, stats])
    members = {**person._asdict(), **items.get(stats, {}), **items.get(profile, {})}
    return {
        name: value for name, value in members.items() if name not in (*Key._fields, "has_profile")
    }


def _comments(table: Table, rows: Iterator[Item]) -> Iterator[Members]:
    for row in rows:
        comment, _ = comment_of(table, row["post_id"], row["comment_id"])
        if comment is not None:
            yield comment.model_dump(exclude={"owner", "author_id", "body_html", "reply_count"})


def _reports(table: Table, rows: Iterator[Item]) -> Iterator[Members]:
    for row in rows:
        entry = table.get(Key(REPORTS, row["entry"]))
        if entry is not None:
            names = ("post_id", "comment_id", "reason", "created_at")
            yield {name: entry.get(name) for name in names}


def _markdown(name: str, front_matter: Mapping[str, Any], body: str) -> tuple[str, Iterator[bytes]]:
    lines = [f"{key}: {_as_yaml(value)}" for key, value in front_matter.items()]
    text = "\n".join(["---", *lines, "---", "", body])
    return f"{name}.md", iter([text.encode()])


def _as_yaml(value: Any) -> str:
    """Return the value as JSON, with the line breaks escaped that only YAML knows.

    YAML accepts all other JSON as it is.
    """
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x85\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _json(name: str, value: Any) -> tuple[str, Iterator[bytes]]:
    return f"{name}.json", iter([f"{_dumped(value)}\n".encode()])


def _json_rows(name: str, rows: Iterator[Members]) -> tuple[str, Iterator[bytes]]:
    """Return a file with a JSON list, one row per line."""

    def lines() -> Iterator[bytes]:
        before = "[\n"
        for row in rows:
            yield f"{before}{_dumped(row)}".encode()
            before = ",\n"
        yield b"[]\n" if before == "[\n" else b"\n]\n"

    return f"{name}.json", lines()


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=int)
