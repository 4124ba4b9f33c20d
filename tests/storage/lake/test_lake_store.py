"""A lake returns what a store of the same records does, refuses changes, and names what is wrong with it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import dataset, parquet

from storage.errors import StoreError, StoreInvalid, StoreUnavailable
from storage.lake.place import LakePlace
from storage.lake.store import LakeStore
from storage.lake.writer import by_date, publish, write_span
from storage.open import open_store
from storage.schema import SCHEMAS, Record, Stream
from storage.store import JournalEntry, Selection, Store
from tests.examples import examples
from tests.storage.conformance.model import ModelStore
from tests.storage.records import RUN, any_record, order, table

MIDNIGHT = datetime.fromisoformat("2026-03-03T00:00Z")
HALF = timedelta(minutes=5)
SPAN = (MIDNIGHT - HALF, MIDNIGHT + HALF)
INSTANTS = st.integers(-10, 9).map(lambda ticks: MIDNIGHT + ticks * timedelta(seconds=30))
ROWS = st.lists(st.tuples(INSTANTS, st.integers(1, 3)), max_size=20, unique=True)
POSITION = Stream.BUS_POSITION


def lake(folder: Path, records: Mapping[Stream, Sequence[Record]]) -> LakeStore:
    """A lake with some records of the ten minutes around a midnight."""
    place = LakePlace(str(folder))
    for start, end in by_date(SPAN):
        tables = {
            stream: table(stream, [each for each in records.get(stream, ()) if start <= each.time < end])
            for stream in Stream
        }
        write_span(place, RUN, (start, end), [tables])
    publish(place)
    return LakeStore(str(folder))


def test_bytes_do_not_depend_on_what_else_a_dictionary_holds(tmp_path: Path) -> None:
    start = MIDNIGHT
    rows = table(POSITION, [any_record(POSITION, start, number) for number in (1, 2, 3)])
    columns = [
        pa.DictionaryArray.from_arrays(
            pa.array([len(each.dictionary) - code for code in each.indices.to_pylist()], pa.int32()),
            pa.array(["another", *reversed(each.dictionary.to_pylist())]),
        )
        if pa.types.is_dictionary(each.type)
        else each
        for each in (column.combine_chunks() for column in rows.columns)
    ]
    other = pa.Table.from_arrays(columns, schema=rows.schema)
    assert other.to_pylist() == rows.to_pylist()
    files = []
    for name, written in (("one", rows), ("other", other)):
        write_span(LakePlace(str(tmp_path / name)), RUN, (start, start + HALF), [{POSITION: written}])
        (path,) = (tmp_path / name / f"stream={POSITION}").rglob("*.parquet")
        files.append(path.read_bytes())
    assert files[0] == files[1]


def answers(store: Store, stream: Stream, moment: datetime, number: int) -> list[object]:
    """What a store says about an entity and a moment."""
    schema, end = SCHEMAS[stream], SPAN[1]
    some = any_record(stream, moment, number)
    key = str(getattr(some, schema.entity))
    found: list[object] = [store.at(stream, key, time=moment), store.latest(stream, key, now=moment)]
    found += [list(store.coverage(stream)), store.rows(stream)]
    if schema.cadence_s is not None:
        found += [store.tick(stream, time=moment), list(store.records_at(stream, moment))]
    for by in {schema.entity, schema.key[1]}:
        value = str(getattr(some, by))
        found.append(store.newest_of_each(stream, value, by=by, per=schema.entity, since=SPAN[0], now=moment))
        first = store.range(stream, value, start=SPAN[0], end=moment, by=by, limit=3)
        found.append(first)
        if first.next_cursor:
            following = first.next_cursor
            found.append(store.range(stream, value, start=SPAN[0], end=moment, by=by, cursor=following))
        selection = Selection(((by, (value,)),))
        found.append(store.range_of(stream, selection, start=moment, end=end, limit=4))
    found.append([row for rows in store.scan(stream, start=moment, end=end) for row in rows.to_pylist()])
    return found


@examples(60)
@given(st.sampled_from(Stream), ROWS, INSTANTS, st.integers(1, 4))
def test_a_lake_answers_as_the_model_does(
    stream: Stream, rows: Sequence[tuple[datetime, int]], moment: datetime, number: int
) -> None:
    made = (any_record(stream, time, of, value=number) for number, (time, of) in enumerate(rows))
    records = sorted(made, key=order)
    model = ModelStore()
    model.write(stream, table(stream, records), covers=SPAN, run=RUN)
    with tempfile.TemporaryDirectory() as folder, closing(lake(Path(folder), {stream: records})) as store:
        assert answers(store, stream, moment, number) == answers(model, stream, moment, number)


@pytest.fixture
def store(tmp_path: Path) -> LakeStore:
    return lake(tmp_path / "lake", {POSITION: [any_record(POSITION, MIDNIGHT)]})


def test_a_lake_is_a_store_by_its_url(store: LakeStore, tmp_path: Path) -> None:
    with closing(open_store(f"lake:{tmp_path / 'lake'}")) as opened:
        assert opened.rows(POSITION) == 1
        assert opened.journal() == []
        opened.ping()


def test_a_lake_refuses_every_change(store: LakeStore) -> None:
    empty = table(POSITION, [])
    message = "is only read: `bus-simulator generate` adds to it"
    with pytest.raises(StoreError, match=message):
        store.write(POSITION, empty, covers=SPAN, run=RUN)
    with pytest.raises(StoreError, match=message):
        store.prune(MIDNIGHT)
    with pytest.raises(StoreError, match=message):
        store.record(JournalEntry(1, MIDNIGHT, "x"), changes_from=MIDNIGHT)


def test_a_closed_lake_answers_nothing(store: LakeStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="is closed"):
        store.at(POSITION, "B001", time=MIDNIGHT)


def test_a_lost_file_is_named(store: LakeStore, tmp_path: Path) -> None:
    for path in (tmp_path / "lake").glob("stream=bus_position/*/*.parquet"):
        path.unlink()
    with pytest.raises(StoreUnavailable, match=r"lake: stream=bus_position/date=2026-03-0"):
        store.at(POSITION, "B001", time=SPAN[1])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (None, StoreUnavailable, "has no manifest.json: `bus-simulator generate` makes a lake"),
        ("{", StoreInvalid, "is not the manifest of a lake"),
        ("[]", StoreInvalid, "is not the manifest of a lake"),
        (
            '{"format": "bus-simulator-lake", "version": 9}',
            StoreInvalid,
            "has the format bus-simulator-lake 9",
        ),
    ],
)
def test_a_folder_that_is_no_lake_is_refused(
    tmp_path: Path, text: str | None, error: type[Exception], message: str
) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(error, match=message):
        open_store(f"lake:{tmp_path}")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "lake:",
            "lake:s3://",
            "lake:s3:///x",
            "lake:s3://me:hidden@bucket/x",
            "lake:s3://bucket/x?region=r",
        ),
        *("lake:postgresql://host/x", "duckdb:postgresql://host/x"),
    ],
)
def test_a_lake_without_a_place_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        open_store(url)


def test_bounds_are_kept_of_the_time_and_dictionaries_of_values_that_recur(
    store: LakeStore, tmp_path: Path
) -> None:
    files = (tmp_path / "lake").glob("stream=bus_position/date=*/*.parquet")
    metadata = next(found for found in map(parquet.read_metadata, files) if found.num_rows)
    row_group = metadata.row_group(0)
    columns = {
        column.path_in_schema: column for column in map(row_group.column, range(row_group.num_columns))
    }
    assert [name for name, column in columns.items() if column.is_stats_set] == ["time"]
    assert [name for name, column in columns.items() if not column.has_dictionary_page] == [
        *("time", "latitude", "longitude")
    ]


def test_outsiders_read_the_files_as_hive_partitions(store: LakeStore, tmp_path: Path) -> None:
    rows = dataset.dataset(tmp_path / "lake", partitioning="hive", exclude_invalid_files=True).to_table()
    assert rows.column("stream").to_pylist() == ["bus_position"]
    assert rows.column("date").to_pylist() == ["2026-03-03"]
    assert rows.column("bus_id").to_pylist() == ["B001"]
    files = str(tmp_path / "lake" / "stream=bus_position" / "date=*" / "*.parquet")
    query = f"SELECT stream, date::text, bus_id FROM read_parquet('{files}', hive_partitioning = true)"
    with closing(duckdb.connect()) as connection:
        assert connection.execute(query).fetchall() == [("bus_position", "2026-03-03", "B001")]
