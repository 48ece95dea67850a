"""A client that sends random requests and records them: `python -m tests.torture.clients`.

It reads its orders as JSON from standard input. Several clients act for the same people, on the
same few posts, so that their requests conflict.
"""

import http.client
import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.torture.operations import Operation, after, before

SLUGS = [f"slug-{n}" for n in range(12)]
TAGS = ["red", "green", "blue"]
TARGETS = 40  # posts or comments that a client remembers
SECONDS_TO_ANSWER = 40


@dataclass(frozen=True)
class Orders:
    """Which people to act for, on which posts, how often, and where to record it.

    Only the accounts of `deletable` may be deleted. All clients know the `hot` posts by their
    owners, and no client deletes them.
    """

    name: str
    api_url: str
    tokens: dict[str, str]
    deletable: list[str]
    authors: dict[str, str]
    hot: dict[str, str]
    count: int
    seed: int
    path: str


class Actor:
    """Sends requests as its orders say."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._draw = random.Random(orders.seed)
        self._connection = http.client.HTTPConnection(
            urlsplit(orders.api_url).netloc, timeout=SECONDS_TO_ANSWER
        )
        self._log = Path(orders.path).open("a", buffering=1)  # noqa: SIM115 - until it ends
        self._marks = 0
        self._sent = 0
        self._owners = dict(orders.hot)
        self._versions: dict[str, int] = {}
        self._comments: dict[str, tuple[str, str]] = {}
        self._repeatable: list[Operation] = []

    def run(self) -> None:
        kinds: list[tuple[Callable[[], None], int]] = [
            (self.create, 8), (self.edit, 30), (self.look, 14), (self.delete, 4), (self.like, 18),
            (self.follow, 4), (self.comment, 10), (self.edit_comment, 4), (self.delete_comment, 4),
            (self.read_feed, 6), (self.repeat, 6),
        ]  # fmt: skip
        acts, weights = zip(*kinds, strict=True)
        while self._sent < self._orders.count:
            self._draw.choices(acts, weights)[0]()
            if self._draw.random() < 0.0005:
                self.delete_account()

    def create(self) -> None:
        body: dict[str, Any] = {"title": f"Title {self._mark()}", "body": f"Body {self._mark()}"}
        body |= {"canonical_url": f"https://a.example/{self._mark()}"}
        body |= {"status": self._draw.choice(["draft", "published"]), "tags": self._some_tags()}
        if self._draw.random() < 0.2:
            body["slug"] = self._draw.choice(SLUGS)
        self._create(Operation(
            self._mark(), self._some_person(), "create", None, 0, body, key=self._mark()
        ))  # fmt: skip

    def _create(self, operation: Operation) -> None:
        self._send(operation, "POST", "/posts")
        if operation.is_done:
            self._owners[operation.response["id"]] = operation.person
            self._versions[operation.response["id"]] = operation.response["version"]
            if len(self._owners) > TARGETS:
                old = next(one for one in self._owners if one not in self._orders.hot)
                del self._owners[old]
        elif operation.is_unknown:
            self._repeatable.append(operation)

    def repeat(self) -> None:
        """Repeat a creation that got no response, as clients with an idempotency key do."""
        if self._repeatable:
            old = self._repeatable.pop()
            new = Operation(
                self._mark(), old.person, old.kind, old.target, 0, old.sent, None, old.key
            )
            if old.kind == "create":
                self._create(new)
            else:
                self._comment(new)

    def edit(self) -> None:
        post_id, person = self._some_post()
        changes: dict[str, Any] = {self._draw.choice(["title", "body"]): f"Edit {self._mark()}"}
        if self._draw.random() < 0.3:
            changes["status"] = self._draw.choice(["draft", "published", "published"])
        if self._draw.random() < 0.3:
            changes["tags"] = self._some_tags()
        if self._draw.random() < 0.1:
            changes["slug"] = self._draw.choice(SLUGS)
        if self._draw.random() < 0.05:
            person = self._some_person()
        known = self._versions.get(post_id)
        if_match = known if known is not None and self._draw.random() < 0.5 else None
        operation = Operation(self._mark(), person, "edit", post_id, 0, changes, if_match)
        self._send(operation, "PATCH", f"/posts/{post_id}")
        if operation.is_done:
            self._versions[post_id] = operation.response["version"]
        elif operation.status == 412:
            self._versions[post_id] = operation.response["current_version"]

    def look(self) -> None:
        post_id, person = self._some_post()
        operation = Operation(self._mark(), person, "look", post_id, 0)
        self._send(operation, "GET", f"/me/posts/{post_id}")
        if operation.is_done:
            self._versions[post_id] = operation.response["version"]

    def delete(self) -> None:
        post_id, person = self._some_post()
        if post_id in self._orders.hot:
            return
        known = self._versions.get(post_id)
        if_match = known if known is not None and self._draw.random() < 0.3 else None
        operation = Operation(self._mark(), person, "delete", post_id, 0, {}, if_match)
        self._send(operation, "DELETE", f"/posts/{post_id}")

    def like(self) -> None:
        post_id, _ = self._some_post()
        self._switch("like", post_id, f"/posts/{post_id}/like")

    def follow(self) -> None:
        author_id = self._draw.choice(list(self._orders.authors.values()))
        self._switch("follow", author_id, f"/authors/{author_id}/follow")

    def _switch(self, kind: str, target: str, path: str) -> None:
        method, prefix = self._draw.choice([("PUT", ""), ("PUT", ""), ("DELETE", "un")])
        operation = Operation(self._mark(), self._some_person(), prefix + kind, target, 0)
        self._send(operation, method, path)

    def comment(self) -> None:
        post_id, _ = self._some_post()
        body = {"body": f"Said {self._mark()}"}
        self._comment(Operation(
            self._mark(), self._some_person(), "comment", post_id, 0, body, key=self._mark()
        ))  # fmt: skip

    def _comment(self, operation: Operation) -> None:
        assert operation.target is not None
        self._send(operation, "POST", f"/posts/{operation.target}/comments")
        if operation.is_done:
            self._comments[operation.response["id"]] = operation.target, operation.person
            if len(self._comments) > TARGETS:
                del self._comments[next(iter(self._comments))]
        elif operation.is_unknown:
            self._repeatable.append(operation)

    def edit_comment(self) -> None:
        self._at_comment("edit comment", "PATCH", {"body": f"Said {self._mark()}"})

    def delete_comment(self) -> None:
        self._at_comment("delete comment", "DELETE", {})

    def _at_comment(self, kind: str, method: str, body: dict[str, Any]) -> None:
        if self._comments:
            comment_id = self._draw.choice(list(self._comments))
            post_id, person = self._comments[comment_id]
            operation = Operation(self._mark(), person, kind, comment_id, 0, body)
            self._send(operation, method, f"/posts/{post_id}/comments/{comment_id}")

    def read_feed(self) -> None:
        operation = Operation(self._mark(), self._some_person(), "list", None, 0)
        self._send(operation, "GET", "/posts?limit=20")

    def delete_account(self) -> None:
        person = self._draw.choice(self._orders.deletable)
        self._send(
            Operation(self._mark(), person, "delete account", None, 0),
            "DELETE",
            "/me?content=erase",
        )

    def _send(self, operation: Operation, method: str, path: str) -> None:
        headers = {"Authorization": f"Bearer {self._orders.tokens[operation.person]}"}
        if operation.if_match is not None:
            headers["If-Match"] = f'"{operation.if_match}"'
        if operation.key is not None:
            headers["Idempotency-Key"] = operation.key
        body = None
        if operation.sent:
            headers["Content-Type"] = "application/json"
            body = json.dumps(operation.sent)
        self._sent += 1
        operation.start = time.time()
        self._log.write(before(operation))
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return
        operation.end, operation.status = time.time(), response.status
        with suppress(ValueError):
            operation.response = json.loads(text) if text else {}
            if operation.kind == "list":
                listed = operation.response.get("items", [])
                operation.response = {"listed": [(one["id"], one["version"]) for one in listed]}
        operation.response |= {"retry_after": response.getheader("Retry-After")}
        self._log.write(after(operation))

    def _mark(self) -> str:
        """Return the next unique word."""
        self._marks += 1
        return f"m{self._orders.name}x{self._marks}m"

    def _some_person(self) -> str:
        return self._draw.choice(list(self._orders.tokens))

    def _some_post(self) -> tuple[str, str]:
        """Return a post and its owner; a hot post in half of the cases."""
        among = self._orders.hot if self._draw.random() < 0.5 else self._owners
        post_id = self._draw.choice(list(among))
        return post_id, self._owners.get(post_id) or self._orders.hot[post_id]

    def _some_tags(self) -> list[str]:
        return self._draw.sample(TAGS, self._draw.randrange(3))


if __name__ == "__main__":
    Actor(Orders(**json.load(sys.stdin))).run()
