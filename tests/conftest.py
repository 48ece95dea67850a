"""What all tests share: the settings that handlers read when they are imported."""

import os

import moto  # noqa: F401 - before any client is made, so that mock_aws reaches it

os.environ.update(
    {
        "TABLE_NAME": "BlogTable",
        "MEDIA_BUCKET": "MediaBucket",
        "ALLOWED_ORIGIN": "https://blog.example.com",
        "SITE_URL": "https://blog.example.com",
        "AUTHOR_ID_KEY": "a key that only the tests know, 32+",
        "AUTH0_ISSUER": "https://tenant.example.com/",
        "AUTH0_AUDIENCE": "https://blog.example.com/api",
        # nobody listens here: tests that need keys bring them
        "AUTH0_JWKS_URI": "http://127.0.0.1:9/jwks.json",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_ENDPOINT_URL_DYNAMODB": "",
        "AWS_ENDPOINT_URL_S3": "",
    }
)
