"""The size of listing entries: under 1 KB at the median, so a page of twenty reads few units."""

import json
import statistics
from datetime import UTC, datetime
from itertools import groupby

from boto3.dynamodb.types import TypeSerializer

from blog.dynamodb.keys import feed_partition
from blog.posts.editing import created
from blog.posts.listing_entries import entries
from blog.posts.rendering import rendered
from blog.posts.schemas import NewPost
from tests.support.bounds import item_size
from tests.support.posts import person
from tests.support.samples import ALICE, ROOT

TEXTS = json.loads((ROOT / "tests" / "corpus" / "scripts.json").read_text())
MAX_TITLE = 60
AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def entry_size(body: str) -> int:
    """Return the size of a post's entry in the feed, in bytes. The title is how the text begins."""
    excerpt = rendered(body).excerpt
    new = NewPost.model_validate(
        {
            "title": excerpt[:MAX_TITLE] or "Untitled",
            "body": body,
            "tags": ["travel", "food and drink", "2026"],
            "cover_image": "https://images.example.com/2026/01/a-picture.jpg",
            "status": "published",
        }
    )
    post = created(new, owner=person(ALICE), feed_shards=1, now=AT)
    (entry,) = (
        item | key._asdict() for key, item in entries(post).items() if key.pk == feed_partition(0)
    )
    return item_size(TypeSerializer().serialize(entry)["M"])


def test_entries_have_less_than_1_kb_at_the_median() -> None:
    pages = [path.read_text() for path in (ROOT / "docs").glob("*.md")]
    for corpus in ([one["markdown"] for one in TEXTS], pages):
        assert statistics.median(map(entry_size, corpus)) < 1024


def test_entries_of_long_posts_have_little_more_in_scripts_of_three_bytes() -> None:
    """The excerpt has 200 characters. Nearly half of these scripts stay under 1 KB."""
    by_script = groupby(sorted(TEXTS, key=lambda one: one["script"]), lambda one: one["script"])
    sizes = [entry_size("\n\n".join(one["markdown"] for one in texts)) for _, texts in by_script]
    assert len(sizes) >= 12
    assert max(sizes) < 1200
