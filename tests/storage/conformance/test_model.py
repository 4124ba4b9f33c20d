"""Whatever is written, pruned and asked in whatever order: a backend answers as the model does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from storage.errors import RunMismatch
from storage.schema import Record, Stream
from storage.store import Covered, Run, Store
from tests.storage.conformance.backends import Backend
from tests.storage.conformance.model import ModelStore
from tests.storage.records import OTHER_RUN, RUN, after, any_record, entity, table

STREAMS = st.sampled_from([Stream.BUS_POSITION, Stream.BUS_POSITION, *Stream])
INSTANTS = st.builds(
    lambda half_minutes, ms: after(30 * half_minutes + ms / 1000),
    st.integers(-20, 24),
    st.sampled_from([0, 0, 0, 0, 1, -1]),
)
"""From ten minutes before noon to twelve after, at ticks and a millisecond beside them."""
NUMBERS = st.integers(1, 3)


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a backend and to the model, and compares all that they answer."""

    backend: Backend

    @initialize()
    def open(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.store: Store = self.backend.open(Path(self.directory.name))
        self.model = ModelStore()
        self.value = 0

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()

    @rule(
        stream=STREAMS,
        bounds=st.tuples(INSTANTS, INSTANTS),
        run=st.sampled_from([RUN, RUN, RUN, OTHER_RUN]),
        rows=st.lists(st.tuples(INSTANTS, NUMBERS), max_size=20, unique=True),
    )
    def write(
        self, stream: Stream, bounds: tuple[datetime, datetime], run: Run, rows: list[tuple[datetime, int]]
    ) -> None:
        start, end = min(bounds), max(bounds)
        if start == end:
            return
        self.value += 1
        records = [
            any_record(stream, time, number, value=self.value) for time, number in rows if start <= time < end
        ]
        batch = table(stream, records)
        self.same(lambda store: store.write(stream, batch, covers=(start, end), run=run))
        self.same(partial(_newest, stream=stream))

    @rule(before=INSTANTS)
    def prune(self, before: datetime) -> None:
        self.same(lambda store: store.prune(before))
        self.same(partial(_newest, stream=Stream.BUS_POSITION))

    @rule()
    def reopen(self) -> None:
        if "test_data_outlives_the_store_object" not in self.backend.gaps:
            self.store.close()
            self.store = self.backend.open(Path(self.directory.name))

    @rule(stream=STREAMS, number=st.integers(1, 4), time=INSTANTS)
    def at(self, stream: Stream, number: int, time: datetime) -> None:
        key = entity(any_record(stream, time, number))
        self.same(lambda store: store.at(stream, key, time=time))
        self.same(lambda store: store.latest(stream, key, now=time))

    @rule(line=st.sampled_from(["L1", "L2", "L3"]), since=INSTANTS, now=INSTANTS)
    def line(self, line: str, since: datetime, now: datetime) -> None:
        self.same(lambda store: list(store.latest_of_line(line, since=since, now=now)))

    @rule(stream=STREAMS, number=NUMBERS, start=INSTANTS, end=INSTANTS, sizes=st.lists(st.integers(1, 5)))
    def range(self, stream: Stream, number: int, start: datetime, end: datetime, sizes: list[int]) -> None:
        key = entity(any_record(stream, start, number))
        self.same(lambda store: _pages(store, stream, key, start, end, sizes))

    @rule(stream=STREAMS, start=INSTANTS, end=INSTANTS)
    def scan(self, stream: Stream, start: datetime, end: datetime) -> None:
        self.same(lambda store: [part.to_pylist() for part in store.scan(stream, start=start, end=end)])

    @invariant()
    def books_are_equal(self) -> None:
        for stream in Stream:
            self.same(partial(_books, stream=stream))

    def same(self, call: Callable[[Store], Any]) -> None:
        assert _outcome(call, self.store) == _outcome(call, self.model)


def _outcome(call: Callable[[Store], Any], store: Store) -> Any:
    try:
        return call(store)
    except RunMismatch:
        return RunMismatch


def _books(store: Store, stream: Stream) -> tuple[list[Covered], int]:
    return list(store.coverage(stream)), store.rows(stream)


def _newest(store: Store, stream: Stream) -> list[Any]:
    """All that is in reach long after: by entity, and by line since long ago and since ten past."""
    keys = [entity(any_record(stream, after(0), number)) for number in (1, 2, 3)]
    hour = after(hours=1)
    lines = [(line, since) for line in ("L1", "L2") for since in (after(hours=-1), after(minutes=10))]
    return [
        [store.latest(stream, key, now=hour) for key in keys],
        [list(store.latest_of_line(line, since=since, now=hour)) for line, since in lines],
    ]


def _pages(
    store: Store, stream: Stream, key: str, start: datetime, end: datetime, sizes: list[int]
) -> list[list[Record]]:
    """Everything in pages of the given sizes, the rest in one."""
    result: list[list[Record]] = []
    cursor = None
    for size in [*sizes, 1000]:
        page = store.range(stream, key, start=start, end=end, limit=size, cursor=cursor)
        result.append(list(page.records))
        cursor = page.next_cursor
        if cursor is None:
            break
    return result


def test_answers_as_the_model_does(backend: Backend) -> None:
    machine = type(f"{backend.name}Machine", (StoreMachine,), {"backend": backend})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
