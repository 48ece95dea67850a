"""Access tokens of two test users, asked of their tenant by each run: stored ones would expire.

TENANT                   its address, such as https://example.eu.auth0.com/
TENANT_AUDIENCE          the API's identifier
TENANT_CLIENT_ID         an application that may use the password grant, and
TENANT_CLIENT_SECRET     its secret, if it has one
ALICE, ALICE_PASSWORD    the name that she logs in with; the same of BOB
"""

from collections.abc import Mapping

import requests

USERS = ("alice", "bob")


def tokens_of_two_users(environment: Mapping[str, str]) -> dict[str, str]:
    """By user: what ALICE_TOKEN and BOB_TOKEN are, else what the tenant gives; nothing without
    either. Raises ValueError for what the tenant refuses, or lacks."""
    given = {user: environment.get(f"{user.upper()}_TOKEN", "") for user in USERS}
    tenant = environment.get("TENANT", "")
    return {
        user: token or _token(f"{tenant.rstrip('/')}/oauth/token", user.upper(), environment)
        for user, token in given.items()
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
    answer = requests.post(
        url, data={"grant_type": "password", "scope": "openid profile", **form}, timeout=10
    )
    if answer.status_code != 200:  # what it says has neither password nor token in it
        raise ValueError(f"the tenant gives {user} no token: {answer.status_code} {answer.text}")
    return str(answer.json()["access_token"])
