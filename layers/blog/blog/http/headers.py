"""Headers of all responses, and what caches may keep."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": ["nosniff"],
    "Strict-Transport-Security": ["max-age=31536000"],  # RFC 6797 §6.1: a year, for this host
}

# Shared caches may keep public responses for a minute. Browsers revalidate each time, so that users
# see their own edits at once.
PUBLIC = "public, max-age=0, s-maxage=60"
PRIVATE = "private, no-store"
