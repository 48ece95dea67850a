"""Images in posts: how posts show them, which posts use them, and their removal."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from blog.admin.migrate_images import migrate_images, original_images
from blog.dynamodb.actions import Action
from blog.dynamodb.keys import ban_key, changed_image_job_key, media_key, own_media_key
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.identifiers import MAX_IMAGES
from blog.jobs.changed_posts import follow_image
from blog.jobs.runner import run_jobs
from blog.media.inspection import inspect
from blog.media.service import QUOTA_BYTES
from blog.s3 import Bucket
from tests.support.consistency import faults, plain
from tests.support.handlers import Call, json_body, problem
from tests.support.html import elements
from tests.support.hypothesis_profiles import IS_LONG
from tests.support.samples import ALICE, BOB, MODERATOR
from tests.support.uploads import announced, make_ready, new_image, png

MEDIA_ID = "01JDC0000000000000000000M0"


class Author:
    """Writes posts with images, and looks at them."""

    def __init__(self, call: Call, table: Table, bucket: Bucket, client: Any) -> None:
        self.call, self._table, self._bucket, self._client = call, table, bucket, client

    def image(self, sub: str = ALICE, content: bytes | None = None) -> str:
        return new_image(self.call, self._table, self._bucket, sub, content)

    def announced(self) -> tuple[str, str]:
        return announced(self.call)

    def make_ready(self, key: str) -> None:
        make_ready(self._table, self._bucket, key, png(1200, 600))

    def write(self, body: str, **members: Any) -> dict[str, Any]:
        sub = members.pop("sub", ALICE)
        content = {"title": "T", "body": body, "status": "published"} | members
        post: dict[str, Any] = json_body(self.call("posts-create", sub=sub, body=content))
        return post

    def edit(self, post: dict[str, Any], **members: Any) -> dict[str, Any]:
        response = self.call("posts-edit", post_id=post["id"], body=members)
        assert response["statusCode"] == 200, response
        edited: dict[str, Any] = json_body(response)
        return edited

    def post(self, post: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json_body(self.call("posts-get-mine", post_id=post["id"]))
        return found

    def library(self, **query: str) -> dict[str, Any]:
        page: dict[str, Any] = json_body(self.call("media-list-mine", query=query))
        return page

    def item(self, media_id: str) -> dict[str, Any]:
        found: dict[str, Any] = json_body(self.call("media-get-mine", parts={MEDIA_ID: media_id}))
        return found

    def delete(self, media_id: str, sub: str = ALICE, **query: str) -> dict[str, Any]:
        return self.call("media-delete", sub=sub, parts={MEDIA_ID: media_id}, query=query)

    def run_jobs(self) -> None:
        run_jobs(self._table, self._bucket)

    def jobs(self) -> None:
        """Run all jobs, and check the table."""
        for _ in range(3):
            self.run_jobs()
        assert faults(plain(self._client)) == []


@pytest.fixture
def author(call: Call, table: Table, bucket: Bucket, client: Any) -> Author:
    return Author(call, table, bucket, client)


def shown(post: dict[str, Any]) -> list[dict[str, str | None]]:
    """Return the attributes of the images in a post's HTML."""
    return [dict(attributes) for name, attributes in elements(post["body_html"]) if name == "img"]


def text_of(media_id: str) -> str:
    return f"![A view](/media/{media_id})"


FULL = {
    "alt": "A view", "width": "1200", "height": "600", "loading": "lazy", "decoding": "async",
    "sizes": "auto, (min-width: 44rem) 42rem, 100vw", "data-color": "#336699",
}  # fmt: skip


def full(media_id: str) -> dict[str, str]:
    """Return the attributes of an image of 1,200 by 600 pixels."""
    address = f"/media/{media_id}?w="
    srcset = ", ".join(f"{address}{width} {width}w" for width in (480, 960, 1200))
    return {**FULL, "src": f"{address}960", "srcset": srcset}


