"""The function that inspects each upload, before the API shows it as an image."""

import blog.cold_start

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.dynamodb.table import Table
from blog.media.inspection import inspect
from blog.s3 import Bucket
from blog.settings import BucketSettings

settings = BucketSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
bucket = Bucket(settings.media_bucket)
logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, bool]:
    """Accept an upload as an image, or delete it. Lambda retries after an error."""
    is_image = inspect(table, bucket, event["detail"]["object"]["key"])
    logger.info("upload", is_picture=is_image)
    return {"is_picture": is_image}


blog.cold_start.end()
