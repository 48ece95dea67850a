"""At each upload: look at it, before it counts as a picture."""

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
    """Take an upload as a picture, or remove it; where it fails, Lambda tries again."""
    is_picture = inspect(table, bucket, event["detail"]["object"]["key"])
    logger.info("upload", is_picture=is_picture)
    return {"is_picture": is_picture}


blog.cold_start.end()
