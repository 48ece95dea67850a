"""What can go wrong between an access token and an identity.

AuthError
├── SettingsError       an environment variable is missing or odd: the cold start ends
├── NoAllow
│   ├── TokenRefused    the token is not acceptable: a Deny, with one of the fixed refusals
│   └── Undecided       nobody can tell whether the token is good: to be tried again
└── NotAuthenticated    the request context holds no identity, or one whose token has expired
"""

from blog_auth.refusals import Refusal


class AuthError(Exception):
    """Root of everything that blog_auth raises."""


class SettingsError(AuthError):
    """A variable of the environment is missing or has an unusable value."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}")
        self.variable = variable


class NoAllow(AuthError):
    """The token is not allowed, for a reason that is a code.

    `key_id` and `client_id` are what the token says of itself, as far as it was read.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key_id = ""
        self.client_id = ""


class TokenRefused(NoAllow):
    """The token will not be accepted, however often it is sent."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class Undecided(NoAllow):
    """The keys that would decide about the token could not be had: try again."""


class NotAuthenticated(AuthError):
    """The authorizer's context names nobody, or somebody whose token has expired since."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal
