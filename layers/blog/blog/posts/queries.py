"""What people read: posts, lists of them, tags and revisions.

Nothing here writes: it is all that the function needs which the anonymous internet reaches.
"""

from blog.dynamodb.keys import (
    Key,
    merged_key,
    post_key,
    profile_key,
    revision_text_key,
    slug_key,
    stats_key,
)
from blog.dynamodb.listings import TAG_COUNTS, Listing, by_author, feed, owned, revisions, tagged
from blog.dynamodb.paging import rows_of
from blog.dynamodb.table import Item, Table
from blog.errors import NotFound
from blog.fields import is_slug, is_tag, normalised_tag
from blog.identifiers import is_author_id
from blog.people.person import Author
from blog.posts.model import Post, Status
from blog.posts.pages import own_page_of, page_of
from blog.posts.schemas import (
    OwnPostPage,
    PostPage,
    Revision,
    RevisionPage,
    RevisionSummary,
    TagCount,
    TagPage,
)
from blog.posts.view import PostView, owned_post, revision_of


class PostQueries:
    """The posts of one table, for those who read."""

    def __init__(self, table: Table, feed_shards: int = 1) -> None:
        self._table = table
        self._feed_shards = feed_shards

    def published(self, post_id: str) -> PostView:
        """A post that everyone may read; NotFound for all others."""
        post = self._post(post_id)
        if post is None or not post.is_public:
            raise NotFound("There is no such post.")
        return self._viewed(post)

    def published_by_slug(self, slug: str) -> PostView:
        """The post that everyone may read and that has this slug, or had it before.

        Raises NotFound for all others, as if the slug were free.
        """
        reservation = self._table.get(slug_key(slug)) if is_slug(slug) else None
        if reservation is None:
            raise NotFound("There is no such post.")
        return self.published(reservation["post_id"])

    def owned_by(self, sub: str, post_id: str) -> PostView:
        """A post of one's own, whatever its status; NotFound for all others."""
        return self._viewed(self._own(sub, post_id))

    def feed(self, *, limit: int, cursor: str | None) -> PostPage:
        """Published posts, the latest publication first."""
        return self._page(feed(self._feed_shards), limit, cursor)

    def by_author(self, author_id: str, *, limit: int, cursor: str | None) -> PostPage:
        """An author's published posts, the latest publication first."""
        return self._page(_by_author(author_id), limit, cursor)

    def tagged(self, tag: str, *, limit: int, cursor: str | None) -> PostPage:
        """The published posts with a tag however it is written, the latest publication first."""
        return self._page(_tagged(tag), limit, cursor)

    def list_owned_by(
        self, sub: str, *, status: Status | None, limit: int, cursor: str | None
    ) -> OwnPostPage:
        """One's own posts, all or of one status, newest created first."""
        return own_page_of(self._table, owned(sub, status), limit, cursor)

    def tags(self, *, limit: int, cursor: str | None) -> TagPage:
        """The tags of published posts with their counts, by name."""
        rows, next_cursor = rows_of(
            self._table, TAG_COUNTS, limit, cursor, lambda row: row["count"] > 0
        )
        items = [TagCount(tag=row["sk"].partition("#")[2], count=row["count"]) for row in rows]
        return TagPage(items=items, next_cursor=next_cursor)

    def revisions(self, sub: str, post_id: str, *, limit: int, cursor: str | None) -> RevisionPage:
        """The former texts of a post of one's own, newest first; NotFound for others' posts."""
        self._own(sub, post_id)
        rows, next_cursor = rows_of(self._table, revisions(post_id), limit, cursor)
        items = [RevisionSummary.model_validate(row) for row in rows]
        return RevisionPage(items=items, next_cursor=next_cursor)

    def revision(self, sub: str, post_id: str, version: int) -> Revision:
        """A former text of a post of one's own; NotFound for all others."""
        items = self._table.get_all([post_key(post_id), revision_text_key(post_id, version)])
        owned_post(items.get(post_key(post_id)), sub)
        return revision_of(items.get(revision_text_key(post_id, version)))

    def newest_of_all(self, count: int) -> list[PostView]:
        """The latest publications in full, at most so many."""
        return self._newest(feed(self._feed_shards), count)[0]

    def newest_by_author(self, author_id: str, count: int) -> tuple[Author, list[PostView]]:
        """An author's latest publications in full, and the author, known or not; another one, and
        nothing, where their account was joined to that one's."""
        profile, moved = profile_key(author_id), merged_key(author_id)
        # What is no public name may be longer than a key.
        about = (profile, moved) if is_author_id(author_id) else ()
        posts, items = self._newest(_by_author(author_id), count, *about)
        if moved in items:
            return Author.of(items[moved]["to"], None), []
        return Author.of(author_id, items.get(profile)), posts

    def newest_tagged(self, tag: str, count: int) -> list[PostView]:
        """The latest publications with a tag in full, at most so many."""
        return self._newest(_tagged(tag), count)[0]

    def _newest(
        self, listing: Listing, count: int, *more: Key
    ) -> tuple[list[PostView], dict[Key, Item]]:
        rows, _ = rows_of(self._table, listing, count, None)
        posts = [post_key(row["id"]) for row in rows]
        profiles = [profile_key(row["author_id"]) for row in rows]
        items = self._table.get_all([*posts, *profiles, *more])
        found = [Post.of(items[key]) for key in posts if key in items]
        # What was taken back in the meantime is no longer everybody's to read.
        return [PostView.of(post, items) for post in found if post.is_public], items

    def _post(self, post_id: str) -> Post | None:
        item = self._table.get(post_key(post_id))
        return None if item is None else Post.of(item)

    def _own(self, sub: str, post_id: str) -> Post:
        return owned_post(self._table.get(post_key(post_id)), sub)

    def _viewed(self, post: Post) -> PostView:
        items = self._table.get_all([stats_key(post.id), profile_key(post.author_id)])
        return PostView.of(post, items)

    def _page(self, listing: Listing, limit: int, cursor: str | None) -> PostPage:
        return page_of(self._table, listing, limit, cursor)


def _by_author(author_id: str) -> Listing:
    """What is no public name is that of nobody."""
    return by_author(author_id if is_author_id(author_id) else "")


def _tagged(tag: str) -> Listing:
    """A tag that no post can have is one that none has."""
    normal = normalised_tag(tag)
    return tagged(normal if is_tag(normal) else "")
