"""Print an access token and nothing else: `make -s token USER=alice EXPIRES_IN=60`.

`AUDIENCE=` asks for a token without an audience, and `TOKEN_TYPE=id` for the ID token.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

from devserver.issuer.tenant import PASSWORD, SPA_CLIENT, USERS
from devserver.settings import LocalStackSettings, StartupError

REAL_TENANT = """\
This command has no passwords of a real tenant. Get an access token there in one of these ways:
  - the single-page app: log in, then copy the token from a request in the browser's network tab;
  - Auth0's dashboard: Applications > APIs > your API > Test. This gives a machine's token for
    reading (to write, the machine needs the permission author:posts);
  - auth0 test token --audience {audience} --scopes openid   (Auth0's command line)."""


def main() -> int:
    """Get a token from the local issuer with the password grant. Return the exit code."""
    try:
        settings = LocalStackSettings.from_environment()
        if settings.uses_real_tenant:
            raise StartupError(REAL_TENANT.format(audience=settings.auth0_audience))
        print(_token(settings, os.environ.get("TOKEN_USER") or "alice"))
    except StartupError as e:
        print(f"make token: {e}", file=sys.stderr)
        return 1
    return 0


def _token(settings: LocalStackSettings, user: str) -> str:
    email = user if "@" in user else f"{user}@example.com"
    if email not in {known.email for known in USERS}:
        names = ", ".join(known.email.partition("@")[0] for known in USERS)
        raise StartupError(f"there is no user {user}: choose one of {names}.")
    expires_in = os.environ.get("EXPIRES_IN", "")
    if not expires_in.removeprefix("-").isdecimal() and expires_in:
        raise StartupError(f"EXPIRES_IN must be seconds, not {expires_in!r}.")
    kind = os.environ.get("TOKEN_TYPE") or "access"
    if kind not in ("access", "id"):
        raise StartupError(f"TOKEN_TYPE must be access or id, not {kind!r}.")
    form = {
        "grant_type": "password",
        "client_id": SPA_CLIENT,
        "username": email,
        "password": PASSWORD,
        "audience": os.environ.get("AUDIENCE", settings.auth0_audience),
        "scope": "openid profile email",
        "expires_in": expires_in,
    }
    body = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(f"{settings.issuer_url}oauth/token", body, 5) as response:
            return str(json.load(response)[f"{kind}_token"])
    except urllib.error.HTTPError as e:
        raise StartupError(f"the issuer refused: {e.read().decode()}") from e
    except OSError as e:
        raise StartupError(
            f"no issuer responds at {settings.issuer_url}: start it with `make dev` or "
            "`make sam-local`, with the same ISSUER_PORT."
        ) from e


if __name__ == "__main__":
    sys.exit(main())
