"""Part three continued: one, ten and a hundred clients at once, over HTTP, on this machine.

The rate of a machine with few cores is no limit of the design. The test shows that more clients
wait longer but do not fail, and that a popular post is no slower than others.
"""

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from devserver.aws.dynoxide import running_dynoxide
from devserver.settings import StartupError
from devserver.startup import running_issuer
from tests.performance.figures import Figures
from tests.performance.filling import Blog
from tests.support.stack import free_port
from tests.torture.processes import server_of, tokens_of

CLIENTS = (1, 10, 100)
REQUESTS = 400
BLOG = Blog(2_000)
PEOPLE = [f"auth0|{n}" for n in range(max(CLIENTS))]


class Wanted(NamedTuple):
    """A request, by its number; anonymous without a user."""

    method: str
    path: Callable[[int], str]
    body: Callable[[int], Any] = lambda _: None
    person: Callable[[int], str | None] = lambda _: None


def _routes() -> dict[str, Wanted]:
    posts = [BLOG.post(n) for n in range(REQUESTS)]
    popular = BLOG.post(BLOG.posts - 1).id

    def liker(n: int) -> str:
        return PEOPLE[n % len(PEOPLE)]

    return {
        "GET /posts/{id}": Wanted("GET", lambda n: f"/posts/{posts[n].id}"),
        "GET /posts": Wanted("GET", lambda _: "/posts?limit=20"),
        "POST /posts": Wanted("POST", lambda _: "/posts", lambda n: {"title": f"A {n}"}, liker),
        "PATCH /posts/{id}": Wanted(
            "PATCH", lambda n: f"/posts/{posts[n].id}", lambda n: {"body": f"{time.time()}"},
            lambda n: posts[n].owner,
        ),
        "PUT, DELETE /posts/{id}/like, many posts": Wanted(
            "PUT", lambda n: f"/posts/{posts[n].id}/like", person=liker
        ),
        "PUT, DELETE /posts/{id}/like, one post": Wanted(
            "PUT", lambda _: f"/posts/{popular}/like", person=liker
        ),
    }  # fmt: skip


def measure(figures: Figures) -> None:
    """Measure each route with each number of clients."""
    issuer_port = free_port()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_issuer(f"http://localhost:{issuer_port}/", issuer_port) as tenant,
            running_dynoxide("127.0.0.1") as endpoint,
        ):
            BLOG.fill(endpoint)
            with server_of(tenant, endpoint, Path(folder) / "log") as stack:
                tokens = tokens_of(tenant, PEOPLE)
                print(
                    f"  {'route':<42}{'clients':>8}{'a second':>10}{'median ms':>11}{'p99 ms':>9}"
                )
                rates = {
                    (name, count): _rate(stack.api_url, tokens, name, wanted, count)
                    for name, wanted in _routes().items()
                    for count in CLIENTS
                }
    except StartupError as e:
        figures.left_out("the load", str(e))
        return
    ten, hundred = CLIENTS[1:]
    for name in _routes():
        ratio = rates[name, hundred] / rates[name, ten]
        figures.add(f"{name}: a second, {hundred} clients / {ten}", ratio)
    one, many = (f"PUT, DELETE /posts/{{id}}/like, {which}" for which in ("one post", "many posts"))
    figures.add("likes a second, on one post / on many", rates[one, ten] / rates[many, ten])


def _rate(api_url: str, tokens: dict[str, str], name: str, wanted: Wanted, clients: int) -> float:
    """Measure the requests per second, and print the line."""
    shares = [range(at, REQUESTS, clients) for at in range(clients)]

    def client(numbers: range) -> list[float]:
        connection = http.client.HTTPConnection(urlsplit(api_url).netloc, timeout=60)
        times = []
        for n in numbers:
            headers = {"Content-Type": "application/json"}
            person = wanted.person(n)
            if person is not None:
                headers["Authorization"] = f"Bearer {tokens[person]}"
            content = wanted.body(n)
            body = None if content is None else json.dumps(content)
            # Unlike every second time, so that there is always a post to like.
            turn = n // len(PEOPLE) % 2
            method = "DELETE" if "DELETE" in name and turn else wanted.method
            started = time.perf_counter()
            connection.request(method, wanted.path(n), body, headers)
            response = connection.getresponse()
            text = response.read()
            times.append((time.perf_counter() - started) * 1000)
            assert response.status < 300, (name, response.status, text)
        connection.close()
        return times

    client(shares[0][:20])  # warm up before measuring
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = sorted(t for several in pool.map(client, shares) for t in several)
    rate = REQUESTS / (time.perf_counter() - started)
    p99 = times[round(0.99 * (len(times) - 1))]
    print(f"  {name:<42}{clients:>8}{rate:>10.0f}{statistics.median(times):>11.1f}{p99:>9.1f}",
          flush=True)  # fmt: skip
    return rate
