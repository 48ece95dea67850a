"""Permissions of a token, for actions beyond a user's own content."""

from blog.errors import InsufficientScope
from blog_auth.identity import Identity

AUTHOR_POSTS = "author:posts"
MODERATE_CONTENT = "moderate:content"
MODERATE_PEOPLE = "moderate:people"


def require_write_permission(identity: Identity) -> Identity:
    """Return the identity; raise InsufficientScope for a machine that lacks `author:posts`."""
    if identity.is_machine and not identity.may(AUTHOR_POSTS):
        raise InsufficientScope(f"A machine needs the permission {AUTHOR_POSTS} to write.")
    return identity


def require_permission(identity: Identity, permission: str) -> Identity:
    """Return the identity; raise InsufficientScope if its token lacks the permission."""
    if not identity.may(permission):
        raise InsufficientScope(f"This action needs the permission {permission}.")
    return identity
