"""EMT's API over an hour of data: requests with a token, and a certificate for its own port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

from simulator.clock import Clock
from tests.services.rest_served import Requester

HOST = "openapi.emtmadrid.es"
LOGIN = "/emt/v1/mobilitylabs/user/login/"
BUSES = "/emt/v2/transport/busemtmad"
USER = {"email": "team-alpha@example.org", "password": "right"}
APPLICATION = {"X-ClientId": "team-alpha", "passKey": "right"}


def log_in(ask: Requester, headers: Mapping[str, str] = USER) -> Mapping[str, str]:
    """Log in, and return the header of the calls after it."""
    return {"accessToken": body(ask(LOGIN, headers))["data"][0]["accessToken"]}


def body(answer: httpx.Response) -> Any:
    """The body of an answer, which has EMT's envelope."""
    found = json.loads(answer.content)
    assert list(found) == ["code", "description", "datetime", "data"]
    return found


def post(app: ASGIApp, path: str, headers: Mapping[str, str], content: str) -> httpx.Response:
    """Send a body, which a client may call text or anything else."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(path, headers=headers, content=content)

    return asyncio.run(request())


def write_certificate(folder: Path, *, password: bytes | None = None) -> tuple[Path, Path]:
    """Write a certificate of EMT's host that signs itself, and its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]),
    )
    now = Clock().now()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    sealed = (
        serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    )
    folder.mkdir(exist_ok=True)
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
    )
    return files
