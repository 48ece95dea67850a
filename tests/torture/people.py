"""Ten people of an abuse run: they read, write, leave, export, and wait for scheduled posts.

Each person is a thread with an agenda. The agenda comes from a seed, so that people with and
without a flood do the same at the same times.
"""

import heapq
import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.torture.sender import Sender
from tests.torture.verdict import Job, Phase

PEOPLE = 10
STAYING = 5  # the others leave
REQUESTS_A_SECOND = 1  # of a person, beside those that wait for jobs
SECONDS_BETWEEN_LOOKS = 0.4
SECONDS_AHEAD = 4  # that a post is scheduled
GIVE_UP_TICKS = 8
TAG = "people"


class Person:
    """One person in one window.

    Staying people export their account and schedule two posts. The others delete their accounts,
    and read from then on.
    """

    def __init__(self, sender: Sender, name: str, stays: bool, tick: float) -> None:
        self._sender = sender
        self._name = name
        self._stays = stays
        self._tick = tick
        self._has_left = False
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._draw = random.Random()
        self._titles: dict[str, str] = {}
        self._targets: Sequence[str] = ()
        self._looking: list[threading.Thread] = []
        self.jobs: list[Job] = []
        self.lost: list[str] = []

    def begin(self) -> str:
        """Publish a first post before the window, and return its id."""
        self._create()
        return next(iter(self._titles), "")

    def act(self, targets: Sequence[str], seconds: float, seed: str) -> None:
        """Do what the seed says for so many seconds, then wait for what is under way."""
        self._targets, self._draw = targets, random.Random(seed)
        self._sender.sent.clear()  # what came before the window is not measured
        start, draw = time.monotonic(), self._draw
        common: list[tuple[Callable[[], None], int]] = [
            (self._read, 63), (self._create, 10), (self._edit, 12), (self._like, 8),
            (self._comment, 7),
        ]  # fmt: skip
        acts, weights = zip(*common, strict=True)
        for _ in range(round(seconds * REQUESTS_A_SECOND)):
            self._at(start + draw.uniform(0, seconds), draw.choices(acts, weights)[0])
        once = [self._export, self._schedule, self._schedule] if self._stays else [self._leave]
        for act in once:
            self._at(start + seconds * draw.uniform(0.1, 0.5), act)
        while self._agenda:
            at, _, act = heapq.heappop(self._agenda)
            time.sleep(max(0.0, at - time.monotonic()))
            act()
        for thread in self._looking:
            thread.join()

    def check_posts(self) -> None:
        """Check that everyone sees what this person published, as it was written last."""
        for post_id, title in self._titles.items() if self._stays else ():
            status, post = self._sender.send("check a post", "GET", f"/posts/{post_id}")
            if (status, post.get("title")) != (200, title):
                self.lost.append(f"{self._name}'s post {post_id}: {status}, not with its title")

    def _at(self, at: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), act))

    def _send(self, kind: str, method: str, path: str, content: Any = None) -> tuple[int, Any]:
        """Send a request that must succeed. A 5xx is recorded by its status alone."""
        status, body = self._sender.send(kind, method, path, content)
        if 400 <= status < 500:
            self.lost.append(f"{self._name}: {kind}: {status}")
        return status, body

    def _read(self) -> None:
        target = self._draw.choice(self._targets)
        kind, path = self._draw.choice([
            ("read a post", f"/posts/{target}"), ("read a post", f"/posts/{target}"),
            ("read posts", "/posts?limit=20"), ("read posts", f"/posts?tag={TAG}"),
            ("read comments", f"/posts/{target}/comments"), ("read tags", "/tags"),
            ("read a feed", "/feed.atom"), ("read own posts", "/me/posts"),
            ("read own feed", "/me/feed"),
        ])  # fmt: skip
        self._send(kind, "GET", path)

    def _create(self) -> None:
        if self._has_left:
            self._read()
            return
        title = f"{self._name} {next(self._order)}"
        content = self._post(title, {"status": "published"})
        status, post = self._send("create", "POST", "/posts", content)
        if status == 201:
            self._titles[post["id"]] = title

    def _post(self, title: str, how: Mapping[str, str]) -> dict[str, Any]:
        return {"title": title, "body": "Some *text*. " * 40, "tags": [TAG], **how}

    def _edit(self) -> None:
        if self._has_left or not self._titles:
            self._read()
            return
        post_id = self._draw.choice(list(self._titles))
        title = f"{self._name} {next(self._order)}"
        status, _ = self._send("edit", "PATCH", f"/posts/{post_id}", {"title": title})
        if status == 200:
            self._titles[post_id] = title

    def _like(self) -> None:
        if self._has_left:
            self._read()
            return
        method, target = self._draw.choice(["PUT", "DELETE"]), self._draw.choice(self._targets)
        self._send("like", method, f"/posts/{target}/like")

    def _comment(self) -> None:
        if self._has_left:
            self._read()
            return
        path = f"/posts/{self._draw.choice(self._targets)}/comments"
        self._send("comment", "POST", path, {"body": f"{self._name} agrees"})

    def _export(self) -> None:
        status, _ = self._send("export", "POST", "/me/export")
        if status == 202:
            self._wait("export", "/me/export", lambda _, body: body.get("status") == "ready")

    def _schedule(self, ahead: float = SECONDS_AHEAD) -> None:
        """Schedule a post. A slow stack may get it too late, and refuse it: then plan further."""
        due = datetime.now(UTC) + timedelta(seconds=ahead)
        how = {"status": "scheduled", "publish_at": due.isoformat(timespec="milliseconds")}
        title = f"{self._name} {next(self._order)}"
        status, post = self._sender.send("schedule", "POST", "/posts", self._post(title, how))
        if status == 422:
            self._at(time.monotonic(), lambda: self._schedule(2 * ahead))
        elif status == 201:
            self._titles[post["id"]] = title
            left = (due - datetime.now(UTC)).total_seconds()
            path = f"/posts/{post['id']}"
            self._wait("scheduled post", path, lambda status, _: status == 200, left)
        elif status < 500:
            self.lost.append(f"{self._name}: schedule: {status}")

    def _leave(self) -> None:
        self._has_left = True
        status, _ = self._send("leave", "DELETE", "/me?content=erase")
        if status == 202:
            self._wait("erasure", "/me/erasure", lambda _, body: body.get("status") == "done")

    def _wait(
        self, kind: str, path: str, is_done: Callable[[int, Any], bool], delay: float = 0
    ) -> None:
        """Let another thread look now and then until a job is done. It is due after the delay.

        So a slow request of this person does not make the job look late.
        """
        due, sender = time.monotonic() + delay, self._sender.another()

        def look() -> None:
            ticks, was_done = 0.0, False
            time.sleep(max(0.0, delay))
            while not was_done and ticks <= GIVE_UP_TICKS:
                was_done = is_done(*sender.send(f"look for {kind}", "GET", path))
                ticks = (time.monotonic() - due) / self._tick
                time.sleep(0 if was_done else SECONDS_BETWEEN_LOOKS)
            self.jobs.append(Job(kind, ticks if was_done else math.inf))
            sender.close()

        self._looking.append(threading.Thread(target=look))
        self._looking[-1].start()


class Crowd:
    """The ten people of one window."""

    def __init__(self, api_url: str, tokens: Sequence[str], name: str, tick: float) -> None:
        self._pool = ThreadPoolExecutor(PEOPLE)
        self._senders = [Sender(api_url, token) for token in tokens]
        self._people = [
            Person(sender, f"{name}-{n}", n < STAYING, tick)
            for n, sender in enumerate(self._senders)
        ]
        begun = list(self._pool.map(Person.begin, self._people))
        self.targets = begun[:STAYING]  # the posts that stay

    def act(self, seconds: float, seed: int) -> None:
        """Let all act at once, and wait until all are done."""
        seeds = [f"{seed} {n}" for n in range(PEOPLE)]
        list(self._pool.map(lambda one, s: one.act(self.targets, seconds, s), self._people, seeds))

    def add_to(self, phase: Phase) -> None:
        """Add to the phase what the people met. Check what they wrote."""
        for sender, person in zip(self._senders, self._people, strict=True):
            phase.sent += sender.sent
            person.check_posts()
            phase.jobs += person.jobs
            phase.lost += person.lost
            sender.close()
        self._pool.shutdown()
