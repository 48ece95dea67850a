"""Every minute: publish the posts whose time has come."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.moments import now
from blog.posts import Posts
from blog.settings import TableSettings
from blog.table import Table

settings = TableSettings.from_environment(os.environ)
posts = Posts(Table.connect(settings.table_name), settings.feed_shards)
logger = Logger()


@logger.inject_lambda_context
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Publish what is due; what could not be is tried again in a minute."""
    published, failed = posts.publish_due(now())
    logger.info("published", published=published, failed=failed)
    return {"published": published, "failed": failed}
