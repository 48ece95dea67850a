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


class RoleChecks:
    """The rights of functions. A caller that is no function may do everything."""

    def __init__(self, rights: Rights = NO_RIGHTS) -> None:
        self.rights = rights
        self._prints_accesses = os.environ.get("ROLES") == "tell"
        self._printed: set[tuple[str, str, str]] = set()

    def first_denied(self, caller: str, accesses: Iterable[Access]) -> Access | None:
        """Return the first access that this function has no right to, and print it."""
        for access in accesses:
            if not self.allow(caller, access):
                denied = f"{access.action} on {access.resource}"
                print(f"{caller}'s role does not allow {denied}: template.yaml", file=sys.stderr)
                return access
        return None

    def allow(self, caller: str, access: Access) -> bool:
        """Return whether the caller may make this access."""
        if caller not in self.rights:
            return True
        right = self._right(caller, access)
        if right is None:
            return False
        if self._prints_accesses and (caller, *right) not in self._printed:
            self._printed.add((caller, *right))
            print(f"{caller} uses {right[0]} on {right[1]}", file=sys.stderr)
        return True

    def _right(self, caller: str, access: Access) -> tuple[str, str] | None:
        for action, resource in self.rights[caller]:
            if action == access.action and fnmatchcase(access.resource, resource):
                return action, resource
        return None


def caller_of(authorization: str) -> str:
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


class CheckedDynamoDb:
    """A WSGI application: moto's DynamoDB, with the roles enforced."""

    def __init__(self, moto: Any, rights: Rights) -> None:
        self._moto = moto
        self.set_rights(rights)

    def set_rights(self, rights: Rights) -> None:
        """Enforce these rights from now on."""
        self._checks = RoleChecks(rights)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Handle one request."""
        caller = caller_of(environ.get("HTTP_AUTHORIZATION", ""))
        if caller in self._checks.rights:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            accesses = accesses_of_dynamodb(environ.get("HTTP_X_AMZ_TARGET", ""), body)
            if denied := self._checks.first_denied(caller, accesses):
                return _denied(denied)(environ, start_response)
        response: Iterable[bytes] = self._moto(environ, start_response)
        return response


def _denied(access: Access) -> Response:
    message = f"User is not authorized to perform: {access.action} on resource: {access.resource}"
    kind = "com.amazon.coral.service#AccessDeniedException"
    text = json.dumps({"__type": kind, "Message": message})
    return Response(text, 400, content_type="application/x-amz-json-1.0")


def accesses_of_s3(request: Request) -> Iterator[Access]:
    """Return what a path-style request accesses; for a form, the key that it names."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    arn, method, query = f"arn:aws:s3:::{bucket}", request.method, request.args
    object_arn = f"{arn}/{key}"
    if not key:
        match method:
            case "POST" if "delete" in query:
                for one in re.findall(r"<Key>([^<]*)</Key>", request.get_data(as_text=True)):
                    yield Access("s3:DeleteObject", f"{arn}/{unescape(one)}")
            case "POST":
                yield Access("s3:PutObject", f"{arn}/{request.form['key']}")
            case _:
                yield Access("s3:ListBucket", arn)
    elif method in ("GET", "HEAD"):
        yield Access("s3:GetObject", object_arn)
    elif method == "DELETE":
        yield Access(
            "s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", object_arn
        )
    else:
        if source := request.headers.get("x-amz-copy-source"):
            yield Access("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")
        yield Access("s3:PutObject", object_arn)
