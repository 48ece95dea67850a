"""The limits for an hour and user: their kinds, their names in words, and their defaults."""

from typing import Literal, get_args

Kind = Literal[
    "posts", "post_edits", "comments", "comment_edits", "reactions", "uploads", "reports", "exports"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
IN_WORDS: dict[Kind, str] = {
    "posts": "new posts",
    "post_edits": "edits of posts",
    "comments": "comments",
    "comment_edits": "edits of comments",
    "reactions": "likes and follows",
    "uploads": "uploads",
    "reports": "reports",
    "exports": "exports",
}

PER_HOUR: dict[Kind, int] = {
    "posts": 60,
    "post_edits": 600,
    "comments": 60,
    "comment_edits": 120,
    "reactions": 600,
    "uploads": 60,
    "reports": 60,
    "exports": 5,
}
