"""What the devserver checks in front of moto's S3, which takes anything: as S3 itself would."""

import base64
import io
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from werkzeug.test import Client

from devserver.aws import s3
from devserver.aws.s3 import Cors, Front, Upload
from devserver.lambda_.eventbridge import matches, uploaded
from devserver.template.intrinsics import LOCAL_CREDENTIAL

ENDPOINT = "http://localhost:9401"
KEY = "uploads/somebody/01JDC0000000000000000000M0"
CONTENT = b"\x89PNG\r\n\x1a\n12"


class Bucket:
    """What passes the front: moto's place."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.status = "204 No Content"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.reached.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        start_response(self.status, [("Content-Type", "text/plain")])
        return [b""]


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


CORS = Cors("https://blog.example.com", ("GET", "POST"))


@pytest.fixture
def uploads() -> list[Upload]:
    return []


@pytest.fixture
def front(bucket: Bucket, uploads: list[Upload]) -> Client:
    return Client(Front(bucket, CORS, uploads.append))


def client(secret: str = LOCAL_CREDENTIAL, key_id: str = LOCAL_CREDENTIAL) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(signature_version="s3v4"),
    )


def form(signer: Any = None, expires_in: int = 600, conditions: Any = None) -> dict[str, str]:
    """As the API signs it."""
    bounds = conditions or [{"Content-Type": "image/png"}, ["content-length-range", 10, 10]]
    made: dict[str, Any] = (signer or client()).generate_presigned_post(
        "MediaBucket", KEY, Fields={"Content-Type": "image/png"}, Conditions=bounds,
        ExpiresIn=expires_in,
    )  # fmt: skip
    fields: dict[str, str] = made["fields"]
    return fields


def send(
    front: Client, fields: dict[str, str], content: bytes = CONTENT, path: str = "/MediaBucket"
) -> Any:
    data = {**fields, "file": (io.BytesIO(content), "a.png")}
    return front.post(path, base_url=ENDPOINT, data=data)


def test_a_form_as_it_was_signed_passes_and_is_told_of(
    front: Client, bucket: Bucket, uploads: list[Upload]
) -> None:
    answer = send(front, form())
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"
    assert bucket.reached == ["POST /MediaBucket"]
    assert uploads == [Upload("MediaBucket", KEY, 10)]


@pytest.mark.parametrize(("method", "status"), [("POST", 200), ("PUT", 403)])
def test_a_browser_may_ask_first_for_what_the_bucket_allows(
    front: Client, bucket: Bucket, method: str, status: int
) -> None:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-one"}
    answer = front.options("/MediaBucket", headers=asked)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"
    allowed = answer.headers.get("Access-Control-Allow-Headers")
    assert allowed == ("x-one" if status == 200 else None)
    assert bucket.reached == []


def test_what_the_bucket_refuses_is_not_told_of(
    front: Client, bucket: Bucket, uploads: list[Upload]
) -> None:
    bucket.status = "404 Not Found"
    assert send(front, form()).status_code == 404
    assert uploads == []


def forged(fields: dict[str, str]) -> dict[str, str]:
    """A policy that says something else than what was signed."""
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"] = []
    return fields | {"policy": base64.b64encode(json.dumps(policy).encode()).decode()}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": "media/somebody/else"}, "AccessDenied"),
        ({"Content-Type": "text/html"}, "AccessDenied"),
        ({"acl": "public-read"}, "AccessDenied"),
        ({"x-amz-meta-a": "b"}, "AccessDenied"),
        ({"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
        ({"x-amz-date": "20260101T000000Z"}, "InvalidAccessKeyId"),
        ({"x-amz-credential": "somebody/20260101/us-east-1/s3/aws4_request"}, "InvalidAccessKeyId"),
        ({"policy": ""}, "SignatureDoesNotMatch"),
    ],
)
def test_a_form_that_was_changed_is_denied(
    front: Client, bucket: Bucket, fields: dict[str, str], code: str
) -> None:
    answer = send(front, form() | fields)
    assert (answer.status_code, bucket.reached) == (403, [])
    assert f"<Code>{code}</Code>" in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"


@pytest.mark.parametrize("left_out", ["policy", "key", "x-amz-signature", "Content-Type"])
def test_a_form_without_one_of_its_fields_is_denied(
    front: Client, bucket: Bucket, left_out: str
) -> None:
    fields = form()
    del fields[left_out]
    assert send(front, fields).status_code == 403
    assert bucket.reached == []


def test_forms_that_others_signed_or_forged_are_denied(front: Client, bucket: Bucket) -> None:
    for fields in (form(client("another")), form(client(key_id="another")), forged(form())):
        assert send(front, fields).status_code == 403
    assert bucket.reached == []


@pytest.mark.parametrize(
    ("content", "code"), [(CONTENT[:-1], "EntityTooSmall"), (CONTENT + b"x", "EntityTooLarge")]
)
def test_a_file_of_another_size_is_denied(
    front: Client, bucket: Bucket, content: bytes, code: str
) -> None:
    answer = send(front, form(), content)
    assert (answer.status_code, bucket.reached) == (400, [])
    assert code in answer.text


def test_a_form_expires_and_is_for_its_bucket_alone(
    front: Client, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(front, form(), path="/AnotherBucket").status_code == 403
    late(monkeypatch, 590)
    assert send(front, form()).status_code == 204
    assert "Policy expired" in send(front, form(expires_in=580)).text
    assert bucket.reached == ["POST /MediaBucket"]


def late(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """The front's clock, so many seconds from now."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    monkeypatch.setattr(s3, "datetime", Later)


