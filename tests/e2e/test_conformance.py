"""The running stack conforms to its OpenAPI document: schemathesis, with all of its checks.

Each finding is a failure, unless EXPLAINED lists it. `EXAMPLES=200 make test
ARGS=tests/e2e/test_conformance.py` tests more examples, and `SEED` selects other ones.
"""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import LOG_FILES
from tests.support.stack import Client, DevServer, Json, inherited_environment

EXAMPLES = os.environ.get("EXAMPLES", "4")
SEED = os.environ.get("SEED", "1")


class Finding(NamedTuple):
    """A failed check, and the response that failed it."""

    check: str
    operation: str
    status: int
    body: str


class Explained(NamedTuple):
    """An expected finding: the check, the status, words of the response, and the reason."""

    check: str
    status: int
    words: str
    why: str


POSITIVE = "positive_data_acceptance"
EXPLAINED = (
    Explained("unsupported_method", 404, "There is no such route or method.",
              "API Gateway returns 404 for an unknown path and for a wrong method"),
    Explained("ensure_resource_availability", 404, "There is no such image.",
              "an announced image exists after its upload and inspection"),
    Explained(POSITIVE, 400, "The cursor does not belong to this list.",
              "a cursor is opaque and belongs to one list"),
    Explained(POSITIVE, 400, "part and of", "part is at most of, and both need a month"),
    Explained(POSITIVE, 400, "one filter at a time", "tag or author, and not both"),
    Explained(POSITIVE, 400, "If-Match must be",
              "schemathesis sends 0 for a header that has a pattern, and 0 does not match it"),
    Explained(POSITIVE, 412, "It has changed since", "it depends on the current version"),
    Explained(POSITIVE, 422, "nobody follows themselves", "it depends on the user"),
    Explained(POSITIVE, 422, "nobody bans themselves", "it depends on the user"),
    Explained(POSITIVE, 422, "another moderator must decide", "it depends on the user"),
    Explained(POSITIVE, 422, "Names no image of yours", "it depends on what was uploaded"),
    Explained(POSITIVE, 422, "Names no comment on this post", "it depends on what exists"),
    Explained(POSITIVE, 422, "Was used with another body", "a key belongs to one body"),
    Explained(POSITIVE, 422, "Needs the status scheduled", "publish_at goes with one status"),
    Explained(POSITIVE, 422, "Must be in the future", "it depends on the time of day"),
    Explained(POSITIVE, 422, "Needs the status published", "published_at goes with one status"),
    Explained(POSITIVE, 422, "Must be in the past", "it depends on the time of day"),
    Explained(POSITIVE, 422, "because addresses cannot have it", "a step of a path is no tag"),
    Explained(POSITIVE, 422, "Must be an https address", "the URL standard is more than a pattern"),
    Explained(POSITIVE, 422, "Input should be a valid integer",
              "359.0 is an integer to JSON Schema, but no number of bytes that an app would send"),
    Explained(POSITIVE, 422, "characters when encoded", "the limit applies to the encoded address"),
    Explained(POSITIVE, 422, "Must only have letters",
              "Unicode versions differ in what a letter is"),
    Explained(POSITIVE, 422, "Must not be blank", "patterns name few invisible characters"),
    Explained(POSITIVE, 422, "hidden or unusual characters", "PRECIS is more than a pattern"),
    Explained(POSITIVE, 422, "when normalised", "the limit applies to the normal form"),
    Explained(POSITIVE, 422, "Must not be an e-mail address", "it depends on the normal form"),
    Explained(POSITIVE, 422, "Is reserved", "some names have many spellings"),
    Explained(POSITIVE, 422, "Must have visible text", "it depends on the rendered HTML"),
    Explained(POSITIVE, 422, "hidden tag characters", "flags have these characters too"),
    Explained(POSITIVE, 422, "marks in a row", "a regular expression cannot name all marks"),
)  # fmt: skip


@pytest.fixture(scope="module")
def findings(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> list[Finding]:
    """Run schemathesis against a separate stack, as a user with all permissions; it may delete the
    account."""
    if os.environ.get("API_URL"):
        pytest.skip("schemathesis changes and deletes content: unset API_URL")
    folder = tmp_path_factory.mktemp("conformance")
    log, report, config = folder / "log", folder / "report.ndjson", folder / "schemathesis.toml"
    log_of_functions = folder / "log-of-functions"
    pytestconfig.stash[LOG_FILES].append(log_of_functions)
    with DevServer(log) as stack:
        token = stack.token("moderator")
        post = Client(stack, stack.token("alice")).create(title="To be tried", status="published")
        config.write_text("\n".join(_existing_ids(post)))
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            *("--config-file", str(config)),
            *("run", f"{stack.api_url}/openapi.json", "--url", stack.api_url),
            *("--header", f"Authorization: Bearer {token}"),
            *("--checks", "all", "--continue-on-failure", "--max-redirects", "0"),
            *("--max-examples", EXAMPLES, "--seed", SEED, "--no-color"),
            *("--report", "ndjson", "--report-ndjson-path", str(report)),
        ]
        run = subprocess.run(
            command,
            cwd=folder,
            env=inherited_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    # Leave out the local stack's own lines with paths: schemathesis puts data from /me into them.
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    log_of_functions.write_text("\n".join(lines))
    assert run.returncode in (0, 1), run.stdout + run.stderr
    assert "Tested: " in run.stdout, run.stdout + run.stderr
    return list(_findings(report))


def _existing_ids(post: Json) -> Iterator[str]:
    """Yield ids that exist. Without them most responses would be 404."""
    known = {"post_id": post["id"], "author_id": post["author"]["id"], "slug": post["slug"]}
    known["name"] = "start.js"  # the name of a file of /docs
    for operation, name in (
        ("getPost", "post_id"),
        ("getPostBySlug", "slug"),
        ("listComments", "post_id"),
        ("createComment", "post_id"),
        ("likePost", "post_id"),
        ("getLike", "post_id"),
        ("followAuthor", "author_id"),
        ("getFollow", "author_id"),
        ("reportPost", "post_id"),
        ("reportAuthor", "author_id"),
        ("getDocsAsset", "name"),
    ):
        yield f'[[operations]]\ninclude-operation-id = "{operation}"'
        yield f'parameters = {{ {name} = "{known[name]}" }}'


def _findings(report: Path) -> Iterator[Finding]:
    for line in report.read_text().splitlines():
        event = json.loads(line)
        assert "EngineFinished" not in event or not event["EngineFinished"].get("errors"), line
        recorder: dict[str, Any] = event.get("ScenarioFinished", {}).get("recorder", {})
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                if check["status"] != "failure":
                    continue
                response = recorder["interactions"][case]["response"]
                content = b64decode((response["content"] or {}).get("$base64", "")).decode(
                    errors="replace"
                )
                operation = check["failure_info"]["failure"]["operation"]
                yield Finding(check["name"], operation, response["status_code"], content)


def _is_explained(finding: Finding) -> bool:
    return any(
        (one.check, one.status) == (finding.check, finding.status) and one.words in finding.body
        for one in EXPLAINED
    )


def test_the_stack_conforms_to_its_openapi_document(findings: list[Finding]) -> None:
    unexplained = [finding for finding in findings if not _is_explained(finding)]
    assert not unexplained, "\n".join(map(str, unexplained))


def test_the_checks_were_enabled(findings: list[Finding]) -> None:
    """At least API Gateway's known difference is found."""
    assert any(finding.check == "unsupported_method" for finding in findings)
