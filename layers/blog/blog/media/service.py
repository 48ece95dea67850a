"""Media: images that users upload to the bucket themselves, with a form that the API signs.

An upload becomes an image once it has been inspected (inspection.py). Until then it has a key of
its own. An upload that never becomes an image expires: the item by its time to live, and the
object by the bucket's lifecycle.
"""

from datetime import datetime
from itertools import islice
from math import inf
from typing import Any

from blog.clock import now
from blog.dynamodb.actions import IS_NEW, Action, Item
from blog.dynamodb.concurrency import side_by_side
from blog.dynamodb.cursors import cursor_after
from blog.dynamodb.keys import (
    Key,
    media_key,
    own_media_key,
    owner_partition,
    used_bytes_key,
)
from blog.dynamodb.listings import images_of_user
from blog.dynamodb.paging import rows_of
from blog.dynamodb.table import Table
from blog.errors import Conflict, FieldError, Forbidden, NotFound, Unprocessable
from blog.identifiers import media_path, new_id, parse_id
from blog.media.model import MediaItem
from blog.media.removal import remove
from blog.media.schemas import (
    ImageUse,
    MediaReference,
    MediaUpload,
    NewMedia,
    OwnMedia,
    OwnMediaPage,
    UploadForm,
)
from blog.media.uses import Uses, posts_using
from blog.people.person import Person
from blog.people.rate_limits import RateLimits
from blog.s3 import Bucket, upload_object_key

SECONDS_PENDING = 24 * 3600  # after which an announced image expires
QUOTA_BYTES = 1_000_000_000  # of a user's images
MAX_NAMED = 5  # posts for each image of a page
MAX_NAMED_OF_ONE = 100


class ImageInUse(Conflict):
    """Posts of the owner use the image."""

    def __init__(self, posts: list[ImageUse]) -> None:
        super().__init__(
            "Your posts use this image. With force=true it is deleted, and they show its "
            "description instead."
        )
        self._posts = posts

    @property
    def members(self) -> dict[str, Any]:
        """Return the posts that use the image."""
        return {"posts": [post.model_dump() for post in self._posts]}


