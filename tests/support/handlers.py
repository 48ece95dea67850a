"""Call handlers with the sample events, and check their responses."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from blog.dynamodb.table import Table
from tests.support.response_schemas import schema_errors
from tests.support.samples import ALICE, LambdaContext, sample_event

Response = dict[str, Any]
Call = Callable[..., Response]
FUNCTIONS = ("posts", "public", "account", "comments", "reactions", "moderation", "media")
HOLDERS = (
    "posts", "post_queries", "profiles", "comments", "comment_queries", "reports", "reactions",
    "reaction_queries", "moderators", "media", "image_addresses", "account_requests",
)  # fmt: skip
POST_ID = "01JDC0000000000000000000P0"
# Path parts of the sample events that tests replace.
AUTHOR_PART = "mfrggzdfmztwq2lknnwg23tpob"
COMMENT_PART = "01JDC0000000000000000000C0"


def _use(app: ModuleType, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a function this table. The public function gets it as it connects to its own."""
    if app.__name__ == "functions.public.app":
        table = table.for_public()
    if hasattr(app, "table"):
        monkeypatch.setattr(app, "table", table)
    for service in _services(app):
        monkeypatch.setattr(service, "_table", table)


def _services(app: ModuleType) -> Iterator[Any]:
    return (getattr(app, holder) for holder in HOLDERS if hasattr(app, holder))


def forget_rate_limits() -> None:
    """Let the handlers forget who is over a limit, as new execution environments do."""
    for name in FUNCTIONS:
        app = sys.modules.get(f"functions.{name}.app")
        for service in _services(app) if app else ():
            if hasattr(service, "_limits"):
                service._limits._hours.clear()


def forget_profiles() -> None:
    """Let the public function forget the profiles that it remembers for seconds."""
    app = importlib.import_module("functions.public.app")
    for table in {service._table for service in _services(app)}:
        if table._recent is not None:
            table._recent._found.clear()


def caller(table: Table, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that changes a sample event and sends it to its handler.

    The handlers use this table.
    """
    apps = {name: importlib.import_module(f"functions.{name}.app") for name in FUNCTIONS}
    for app in apps.values():
        _use(app, table, monkeypatch)

    def send(
        name: str,
        *,
        post_id: str = POST_ID,
        slug: str = "hello-world",
        parts: Mapping[str, str] | None = None,
        sub: str = ALICE,
        body: Any = ...,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        authorizer: dict[str, Any] | None = None,
        method: str | None = None,
        is_anonymous: bool = False,
    ) -> Response:
        event = sample_event(name)
        event["path"] = event["path"].replace(POST_ID, post_id).replace("hello-world", slug)
        context = event["requestContext"]
        context["path"] = context["path"].replace("hello-world", slug)
        for old, new in (parts or {}).items():
            event["path"] = event["path"].replace(old, new)
            context["path"] = context["path"].replace(old, new)
        if is_anonymous:
            context.pop("authorizer", None)
        if "authorizer" in event["requestContext"]:
            event["requestContext"]["authorizer"] |= {"sub": sub} | (authorizer or {})
        if body is not ...:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        event["multiValueHeaders"].pop("If-Match", None)
        for header, value in (headers or {}).items():
            event["multiValueHeaders"][header] = [value]
        if query is not None:
            event["queryStringParameters"] = query
            event["multiValueQueryStringParameters"] = {k: [v] for k, v in query.items()}
        event["httpMethod"] = method or event["httpMethod"]
        response: Response = apps[name.split("-", maxsplit=1)[0]].handler(event, LambdaContext())
        serialized: Response = json.loads(json.dumps(response))  # as Lambda serializes it
        assert schema_errors(event, serialized) == []
        return serialized

    return send


def json_body(response: Response) -> Any:
    return json.loads(response["body"])


def header(response: Response, name: str) -> str:
    (value,) = response["multiValueHeaders"][name]
    return str(value)


def problem(response: Response, status: int) -> dict[str, Any]:
    """Check that an error is well-formed problem JSON with CORS headers, and return its body."""
    assert response["statusCode"] == status, response
    assert header(response, "Content-Type") == "application/problem+json"
    assert header(response, "Access-Control-Allow-Origin") == "https://blog.example.com"
    body: dict[str, Any] = json_body(response)
    assert body["status"] == status
    assert {"type", "title", "detail"} <= body.keys()
    return body
