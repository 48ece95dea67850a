"""The function that runs background jobs every minute: work too large for one transaction."""

import blog.cold_start

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.clock import ends_soon
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


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Run the jobs that are due. The next run, a minute later, continues what is left.

    A kind of job has a metric of its own only while such jobs are left, because metrics cost money.
    """
    done, left = run_jobs(table, bucket, ends_soon(context))
    total = sum(left.values())
    metrics.add_metric("JobsLeft", MetricUnit.Count, total)
    for kind, count in left.items():
        metrics.add_metric(f"{kind.title()}JobsLeft", MetricUnit.Count, count)
    logger.info("jobs", done=done, left=total, left_by_kind=left)
    return {"done": done, "left": total}


blog.cold_start.end()
