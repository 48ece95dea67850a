"""The fixed texts that say why a token is refused.

A gateway response substitutes them into JSON and a header without escaping, so they contain no
quotes, no backslashes, and nothing from the token.
"""

from typing import Final, NamedTuple


class Refusal(NamedTuple):
    """A reason code for logs, a description for the client, and the clause that requires it."""

    code: str
    description: str
    clause: str


NO_TOKEN: Final = Refusal(
    "no_token",
    "No access token came with the request: send the header Authorization with Bearer and an "
    "access token for this API.",
    "RFC 6750 section 3",
)
NOT_BEARER: Final = Refusal(
    "not_bearer",
    "The Authorization header must hold the word Bearer, a space, and one access token.",
    "RFC 6750 section 2.1",
)
TWO_HEADERS: Final = Refusal(
    "two_headers",
    "More than one Authorization header came with the request: send one.",
    "RFC 9110 section 5.3",
)
TOO_LARGE: Final = Refusal(
    "too_large", "The access token is larger than 8 KB.", "RFC 8725 section 3.11"
)
OPAQUE: Final = Refusal(
    "opaque",
    "The access token is opaque and not a JWT: request the token with the audience of this API.",
    "RFC 9068 section 2",
)
MALFORMED: Final = Refusal(
    "malformed", "The access token is not a well-formed JWT.", "RFC 7519 section 7.2"
)
WRONG_ALGORITHM: Final = Refusal(
    "wrong_algorithm", "The access token must be signed with RS256.", "RFC 8725 section 3.1"
)
WRONG_TYPE: Final = Refusal(
    "wrong_type", "The type of the token is not that of an access token.", "RFC 8725 section 3.11"
)
UNKNOWN_KEY: Final = Refusal(
    "unknown_key",
    "The access token is signed with a key that its issuer does not publish.",
    "RFC 7515 section 4.1.4",
)
BAD_SIGNATURE: Final = Refusal(
    "bad_signature", "The signature of the access token does not verify.", "RFC 7515 section 5.2"
)
WRONG_ISSUER: Final = Refusal(
    "wrong_issuer", "The access token is from another issuer.", "RFC 7519 section 4.1.1"
)
ID_TOKEN: Final = Refusal(
    "id_token",
    "This is an ID token, which tells the app who its user is: send the access token.",
    "RFC 9068 section 4",
)
WRONG_AUDIENCE: Final = Refusal(
    "wrong_audience",
    "The access token is for another audience: request the token with the audience of this API.",
    "RFC 7519 section 4.1.3",
)
SENDER_CONSTRAINED: Final = Refusal(
    "sender_constrained",
    "The access token is bound to a key of its application, by DPoP or mTLS. This API takes bearer "
    "tokens only.",
    "RFC 9449 section 7.2",
)
FOREIGN_CLIENT: Final = Refusal(
    "foreign_client",
    "The access token was issued to an application that this API does not accept.",
    "RFC 9068 section 2.2",
)
EXPIRED: Final = Refusal(
    "expired", "The access token has expired: request a new one.", "RFC 7519 section 4.1.4"
)
NOT_YET_VALID: Final = Refusal(
    "not_yet_valid", "The access token is not valid yet.", "RFC 7519 section 4.1.5"
)
BAD_CLAIM: Final = Refusal(
    "bad_claim",
    "A claim of the access token is missing or of the wrong type.",
    "RFC 7519 section 4.1",
)
