"""Deploy the artifacts of `make build`: `make deploy STAGE=staging`.

STAGE is an environment of samconfig.toml. These variables are optional:

PARAMETERS="Key=Value ..."   parameters that override those of samconfig.toml
AUTHOR_ID_KEY                the secret; needed once, because CloudFormation keeps it
STACK_ROLE                   the ARN of CloudFormation's role; CloudFormation keeps it too

If any artifact or parameter differs, all functions get a new version. The digest of a function's
code alone would miss a change in a layer, and the alias would still point to the old version.
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

import boto3

from scripts.release.stacks import (
    ROOT,
    CannotDeploy,
    check_region,
    check_state,
    found,
    name_of,
    rolled_back_at,
)
from scripts.release.versions import clean_up

KEY_PARAMETER = "AuthorIdKey"
KEY_VARIABLE = "AUTHOR_ID_KEY"


def parameters(stage: str, config: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the template's parameters for a stage. Raise CannotDeploy if they are invalid."""
    stages = tomllib.loads(config.read_text())
    if stage not in stages or "deploy" not in stages[stage]:
        raise CannotDeploy(f"samconfig.toml has no [{stage}.deploy.parameters]")
    overrides = list(stages[stage]["deploy"]["parameters"].get("parameter_overrides", []))
    overrides += shlex.split(environment.get("PARAMETERS", ""))
    if environment.get(KEY_VARIABLE):
        overrides.append(f"{KEY_PARAMETER}={environment[KEY_VARIABLE]}")
    pairs = [one.partition("=") for one in overrides]
    if invalid := [name for name, equals, _ in pairs if not (name and equals)]:
        raise CannotDeploy(f"a parameter must have the form Key=Value, not {invalid[0]}")
    return {name: value for name, _, value in pairs}


def digest(build: Path, values: Mapping[str, str], rollback: str = "") -> str:
    """Return the SHA-256, in hex, of all files in a build folder, their paths, and the parameters.

    The secret is left out, because it never changes. `rollback` makes the digest differ from that
    of an attempt that was rolled back. Raise CannotDeploy if nothing is built.
    """
    files = sorted(path for path in build.rglob("*") if path.is_file())
    if not (build / "template.yaml").exists():
        raise CannotDeploy(f"there is no build in {build}: run make build")
    total = hashlib.sha256()
    for path in files:
        place = path.relative_to(build).as_posix().encode()
        content = hashlib.sha256(path.read_bytes()).digest()
        total.update(hashlib.sha256(place).digest() + content)
    for name, value in sorted(values.items()):
        if name != KEY_PARAMETER:
            total.update(hashlib.sha256(f"{name}={value}".encode()).digest())
    total.update(rollback.encode())
    return total.hexdigest()


def settings(
    stage: str,
    config: Path,
    build: Path,
    values: Mapping[str, str],
    *,
    role: str = "",
    rollback: str = "",
) -> str:
    """Return a samconfig.toml with the stage's settings, all parameters and CloudFormation's role.

    A file is used because every user of the machine can read the command lines of its processes,
    and the parameters contain a secret. Raise CannotDeploy if a value cannot be passed on.
    """
    settings_of_stage = tomllib.loads(config.read_text())[stage]["deploy"]["parameters"]
    if role:
        settings_of_stage["role_arn"] = role
    all_values = {**values, "ArtifactsDigest": digest(build, values, rollback)}
    overrides = [f'{name}="{_escaped(value)}"' for name, value in all_values.items()]
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in {**settings_of_stage, "parameter_overrides": overrides}.items()
    ]
    return "\n".join(["version = 0.1", f"[{stage}.deploy.parameters]", *lines, ""])


def _escaped(value: str) -> str:
    """Escape a value for double quotes as SAM CLI reads them: it unescapes only double quotes.

    Raise CannotDeploy for a backslash or a line break, which SAM CLI cannot read.
    """
    if "\\" in value or "\n" in value:
        raise CannotDeploy("a parameter must not contain a backslash or a line break")
    return value.replace('"', '\\"')


def main() -> int:
    """Deploy with SAM CLI; return its exit code."""
    stage, build, config = sys.argv[1], Path(sys.argv[2]).resolve(), ROOT / "samconfig.toml"
    try:
        values = parameters(stage, config, os.environ)
        stack = found(name_of(stage, config)) or {}
        if stack:
            check_state(stack)
        check_region(stack, values, boto3.Session().region_name)
        text = settings(
            stage,
            config,
            build,
            values,
            role=os.environ.get("STACK_ROLE", ""),
            rollback=rolled_back_at(stack),
        )
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            exit_code = subprocess.run(
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
        return 1
    except FileNotFoundError:
        sys.stderr.write("make deploy: SAM CLI is missing; `make deploy` installs it\n")
        return 1
    if exit_code == 0:
        clean_up(name_of(stage, config))
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
