"""The small city of `fakes` with REST and WebSocket over a socket, for clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from services.context import Context
from services.live.live_hub import live_hub
from tests.services.rest_served import listening, parts

KEY, GROUP = "right", "team-alpha"


@dataclass(frozen=True, slots=True)
class ServedCity:
    """A context and the URL at which it is served."""

    context: Context
    url: str


@contextmanager
def served_city(folder: Path) -> Iterator[ServedCity]:
    """An hour of data up to 07:30:10, with live positions."""
    context, store, _ = parts(folder)
    context = replace(context, live=live_hub(store, context.network, context.clock.now))
    with listening(context) as port:
        yield ServedCity(context, f"http://127.0.0.1:{port}")
