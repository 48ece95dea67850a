"""The build keeps the services in botocore that functions call, and no others."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import botocore
import pytest

from scripts.release import trim
from tests.support.samples import ROOT

CALLED = {"dynamodb", "s3"}


def test_all_services_that_functions_call_are_kept() -> None:
    code = "".join(
        path.read_text()
        for folder in ("layers", "functions")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert set(re.findall(r'boto3\.client\(\s*"(\w+)"', code)) == trim.SERVICES == CALLED
    assert "boto3.resource(" not in code


def test_clients_work_in_a_trimmed_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "BlogLayer" / "python"
    for package in (boto3, botocore):
        source = Path(str(package.__file__)).parent
        hidden = shutil.ignore_patterns("__pycache__", "ec2", "iam", "[a-cf-r]*-*")
        shutil.copytree(source, python / source.name, ignore=hidden)
    monkeypatch.setattr("sys.argv", ["trim", str(tmp_path)])
    assert trim.main() == 0
    assert "services are removed" in capsys.readouterr().out
    data = python / "botocore" / "data"
    assert {one.name for one in data.iterdir() if one.is_dir()} == CALLED
    assert (data / "endpoints.json").exists()
    assert not (python / "boto3" / "data").exists()
    script = (
        "import boto3, botocore; print(botocore.__file__);"
        "boto3.client('s3', region_name='us-east-1').generate_presigned_post('a', 'b');"
        "boto3.client('dynamodb', region_name='us-east-1').get_waiter('table_exists')"
    )
    variables = {
        "PYTHONPATH": str(python), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
    }  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", script], env=variables, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().startswith(str(python))
