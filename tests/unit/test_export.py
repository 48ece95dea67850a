"""The files of an export: a zip that streams, front matter that parsers agree about, and lists."""

import json
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from blog.accounts import export
from blog.accounts.export import MAX_ROWS
from blog.identifiers import new_id
from blog.people.person import Person
from blog.posts.editing import created
from blog.posts.model import Moderation, Post, Stats
from blog.posts.schemas import NewPost
from tests.support.largest import COMMENT, STORED_COMMENT, comment
from tests.support.samples import ALICE, ROOT

THEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 2, 1, 9, 30, 0, 5000, tzinfo=UTC)
LOADERS = [yaml.SafeLoader, yaml.CSafeLoader]  # the second is libyaml, as in Ruby
READER = ROOT / "tests" / "support" / "ReadZip.java"

HOSTILE = [
    "\"it's\" ---",
    "---",
    "--- !!python/object:os.system {}",
    "# no comment",
    "a # b: c",
    "a: b",
    "@user `code` %tag |> &anchor *alias !tag ? - [",
    "{{ site.title }} {% raw %} {{< figure >}}",
    "\U0001f989 \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0645\u0631\u062d\u0628\u0627 \u200f(\u05e9\u05dc\u05d5\u05dd)",
    "a\x85b\u2028c\u2029d",
    "\ufeffa\ufeff",
    "a\x7fb\x80\x9fc\xa0d\xad",
    "\x00\x01\x08\x0b\x0c\x1b\x1f",
    "\ufffe\uffff\U0001ffff\ufffd",
    "a\nb\r\nc\td\r",
    "\\x41 \\u0041 \\/ \\ \\N \\_",
    " a ",
    "",
    "null",
    "2026-01-31",
    "0x1f",
    "no",
    "<!-- ]]> </script>",
    "x" * 100_000,
    "\u3042" * 2000,
]  # fmt: skip


def post(**members: Any) -> Post:
    new = NewPost.model_validate({"title": "Hello"})
    made = created(new, owner=Person(ALICE, "alice"), feed_shards=1, now=THEN)
    return made.model_copy(update=members)


def markdown_of(one: Post) -> str:
    name, content = export._markdown("a", export._front_matter(one, Stats(like_count=2)), one.body)
    assert name == "a.md"
    return b"".join(content).decode()


def front_matter_of(text: str, loader: Any) -> Any:
    """Return the front matter as a generator finds it: between the first two lines of `---`."""
    first, front_matter, _ = text.split("---\n", 2)
    assert first == ""
    return yaml.load(front_matter, loader)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_every_text_survives_the_front_matter(text: str, loader: Any) -> None:
    one = post(
        title=text, given_excerpt=text, tags=[text, text], body="---\n", slug="a",
        moderation=Moderation(reason=text, at=THEN),
    )  # fmt: skip
    found = front_matter_of(markdown_of(one), loader)
    assert (found["title"], found["tags"]) == (text, [text, text])
    assert found["excerpt"] == found["description"] == (text or one.derived_excerpt)
    assert found["moderation"] == {"reason": text, "at": "2026-01-31T09:30:00.000Z"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_both_parsers_read_what_json_reads(text: str) -> None:
    for value in (text, [text], {text: text}):
        written = export._as_yaml(value)
        assert json.loads(written) == value
        for loader in LOADERS:
            if len(text) < 300 or not isinstance(value, dict):  # YAML bounds keys
                assert yaml.load(f"a: {written}\n", loader) == {"a": value}


def test_half_a_surrogate_pair_does_not_spoil_the_front_matter() -> None:
    """libyaml refuses its escape, and UTF-8 cannot hold it."""
    for text in ("a\ud800b", "\udfff", "\udc00\ud83d"):
        expected = "".join(c if c.isascii() else "\ufffd" for c in text)
        for loader in LOADERS:
            assert yaml.load(export._as_yaml(text).encode(), loader) == expected


def test_front_matter_is_printable_also_for_parsers_that_know_only_that() -> None:
    text = markdown_of(post(title="".join(HOSTILE) + "".join(map(chr, range(0x100)))))
    front_matter = text.split("---\n")[1]
    kept = {
        c for c in front_matter if c < " " or "~" < c < "\xa0" or c in "\u2028\u2029\ufeff\ufffe"
    }
    assert kept == {"\n"}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("members", "date", "is_published"),
    [
        ({"status": "published", "published_at": LATER}, LATER, True),
        ({"status": "draft", "published_at": LATER}, LATER, False),
        ({"status": "scheduled", "publish_at": LATER}, LATER, False),
        ({"status": "scheduled", "publish_at": LATER, "published_at": THEN}, THEN, False),
        ({"status": "draft"}, THEN, False),
    ],
)
def test_generators_find_times_and_whether_a_post_is_published(
    members: dict[str, Any], date: datetime, is_published: bool, loader: Any
) -> None:
    one = post(updated_at=LATER, derived_excerpt="Words", **members)
    found = front_matter_of(markdown_of(one), loader)
    assert (found["date"], found["publishDate"], found["lastmod"]) == (date, date, LATER)
    assert (found["created_at"], found["updated_at"]) == (THEN, LATER)
    for name in ("publish_at", "published_at"):
        assert found[name] == members.get(name)
    assert (found["draft"], found.get("published", True)) == (not is_published, is_published)
    assert (found["description"], found["status"]) == ("Words", members["status"])
    assert found["like_count"] == 2


