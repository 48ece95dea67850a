"""`make openapi`: the functions' OpenAPI documents, merged into openapi.json.

Each zip holds one function's folder, so that no function could do this at run time. With --check
nothing is written, and the exit code says whether the file is up to date.
"""

import importlib
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "openapi.json"
FUNCTIONS = ("public", "posts", "account", "comments", "reactions", "moderation", "media")
# What the handlers insist on when they are loaded; nothing of it gets into the document.
VARIABLES = {
    "TABLE_NAME": "none",
    "MEDIA_BUCKET": "none",
    "ALLOWED_ORIGIN": "*",
    "SITE_URL": "https://blog.example.com",
    "AUTHOR_ID_KEY": "-" * 32,
    "AWS_DEFAULT_REGION": "us-east-1",
}


def document() -> str:
    """The merged document as it stands in the file."""
    os.environ.update(VARIABLES)
    sys.path.insert(0, str(ROOT))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    merge = OpenAPIMerge(
        title="Serverless blog",
        version=project["version"],
        description=project["description"],
        on_conflict="error",
    )
    for function in FUNCTIONS:
        app = importlib.import_module(f"functions.{function}.app").app
        merge.add_schema(app.get_openapi_schema())
    merged = OpenAPI(**_corrected(merge.get_openapi_schema()))
    text: str = merged.model_dump_json(by_alias=True, exclude_none=True, indent=2)
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def _corrected(schema: dict[str, Any]) -> dict[str, Any]:
    """Powertools says that every route may answer 422 in its own format, which none does, and that
    204, redirects and 304 have a body."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            if "HTTPValidationError" in json.dumps(answers.get(422), default=str):
                del answers[422]
            for bodiless in answers.keys() & {204, 301, 302, 304}:
                answers[bodiless].pop("content", None)
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schema["components"]["schemas"].pop(name, None)
    return schema


def main() -> int:
    """Write the file, or check it."""
    current = document()
    if "--check" not in sys.argv:
        TARGET.write_text(current)
    elif not TARGET.exists() or TARGET.read_text() != current:
        sys.stderr.write("openapi.json is not what the handlers say: run `make openapi`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
