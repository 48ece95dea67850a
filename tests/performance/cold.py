"""Cold starts: each built function, compared with a tutorial's as `sam build` ships it.

Measured from the start of the process to the first response, alternately. Each function of ours
gets an event of its route, in the environment that the template gives it. All use the same local
engine.
"""

import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blog.dynamodb.table import Table
from blog.posts.queries import PostQueries
from devserver.aws.dynamodb import dynamodb_client, running_dynamodb
from devserver.settings import TEMPLATE, Engine, LocalStackSettings
from devserver.startup import create_tables, running_storage
from devserver.template.deployment import read_deployment
from devserver.template.intrinsics import LOCAL_CREDENTIAL, REGION
from tests.performance.authorizer import ISSUER, key_server, valid_token
from tests.performance.figures import Figures
from tests.support.handlers import POST_ID
from tests.support.samples import AUDIENCE, ROOT, sample_event
from tests.support.stack import free_port

COLD_STARTS = 15
RUNTIME = "python3.13"
TUTORIALS_TABLE = "TutorialTable"
# For each function: one of its events, and the status of its response, if it has one.
EVENTS = {
    "PublicFunction": ("public-get-post", 200),
    "PagesFunction": ("pages-post", 200),
    "PostsFunction": ("posts-list-mine", 200),
    "AccountFunction": ("account-get-me", 200),
    "CommentsFunction": ("comments-create", 201),
    "ReactionsFunction": ("reactions-like", 204),
    "ModerationFunction": ("moderation-list-reports", 200),
    "MediaFunction": ("media-create", 201),
    "InspectorFunction": ("inspector-upload", None),
    "PublisherFunction": ("publisher-schedule", None),
    "JobsFunction": ("jobs-schedule", None),
}
# The functions whose event can be repeated.
READING = ("PublicFunction", "PostsFunction", "AccountFunction", "ReactionsFunction")
# Functions to compare with; the second is measured only warm. No handler can be faster than it.
TUTORIALS = "a tutorial's handler"
RESOLVER = "Powertools' resolver alone"
BY_SLUG = "the API's post by slug"  # to compare with its page
LEAST = ROOT / "tests" / "performance" / "tutorial" / "least"


