"""A local issuer, without a server."""

import pytest
from flask.testing import FlaskClient

from devserver.issuer.app import create_issuer
from devserver.issuer.tenant import Tenant
from tests.support.issuer import URL


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(URL)


@pytest.fixture
def issuer(tenant: Tenant) -> FlaskClient:
    return create_issuer(tenant).test_client()
