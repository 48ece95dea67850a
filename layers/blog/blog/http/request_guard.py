"""The step before Powertools' resolver: it rejects malformed requests.

Without it, the resolver answers 500 to deep JSON and to broken UTF-8, 415 to merge patches and 422
to malformed JSON. It also takes the first element of a list for an object.
"""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from blog.errors import BadRequest, ContentTooLarge, FieldError, Unprocessable, UnsupportedMediaType

MAX_REQUEST_BYTES = 1024 * 1024
MAX_DEPTH = 32
# Routes read no other headers. The resolver would copy each of them six times, the token included.
_READ = frozenset({"content-type", "if-match", "if-none-match", "idempotency-key"})
_ALLOWED_IN_PATHS = "/%:@!$&'()*+,;=~"  # RFC 3986 §3.3, and `%` of encoded bytes
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_MEDIA_TYPES = {
    "POST": ("application/json",),
    "PUT": ("application/json",),
    "PATCH": ("application/json", "application/merge-patch+json"),
    "DELETE": ("application/json",),
}
# Of all DELETE routes, only these read a body (RFC 9110 §9.3.5). The others ignore it.
_DELETIONS_WITH_BODY = {"/moderation/media/{media_id}"}


def normalized_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event in the form that the resolver needs.

    The path is percent-encoded, because the resolver's pattern does not match `#`.
    Only the headers that a route reads are left. The body is a JSON object of bounded size and
    depth. HEAD becomes GET.

    Raises ContentTooLarge, UnsupportedMediaType, BadRequest and Unprocessable.
    """
    method = event["httpMethod"]
    headers = _joined_headers(event)
    body = _body_bytes(event)
    if len(body) > MAX_REQUEST_BYTES:
        raise ContentTooLarge("The body must have at most 1 MiB.")
    reads_body = method != "DELETE" or event.get("resource") in _DELETIONS_WITH_BODY
    has_document = bool(body) and reads_body and method in _MEDIA_TYPES
    # The resolver only knows application/json, and takes a body without a type for JSON.
    content_type = headers.pop("content-type", "application/json")
    if has_document:
        _check_media_type(content_type, method)
    return {
        **event,
        "httpMethod": "GET" if method == "HEAD" else method,
        "path": _encoded(event["path"]),
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": _checked_json(body) if has_document else None,
        "isBase64Encoded": False,
    }


def _encoded(path: str) -> str:
    """Return a path percent-encoded. A REST API passes it encoded, `sam local` decoded.

    So `%` stays where it begins an encoded byte. Source for REST APIs: a recording of AWS in
    LocalStack, tests/aws/services/apigateway/test_apigateway_lambda.snapshot.json (2 August 2024).
    """
    return quote(_STRAY_PERCENT.sub("%25", path), safe=_ALLOWED_IN_PATHS)


def _joined_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that routes read; equal names become one list (RFC 9110 §5.3)."""
    fields: dict[str, list[str]] = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        if (lower := name.lower()) in _READ:
            fields.setdefault(lower, []).extend(values)
    return {name: ", ".join(values) for name, values in fields.items()}


def _body_bytes(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    # Only events of tests can hold a lone surrogate. It is not valid UTF-8 in any case.
    return b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass")


def _check_media_type(content_type: str, method: str) -> None:
    """Require JSON in UTF-8. A missing Content-Type counts as JSON, as in API Gateway."""
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
    raise ValueError(f"{constant} is not JSON")


def _is_deeper(value: object, levels: int) -> bool:
    """Return whether a value is nested deeper. It works level by level, without recursion."""
    layer = [value]
    for _ in range(levels):
        layer = [
            child
            for parent in layer
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return any(isinstance(value, dict | list) for value in layer)
