"""The function that publishes scheduled posts every minute."""

import blog.cold_start

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.clock import ends_soon, now
from blog.dynamodb.table import Table
from blog.posts.scheduling import publish_due, seconds_overdue
from blog.settings import TableSettings
from blog_auth.emf import NAMESPACE

settings = TableSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
logger = Logger()
metrics = Metrics(service="publisher", namespace=NAMESPACE)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Publish the posts that are due. The next run, a minute later, retries those that failed."""
    published, failed = publish_due(table, now(), ends_soon(context))
    metrics.add_metric("PublisherLag", MetricUnit.Seconds, seconds_overdue(table, now()))
    metrics.add_metric("NotPublished", MetricUnit.Count, failed)
    logger.info("published", published=published, failed=failed)
    return {"published": published, "failed": failed}


blog.cold_start.end()
