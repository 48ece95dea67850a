"""Write bills of materials as CycloneDX into a folder. This is a step of `make build`.

cyclonedx-py reads the layers' locks. npm reads the app's lock, if npm 10 or later is installed.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    """Write one file for each layer and for the app; return the exit code."""
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    tool = Path(sys.executable).with_name("cyclonedx-py")
    for lock in sorted(ROOT.glob("layers/*/requirements.txt")):
        target = folder / f"{lock.parent.name}.cdx.json"
        # The validation takes seconds, and a test validates the files.
        options = ["--no-validate", "--output-reproducible", "-o", str(target)]
        command = [str(tool), "requirements", *options, str(lock)]
        subprocess.run(command, check=True)
    npm = shutil.which("npm")
    if npm is None or not _knows_sbom(npm):
        sys.stderr.write("sbom: npm is missing or older than 10, so the app is left out.\n")
    else:
        options = ["--sbom-format", "cyclonedx", "--package-lock-only"]
        found = subprocess.run(
            [npm, "sbom", *options], cwd=ROOT / "spa", check=True, capture_output=True
        )
        (folder / "spa.cdx.json").write_bytes(found.stdout)
    print(f"Bills of materials: {', '.join(sorted(one.name for one in folder.iterdir()))}")
    return 0


def _knows_sbom(npm: str) -> bool:
    version = subprocess.run([npm, "--version"], check=True, capture_output=True, text=True).stdout
    return int(version.partition(".")[0]) >= 10


if __name__ == "__main__":
    sys.exit(main())
