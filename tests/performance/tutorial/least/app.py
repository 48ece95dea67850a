"""The least that a read through Powertools' resolver is: one parameter, one call, one member."""

import os

import boto3
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic import BaseModel

app = APIGatewayRestResolver(enable_validation=True)
client = boto3.client("dynamodb")


class Found(BaseModel):
    """What the route answers."""

    id: str


@app.get("/posts/<post_id>")
def get_post(post_id: str) -> Found:
    """Whether there is such a post; nothing of it."""
    key = {"pk": {"S": f"POST#{post_id}"}, "sk": {"S": "POST"}}
    client.get_item(TableName=os.environ["TABLE_NAME"], Key=key)
    return Found(id=post_id)


def handler(event, context):
    """As the guide of Powertools begins."""
    return app.resolve(event, context)
