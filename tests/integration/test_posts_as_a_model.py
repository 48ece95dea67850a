"""Random operations of several people, checked against a model after each operation.

The table's items are exactly the posts, their entries, slugs, counters and revisions. Each list
pages completely and in order at any limit. Tags are counted correctly. Only owners change their
posts.
"""

import operator
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.errors import Forbidden, NotFound, PreconditionFailed, Problem, SlugTaken
from blog.jobs.runner import run_jobs
from blog.posts.editing import MAX_REVISIONS
from blog.posts.listing_entries import reserved_slugs
from blog.posts.model import Post
from blog.posts.scheduling import publish_due
from blog.posts.schemas import NewPost, OwnPostPage, PostChanges, PostPage
from tests.support.engines import empty_stores
from tests.support.hypothesis_profiles import MODEL_SETTINGS
from tests.support.posts import NO_BUCKET, TABLE, Blog, expected_items, person, stored_items

PEOPLE = st.sampled_from(["auth0|alice", "auth0|bob", "draft#auth0|alice"])
TITLES = st.sampled_from(["One", "one!", "Two", "Two words", "हिन्दी", "!!!"])
TAGS = st.lists(st.sampled_from(["a", "B", "b", "c#", "हिन्दी"]), max_size=4)
STATUSES = st.sampled_from(["draft", "published"])
SOON = datetime.now(UTC) + timedelta(hours=1)
SCHEDULED = st.just({"status": "scheduled", "publish_at": SOON.isoformat()})
SLUGS = st.none() | st.sampled_from(["mine", "yours", "one", "two"])
LIMITS = st.integers(1, 7)
NEW = st.fixed_dictionaries(
    {"title": TITLES}, optional={"tags": TAGS, "status": STATUSES, "slug": SLUGS, "body": TITLES}
)
NEW = NEW | st.builds(operator.or_, NEW, SCHEDULED)
CHANGES = st.fixed_dictionaries(
    {},
    optional={"title": TITLES, "tags": TAGS, "status": STATUSES, "slug": SLUGS, "body": TITLES},
)

CHANGES = CHANGES | st.builds(operator.or_, CHANGES, SCHEDULED)