@dataclass(frozen=True)
class Start:
    """A run: the paths of an artifact and its layers, the function's variables, and an event."""

    paths: list[str]
    variables: Mapping[str, str]
    event: dict[str, Any]

    def run(self, python: str) -> tuple[float, float, Any]:
        """Return milliseconds to the response, peak memory in MB, and the response."""
        started = time.perf_counter()
        process = subprocess.Popen(
            self._command(python, "cold"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment(),
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(self.event))
        process.stdin.close()
        while (line := process.stdout.readline()) and not line.startswith("response "):
            pass
        milliseconds = (time.perf_counter() - started) * 1000
        memory = process.stdout.read()
        process.stdout.close()
        assert process.wait() == 0
        return milliseconds, float(memory), json.loads(line.removeprefix("response "))

    def run_warm(self, python: str) -> tuple[float, float]:
        """Return CPU milliseconds outside boto3 per request, and milliseconds per boto3 call."""
        result = subprocess.run(
            self._command(python, "warm"),
            input=json.dumps(self.event),
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        *_, outside, call = result.stdout.split()
        return float(outside), float(call)

    def _command(self, python: str, start: str) -> list[str]:
        # -B, because the code's folder is read-only on Lambda; -u, because Lambda passes output on
        # at once. A tutorial's metrics warn about a request without metrics.
        options = ["-I", "-B", "-u", "-W", "ignore::UserWarning"]
        return [python, *options, str(Path(__file__).with_name("start.py")), start, *self.paths]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": LOCAL_CREDENTIAL,
            "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL,
            "LAMBDA_TASK_ROOT": "/var/task",
            "_X_AMZN_TRACE_ID": "Root=1-5e66d96f-7491f09aaaaaaaaaaaaaaaaa;Parent=aaaaaaaaaaaaaaaa",
            **self.variables,
        }


def measure(figures: Figures) -> None:
    """Measure the authorizer, then each handler."""
    found = shutil.which(RUNTIME)
    if shutil.which("sam") is None or found is None:
        figures.left_out("the cold start", f"it needs SAM CLI and {RUNTIME}")
        return
    python = str(
        Path(found).resolve()
    )  # outside virtual environments, with SAM CLI's own libraries
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _build(folder)
        _authorizer(figures, python, folder)
        _handlers(figures, python, folder)


def _build(folder: Path) -> None:
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    override = ["--parameter-overrides", f"Architecture={machine}"]
    tutorial = "tests/performance/tutorial/template.yaml"
    boto3 = (
        f"boto3=={importlib.metadata.version('boto3')}"  # for the tutorial, as in Lambda's runtime
    )
    for command in (
        ["sam", "build", "--build-dir", f"{folder}/ours", *override],
        [RUNTIME, "scripts/release/trim.py", f"{folder}/ours"],
        [RUNTIME, "scripts/release/bytecode.py", f"{folder}/ours"],
        ["sam", "build", "-t", tutorial, "--build-dir", f"{folder}/tutorial", *override],
        [RUNTIME, "-m", "pip", "install", "--quiet", "--target", f"{folder}/runtime", boto3],
    ):
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def _authorizer(figures: Figures, python: str, folder: Path) -> None:
    event = sample_event("authorizer-request")
    event["headers"]["Authorization"] = f"Bearer {valid_token()}"
    event["multiValueHeaders"]["Authorization"] = [event["headers"]["Authorization"]]
    layer = f"{folder}/ours/AuthLayer/python"
    with key_server() as uri:
        variables = {
            "AUTH0_ISSUER": ISSUER,
            "AUTH0_AUDIENCE": AUDIENCE,
            "AUTH0_JWKS_URI": uri,
            "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
        }
        contenders = {
            "ours": Start([f"{folder}/ours/AuthorizerFunction", layer], variables, event),
            "tutorial": Start([f"{folder}/tutorial/AuthorizerFunction"], variables, event),
        }
        runs = _alternately(python, contenders)
    for name in contenders:
        for _, _, response in runs[name]:
            assert response["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    times = {name: _median(runs[name]) for name in contenders}
    figures.add("authorizer: ours, ms", times["ours"])
    figures.add("authorizer: a tutorial's, ms", times["tutorial"])
    figures.add("authorizer: ours / a tutorial's", times["ours"] / times["tutorial"], 0.16)
    figures.add("authorizer: peak memory of ours, MB", _peak(runs["ours"]), 40)
    figures.add("authorizer: peak memory of a tutorial's, MB", _peak(runs["tutorial"]))
    archive = shutil.make_archive(f"{folder}/layer", "zip", layer)
    figures.add("zip of the auth layer, MB", Path(archive).stat().st_size / 1024 / 1024, 6)


def _handlers(figures: Figures, python: str, folder: Path) -> None:
    parameters = LocalStackSettings.from_environment().parameters()
    deployment = read_deployment(TEMPLATE, parameters)
    s3_port = free_port()
    with (
        running_dynamodb(Engine()) as endpoint_of_engine,
        running_storage(s3_port, deployment) as storage,
    ):
        storage.first_line()
        endpoint = endpoint_of_engine()
        endpoints = {
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{s3_port}",
        }
        create_tables(endpoint, deployment.tables)
        client = dynamodb_client(endpoint)
        contenders = {TUTORIALS: _tutorials(client, folder, endpoints)}
        (table,) = deployment.tables
        post = PostQueries(Table(client, table)).feed(limit=1, cursor=None).items[0]

        def sent(event: str) -> Any:
            text = json.dumps(sample_event(event))
            return json.loads(text.replace(POST_ID, post.id).replace("hello-world", post.slug))

        for name, (event, _) in EVENTS.items():
            contenders[name] = Start(
                [f"{folder}/ours/{name}", *_layers(folder), f"{folder}/runtime"],
                {**deployment.functions[name].environment, **endpoints},
                sent(event),
            )
        runs = _alternately(python, contenders)
        ours = contenders["PublicFunction"]
        contenders[RESOLVER] = Start(
            [str(LEAST), *_layers(folder), f"{folder}/runtime"], ours.variables, ours.event
        )
        contenders[BY_SLUG] = replace(ours, event=sent("public-get-post-by-slug"))
        names = (*READING, "PagesFunction", BY_SLUG, TUTORIALS, RESOLVER)
        rounds = [{name: contenders[name].run_warm(python) for name in names} for _ in range(5)]
        warm = {
            name: [statistics.median(turn[name][n] for turn in rounds) for n in range(2)]
            for name in names
        }
    assert all(response["statusCode"] == 200 for _, _, response in runs[TUTORIALS])
    theirs = _median(runs[TUTORIALS])
    figures.add(f"{TUTORIALS}, ms", theirs)
    for name, (_, status) in EVENTS.items():
        assert all(response.get("statusCode") == status for _, _, response in runs[name]), runs[
            name
        ]
        figures.add(f"{name}, ms", _median(runs[name]))
        figures.add(f"{name} / a tutorial's", _median(runs[name]) / theirs, 0.45)
    theirs_warm, _ = warm[TUTORIALS]
    for name, (outside, call) in warm.items():
        figures.add(f"{name}, warm: CPU outside boto3, ms", outside)
        figures.add(f"{name}, warm: that / one boto3 call", outside / call)
        if name in READING:
            figures.add(f"{name}, warm: that / a tutorial's", outside / theirs_warm, 1)
    page, answer = warm["PagesFunction"][0], warm[BY_SLUG][0]
    figures.add(f"PagesFunction, warm: CPU of a post's page / {BY_SLUG}", page / answer, 2)
    figures.add(f"{TUTORIALS}, peak memory, MB", _peak(runs[TUTORIALS]))
    figures.add("handlers of ours, peak memory, MB", max(_peak(runs[name]) for name in EVENTS))


def _layers(folder: Path) -> list[str]:
    return [f"{folder}/ours/{layer}/python" for layer in ("AuthLayer", "BlogLayer")]


def _tutorials(client: Any, folder: Path, endpoints: Mapping[str, str]) -> Start:
    client.create_table(
        TableName=TUTORIALS_TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    post = {"id": POST_ID, "owner": "auth0|1", "title": "A post", "body": "Its text."}
    item = {name: {"S": value} for name, value in post.items()}
    client.put_item(TableName=TUTORIALS_TABLE, Item=item)
    variables = {"TABLE_NAME": TUTORIALS_TABLE, **endpoints}
    return Start([f"{folder}/tutorial/PostsFunction"], variables, sample_event("public-get-post"))


def _alternately(
    python: str, contenders: Mapping[str, Start]
) -> dict[str, list[tuple[float, float, Any]]]:
    runs: dict[str, list[tuple[float, float, Any]]] = {name: [] for name in contenders}
    for turn in range(1 + COLD_STARTS):
        for name, one in contenders.items():
            run = one.run(python)
            if turn > 0:  # the first run reads the files into memory
                runs[name].append(run)
    return runs


def _median(runs: Sequence[tuple[float, float, Any]]) -> float:
    return statistics.median(milliseconds for milliseconds, _, _ in runs)


def _peak(runs: Sequence[tuple[float, float, Any]]) -> float:
    return max(memory for _, memory, _ in runs)
