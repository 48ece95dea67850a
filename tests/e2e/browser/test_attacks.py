"""Content of users runs no script in other browsers, and the policy of the page is strict."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import Visit
from tests.support.stack import Client, Stack
from tests.support.visitor import Visitor
from tests.support.xss import CORPUS

# Any script of the corpus calls one of these when it runs.
TRAP = """window.executed = [];
for (const name of ["alert", "confirm", "prompt", "print", "MsgBox"])
    window[name] = (...all) => window.executed.push(`${name}(${all})`);
"""
PART = 40  # entries of the corpus per post
PART_OF_COMMENT = 14


def test_the_policy_names_script_src_and_allows_nothing_unsafe(stack: Stack) -> None:
    for path in ("/", "/posts/any", "/me/posts/new", "/callback"):
        headers = requests.get(f"{stack.spa_url}{path}", timeout=10).headers
        policy = headers["Content-Security-Policy"]
        assert re.search(r"(^|; )script-src 'self'(;|$)", policy), path
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_inline_script_does_not_run_even_if_it_gets_into_the_page(visit: Visit) -> None:
    """The policy blocks scripts even if the sanitiser lets them through."""
    visitor = visit()
    page = visitor.open("/")
    page.evaluate("""() => {
        const image = "<img src='data:,' onerror='window.ran = 1'>";
        document.body.insertAdjacentHTML("beforeend", image);
        const script = document.createElement("script");
        script.textContent = "window.ran = 1";
        document.body.append(script);
    }""")
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran === undefined")
    blocked = [fault for fault in visitor.faults if "Content Security Policy" in fault]
    assert len(blocked) == 2
    visitor.faults.clear()


def executed(visitor: Visitor, page: Page) -> list[str]:
    """Trigger all event handlers of the content; return what ran or was blocked."""
    page.wait_for_load_state("networkidle")
    page.evaluate(
        """() => {
            for (const one of document.querySelectorAll(".text *"))
                for (const kind of ["mouseover", "focus", "toggle", "animationend", "error"])
                    one.dispatchEvent(new Event(kind));
            for (const link of document.querySelectorAll(".text a[href]"))
                if (!/^(https?|mailto):/.test(link.protocol)) window.executed.push(link.href);
        }"""
    )
    ran: list[str] = page.evaluate("window.executed")
    blocked = [fault for fault in visitor.faults if "Content Security Policy" in fault]
    return ran + blocked


@pytest.mark.parametrize("start", range(0, len(CORPUS), PART))
def test_the_corpus_executes_nothing(visit: Visit, alice: Client, bob: Client, start: int) -> None:
    part = CORPUS[start : start + PART]
    visitor = visit()
    visitor.context.add_init_script(TRAP)
    visitor.context.on("dialog", lambda dialog: visitor.faults.append(dialog.message))
    # The corpus contains broken images.
    visitor.expect(404, r"/.*")
    visitor.expect(0, r".*")
    post = alice.create(
        title=part[0][:200].replace("\n", " "), body="\n\n".join(part), status="published"
    )
    comments = [one for one in part if one.strip()]
    for of in range(0, len(comments), PART_OF_COMMENT):
        body = "\n\n".join(comments[of : of + PART_OF_COMMENT])[:5000]
        response = bob.send("POST", f"/posts/{post['id']}/comments", json={"body": body})
        assert response.status_code == 201, response.text
    page = visitor.open(f"/posts/{post['slug']}")
    page.locator(".post .text").wait_for()
    expect(page.locator("article.comment")).to_have_count(-(-len(comments) // PART_OF_COMMENT))
    assert page.locator("main :is(script, style, iframe, [onerror], [onload])").count() == 0
    assert executed(visitor, page) == []
