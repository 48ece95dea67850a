"""Generate clients from the OpenAPI document and compile them, for `make clients`.

OpenAPI Generator makes clients in Java, Python and TypeScript, openapi-python-client one in Python,
and openapi-typescript the types of the API. Each must contain all operations and schemas, compile,
and tell the members of each union apart. The argument is the folder of openapi-python-client.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from devserver.spa import missing_node, set_up
from scripts.docs.openapi import TARGET

FOLDER = Path(__file__).parent.parent / "tests" / "clients"
JARS = FOLDER / "jars.sha256"
MAVEN_REPOSITORY = Path.home() / ".m2" / "repository"
JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # a short life
GENERATORS = ("java", "python", "typescript-fetch")
# The members of each union, in pages that every client must decode.
UNIONS = {
    "CommentPage": ("CommentDetail", "Tombstone"),
    "LikesPage": ("PostSummary", "UnavailableItem"),
    "FollowsPage": ("PublicProfile", "UnavailableItem"),
}
PLACEHOLDERS = {
    "Tombstone": {"id": "01JDC0000000000000000000C0", "deleted": True},
    "UnavailableItem": {"id": "01JDC0000000000000000000P0", "available": False},
}
# Lines of a generator about what it left out or did not understand.
WARNING = re.compile(r"WARN|ERROR|Exception|\bskip|unsupported|not supported", re.IGNORECASE)


class Failed(Exception):
    """A generator or a compiler failed, or a client is not complete."""


def main() -> int:
    """Generate and check all clients; return the exit code."""
    try:
        _install()
        with TemporaryDirectory(prefix="clients-") as folder:
            check(TARGET, Path(folder), Path(sys.argv[1]))
    except Failed as e:
        sys.stderr.write(f"{e}\n")
        return 1
    return 0


def check(document: Path, folder: Path, tools: Path) -> None:
    """Generate clients of a document into a folder, and check them; raise Failed."""
    described = json.loads(document.read_text())
    _write_pages(described["components"]["schemas"], folder)
    with ThreadPoolExecutor() as pool:
        python = pool.submit(_openapi_python_client, document, folder, tools)
        openapi_typescript = pool.submit(_openapi_typescript, document, folder)
        _openapi_generator(document, folder)
        java = pool.submit(_check_java, folder)
        _check_python("openapi_client", folder / "python", folder, tools)
        openapi_typescript.result()
        _check_typescript(folder)
        python.result()
        java.result()
    for client in (*GENERATORS, "python_client", "schema.d.ts"):
        if missing := sorted(_names(described) - _words(folder / client)):
            raise Failed(f"{client} lacks {', '.join(missing)}")


def _names(described: Any) -> set[str]:
    """Return the names of all operations and schemas, in lower case."""
    operations = (one for path in described["paths"].values() for one in path.values())
    names = (*(one["operationId"] for one in operations), *described["components"]["schemas"])
    return {name.lower() for name in names}


def _words(client: Path) -> set[str]:
    """Return the words in a client's files and their names, as `_names` spells them."""
    files = [client] if client.is_file() else list(client.rglob("*.*"))
    sources = (path for path in files if path.suffix in (".java", ".py", ".ts"))
    texts = (f"{path.name} {path.read_text()}" for path in sources)
    return {word.lower().replace("_", "") for text in texts for word in re.findall(r"\w+", text)}


def _install() -> None:
    """Install the pinned npm packages and jars. Raise Failed if a tool is missing."""
    if missing := missing_node():
        raise Failed(f"openapi-typescript was not run: {missing}")
    if not (shutil.which("mvn") and shutil.which("javac")):
        raise Failed("OpenAPI Generator was not run: it needs a JDK 11 or later, and Maven")
    for command in set_up(FOLDER):
        _run(command)
    if not all(jar.exists() for jar in _jars()):
        # Maven's own settings are the user's, for example a mirror.
        repository = f"-Dmaven.repo.local={MAVEN_REPOSITORY}"
        _run(["mvn", "--batch-mode", "--quiet", repository, "dependency:resolve"])
    for jar, digest in _jars().items():
        if hashlib.sha256(jar.read_bytes()).hexdigest() != digest:
            raise Failed(f"{jar} is not the one in {JARS.name}")


