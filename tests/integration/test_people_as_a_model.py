"""Random operations of several people on each other's content, checked against a model.

The model knows who likes, follows, comments, is hidden, is banned, is cleared, is erased or is
merged. The table must always agree with it. test_posts_as_a_model.py covers the posts themselves.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from blog.accounts.merge import AccountMerge, CannotMerge
from blog.accounts.requests import AccountRequests
from blog.accounts.schemas import ErasureContent
from blog.comments.queries import CommentQueries
from blog.comments.schemas import CommentChanges, CommentDetail, NewComment
from blog.comments.service import Comments
from blog.dynamodb.table import Table
from blog.errors import Forbidden, NotFound, Problem, Unprocessable
from blog.jobs.runner import run_jobs
from blog.moderation.moderators import Moderators
from blog.moderation.reports import Reports
from blog.people.profiles import Profiles
from blog.people.schemas import ProfileChanges
from blog.reactions.queries import ReactionQueries
from blog.reactions.service import Reactions
from tests.support.consistency import faults, plain
from tests.support.engines import empty_stores
from tests.support.hypothesis_profiles import MODEL_SETTINGS
from tests.support.posts import NO_LIMITS, TABLE, Blog, create, edit, person
from tests.support.samples import ALICE, BOB

SUBS = st.sampled_from([ALICE, BOB, "google-oauth2|42#1", "auth0|dave"])
MODERATOR = person("auth0|moderator")
CHANGES = st.sampled_from([
    {"status": "draft"}, {"status": "published"}, {"comments": "closed"}, {"comments": "open"},
])  # fmt: skip


class PeopleAsAModel(RuleBasedStateMachine):
    """The expected likes, follows and comments.

    A comment has its writer, its post, and whether it is pending.
    """

    posts = Bundle("posts")
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self._parts = ExitStack()
        self.client, self.bucket = self._parts.enter_context(empty_stores())
        self.table = Table(self.client, TABLE)
        self.blog = Blog(self.table)
        self.banned: set[str] = set()
        self.cleared: set[str] = set()
        self.merged: set[str] = set()
        self.owners: dict[str, str] = {}
        self.public: set[str] = set()
        self.hidden: set[str] = set()
        self.likes: set[tuple[str, str]] = set()
        self.follows: set[tuple[str, str]] = set()
        self.comments: dict[str, tuple[str, str, bool]] = {}

    def teardown(self) -> None:
        self._parts.close()

    def _may_write(self, sub: str) -> bool:
        return sub not in self.banned | self.merged

    def _is_visible(self, post_id: str) -> bool:
        return post_id in self.public - self.hidden

    def _attempt(self, act: Callable[[], Any], *expected: type[Problem]) -> bool:
        """Act, and expect one of these errors if there are any. Return whether it succeeded."""
        try:
            act()
        except Problem as problem:
            assert type(problem) in expected, problem
            return False
        assert not expected
        return True

    @rule(target=posts, sub=SUBS, is_public=st.booleans())
    def write(self, sub: str, is_public: bool) -> str:
        if not self._may_write(sub):
            return "01JDC0000000000000000000P0"
        post = create(self.blog, sub, status="published" if is_public else "draft", tags=["a"])
        self.owners[post.id] = sub
        self.public |= {post.id} if is_public else set()
        return post.id

    @rule(post_id=posts, changes=CHANGES)
    def change(self, post_id: str, changes: dict[str, Any]) -> None:
        sub = self.owners.get(post_id)
        if sub is None or not self._may_write(sub):
            return
        edit(self.blog, self.blog.owned_by(sub, post_id).post, sub, **changes)
        if "status" in changes:
            self.public -= {post_id}
            self.public |= {post_id} if changes["status"] == "published" else set()

    @rule(post_id=posts)
    def delete_post(self, post_id: str) -> None:
        sub = self.owners.pop(post_id, None)
        if sub is not None:
            self.blog.delete(post_id, sub=sub, if_match=None)
            self._forget_post(post_id)

    def _forget_post(self, post_id: str) -> None:
        self.public -= {post_id}
        self.hidden -= {post_id}
        self.comments = {k: one for k, one in self.comments.items() if one[1] != post_id}

    @rule(post_id=posts, is_hidden=st.booleans())
    def moderate(self, post_id: str, is_hidden: bool) -> None:
        moderators = Moderators(self.table)
        refusal = () if post_id in self.public else (NotFound,)

        def act() -> None:
            if is_hidden:
                moderators.hide(post_id, "why", moderator=MODERATOR)
            else:
                moderators.unhide(post_id, moderator=MODERATOR)

        if self._attempt(act, *refusal):
            self.hidden -= {post_id}
            self.hidden |= {post_id} if is_hidden else set()

    @rule(sub=SUBS, is_banned=st.booleans())
    def ban(self, sub: str, is_banned: bool) -> None:
        moderators, author_id = Moderators(self.table), person(sub).author_id
        if is_banned:
            moderators.ban(author_id, "why", moderator=MODERATOR)
        else:
            moderators.unban(author_id, moderator=MODERATOR)
        self.banned -= {sub}
        self.banned |= {sub} if is_banned else set()

    @rule(sub=SUBS, is_cleared=st.booleans())
    def clear(self, sub: str, is_cleared: bool) -> None:
        moderators, author_id = Moderators(self.table), person(sub).author_id
        if is_cleared:
            moderators.clear_profile(author_id, "why", moderator=MODERATOR)
        else:
            moderators.end_clearing(author_id, moderator=MODERATOR)
        self.cleared -= {sub}
        self.cleared |= {sub} if is_cleared else set()

    @rule(sub=SUBS, approves=st.booleans(), has_name=st.booleans())
    def introduce(self, sub: str, approves: bool, has_name: bool) -> None:
        named = {"name": "N"} if has_name else {}
        changes = ProfileChanges.model_validate(named | {"approves_first_comments": approves})
        may = self._may_write(sub) and not (has_name and sub in self.cleared)
        refusal = () if may else (Forbidden,)
        self._attempt(lambda: Profiles(self.table).edit(person(sub), changes), *refusal)

    @rule(sub=SUBS, other=SUBS)
    def report(self, sub: str, other: str) -> None:
        reports, author_id = Reports(self.table, NO_LIMITS), person(other).author_id
        known = self._known(author_id)
        try:
            reports.report_author(author_id, "why", reporter=person(sub))
        except Unprocessable:
            assert sub == other
        except NotFound:
            assert not known
        except Forbidden:
            assert not self._may_write(sub)
        else:
            assert known
            assert sub != other
            assert self._may_write(sub)

    def _known(self, author_id: str) -> bool:
        """Return whether something of an author is public."""
        with suppress(NotFound):
            return Profiles(self.table).public(author_id).id == author_id
        return False

    @rule(sub=SUBS, post_id=posts, likes=st.booleans())
    def like(self, sub: str, post_id: str, likes: bool) -> None:
        reactions = Reactions(self.table)
        if not likes:
            reactions.unlike(person(sub), post_id)
            self.likes -= {(sub, post_id)}
            return
        refusal: list[type[Problem]] = [] if self._may_write(sub) else [Forbidden]
        refusal = refusal if self._is_visible(post_id) else [NotFound]
        if self._attempt(lambda: reactions.like(person(sub), post_id), *refusal):
            self.likes |= {(sub, post_id)}

    @rule(sub=SUBS, other=SUBS, follows=st.booleans())
    def follow(self, sub: str, other: str, follows: bool) -> None:
        reactions, author_id = Reactions(self.table), person(other).author_id
        if not follows:
            reactions.unfollow(person(sub), author_id)
            self.follows -= {(sub, other)}
            return
        try:
            reactions.follow(person(sub), author_id)
        except Unprocessable:
            assert sub == other
        except NotFound:  # no such author is known
            assert (sub, other) not in self.follows
        except Forbidden:
            assert not self._may_write(sub)
        else:
            assert self._may_write(sub)
            self.follows |= {(sub, other)}

    @rule(target=ids, sub=SUBS, post_id=posts, parent=st.none() | ids)
    def comment(self, sub: str, post_id: str, parent: str | None) -> str:
        new = NewComment(body="Hello", parent_id=parent)
        made: list[CommentDetail] = []
        try:
            comments = Comments(self.table, NO_LIMITS)
            made.append(comments.create(post_id, new, writer=person(sub)))
        except NotFound:
            assert not self._is_visible(post_id)
        except Unprocessable:
            assert parent is not None
        except Forbidden:  # banned, or the post is closed
            assert self._is_visible(post_id)
        else:
            assert self._is_visible(post_id)
            assert self._may_write(sub)
            is_pending = made[0].status == "pending"
            assert not (is_pending and self.owners.get(post_id) == sub)
            self.comments[made[0].id] = (sub, post_id, is_pending)
            return made[0].id
        return "01JDC0000000000000000000C0"

    @rule(sub=SUBS, comment_id=ids, deletes=st.booleans())
    def change_comment(self, sub: str, comment_id: str, deletes: bool) -> None:
        if comment_id not in self.comments:
            return
        writer, post_id, is_pending = self.comments[comment_id]
        is_visible, comments = self._is_visible(post_id), Comments(self.table)
        is_theirs = writer == sub or (deletes and self.owners.get(post_id) == sub)
        knows = is_visible and (not is_pending or self.owners.get(post_id) == sub)
        refusal: type[Problem] | None = None
        if is_theirs:
            if deletes:
                refusal = None if writer == sub or self._may_write(sub) else Forbidden
            elif not is_visible:
                refusal = NotFound
            elif not self._may_write(sub):
                refusal = Forbidden
        else:
            refusal = Forbidden if knows else NotFound

        def act() -> None:
            if deletes:
                comments.delete(post_id, comment_id, person=person(sub))
            else:
                changes = CommentChanges(body="Edited")
                comments.edit(post_id, comment_id, changes, writer=person(sub), if_match=None)

        if self._attempt(act, *([refusal] if refusal else [])) and deletes:
            del self.comments[comment_id]

    @rule(comment_id=ids, approves=st.booleans())
    def decide(self, comment_id: str, approves: bool) -> None:
        writer, post_id, is_pending = self.comments.get(comment_id, ("", "", False))
        owner = self.owners.get(post_id)
        if not is_pending or owner is None or not self._may_write(owner):
            return
        if approves and not self._is_visible(post_id):
            return
        comments = Comments(self.table)
        decide = comments.approve if approves else comments.decline
        decide(post_id, comment_id, author=person(owner))
        del self.comments[comment_id]
        if approves:
            self.comments[comment_id] = (writer, post_id, False)

    @rule(sub=SUBS, content=st.sampled_from(["erase", "anonymise"]))
    def delete_account(self, sub: str, content: ErasureContent) -> None:
        if sub in self.merged:
            return
        AccountRequests(self.table, self.bucket).begin_erasure(person(sub), content)
        mine = {post_id for post_id, owner in self.owners.items() if owner == sub}
        for post_id in mine:
            if content == "erase" or post_id not in self.public:
                self._forget_post(post_id)
            del self.owners[post_id]
        stays = content == "anonymise"
        self.comments = {
            key: (who if who != sub else "nobody", post_id, is_pending)
            for key, (who, post_id, is_pending) in self.comments.items()
            if (who != sub or (stays and not is_pending)) and not (is_pending and post_id in mine)
        }
        self.likes = {one for one in self.likes if one[0] != sub}
        self.follows = {one for one in self.follows if sub not in one}

    @rule(old=SUBS, new=SUBS)
    def merge(self, old: str, new: str) -> None:
        if self.merged or {old, new} & self.banned:
            return  # one merge is enough, else too few people could act
        self._finish()
        try:
            AccountMerge(self.table, self.bucket, person(old), person(new)).apply()
        except CannotMerge:
            assert old == new
            return
        self.merged |= {old}
        if old in self.cleared:
            self.cleared = self.cleared - {old} | {new}
        swap = {old: new}
        self.owners = {post: swap.get(sub, sub) for post, sub in self.owners.items()}
        self.likes = {(swap.get(sub, sub), post_id) for sub, post_id in self.likes}
        pairs = {(swap.get(one, one), swap.get(other, other)) for one, other in self.follows}
        self.follows = {(one, other) for one, other in pairs if one != other}
        self.comments = {
            key: (swap.get(sub, sub), post_id, is_pending)
            for key, (sub, post_id, is_pending) in self.comments.items()
        }

    def _finish(self) -> None:
        for _ in range(9):
            if run_jobs(self.table, self.bucket) == (0, {}):
                return
        raise AssertionError("jobs are left")

    @invariant()
    def what_is_stored_agrees(self) -> None:
        self._finish()
        items = plain(self.client)
        assert faults(items) == []
        cleared = {k[0] for k, i in items.items() if k[1] == "BAN" and "cleared_at" in i}
        assert cleared == {f"AUTHOR#{person(sub).author_id}" for sub in self.cleared}
        likes = {(k[0][5:], i["of"]) for k, i in items.items() if k[1].startswith("LIKE#")}
        assert likes == self.likes
        authors = {person(sub).author_id: sub for _, sub in self.follows}
        follows = {
            (k[0][5:], authors.get(i["of"])) for k, i in items.items() if k[1].startswith("FOLLOW#")
        }
        assert follows == self.follows
        comments = {
            item["id"]
            for key, item in items.items()
            if key[0].startswith("POST#")
            and key[1].startswith(("COMMENT#", "PENDING#"))
            and "body" in item
        }
        assert comments == self.comments.keys()

    @rule(post_id=posts)
    def comments_are_listed_where_the_post_is(self, post_id: str) -> None:
        comment_queries = CommentQueries(self.table)
        if not self._is_visible(post_id):
            self._attempt(lambda: comment_queries.on(post_id, limit=100, cursor=None), NotFound)
            return
        page = comment_queries.on(post_id, limit=100, cursor=None)
        listed = {one.id for one in page.items if isinstance(one, CommentDetail)}
        there = {key: one for key, one in self.comments.items() if one[1] == post_id}
        assert listed == {key for key, (_, _, is_pending) in there.items() if not is_pending}

    @rule(sub=SUBS)
    def the_personal_feed_is_of_whom_they_follow(self, sub: str) -> None:
        page = ReactionQueries(self.table).feed(person(sub), limit=100, cursor=None)
        followed = {other for one, other in self.follows if one == sub}
        theirs = {post for post, owner in self.owners.items() if owner in followed}
        assert {row.id for row in page.items} == set(filter(self._is_visible, theirs))


PeopleAsAModel.TestCase.settings = MODEL_SETTINGS
TestPeopleAsAModel = PeopleAsAModel.TestCase
