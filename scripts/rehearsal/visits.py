"""Requests to the deployed API: what a reader, a stranger and an author get."""

import json
from dataclasses import dataclass
from typing import Any

import requests

from scripts.rehearsal.engine import RehearsalError

INVALID = "not a token"


@dataclass(frozen=True)
class Visit:
    """A request, and what the response must be."""

    method: str
    path: str
    status: int
    holds: str = ""  # a part of the body
    body: dict[str, Any] | None = None
    media_type: str = "application/json"
    token: str = ""
    what: str = ""  # the end of the line that is printed

    def make(self, base: str) -> requests.Response:
        """Send the request, and print a line. Raise RehearsalError for another response."""
        headers = {"Content-Type": self.media_type} if self.body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if self.body is None else json.dumps(self.body)
        response = requests.request(
            self.method, base + self.path, headers=headers, data=data, timeout=60
        )
        print(f"  {response.status_code}   {self.method} {self.path} {self.what}".rstrip())
        if response.status_code != self.status or self.holds not in response.text:
            raise RehearsalError(
                f"{self.method} {self.path}: {response.status_code} {response.text[:300]}, "
                f"but {self.status} with {self.holds!r} is right"
            )
        return response


def before_gateway_responses(base: str) -> None:
    """Check that MiniStack does not import gateway responses. Raise RehearsalError if it does."""
    Visit("GET", "/no/such", 403, "Missing Authentication Token", what="(gap: still open)").make(
        base
    )


def visit_all(base: str, alice: str, bob: str) -> str:
    """Read, write and edit as different users; return the id of a post that stays."""
    for visit in (
        Visit("GET", "/health", 200, '"ok"'),
        Visit("GET", "/posts", 200, "items"),
        Visit("GET", "/no/such", 404, "There is no such route"),
        Visit("POST", "/posts", 401, "about:blank", body={}, what="(no token)"),
        # The text of ACCESS_DENIED names variables of the authorizer, which MiniStack leaves out.
        Visit("POST", "/posts", 401, "$context.authorizer", body={}, token=INVALID,
              what="(invalid token; gap: variables of the authorizer are still left out)"),
        Visit("POST", "/posts", 422, "title", body={}, token=alice, what="(no title)"),
    ):  # fmt: skip
        visit.make(base)
    content = {"title": "A rehearsal", "status": "published", "tags": ["c#"]}
    created = Visit("POST", "/posts", 201, body=content, token=alice, what="(Alice)").make(base)
    post_id: str = created.json()["id"]
    path = f"/posts/{post_id}"
    patch = "application/merge-patch+json"
    Visit("GET", "/tags/c%23/feed.atom", 200, "A rehearsal").make(base)
    Visit("PATCH", path, 403, body={"title": "Stolen"}, media_type=patch, token=bob,
          what="(Bob)").make(base)  # fmt: skip
    Visit("PATCH", path, 200, body={"title": "Edited"}, media_type=patch, token=alice,
          what="(Alice)").make(base)  # fmt: skip
    still_there(base, post_id)
    return post_id


def still_there(base: str, post_id: str) -> None:
    """Read the post again. Raise RehearsalError if it is gone or has other content."""
    Visit("GET", f"/posts/{post_id}", 200, "Edited").make(base)
