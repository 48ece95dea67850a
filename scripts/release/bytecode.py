"""Compile bytecode into each artifact, and check it. This is a step of `make build`.

`sam build` ships no bytecode, so each cold start would compile each module. Files in a zip get new
modification times, which would make bytecode with timestamps stale. So the bytecode uses unchecked
hashes, and the runtime need not read the sources. Run this with the functions' minor version of
Python.
"""

import compileall
import importlib.util
import marshal
import py_compile
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).parent.parent.parent
UNCHECKED_HASH = (1).to_bytes(4, "little")  # PEP 552


def main() -> int:
    """Compile and check the artifacts of a build folder; with --check, only check them."""
    if (runtime := _runtime()) != (running := "python{}.{}".format(*sys.version_info)):
        sys.stderr.write(f"bytecode: the functions run on {runtime}, but this is {running}\n")
        return 1
    artifacts = [path for path in sorted(Path(sys.argv[1]).iterdir()) if path.is_dir()]
    if not artifacts:
        sys.stderr.write(f"bytecode: there are no artifacts in {sys.argv[1]}\n")
        return 1
    for artifact in artifacts:
        if "--check" not in sys.argv:
            compileall.compile_dir(
                artifact,
                quiet=2,
                force=True,
                stripdir=str(artifact),
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
    problems = [one for artifact in artifacts for one in bytecode_problems(artifact)]
    for problem in problems:
        sys.stderr.write(f"bytecode: {problem}\n")
    if not problems:
        count = sum(1 for artifact in artifacts for _ in artifact.rglob("*.py"))
        print(f"The bytecode of {count} modules in {len(artifacts)} artifacts is valid.")
    return int(bool(problems))


def _runtime() -> str:
    match = re.search(r"^\s*Runtime: (python[\d.]+)$", (ROOT / "template.yaml").read_text(), re.M)
    return match[1] if match else "none"


def bytecode_problems(artifact: Path) -> Iterator[str]:
    """Yield one line for each module of an artifact whose bytecode is missing or invalid."""
    for source in artifact.rglob("*.py"):
        compiled = Path(importlib.util.cache_from_source(str(source)))
        name = source.relative_to(artifact.parent)
        if not compiled.exists():
            yield f"{name} has no bytecode"
            continue
        header = compiled.read_bytes()[:16]
        if header[:4] != importlib.util.MAGIC_NUMBER:
            yield f"{name} has bytecode of another Python version"
        elif header[4:8] != UNCHECKED_HASH:
            yield f"{name} has bytecode with a timestamp, or with a checked hash"
        elif header[8:] != importlib.util.source_hash(source.read_bytes()):
            yield f"{name} has bytecode of another source"
        elif not _is_code(compiled.read_bytes()[16:]):
            yield f"{name} has broken bytecode"


def _is_code(marshalled: bytes) -> bool:
    try:
        return isinstance(marshal.loads(marshalled), CodeType)  # noqa: S302 - our own build
    except (EOFError, ValueError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(main())
