"""MiniStack, an emulator of AWS (MIT license), which finds other errors than our local stack."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

REGION = "us-east-1"
_KEY = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"}
_SECONDS_TO_START = 60


class RehearsalError(Exception):
    """A step of the rehearsal had another result than it should have."""


class Engine:
    """A running MiniStack at an address on loopback."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service: str) -> Any:
        """Return a client of boto3."""
        create: Any = boto3.client
        return create(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=_KEY["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_KEY["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Return variables that lead SAM CLI and boto3 here, and nowhere else."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AWS_") and name not in ("STACK_ROLE", "PARAMETERS")
        }
        nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        place = {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION}
        return {**kept, **_KEY, **nowhere, **place, **more}


@contextmanager
def running_engine(ministack: Path, folder: Path, port: int) -> Iterator[Engine]:
    """Run MiniStack with its files in a folder, and end it with all functions that it started.

    Raise RehearsalError if it does not start.
    """
    variables = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
    }
    log = folder / "ministack.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [ministack],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    engine = Engine(port)
    try:
        _wait(engine, process, log)
        yield engine
    except BaseException:
        sys.stderr.writelines(line for line in log.open() if " ERROR " in line)
        raise
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_SECONDS_TO_START * 5):
        if process.poll() is not None:
            raise RehearsalError(f"MiniStack ended: {log.read_text()[-500:]}")
        try:
            requests.get(engine.url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return
    raise RehearsalError(f"MiniStack does not respond at {engine.url}")
