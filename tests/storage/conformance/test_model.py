"""Random sequences of calls give the same results from a backend and from the model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage.errors import RunMismatch
from storage.schema import Record, Stream
from storage.store import Covered, Run, Store
from tests.examples import share
from tests.storage.conformance.backends import Backend
from tests.storage.conformance.model import ModelStore
from tests.storage.records import OTHER_RUN, RUN, after, any_record, entity, table

INSTANTS = st.builds(
    lambda half_minutes, ms: after(30 * half_minutes + ms / 1000),
    st.integers(-20, 24),
    st.sampled_from([0, 0, 0, 0, 1, -1]),
)
"""From ten minutes before noon to twelve after it: ticks, and instants a millisecond off them."""
NUMBERS = st.integers(1, 3)
BESIDE = st.sampled_from([0, 0, 1, -1]).map(lambda ms: timedelta(milliseconds=ms))
ROWS = st.lists(st.tuples(INSTANTS, NUMBERS), max_size=30, unique=True)


class StoreMachine(RuleBasedStateMachine):
    """Makes the same calls to a backend and to the model, for one stream, and compares the results."""

    backend: Backend

    @initialize(stream=st.sampled_from([Stream.BUS_POSITION, *Stream]))
    def open(self, stream: Stream) -> None:
        self.stream = stream
        self.directory = tempfile.TemporaryDirectory()
        self.store: Store = self.backend.open(Path(self.directory.name))
        self.model = ModelStore()
        self.value = 0

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()

    @rule(bounds=st.tuples(INSTANTS, INSTANTS), run=st.sampled_from([RUN, RUN, RUN, OTHER_RUN]), rows=ROWS)
    def write(self, bounds: tuple[datetime, datetime], run: Run, rows: list[tuple[datetime, int]]) -> None:
        start, end = min(bounds), max(bounds)
        if start == end:
            return
        self.value += 1
        inside = [(time, number) for time, number in rows if start <= time < end]
        records = [any_record(self.stream, time, number, value=self.value) for time, number in inside]
        batch = table(self.stream, records)
        self.same(lambda store: store.write(self.stream, batch, covers=(start, end), run=run))

    @precondition(lambda self: self.backend.deletes)
    @rule(before=INSTANTS)
    def prune(self, before: datetime) -> None:
        self.same(lambda store: store.prune(before))

    @rule()
    def reopen(self) -> None:
        if "test_data_are_there_after_reopening" not in self.backend.gaps:
            self.store.close()
            self.store = self.backend.open(Path(self.directory.name))

    @rule(data=st.data(), beside=BESIDE)
    def at(self, data: st.DataObject, beside: timedelta) -> None:
        time, number = self.some_instant(data) + beside, data.draw(st.integers(1, 4))
        key = entity(any_record(self.stream, time, number))
        self.same(lambda store: store.at(self.stream, key, time=time))
        self.same(lambda store: store.latest(self.stream, key, now=time))

    @rule(data=st.data(), line=st.sampled_from(["L1", "L2"]), long=st.booleans())
    def line(self, data: st.DataObject, line: str, long: bool) -> None:
        now = self.some_instant(data)
        since = now - timedelta(hours=1) if long else self.some_instant(data)
        self.same(lambda store: list(store.latest_of_line(line, since=since, now=now)))

    @precondition(lambda self: self.stream is Stream.STOP_VISIT)
    @rule(data=st.data(), by=st.sampled_from(["stop_id", "line_id", "trip_id", "bus_id"]))
    def visits_by_another_column(self, data: st.DataObject, by: str) -> None:
        start, end = self.some_instant(data), self.some_instant(data)
        key = getattr(any_record(self.stream, start, data.draw(NUMBERS)), by)
        self.same(lambda store: list(store.range(self.stream, key, start=start, end=end, by=by).records))
        self.same(
            lambda store: list(
                store.newest_of_each(self.stream, key, by=by, per="bus_id", since=start, now=end)
            )
        )

    @rule(data=st.data(), number=NUMBERS, sizes=st.lists(st.integers(1, 5)))
    def range(self, data: st.DataObject, number: int, sizes: list[int]) -> None:
        start, end = self.some_instant(data), self.some_instant(data)
        key = entity(any_record(self.stream, start, number))
        self.same(lambda store: _pages(store, self.stream, key, start, end, sizes))

    @rule(data=st.data())
    def scan(self, data: st.DataObject) -> None:
        start, end = self.some_instant(data), self.some_instant(data)
        self.same(lambda store: [part.to_pylist() for part in store.scan(self.stream, start=start, end=end)])

    def some_instant(self, data: st.DataObject) -> datetime:
        """An instant, either arbitrary or the time of a record."""
        times = [record.time for record in self.model.records[self.stream]]
        return data.draw(st.sampled_from(times) | INSTANTS if times else INSTANTS)

    @invariant()
    def coverage_and_newest_records_are_equal(self) -> None:
        self.same(partial(_coverage_and_rows, stream=self.stream))
        self.same(partial(_newest, stream=self.stream))

    def same(self, call: Callable[[Store], object]) -> None:
        assert _outcome(call, self.store) == _outcome(call, self.model)


def _outcome(call: Callable[[Store], object], store: Store) -> object:
    try:
        return call(store)
    except RunMismatch:
        return RunMismatch


def _coverage_and_rows(store: Store, stream: Stream) -> tuple[list[Covered], int]:
    return list(store.coverage(stream)), store.rows(stream)


def _newest(store: Store, stream: Stream) -> list[object]:
    """The latest records an hour after noon: of three entities, and of two lines since two instants each."""
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
    """All pages of a range: pages of the given sizes first, then one with the rest."""
    result: list[list[Record]] = []
    cursor = None
    for size in [*sizes, 1000]:
        page = store.range(stream, key, start=start, end=end, limit=size, cursor=cursor)
        result.append(list(page.records))
        cursor = page.next_cursor
        if cursor is None:
            break
    return result


@pytest.mark.examples
@pytest.mark.integration
def test_a_backend_behaves_like_the_model(backend: Backend) -> None:
    machine = type(f"{backend.name}Machine", (StoreMachine,), {"backend": backend})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=share(backend.examples, quick=2),
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
