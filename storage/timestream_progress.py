"""Rows of the table `feeder_progress`, which record the coverage of the streams, and the journal.

A row records that a run covers [start, end) of a stream within a UTC hour. Its time is the hour, so that it
expires in Timestream together with the data. When the interval grows, the row is written again with a later
end. The end is also its version, so that a late row with an earlier end is rejected.

Timestream can't delete rows. So a prune is recorded by a row, too, and every row has the number of prunes
before it (its generation), which distinguishes rows written after a prune from those that it removes.

A row with a shard, "2/3", says that this third of the stream's records is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from storage.instants import HOUR_US, to_us
from storage.schema import Stream
from storage.store import JournalEntry, Run
from storage.timestream_rows import Row, time_of

if TYPE_CHECKING:
    from types_boto3_timestream_write.type_defs import MeasureValueTypeDef, RecordTypeDef

PRUNED = "pruned"
"""The `run_id` of a row that records a prune."""
NO_SCENARIO = "none"
"""The `scenario_digest` of a run without a scenario: Timestream rejects empty texts."""

Identity: TypeAlias = tuple[Stream, int, datetime, Run | None, str]


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """`run` covers [start, end) of a stream; or without a run, everything before `end` is pruned."""

    stream: Stream
    generation: int
    start: datetime
    end: datetime
    run: Run | None
    shard: str = ""

    @property
    def identity(self) -> Identity:
        """The values that two versions of a row share. The version with the later end is valid."""
        return self.stream, self.generation, self.start, self.run, self.shard


def progress_row(row: Row) -> ProgressRow:
    """Parse a row of the query `Queries.progress`, with columns in the order of `PROGRESS_COLUMNS`."""
    texts = (value or "" for value in row)
    stream, run_id, generation, start, end, seed, network, scenario, model, shard = texts
    run = None if run_id == PRUNED else Run(int(seed), network, scenario.removeprefix(NO_SCENARIO), model)
    return ProgressRow(Stream(stream), int(generation), time_of(start), time_of(end), run, shard)


def progress_record(row: ProgressRow) -> RecordTypeDef:
    """Convert a row to a record for `WriteRecords`."""
    hour_us = to_us(row.start) // HOUR_US * HOUR_US
    run = row.run
    dimensions = {
        "stream": str(row.stream),
        "run_id": PRUNED if run is None else run.run_id,
        "stretch": row.start.isoformat(),
        "generation": str(row.generation),
    }
    if row.shard:
        dimensions["shard"] = row.shard
    measures = [_instant("start_time", row.start), _instant("end_time", row.end)]
    if run is not None:
        texts = {"seed": str(run.seed), "network_digest": run.network_digest}
        texts |= {"scenario_digest": run.scenario_digest or NO_SCENARIO, "model_version": run.model_version}
        measures += [_text(name, value) for name, value in texts.items()]
    return {
        "Time": str(hour_us // 1000),
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "MeasureValues": measures,
        # Milliseconds into the hour: the version rises with the end. It must be at least 1.
        "Version": (to_us(row.end) - hour_us) // 1000 + 1,
    }


def backfill_notice(start: datetime, end: datetime, at: datetime) -> RecordTypeDef:
    """A record for `WriteRecords` with the notice that [start, end) was backfilled, at the time `at`.

    Rows of coverage have the times of the hours they cover, and queries return old hours with a delay. A
    notice has the current time, so that queries return it at once.
    """
    return {
        "Time": str(to_us(at) // 1000),
        "Dimensions": [{"Name": "stretch", "Value": start.isoformat()}],
        "MeasureValues": [_instant("start_time", start), _instant("end_time", end)],
    }


def journal_record(entry: JournalEntry) -> RecordTypeDef:
    """A record for `WriteRecords` with an entry of the journal.

    Its time is that from which the entry first counted, so that it expires together with the data. A later
    state of the entry has the same time and number, and overwrites it.
    """
    return {
        "Time": str(to_us(entry.takes_effect) // 1000),
        "Dimensions": [{"Name": "number", "Value": str(entry.number)}],
        "MeasureValues": [_text("entry", entry.text)],
    }


def journal_entry(row: Row) -> JournalEntry:
    """Parse a row of the query `Queries.journal`, with the columns `JOURNAL_COLUMNS`."""
    time, number, text = (value or "" for value in row)
    return JournalEntry(int(number), time_of(time), text)


def _instant(name: str, instant: datetime) -> MeasureValueTypeDef:
    return {"Name": name, "Value": str(to_us(instant) // 1000), "Type": "TIMESTAMP"}


def _text(name: str, value: str) -> MeasureValueTypeDef:
    return {"Name": name, "Value": value, "Type": "VARCHAR"}
