"""`make build`, its third half: what each artifact is made of, as CycloneDX: `... FOLDER`.

Of the layers from their locks by cyclonedx-py, of the app from its own by npm, where there is one
that can: 10 or later.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    """Write a file for each into the folder."""
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    tool = Path(sys.executable).with_name("cyclonedx-py")
    for lock in sorted(ROOT.glob("layers/*/requirements.txt")):
        target = folder / f"{lock.parent.name}.cdx.json"
        command = [str(tool), "requirements", "--output-reproducible", "-o", str(target), str(lock)]
        subprocess.run(command, check=True)
    npm = shutil.which("npm")
    if npm is None or not _knows_sbom(npm):
        sys.stderr.write("sbom: npm is missing, or before 10, so that the app's is left out.\n")
    else:
        options = ["--sbom-format", "cyclonedx", "--package-lock-only"]
        found = subprocess.run(
            [npm, "sbom", *options], cwd=ROOT / "spa", check=True, capture_output=True
        )
        (folder / "spa.cdx.json").write_bytes(found.stdout)
    print(f"Bills of materials: {', '.join(sorted(one.name for one in folder.iterdir()))}")
    return 0


def _knows_sbom(npm: str) -> bool:
    told = subprocess.run([npm, "--version"], check=True, capture_output=True, text=True).stdout
    return int(told.partition(".")[0]) >= 10


if __name__ == "__main__":
    sys.exit(main())
