"""`make screenshots`: take screenshots of the running app for README and docs/, in docs/images.

It starts its own stack, so that the screenshots always show the same content.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from devserver.settings import StartupError
from devserver.spa import missing_node
from tests.support.chromium import OPTIONS, find_chromium
from tests.support.stack import Client, DevServer, Stack
from tests.support.visitor import Visitor, write

ROOT = Path(__file__).parent.parent.parent

IMAGES = ROOT / "docs" / "images"
DESKTOP = {"width": 1000, "height": 720}
PHONE = {"width": 390, "height": 780}
TEXT = """\
The app sends an **access token**, and never says who its user is.

1. An *authorizer* verifies the token.
2. A handler finds `sub` in the request's context.
3. DynamoDB takes the write if the owner is that `sub`:

```python
"#owner = :owner AND #lock_version = :lock_version"
```

> Between reading, comparing and writing, anything may happen.[^1]

[^1]: Which is why the condition is part of the write.
"""


def main() -> int:
    """Take all screenshots."""
    try:
        chromium = find_chromium()
    except StartupError as e:
        sys.stderr.write(f"make screenshots: {e}\n")
        return 1
    if missing := missing_node():
        sys.stderr.write(f"make screenshots: {missing}\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    log = Path(tempfile.mkdtemp()) / "log"
    with DevServer(log, SPA="on") as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        _populate(stack)
        _visitors(browser, stack)
        _writers(browser, stack)
        browser.close()
    return 0


def _populate(stack: Stack) -> None:
    alice, bob = Client(stack, stack.token("alice")), Client(stack, stack.token("bob"))
    post = alice.create(
        title="A write that says who may make it",
        body=TEXT,
        tags=["dynamodb", "auth0"],
        status="published",
    )
    comments = f"/posts/{post['id']}/comments"
    first = bob.send("POST", comments, json={"body": "So hiding the button is only politeness?"})
    response = {"body": "Only that. *Try it with curl.*", "parent_id": first.json()["id"]}
    alice.send("POST", comments, json=response)
    bob.send("PUT", f"/posts/{post['id']}/like")


def _visitors(browser: Browser, stack: Stack) -> None:
    with Visitor(browser, str(stack.spa_url), viewport=DESKTOP) as visitor:
        page = visitor.open("/")
        page.locator(".card").first.wait_for()
        _take(page, "feed")
    with Visitor(browser, str(stack.spa_url), viewport=PHONE, color_scheme="dark") as visitor:
        page = visitor.open("/posts/a-write-that-says-who-may-make-it")
        page.locator(".comment").first.wait_for()
        _take(page, "post-phone-dark")


def _writers(browser: Browser, stack: Stack) -> None:
    with Visitor(browser, str(stack.spa_url), viewport=DESKTOP) as alice:
        alice.open("/")
        alice.log_in("alice")
        post_id = write(alice.page, "How does my API know my user?", TEXT)
        alice.page.get_by_role("button", name="Preview").click()
        alice.page.get_by_text("min read").wait_for()
        _take(alice.page, "editor")
        Client(stack, stack.token("alice")).edit(post_id, body=TEXT.replace("sends", "has to send"))
        alice.expect(412, f"/posts/{post_id}")
        alice.page.get_by_label("Text", exact=True).fill(TEXT.replace("never says", "cannot say"))
        alice.page.get_by_role("dialog").wait_for()
        _take(alice.page, "conflict")


def _take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
