"""The identity of a request's sender, as handlers see it."""

import subprocess
import sys
from typing import Any

import pytest

from blog_auth import refusals
from blog_auth.errors import NotAuthenticated
from blog_auth.identity import Identity
from tests.support.samples import ALICE, NOW, ROOT, Clock


def _event(**authorizer: Any) -> dict[str, Any]:
    context = {"sub": ALICE, "exp": str(NOW + 60), "scope": "", "permissions": ""}
    return {"requestContext": {"authorizer": context | authorizer}}


def test_an_identity_is_read_from_the_request_context() -> None:
    event = _event(scope="openid profile", permissions="a:b c:d", client_id="spa")
    identity = Identity.from_event(event, Clock())
    assert identity.sub == ALICE
    assert identity.scopes == {"openid", "profile"}
    assert identity.may("a:b")
    assert not identity.may("a")
    assert not identity.is_machine


def test_the_authorizer_says_who_is_a_machine() -> None:
    assert Identity.from_event(_event(machine="true"), Clock()).is_machine
    assert not Identity.from_event(_event(machine="false"), Clock()).is_machine


def test_a_context_from_before_an_update_shows_a_machine_by_its_sub() -> None:
    assert Identity.from_event(_event(sub="importer@clients"), Clock()).is_machine


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": None},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {"exp": str(NOW + 60)}}},
        {"requestContext": {"authorizer": {"sub": ALICE}}},
        _event(sub=""),
        _event(exp="soon"),
        _event(exp="-5"),
    ],
)
def test_without_an_authorizer_there_is_no_identity(event: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        Identity.from_event(event, Clock())
    assert refused.value.refusal == refusals.NO_TOKEN


def test_a_token_may_expire_while_its_allow_is_cached() -> None:
    assert Identity.from_event(_event(exp=str(NOW - 9)), Clock())
    with pytest.raises(NotAuthenticated) as refused:
        Identity.from_event(_event(exp=str(NOW - 10)), Clock())
    assert refused.value.refusal == refusals.EXPIRED


def test_the_identity_module_imports_neither_jwt_nor_cryptography() -> None:
    program = (
        "import sys; import blog_auth.identity; "
        "sys.exit(any(name.split('.')[0] in ('jwt', 'cryptography') for name in sys.modules))"
    )
    path = {"PYTHONPATH": str(ROOT / "layers" / "auth")}
    subprocess.run([sys.executable, "-c", program], env=path, check=True)
