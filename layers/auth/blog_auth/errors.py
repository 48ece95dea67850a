"""The errors of blog_auth.

AuthError
├── SettingsError       an environment variable is missing or invalid: the cold start fails
├── NoAllow
│   ├── TokenRefused    the token is not acceptable: Deny, with one of the fixed refusals
│   └── Undecided       the token cannot be verified now: the client should try again
└── NotAuthenticated    the request context has no identity, or its token has expired
"""

from blog_auth.refusals import Refusal


class AuthError(Exception):
    """Root of all errors that blog_auth raises."""


class SettingsError(AuthError):
    """An environment variable is missing or has an invalid value."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}")
        self.variable = variable


class NoAllow(AuthError):
    """The token is not allowed; `reason` is a code.

    `key_id` and `client_id` are the token's own claims, not verified, and empty if not yet read.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key_id = ""
        self.client_id = ""


class TokenRefused(NoAllow):
    """The token is not acceptable, and sending it again will not help."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class Undecided(NoAllow):
    """The keys that the verification needs are not available; the client should try again."""


class NotAuthenticated(AuthError):
    """The authorizer's context has no identity, or the identity's token has expired."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal
