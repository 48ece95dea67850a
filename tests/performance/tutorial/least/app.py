"""The least that a read through Powertools' resolver is: one parameter, one call, a text."""

import os

import boto3
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

app = APIGatewayRestResolver(enable_validation=True)
client = boto3.client("dynamodb")


@app.get("/posts/<post_id>")
def get_post(post_id: str) -> Response[str]:
    """Whether there is such a post; nothing of it."""
    key = {"pk": {"S": f"POST#{post_id}"}, "sk": {"S": "POST"}}
    client.get_item(TableName=os.environ["TABLE_NAME"], Key=key)
    return Response(200, "application/json", "{}")


def handler(event, context):
    """As the guide of Powertools begins, but for the headers, which are left out."""
    return app.resolve({**event, "headers": {}, "multiValueHeaders": {}}, context)