def test_hugo_finds_no_published_that_is_not_a_date_before_the_date_of_publication() -> None:
    """Hugo also reads `published` as a date, and fails on a boolean without an earlier date."""
    for status in ("published", "scheduled", "draft"):
        names = [*export._front_matter(post(status=status), Stats())]
        assert "publishDate" in names
        assert ("published" in names) == (status != "published")


def contents() -> dict[str, list[bytes]]:
    """Return files of many kinds, by name: empty, large, of one byte, and of noise."""
    noise = Random(1).randbytes
    return {
        "README.txt": [b"a"],
        "empty.json": [],
        "posts/a.md": [b"---\n", b"x" * 3_000_000],
        "media/a.webp": [noise(1_000_000), noise(1), b"", noise(70_000)],
        "media/empty.webp": [b""],
        "media/b.webp": [b"PK\x07\x08PK\x03\x04PK\x01\x02" * 50_000],
        "posts/\u00e9\u3042.md": [b"b"],
    }


def zipped(files: dict[str, list[bytes]]) -> bytes:
    return b"".join(export._zipped((name, iter(content)) for name, content in files.items()))


def streamed(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a zip, read from its start alone (APPNOTE 4.3.7 to 4.3.9)."""
    while data.startswith(b"PK\x03\x04"):
        flags, method = struct.unpack_from("<HH", data, 6)
        assert flags & 8, "the sizes follow the content"
        assert method == 8, "only this method says where a content ends"
        assert struct.unpack_from("<LLL", data, 14) == (0, 0, 0)
        name, extra = struct.unpack_from("<HH", data, 26)
        assert extra == 0
        inflater = zlib.decompressobj(-15)
        content = inflater.decompress(data[30 + name :])
        after = inflater.unused_data
        assert after.startswith(b"PK\x07\x08")
        crc, compressed, size = struct.unpack_from("<LLL", after, 4)
        assert (crc, size) == (zlib.crc32(content), len(content))
        assert compressed == len(data) - 30 - name - len(after)
        yield data[30 : 30 + name].decode(), content
        data = after[16:]
    assert data.startswith(b"PK\x01\x02"), "the directory follows the last file"


def test_an_export_can_be_read_from_its_start_and_by_its_directory() -> None:
    files = contents()
    data = zipped(files)
    expected = {name: b"".join(content) for name, content in files.items()}
    assert dict(streamed(data)) == expected
    with ZipFile(BytesIO(data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == expected
        assert archive.testzip() is None


def test_java_reads_an_export_as_a_stream(tmp_path: Path) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("needs Java 11 or later: Debian: default-jdk-headless")
    files = contents()
    path = tmp_path / "export.zip"
    path.write_bytes(zipped(files))
    command = [java, "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", str(READER), str(path)]
    result = subprocess.run(command, capture_output=True, check=True)
    whole = {name: b"".join(content) for name, content in files.items()}
    expected = [f"{zlib.crc32(one)} {len(one)} {name}" for name, one in whole.items()]
    assert result.stdout.decode().splitlines() == expected


def test_images_are_not_compressed_again() -> None:
    with ZipFile(
        BytesIO(zipped({"media/a.webp": [bytes(1_000_000)], "a": [bytes(1000)]}))
    ) as archive:
        image, other = archive.infolist()
    assert 1_000_000 < image.compress_size < 1_001_000
    assert other.compress_size < 100


@pytest.mark.parametrize(
    "count", [0, 1, MAX_ROWS - 1, MAX_ROWS, MAX_ROWS + 1, 2 * MAX_ROWS, 2 * MAX_ROWS + 3]
)
def test_a_long_list_continues_in_further_files(count: int) -> None:
    read: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(count):
            read.append(number)
            yield {"number": number}

    found: dict[str, list[dict[str, Any]]] = {}
    for name, content in export._json_rows("likes", rows()):
        assert len(read) <= sum(map(len, found.values())) + 1, "a file is read when it is written"
        text = b"".join(content)
        found[name] = json.loads(text)
        assert text.count(b"\n") == (len(found[name]) + 2 if count else 1), "a row is a line"
    more = [f"likes-{number}.json" for number in range(2, -(-count // MAX_ROWS) + 1)]
    assert [*found] == ["likes.json", *more]
    assert all(0 < len(one) <= MAX_ROWS for one in found.values() if count)
    assert [row["number"] for one in found.values() for row in one] == [*range(count)]


@pytest.mark.parametrize("body", [COMMENT, STORED_COMMENT, "\\" * 5000])
def test_the_largest_rows_that_fit_into_one_file_stay_below_2_gib(body: str) -> None:
    largest = comment(1, THEN, new_id(THEN), "a", is_pending=False).model_copy(
        update={"body": body}
    )
    assert len(export._dumped(largest.model_dump()).encode()) * MAX_ROWS < 2**31
