"""The local stack enforces roles as AWS would, and prints which right a role lacks."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from devserver.aws.role_checks import CheckedDynamoDb
from devserver.aws.s3 import CheckedS3, Cors
from devserver.template.intrinsics import LOCAL_CREDENTIAL
from devserver.template.rights import Rights, bounded
from tests.support.engines import DEPLOYMENT

ENDPOINT = "http://localhost:9401"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/T"
RIGHTS: Rights = {
    "ReadingFunction": [("dynamodb:GetItem", TABLE), ("s3:GetObject", "arn:aws:s3:::B/media/*")],
    "WritingFunction": [
        ("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE),
        ("s3:GetObject", "arn:aws:s3:::B/*"), ("s3:PutObject", "arn:aws:s3:::B/media/*"),
        ("s3:DeleteObject", "arn:aws:s3:::B/media/*"), ("s3:ListBucket", "arn:aws:s3:::B"),
    ],
}  # fmt: skip
ONE = {"TableName": "T"}


def moto(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Accept every request. Only the object `missing` does not exist."""
    status = 404 if environ["PATH_INFO"].endswith("/missing") else 200
    return Response("{}", status)(environ, start_response)


def call_dynamodb(caller: str, operation: str, **request: Any) -> Any:
    """Return DynamoDB's response to a caller."""
    headers = {
        "Authorization": signed(caller, "dynamodb"),
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    return Client(CheckedDynamoDb(moto, RIGHTS)).post(
        "/", headers=headers, data=json.dumps(request)
    )


def signed(caller: str, service: str) -> str:
    """Return an Authorization header that names a caller."""
    scope = f"20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={caller}/{scope}, Signature="


@pytest.mark.parametrize(
    ("caller", "operation", "request_"),
    [
        ("ReadingFunction", "GetItem", ONE),
        ("WritingFunction", "PutItem", ONE),
        ("WritingFunction", "TransactWriteItems",
         {"TransactItems": [{"Put": ONE}, {"ConditionCheck": ONE}]}),
        (LOCAL_CREDENTIAL, "CreateTable", ONE),
        ("key-of-a-developer", "Scan", ONE),
    ],
)  # fmt: skip
def test_dynamodb_accepts_what_a_role_allows(caller: str, operation: str, request_: Any) -> None:
    assert call_dynamodb(caller, operation, **request_).status_code == 200


@pytest.mark.parametrize(
    ("caller", "operation", "request_", "refused"),
    [
        ("ReadingFunction", "PutItem", ONE, "dynamodb:PutItem"),
        ("ReadingFunction", "GetItem", {"TableName": "Other"}, "dynamodb:GetItem"),
        ("ReadingFunction", "BatchGetItem", {"RequestItems": {"T": {}}}, "dynamodb:BatchGetItem"),
        ("WritingFunction", "TransactWriteItems",
         {"TransactItems": [{"Put": ONE}, {"Delete": ONE}]}, "dynamodb:DeleteItem"),
        ("WritingFunction", "Scan", ONE, "dynamodb:Scan"),
        ("WritingFunction", "ListTables", {}, "dynamodb:ListTables"),
    ],
)  # fmt: skip
def test_dynamodb_refuses_what_a_role_does_not_allow_and_prints_it(
    caller: str, operation: str, request_: Any, refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    response = call_dynamodb(caller, operation, **request_)
    assert response.status_code == 400
    assert response.get_json(force=True)["__type"].endswith("#AccessDeniedException")
    assert f"{caller}'s role does not allow {refused} on " in capsys.readouterr().err


def call_s3(caller: str, method: str, path: str, **more: Any) -> int:
    """Return the status of S3's response to a caller."""
    cors = Cors("https://a.example", ("GET",))
    client = Client(CheckedS3(moto, cors, lambda upload: None, RIGHTS))
    headers = {"Authorization": signed(caller, "s3"), **more.pop("headers", {})}
    status: int = client.open(
        path, method=method, base_url=ENDPOINT, headers=headers, **more
    ).status_code
    return status


DELETION = "<Delete><Object><Key>{}</Key></Object></Delete>"


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/B/exports/a", {}),
        ("HEAD", "/B/missing", {}),
        ("GET", "/B?list-type=2&prefix=media", {}),
        ("PUT", "/B/media/a", {}),
        ("PUT", "/B/media/a", {"headers": {"x-amz-copy-source": "B/uploads/a"}}),
        ("PUT", "/B/media/a?partNumber=1&uploadId=u", {}),
        ("POST", "/B/media/a?uploads", {}),
        ("DELETE", "/B/media/a", {}),
        ("POST", "/B?delete", {"data": DELETION.format("media/a")}),
    ],
)
def test_s3_accepts_what_a_role_allows_and_refuses_other_callers(
    method: str, path: str, more: dict[str, Any]
) -> None:
    status = call_s3("WritingFunction", method, path, **more)
    assert status == (404 if path.endswith("missing") else 200)
    assert call_s3("ReadingFunction", method, path, **more) == 403
    assert call_s3("NoFunction", method, path, **more) == 403


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("PUT", "/B/uploads/a", {}),
        ("PUT", "/B/media/a", {"headers": {"x-amz-copy-source": "Other/media/a"}}),
        ("DELETE", "/B/media/a?uploadId=u", {}),
        ("POST", "/B?delete", {"data": DELETION.format("exports/a")}),
        ("GET", "/Other/media/a", {}),
    ],
)
def test_s3_refuses_what_a_role_does_not_allow(
    method: str, path: str, more: dict[str, Any]
) -> None:
    assert call_s3("WritingFunction", method, path, **more) == 403


def test_a_missing_object_is_404_only_for_callers_that_may_list_the_bucket() -> None:
    assert call_s3("WritingFunction", "GET", "/B/media/missing") == 404
    assert call_s3("ReadingFunction", "GET", "/B/media/missing") == 403
    assert call_s3(LOCAL_CREDENTIAL, "GET", "/B/media/missing") == 404


BOUNDARY = [("logs:Put*", "group:*"), ("dynamodb:*Item", TABLE), ("s3:GetObject", "B/*")]


@pytest.mark.parametrize(
    ("right", "left"),
    [
        (("dynamodb:GetItem", TABLE), [("dynamodb:GetItem", TABLE)]),
        (("s3:GetObject", "B/media/*"), [("s3:GetObject", "B/media/*")]),
        (("logs:PutLogEvents", "*"), [("logs:PutLogEvents", "group:*")]),
        (("dynamodb:Scan", TABLE), []),
        (("dynamodb:GetItem", "another"), []),
        (("s3:GetObject", "C/media/*"), []),
    ],
)
def test_a_role_with_a_boundary_may_do_only_what_both_allow(
    right: tuple[str, str], left: list[tuple[str, str]]
) -> None:
    assert list(bounded([right], BOUNDARY)) == left


def test_the_template_gives_every_function_its_rights() -> None:
    assert DEPLOYMENT.rights.keys() == DEPLOYMENT.functions.keys()
    actions = {action for action, _ in DEPLOYMENT.rights["PublicFunction"]}
    assert actions == {
        "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "s3:GetObject",
    }  # fmt: skip
