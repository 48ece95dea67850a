"""A blog's handler as tutorials show it: Logger, Tracer, Metrics, boto3's resource, pydantic."""

import os

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from pydantic import BaseModel, Field

logger = Logger(service="blog")
tracer = Tracer(service="blog")
metrics = Metrics(namespace="blog", service="blog")
app = APIGatewayRestResolver(enable_validation=True, cors=CORSConfig())
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


class NewPost(BaseModel):
    title: str = Field(max_length=200)
    body: str


class Post(NewPost):
    id: str
    owner: str


@app.get("/posts/<post_id>")
@tracer.capture_method
def get_post(post_id: str) -> Post:
    item = table.get_item(Key={"id": post_id}).get("Item")
    if item is None:
        raise NotFoundError("no such post")
    return Post(**item)


@app.post("/posts")
@tracer.capture_method
def create_post(new: NewPost) -> Post:
    owner = app.current_event.request_context.authorizer["sub"]
    post = Post(id=app.current_event.request_context.request_id, owner=owner, **new.model_dump())
    table.put_item(Item=post.model_dump())
    return post


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event, context):
    return app.resolve(event, context)
