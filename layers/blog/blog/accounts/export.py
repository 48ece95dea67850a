"""The export of an account: a zip of Markdown with front matter, JSON, and images.

It is uploaded in parts while it is made, row by row. So it takes little memory and no disk, however
large it is. A run that ends early leaves nothing, and the next run starts again.

Programs that read a zip from its start, as a stream, can read it too.
"""

import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import chain, count, islice
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

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
from blog.media.model import MediaItem
from blog.people.person import Person
from blog.posts import stored_text
from blog.posts.model import Post, Stats
from blog.s3 import Bucket, export_object_key

RETENTION = timedelta(days=7)  # then the bucket's lifecycle removes it
CHUNK_BYTES = 1024 * 1024
MAX_TRIES = 5
# Of a list in one file. The largest row, a comment, has less than 100 KB. So no file comes near
# 2 GiB, from where on Python needs the long form of sizes.
MAX_ROWS = 10_000
Members = dict[str, Any]

_README = f"""\
This is everything that you have written and uploaded.

posts/ holds your posts, also drafts, as Markdown. Their front matter is YAML, which Hugo, Jekyll
and Astro read. revisions/ holds earlier texts of each post, by version.

profile.json is your profile. comments.json, likes.json, follows.json, reports.json and media.json
are lists. After {MAX_ROWS:,} rows a list continues in another file, such as comments-2.json.

media/ holds your images. They are WebP, as the blog stores them. The files that you uploaded are
not kept. Where a text shows the image /media/ID, that is the file media/ID.webp here.
"""

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
    """Yield a zip of these files, piece by piece.

    The sizes of a file follow its content. So the content must be compressed, because that alone
    tells a reader where it ends, and the sizes must have 32 bits, because Java reads those of small
    files so (APPNOTE 4.3.9, java.util.zip.ZipInputStream).
    """
    written = _Written()
    with ZipFile(written, "w") as archive:
        for name, content in files:
            entry = ZipInfo(name, now().timetuple()[:6])
            entry.compress_type = ZIP_DEFLATED
            if name.startswith("media/"):  # images are compressed
                setattr(entry, _COMPRESS_LEVEL, zlib.Z_NO_COMPRESSION)
            with archive.open(entry, "w") as file:
                for chunk in content:
                    file.write(chunk)
                    yield written.taken()
    yield written.taken()


# Python 3.13 has given it a public name.
_COMPRESS_LEVEL = "compress_level" if sys.version_info >= (3, 13) else "_compresslevel"


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

    yield "README.txt", iter([_README.encode()])
    for entry in iter_rows(table, owner_partition(person.sub), ENTRY, is_out_of_time):
        yield from _post(table, entry["id"])
    yield _json("profile", _profile(table, person))
    yield from _json_rows("comments", _comments(table, rows(COMMENT)))
    yield from _json_rows(
        "likes", ({"post_id": one["of"], "since": one["since"]} for one in rows(LIKE))
    )
    yield from _json_rows(
        "follows", ({"author_id": one["of"], "since": one["since"]} for one in rows(FOLLOW))
    )
    yield from _json_rows("reports", _reports(table, rows(REPORT)))
    images = []
    for row in rows(MEDIA):
        item = table.get(media_key(row["of"]))
        image = None if item is None else MediaItem.of(item)
        if image is None or image.status != "ready":
            continue
        content = bucket.chunks(image.object_key(), CHUNK_BYTES)
        if content is not None:
            name = f"media/{image.id}.{image.stored_type.removeprefix('image/')}"
            members = {"id", "content_type", "width", "height", "created_at"}
            described = image.model_dump(include=members) | {"content_type": image.stored_type}
            images.append({**described, "file": name})
            yield name, content
    yield from _json_rows("media", iter(images))


def _post(table: Table, post_id: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    items = table.get_all([post_key(post_id), stats_key(post_id)])
    if post_key(post_id) not in items:
        return
    post = Post.of(items[post_key(post_id)])
    stats = Stats.model_validate(items.get(stats_key(post_id), {}))
    yield _markdown(f"posts/{post.slug}", _front_matter(post, stats), post.body)
    for version in post.revisions:
        revision = table.get(revision_text_key(post_id, version))
        if revision is not None:
            members = {name: revision[name] for name in ("title", "created_at")}
            members |= _for_generators(members["created_at"], is_published=False)
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
            names = ("post_id", "comment_id", "reported_author_id", "reason", "created_at")
            yield {name: entry.get(name) for name in names}


def _front_matter(post: Post, stats: Stats) -> Members:
    """Return what is known of a post, with what Hugo, Jekyll and Astro understand."""
    members = post.model_dump(exclude=_LEFT_OUT)
    date = members["published_at"] or members["publish_at"] or members["created_at"]
    return {
        **members,
        "excerpt": post.excerpt,
        "like_count": stats.like_count,
        "comment_count": stats.comment_count,
        **_for_generators(date, is_published=post.status == "published"),
        "lastmod": members["updated_at"],
        "description": post.excerpt,
    }


def _for_generators(date: str, *, is_published: bool) -> Members:
    """Return what tells generators of sites whether to publish a text.

    `published` is Jekyll's. Hugo would take it for a date where there is no `publishDate`.
    """
    draft = {"draft": False} if is_published else {"draft": True, "published": False}
    return {"date": date, "publishDate": date, **draft}


def _markdown(name: str, front_matter: Mapping[str, Any], body: str) -> tuple[str, Iterator[bytes]]:
    """Return a file of Markdown with front matter in YAML, one member per line.

    Times have no quotes, so that they are times in YAML 1.1 and for the generators.
    """
    lines = [
        f"{key}: {value if key in _TIMES and value else _as_yaml(value)}"
        for key, value in front_matter.items()
    ]
    text = "\n".join(["---", *lines, "---", "", body])
    return f"{name}.md", iter([text.encode()])


def _as_yaml(value: Any) -> str:
    """Return the value as JSON, with all characters escaped that YAML does not take as they are.

    YAML 1.1 and 1.2 accept all other JSON. Half a surrogate pair has no escape that all parsers
    accept, and becomes the replacement character.
    """
    text = json.dumps(value, ensure_ascii=False)
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return _NOT_PRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


# YAML 1.1 §4.1.1, line breaks that only YAML knows, and the byte order mark, which texts in YAML
# 1.2 cannot hold (§5.4). JSON escapes the characters below U+0020.
_NOT_PRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_TIMES = {
    "created_at", "updated_at", "publish_at", "published_at", "date", "publishDate", "lastmod",
}  # fmt: skip


def _json(name: str, value: Any) -> tuple[str, Iterator[bytes]]:
    return f"{name}.json", iter([f"{_dumped(value)}\n".encode()])


def _json_rows(name: str, rows: Iterator[Members]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield files with a JSON list, one row per line and at most MAX_ROWS rows in each.

    There is always a first file. Each must be read to its end before the next one.
    """
    for number in count(1):
        first = [*islice(rows, 1)]
        if number > 1 and not first:
            return
        suffix = "" if number == 1 else f"-{number}"
        yield f"{name}{suffix}.json", _json_list(islice(chain(first, rows), MAX_ROWS))


def _json_list(rows: Iterator[Members]) -> Iterator[bytes]:
    before = "[\n"
    for row in rows:
        yield f"{before}{_dumped(row)}".encode()
        before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=int)
