"""The pages of the site: each reads what it shows, and renders it.

A page also carries the API's answers to what it shows, so that the app starts from these without
asking again. The queries are those of the API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import unquote

from pydantic import BaseModel
from pydantic_core import to_json

from blog.comments.queries import CommentQueries
from blog.comments.schemas import CommentDetail, Tombstone
from blog.dynamodb.concurrency import side_by_side
from blog.dynamodb.keys import media_key
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.identifiers import is_id, media_id_of
from blog.media.model import MediaItem
from blog.pages.app_files import AppIndex
from blog.pages.head import (
    Head,
    Image,
    cover,
    head_of_author,
    head_of_home,
    head_of_post,
    head_of_tag,
    head_of_tags,
)
from blog.pages.rendering import rendered
from blog.pages.text import component, in_script
from blog.people.profiles import Profiles
from blog.posts.queries import PostQueries
from blog.posts.schemas import PostDetail
from blog.settings import Site
from blog.tags import is_tag, normalised_tag

POSTS = 20  # of a page, as in the API unless told
COMMENTS = 50
TAGS = 100
MAX_COMMENT_BYTES = 500_000  # of a page's comments, as Lambda sends them


class Page(NamedTuple):
    """A page, or a redirect to a path of the site."""

    html: str = ""
    status: int = 200
    location: str = ""


class Pages:
    """The pages of one site."""

    def __init__(self, table: Table, feed_shards: int, site: Site, app: AppIndex) -> None:
        self._table = table
        self._posts = PostQueries(table, feed_shards)
        self._comments = CommentQueries(table)
        self._profiles = Profiles(table)
        self._site = site
        self._app = app

    def at(self, path: str, cursor: str | None) -> Page:
        """Return the page at a path of the site, as it is in the address, percent-encoded.

        Raises NotFound for addresses without a page, BadRequest for a cursor of another list, and
        Unavailable.
        """
        segments = [unquote(part) for part in path.split("/")[1:]]
        match segments:
            case [*parts, ""] if parts and all(parts):
                # Encoded anew: browsers read a backslash as a slash, so `/\\host` leads elsewhere.
                page = _redirect("".join(f"/{component(part)}" for part in parts))
            case ["me", *_] | ["callback"]:
                page = self._shell(path)
            case _:
                page = self._public(segments, cursor)
        return page

    def _public(self, segments: list[str], cursor: str | None) -> Page:
        match segments:
            case [""]:
                page = self._home(cursor)
            case ["posts", slug]:
                page = self._post(slug, cursor)
            case ["tags"]:
                page = self._tags(cursor)
            case ["tags", tag]:
                page = self._tag(tag, cursor)
            case ["authors", author_id]:
                page = self._author(author_id, cursor)
            case _:
                raise NotFound("There is no such page.")
        return page

    def _home(self, cursor: str | None) -> Page:
        page = self._posts.feed(limit=POSTS, cursor=cursor)
        head = _later(head_of_home(self._site), cursor, page.next_cursor)
        return self._complete(
            "home", head, cursor, {_key("/posts", cursor=cursor): page}, page=page
        )

    def _tags(self, cursor: str | None) -> Page:
        page = self._posts.tags(limit=TAGS, cursor=cursor)
        head = _later(head_of_tags(self._site), cursor, page.next_cursor)
        answers = {_key("/tags", limit=str(TAGS), cursor=cursor): page}
        return self._complete("tags", head, cursor, answers, page=page)

    def _tag(self, tag: str, cursor: str | None) -> Page:
        normal = normalised_tag(tag)
        if is_tag(normal) and normal != tag:
            return _redirect(f"/tags/{component(normal)}")
        page = self._posts.tagged(tag, limit=POSTS, cursor=cursor)
        if not page.items and cursor is None:
            raise NotFound("There are no posts with this tag.")
        head = _later(head_of_tag(self._site, tag), cursor, page.next_cursor)
        answers = {_key("/posts", tag=tag, cursor=cursor): page}
        return self._complete("tag", head, cursor, answers, page=page, tag=tag)

    def _author(self, author_id: str, cursor: str | None) -> Page:
        author, page = side_by_side(
            lambda: self._profiles.public(author_id),
            lambda: self._posts.by_author(author_id, limit=POSTS, cursor=cursor),
        )
        if author.id != author_id:
            return _redirect(f"/authors/{author.id}")
        head = _later(head_of_author(self._site, author), cursor, page.next_cursor)
        answers: dict[str, BaseModel] = {
            f"/authors/{component(author_id)}": author,
            _key("/posts", author=author_id, cursor=cursor): page,
        }
        return self._complete("author", head, cursor, answers, page=page, author=author)

    def _post(self, slug: str, cursor: str | None) -> Page:
        if is_id(slug):
            return _redirect(f"/posts/{self._posts.published(slug).post.slug}")
        (post, image), comments = self._posts.published_by_slug_beside(
            slug,
            lambda view: (view.as_response(), self._cover(view.post.cover_image)),
            lambda post_id: self._comments.beside(
                post_id, limit=COMMENTS, cursor=cursor, most_bytes=MAX_COMMENT_BYTES
            ),
        )
        if post.slug != slug:
            return _redirect(f"/posts/{post.slug}")
        head = replace(head_of_post(self._site, post, image), is_indexed=cursor is None)
        top, replies = _threads(comments.items)
        answers: dict[str, BaseModel] = {
            f"/posts/by-slug/{component(slug)}": post,
            _key(f"/posts/{post.id}/comments", limit=str(COMMENTS), cursor=cursor): comments,
        }
        values = {"post": post, "comments": comments, "top": top, "replies": replies}
        return self._complete("post", head, cursor, answers, **values)

    def _cover(self, address: str | None) -> Image | None:
        media_id = media_id_of(address)
        item = None if media_id is None else self._table.get(media_key(media_id))
        return cover(self._site, None if item is None else MediaItem.of(item))

    def _shell(self, path: str) -> Page:
        head = Head(title="", path=path, is_indexed=False)
        return Page(rendered("shell", head, self._site, self._app.files()))

    def message(self, path: str, title: str, text: str, status: int) -> Page:
        """Return a page that says why there is no other one at this path.

        The app takes over a page that says "not found". It tries the others again itself.
        """
        head = Head(title=title, path=path, is_indexed=False)
        app = self._app.files()
        data = _page_data(self._site, path, {}) if app.scripts and status == 404 else ""
        return Page(rendered("message", head, self._site, app, data, text=text), status)

    def _complete(
        self,
        template: str,
        head: Head,
        cursor: str | None,
        answers: Mapping[str, BaseModel],
        **values: Any,
    ) -> Page:
        path = head.path + (f"?cursor={cursor}" if cursor else "")
        app = self._app.files()
        data = _page_data(self._site, path, answers) if app.scripts else ""
        return Page(rendered(template, head, self._site, app, data, **values))


def _redirect(path: str) -> Page:
    return Page(status=301, location=path)


def _later(head: Head, cursor: str | None, next_cursor: str | None) -> Head:
    """Return the head of a page of a list. Later pages change all the time, so none is indexed."""
    after = f"{head.path}?cursor={next_cursor}" if next_cursor else ""
    if cursor is None:
        return replace(head, next=after)
    title = f"{head.title or 'Posts'}, continued"
    return replace(head, title=title, next=after, first=head.path, is_indexed=False)


def _key(path: str, **query: str | None) -> str:
    """Return an API path with its query, as the app requests it."""
    given = [f"{name}={component(value)}" for name, value in query.items() if value is not None]
    return f"{path}?{'&'.join(given)}" if given else path


def _page_data(site: Site, path: str, answers: Mapping[str, BaseModel]) -> str:
    """Return what the app starts from, as JSON for a script element."""
    of_site = {"name": site.name, "description": site.description, "language": site.language}
    parts = [f"{to_json(key).decode()}:{_answer(model)}" for key, model in answers.items()]
    begin = f'{{"site":{to_json(of_site).decode()},"path":{to_json(path).decode()},"answers":'
    return in_script(f"{begin}{{{','.join(parts)}}}}}")


def _answer(model: BaseModel) -> str:
    """Return the API's answer. A post leaves out its Markdown, which no reader needs."""
    return model.model_dump_json(exclude={"body"} if isinstance(model, PostDetail) else None)


Entries = Sequence[CommentDetail | Tombstone]


def _threads(entries: Entries) -> tuple[Entries, dict[str, Entries]]:
    """Return the comments of the top level, and the replies to each.

    A reply whose parent is not among them stands at the top.
    """
    ids = {entry.id for entry in entries}
    top: list[CommentDetail | Tombstone] = []
    replies: dict[str, list[CommentDetail | Tombstone]] = {}
    for entry in entries:
        parent = getattr(entry, "parent_id", None)
        (replies.setdefault(parent, []) if parent in ids else top).append(entry)
    return top, dict(replies)
