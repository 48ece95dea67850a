"""The jobs that follow changes of posts and of images.

That of a post records which images the post uses, and renders the post anew if it shows images
whose sizes are known by now, or that are gone. That of an image leaves one for each post that uses
it.
"""

from collections.abc import Callable
from dataclasses import replace

from blog.dynamodb.actions import Action, ConditionRefused, Item
from blog.dynamodb.keys import Key, media_key, post_key
from blog.dynamodb.table import Table
from blog.errors import Unprocessable
from blog.media.uses import announce, record_uses
from blog.posts.model import MAX_STORED_BYTES, Post
from blog.posts.transactions import change


def follow_change(table: Table, job: Item) -> bool:
    """Do the job and remove it. Return False if the post has changed meanwhile.

    The uses are recorded before the images are read. So of an image that becomes ready in between,
    either this job sees the sizes, or the inspector sees the use and leaves the job again.
    """
    end = _end_of(job)
    try:
        if "images" in job:
            record_uses(table, job, replace(end, is_check=True))
        if job.get("images", True):
            _render_anew(table, job)
        table.write([end])
    except ConditionRefused:
        return False
    return True


def follow_image(table: Table, job: Item, is_out_of_time: Callable[[], bool]) -> bool:
    """Leave a job for each post that uses the image. Return False if the image has changed again.

    Raises OutOfTime.
    """
    announce(table, job, is_out_of_time)
    return table.try_write([_end_of(job)])


def _end_of(job: Item) -> Action:
    return Action(Key.of(job), condition="#stamp = :stamp", values={"stamp": job["stamp"]})


def _render_anew(table: Table, job: Item) -> None:
    """Store a post's HTML with what is known of its images now. It is no edit.

    The version and the times stay, so it disturbs no open editor. Raises ConditionRefused if the
    post has changed.
    """
    key = post_key(job["post_id"])
    images = job.get("images")
    items = table.get_all([key, *map(media_key, images or ())])
    post = Post.of(items[key]) if key in items else None
    if post is None or post.owner != job["sub"]:
        return
    if images is None:
        images = post.images
        items = table.get_all(map(media_key, images))
    from blog.posts.images import images_among, with_images  # noqa: PLC0415 - it loads slowly
    from blog.posts.rendering import rendered  # noqa: PLC0415 - it loads slowly

    try:
        html = with_images(rendered(post.body).html, images_among(items, images))
    except Unprocessable:  # stored by an older renderer, and this one would refuse it
        return
    update = {"body_html": html, "lock_version": post.lock_version + 1}
    after = post.model_copy(update=update)
    if html != post.body_html and after.stored_bytes <= MAX_STORED_BYTES:
        table.write(change(post, after, post.owner, leaves_job=False))
