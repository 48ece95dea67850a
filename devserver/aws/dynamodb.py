"""DynamoDB in the local stack: moto, Dynoxide, or an engine that runs already.

`python -m devserver.aws.dynamodb HOST PORT NAME...` runs moto in a process of its own and prints
its port. The names are names of this machine beside localhost. moto's threaded server is not
atomic: racing conditional transactions left wrong items behind, and acknowledged writes were lost.
So one thread handles one request after another.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import create_backend_app

from devserver.aws.dynoxide import running_dynoxide
from devserver.aws.moto_process import MotoProcess, serve_until_input_ends
from devserver.aws.quick_moto import speed_up_moto
from devserver.aws.role_checks import CheckedDynamoDb
from devserver.settings import Engine, bound_socket
from devserver.template.intrinsics import LOCAL_CREDENTIAL, REGION
from devserver.template.rights import NO_RIGHTS, Rights
from devserver.wsgi import serving

# The properties that create_table gets here; the others matter only in production. There is no
# stream, because nothing reads it here. moto copies the stream for each transaction, so a few
# hundred writes would take gigabytes and a second each.
TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "BillingMode")


def serve(host: str, port: int, rights: Rights = NO_RIGHTS, names: Iterable[str] = ()) -> None:
    """Serve until standard input ends. Each line of it sets other rights of functions."""
    speed_up_moto()
    # One service alone: finding the right one takes moto a quarter of each request.
    application = CheckedDynamoDb(create_backend_app("dynamodb"), rights)
    sock = bound_socket("DYNAMODB_PORT", port, host)
    with serving(application, sock, threads=1, names=names):
        print(sock.getsockname()[1], flush=True)
        serve_until_input_ends(application.set_rights)


@contextmanager
def running_dynamodb(
    engine: Engine, host: str = "127.0.0.1", port: int = 0, names: Iterable[str] = ()
) -> Iterator[Callable[..., str]]:
    """Run the engine, and yield a function that returns its address.

    moto starts while other parts start. The function takes the rights that moto enforces; other
    engines enforce none. `names` are names of this machine beside localhost; only moto checks them.
    """
    if (endpoint := engine.endpoint) is not None:
        yield lambda _=NO_RIGHTS: endpoint
        return
    if engine.is_dynoxide:
        with running_dynoxide(host, port, engine.folder) as address:
            yield lambda _=NO_RIGHTS: address
        return
    with MotoProcess("devserver.aws.dynamodb", host, str(port), *names) as moto:

        def address_with(rights: Rights = NO_RIGHTS) -> str:
            moto.send(rights)
            return f"http://{host}:{moto.first_line()}"

        yield address_with


def dynamodb_client(endpoint: str) -> Any:
    """Return a client of the local engine. Its credentials belong to no function."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=LOCAL_CREDENTIAL,
        aws_secret_access_key=LOCAL_CREDENTIAL,
    )


def make_table(client: Any, name: str, properties: dict[str, Any]) -> bool:
    """Create a table as the template describes it. Return False if it exists already."""
    supported = {key: properties[key] for key in TABLE_PROPERTIES if key in properties}
    try:
        client.create_table(TableName=name, **supported)
    except client.exceptions.ResourceInUseException:
        return False
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    if ttl := properties.get("TimeToLiveSpecification"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    return True


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        serve(sys.argv[1], int(sys.argv[2]), names=sys.argv[3:])
