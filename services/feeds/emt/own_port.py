"""EMT's API at the root of a port of its own, for programs in which only the host can be changed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
from starlette.types import ASGIApp, Receive, Scope, Send

from services.errors import InputError
from services.web.uvicorn.server import listen, quiet_server, url_of


class PortSettings(Protocol):
    """Where to listen: the fields of `services.settings.Settings`."""

    @property
    def host(self) -> str:
        """The address."""

    @property
    def emt_port(self) -> int | None:
        """The port, None for none."""

    @property
    def emt_cert(self) -> Path | None:
        """The certificate's file, None for plain HTTP."""

    @property
    def emt_key(self) -> Path | None:
        """The key's file, None if the certificate's file has it."""


@dataclass(frozen=True, slots=True)
class EmtPort:
    """A listening socket, and the TLS settings to serve with, None for plain HTTP."""

    listener: socket.socket
    tls: ssl.SSLContext | None


@contextmanager
def emt_port(settings: PortSettings) -> Iterator[EmtPort | None]:
    """Listen on the port that the settings name, None without one; print its URL.

    Raises `InputError` for options that don't fit together and files that aren't a certificate and its key,
    OSError for a port in use.
    """
    if settings.emt_port is None:
        if settings.emt_cert or settings.emt_key:
            raise InputError("--emt-cert and --emt-key need --emt-port: the port to serve with them")
        yield None
        return
    tls = tls_context(settings.emt_cert, settings.emt_key)
    with closing(listen(settings.host, settings.emt_port, option="--emt-port")) as listener:
        click.echo(f"EMT's API on {url_of(listener, 'http' if tls is None else 'https')}")
        yield EmtPort(listener, tls)


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """The TLS settings for a certificate and its key, None without one. Raises `InputError`."""
    if certificate is None:
        if key is not None:
            raise InputError("--emt-key needs --emt-cert: the certificate of the key")
        return None
    for option, file in (("--emt-cert", certificate), ("--emt-key", key)):
        if file is not None and not file.is_file():
            raise InputError(f"{option}: there is no file {file}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, OSError, ValueError) as error:
        files = certificate if key is None else f"{certificate} and {key}"
        raise InputError(
            f"{files}: not a certificate and its key in PEM, without a password ({error})"
        ) from error
    return context


def _no_password() -> str:
    raise ValueError("the key has a password")


@asynccontextmanager
async def served_at_root(app: ASGIApp, port: EmtPort) -> AsyncIterator[None]:
    """Serve the routes below `/emt` at the root of the port, in the event loop that serves the others."""
    server = quiet_server(rooted(app), websockets=False, lifespan="off", ended=lambda: False, tls=port.tls)
    sockets = [port.listener.dup()]
    # `Server.serve` would take the process's signals from the server that this one belongs to.
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=sockets)
    serving = asyncio.create_task(server.main_loop())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        await server.shutdown(sockets=sockets)


def rooted(app: ASGIApp) -> ASGIApp:
    """The application with the paths below `/emt` at its root, and no others."""
    # Imported when the port is served: it brings FastAPI, which `run` imports while it writes history.
    from services.feeds.emt.routes import PREFIX

    async def below(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": PREFIX + scope["path"]}, receive, send)

    return below
