"""Execution environments: processes that start cold and are reused warm, as on Lambda.

Each handles one request at a time. More start under load. They are killed at the function's
timeout, and start again when the function's code changes.
"""

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devserver.template.deployment import Function
from devserver.template.intrinsics import ACCOUNT, LOCAL_CREDENTIAL, REGION

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100  # of an invocation or its result, as on Lambda

LONGEST_WAIT = 10.0  # seconds

_RUNTIME = Path(__file__).with_name("runtime.py")


class FunctionFailed(Exception):
    """The function raised, did not load, ended its process, or ran past its timeout."""


class Throttled(FunctionFailed):
    """All execution environments of the function stayed busy."""


class PayloadTooLarge(Exception):
    """The invocation is larger than Lambda accepts."""


@dataclass(frozen=True)
class Result:
    """What a function returned, as JSON, and how many seconds it ran."""

    payload: str
    seconds: float


class Environment:
    """One process with one function in it."""

    def __init__(self, process: asyncio.subprocess.Process, code_version: object) -> None:
        self._process = process
        self._is_killed = False
        self.code_version = code_version

    @classmethod
    async def start(
        cls, function: Function, extra_variables: Mapping[str, str], code_version: object
    ) -> "Environment":
        """Start the process and load the handler. Raises FunctionFailed if it does not load."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",  # only what the function has on its path on Lambda
            str(_RUNTIME),
            str(function.code),
            *map(str, function.layers),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**variables_of(function), **extra_variables},
            cwd=function.code,
            limit=3 * MAX_PAYLOAD_BYTES,  # the payload is JSON within JSON
            start_new_session=True,  # Ctrl-C reaches the dev server, which then ends this process
        )
        environment = cls(process, code_version)
        try:
            await environment._read_result(function.init_timeout)
        except BaseException:
            await environment.end()
            raise
        return environment

    async def invoke(self, event: str, request_id: str, timeout: float) -> Result:
        """Run the handler. After FunctionFailed, `is_usable` says whether it may run again."""
        invocation = f'{{"request_id":"{request_id}","timeout":{timeout},"event":{event}}}\n'
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(invocation.encode())
            await self._process.stdin.drain()
        except ConnectionError as e:
            self._kill()
            raise FunctionFailed("the process has ended") from e
        result = await self._read_result(timeout)
        return Result(result["result"], result["seconds"])

    async def _read_result(self, timeout: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), timeout)
        except TimeoutError as e:
            self._kill()
            raise FunctionFailed(f"Task timed out after {timeout:.2f} seconds") from e
        except ValueError as e:
            self._kill()
            raise FunctionFailed("the result is too large") from e
        if not line:
            self._kill()
            raise FunctionFailed("the process has ended")
        result: dict[str, Any] = json.loads(line)
        if "error" in result:
            raise FunctionFailed(result["error"]["errorType"])
        return result

    @property
    def is_usable(self) -> bool:
        """Return whether the process still runs."""
        return not self._is_killed and self._process.returncode is None

    def _kill(self) -> None:
        self._is_killed = True
        if self._process.returncode is None:
            self._process.kill()

    async def end(self) -> None:
        """Kill the process and wait for its end."""
        self._kill()
        await self._process.wait()


class EnvironmentPool:
    """The execution environments of one function."""

    def __init__(
        self,
        function: Function,
        extra_variables: Mapping[str, str],
        limit: int,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        """Prepare at most `limit` environments. `extra_variables` are added to each.

        An invocation waits at most `longest_wait` seconds for a free one. On Lambda it does not
        wait, but there a function has hundreds of environments.
        """
        self.function = function
        self._longest_wait = longest_wait
        self._extra_variables = extra_variables
        self._free = asyncio.Semaphore(limit)
        self._idle: list[Environment] = []
        self._all: set[Environment] = set()

    async def invoke(self, event: Mapping[str, Any]) -> Result:
        """Run the function for an event. Wait for a while if all its environments are busy.

        Raises FunctionFailed, Throttled and PayloadTooLarge.
        """
        payload = json.dumps(event)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge
        async with self._free_slot():
            environment = await self._acquire()
            # A cancelled task does not return its environment: it may be in an unknown state.
            try:
                result = await environment.invoke(payload, str(uuid.uuid4()), self.function.timeout)
            except FunctionFailed:
                await self._release(environment)
                raise
            except BaseException:
                self._all.discard(environment)
                await environment.end()
                raise
            await self._release(environment)
        if len(result.payload.encode(errors="surrogatepass")) > MAX_PAYLOAD_BYTES:
            raise FunctionFailed("Function.ResponseSizeTooLarge")
        return result

    async def close(self) -> None:
        """End all environments."""
        environments, self._all = self._all, set()
        await asyncio.gather(*(environment.end() for environment in environments))

    @asynccontextmanager
    async def _free_slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._longest_wait):
                await self._free.acquire()
        except TimeoutError as e:
            seconds = f"{self._longest_wait:g} seconds"
            raise Throttled(f"all execution environments were busy for {seconds}") from e
        try:
            yield
        finally:
            self._free.release()

    async def _acquire(self) -> Environment:
        version = code_version(self.function)
        while self._idle:
            environment = self._idle.pop()
            if environment.is_usable and environment.code_version == version:
                return environment
            self._all.discard(environment)
            await environment.end()
        started = time.perf_counter()
        environment = await Environment.start(self.function, self._extra_variables, version)
        self._all.add(environment)
        milliseconds = (time.perf_counter() - started) * 1000
        print(f"{self.function.name}: cold start, {milliseconds:.0f} ms", file=sys.stderr)
        return environment

    async def _release(self, environment: Environment) -> None:
        if environment.is_usable:
            self._idle.append(environment)
        else:
            self._all.discard(environment)
            await environment.end()


@asynccontextmanager
async def running_pools(
    functions: Mapping[str, Function],
    extra_variables: Mapping[str, str],
    limit: int,
    longest_wait: float = LONGEST_WAIT,
) -> AsyncIterator[dict[str, EnvironmentPool]]:
    """Return a pool for each function. Their environments end with the block."""
    pools = {
        name: EnvironmentPool(function, extra_variables, limit, longest_wait)
        for name, function in functions.items()
    }
    try:
        yield pools
    finally:
        await asyncio.gather(*(pool.close() for pool in pools.values()))


def code_version(function: Function) -> frozenset[tuple[str, int, int]]:
    """Return the name, time and size of every source file, which change when the code changes."""
    folders = (function.code, *function.layers)
    return frozenset(one for folder in folders for one in _source_files(str(folder)))


def _source_files(folder: str) -> Iterator[tuple[str, int, int]]:
    """Walk with scandir, which takes a third of pathlib's time: this runs at every invocation."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _source_files(entry.path)


def variables_of(function: Function) -> dict[str, str]:
    """Return the environment variables that Lambda sets. The key id names the function."""
    return {
        **function.environment,
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": function.name,
        "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "DEVSERVER_FUNCTION_ARN": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.name}",
    }
