"""Uploads: announced, sent to the bucket, rewritten, and only then an image."""

import base64
import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from blog.dynamodb.actions import Action
from blog.dynamodb.keys import ban_key, media_key
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.limits import PER_HOUR
from blog.media.addresses import ImageAddresses
from blog.people.rate_limits import RateLimits
from blog.s3 import Bucket
from tests.support.handlers import Call, header, json_body, problem
from tests.support.posts import BUCKET, stored
from tests.support.samples import ALICE, BOB, LambdaContext, sample_event
from tests.support.uploads import PNG, png

MEDIA_ID = "01JDC0000000000000000000M0"
HTML = b"<script>".ljust(75)


@pytest.fixture
def s3(bucket: Bucket) -> Any:
    return boto3.client("s3")


@pytest.fixture
def inspected(
    table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """Return a function that sends the event of an upload to the inspector."""
    inspector = importlib.import_module("functions.inspector.app")
    monkeypatch.setattr(inspector, "table", table)
    monkeypatch.setattr(inspector, "bucket", bucket)

    def inspect(key: str) -> str:
        event = sample_event("inspector-upload")
        event["detail"]["object"]["key"] = key
        response: dict[str, str] = inspector.handler(event, LambdaContext())
        return response["status"]

    return inspect


def upload(s3: Any, made: dict[str, Any], content: bytes = PNG) -> str:
    """Upload with the form, whose policy S3 checks; return the key."""
    key: str = made["upload"]["fields"]["key"]
    s3.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType="image/png")
    return key


def create_image(
    call: Call, s3: Any, inspected: Callable[[str], str], sub: str = ALICE
) -> dict[str, Any]:
    """Create an image that was uploaded and inspected."""
    made: dict[str, Any] = json_body(call("media-create", sub=sub))
    assert inspected(upload(s3, made)) == "ready"
    media_item: dict[str, Any] = made["media"]
    return media_item


def refused(code: str, status: int) -> ClientError:
    """Return an error of S3 that moto cannot produce."""
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "operation")


def keys(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def mine(call: Call, media_id: str, sub: str = ALICE) -> dict[str, Any]:
    """Return a media item as its owner sees it."""
    found: dict[str, Any] = json_body(call("media-get-mine", parts={MEDIA_ID: media_id}, sub=sub))
    return found


def show(call: Call, media_id: str) -> dict[str, Any]:
    return call("public-get-media", parts={MEDIA_ID: media_id})


def test_the_form_is_bound_to_the_type_the_size_and_the_authors_folder(call: Call) -> None:
    response = call("media-create")
    assert response["statusCode"] == 201
    made = json_body(response)
    media_id = made["media"]["id"]
    assert header(response, "Location") == f"/v1/media/{media_id}"
    assert header(response, "Cache-Control") == "private, no-store"
    assert made["media"]["url"] == f"/media/{media_id}"
    policy = json.loads(base64.b64decode(made["upload"]["fields"]["policy"]))
    me = json_body(call("account-get-me"))["author_id"]
    key = f"uploads/{me}/{media_id}"
    for condition in (
        {"Content-Type": "image/png"}, ["content-length-range", 75, 75], {"bucket": BUCKET},
        {"key": key},
    ):  # fmt: skip
        assert condition in policy["conditions"]
    expires_in = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < expires_in <= timedelta(minutes=10)
    assert made["upload"]["fields"]["key"] == key


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content_type": "image/svg+xml", "size": 1}, "content_type"),
        ({"content_type": "text/html", "size": 1}, "content_type"),
        ({"content_type": "image/png; x", "size": 1}, "content_type"),
        ({"content_type": "image/jpg; x", "size": 1}, "content_type"),
        ({"content_type": "IMAGE/JPG", "size": 1}, "content_type"),
        ({"content_type": "image/pjpeg", "size": 1}, "content_type"),
        ({"content_type": "jpg", "size": 1}, "content_type"),
        ({"content_type": ["image/jpg"], "size": 1}, "content_type"),
        ({"content_type": "image/png", "size": 8 * 1024 * 1024 + 1}, "size"),
        ({"content_type": "image/png", "size": 0}, "size"),
        ({"content_type": "image/png", "size": "1"}, "size"),
        ({"content_type": "image/png", "size": True}, "size"),
        ({"content_type": "image/png"}, "size"),
        ({"content_type": "image/png", "size": 1, "name": "x"}, "name"),
    ],
)
def test_other_types_and_sizes_are_422(call: Call, body: dict[str, Any], field: str) -> None:
    errors = problem(call("media-create", body=body), 422)["errors"]
    assert [error["field"] for error in errors] == [field]