def test_html_of_an_own_image_has_its_size_its_widths_and_its_colour(author: Author) -> None:
    image = author.image()
    post = author.write(text_of(image))
    assert shown(post) == [full(image)]
    assert shown(json_body(author.call("public-get-post", post_id=post["id"]))) == [full(image)]
    preview = author.call("posts-preview", body={"body": text_of(image)})
    assert shown(json_body(preview)) == [full(image)]
    again = author.image()
    assert shown(author.edit(post, body=text_of(again))) == [full(again)]
    restored = author.call(
        "posts-restore-revision", post_id=post["id"], parts={"revisions/2": "revisions/1"}
    )
    assert shown(json_body(restored)) == [full(image)]


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ("", ("1200", "600", FULL["sizes"])),
        ('width="300"', ("300", "150", "300px")),
        ('height="300"', ("600", "300", "600px")),
        ('width="10" height="10"', ("10", "10", "10px")),
        ('width="x"', ("1200", "600", FULL["sizes"])),
        ('srcset="/x 1w" sizes="1px" data-color="red" style="x" loading="eager"',
         ("1200", "600", FULL["sizes"])),
    ],
)  # fmt: skip
def test_an_author_may_give_an_image_a_size(
    author: Author, attributes: str, size: tuple[str, str, str]
) -> None:
    image = author.image()
    html = f'<img src="/media/{image}?w=1" alt="A view" title="&quot;&gt;" {attributes}>'
    (found,) = shown(author.write(html))
    assert (found["width"], found["height"], found["sizes"]) == size
    expected = full(image) | {"title": '">'}
    given = dict(zip(("width", "height", "sizes"), size, strict=True))
    assert found == expected | given


@pytest.mark.parametrize(
    "text",
    [
        "`![](/media/{})`",
        "    ![](/media/{})",
        "[a](/media/{})",
        "https://a.example/media/{}",
        "![](https://a.example/media/{})",
        '<img src="/media/{}/x">',
    ],
)
def test_nothing_else_becomes_an_image_with_a_size(author: Author, text: str) -> None:
    html = author.write(text.format(author.image()))["body_html"]
    assert "srcset" not in html
    assert "data-color" not in html


def test_a_pending_image_is_shown_plainly_and_then_without_a_new_version(author: Author) -> None:
    image, key = author.announced()
    post = author.write(text_of(image))
    plain_image = {"src": f"/media/{image}", "alt": "A view"}
    assert plain_image.items() <= shown(post)[0].items()
    assert "width" not in shown(post)[0]
    author.jobs()
    assert "width" not in shown(author.post(post))[0]
    author.make_ready(key)
    author.jobs()
    after = author.post(post)
    assert shown(after) == [full(image)]
    same = {"body_html"}
    assert {k: v for k, v in after.items() if k not in same} == {
        k: v for k, v in post.items() if k not in same
    }, "an open editor is not disturbed"
    assert author.call(
        "posts-edit", post_id=post["id"], body={"title": "U"}, headers={"If-Match": '"1"'}
    )["statusCode"] == 200  # fmt: skip


