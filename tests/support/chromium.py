"""The system's Chromium, and how it is started."""

import os
import shutil

from devserver.settings import Unusable

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--no-sandbox",  # which needs rights that containers do not give
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """Its path, or that of CHROMIUM; raises Unusable, which says how to get it."""
    found = (shutil.which(name) for name in NAMES)
    path = os.environ.get("CHROMIUM") or next(filter(None, found), None)
    if path is None:
        raise Unusable("it needs Chromium: apt-get install chromium, or set CHROMIUM to its path")
    return path
