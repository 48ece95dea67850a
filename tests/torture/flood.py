"""One account that floods the API with everything it may do, in a process of its own.

So that its work does not slow the clock of the people. It sends at fixed times, however slow the
responses are: it does not wait for a response before it sends the next request.
"""

import multiprocessing
import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from tests.torture.sender import Sender
from tests.torture.verdict import Sent

WORKERS = 32  # requests that may wait for a response at once
LEAVES_EVERY = 1000  # requests. A new account has all limits again.
REMEMBERED = 200
SECONDS_BETWEEN_DUE_TIMES = 5  # all posts that are scheduled in between are due at once
IMAGE = {"content_type": "image/png", "size": 1000}
# Nested lists, emphasis and links make Markdown costly for its size.
COSTLY = "* **a _b_ `c`** [d](https://e.example)\n  * f | g\n"
LARGE_COMMENT = ("<b>a</b><a href='https://e.example'>b</a> " * 200)[:5000]


@dataclass(frozen=True)
class Orders:
    """Whom to flood: the API as an account, with so many requests a second.

    The largest bodies have so many KiB; the limit of a post is 100.
    """

    api_url: str
    token: str
    author_id: str
    rate: float
    body_kib: int
    seed: int


class Flood:
    """The flooding account: what it has made, and what it knows of others."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        size = 1024 * orders.body_kib
        self._costly_body = (COSTLY * (size // len(COSTLY) + 1))[:size]
        self._lock = threading.Lock()
        self._number = 0
        self._posts: list[str] = []
        self._comments: list[tuple[str, str]] = []
        self._pages: list[str] = ["/posts?limit=100"]
        self._targets: list[str] = []
        self._authors: list[str] = []

    def run(self, targets: list[str], authors: list[str], is_over: threading.Event) -> list[Sent]:
        """Flood until it is over, with these posts and authors as targets."""
        self._targets, self._authors = targets, authors
        first, start = self._number, time.monotonic()
        senders = [Sender(self._orders.api_url, self._orders.token) for _ in range(WORKERS)]

        def work(sender: Sender) -> None:
            while True:
                with self._lock:
                    number, self._number = self._number, self._number + 1
                if is_over.wait(start + (number - first) / self._orders.rate - time.monotonic()):
                    return
                self._act(number, sender)

        threads = [threading.Thread(target=work, args=[sender]) for sender in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for sender in senders:
            sender.close()
        return [one for sender in senders for one in sender.sent]

    def _act(self, number: int, sender: Sender) -> None:
        """Send the request of this number, which depends on the seed and on earlier responses."""
        draw = random.Random(f"{self._orders.seed} {number}")
        if number % LEAVES_EVERY == LEAVES_EVERY - 1:
            sender.send("leave", "DELETE", "/me?content=erase")
            return
        groups = [self._write, self._write, self._comment, self._react, self._delete, self._read,
                  self._read, self._request_work]  # fmt: skip
        draw.choice(groups)(draw, sender)

    def _write(self, draw: random.Random, sender: Sender) -> None:
        step = SECONDS_BETWEEN_DUE_TIMES
        due = datetime.fromtimestamp((time.time() + 2) // step * step + step, UTC)
        later = {"status": "scheduled", "publish_at": due.isoformat()}
        tags = [f"tag {draw.randrange(10**9)}" for _ in range(10)]
        post: dict[str, Any] = {"title": "Flood", "body": "*Flood* " * 500, "tags": tags}
        path = f"/posts/{self._own(draw)}"
        kind, method, where, content = draw.choice([
            ("create", "POST", "/posts", post | {"status": "published"}),
            ("schedule", "POST", "/posts", post | later),
            ("edit", "PATCH", path, post | {"status": "published"}),
            ("edit", "PATCH", path, {"tags": tags, "body": self._costly_body}),
            ("unpublish", "PATCH", path, {"status": "draft"}),
            ("schedule again", "PATCH", path, later),
            ("restore", "POST", f"/me{path}/revisions/1/restore", None),
        ])  # fmt: skip
        status, made = sender.send(kind, method, where, content)
        if status == 201:
            self._remember(self._posts, made["id"])

    def _comment(self, draw: random.Random, sender: Sender) -> None:
        target = draw.choice(self._targets)
        if draw.random() < 0.5 or not self._comments:
            path, content = f"/posts/{target}/comments", {"body": LARGE_COMMENT}
            status, made = sender.send("comment", "POST", path, content)
            if status == 201:
                self._remember(self._comments, (target, made["id"]))
            return
        path = "/posts/{}/comments/{}".format(*draw.choice(self._comments))
        if draw.random() < 0.5:
            body = f"{draw.random()} {LARGE_COMMENT}"[:5000]
            sender.send("edit comment", "PATCH", path, {"body": body})
        else:
            sender.send("delete comment", "DELETE", path)

    def _react(self, draw: random.Random, sender: Sender) -> None:
        target, author = draw.choice(self._targets), draw.choice(self._authors)
        kind, method, path, content = draw.choice([
            ("like", "PUT", f"/posts/{target}/like", None),
            ("unlike", "DELETE", f"/posts/{target}/like", None),
            ("follow", "PUT", f"/authors/{author}/follow", None),
            ("unfollow", "DELETE", f"/authors/{author}/follow", None),
            ("report", "POST", f"/posts/{target}/report", {"reason": "Flood"}),
        ])  # fmt: skip
        sender.send(kind, method, path, content)

    def _delete(self, draw: random.Random, sender: Sender) -> None:
        sender.send("delete", "DELETE", f"/posts/{self._own(draw, takes=True)}")

    def _read(self, draw: random.Random, sender: Sender) -> None:
        target, own = draw.choice(self._targets), self._own(draw)
        now = datetime.now(UTC)
        kind, path = draw.choice([
            ("list", "/posts?limit=100"), ("list", "/me/posts?limit=100"),
            ("list", f"/posts?limit=100&author={self._orders.author_id}"),
            ("list comments", f"/posts/{target}/comments?limit=100"),
            ("list comments", "/me/comments?status=pending&limit=100"),
            ("list reactions", "/me/likes?limit=100"), ("list reactions", "/me/follows?limit=100"),
            ("own feed", "/me/feed?limit=100"), ("next page", draw.choice(self._pages)),
            ("tags", "/tags"), ("tags", "/tags?limit=100"), ("sitemap", "/sitemap.xml"),
            ("sitemap", f"/sitemap.xml?month={now:%Y-%m}"), ("feed", "/feed.atom"),
            ("feed", "/feed.json"), ("feed", f"/authors/{self._orders.author_id}/feed.atom"),
            ("feed", "/tags/people/feed.json"), ("read", f"/me/posts/{own}"),
            ("read", f"/me/posts/{own}/revisions"), ("read", "/me"), ("read", "/openapi.json"),
        ])  # fmt: skip
        status, page = sender.send(kind, "GET", path)
        if status == 200 and isinstance(page, dict) and page.get("next_cursor"):
            first = re.split("[?&]cursor=", path)[0]
            mark = "&" if "?" in first else "?"
            self._remember(self._pages, f"{first}{mark}cursor={page['next_cursor']}")

    def _request_work(self, draw: random.Random, sender: Sender) -> None:
        kind, method, path, content = draw.choice([
            ("preview", "POST", "/me/preview", {"body": self._costly_body}),
            ("upload", "POST", "/media", IMAGE),
            ("export", "POST", "/me/export", None),
            ("profile", "PATCH", "/me", {"bio": f"Flood {draw.random()}"}),
        ])  # fmt: skip
        sender.send(kind, method, path, content)

    def _own(self, draw: random.Random, *, takes: bool = False) -> str:
        """Return one of its own posts, or of the targets if it has none."""
        with self._lock:
            if not self._posts:
                return draw.choice(self._targets)
            place = draw.randrange(len(self._posts))
            return self._posts.pop(place) if takes else self._posts[place]

    def _remember(self, several: list[Any], one: Any) -> None:
        with self._lock:
            several.append(one)
            del several[:-REMEMBERED]


def _serve(orders: Orders, connection: Connection) -> None:
    """Flood from each message with targets to the next message, and return what was sent."""
    flood = Flood(orders)
    while True:
        try:
            targets, authors = connection.recv()
        except EOFError:
            return
        is_over = threading.Event()

        def end(is_over: threading.Event = is_over) -> None:
            connection.poll(None)
            is_over.set()

        threading.Thread(target=end, daemon=True).start()
        sent = flood.run(targets, authors, is_over)
        connection.recv()
        connection.send(sent)


class FloodProcess:
    """The other end of the process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def flooding(self, targets: list[str], authors: list[str], sent: list[Sent]) -> Iterator[None]:
        """Flood until the block ends. Add what was sent."""
        self._connection.send((targets, authors))
        yield
        self._connection.send("end")
        sent += self._connection.recv()


@contextmanager
def running_flood(orders: Orders) -> Iterator[FloodProcess]:
    """Run the process, silent at first."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=[orders, there], daemon=True)
    process.start()
    there.close()
    try:
        yield FloodProcess(here)
    finally:
        process.kill()
        process.join()
