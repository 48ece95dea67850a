"""Every minute: finish what no transaction could hold."""

import blog.cold_start

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.dynamodb.table import Table
from blog.jobs.runner import run_jobs
from blog.s3 import Bucket
from blog.settings import BucketSettings
from blog_auth.emf import NAMESPACE

settings = BucketSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
bucket = Bucket(settings.media_bucket)
logger = Logger()
metrics = Metrics(service="jobs", namespace=NAMESPACE)

# Longer than a batch of deletions takes at its worst, each call of it at the end of its tries.
MILLISECONDS_TO_END = 15_000


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Do what is to be done; what is left over is done in a minute."""
    done, left = run_jobs(
        table, bucket, lambda: context.get_remaining_time_in_millis() < MILLISECONDS_TO_END
    )
    metrics.add_metric("JobsLeft", MetricUnit.Count, left)
    logger.info("jobs", done=done, left=left)
    return {"done": done, "left": left}


blog.cold_start.end()