def test_every_image_type_is_accepted_up_to_the_largest_size(call: Call) -> None:
    for kind in ("png", "jpeg", "webp", "gif", "avif"):
        body = {"content_type": f"image/{kind}", "size": 8 * 1024 * 1024}
        assert call("media-create", body=body)["statusCode"] == 201


def test_the_other_name_of_jpeg_is_accepted_and_not_kept(call: Call, table: Table) -> None:
    made = json_body(call("media-create", body={"content_type": "image/jpg", "size": 1}))
    assert made["upload"]["fields"]["Content-Type"] == "image/jpeg"
    item = table.get(media_key(made["media"]["id"]))
    assert item is not None
    assert item["content_type"] == "image/jpeg"


def test_an_image_is_available_after_its_inspection(
    call: Call, s3: Any, inspected: Callable[[str], str], client: Any
) -> None:
    made = json_body(call("media-create"))
    media_id = made["media"]["id"]
    problem(show(call, media_id), 404)
    key = upload(s3, made)
    problem(show(call, media_id), 404)
    assert inspected(key) == "ready"
    response = show(call, media_id)
    assert (response["statusCode"], response["body"] or "") == (302, "")
    address = header(response, "Location")
    (stored_key,) = keys(s3)
    assert stored_key.startswith(key.replace("uploads/", "media/") + "/")
    assert address.split("?")[0].endswith(f"/{stored_key}")
    assert "X-Amz-Signature=" in address
    assert "X-Amz-Expires=900" in address
    # A cache would also give this address to HEAD, for which it is not signed.
    assert header(response, "Cache-Control") == "private, no-store"
    stored_object = s3.get_object(Bucket=BUCKET, Key=stored_key)
    content = stored_object["Body"].read()
    assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP"), "nothing of the upload is left"
    assert stored_object["ContentType"] == "image/webp"
    assert "immutable" in stored_object["CacheControl"]
    rows = {pk: item for (pk, sk), item in stored(client).items() if sk.startswith("MEDIA")}
    assert len(rows) == 2
    assert not any("expires_at" in row for row in rows.values()), "it no longer expires"


def test_with_a_cdn_the_address_is_on_the_cdn_and_caches_may_keep_it(
    call: Call,
    s3: Any,
    inspected: Callable[[str], str],
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media_id = create_image(call, s3, inspected)["id"]
    public = importlib.import_module("functions.public.app")
    addresses = ImageAddresses(table, Mock(), "https://cdn.example.com")
    monkeypatch.setattr(public, "image_addresses", addresses)
    response = show(call, media_id)
    assert header(response, "Location") == f"https://cdn.example.com/{keys(s3)[0]}"
    assert header(response, "Cache-Control") == "public, max-age=0, s-maxage=60"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (HTML, "not a PNG, JPEG, WebP, GIF or AVIF image"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"GIF89a<script>alert(1)</script>", "GIF"),
        (png(0, 0), "damaged"),
        (png(50_000, 1)[:24] + b"\0" * 40, "damaged"),
        (png(100, 100)[:60], "damaged"),
    ],
)
def test_a_refused_upload_is_removed_and_its_owner_is_told_why(
    call: Call, s3: Any, inspected: Callable[[str], str], content: bytes, reason: str
) -> None:
    made = json_body(call("media-create"))
    media_id = made["media"]["id"]
    assert (mine(call, media_id)["status"], mine(call, media_id)["reason"]) == ("pending", None)
    assert inspected(upload(s3, made, content)) == "refused"
    assert keys(s3) == []
    problem(show(call, media_id), 404)
    found = mine(call, media_id)
    assert found["status"] == "refused"
    assert reason in found["reason"]
    assert inspected(upload(s3, made)) == "refused", "a form is for one file"
    assert keys(s3) == []


