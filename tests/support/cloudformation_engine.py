"""Serve the table that CloudFormation creates from the template, with moto, in its own process.

`python -m tests.support.cloudformation_engine HOST PORT` prints its port. The engine enforces the
template's roles, and writes the rights that are used to standard error.
"""

import os
import sys

from moto import mock_aws

from devserver.aws.dynamodb import serve
from devserver.settings import TEMPLATE, LocalStackSettings
from devserver.template.deployment import read_deployment
from tests.support.cloudformation import create, template

TABLE = "BlogTable"  # its name in the local stack


def main() -> None:
    """Create the stack, then serve what is in its table."""
    parameters = LocalStackSettings.from_environment().parameters()
    document = template(parameters)
    document["Resources"][TABLE]["Properties"]["TableName"] = TABLE
    with mock_aws():
        create(document, parameters)
    os.environ["ROLES"] = "tell"
    rights = read_deployment(TEMPLATE, parameters).rights
    serve(sys.argv[1], int(sys.argv[2]), rights)  # moto keeps the table that it created


if __name__ == "__main__":
    main()
