"""The engine of the end-to-end tests: moto, with the table that CloudFormation made of the
template, in a process of its own: `python -m tests.e2e.engine HOST PORT`, which prints its port.
"""

import sys

from moto import mock_aws

from devserver.dynamodb import serve
from devserver.settings import DeskSettings
from tests.cloudformation import create, template

TABLE = "BlogTable"  # as the desk calls it


def main() -> None:
    """Create the stack, then serve what is in its table."""
    parameters = DeskSettings.from_environment().parameters()
    document = template(parameters)
    document["Resources"][TABLE]["Properties"]["TableName"] = TABLE
    with mock_aws():
        create(document, parameters)
    serve(sys.argv[1], int(sys.argv[2]))  # moto keeps what it has made


if __name__ == "__main__":
    main()
