"""A local Timestream endpoint in the process that feeds it, for clients that query it as on AWS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from services.background import background
from services.web.uvicorn.server import listen, url_of

DATABASE = "bus_simulator"
REGION = "eu-west-1"


@contextmanager
def embedded_endpoint(file: Path, *, host: str, port: int) -> Iterator[str]:
    """Serve `file` in a thread and yield the endpoint's URL. Its current time is that of the newest record.

    Raises OSError for a port in use, `StoreError` for a file that can't be used.
    """
    from services.timestream_local.server import opened, serving, web_server

    with closing(listen(host, port)) as listener, opened(file, "data") as parts:
        server = web_server(parts)

        def serve() -> None:
            asyncio.run(serving(parts, server, listener))

        def stop() -> None:
            server.should_exit = True

        with background(serve, name="timestream-local", stop=stop):
            yield url_of(listener)


def store_at(endpoint: str) -> str:
    """The URL of the store in an endpoint's database."""
    return f"timestream://{DATABASE}?region={REGION}&endpoint_url={endpoint}"
