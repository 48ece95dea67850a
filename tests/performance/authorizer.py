"""The warm authorizer, compared with one raw signature verification and with other libraries."""

import base64
import contextlib
import io
import json
import os
import ssl
import statistics
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
from tests.support.samples import (
    ALICE,
    AUDIENCE,
    LambdaContext,
    Signer,
    sample_event,
    self_signed_certificate,
)

ISSUER = "http://localhost/"
BATCHES = 60
CALLS_A_BATCH = 50

SIGNER = Signer()


def valid_token() -> str:
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
def key_server() -> Iterator[str]:
    """Serve the key set over TLS, as in production. SSL_CERT_FILE makes its certificate trusted."""
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
    """Return the system's certificates. Every client loads them, so cold starts do so here too."""
    paths = ssl.get_default_verify_paths()
    bundle = Path(paths.cafile or paths.openssl_cafile)
    return bundle.read_bytes() if bundle.exists() else b""


def measure(figures: Figures) -> None:
    """Measure a decision on a valid token, and the same with other libraries."""
    token = valid_token()
    with key_server() as uri:
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
    from jose import jwt as jose_jwt  # noqa: PLC0415 - needed only here

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
        response = app.handler(event, LambdaContext())
        assert response["policyDocument"]["Statement"][0]["Effect"] == "Allow"

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
