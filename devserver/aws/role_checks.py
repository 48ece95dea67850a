"""Enforce the rights that the template's roles give each function, as AWS does.

Functions use their names as credentials. With ROLES=tell, the first use of each right is printed.
"""

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import unquote
from xml.sax.saxutils import unescape

from werkzeug.wrappers import Request, Response

from devserver.template.intrinsics import ACCOUNT, REGION
from devserver.template.rights import NO_RIGHTS, Rights

_CREDENTIAL = re.compile(r"Credential=(\w+)/")
_WRITES = {
    "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}  # fmt: skip


class Access(NamedTuple):
    """One action on one resource, which is named by its ARN."""

    action: str
    resource: str


class Roles:
    """The rights of functions. A caller that is no function may do everything."""

    def __init__(self, rights: Rights = NO_RIGHTS) -> None:
        self.rights = rights
        self._is_telling = os.environ.get("ROLES") == "tell"
        self._told: set[tuple[str, str, str]] = set()

    def refused(self, who: str, uses: Iterable[Access]) -> Access | None:
        """Return the first access that this function has no right to, and print it."""
        for use in uses:
            if not self.allow(who, use):
                print(f"{who}'s role does not allow {use.action} on {use.resource}: template.yaml",
                      file=sys.stderr)  # fmt: skip
                return use
        return None

    def allow(self, who: str, use: Access) -> bool:
        """Return whether the caller may make this access."""
        if who not in self.rights:
            return True
        right = self._right(who, use)
        if right is None:
            return False
        if self._is_telling and (who, *right) not in self._told:
            self._told.add((who, *right))
            print(f"{who} uses {right[0]} on {right[1]}", file=sys.stderr)
        return True

    def _right(self, who: str, use: Access) -> tuple[str, str] | None:
        for action, resource in self.rights[who]:
            if action == use.action and fnmatchcase(use.resource, resource):
                return action, resource
        return None


def caller(authorization: str) -> str:
    """Return whose credentials an Authorization header names (Signature Version 4), or ""."""
    match = _CREDENTIAL.search(authorization)
    return match[1] if match else ""


def accesses_of_dynamodb(target: str, body: bytes) -> Iterator[Access]:
    """Return what a request accesses; for a transaction, what its parts access."""
    operation = target.rpartition(".")[2]
    request = json.loads(body or b"{}")
    if operation == "TransactWriteItems":
        for part in request["TransactItems"]:
            for kind, one in part.items():
                yield Access(f"dynamodb:{_WRITES[kind]}", _table(one["TableName"]))
    elif "RequestItems" in request:
        for name in request["RequestItems"]:
            yield Access(f"dynamodb:{operation}", _table(name))
    else:
        yield Access(f"dynamodb:{operation}", _table(request.get("TableName", "*")))


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


class DynamoDbRoles:
    """A WSGI application: moto's DynamoDB, with the roles enforced."""

    def __init__(self, moto: Any, rights: Rights) -> None:
        self._moto = moto
        self.know(rights)

    def know(self, rights: Rights) -> None:
        """Enforce these rights from now on."""
        self._roles = Roles(rights)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Handle one request."""
        who = caller(environ.get("HTTP_AUTHORIZATION", ""))
        if who in self._roles.rights:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            uses = accesses_of_dynamodb(environ.get("HTTP_X_AMZ_TARGET", ""), body)
            if refused := self._roles.refused(who, uses):
                return _denied(refused)(environ, start_response)
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer


def _denied(use: Access) -> Response:
    message = f"User is not authorized to perform: {use.action} on resource: {use.resource}"
    kind = "com.amazon.coral.service#AccessDeniedException"
    text = json.dumps({"__type": kind, "Message": message})
    return Response(text, 400, content_type="application/x-amz-json-1.0")


def accesses_of_s3(request: Request) -> Iterator[Access]:
    """Return what a path-style request accesses; for a form, the key that it names."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    arn, method, asked = f"arn:aws:s3:::{bucket}", request.method, request.args
    place = f"{arn}/{key}"
    if not key:
        match method:
            case "POST" if "delete" in asked:
                for one in re.findall(r"<Key>([^<]*)</Key>", request.get_data(as_text=True)):
                    yield Access("s3:DeleteObject", f"{arn}/{unescape(one)}")
            case "POST":
                yield Access("s3:PutObject", f"{arn}/{request.form['key']}")
            case _:
                yield Access("s3:ListBucket", arn)
    elif method in ("GET", "HEAD"):
        yield Access("s3:GetObject", place)
    elif method == "DELETE":
        yield Access("s3:AbortMultipartUpload" if "uploadId" in asked else "s3:DeleteObject", place)
    else:
        if source := request.headers.get("x-amz-copy-source"):
            yield Access("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")
        yield Access("s3:PutObject", place)
