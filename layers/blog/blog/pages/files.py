"""Small files of the site: for crawlers, for browsers, and for security researchers."""

import json
from datetime import UTC, datetime, timedelta

from blog.clock import to_rfc3339
from blog.settings import Site

EXPIRES_AFTER = timedelta(days=180)  # RFC 9116 §2.5.5 recommends less than a year


def robots(site: Site) -> str:
    """Return robots.txt (RFC 9309): the app's own pages are of no use to crawlers."""
    return (
        "User-agent: *\nDisallow: /me\nDisallow: /callback\n\n"
        f"Sitemap: {site.absolute('/sitemap.xml')}\n"
    )


def manifest(site: Site) -> str:
    """Return the web app manifest (w3.org/TR/appmanifest)."""
    name = {"name": site.name, "short_name": site.name[:30], "description": site.description}
    icon = {"src": site.logo, "sizes": "any", "purpose": "any"}
    return json.dumps(
        {
            **name,
            "lang": site.language,
            "start_url": "/",
            "display": "minimal-ui",
            "theme_color": site.accent,
            "background_color": "#fdfcfa",
            "icons": [icon],
        },
        ensure_ascii=False,
    )


def security(site: Site, now: datetime) -> str | None:
    """Return security.txt (RFC 9116), or None without a contact. It is the same for a month."""
    if not site.contact:
        return None
    month = datetime(now.year, now.month, 1, tzinfo=UTC)
    return (
        f"Contact: {site.contact}\nExpires: {to_rfc3339(month + EXPIRES_AFTER)}\n"
        f"Canonical: {site.absolute('/.well-known/security.txt')}\n"
    )
