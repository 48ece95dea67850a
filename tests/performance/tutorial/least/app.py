"""The smallest read through Powertools' resolver: one parameter, one call, a text."""

import os

import boto3
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

app = APIGatewayRestResolver(enable_validation=True)
client = boto3.client("dynamodb")


@app.get("/posts/<post_id>")
def get_post(post_id: str) -> Response[str]:
    """Return whether the post exists, without its content."""
    key = {"pk": {"S": f"POST#{post_id}"}, "sk": {"S": "POST"}}
    client.get_item(TableName=os.environ["TABLE_NAME"], Key=key)
    return Response(200, "application/json", "{}")


def handler(event, context):
    """Resolve the event as Powertools' guide does, but without headers."""
    return app.resolve({**event, "headers": {}, "multiValueHeaders": {}}, context)