def interleave(patched: pytest.MonkeyPatch, other: Callable[[], object], before_call: int) -> None:
    """Call the other before this call of Table."""
    calls, real = 0, Table._call

    def between(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == before_call:
            patched.setattr(Table, "_call", real)
            other()
        return real(*arguments, **more)

    patched.setattr(Table, "_call", between)


@pytest.mark.parametrize("before_call", range(1, 14) if IS_LONG else (1, 6, 8, 9, 11))
@pytest.mark.parametrize("is_job_first", [True, False])
def test_an_image_is_shown_however_job_and_inspector_interleave(
    author: Author, table: Table, is_job_first: bool, before_call: int
) -> None:
    image, key = author.announced()
    post = author.write(text_of(image))

    def inspect_and_announce() -> None:
        """Make the image ready, and do the job that this leaves in another run."""
        author.make_ready(key)
        job = table.get(changed_image_job_key(key.split("/")[1], image))
        if job is not None:
            follow_image(table, job, lambda: False)

    works = [author.run_jobs, inspect_and_announce]
    first, second = works if is_job_first else works[::-1]
    with pytest.MonkeyPatch.context() as patched:
        interleave(patched, second, before_call)
        first()
    if author.item(image)["status"] == "pending":
        author.make_ready(key)
    author.jobs()
    assert shown(author.post(post)) == [full(image)]


def test_the_library_lists_images_with_the_posts_that_use_them(author: Author) -> None:
    first, second, third = (author.image() for _ in range(3))
    pending, _ = author.announced()
    with_two = author.write(f"{text_of(first)} {text_of(second)}", title="Two")
    draft = author.write("", title="Draft", status="draft", cover_image=f"/media/{first}")
    author.image(BOB)
    for _ in range(2):  # before and after the job has run
        page = author.library()
        assert [one["id"] for one in page["items"]] == [pending, third, second, first]
        assert [one["status"] for one in page["items"]] == ["pending", "ready", "ready", "ready"]
        assert [one["post_count"] for one in page["items"]] == [0, 0, 1, 2]
        named = sorted(page["items"][3]["posts"], key=lambda one: str(one["title"]))
        assert named == [
            {"id": draft["id"], "title": "Draft"}, {"id": with_two["id"], "title": "Two"}
        ]  # fmt: skip
        assert page["used_bytes"] == sum(one["bytes"] for one in page["items"]) > 0
        assert page["quota_bytes"] == QUOTA_BYTES
        author.jobs()
    ready = author.item(second)
    assert (ready["width"], ready["height"], ready["widths"]) == (1200, 600, [480, 960, 1200])
    assert (ready["content_type"], ready["color"]) == ("image/webp", "#336699")
    author.edit(with_two, body="")
    assert author.item(second)["posts"] == []
    author.jobs()
    assert author.item(second)["posts"] == []
    assert author.call("posts-delete", post_id=draft["id"])["statusCode"] == 204
    assert author.item(first)["posts"] == []
    author.jobs()
    assert author.item(first)["posts"] == []
    problem(author.call("media-get-mine", sub=BOB, parts={MEDIA_ID: first}), 404)


def test_the_library_has_pages(author: Author) -> None:
    images = [author.image() for _ in range(5)]
    found: list[str] = []
    query = {"limit": "2"}
    while True:
        page = author.library(**query)
        found += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == images[::-1]


def test_an_image_of_many_posts_hides_no_use_of_others(author: Author) -> None:
    logo, other = author.image(), author.image()
    for number in range(8):
        author.write(text_of(logo), title=f"Post {number}")
    author.write(text_of(other), title="Other")
    author.jobs()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("blog.media.uses.MAX_ROWS", 5)
        (newest,) = (page := author.library())["items"]
        assert (newest["id"], newest["post_count"]) == (other, 1)
        (oldest,) = (page := author.library(cursor=page["next_cursor"]))["items"]
        assert (oldest["id"], oldest["post_count"]) == (logo, 5)
        assert page["next_cursor"] is None
    first, second = author.library()["items"]
    assert [first["post_count"], second["post_count"]] == [1, 8]
    assert (len(second["posts"]), len(author.item(logo)["posts"])) == (5, 8)


def test_an_image_in_use_is_deleted_only_when_forced(author: Author, bucket: Bucket) -> None:
    image = author.image()
    post = author.write(text_of(image), title="Uses it")
    for _ in range(2):
        refused = problem(author.delete(image), 409)
        assert refused["posts"] == [{"id": post["id"], "title": "Uses it"}]
        author.jobs()
    assert author.delete(image, force="true")["statusCode"] == 204
    assert bucket.keys_under("") == []
    problem(author.call("public-get-media", parts={MEDIA_ID: image}), 404)
    author.jobs()
    after = author.post(post)
    assert after["version"] == post["version"]
    assert after["body"] == text_of(image), "the author's text stays"
    (plain_image,) = shown(after)
    assert plain_image["alt"] == "A view"
    assert "srcset" not in plain_image
    assert author.library() == {
        "items": [], "next_cursor": None, "used_bytes": 0, "quota_bytes": QUOTA_BYTES
    }  # fmt: skip
    problem(author.delete(image), 404)


def test_an_image_is_kept_while_too_many_changes_are_left_to_know_its_uses(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = author.image()
    for number in range(3):
        author.write(text_of(image), title=f"Post {number}")
    unused = author.image()
    monkeypatch.setattr("blog.media.uses.MAX_CHANGED", 3)
    assert "try again" in problem(author.delete(unused), 409)["detail"]
    author.jobs()
    assert author.delete(unused)["statusCode"] == 204


def test_only_the_owner_may_delete_an_image(author: Author) -> None:
    image = author.image()
    problem(author.delete(image, BOB, force="true"), 403)
    pending, _ = author.announced()
    problem(author.delete(pending, BOB), 404)
    assert author.delete(pending)["statusCode"] == 204
    problem(author.call("media-get-mine", parts={MEDIA_ID: pending}), 404)
    assert author.delete(image)["statusCode"] == 204
    assert author.delete("x")["statusCode"] == 404


def test_an_upload_that_comes_after_the_deletion_is_removed(
    author: Author, table: Table, bucket: Bucket
) -> None:
    image, key = author.announced()
    assert author.delete(image)["statusCode"] == 204
    bucket._client.put_object(Bucket=bucket._name, Key=key, Body=png(2, 1))
    assert inspect(table, bucket, key, QUOTA_BYTES) is None
    assert bucket.keys_under("") == []


def test_a_deletion_during_the_inspection_leaves_no_file(
    author: Author, table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, key = author.announced()
    bucket._client.put_object(Bucket=bucket._name, Key=key, Body=png(1200, 600))
    put = bucket.put_image

    def put_after_deletion(*arguments: Any) -> None:
        monkeypatch.setattr(bucket, "put_image", put)
        put(*arguments)
        assert author.delete(image)["statusCode"] == 204

    monkeypatch.setattr(bucket, "put_image", put_after_deletion)
    assert inspect(table, bucket, key, QUOTA_BYTES) is None
    assert bucket.keys_under("") == []
    author.jobs()


def test_a_moderator_removes_all_files_of_an_image(author: Author, bucket: Bucket) -> None:
    image = author.image()
    post = author.write(text_of(image), cover_image=f"/media/{image}")
    assert len(bucket.keys_under("media/")) == 3
    removal = {"parts": {MEDIA_ID: image}}
    permissions = {"authorizer": {"permissions": "moderate:people"}}
    problem(author.call("moderation-remove-media", sub=BOB, **removal, **permissions), 403)
    for odd in ({}, {"reason": ""}, {"reason": "x", "more": 1}):
        problem(author.call("moderation-remove-media", sub=MODERATOR, **removal, body=odd), 422)
    assert author.call("moderation-remove-media", sub=MODERATOR, **removal)["statusCode"] == 204
    assert bucket.keys_under("") == []
    problem(author.call("public-get-media", parts={MEDIA_ID: image}), 404)
    problem(author.call("moderation-remove-media", sub=MODERATOR, **removal), 404)
    author.jobs()
    assert "srcset" not in author.post(post)["body_html"]


def test_a_banned_moderator_removes_no_image(author: Author, table: Table, bucket: Bucket) -> None:
    image = author.image()
    me = json_body(author.call("account-get-me", sub=MODERATOR))["author_id"]
    ban = Action(ban_key(me), item={"banned_at": "2026-01-01T00:00:00.000Z"})
    table.transact([ban])
    removal = {"parts": {MEDIA_ID: image}}
    problem(author.call("moderation-remove-media", sub=MODERATOR, **removal), 403)
    assert len(bucket.keys_under("media/")) == 3


def test_the_quota_is_checked_at_the_announcement_and_by_the_inspector(
    author: Author, table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = author.image()
    used = author.library()["used_bytes"]
    late, key = author.announced()
    bucket._client.put_object(Bucket=bucket._name, Key=key, Body=png(1200, 600))
    refused = inspect(table, bucket, key, used + 1)
    assert refused is not None
    assert (refused.status, author.item(late)["status"]) == ("refused", "refused")
    assert "delete some" in author.item(late)["reason"]
    assert author.library()["used_bytes"] == used
    assert len(bucket.keys_under("")) == 3
    media = __import__("functions.media.app", fromlist=["media"]).media
    monkeypatch.setattr(media, "_quota", used)
    (error,) = problem(author.call("media-create"), 422)["errors"]
    assert error["field"] == "size"
    assert author.call("media-create", sub=BOB)["statusCode"] == 201
    assert author.delete(first)["statusCode"] == 204
    assert author.call("media-create")["statusCode"] == 201


EVERY = 1 if IS_LONG else 5  # points of interruption


def fail_at(patched: pytest.MonkeyPatch, number: int, *, is_done: bool) -> None:
    """Let one call of DynamoDB or S3 fail: before it is done, or only its response."""
    calls = 0
    for owner in (Table, Bucket):
        real = owner._call

        def failing(*arguments: Any, real: Any = real, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number and not is_done:
                raise Unavailable
            response = real(*arguments, **more)
            if calls == number:
                raise Unavailable
            return response

        patched.setattr(owner, "_call", failing)


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("fault_at", range(1, 8, EVERY // 2 + 1))
def test_a_removal_that_fails_can_be_repeated(
    author: Author, bucket: Bucket, fault_at: int, is_done: bool
) -> None:
    image = author.image()
    post = author.write(text_of(image))
    with pytest.MonkeyPatch.context() as patched:
        fail_at(patched, fault_at, is_done=is_done)
        author.delete(image, force="true")
    author.delete(image, force="true")
    assert bucket.keys_under("") == []
    author.jobs()
    assert "srcset" not in author.post(post)["body_html"]
    assert author.library()["used_bytes"] == 0


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("fault_at", range(1, 22, EVERY))
def test_inspection_and_jobs_may_fail_at_any_call(
    author: Author, table: Table, bucket: Bucket, fault_at: int, is_done: bool
) -> None:
    image, key = author.announced()
    post = author.write(text_of(image), cover_image="https://a.example/b.png")
    bucket._client.put_object(Bucket=bucket._name, Key=key, Body=png(1200, 600))
    with pytest.MonkeyPatch.context() as patched:
        fail_at(patched, fault_at, is_done=is_done)
        with suppress(Unavailable):
            inspect(table, bucket, key, QUOTA_BYTES)
        with suppress(Unavailable):
            author.run_jobs()
    inspect(table, bucket, key, QUOTA_BYTES)
    author.jobs()
    assert shown(author.post(post)) == [full(image)]
    assert len(bucket.keys_under("")) == 3
    assert author.item(image)["posts"] == [{"id": post["id"], "title": "T"}]


def test_a_post_counts_its_first_images(author: Author) -> None:
    image = author.image()
    unknown = [f"01JDC00000000000000000{n:04}" for n in range(MAX_IMAGES)]
    post = author.write(" ".join(map(text_of, [*unknown, image])))
    author.jobs()
    assert author.item(image)["posts"] == []
    assert "srcset" not in author.post(post)["body_html"]
    others = [f"01JDC00000000000000001{n:04}" for n in range(MAX_IMAGES - 1)]
    author.edit(post, body=" ".join(map(text_of, [image, *others])))
    author.jobs()
    assert author.item(image)["post_count"] == 1


def original(table: Table, bucket: Bucket, call: Call, content: bytes) -> tuple[str, str]:
    """Store an image as older versions did; return its id and the key of its file."""
    media_id, key = announced(call)
    item = table.get(media_key(media_id))
    assert item is not None
    ready = {k: v for k, v in item.items() if k not in ("pk", "sk", "expires_at")}
    table.write(
        [
            Action(media_key(media_id), item=ready | {"status": "ready"}),
            Action(own_media_key(ALICE, media_id), item={"of": media_id}),
        ]
    )
    stored_key = key.replace("uploads/", "media/")
    bucket._client.put_object(Bucket=bucket._name, Key=stored_key, Body=content)
    return media_id, stored_key


def test_originals_of_older_versions_are_served_and_then_rewritten(
    author: Author, table: Table, bucket: Bucket
) -> None:
    good, good_key = original(table, bucket, author.call, png(1200, 600))
    bad, _ = original(table, bucket, author.call, b"\x89PNG\r\n\x1a\n")
    lost, lost_key = original(table, bucket, author.call, png(2, 1))
    bucket.delete([lost_key])
    new = author.image()
    post = author.write(f"{text_of(good)} {text_of(bad)}", cover_image=f"/media/{good}")
    address = author.call("public-get-media", parts={MEDIA_ID: good}, query={"w": "480"})
    assert f"/{good_key}?" in address["multiValueHeaders"]["Location"][0]
    assert "srcset" not in post["body_html"]
    assert len(list(original_images(table))) == 3

    def inspector(_: float) -> None:
        for key in bucket.keys_under("uploads/"):
            inspect(table, bucket, key, 1)

    problem(author.delete(lost), 409)
    done = migrate_images(table, bucket, inspector)
    assert done == (1, 1, 0, 1)
    assert len(list(original_images(table))) == 1
    assert author.delete(lost, force="true")["statusCode"] == 204
    assert len(bucket.keys_under("media/")) == 6, "of the new one and the rewritten one"
    author.jobs()
    first, second = shown(author.post(post))
    assert (first["srcset"], "srcset" in second) == (full(good)["srcset"], False)
    found = {one["id"]: one for one in author.library()["items"]}
    assert (found[good]["status"], found[bad]["status"]) == ("ready", "refused")
    assert "damaged" in found[bad]["reason"]
    assert found[new]["status"] == "ready"
    assert migrate_images(table, bucket, inspector) == (0, 0, 0, 0)


def test_a_redirect_goes_to_the_smallest_file_that_is_large_enough(author: Author) -> None:
    image = author.image()

    def width_of(**query: str) -> str:
        found = author.call("public-get-media", parts={MEDIA_ID: image}, query=query)
        address = found["multiValueHeaders"]["Location"][0]
        match = re.search(r"-(\d+)\.webp", address)
        assert match
        return match[1]

    widths = {"1": "480", "480": "480", "481": "960", "961": "1200", "1201": "1200", "9999": "1200"}
    assert {w: width_of(w=w) for w in widths} == widths
    assert width_of() == "1200"
    for odd in ("0", "-1", "x", "10001", "1.5", ""):
        problem(author.call("public-get-media", parts={MEDIA_ID: image}, query={"w": odd}), 400)
