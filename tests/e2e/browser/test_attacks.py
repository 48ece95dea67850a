"""Content of users runs no script in other browsers, and the policy of the page is strict."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, Request, Route, expect

from blog.errors import Unprocessable
from blog.posts.rendering import rendered, rendered_comment
from tests.e2e.browser.conftest import Visit
from tests.support.html import dangers
from tests.support.stack import Client, Stack
from tests.support.visitor import Visitor
from tests.support.xss import CORPUS, RAW_HTML, REFUSED

# Any script of the corpus calls one of these when it runs.
TRAP = """window.executed = [];
for (const name of ["alert", "confirm", "prompt", "print", "MsgBox"])
    window[name] = (...all) => window.executed.push(`${name}(${all})`);
"""
PART = 150  # attacks of the corpus in a post
MAX_COMMENT = 4500  # characters
# A page without a policy, where a script would run. The test itself answers for this address.
BARE = "http://bare.example/"
# Names that attacks give to elements, and names that scripts look up. Ids with the prefix of the
# renderer exist: those of headings and footnotes.
NAMES = sorted(
    name
    for name in {
        *("body", "cookie", "documentElement", "forms", "head", "location", "self", "top", "x"),
        *re.findall(r"""\b(?:id|name)\s*=\s*["']?([^\s"'<>&]+)""", " ".join(CORPUS), re.IGNORECASE),
    }
    if not name.startswith("user-content-")
)


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


TRIGGER = """selector => {
    for (const one of document.querySelectorAll(`${selector} *`))
        for (const kind of ["mouseover", "focus", "toggle", "animationend", "error"])
            one.dispatchEvent(new Event(kind));
    for (const link of document.querySelectorAll(`${selector} a[href]`))
        // an address that cannot be parsed leads nowhere, and has the protocol ":"
        if (!/^(https?|mailto):/.test(link.protocol) && URL.canParse(link.href))
            window.executed.push(link.href);
}"""


def executed(visitor: Visitor, page: Page) -> list[str]:
    """Trigger all event handlers of the content; return what ran or was blocked."""
    page.wait_for_load_state("networkidle")
    page.evaluate(TRIGGER, ".text")
    ran: list[str] = page.evaluate("window.executed")
    blocked = [fault for fault in visitor.faults if "Content Security Policy" in fault]
    return ran + blocked


def quoted(attack: str) -> str:
    """Return an attack as a Markdown quote, so that it cannot hide the next one."""
    return "\n".join(f"> {line}" for line in re.split(r"\r\n?|\n", attack))


def comments_of(attacks: list[str]) -> Iterator[str]:
    """Yield few comments that contain all attacks."""
    comment = "Comment"
    for attack in map(quoted, attacks):
        if len(comment) + len(attack) > MAX_COMMENT:
            yield comment
            comment = "Comment"
        comment += f"\n\n{attack}"
    yield comment


