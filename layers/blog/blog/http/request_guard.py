"""The step in front of Powertools' resolver: what is not worth resolving is refused here.

Unaided, the resolver answers 500 to deep JSON and to broken UTF-8, 415 to merge patches, 422 to
malformed JSON, and takes the first element of a list for an object.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from blog.errors import BadRequest, ContentTooLarge, FieldError, Unprocessable, UnsupportedMediaType

MAX_REQUEST_BYTES = 1024 * 1024
MAX_DEPTH = 32
# Nothing reads another; the resolver would copy each of them six times, and the token with them.
_READ = frozenset({"content-type", "if-match", "if-none-match", "idempotency-key"})
_MEDIA_TYPES = {
    "POST": ("application/json",),
    "PUT": ("application/json",),
    "PATCH": ("application/json", "application/merge-patch+json"),
}


def normalized_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as the resolver can take it.

    The path is encoded again, because API Gateway has decoded it and the resolver's pattern knows
    no `#`; of the headers, those are there that a route reads; the body is known to be a JSON
    object of bounded size and depth. HEAD becomes GET.

    Raises ContentTooLarge, UnsupportedMediaType, BadRequest, and Unprocessable.
    """
    method = event["httpMethod"]
    headers = _joined_headers(event)
    body = _body_bytes(event)
    if len(body) > MAX_REQUEST_BYTES:
        raise ContentTooLarge("A request may have at most 1 MiB.")
    has_document = bool(body) and method in _MEDIA_TYPES
    # The resolver is not told: it knows JSON alone, which it takes a body without a type for.
    content_type = headers.pop("content-type", "application/json")
    if has_document:
        _check_media_type(content_type, method)
    return {
        **event,
        "httpMethod": "GET" if method == "HEAD" else method,
        "path": quote(event["path"], safe="/"),
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": _checked_json(body) if has_document else None,
        "isBase64Encoded": False,
    }


def _joined_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Those that are read, by lower-case names, several of one name as a list (RFC 9110 §5.3)."""
    fields: dict[str, list[str]] = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        if (lower := name.lower()) in _READ:
            fields.setdefault(lower, []).extend(values)
    return {name: ", ".join(values) for name, values in fields.items()}


def _body_bytes(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    # A lone surrogate can only come out of a test's event; it is no UTF-8 either way.
    return b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass")


def _check_media_type(content_type: str, method: str) -> None:
    """JSON, in UTF-8 if it says; no Content-Type at all counts as JSON, as at API Gateway."""
    allowed = _MEDIA_TYPES[method]
    media_type, _, parameters = content_type.lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if media_type.strip() not in allowed or charset not in ("", "charset=utf-8"):
        raise UnsupportedMediaType(f"The body must be {' or '.join(allowed)}, in UTF-8.")


def _checked_json(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as e:
        raise BadRequest("The body is not UTF-8.") from e
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as e:
        raise BadRequest(f"The body is nested more than {MAX_DEPTH} levels deep.") from e
    except ValueError as e:
        raise BadRequest("The body is not well-formed JSON.") from e
    if _is_deeper(value, MAX_DEPTH):
        raise BadRequest(f"The body is nested more than {MAX_DEPTH} levels deep.")
    if not isinstance(value, dict):
        raise Unprocessable([FieldError("", "Must be a JSON object")])
    return text


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _is_deeper(value: object, levels: int) -> bool:
    """Level by level rather than by recursion."""
    layer = [value]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return any(isinstance(value, dict | list) for value in layer)
