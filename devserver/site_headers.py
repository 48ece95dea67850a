"""The headers that the site is served with."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def site_headers(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the app's build writes for its host, from the build's variables.

    spa/vite.config.ts explains them. They are needed here where the app cannot be built.
    """
    api = _origin(variables["VITE_API_URL"])
    media = variables["VITE_MEDIA_ORIGIN"]
    domain = variables["VITE_AUTH0_DOMAIN"]
    issuer = _origin(domain if "://" in domain else f"https://{domain}")
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src 'self' data: https: {api} {media}",
        f"connect-src 'self' {api} {media} {issuer}",
        f"frame-src {issuer}",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
