"""The files of the built app, which pages link: their names change with each build.

The app's index file in the site's bucket names them. Pages are complete without them.
"""

import re
import time
from collections.abc import Callable
from typing import NamedTuple

from botocore.exceptions import ClientError

from blog.errors import Unavailable
from blog.s3 import Bucket

INDEX = "index.html"
MAX_BYTES = 64 * 1024

_TAG = re.compile(r"<(script|link)\b([^<>]*)>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_ASSET = re.compile(r"/assets/[A-Za-z0-9._-]+")


class AppFiles(NamedTuple):
    """The paths of the app's scripts, of modules that these need, and of stylesheets."""

    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


def files_in(index: str) -> AppFiles:
    """Return the files that the app's index links. Other addresses than assets are left out."""
    found: dict[str, list[str]] = {"script": [], "modulepreload": [], "stylesheet": []}
    for name, text in _TAG.findall(index):
        attributes = dict(_ATTRIBUTE.findall(text))
        kind = name if name == "script" else attributes.get("rel", "")
        path = attributes.get("src" if name == "script" else "href", "")
        if kind in found and _ASSET.fullmatch(path):
            found[kind].append(path)
    return AppFiles(*(tuple(paths) for paths in found.values()))


class AppIndex:
    """The app's index in a bucket, read again after `seconds`. Without a bucket there is no app."""

    def __init__(
        self, bucket: Bucket | None, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bucket = bucket
        self._seconds = seconds
        self._clock = clock
        self._files = AppFiles()
        self._read_at = -seconds

    def files(self) -> AppFiles:
        """Return the app's files. If they cannot be read, return those read before.

        S3 refuses to read a missing object too, because nobody may list the bucket.
        """
        if self._bucket is not None and self._clock() - self._read_at >= self._seconds:
            self._read_at = self._clock()
            try:
                index = self._bucket.download(INDEX, MAX_BYTES)
            except (Unavailable, ClientError):
                return self._files
            self._files = AppFiles() if index is None else files_in(index.decode(errors="replace"))
        return self._files
