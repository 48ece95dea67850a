"""SAM's transform of a template, as CloudFormation runs it. Its results are kept in a cache folder.

SAM needs some seconds for template.yaml. Results do not contain the values of the local stack's
parameters, but only references to them.
"""

import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from devserver.settings import cache_folder
from devserver.template.intrinsics import REGION

_LOCAL_BUCKET = "s3://local/"
_MOST_RESULTS = 20


def transformed(path: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the template as SAM's transform gives it to CloudFormation, with nothing resolved."""
    text = path.read_text()
    kept = cache_folder() / "templates" / f"{_key(text, parameters)}.json"
    try:
        whole = kept.read_text()
    except OSError:
        whole = json.dumps(_transform(text, parameters))
        with suppress(OSError):  # without a cache, the next start takes longer
            _keep(kept, whole)
    result: dict[str, Any] = json.loads(whole)
    return result


def _key(text: str, parameters: Mapping[str, str]) -> str:
    """Return a digest of all that the result depends on."""
    parts = [text, sorted(parameters.items()), version("aws-sam-translator"), sys.version]
    code = Path(__file__).read_text()
    return hashlib.sha256(json.dumps([*parts, code]).encode()).hexdigest()


def _keep(path: Path, text: str) -> None:
    """Write a file at once, because several processes may write it, and delete the oldest ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)
    by_age = sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in by_age[_MOST_RESULTS:]:
        old.unlink(missing_ok=True)


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def _transform(text: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    # SAM imports jsonschema, which imports this package to check IRIs. Nothing here has an IRI, and
    # the package takes 2 s to compile its grammar. None makes its import fail, and jsonschema does
    # without it; the type of sys.modules does not allow None.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from samtranslator.translator.transform import transform  # noqa: PLC0415 - takes a second
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415

    template = yaml_parse(text)
    for resource in template["Resources"].values():
        for member in ("CodeUri", "ContentUri"):
            if member in resource.get("Properties", {}):
                resource["Properties"][member] = _LOCAL_BUCKET + resource["Properties"][member]
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)  # the transform needs one
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    result: dict[str, Any] = transform(template, dict(parameters), _NoManagedPolicies())
    return result
