"""The small city of `fakes`, and one of many lines, with REST and WebSocket over a socket, for clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from services.context import Context
from services.live.live_hub import live_hub
from storage.schema import Stream
from tests.services.fakes import RUN, SECOND, FaultyStore
from tests.services.live_city import TICK, city_context, many_lines, tick
from tests.services.rest_served import listening, parts
from tests.storage.records import table

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


def buses_of(lines: int) -> list[tuple[str, str]]:
    """Each bus of a city of many lines, with its line."""
    return [(f"B{number:03d}", f"L{number}") for number in range(1, lines + 1)]


@contextmanager
def served_lines(lines: int) -> Iterator[ServedCity]:
    """A city of many lines with the positions of 07:30, one bus a line; all lines serve the same stops."""
    store, network = FaultyStore(), many_lines(lines)
    rows = table(Stream.BUS_POSITION, tick(TICK, *buses_of(lines)))
    store.write(Stream.BUS_POSITION, rows, covers=(TICK, TICK + SECOND), run=RUN)
    context = city_context(served=network)
    context = replace(context, store=store, live=live_hub(store, network, context.clock.now))
    with listening(context) as port:
        yield ServedCity(context, f"http://127.0.0.1:{port}")
