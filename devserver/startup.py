"""Start the parts of the local stack behind the API: issuer, DynamoDB and S3."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from devserver.aws.dynamodb import dynamodb_client, make_table, running_dynamodb
from devserver.aws.s3 import Cors, Storage, s3_client
from devserver.issuer.app import create_issuer
from devserver.issuer.tenant import APP_ORIGIN, Tenant
from devserver.samples import write_samples
from devserver.settings import TEMPLATE, LocalStackSettings, StartupError, bound_socket
from devserver.template.deployment import Deployment, read_deployment
from devserver.wsgi import serving

LOOPBACK = "127.0.0.1"
SITE_BUCKET = "SiteBucket"  # its name here is its logical id


@dataclass(frozen=True)
class Backends:
    """The running parts behind the API, and the template that they were started for."""

    deployment: Deployment
    storage: Storage
    dynamodb_url: str
    s3_url: str

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables by which the functions use these parts in place of AWS."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_url,
            "AWS_ENDPOINT_URL_S3": self.s3_url,
            "MEDIA_URL": "",  # S3 itself serves images here, at presigned addresses
            "SITE_INDEX_SECONDS": "1",  # a new build of the app shows at the next request
        }


@contextmanager
def running_backends(
    settings: LocalStackSettings, dynamodb_host: str = LOOPBACK, dynamodb_port: int = 0
) -> Iterator[Backends]:
    """Run issuer, DynamoDB and S3 with the template's tables and buckets.

    The issuer also listens on DynamoDB's host. Raises StartupError if a part cannot start.
    """
    with ExitStack() as parts:
        start_engine = parts.enter_context(
            running_dynamodb(settings.engine, dynamodb_host, dynamodb_port, settings.allowed_hosts)
        )
        if not settings.uses_real_tenant:
            hosts = {LOOPBACK, dynamodb_host}
            parts.enter_context(
                running_issuer(
                    settings.issuer_url,
                    settings.issuer_port,
                    *hosts,
                    app_origin=settings.spa_url,
                    names=settings.allowed_hosts,
                )
            )
        deployment = read_deployment(TEMPLATE, settings.parameters())
        storage = parts.enter_context(
            running_storage(settings.s3_port, deployment, settings.allowed_hosts)
        )
        dynamodb_url = start_engine(deployment.rights)
        create_tables(dynamodb_url, deployment.tables)
        storage.first_line()
        yield Backends(deployment, storage, dynamodb_url, settings.s3_url)


@contextmanager
def running_issuer(
    url: str,
    port: int,
    *hosts: str,
    app_origin: str = APP_ORIGIN,
    names: Iterable[str] = (),
) -> Iterator[Tenant]:
    """Run the issuer in threads of this process. It listens on loopback by default.

    Pages of `app_origin` may send requests to it. `names` are names of this machine beside
    localhost.
    """
    tenant = Tenant(url, app_origin)
    application = create_issuer(tenant)
    with ExitStack() as servers:
        sockets = [
            servers.enter_context(bound_socket("ISSUER_PORT", port, host))
            for host in hosts or (LOOPBACK,)
        ]
        servers.enter_context(serving(application, *sockets, names=names))
        yield tenant


def create_tables(endpoint: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Create the template's tables, and write samples into new ones.

    Raises StartupError if no engine responds.
    """
    try:
        client = dynamodb_client(endpoint)
        new = [
            name
            for name, properties in tables.items()
            if make_table(client, name, dict(properties))
        ]
    except (BotoCoreError, ValueError) as e:  # ValueError: the address is malformed
        raise StartupError(f"DYNAMODB_ENDPOINT: no engine responds at {endpoint}.") from e
    for name in new:
        write_samples(client, name)


def running_storage(port: int, deployment: Deployment, names: Iterable[str] = ()) -> Storage:
    """Start S3 on loopback with the template's buckets, while other parts start."""
    # Check the port here, because the process itself has no clear message for it.
    bound_socket("S3_PORT", port).close()
    (cors,) = {bucket.cors for bucket in deployment.buckets if bucket.cors is not None}
    buckets = [bucket.name for bucket in deployment.buckets]
    return Storage(LOOPBACK, port, Cors(*cors), deployment.rights, buckets, names=names)


def publish_index(s3_url: str, index: bytes) -> None:
    """Put the app's index where the pages' function reads it, as a deployment of the app does.

    Raises OSError if S3 is not ready.
    """
    try:
        s3_client(s3_url, attempts=1).put_object(
            Bucket=SITE_BUCKET, Key="index.html", Body=index, ContentType="text/html"
        )
    except (BotoCoreError, ClientError) as e:
        raise OSError("S3 is not ready") from e
