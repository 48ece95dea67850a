"""Tools that the project needs on a machine: their versions and names.

This module uses only the standard library, because `make doctor` runs before anything is installed.
"""

import re

NODE = "Node.js 20.19, or 22.12 or later"  # the versions that Vite supports
# The headless shell comes first: a window of it takes half the processor time.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def is_supported_node(version: str) -> bool:
    """Return whether the app can be built with the Node.js that printed this version."""
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    return (20, 19) <= numbers < (21,) or numbers >= (22, 12)
