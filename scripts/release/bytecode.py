"""`make build`, its second half: bytecode in every artifact, and a check that it is there.

What `sam build` ships has none, so every cold start compiles every module. Times in zips are not
those of the sources, which makes bytecode by time stale; so it goes by hash, and unchecked, which
spares the runtime reading the sources. To be run by the functions' own minor version of Python.
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
    """Compile what lies in a build folder, then check it; with --check, check alone."""
    if (runtime := _runtime()) != (running := "python{}.{}".format(*sys.version_info)):
        sys.stderr.write(f"bytecode: the functions run on {runtime}, this is {running}\n")
        return 1
    artifacts = [path for path in sorted(Path(sys.argv[1]).iterdir()) if path.is_dir()]
    if not artifacts:
        sys.stderr.write(f"bytecode: no artifacts in {sys.argv[1]}\n")
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
    found = [fault for artifact in artifacts for fault in faults(artifact)]
    for fault in found:
        sys.stderr.write(f"bytecode: {fault}\n")
    if not found:
        count = sum(1 for artifact in artifacts for _ in artifact.rglob("*.py"))
        print(f"Bytecode of {count} modules in {len(artifacts)} artifacts is valid")
    return int(bool(found))


def _runtime() -> str:
    match = re.search(r"^\s*Runtime: (python[\d.]+)$", (ROOT / "template.yaml").read_text(), re.M)
    return match[1] if match else "none"


def faults(artifact: Path) -> Iterator[str]:
    """What is wrong with the bytecode of an artifact, a line for each module."""
    for source in artifact.rglob("*.py"):
        compiled = Path(importlib.util.cache_from_source(str(source)))
        name = source.relative_to(artifact.parent)
        if not compiled.exists():
            yield f"{name} has none"
            continue
        header = compiled.read_bytes()[:16]
        if header[:4] != importlib.util.MAGIC_NUMBER:
            yield f"{name} has that of another Python"
        elif header[4:8] != UNCHECKED_HASH:
            yield f"{name} goes by time, or is checked"
        elif header[8:] != importlib.util.source_hash(source.read_bytes()):
            yield f"{name} has that of another source"
        elif not _is_code(compiled.read_bytes()[16:]):
            yield f"{name} has broken bytecode"


def _is_code(marshalled: bytes) -> bool:
    try:
        return isinstance(marshal.loads(marshalled), CodeType)  # noqa: S302 - our own build
    except (EOFError, ValueError, TypeError):
        return False


if __name__ == "__main__":
    sys.exit(main())