@pytest.mark.parametrize("start", range(0, len(CORPUS), PART))
def test_the_corpus_executes_nothing(visit: Visit, alice: Client, bob: Client, start: int) -> None:
    part = CORPUS[start : start + PART]
    visitor = visit()
    visitor.context.add_init_script(TRAP)
    visitor.context.on("dialog", lambda dialog: visitor.faults.append(dialog.message))
    # The corpus contains broken images.
    visitor.expect(404, r"/.*")
    visitor.expect(0, r".*")
    foreign: list[str] = []

    def note(request: Request) -> None:
        is_own = urlsplit(request.url).hostname in ("127.0.0.1", "localhost")
        if not is_own and request.resource_type != "image":
            foreign.append(request.url)

    visitor.context.on("request", note)
    post = alice.create(
        title=RAW_HTML[start // PART],
        body="\n\n".join(map(quoted, part)),
        status="published",
    )
    comments = [*comments_of(part)]
    for body in comments:
        response = bob.send("POST", f"/posts/{post['id']}/comments", json={"body": body})
        assert response.status_code == 201, response.text
    page = visitor.open(f"/posts/{post['slug']}")
    page.locator(".post .text").wait_for()
    expect(page.locator("article.comment")).to_have_count(len(comments))
    assert page.locator("main :is(script, style, iframe, [onerror], [onload])").count() == 0
    assert executed(visitor, page) == []
    assert foreign == []


class BarePage:
    """A page with HTML, which records everything that the HTML must not do."""

    def __init__(self, browser: Browser, html: str) -> None:
        self._html = html
        self.faults: list[str] = []
        self.images: set[str] = set()
        context = browser.new_context()
        context.add_init_script(TRAP)
        context.route("**/*", self._route)
        self.page = context.new_page()
        context.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        context.on("page", lambda page: self.faults.append(f"opened {page.url}"))
        self.page.goto(BARE)

    def _route(self, route: Route, request: Request) -> None:
        if request.resource_type == "image":
            self.images.add(request.url)
            route.abort()
        elif request.url == BARE:
            route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
        else:
            self.faults.append(f"{request.resource_type}: {request.url}")
            route.abort()

    def found(self) -> list[str]:
        """Trigger all event handlers; return what happened."""
        self.page.evaluate(TRIGGER, "article")
        self.page.wait_for_timeout(300)
        own = self.page.evaluate("[...document.images].map(one => one.src.split('#')[0])")
        ran: list[str] = self.page.evaluate("window.executed")
        return [*ran, *self.faults, *(self.images - {*own})]


def looked_up(page: Page) -> dict[str, list[str]]:
    """Return what `window` and `document` have under each name."""
    kinds: list[list[str]] = page.evaluate(
        """names => names.map(name => [window, document].map(owner =>
            name in owner ? Object.prototype.toString.call(owner[name]) : "nothing"))""",
        NAMES,
    )
    return dict(zip(NAMES, kinds, strict=True))


def rendered_corpus(render: Callable[[str], str]) -> Iterator[str]:
    for attack in (*CORPUS, *REFUSED):
        with suppress(Unprocessable):
            yield render(attack)


def test_a_bare_page_notices_attacks(browser: Browser) -> None:
    usual = looked_up(BarePage(browser, "<!DOCTYPE html>").page)
    html = (
        "<article><img name=cookie src=x:x onerror=alert(1)><a id=self href=javascript:x></a>"
        "<form name=body></form><a id=x></a><iframe src=https://evil.example></iframe></article>"
    )
    bare = BarePage(browser, html)
    after = looked_up(bare.page)
    assert {"body", "cookie", "x"} <= {name for name in NAMES if usual[name] != after[name]}
    assert {"alert(1)", "javascript:x", "document: https://evil.example/"} <= {*bare.found()}


@pytest.mark.parametrize("kind", ["post", "comment"])
def test_the_browser_reads_no_rendered_attack_as_something_else(
    browser: Browser, kind: str
) -> None:
    """Each attack is alone in an element, as a page and as a script insert it.

    Its HTML is also read from the page and inserted again, which can change its meaning.
    """
    htmls = [
        *rendered_corpus((lambda body: rendered(body).html) if kind == "post" else rendered_comment)
    ]
    articles = "".join(f"<article>{html}</article>" for html in htmls)
    usual = looked_up(BarePage(browser, "<!DOCTYPE html>").page)
    bare = BarePage(browser, f"<!DOCTYPE html><main>{articles}</main>")
    read_once: list[str] = bare.page.evaluate(
        "[...document.querySelectorAll('body > main > article')].map(one => one.innerHTML)"
    )
    assert len(read_once) == len(htmls)
    assert looked_up(bare.page) == usual
    assert bare.found() == []
    inserted: list[list[str]] = bare.page.evaluate(
        """htmls => {
            const main = document.querySelector("main");
            main.replaceChildren();
            return htmls.map(html => {
                const article = document.createElement("article");
                main.append(article);
                return [0, 1, 2].map(() => html = (article.innerHTML = html, article.innerHTML));
            });
        }""",
        htmls,
    )
    assert looked_up(bare.page) == usual
    assert bare.found() == []
    for html in {*read_once, *(html for versions in inserted for html in versions)}:
        assert list(dangers(html, is_comment=kind == "comment")) == [], html