def test_a_second_upload_with_the_same_form_changes_nothing(
    call: Call, s3: Any, inspected: Callable[[str], str]
) -> None:
    made = json_body(call("media-create"))
    inspected(upload(s3, made))
    before = keys(s3), mine(call, made["media"]["id"])
    for content in (HTML, png(3, 1)):
        assert inspected(upload(s3, made, content)) == "ready"
        assert (keys(s3), mine(call, made["media"]["id"])) == before


def test_two_inspections_at_once_leave_the_files_of_one(
    call: Call, s3: Any, bucket: Bucket, inspected: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    made = json_body(call("media-create"))
    media_id = made["media"]["id"]
    key = upload(s3, made)
    put = bucket.put_image

    def put_after_another(*arguments: Any) -> None:
        """Let an inspection of another upload with the same form be faster."""
        monkeypatch.setattr(bucket, "put_image", put)
        put(*arguments)
        upload(s3, made, png(3, 1))
        assert inspected(key) == "ready"

    monkeypatch.setattr(bucket, "put_image", put_after_another)
    assert inspected(key) == "ready"
    found = mine(call, media_id)
    assert (found["width"], found["widths"]) == (3, [3])
    (stored_key,) = keys(s3)
    assert stored_key.endswith("-3.webp")
    assert used(call) == found["bytes"]


def used(call: Call, sub: str = ALICE) -> int:
    return int(json_body(call("media-list-mine", sub=sub))["used_bytes"])


def test_duplicate_events_and_events_without_an_object_are_harmless(
    call: Call, s3: Any, inspected: Callable[[str], str]
) -> None:
    made = json_body(call("media-create"))
    key = made["upload"]["fields"]["key"]
    assert inspected(key) == "pending", "there is no object"
    assert inspected(upload(s3, made)) == "ready"
    assert inspected(key) == "ready"
    assert show(call, made["media"]["id"])["statusCode"] == 302
    stranger = key.replace(key.split("/")[1], "a" * 26)
    s3.put_object(Bucket=BUCKET, Key=stranger, Body=PNG)
    assert inspected(stranger) == "gone"
    unknown = f"uploads/{'a' * 26}/{MEDIA_ID}"
    s3.put_object(Bucket=BUCKET, Key=unknown, Body=PNG)
    assert inspected(unknown) == "gone"
    assert len(keys(s3)) == 1


def test_an_upload_of_a_banned_person_is_not_accepted(
    call: Call, s3: Any, inspected: Callable[[str], str], table: Table
) -> None:
    made = json_body(call("media-create"))
    me = json_body(call("account-get-me"))["author_id"]
    table.transact([Action(ban_key(me), item={"banned_at": "2026-01-01T00:00:00.000Z"})])
    assert inspected(upload(s3, made)) == "refused"
    assert keys(s3) == []
    assert "may not upload" in mine(call, made["media"]["id"])["reason"]
    assert "banned" in problem(call("media-create"), 403)["detail"]


def test_an_unfinished_upload_expires(call: Call, client: Any) -> None:
    call("media-create")
    rows = [item for (_, sk), item in stored(client).items() if sk.startswith("MEDIA")]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    assert len(rows) == 2
    for row in rows:
        assert float(row["expires_at"]["N"]) == pytest.approx(tomorrow, abs=10)


def test_uploads_are_limited_per_hour(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = RateLimits({**PER_HOUR, "uploads": 2})
    monkeypatch.setattr(importlib.import_module("functions.media.app").media, "_limits", limits)
    for _ in range(2):
        assert call("media-create")["statusCode"] == 201
    refused = call("media-create")
    problem(refused, 429)
    assert int(header(refused, "Retry-After")) > 0
    assert call("media-create", sub=BOB)["statusCode"] == 201


def test_a_cover_is_an_https_address_or_an_own_image(
    call: Call, s3: Any, inspected: Callable[[str], str]
) -> None:
    mine, bobs = create_image(call, s3, inspected), create_image(call, s3, inspected, BOB)
    pending_media = json_body(call("media-create"))["media"]
    body = {"title": "T", "status": "published"}
    made = call("posts-create", body=body | {"cover_image": mine["url"]})
    assert made["statusCode"] == 201
    post = json_body(made)
    assert post["cover_image"] == mine["url"]
    unknown = f"/media/{MEDIA_ID}"
    for address in (bobs["url"], pending_media["url"], unknown):
        for refused in (
            call("posts-create", body=body | {"cover_image": address}),
            call("posts-edit", post_id=post["id"], body={"cover_image": address}),
        ):
            (error,) = problem(refused, 422)["errors"]
            assert error["field"] == "cover_image"
            assert "image of yours" in error["message"]
    for odd in ("/media/x", "/media/", "/posts", "//x", "http://x", f"{unknown}/", "javascript:x"):
        (error,) = problem(call("posts-create", body=body | {"cover_image": odd}), 422)["errors"]
        assert error["field"] == "cover_image"
    assert json_body(call("public-list-posts"))["items"][0]["cover_image"] == mine["url"]
    feed = json_body(call("public-feed-json"))
    assert feed["items"][0]["image"] == f"https://blog.example.com{mine['url']}"


def test_an_edit_of_another_field_does_not_check_the_cover_again(
    call: Call, s3: Any, inspected: Callable[[str], str], table: Table
) -> None:
    mine = create_image(call, s3, inspected)
    post = json_body(call("posts-create", body={"title": "T", "cover_image": mine["url"]}))
    edited = call("posts-edit", post_id=post["id"], body={"title": "U"})
    assert edited["statusCode"] == 200
    assert json_body(edited)["cover_image"] == mine["url"]


@pytest.mark.parametrize("odd", ["x", "../posts", "01JDC0000000000000000000m0", ""])
def test_an_invalid_media_id_is_404(call: Call, odd: str) -> None:
    problem(show(call, odd), 404)


FAULTS = {
    "throttled": refused("SlowDown", 503),
    "broken": refused("InternalError", 500),
    "unreachable": EndpointConnectionError(endpoint_url="https://s3"),
    "mute": ReadTimeoutError(endpoint_url="https://s3"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["get_object", "put_object", "delete_objects"])
def test_a_bucket_outage_leaves_the_upload_for_the_next_try(
    call: Call, bucket: Bucket, inspected: Callable[[str], str], operation: str, fault: str
) -> None:
    s3 = bucket._client
    made = json_body(call("media-create"))
    key = upload(s3, made)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(s3, operation, Mock(side_effect=FAULTS[fault]))
        with pytest.raises(Unavailable):
            inspected(key)
    assert key in keys(s3)
    inspected(key)
    (stored_key,) = keys(s3)
    assert stored_key.startswith(key.replace("uploads/", "media/"))
    assert show(call, made["media"]["id"])["statusCode"] == 302


def test_an_s3_refusal_caused_by_a_bug_is_not_hidden(
    call: Call, bucket: Bucket, inspected: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = refused("AccessDenied", 403)
    monkeypatch.setattr(bucket._client, "get_object", Mock(side_effect=denied))
    key = upload(bucket._client, json_body(call("media-create")))
    with pytest.raises(ClientError):
        inspected(key)
