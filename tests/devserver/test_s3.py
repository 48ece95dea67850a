"""The dev server checks requests as S3 does. Moto's S3 behind it accepts everything."""

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
from devserver.aws.s3 import CheckedS3, Cors, Upload
from devserver.lambda_.eventbridge import matches, upload_event
from devserver.template.intrinsics import LOCAL_CREDENTIAL

ENDPOINT = "http://localhost:9401"
KEY = "uploads/author/01JDC0000000000000000000M0"
CONTENT = b"\x89PNG\r\n\x1a\n12"


class Bucket:
    """A stand-in for moto's S3 that records the requests that pass the checks."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.status = "204 No Content"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
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
def s3_client(bucket: Bucket, uploads: list[Upload]) -> Client:
    return Client(CheckedS3(bucket, CORS, uploads.append))


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
    """Return the fields of a form as the API signs it."""
    chosen = conditions or [{"Content-Type": "image/png"}, ["content-length-range", 10, 10]]
    signed: dict[str, Any] = (signer or client()).generate_presigned_post(
        "MediaBucket", KEY, Fields={"Content-Type": "image/png"}, Conditions=chosen,
        ExpiresIn=expires_in,
    )  # fmt: skip
    fields: dict[str, str] = signed["fields"]
    return fields


def send(
    s3_client: Client, fields: dict[str, str], content: bytes = CONTENT, path: str = "/MediaBucket"
) -> Any:
    data = {**fields, "file": (io.BytesIO(content), "a.png")}
    return s3_client.post(path, base_url=ENDPOINT, data=data)


def test_a_signed_form_is_accepted_and_its_upload_reported(
    s3_client: Client, bucket: Bucket, uploads: list[Upload]
) -> None:
    response = send(s3_client, form())
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"
    assert bucket.requests == ["POST /MediaBucket"]
    assert uploads == [Upload("MediaBucket", KEY, 10)]


@pytest.mark.parametrize(("method", "status"), [("POST", 200), ("PUT", 403)])
def test_a_preflight_allows_only_the_methods_of_the_bucket(
    s3_client: Client, bucket: Bucket, method: str, status: int
) -> None:
    headers = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-one"}
    response = s3_client.options("/MediaBucket", headers=headers)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"
    allowed = response.headers.get("Access-Control-Allow-Headers")
    assert allowed == ("x-one" if status == 200 else None)
    assert bucket.requests == []


def test_a_failed_upload_is_not_reported(
    s3_client: Client, bucket: Bucket, uploads: list[Upload]
) -> None:
    bucket.status = "404 Not Found"
    assert send(s3_client, form()).status_code == 404
    assert uploads == []


def forged(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields with another policy than the signed one."""
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"] = []
    return fields | {"policy": base64.b64encode(json.dumps(policy).encode()).decode()}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": "media/another-author/x"}, "AccessDenied"),
        ({"Content-Type": "text/html"}, "AccessDenied"),
        ({"acl": "public-read"}, "AccessDenied"),
        ({"x-amz-meta-a": "b"}, "AccessDenied"),
        ({"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
        ({"x-amz-date": "20260101T000000Z"}, "InvalidAccessKeyId"),
        ({"x-amz-credential": "author/20260101/us-east-1/s3/aws4_request"}, "InvalidAccessKeyId"),
        ({"policy": ""}, "SignatureDoesNotMatch"),
    ],
)
def test_a_changed_form_is_denied(
    s3_client: Client, bucket: Bucket, fields: dict[str, str], code: str
) -> None:
    response = send(s3_client, form() | fields)
    assert (response.status_code, bucket.requests) == (403, [])
    assert f"<Code>{code}</Code>" in response.text
    assert response.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"


@pytest.mark.parametrize("missing", ["policy", "key", "x-amz-signature", "Content-Type"])
def test_a_form_with_a_missing_field_is_denied(
    s3_client: Client, bucket: Bucket, missing: str
) -> None:
    fields = form()
    del fields[missing]
    assert send(s3_client, fields).status_code == 403
    assert bucket.requests == []


