"""Fetch access tokens of two test users from their tenant; stored tokens would expire.

TENANT                   the tenant's address, such as https://example.eu.auth0.com/
TENANT_AUDIENCE          the API's identifier
TENANT_CLIENT_ID         an application that may use the password grant
TENANT_CLIENT_SECRET     the application's secret, if it has one
ALICE, ALICE_PASSWORD    Alice's user name and password; BOB and BOB_PASSWORD likewise
"""

from collections.abc import Mapping

import requests

USERS = ("alice", "bob")


def tokens_of_two_users(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the users' access tokens: ALICE_TOKEN and BOB_TOKEN if they are set, else tokens from
    the tenant.

    Return no tokens if neither is configured. Raise ValueError if a setting is missing or the
    tenant refuses.
    """
    provided = {user: environment.get(f"{user.upper()}_TOKEN", "") for user in USERS}
    tenant = environment.get("TENANT", "")
    return {
        user: token or _token(f"{tenant.rstrip('/')}/oauth/token", user.upper(), environment)
        for user, token in provided.items()
        if token or tenant
    }


def _token(url: str, user: str, environment: Mapping[str, str]) -> str:
    names = {
        "client_id": "TENANT_CLIENT_ID",
        "audience": "TENANT_AUDIENCE",
        "username": user,
        "password": f"{user}_PASSWORD",
    }
    if missing := [name for name in names.values() if not environment.get(name)]:
        raise ValueError(f"TENANT is set, and not {', '.join(missing)}")
    form = {field: environment[name] for field, name in names.items()}
    if secret := environment.get("TENANT_CLIENT_SECRET"):
        form["client_secret"] = secret
    response = requests.post(
        url, data={"grant_type": "password", "scope": "openid profile", **form}, timeout=10
    )
    if response.status_code != 200:  # the error contains neither password nor token
        raise ValueError(
            f"the tenant gives {user} no token: {response.status_code} {response.text}"
        )
    return str(response.json()["access_token"])
