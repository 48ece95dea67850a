"""The authorizer against one raw signature verification, other libraries, and a tutorial's."""

import base64
import contextlib
import io
import json
import os
import platform
import shutil
import ssl
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt

from blog_auth.access_token import AccessTokenVerifier
from blog_auth.key_set import KeySet
from blog_auth.settings import Issuer, Settings
from tests.performance.figures import Figures
from tests.support import (
    ALICE,
    AUDIENCE,
    ROOT,
    LambdaContext,
    Signer,
    sample_event,
    self_signed_certificate,
)

ISSUER = "http://localhost/"
BATCHES = 60
CALLS_A_BATCH = 50
COLD_STARTS = 25
RUNTIME = "python3.13"

SIGNER = Signer()


def _token() -> str:
    now = int(time.time())
    return SIGNER.sign(
        {
            "iss": ISSUER,
            "sub": ALICE,
            "aud": [AUDIENCE, f"{ISSUER}userinfo"],
            "iat": now,
            "exp": now + 86_400,
            "azp": "blog-spa",
            "scope": "openid profile email",
            "permissions": [],
        }
    )


@contextlib.contextmanager
def _key_server() -> Iterator[str]:
    """Over TLS, as in production; its certificate is trusted by way of SSL_CERT_FILE."""
    document = json.dumps({"keys": [SIGNER.jwk()]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: Any) -> None:
            pass

    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
    ):
        certificate = self_signed_certificate(Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        trusted = Path(folder) / "trusted.pem"
        trusted.write_bytes(_system_certificates() + certificate.read_bytes())
        os.environ["SSL_CERT_FILE"] = str(trusted)
        yield f"https://localhost:{server.server_port}/jwks.json"
        server.shutdown()


def _system_certificates() -> bytes:
    """Those that every client loads, so that a cold start pays for them here too."""
    paths = ssl.get_default_verify_paths()
    bundle = Path(paths.cafile or paths.openssl_cafile)
    return bundle.read_bytes() if bundle.exists() else b""


def measure_warm(figures: Figures) -> None:
    """A decision on a valid token, and what other libraries take for the same."""
    token = _token()
    with _key_server() as uri:
        contenders = _contenders(token, uri)
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for batch in range(1 + BATCHES):
            for name, decide in contenders.items():
                with contextlib.redirect_stdout(io.StringIO()):
                    started = time.perf_counter()
                    for _ in range(CALLS_A_BATCH):
                        decide()
                    spent = time.perf_counter() - started
                if batch > 0:
                    times[name].append(spent / CALLS_A_BATCH * 1e6)
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    raw = medians.pop("raw")
    figures.add("raw public_key.verify, us", raw)
    for name, median in medians.items():
        limit = 4.0 if name == "a decision of ours, with its log line" else None
        figures.add(f"{name} / raw", median / raw, limit)


def _contenders(token: str, uri: str) -> dict[str, Callable[[], Any]]:
    from jose import jwt as jose_jwt  # noqa: PLC0415 - of no use but here

    os.environ |= {"AUTH0_ISSUER": ISSUER, "AUTH0_AUDIENCE": AUDIENCE, "AUTH0_JWKS_URI": uri}
    from functions.authorizer import app  # noqa: PLC0415 - reads its settings when imported

    signed, _, signature = token.rpartition(".")
    message, raw_signature = signed.encode(), base64.urlsafe_b64decode(signature + "==")
    public, scheme, digest = SIGNER.private.public_key(), padding.PKCS1v15(), hashes.SHA256()
    event = sample_event("authorizer-request")
    event["multiValueHeaders"]["Authorization"] = [f"Bearer {token}"]
    verifier = AccessTokenVerifier(
        Settings((Issuer(ISSUER, uri),), AUDIENCE), {ISSUER: KeySet(uri)}, time.time
    )
    client = jwt.PyJWKClient(uri)
    joserfc_key = joserfc_jwk.RSAKey.import_key(SIGNER.jwk())
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}
    )
    key_set = {"keys": [SIGNER.jwk()]}

    def ours() -> None:
        answer = app.handler(event, LambdaContext())
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"

    def pyjwt() -> None:
        key = client.get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)

    def joserfc() -> None:
        registry.validate(joserfc_jwt.decode(token, joserfc_key, algorithms=["RS256"]).claims)

    def python_jose() -> None:
        jose_jwt.decode(token, key_set, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)

    return {
        "raw": lambda: public.verify(raw_signature, message, scheme, digest),
        "a decision of ours, with its log line": ours,
        "our verification alone": lambda: verifier.verify(token),
        "PyJWT with its PyJWKClient": pyjwt,
        "joserfc": joserfc,
        "python-jose": python_jose,
    }


