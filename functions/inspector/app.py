"""The function that makes an image of each upload, before the API shows it."""

import blog.cold_start

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.dynamodb.table import Table
from blog.media.inspection import inspect
from blog.s3 import Bucket
from blog.settings import InspectorSettings

settings = InspectorSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
bucket = Bucket(settings.media_bucket)
logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, str]:
    """Make an image of an upload, or refuse it. Lambda retries after an error."""
    upload = event["detail"]["object"]["key"]
    media_item = inspect(table, bucket, upload, settings.image_quota_bytes)
    status = "gone" if media_item is None else media_item.status
    logger.info("upload", status=status)
    return {"status": status}


blog.cold_start.end()
