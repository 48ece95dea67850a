"""Check the templates with cfn-lint, as they are written and as SAM's transform expands them.

Some rules find nothing in the short form. E3005 is one: it finds a resource that depends on
another one, which a condition leaves out.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from devserver.settings import ROOT, TEMPLATE, LocalStackSettings
from devserver.template.sam import transformed

CFN_LINT = Path(sys.executable).with_name("cfn-lint")
USED_BY_THE_TRANSFORM = "W2001"  # parameters that no resource of the expanded form refers to


def main() -> int:
    """Print cfn-lint's findings. Return 0 if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        expanded = Path(folder) / "template-as-transformed.json"
        parameters = LocalStackSettings.from_environment({}).parameters()
        expanded.write_text(json.dumps(transformed(TEMPLATE, parameters)))
        written = [TEMPLATE, ROOT / ".github" / "deploy-role.yaml"]
        results = [
            subprocess.run([CFN_LINT, *written], check=False),
            subprocess.run([CFN_LINT, expanded, "-i", USED_BY_THE_TRANSFORM], check=False),
        ]
    return max(result.returncode for result in results)


if __name__ == "__main__":
    sys.exit(main())
