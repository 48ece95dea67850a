"""What a token's permissions allow, beyond what everyone may do with their own things."""

from blog.errors import InsufficientScope
from blog_auth.identity import Identity

AUTHOR_POSTS = "author:posts"
MODERATE_CONTENT = "moderate:content"
MODERATE_PEOPLE = "moderate:people"


def require_write_permission(identity: Identity) -> Identity:
    """The same identity, if it may write: every person, and machines that are permitted to."""
    if identity.is_machine and not identity.may(AUTHOR_POSTS):
        raise InsufficientScope(f"A machine needs the permission {AUTHOR_POSTS} to write.")
    return identity


def require_permission(identity: Identity, permission: str) -> Identity:
    """The same identity, if its token's permissions hold this one."""
    if not identity.may(permission):
        raise InsufficientScope(f"This needs the permission {permission}.")
    return identity
