"""The engine of the end-to-end tests: moto, with the table that CloudFormation made of the
template, in a process of its own: `python -m tests.e2e.engine HOST PORT`, which prints its port. It
keeps to the template's roles, and tells on standard error what of them is used.
"""

import os
import sys

from moto import mock_aws

from devserver.deployment import read_deployment
from devserver.dynamodb import serve
from devserver.settings import TEMPLATE, DeskSettings
from tests.cloudformation import create, template

TABLE = "BlogTable"  # as the desk calls it


def main() -> None:
    """Create the stack, then serve what is in its table."""
    parameters = DeskSettings.from_environment().parameters()
    document = template(parameters)
    document["Resources"][TABLE]["Properties"]["TableName"] = TABLE
    with mock_aws():
        create(document, parameters)
    os.environ["ROLES"] = "tell"
    rights = read_deployment(TEMPLATE, parameters).rights
    serve(sys.argv[1], int(sys.argv[2]), rights)  # moto keeps what it has made


if __name__ == "__main__":
    main()