class PostsAsAModel(RuleBasedStateMachine):
    """`self.model` contains every post in its expected state."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self._parts = ExitStack()
        self.client, _ = self._parts.enter_context(empty_stores())
        self.table = Table(self.client, TABLE)
        self.posts = Blog(self.table, feed_shards=2)
        self.model: dict[str, Post] = {}
        self.texts: dict[tuple[str, int], tuple[str, str]] = {}

    def teardown(self) -> None:
        self._parts.close()

    @rule(target=ids, owner=PEOPLE, new=NEW)
    def create(self, owner: str, new: dict[str, Any]) -> str:
        taken = {slug for post in self.model.values() for slug in reserved_slugs(post)}
        try:
            post = self.posts.create(NewPost.model_validate(new), owner=person(owner)).post
        except SlugTaken:
            assert new["slug"] in taken
            return "01JDC0000000000000000000P0"
        assert post.slug not in taken
        self._keep(post)
        return post.id

    def _keep(self, post: Post) -> None:
        self.model[post.id] = post
        self.texts[post.id, post.version] = (post.title, post.body)

    @rule(post_id=ids, sub=PEOPLE, changes=CHANGES, behind=st.none() | st.integers(0, 2))
    def edit(self, post_id: str, sub: str, changes: dict[str, Any], behind: int | None) -> None:
        before = self.model.get(post_id)
        version = before.version - behind if before and behind is not None else None
        if_match = None if version is None else IfMatch(frozenset({version}))
        patch = PostChanges.model_validate(changes)

        def act() -> None:
            owner = person(sub)
            after = self.posts.edit(post_id, patch, owner=owner, if_match=if_match).post
            assert before is not None
            assert after.version == before.version + 1
            for name, value in patch.provided().items():
                assert name == "slug" or getattr(after, name) == value
            changes_text = (before.title, before.body) != (after.title, after.body)
            revisions = [before.version] if before.is_public and changes_text else []
            assert after.revisions == (before.revisions + revisions)[-MAX_REVISIONS:]
            assert (after.publish_at is not None) == (after.status == "scheduled")
            self._keep(after)

        self._attempt(act, before, sub, version, changes.get("slug"))

    @rule(post_id=ids, sub=PEOPLE)
    def delete_as_anybody(self, post_id: str, sub: str) -> None:
        before = self.model.get(post_id)
        if before is not None and before.owner == sub:
            return  # the next rule covers owners
        self._attempt(lambda: self.posts.delete(post_id, sub=sub, if_match=None), before, sub, None)

    @rule()
    def an_hour_passes(self) -> None:
        due = [post for post in self.model.values() if post.publish_at is not None]
        assert publish_due(self.table, SOON + timedelta(hours=1)) == (len(due), 0)
        for post in due:
            after = self.posts.published(post.id).post
            assert (after.version, after.lock_version) == (post.version, post.lock_version + 1)
            self._keep(after)

    @rule(post_id=consumes(ids))
    def delete(self, post_id: str) -> None:
        post = self.model.pop(post_id, None)
        if post is not None:
            self.posts.delete(post_id, sub=post.owner, if_match=None)

    def _attempt(
        self,
        act: Callable[[], None],
        before: Post | None,
        sub: str,
        version: int | None,
        slug: str | None = None,
    ) -> None:
        """Act, and expect the right error or none."""
        expected = self._reason(before, sub, version, slug)
        try:
            act()
        except Problem as problem:
            assert type(problem) is expected
        else:
            assert expected is None

    def _reason(
        self, before: Post | None, sub: str, version: int | None, slug: str | None
    ) -> type[Problem] | None:
        if before is None or (before.owner != sub and before.status != "published"):
            return NotFound
        if before.owner != sub:
            return Forbidden
        if version is not None and version != before.version:
            return PreconditionFailed
        others = [post for post in self.model.values() if post.id != before.id]
        is_taken = any(slug in reserved_slugs(post) for post in others)
        return SlugTaken if is_taken else None

    @rule(post_id=ids, sub=PEOPLE, age=st.integers(0, 3))
    def restore(self, post_id: str, sub: str, age: int) -> None:
        before = self.model.get(post_id)
        revisions = before.revisions if before else []
        version = revisions[-1 - age] if age < len(revisions) else 99
        try:
            after = self.posts.restore(post_id, version, owner=person(sub), if_match=None).post
        except NotFound:
            assert before is None or before.owner != sub or age >= len(revisions)
            return
        assert before is not None
        assert before.owner == sub
        assert (after.title, after.body) == self.texts[post_id, version]
        self._keep(after)

    @rule(post_id=ids, sub=PEOPLE)
    def every_revision_has_the_earlier_text(self, post_id: str, sub: str) -> None:
        post = self.model.get(post_id)
        if post is None or post.owner != sub:
            return
        page = self.posts.revisions(sub, post_id, limit=100, cursor=None)
        assert [row.version for row in page.items] == post.revisions[::-1]
        for row in page.items:
            revision = self.posts.revision(sub, post_id, row.version)
            assert (revision.title, revision.body) == self.texts[post_id, row.version]

    @rule()
    def the_jobs_run(self) -> None:
        _, left = run_jobs(self.table, NO_BUCKET)
        assert left == {}
        assert stored_items(self.client) == expected_items(self.model.values())

    @invariant()
    def the_table_matches_the_posts(self) -> None:
        found = stored_items(self.client)
        waiting_for_jobs = {
            key
            for key, count in found.items()
            if (key[0] in ("TAGS", "MONTHS") and count == 0)
            or (key[1].startswith("REVISION") and key[0].partition("#")[2] not in self.model)
        }
        for key in waiting_for_jobs:
            del found[key]
        assert found == expected_items(self.model.values())

    @rule(limit=LIMITS)
    def tags_are_counted_right_and_by_name(self, limit: int) -> None:
        public = [post for post in self.model.values() if post.is_public]
        expected = sorted(Counter(tag for post in public for tag in post.tags).items())
        found: list[tuple[str, int]] = []
        cursor = None
        while True:
            page = self.posts.tags(limit=limit, cursor=cursor)
            found += [(row.tag, row.count) for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.items) == limit, "no short pages"
        assert found == expected

    @rule(limit=LIMITS)
    def every_list_pages_completely_and_in_order(self, limit: int) -> None:
        public = [post for post in self.model.values() if post.status == "published"]
        public.sort(key=lambda post: (post.published_at, post.id), reverse=True)
        self._pages(partial(self.posts.feed, limit=limit), public, limit)
        for tag in {tag for post in public for tag in post.tags}:
            some = [post for post in public if tag in post.tags]
            self._pages(partial(self.posts.tagged, tag, limit=limit), some, limit)
        for author in {post.author_id for post in public}:
            some = [post for post in public if post.author_id == author]
            self._pages(partial(self.posts.by_author, author, limit=limit), some, limit)
        for owner in {post.owner for post in self.model.values()}:
            own = [post for post in self.model.values() if post.owner == owner]
            own.sort(key=lambda post: (post.created_at, post.id), reverse=True)
            mine = partial(self.posts.list_owned_by, owner, limit=limit)
            for status in (None, "draft", "scheduled", "published"):
                some = [post for post in own if status in (None, post.status)]
                self._pages(partial(mine, status=status), some, limit)

    def _pages(
        self, fetch: Callable[..., PostPage | OwnPostPage], expected: list[Post], limit: int
    ) -> None:
        found: list[str] = []
        cursor = None
        while True:
            page = fetch(cursor=cursor)
            found += [row.id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.items) == limit, "no short pages"
        assert found == [post.id for post in expected]


PostsAsAModel.TestCase.settings = MODEL_SETTINGS
TestPostsAsAModel = PostsAsAModel.TestCase
