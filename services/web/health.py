"""The body of `/health`: status, clock, run, feeders and streams of a running simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.context import Context
from services.feeders.feeder import FeederStatus
from services.queries.bodies import Body
from services.queries.status_bodies import clock_body, feeder_body, run_body, stream_body
from storage.errors import StoreError
from storage.schema import Stream
from storage.store import Store

TOLERATED_WALL_LAG_S = 5.0
"""A feeder is late once it lags a tick and this many wall seconds."""


@dataclass(frozen=True, slots=True)
class Health:
    """A status code (503 when the store can't be reached) and a `HealthBody`."""

    status: int
    body: Body


def health(context: Context) -> Health:
    """Return the current health."""
    now = context.now()
    feeders = [feeder.status(now) for feeder in context.feeders]
    streams = streams_body(context.store) if context.streams is None else context.streams()
    if streams is None:
        verdict = "unavailable"
    else:
        verdict = "healthy" if on_time(feeders, context.clock.pace) else "degraded"
    body: Body = {
        "status": verdict,
        "version": context.version,
        "clock": clock_body(context.clock),
        "run": run_body(context.run),
        "feeders": [feeder_body(feeder) for feeder in feeders],
        "streams": streams or {},
    }
    return Health(503 if streams is None else 200, body)


def on_time(feeders: Sequence[FeederStatus], pace: float) -> bool:
    """Whether every feeder runs and lags at most a tick plus `TOLERATED_WALL_LAG_S`.

    `pace` is the clock's rate while it runs, in simulated seconds per second.
    """
    tolerated = timedelta(seconds=min(TOLERATED_WALL_LAG_S * pace, timedelta.max.total_seconds() / 2))
    return all(feeder.state == "running" and feeder.lag <= feeder.cadence + tolerated for feeder in feeders)


def streams_body(store: Store) -> Body | None:
    """Return rows and coverage of each stream; None if the store can't be read."""
    try:
        store.ping()
        return {stream.value: stream_body(store.rows(stream), store.coverage(stream)) for stream in Stream}
    except StoreError:
        return None
