"""Every minute: publish the posts whose time has come."""

import blog.cold_start

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.clock import now
from blog.dynamodb.table import Table
from blog.posts.scheduling import publish_due, seconds_overdue
from blog.settings import TableSettings
from blog_auth.emf import NAMESPACE

settings = TableSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
logger = Logger()
metrics = Metrics(service="publisher", namespace=NAMESPACE)

MILLISECONDS_TO_END = 15_000  # longer than a publication takes at its worst


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Publish what is due; what could not be is tried again in a minute."""
    published, failed = publish_due(
        table, now(), lambda: context.get_remaining_time_in_millis() < MILLISECONDS_TO_END
    )
    metrics.add_metric("PublisherLag", MetricUnit.Seconds, seconds_overdue(table, now()))
    metrics.add_metric("NotPublished", MetricUnit.Count, failed)
    logger.info("published", published=published, failed=failed)
    return {"published": published, "failed": failed}


blog.cold_start.end()
