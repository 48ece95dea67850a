"""Find the installed Chromium, and name the options to start it with."""

import os
import shutil

from devserver.settings import StartupError
from devserver.tools import BROWSERS

OPTIONS = [
    "--no-sandbox",  # the sandbox needs privileges that containers lack
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """Return the path of Chromium, or the value of CHROMIUM. Raise StartupError without one."""
    found = (shutil.which(name) for name in BROWSERS)
    path = os.environ.get("CHROMIUM") or next(filter(None, found), None)
    if path is None:
        raise StartupError(
            "it needs Chromium: install the package chromium-headless-shell, or set CHROMIUM"
        )
    return path
