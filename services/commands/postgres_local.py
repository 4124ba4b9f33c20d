"""`bus-simulator postgres-local`: a PostgreSQL server on this machine, as a store for several processes."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import click

from services.commands.options import option


@click.command(
    "postgres-local",
    epilog="""\b
Examples:
  bus-simulator postgres-local --folder var/postgres
  psql "$(cat var/postgres/url)"
  bus-simulator serve --store "$(cat var/postgres/url)\"""",
)
@option(
    "--folder",
    key="postgres_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/postgres"),
    help="Where its data, its URL and the password of its user are.",
)
@option(
    "--port",
    key="postgres_port",
    type=click.IntRange(0, 65535),
    default=5432,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
def postgres_local(*, folder: Path, port: int) -> None:
    """Run a PostgreSQL server that others on this machine use as --store.

    It comes with the extra [local], and keeps its data in a folder of its own. Its URL is written into the
    file `url` there; it has no password, which psql and the simulator read from the file that it names.
    """
    from services.stack.local_postgres import LocalPostgres

    server = LocalPostgres(folder.expanduser().resolve(), port or free_port())
    server.prepare()
    click.echo(f"PostgreSQL on {server.url}")
    server.run()


def free_port() -> int:
    """A port on the loopback address that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
    return port
