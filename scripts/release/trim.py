"""Remove what no function uses from boto3 and botocore in the layers, after `sam build`.

botocore describes four hundred services, in 25 MB. The functions call two of them.
"""

import shutil
import sys
from pathlib import Path

SERVICES = {"dynamodb", "s3"}


def main() -> int:
    """Trim the layers of a build folder; return the exit code."""
    for data in sorted(Path(sys.argv[1]).glob("*Layer/python/botocore/data")):
        print(f"{data.parents[2].name}: {trim(data)} services are removed from botocore.")
        shutil.rmtree(data.parents[1] / "boto3" / "data", ignore_errors=True)
        shutil.rmtree(data.parents[1] / "boto3" / "examples", ignore_errors=True)
    return 0


def trim(data: Path) -> int:
    """Remove the services that no function calls, and return their number."""
    unused = [one for one in data.iterdir() if one.is_dir() and one.name not in SERVICES]
    for one in unused:
        shutil.rmtree(one)
    return len(unused)


if __name__ == "__main__":
    sys.exit(main())
