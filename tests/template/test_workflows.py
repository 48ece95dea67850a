"""The pipeline's jobs: which of them can assume the role that deploys."""

import json
import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.support.samples import ROOT

WORKFLOWS = {
    path.name: yaml_parse(path.read_text())
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
JOBS = {
    (name, job): definition
    for name, workflow in WORKFLOWS.items()
    for job, definition in workflow["jobs"].items()
    if "steps" in definition
}
# None of these installs a package or runs a test after the role is assumed.
WITH_CREDENTIALS = {"make deploy", "make upload-app", "make -s app-variables"}


def commands(steps: list[dict[str, Any]]) -> list[str]:
    return [step["run"] for step in steps if "run" in step]


def test_only_jobs_that_deploy_can_assume_the_role() -> None:
    found = {
        job
        for job, definition in JOBS.items()
        if "id-token" in definition["permissions"]
        or any("configure-aws-credentials" in step.get("uses", "") for step in definition["steps"])
    }
    assert found == {("deploy.yml", "deploy"), ("deploy.yml", "upload-app")}


@pytest.mark.parametrize("job", ["deploy", "upload-app"])
def test_nothing_but_the_deployment_runs_beside_the_credentials(job: str) -> None:
    steps = JOBS["deploy.yml", job]["steps"]
    (at,) = (
        index
        for index, step in enumerate(steps)
        if "configure-aws-credentials" in step.get("uses", "")
    )
    for command in commands(steps[at:]):
        assert any(one in command for one in WITH_CREDENTIALS), command
    assert not any("setup-node" in step.get("uses", "") for step in steps)


@pytest.mark.parametrize(("file", "job"), [("deploy.yml", "build-app"), ("pipeline.yml", "check")])
def test_jobs_that_run_packages_of_npm_have_no_environment_and_no_secret(
    file: str, job: str
) -> None:
    definition = JOBS[file, job]
    assert definition["permissions"] == {"contents": "read"}
    assert "environment" not in definition
    assert "secrets." not in json.dumps(definition)


@pytest.mark.parametrize("job", JOBS.values(), ids=map("-".join, JOBS))
def test_a_command_that_fails_fails_its_step(job: dict[str, Any]) -> None:
    # The shell takes the exit code of echo, not that of the command inside its argument.
    for command in commands(job["steps"]):
        assert not re.search(r"echo\s.*\$\(", command), command
