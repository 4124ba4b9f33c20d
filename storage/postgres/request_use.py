"""The table of what clients have used of their limits, which several servers over one database share.

Each server adds the requests that it has admitted. The database's clock counts, so that servers whose clocks
differ agree. A crash may empty the table, which writes no log for recovery.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from storage.postgres.connection import PostgresConnections, run
from storage.postgres.sql import LOCK

CREATE = (
    "CREATE UNLOGGED TABLE IF NOT EXISTS request_use (key_name text PRIMARY KEY, "
    "tokens double precision NOT NULL, seen timestamptz NOT NULL, utc_day date NOT NULL, "
    "today bigint NOT NULL)"
)
REFILLED = (
    "least(held.tokens + %(rate)s * greatest(extract(epoch FROM excluded.seen - held.seen), 0), %(burst)s)"
)
# More requests than a burst come at once after an outage only: they lock a client out for no longer than the
# refill of two bursts.
ADD = f"""INSERT INTO request_use AS held
  SELECT key_name, %(burst)s - requests, clock_timestamp(), (clock_timestamp() AT TIME ZONE 'UTC')::date,
    requests
  FROM unnest(%(keys)s::text[], %(requests)s::bigint[]) AS added (key_name, requests) ORDER BY key_name
ON CONFLICT (key_name) DO UPDATE SET
  tokens = CASE WHEN excluded.today <= %(burst)s THEN {REFILLED} - excluded.today
    ELSE greatest({REFILLED} - excluded.today, least(held.tokens, -%(burst)s)) END,
  seen = greatest(held.seen, excluded.seen),
  utc_day = excluded.utc_day,
  today = excluded.today + CASE WHEN held.utc_day = excluded.utc_day THEN held.today ELSE 0 END
RETURNING key_name, tokens, utc_day - DATE '1970-01-01', today"""  # noqa: S608 - it has no values


class RequestUse(NamedTuple):
    """What a key has used: the tokens that are left, the UTC day since the epoch, and its requests on it."""

    tokens: float
    day: int
    today: int


class RequestUses:
    """The table in a store's schema, for keys that get `rate_per_s` tokens a second, at most `burst`."""

    def __init__(self, connections: PostgresConnections, *, rate_per_s: float, burst: float) -> None:
        self._connections = connections
        self._limits = {"rate": rate_per_s, "burst": burst}
        self._is_made = False

    def add(self, requests: Mapping[str, int]) -> Mapping[str, RequestUse]:
        """Add the number of requests of each key, and return its use. Raises `StoreError`."""
        if not self._is_made:
            with self._connections.transaction() as connection:
                run(connection, LOCK, ["request_use"])
                run(connection, CREATE)
            self._is_made = True
        added = {**self._limits, "keys": list(requests), "requests": list(requests.values())}
        # One statement is a transaction; with BEGIN and COMMIT it would be three round trips.
        with self._connections.one() as connection:
            rows = run(connection, ADD, added).fetchall()
        return {key: RequestUse(float(tokens), day, today) for key, tokens, day, today in rows}
