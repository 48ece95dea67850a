"""An authorizer as tutorials show it: Logger, Tracer, boto3 imported, PyJWKClient."""

import os

import boto3  # noqa: F401 - tutorials import it everywhere
import jwt
from aws_lambda_powertools import Logger, Tracer

logger = Logger()
tracer = Tracer()
jwks_client = jwt.PyJWKClient(os.environ["AUTH0_JWKS_URI"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(event, context):
    token = event["headers"]["Authorization"].removeprefix("Bearer ")
    key = jwks_client.get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key.key,
        algorithms=["RS256"],
        audience=os.environ["AUTH0_AUDIENCE"],
        issuer=os.environ["AUTH0_ISSUER"],
    )
    logger.info("authorized")
    return {
        "principalId": claims["sub"],
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"sub": claims["sub"]},
    }
