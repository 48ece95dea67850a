"""The stack under test: a dev server, or the API that the environment names.

API_URL        the API to test. Without it, a dev server starts on free ports. By default it uses
               the table that CloudFormation makes from the template
ISSUER_URL     the API's issuer, if that is a local one
TENANT         the tenant's address, which issues the tokens of two test users (see tenant.py); or
ALICE_TOKEN, BOB_TOKEN    these tokens
SAM_LOCAL=1    the API is `sam local`: it ignores gateway responses, and a Deny is a bare 403
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from devserver.aws.moto_process import MotoProcess
from devserver.settings import Engine
from tests.conftest import LOG_FILES
from tests.support.stack import Client, DevServer, Stack
from tests.support.tenant import tokens_of_two_users


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Stack]:
    """Run the stack under test."""
    if api_url := os.environ.get("API_URL"):
        yield Stack(
            api_url=api_url.rstrip("/"),
            issuer_url=os.environ.get("ISSUER_URL"),
            is_sam_local=os.environ.get("SAM_LOCAL") == "1",
            tokens=tokens_of_two_users(os.environ),
        )
        return
    log = tmp_path_factory.mktemp("devserver") / "log"
    log_of_engine = log.with_name("engine")
    pytestconfig.stash[LOG_FILES] += [log, log_of_engine]
    with ExitStack() as parts:
        output = parts.enter_context(log_of_engine.open("w"))
        variables = {"ROLES": "tell"}
        if Engine.from_environment(os.environ) == Engine.from_environment({}):
            engine = MotoProcess(
                "tests.support.cloudformation_engine", "127.0.0.1", "0", log=output
            )
            moto = parts.enter_context(engine)
            variables["DYNAMODB_ENDPOINT"] = f"http://127.0.0.1:{moto.first_line()}"
        yield parts.enter_context(DevServer(log, **variables))


@pytest.fixture(scope="package")
def alice(stack: Stack) -> Client:
    return Client(stack, stack.token("alice"))


@pytest.fixture(scope="package")
def bob(stack: Stack) -> Client:
    return Client(stack, stack.token("bob"))


@pytest.fixture(scope="package")
def visitor(stack: Stack) -> Client:
    return Client(stack)


@pytest.fixture
def full_gateway(stack: Stack) -> None:
    """Skip tests of features that `sam local` lacks."""
    if stack.is_sam_local:
        pytest.skip("sam local ignores gateway responses: test the devserver or a deployed stack")
