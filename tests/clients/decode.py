"""Import all modules of a generated client, and print the class of each item of a decoded page.

The arguments are the client's package and the folder with the pages.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

PAGES = ("CommentPage", "LikesPage", "FollowsPage")


def main() -> None:
    package, folder = sys.argv[1:]
    client = importlib.import_module(package)
    for module in pkgutil.walk_packages(client.__path__, f"{package}."):
        importlib.import_module(module.name)
    models: Any = importlib.import_module(f"{package}.models")
    for page in PAGES:
        content = json.loads(Path(folder, f"{page}.json").read_text())
        for item in getattr(models, page).from_dict(content).items:
            # OpenAPI Generator wraps the members of a union.
            print(type(getattr(item, "actual_instance", item)).__name__)


if __name__ == "__main__":
    main()
