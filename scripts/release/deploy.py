"""`make deploy STAGE=staging`: what `make build` made, to an environment of samconfig.toml.

PARAMETERS="Key=Value ..."   go before those of samconfig.toml
AUTHOR_ID_KEY                the secret, once: CloudFormation keeps what is not given again
STACK_ROLE                   CloudFormation's role (its ARN), which it then keeps for the stack

All functions get a new version where any artifact or parameter differs: their code's own digest
would miss a change in a layer, and the alias would go on with the old version.
"""

import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
GIVEN_ONCE = "AuthorIdKey"
KEY_VARIABLE = "AUTHOR_ID_KEY"


class CannotDeploy(Exception):
    """What is missing."""


def parameters(stage: str, config: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The template's parameters for a stage. Raises CannotDeploy."""
    stages = tomllib.loads(config.read_text())
    if stage not in stages or "deploy" not in stages[stage]:
        raise CannotDeploy(f"samconfig.toml has no [{stage}.deploy.parameters]")
    given = list(stages[stage]["deploy"]["parameters"].get("parameter_overrides", []))
    given += shlex.split(environment.get("PARAMETERS", ""))
    if environment.get(KEY_VARIABLE):
        given.append(f"{GIVEN_ONCE}={environment[KEY_VARIABLE]}")
    pairs = [one.partition("=") for one in given]
    if odd := [name for name, equals, _ in pairs if not (name and equals)]:
        raise CannotDeploy(f"a parameter is written Key=Value, not {odd[0]}")
    return {name: value for name, _, value in pairs}


def digest(build: Path, given: Mapping[str, str]) -> str:
    """SHA-256, in hex, of all files below a build folder, their paths, and the parameters but for
    the secret, which never changes. Raises CannotDeploy where nothing is built."""
    files = sorted(path for path in build.rglob("*") if path.is_file())
    if not (build / "template.yaml").exists():
        raise CannotDeploy(f"nothing is built in {build}: run make build")
    total = hashlib.sha256()
    for path in files:
        place = path.relative_to(build).as_posix().encode()
        content = hashlib.sha256(path.read_bytes()).digest()
        total.update(hashlib.sha256(place).digest() + content)
    for name, value in sorted(given.items()):
        if name != GIVEN_ONCE:
            total.update(hashlib.sha256(f"{name}={value}".encode()).digest())
    return total.hexdigest()


def settings(
    stage: str, config: Path, build: Path, given: Mapping[str, str], role: str = ""
) -> str:
    """A samconfig.toml with the stage's settings, all parameters, and the ARN of CloudFormation's
    role, if any: on a command line, a secret could be read by whoever lists the machine's
    processes. Raises CannotDeploy."""
    found = tomllib.loads(config.read_text())[stage]["deploy"]["parameters"]
    if role:
        found["role_arn"] = role
    all_of_them = {**given, "ArtifactsDigest": digest(build, given)}
    overrides = [f'{name}="{_escaped(value)}"' for name, value in all_of_them.items()]
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in {**found, "parameter_overrides": overrides}.items()
    ]
    return "\n".join(["version = 0.1", f"[{stage}.deploy.parameters]", *lines, ""])


def _escaped(value: str) -> str:
    """As SAM CLI reads what stands in double quotes: it unescapes these, and no backslash.
    Raises CannotDeploy for what it could not be told."""
    if "\\" in value or "\n" in value:
        raise CannotDeploy("no parameter's value may have a backslash or a line break")
    return value.replace('"', '\\"')


def main() -> int:
    """Deploy, by SAM CLI; its exit code."""
    stage, build, config = sys.argv[1], Path(sys.argv[2]).resolve(), ROOT / "samconfig.toml"
    try:
        given = parameters(stage, config, os.environ)
        text = settings(stage, config, build, given, os.environ.get("STACK_ROLE", ""))
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            return subprocess.run(
                [
                    *("sam", "deploy", "--config-file", file.name, "--config-env", stage),
                    *("--template-file", str(build / "template.yaml")),
                    "--no-fail-on-empty-changeset",
                ],
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if name != KEY_VARIABLE},
                check=False,
            ).returncode
    except CannotDeploy as e:
        sys.stderr.write(f"make deploy: {e}\n")
    except FileNotFoundError:
        sys.stderr.write("make deploy: SAM CLI is missing, which make brings along\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