class Media:
    """The media items of one table and one bucket, for those who upload images."""

    def __init__(
        self,
        table: Table,
        bucket: Bucket,
        limits: RateLimits | None = None,
        quota: int = QUOTA_BYTES,
    ) -> None:
        """Use this table and bucket. `quota` is how many bytes a user's images may take."""
        self._table = table
        self._bucket = bucket
        self._limits = limits or RateLimits()
        self._quota = quota

    def create(self, new: NewMedia, *, owner: Person, at: datetime | None = None) -> MediaUpload:
        """Announce an image, and return the form that uploads it.

        Raises Unprocessable if the owner has no space left, Forbidden for a banned user,
        TooManyRequests and WriteContended.
        """
        at = at or now()
        media_item = MediaItem(
            id=new_id(at),
            owner=owner.sub,
            author_id=owner.author_id,
            content_type=new.content_type,
            size=new.size,
            created_at=at,
            expires_at=int(at.timestamp()) + SECONDS_PENDING,
        )
        media_id = media_item.id
        key = upload_object_key(owner.author_id, media_id)
        form = self._bucket.presigned_upload(key, new.content_type, new.size)
        row = {"of": media_id, "expires_at": media_item.expires_at}
        actions = [
            Action(media_key(media_id), item=media_item.item(), condition=IS_NEW),
            Action(own_media_key(owner.sub, media_id), item=row),
            self._require_space(owner.sub),
        ]
        self._limits.write(
            self._table, "uploads", owner.author_id, at, lambda count: [count, *actions]
        )
        reference = MediaReference(id=media_id, url=media_path(media_id))
        return MediaUpload(media=reference, upload=UploadForm.model_validate(form))

    def _require_space(self, sub: str) -> Action:
        """Build the check that a user's images may take more. The inspector counts exactly."""

        def refused(_: Item | None) -> Unprocessable:
            quota = f"{self._quota // 1_000_000:,} MB"
            text = f"Your images take all of your {quota}: delete some first"
            return Unprocessable([FieldError("size", text)])

        return Action(
            used_bytes_key(sub),
            condition="attribute_not_exists(#bytes) OR #bytes < :quota",
            values={"quota": self._quota},
            is_check=True,
            refused=refused,
        )

    def page(self, owner: Person, *, limit: int, cursor: str | None) -> OwnMediaPage:
        """Return a page of the owner's media items, newest first, with some posts that use each.

        It takes three round trips.
        """
        listing = images_of_user(owner.sub)
        rows, next_cursor = rows_of(self._table, listing, limit, cursor)
        ids, used = [row["of"] for row in rows], used_bytes_key(owner.sub)
        items, uses = side_by_side(
            lambda: self._table.get_all([used, *map(media_key, ids)]),
            lambda: posts_using(self._table, owner, ids),
        )
        if len(uses) < len(ids):  # too many uses for one page
            next_cursor = cursor_after(listing, rows[len(uses) - 1]["sk"])
        own = [one for one in uses if _is_own(items.get(media_key(one)), owner)]
        named = self._named(owner, uses, MAX_NAMED)
        return OwnMediaPage(
            items=[
                OwnMedia.of(MediaItem.of(items[media_key(one)]), len(uses[one]), named[one])
                for one in own
            ],
            next_cursor=next_cursor,
            used_bytes=items.get(used, {}).get("bytes", 0),
            quota_bytes=self._quota,
        )

    def get(self, media_id: str, *, owner: Person) -> OwnMedia:
        """Return one of the owner's media items, with the posts that use it.

        Raises NotFound for all others.
        """
        item = self._table.get(media_key(parse_id(media_id)))
        if item is None or not _is_own(item, owner):
            raise NotFound("You have no such image.")
        uses = posts_using(self._table, owner, [media_id])
        named = self._named(owner, uses, MAX_NAMED_OF_ONE)
        return OwnMedia.of(MediaItem.of(item), len(uses[media_id]), named[media_id])

    def delete(self, media_id: str, *, owner: Person, force: bool) -> None:
        """Remove the owner's image with all its files.

        Posts that use it show its alternative text. Unless forced, raises ImageInUse for these, and
        Conflict for an image that is not migrated. Raises NotFound, Forbidden for another user's
        image, WriteContended and Unavailable.
        """
        item = self._table.get(media_key(parse_id(media_id)))
        if item is None or (item["owner"] != owner.sub and item["status"] != "ready"):
            raise NotFound("There is no such image.")
        if item["owner"] != owner.sub:
            raise Forbidden("This image is somebody else's.")
        image = MediaItem.of(item)
        if image.status == "ready" and not image.is_rewritten and not force:
            raise Conflict(
                "This image is older than the record of which posts use it. An operator can migrate"
                " it. With force=true it is deleted in any case."
            )
        if not force:
            uses = posts_using(self._table, owner, [media_id], is_complete=True)
            if posts := self._named(owner, uses, MAX_NAMED_OF_ONE)[media_id]:
                raise ImageInUse(posts)
        remove(self._table, self._bucket, image)

    def _named(self, owner: Person, uses: Uses, most: int) -> dict[str, list[ImageUse]]:
        """Return some posts of each image with their titles. A post without an entry is deleted."""
        partition = owner_partition(owner.sub)
        some = {one: dict(islice(posts.items(), most)) for one, posts in uses.items()}
        keys = {entry for posts in some.values() for entry in posts.values()}
        entries = self._table.get_all(Key(partition, entry) for entry in keys)
        return {
            media_id: [
                ImageUse(id=post_id, title=entries[Key(partition, entry)]["title"])
                for post_id, entry in posts.items()
                if Key(partition, entry) in entries
            ]
            for media_id, posts in some.items()
        }


def _is_own(item: Item | None, owner: Person) -> bool:
    """Return whether an item is this user's media item, and has not expired."""
    if item is None or item["owner"] != owner.sub:
        return False
    return bool(item.get("expires_at", inf) > now().timestamp())
