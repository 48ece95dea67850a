"""Addresses of the bucket: in its own region at AWS, and at the local engine elsewhere."""

import pytest

from blog.s3 import Bucket


def addresses(bucket: Bucket) -> tuple[str, str]:
    form = bucket.presigned_upload("uploads/a/b", "image/png", 1)
    return form["url"], bucket.presigned_download("media/a/b").partition("?")[0]


def test_at_aws_addresses_are_in_the_buckets_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The global endpoint would redirect browsers to a host for which the signature is invalid."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    host = "https://pictures.s3.eu-central-1.amazonaws.com"
    assert addresses(Bucket("pictures")) == (f"{host}/", f"{host}/media/a/b")


def test_in_the_local_stack_addresses_have_the_bucket_in_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://localhost:9401")
    host = "http://localhost:9401/MediaBucket"
    assert addresses(Bucket("MediaBucket")) == (host, f"{host}/media/a/b")
