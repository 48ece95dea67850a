"""The local stack enforces roles as AWS would, and prints which right a role lacks."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from devserver.aws.role_checks import DynamoDbRoles
from devserver.aws.s3 import Cors, Front
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
    """Does whatever it is asked; of one object it knows nothing."""
    status = 404 if environ["PATH_INFO"].endswith("/missing") else 200
    return Response("{}", status)(environ, start_response)


def ask(who: str, operation: str, **request: Any) -> Any:
    """The answer of DynamoDB to somebody."""
    headers = {
        "Authorization": signed(who, "dynamodb"),
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    return Client(DynamoDbRoles(moto, RIGHTS)).post("/", headers=headers, data=json.dumps(request))


def signed(who: str, service: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential={who}/20260101/us-east-1/{service}/aws4_request, Signature="
    )


@pytest.mark.parametrize(
    ("who", "operation", "request_"),
    [
        ("ReadingFunction", "GetItem", ONE),
        ("WritingFunction", "PutItem", ONE),
        ("WritingFunction", "TransactWriteItems",
         {"TransactItems": [{"Put": ONE}, {"ConditionCheck": ONE}]}),
        (LOCAL_CREDENTIAL, "CreateTable", ONE),
        ("somebodys-own-key", "Scan", ONE),
    ],
)  # fmt: skip
def test_what_a_role_allows_is_done(who: str, operation: str, request_: Any) -> None:
    assert ask(who, operation, **request_).status_code == 200


@pytest.mark.parametrize(
    ("who", "operation", "request_", "refused"),
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
def test_what_a_role_does_not_allow_is_refused_and_told(
    who: str, operation: str, request_: Any, refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(who, operation, **request_)
    assert answer.status_code == 400
    assert answer.get_json(force=True)["__type"].endswith("#AccessDeniedException")
    assert f"{who}'s role does not allow {refused} on " in capsys.readouterr().err


def send(who: str, method: str, path: str, **more: Any) -> int:
    """The status of S3's answer to somebody."""
    front = Client(Front(moto, Cors("https://a.example", ("GET",)), lambda upload: None, RIGHTS))
    headers = {"Authorization": signed(who, "s3"), **more.pop("headers", {})}
    status: int = front.open(
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
def test_s3_does_what_a_role_allows_and_refuses_the_others(
    method: str, path: str, more: dict[str, Any]
) -> None:
    status = send("WritingFunction", method, path, **more)
    assert status == (404 if path.endswith("missing") else 200)
    assert send("ReadingFunction", method, path, **more) == 403
    assert send("NoFunction", method, path, **more) == 403


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
def test_s3_refuses_what_is_beside_a_role(method: str, path: str, more: dict[str, Any]) -> None:
    assert send("WritingFunction", method, path, **more) == 403


def test_an_object_that_is_not_there_is_told_of_to_who_could_list_it() -> None:
    assert send("WritingFunction", "GET", "/B/media/missing") == 404
    assert send("ReadingFunction", "GET", "/B/media/missing") == 403
    assert send(LOCAL_CREDENTIAL, "GET", "/B/media/missing") == 404


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
def test_a_boundary_leaves_what_both_allow(
    right: tuple[str, str], left: list[tuple[str, str]]
) -> None:
    assert list(bounded([right], BOUNDARY)) == left


def test_the_templates_rights_are_known() -> None:
    assert DEPLOYMENT.rights.keys() == DEPLOYMENT.functions.keys()
    actions = {action for action, _ in DEPLOYMENT.rights["PublicFunction"]}
    assert actions == {
        "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "s3:GetObject",
    }  # fmt: skip