def _jars() -> dict[Path, str]:
    """Return the path of each jar, with its digest."""
    lines = (line.split() for line in JARS.read_text().splitlines())
    return {MAVEN_REPOSITORY / path: digest for digest, path in lines}


def _write_pages(schemas: dict[str, Any], folder: Path) -> None:
    for page, members in UNIONS.items():
        items = [PLACEHOLDERS.get(name) or schemas[name]["examples"][0] for name in members]
        content = json.dumps({"items": items, "next_cursor": None})
        (folder / f"{page}.json").write_text(content)


def _openapi_generator(document: Path, folder: Path) -> None:
    """Generate three clients in one process, because its start takes the most time."""
    configs = [folder / f"{name}.json" for name in GENERATORS]
    for config in configs:
        options = {
            "inputSpec": str(document),
            "generatorName": config.stem,
            "outputDir": str(folder / config.stem),
            "globalProperties": dict.fromkeys(
                ("apiDocs", "modelDocs", "apiTests", "modelTests"), "false"
            ),
        }
        config.write_text(json.dumps(options))
    (generator,) = (jar for jar in _jars() if jar.name.startswith("openapi-generator-cli"))
    command = ["java", *JAVA_OPTIONS, "-jar", str(generator), "batch", "--fail-fast"]
    _refuse_warnings(_run([*command, *map(str, configs)], folder))


def _openapi_python_client(document: Path, folder: Path, tools: Path) -> None:
    command = [str(tools / "openapi-python-client"), "generate", "--path", str(document)]
    command += ["--config", str(FOLDER / "python-client.yaml"), "--fail-on-warning"]
    command += ["--meta", "none", "--output-path", str(folder / "python_client")]
    _refuse_warnings(_run(command, folder, path=tools))
    _check_python("python_client", folder, folder, tools)


def _openapi_typescript(document: Path, folder: Path) -> None:
    command = ["openapi-typescript", str(document), "--output", str(folder / "schema.d.ts")]
    _refuse_warnings(_run(command, folder, path=FOLDER / "node_modules" / ".bin"))


def _check_java(folder: Path) -> None:
    sources = [str(path) for path in (folder / "java" / "src" / "main").rglob("*.java")]
    (folder / "sources").write_text("\n".join([*sources, str(FOLDER / "Decode.java")]))
    classes = folder / "classes"
    classpath = os.pathsep.join([str(classes), *map(str, _jars())])
    options = [f"-J{option}" for option in JAVA_OPTIONS]
    compiler = ["javac", *options, "-proc:none", "-nowarn", "-d", str(classes)]
    _run([*compiler, "-classpath", classpath, "@sources"], folder)
    _check_decoded(
        _run(["java", *JAVA_OPTIONS, "-classpath", classpath, "Decode", str(folder)], folder)
    )


def _check_python(package: str, sources: Path, folder: Path, tools: Path) -> None:
    command = [str(tools / "python"), "-W", "error", str(FOLDER / "decode.py"), package]
    environment = {"PYTHONPATH": str(sources), "PYTHONDONTWRITEBYTECODE": "1"}
    _check_decoded(_run([*command, str(folder)], folder, environment=environment))


def _check_typescript(folder: Path) -> None:
    for name in ("tsconfig.json", "narrowing.ts"):
        shutil.copy(FOLDER / name, folder)
    _run(["tsc", "--project", str(folder)], folder, path=FOLDER / "node_modules" / ".bin")


def _check_decoded(output: str) -> None:
    expected = [name for members in UNIONS.values() for name in members]
    if output.split() != expected:
        raise Failed(f"The items of {', '.join(UNIONS)} were decoded as {output.split()}")


def _refuse_warnings(output: str) -> None:
    if warnings := [line for line in output.splitlines() if WARNING.search(line)]:
        raise Failed("\n".join(["A generator warns:", *warnings]))


def _run(
    command: Iterable[str],
    folder: Path = FOLDER,
    *,
    path: Path | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    """Run a command in a folder; return its output, or raise Failed with it."""
    search = os.pathsep.join([*([str(path)] if path else []), os.environ["PATH"]])
    result = subprocess.run(
        [*command],
        cwd=folder,
        env={**os.environ, "PATH": search, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise Failed(f"`{' '.join(command)[:200]}` failed:\n{result.stdout[-4000:]}")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main())
