"""The inspection of uploads, which makes images of them.

S3 sends each event at least once, so everything here may happen twice, or twice at once.
"""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from blog.dynamodb.actions import IS_THERE, Action, ConditionRefused
from blog.dynamodb.keys import media_key, own_media_key
from blog.dynamodb.table import Table
from blog.media.actions import changed_image
from blog.media.image_types import MAX_BYTES
from blog.media.model import STORED_TYPE, MediaItem, file_key
from blog.media.removal import used
from blog.media.rewriter import Refused, rewrite
from blog.people.write_access import require_can_write
from blog.s3 import Bucket

OVER_QUOTA = "Your images take all the space that you have here: delete some first."
BLOCKED = "You may not upload images at present."


class _NotAllowed(Exception):
    """The owner has no room for another image, or no write access."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def inspect(table: Table, bucket: Bucket, upload: str, quota: int) -> MediaItem | None:
    """Make an image of an upload, or refuse it. Return the media item, or None if there is none.

    `upload` is the upload's key in the bucket, and `quota` the bytes that a user's images may take.
    The names of an image's files contain a digest of the upload. So files never change, and a
    repeated inspection leaves no others. The upload is removed last: until then, the same event
    may come again.

    An image that older code has stored is inspected in the same way (`blog.admin migrate`).

    Raises Unavailable and WriteContended, after which the same event comes again.
    """
    _, author_id, media_id = upload.split("/")
    item = table.get(media_key(media_id))
    media_item = None if item is None or item["author_id"] != author_id else MediaItem.of(item)
    if media_item is not None and media_item.status != "refused" and not media_item.is_rewritten:
        media_item = _inspected(table, bucket, upload, media_item, quota)
    bucket.delete([upload])
    return media_item


def _inspected(
    table: Table, bucket: Bucket, upload: str, before: MediaItem, quota: int
) -> MediaItem | None:
    content = bucket.download(upload, MAX_BYTES)
    if content is None:
        return before  # another inspection was faster
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "upload"), Path(folder, "files")
        source.write_bytes(content)
        target.mkdir()
        made = rewrite(source, target, before.content_type)
        if isinstance(made, Refused):
            return _refuse(table, bucket, before, made.reason)
        ready = before.model_copy(
            update={
                "status": "ready",
                "width": made.width,
                "height": made.height,
                "color": made.color,
                "sizes": {str(width): size for width, size in made.sizes.items()},
                "bytes": sum(made.sizes.values()),
                "files": sha256(content).hexdigest()[:16],
                "expires_at": None,
            }
        )
        for width in ready.widths:
            key = file_key(ready.author_id, ready.id, ready.files or "", width)
            bucket.put_image(key, (target / f"{width}.webp").read_bytes(), STORED_TYPE)
    try:
        table.write(_make_ready(before, ready, quota))
    except _NotAllowed as e:
        bucket.delete(ready.object_keys())
        return _refuse(table, bucket, before, e.reason)
    except ConditionRefused:
        item = table.get(media_key(before.id))
        now = None if item is None else MediaItem.of(item)
        if now is None or now.files != ready.files:
            bucket.delete(ready.object_keys())
        return now
    if before.status == "ready":
        bucket.delete(before.object_keys())
    return ready


def _make_ready(before: MediaItem, ready: MediaItem, quota: int) -> list[Action]:
    """Build the transaction that makes a media item ready, so that it expires no more.

    An image of an older version was accepted before, so no quota and no ban matters.
    """
    values = {
        "ready": "ready",
        **{name: getattr(ready, name) for name in ("width", "height", "color", "files", "sizes")},
        "bytes": ready.bytes,
    }
    names = ", ".join(f"#{name} = :{name}" for name in values if name != "ready")
    count = used(before.owner, ready.bytes)
    write = Action(
        media_key(before.id),
        condition=f"{_AS_BEFORE} AND #author_id = :author_id",
        values={**values, **_as_before(before), "author_id": before.author_id},
        update=f"SET #status = :ready, {names} REMOVE #expires_at",
    )
    own = Action(
        own_media_key(before.owner, before.id), condition=IS_THERE, update="REMOVE #expires_at"
    )
    job = changed_image(before.person, before.id)
    if before.status == "ready":
        return [write, own, job, count]
    limited = replace(
        count,
        condition="attribute_not_exists(#bytes) OR #bytes <= :room",
        values={**count.values, "room": quota - ready.bytes},
        refused=lambda _: _NotAllowed(OVER_QUOTA),
    )
    may_write = require_can_write(before.author_id, refused=lambda _: _NotAllowed(BLOCKED))
    return [write, own, job, may_write, limited]


_AS_BEFORE = "#status = :before AND #owner = :owner AND attribute_not_exists(#files)"


def _as_before(before: MediaItem) -> dict[str, str]:
    return {"before": before.status, "owner": before.owner}


def _refuse(table: Table, bucket: Bucket, before: MediaItem, reason: str) -> MediaItem:
    """Tell the owner why there is no image. The item of an upload expires as it would have."""
    refuse = Action(
        media_key(before.id),
        condition=_AS_BEFORE,
        values={**_as_before(before), "refused": "refused", "reason": reason},
        update="SET #status = :refused, #reason = :reason",
    )
    if table.try_write([refuse]) and before.status == "ready":
        bucket.delete(before.object_keys())
    return before.model_copy(update={"status": "refused", "reason": reason})
