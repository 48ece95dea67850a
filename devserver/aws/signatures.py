"""The checks of S3 that moto lacks: signatures, and the policies of forms.

See "Browser-Based Uploads Using POST" and "Authenticating Requests" in S3's API reference.
"""

import base64
import hmac
import json
from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devserver.aws.role_checks import caller_of
from devserver.template.intrinsics import LOCAL_CREDENTIAL, REGION

_CREDENTIALS = Credentials(LOCAL_CREDENTIAL, LOCAL_CREDENTIAL)  # all have the same secret
_ALGORITHM = "AWS4-HMAC-SHA256"
_NOT_IN_POLICY = frozenset({"policy", "x-amz-signature", "file"})


class Denied(Exception):
    """S3 denies a request, with this message, error code and status."""

    def __init__(self, message: str, code: str = "AccessDenied", status: int = 403) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


def check_form(
    bucket: str, form: Mapping[str, str], size: int, now: datetime, names: Container[str]
) -> str:
    """Return which of these names signed a form that may upload this file to this bucket now.

    The size is in bytes. Raises Denied.
    """
    fields = {name.lower(): value for name, value in form.items()}
    date = fields.get("x-amz-date", "")
    caller = _signer(fields.get("x-amz-credential", ""), date, names)
    request = AWSRequest()
    request.context["timestamp"] = date
    expected = SigV4Auth(_CREDENTIALS, "s3", REGION).signature(fields.get("policy", ""), request)
    _check_signature(expected, fields.get("x-amz-signature", ""))
    policy = json.loads(base64.b64decode(fields["policy"]))
    if datetime.fromisoformat(policy["expiration"]) <= now:
        raise Denied("Invalid according to Policy: Policy expired.")
    met = {"bucket"}
    for condition in policy["conditions"]:
        met |= _check_condition(condition, fields | {"bucket": bucket}, size)
    for name in fields.keys() - met - _NOT_IN_POLICY:
        if not name.startswith("x-ignore-"):
            raise Denied(f"Invalid according to Policy: Extra input fields: {name}")
    return caller


def _check_condition(condition: Any, fields: Mapping[str, str], size: int) -> set[str]:
    """Return the fields that a condition is about. Raises Denied if one does not meet it."""
    match condition:
        case ["content-length-range", int(least), int(most)]:
            if size < least:
                text = "Your proposed upload is smaller than the minimum allowed size"
                raise Denied(text, "EntityTooSmall", 400)
            if size > most:
                text = "Your proposed upload exceeds the maximum allowed size"
                raise Denied(text, "EntityTooLarge", 400)
            return set()
        case ["starts-with", str(name), str(prefix)]:
            name = name.removeprefix("$").lower()
            holds = fields.get(name, "").startswith(prefix)
        case ["eq", str(name), str(value)]:
            name = name.removeprefix("$").lower()
            holds = fields.get(name) == value
        case dict() if len(condition) == 1:
            ((name, value),) = condition.items()
            name = name.lower()
            holds = fields.get(name) == value
        case _:
            raise Denied("Invalid Policy: Invalid Condition.", "InvalidPolicyDocument", 400)
    if not holds:
        raise Denied(f"Invalid according to Policy: Policy Condition failed: {condition}")
    return {name}


def check_presigned(method: str, url: str, now: datetime, names: Container[str]) -> str:
    """Return which of these names signed this address for this method.

    Raises Denied, also after its expiry.
    """
    base, _, query = url.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    signature = parameters.pop("X-Amz-Signature", "")
    date = parameters.get("X-Amz-Date", "")
    caller = _signer(parameters.get("X-Amz-Credential", ""), date, names)
    request = AWSRequest(method, f"{base}?{urlencode(parameters)}")
    request.context["timestamp"] = date
    auth = S3SigV4QueryAuth(_CREDENTIALS, "s3", REGION)
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    _check_signature(auth.signature(to_sign, request), signature)
    signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if signed_at + timedelta(seconds=int(parameters["X-Amz-Expires"])) <= now:
        raise Denied("Request has expired")
    return caller


def check_header(authorization: str, names: Container[str]) -> str:
    """Return which of these names a request comes from. Raises Denied.

    The credential alone decides: on one machine, a signature would protect nothing.
    """
    caller = caller_of(authorization)
    if not authorization.startswith(_ALGORITHM) or caller not in names:
        raise Denied("Access Denied")
    return caller


def _signer(credential: str, date: str, names: Container[str]) -> str:
    caller, _, scope = credential.partition("/")
    if caller not in names or scope != f"{date[:8]}/{REGION}/s3/aws4_request":
        text = "The AWS Access Key Id you provided does not exist in our records."
        raise Denied(text, "InvalidAccessKeyId")
    return caller


def _check_signature(expected: str, received: str) -> None:
    if not hmac.compare_digest(expected, received):
        text = "The request signature we calculated does not match the signature you provided."
        raise Denied(text, "SignatureDoesNotMatch")
