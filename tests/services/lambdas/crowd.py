"""A crowd at REST on AWS, offline: the functions behind a double of the gateway, in simulated time.

300 teams together ask 83 times a second, which is 10,000 each in ten hours; one more client asks 1,000 times
a second, and another 100 times with a new wrong key each time. Requests go to each instance of the function
in turn. `python -m tests.services.lambdas.crowd SECONDS` prints what each of the three got.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from services.access.key_ring import parse_keys
from services.access.rate_limits import Limits
from services.context import Context
from services.feeders.backfill import fill, plan
from services.lambdas.rest import handler_over
from services.lambdas.shared_limits import SharedMeter, UseTable
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore
from tests.services.aws.fake_aws import ClientDouble
from tests.services.aws.tables import HandWatch
from tests.services.fakes import HOUR, NOW, RUN, FakeWall, FormulaCity, network
from tests.services.http_api import HttpApi

TEAMS, TEAMS_PER_S = 300, 83.0
WILD_PER_S, WRONG_PER_S = 1000.0, 100.0
STAGE_PER_S = 1000.0 + 10 * TEAMS
"""REST's stage with `teams = 300` (terraform/main.tf); bursts of as many."""
INSTANCES = 4
PATHS = (
    "/people-count/S001?mode=latest",
    "/bus-position/line/L1?mode=latest",
    "/sensors/bus/B001?mode=latest",
    "/arrivals/S001",
)
KINDS = ("teams", "wild", "wrong")


class UseTableDouble(ClientDouble):
    """The table of clients' uses: what `UseTable` asks of DynamoDB, with its condition on the revision."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls = 0

    def get_item(self, *, Key: Any, **_: object) -> Any:  # noqa: N803
        """Return an item."""
        self.calls += 1
        item = self.items.get((Key["key_name"]["S"], Key["group_name"]["S"]))
        return {} if item is None else {"Item": item}

    def update_item(self, *, Key: Any, ExpressionAttributeValues: Any, **_: object) -> None:  # noqa: N803
        """Write an item whose revision is the one that is expected, else refuse and return the item."""
        self.calls += 1
        values, key = ExpressionAttributeValues, (Key["key_name"]["S"], Key["group_name"]["S"])
        old = self.items.get(key)
        if (None if old is None else old["revision"]) != values.get(":seen"):
            found: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}, "Item": old}
            raise ClientError(found, "UpdateItem")
        names = {"tokens": "tokens", "seen_s": "at", "utc_day": "day", "today": "today", "revision": "next"}
        names["addition"] = "addition"
        self.items[key] = {name: values[f":{value}"] for name, value in names.items()}


class Arrival(NamedTuple):
    """A request: when it comes, in seconds, of which kind, and by whom."""

    at_s: float
    kind: str
    client: int


def arrivals(kind: str, per_s: float, clients: int, seconds: float) -> Iterator[Arrival]:
    """Requests of one kind, evenly spread, by each client in turn."""
    for number in range(int(per_s * seconds)):
        yield Arrival((number + 0.5) / per_s, kind, number % clients)


@dataclass
class Crowd:
    """What the crowd got: how many answers of each kind by status, and the milliseconds that each took."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    took_ms: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    counting_calls: int = 0

    def p99_ms(self, kind: str) -> float:
        """The 99th percentile of a kind's answers."""
        ordered = sorted(self.took_ms[kind])
        return ordered[int(len(ordered) * 0.99)]

    def described(self) -> str:
        """A line for each kind, and one for the table of limits."""
        lines = [
            f"{kind}: {dict(sorted(self.statuses[kind].items()))}, p99 {self.p99_ms(kind):.1f} ms"
            for kind in KINDS
        ]
        return "\n".join([*lines, f"calls of the table of limits: {self.counting_calls}"])


def headers_of(arrival: Arrival, number: int) -> Mapping[str, str]:
    """The key and the group of a request; a wrong key is new each time."""
    if arrival.kind == "wrong":
        return {"x-api-key": f"guess-{number}", "x-group-name": "team-0"}
    group = "wild" if arrival.kind == "wild" else f"team-{arrival.client}"
    return {"x-api-key": f"key-of-{group}", "x-group-name": group}


def instances(context: Context, table: UseTableDouble, watch: HandWatch) -> Sequence[Any]:
    """Instances of the function that share only the store and the table of limits."""
    found = []
    for _ in range(INSTANCES):
        meter = SharedMeter(UseTable(table, "limits"), Limits(), wall_s=watch)
        found.append(handler_over(replace(context, meter=meter)))
    return found


def gather(seconds: float) -> Crowd:
    """Let the crowd ask for some simulated seconds. Mangum needs a thread with an event loop of its own."""
    loop = asyncio.new_event_loop()
    with (
        closing(loop),
        ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(loop,)) as thread,
        TemporaryDirectory() as folder,
        closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store,
    ):
        list(
            fill(plan(store, NOW - HOUR, NOW, newest_first=False), model=FormulaCity(), store=store, run=RUN)
        )
        groups = ["wild", *(f"team-{number}" for number in range(TEAMS))]
        keys = parse_keys(json.dumps({"api_key": "main", "keys": {g: f"key-of-{g}" for g in groups}}))
        clock = Clock(wall=FakeWall(NOW))
        context = Context(store=store, network=network(), clock=clock, run=RUN, key=keys, version="1")
        crowd = thread.submit(ask_all, context, seconds).result()
        thread.submit(loop.run_until_complete, loop.shutdown_default_executor()).result()
        return crowd


def ask_all(context: Context, seconds: float) -> Crowd:
    """Send the requests of all three kinds in the order of their times."""
    watch, table, crowd = HandWatch(), UseTableDouble(), Crowd()
    turns = cycle(instances(context, table, watch))
    api = HttpApi(lambda event, lambda_context: next(turns)(event, lambda_context), context.key, watch)
    stage_tokens, began_s, last_s = STAGE_PER_S, watch.seconds, 0.0
    everything = heapq.merge(
        arrivals("teams", TEAMS_PER_S, TEAMS, seconds),
        arrivals("wild", WILD_PER_S, 1, seconds),
        arrivals("wrong", WRONG_PER_S, 1, seconds),
    )
    for number, arrival in enumerate(everything):
        stage_tokens = min(stage_tokens + (arrival.at_s - last_s) * STAGE_PER_S, STAGE_PER_S) - 1
        last_s = arrival.at_s
        watch.seconds = began_s + arrival.at_s
        assert stage_tokens >= 0, "the gateway's own 429 would reach everybody"
        asked_s = time.perf_counter()
        answer = api.request("GET", PATHS[number % len(PATHS)], headers_of(arrival, number))
        crowd.took_ms[arrival.kind].append((time.perf_counter() - asked_s) * 1000)
        crowd.statuses[arrival.kind][answer.status_code] += 1
    crowd.counting_calls = table.calls
    return crowd


if __name__ == "__main__":
    sys.stdout.write(f"{gather(float(sys.argv[1])).described()}\n")
