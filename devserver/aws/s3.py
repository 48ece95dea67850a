"""S3 by moto, in a process of its own, with the checks that moto lacks.

`python -m devserver.aws.s3 HOST PORT ORIGIN METHODS RIGHTS NAMES BUCKET...` takes the rights of
functions as JSON, and names of this machine beside localhost, separated by commas. moto accepts
every size, type, key and signature from everyone, so this module checks them first. The process
prints a line when it listens, and then one for each upload by a form.
"""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.wrappers import Request, Response

from devserver.aws.moto_process import MotoProcess, serve_until_input_ends
from devserver.aws.role_checks import Access, RoleChecks, accesses_of_s3
from devserver.aws.signatures import Denied, check_form, check_header, check_presigned
from devserver.settings import bound_socket
from devserver.template.intrinsics import LOCAL_CREDENTIAL, REGION
from devserver.template.rights import NO_RIGHTS, Rights
from devserver.wsgi import serving

MAX_BYTES = 64 * 1024 * 1024  # of a request
_Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Upload(NamedTuple):
    """An object that a form uploaded; the size is in bytes."""

    bucket: str
    key: str
    size: int


class Cors(NamedTuple):
    """The origin whose pages may use the buckets, and the allowed methods."""

    origin: str
    methods: tuple[str, ...]


class CheckedS3:
    """A WSGI application: moto's S3 behind the checks that S3 makes."""

    def __init__(
        self,
        moto: _Wsgi,
        cors: Cors,
        uploaded: Callable[[Upload], None],
        rights: Rights = NO_RIGHTS,
    ) -> None:
        """Take moto's application and what to check.

        `uploaded` is called for each upload by a form.
        """
        self._moto = moto
        self._cors = cors
        self._uploaded = uploaded
        self._checks = RoleChecks(rights)
        self._names = {LOCAL_CREDENTIAL, *rights}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Handle one request."""
        try:
            response = self._respond(environ)
        except Denied as e:
            error = f"<Error><Code>{e.code}</Code><Message>{escape(e.message)}</Message></Error>"
            response = Response(error, e.status, content_type="application/xml")
        response.headers["Access-Control-Allow-Origin"] = self._cors.origin
        return response(environ, start_response)

    def _respond(self, environ: dict[str, Any]) -> Response:
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return self._preflight(environ)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > MAX_BYTES:
            raise Denied("Your proposed upload is too large", "EntityTooLarge", 400)
        body = environ["wsgi.input"].read(length)
        with Request({**environ, "wsgi.input": io.BytesIO(body)}) as request:
            request.get_data(cache=True, parse_form_data=True)
            caller, upload = self._authenticate(request)
            if self._checks.first_denied(caller, accesses_of_s3(request)):
                raise Denied("Access Denied")
        response = Response.from_app(self._moto, {**environ, "wsgi.input": io.BytesIO(body)})
        bucket = request.path.lstrip("/").partition("/")[0]
        lists = Access("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        if response.status_code == 404 and not self._checks.allow(caller, lists):
            # Only callers that may list the bucket learn from S3 that the object does not exist.
            raise Denied("Access Denied")
        if upload is not None and response.status_code < 300:
            self._uploaded(upload)
        return response

    def _preflight(self, environ: dict[str, Any]) -> Response:
        """Respond to a preflight: browsers send one for a form whose progress a page observes."""
        if environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD") not in self._cors.methods:
            raise Denied("This CORS request is not allowed.", "AccessForbidden", 403)
        requested = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
        response = Response(status=200)
        response.headers["Access-Control-Allow-Methods"] = ", ".join(self._cors.methods)
        if requested:
            response.headers["Access-Control-Allow-Headers"] = requested
        return response

    def _authenticate(self, request: Request) -> tuple[str, Upload | None]:
        """Return the caller, and the upload if the request is a form. Raises Denied."""
        now = datetime.now(UTC)
        if request.method == "POST" and request.mimetype == "multipart/form-data":
            bucket, file = request.path.strip("/"), request.files.get("file")
            if file is None:
                raise Denied("POST requires exactly one file upload.", "InvalidArgument", 400)
            size = len(file.read())
            caller = check_form(bucket, request.form.to_dict(), size, now, self._names)
            return caller, Upload(bucket, request.form["key"], size)
        if "X-Amz-Signature" in request.args:
            return check_presigned(request.method, request.url, now, self._names), None
        return check_header(request.headers.get("Authorization", ""), self._names), None


def serve(
    host: str,
    port: int,
    cors: Cors,
    rights: Rights,
    buckets: Sequence[str],
    *,
    names: Iterable[str],
) -> None:
    """Serve until standard input ends."""
    moto = create_backend_app("s3")
    sock = bound_socket("S3_PORT", port, host)

    def report(upload: Upload) -> None:
        print(json.dumps(upload._asdict()), flush=True)

    with serving(CheckedS3(moto, cors, report, rights), sock, names=names):
        client = s3_client(f"http://{host}:{port}")
        for bucket in buckets:
            client.create_bucket(Bucket=bucket)
        print("ready", flush=True)
        serve_until_input_ends()


class Storage(MotoProcess):
    """The process that runs S3."""

    def __init__(
        self,
        host: str,
        port: int,
        cors: Cors,
        rights: Rights,
        buckets: Iterable[str],
        *,
        names: Iterable[str] = (),
    ) -> None:
        arguments = cors.origin, ",".join(cors.methods), json.dumps(rights), ",".join(names)
        super().__init__("devserver.aws.s3", host, str(port), *arguments, *buckets)

    def listen(self, uploaded: Callable[[Upload], object]) -> None:
        """Call a function, in another thread, for each upload by a form from now on."""

        def read() -> None:
            for line in self.lines:
                uploaded(Upload(**json.loads(line)))

        threading.Thread(target=read, daemon=True).start()


def s3_client(endpoint: str, attempts: int = 3) -> Any:
    """Return a client of the local S3. Its credentials belong to no function."""
    # A session of its own: boto3's default one is not safe for threads.
    return boto3.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=LOCAL_CREDENTIAL,
        aws_secret_access_key=LOCAL_CREDENTIAL,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": attempts}),
    )


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        serve(
            sys.argv[1],
            int(sys.argv[2]),
            Cors(sys.argv[3], tuple(sys.argv[4].split(","))),
            json.loads(sys.argv[5]),
            sys.argv[7:],
            names=[name for name in sys.argv[6].split(",") if name],
        )
