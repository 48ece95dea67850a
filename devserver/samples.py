"""A few posts with past dates, so that a new local stack has something to read."""

import sys
from datetime import timedelta
from typing import Any

from blog.clock import now
from blog.dynamodb.table import Table
from blog.identifiers import author_id
from blog.people.person import Person
from blog.people.profiles import Profiles
from blog.people.schemas import ProfileChanges
from blog.posts.schemas import NewPost
from blog.posts.service import Posts
from devserver.issuer.tenant import USERS
from devserver.settings import AUTHOR_ID_KEY

ALICE, BOB, _ = USERS

# Author, days ago, title, tags, status, body.
SAMPLES = (
    (ALICE, 30, "Who is calling my API?", ["auth0", "jwt"], "published",
     "The single-page app sends an *access token*. An authorizer verifies it and passes `sub` on."),
    (BOB, 21, "One table, no index, no scan", ["dynamodb"], "published",
     "Every list is a partition, and every write keeps all lists right, in one transaction."),
    (ALICE, 14, "Edit your own posts, and nobody else's", ["dynamodb", "jwt"], "published",
     "The write itself says who may make it: `#owner = :owner AND #lock_version = :lock_version`."),
    (BOB, 3, "हिन्दी, c# and node.js: tags are harder than they look", ["हिन्दी", "c#", "node.js"],
     "published", "Letters, digits, spaces and a few signs; everything else is refused by name."),
    (ALICE, 1, "Not finished yet", ["draft"], "draft", "Only Alice can read this."),
)  # fmt: skip


def write_samples(client: Any, table_name: str) -> None:
    """Write the sample posts and their authors' names with the blog's own code."""
    table = Table(client, table_name)
    posts, profiles = Posts(table), Profiles(table)
    for user in (ALICE, BOB):
        person = Person(user.sub, author_id(user.sub, AUTHOR_ID_KEY))
        profiles.edit(person, ProfileChanges.model_validate({"name": user.name}))
    for user, days, title, tags, status, body in SAMPLES:
        new = NewPost.model_validate({"title": title, "tags": tags, "status": status, "body": body})
        owner = Person(user.sub, author_id(user.sub, AUTHOR_ID_KEY))
        posts.create(new, owner=owner, at=now() - timedelta(days=days))
    print(f"{len(SAMPLES)} sample posts", file=sys.stderr)