def measure_cold(figures: Figures) -> None:
    """The built artifact, against a tutorial's authorizer as `sam build` ships it."""
    python = shutil.which(RUNTIME)
    if shutil.which("sam") is None or python is None:
        figures.left_out("the cold start", f"it needs SAM CLI and {RUNTIME}")
        return
    with tempfile.TemporaryDirectory() as folder, _key_server() as uri:
        ours, tutorial = _built(Path(folder))
        commands = {
            # -B, because on Lambda nothing can be written beside the code
            "ours": [python, "-I", "-B", str(_driver()), *ours],
            "tutorial": [python, "-I", "-B", str(_driver()), *tutorial],
        }
        event = sample_event("authorizer-request")
        event["headers"]["Authorization"] = f"Bearer {_token()}"
        event["multiValueHeaders"]["Authorization"] = [event["headers"]["Authorization"]]
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(1 + COLD_STARTS):
            for name, command in commands.items():
                run = _cold_start(command, json.dumps(event), uri)
                if turn > 0:
                    runs[name].append(run)
        layer = _zipped(Path(ours[1]), Path(folder) / "layer")
    times = {name: statistics.median(time for time, _ in runs[name]) for name in runs}
    figures.add("cold start of ours, ms", times["ours"])
    figures.add("cold start of a tutorial's, ms", times["tutorial"])
    figures.add("cold start: ours / a tutorial's", times["ours"] / times["tutorial"], 0.16)
    figures.add("peak memory of ours, MB", max(memory for _, memory in runs["ours"]), 40)
    figures.add("peak memory of a tutorial's, MB", max(memory for _, memory in runs["tutorial"]))
    figures.add("zip of the auth layer, MB", layer, 6)


def _built(folder: Path) -> tuple[list[str], list[str]]:
    """The paths of our artifact with its layer, and of the tutorial's."""
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    override = ["--parameter-overrides", f"Architecture={machine}"]

    def run(*command: str) -> None:
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    run("sam", "build", "--build-dir", f"{folder}/ours", *override)
    run(RUNTIME, "scripts/bytecode.py", f"{folder}/ours")
    template = "tests/performance/tutorial/template.yaml"
    run("sam", "build", "-t", template, "--build-dir", f"{folder}/tutorial", *override)
    return (
        [f"{folder}/ours/AuthorizerFunction", f"{folder}/ours/AuthLayer/python"],
        [f"{folder}/tutorial/TutorialFunction"],
    )


def _driver() -> Path:
    return Path(__file__).with_name("cold_start.py")


def _cold_start(command: list[str], event: str, uri: str) -> tuple[float, float]:
    """Milliseconds to the answer, and the peak of memory in MB."""
    variables = {
        "PATH": os.environ["PATH"],
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": "/var/task",
        "_X_AMZN_TRACE_ID": "Root=1-5e66d96f-7491f09aaaaaaaaaaaaaaaaa;Parent=aaaaaaaaaaaaaaaa",
        "AUTH0_ISSUER": ISSUER,
        "AUTH0_AUDIENCE": AUDIENCE,
        "AUTH0_JWKS_URI": uri,
        "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(event)
    process.stdin.close()
    while (line := process.stdout.readline()) not in ("Allow\n", ""):
        pass
    milliseconds = (time.perf_counter() - started) * 1000
    assert line == "Allow\n", "the handler did not allow a valid token"
    memory = float(process.stdout.read())
    process.stdout.close()
    process.wait()
    return milliseconds, memory


def _zipped(folder: Path, target: Path) -> float:
    return Path(shutil.make_archive(str(target), "zip", folder)).stat().st_size / 1024 / 1024