def test_the_policys_other_conditions_are_heard(front: Client) -> None:
    exact = [{"Content-Type": "image/png"}]
    for condition, status in (
        (["starts-with", "$Content-Type", "image/"], 204),
        (["starts-with", "$Content-Type", "video/"], 403),
        (["eq", "$Content-Type", "image/png"], 204),
        (["eq", "$Content-Type", "image/gif"], 403),
        (["ends-with", "$Content-Type", "png"], 400),
    ):
        assert send(front, form(conditions=[condition, *exact])).status_code == status


def test_a_form_without_a_file_is_400(front: Client, bucket: Bucket) -> None:
    answer = front.post(
        "/MediaBucket", base_url=ENDPOINT, data=form(), content_type="multipart/form-data"
    )
    assert (answer.status_code, bucket.reached) == (400, [])


def address(signer: Any = None, expires_in: int = 900) -> str:
    where = {"Bucket": "MediaBucket", "Key": "media/a b"}
    url = (signer or client()).generate_presigned_url("get_object", where, ExpiresIn=expires_in)
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_a_signed_address_holds_for_its_method_key_and_time(
    front: Client, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert front.get(address(), base_url=ENDPOINT).status_code == 204
    for odd in (
        address().replace("a%20b", "c"),
        address().replace("Expires=900", "Expires=901"),
        address()[:-1] + "x",
        address(client("another")),
        "/MediaBucket/media/a%20b",
        "/MediaBucket/",
    ):
        assert front.get(odd, base_url=ENDPOINT).status_code == 403, odd
    assert front.delete(address(), base_url=ENDPOINT).status_code == 403
    assert front.get(address(), base_url="http://elsewhere:9401").status_code == 403
    late(monkeypatch, 890)
    assert front.get(address(expires_in=880), base_url=ENDPOINT).status_code == 403
    assert bucket.reached == ["GET /MediaBucket/media/a b"]


def test_functions_pass_and_nobody_else(front: Client, bucket: Bucket) -> None:
    theirs = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request"
    assert front.put("/MediaBucket/x", headers={"Authorization": theirs}).status_code == 204
    for odd in ("", "Bearer x", theirs.replace("=local/", "=eve/")):
        answer = front.put("/MediaBucket/x", headers={"Authorization": odd})
        assert answer.status_code == 403
    assert bucket.reached == ["PUT /MediaBucket/x"]


def test_what_is_told_of_is_an_event_of_the_templates_pattern() -> None:
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["B"]}, "object": {"key": [{"prefix": "uploads/"}]}},
    }
    assert matches(pattern, uploaded(Upload("B", "uploads/x", 1)))
    assert not matches(pattern, uploaded(Upload("B", "media/x", 1)))
    assert not matches(pattern, uploaded(Upload("C", "uploads/x", 1)))