def test_forms_with_a_foreign_signature_or_a_forged_policy_are_denied(
    s3_client: Client, bucket: Bucket
) -> None:
    for fields in (form(client("another")), form(client(key_id="another")), forged(form())):
        assert send(s3_client, fields).status_code == 403
    assert bucket.requests == []


@pytest.mark.parametrize(
    ("content", "code"), [(CONTENT[:-1], "EntityTooSmall"), (CONTENT + b"x", "EntityTooLarge")]
)
def test_a_file_of_the_wrong_size_is_denied(
    s3_client: Client, bucket: Bucket, content: bytes, code: str
) -> None:
    response = send(s3_client, form(), content)
    assert (response.status_code, bucket.requests) == (400, [])
    assert code in response.text


def test_a_form_expires_and_is_valid_for_one_bucket(
    s3_client: Client, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(s3_client, form(), path="/AnotherBucket").status_code == 403
    advance_clock(monkeypatch, 590)
    assert send(s3_client, form()).status_code == 204
    assert "Policy expired" in send(s3_client, form(expires_in=580)).text
    assert bucket.requests == ["POST /MediaBucket"]


def advance_clock(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Set the clock of the checks this many seconds ahead."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    monkeypatch.setattr(s3, "datetime", Later)


def test_all_kinds_of_policy_conditions_are_checked(s3_client: Client) -> None:
    exact = [{"Content-Type": "image/png"}]
    for condition, status in (
        (["starts-with", "$Content-Type", "image/"], 204),
        (["starts-with", "$Content-Type", "video/"], 403),
        (["eq", "$Content-Type", "image/png"], 204),
        (["eq", "$Content-Type", "image/gif"], 403),
        (["ends-with", "$Content-Type", "png"], 400),
    ):
        assert send(s3_client, form(conditions=[condition, *exact])).status_code == status


def test_a_form_without_a_file_is_400(s3_client: Client, bucket: Bucket) -> None:
    response = s3_client.post(
        "/MediaBucket", base_url=ENDPOINT, data=form(), content_type="multipart/form-data"
    )
    assert (response.status_code, bucket.requests) == (400, [])


def presigned_url(signer: Any = None, expires_in: int = 900) -> str:
    where = {"Bucket": "MediaBucket", "Key": "media/a b"}
    url = (signer or client()).generate_presigned_url("get_object", where, ExpiresIn=expires_in)
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_a_presigned_url_is_valid_only_for_its_method_key_and_time(
    s3_client: Client, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert s3_client.get(presigned_url(), base_url=ENDPOINT).status_code == 204
    for invalid in (
        presigned_url().replace("a%20b", "c"),
        presigned_url().replace("Expires=900", "Expires=901"),
        presigned_url()[:-1] + "x",
        presigned_url(client("another")),
        "/MediaBucket/media/a%20b",
        "/MediaBucket/",
    ):
        assert s3_client.get(invalid, base_url=ENDPOINT).status_code == 403, invalid
    assert s3_client.delete(presigned_url(), base_url=ENDPOINT).status_code == 403
    assert s3_client.get(presigned_url(), base_url="http://elsewhere:9401").status_code == 403
    advance_clock(monkeypatch, 890)
    assert s3_client.get(presigned_url(expires_in=880), base_url=ENDPOINT).status_code == 403
    assert bucket.requests == ["GET /MediaBucket/media/a b"]


def test_only_known_credentials_are_accepted(s3_client: Client, bucket: Bucket) -> None:
    authorization = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request"
    assert (
        s3_client.put("/MediaBucket/x", headers={"Authorization": authorization}).status_code == 204
    )
    for invalid in ("", "Bearer x", authorization.replace("=local/", "=eve/")):
        response = s3_client.put("/MediaBucket/x", headers={"Authorization": invalid})
        assert response.status_code == 403
    assert bucket.requests == ["PUT /MediaBucket/x"]


def test_an_upload_event_matches_the_templates_pattern() -> None:
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["B"]}, "object": {"key": [{"prefix": "uploads/"}]}},
    }
    assert matches(pattern, upload_event(Upload("B", "uploads/x", 1)))
    assert not matches(pattern, upload_event(Upload("B", "media/x", 1)))
    assert not matches(pattern, upload_event(Upload("C", "uploads/x", 1)))
