"""Rows of the table `feeder_progress`, which say what of the streams is complete.

A row says of a stream, a run and a UTC hour that [start, end) within the hour is complete. Its time is the
hour, so that Timestream's retention forgets it together with the data. A stretch that grows is written again
with a later end, which is also its version: a late writer with an earlier end is rejected.

Nothing is ever deleted. A prune is a row, too, and every row carries the number of prunes before it (its
generation), which tells rows written after a prune from those that the prune forgets.

A row with a shard, "2/3", says that this third of the stream's records is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from storage.instants import HOUR_US, to_us
from storage.schema import Stream
from storage.store import Run
from storage.timestream_rows import Row, time_of

if TYPE_CHECKING:
    from types_boto3_timestream_write.type_defs import MeasureValueTypeDef, RecordTypeDef

PRUNED = "pruned"
"""The `run_id` of a row that stands for a prune."""
NO_SCENARIO = "none"
"""The `scenario_digest` of a run without one: Timestream takes no empty text."""

Identity: TypeAlias = tuple[Stream, int, datetime, Run | None, str]


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """[start, end) of a stream is complete for `run`; without a run, a prune of everything before `end`."""

    stream: Stream
    generation: int
    start: datetime
    end: datetime
    run: Run | None
    shard: str = ""

    @property
    def identity(self) -> Identity:
        """What two versions of a row share; the one with the later end counts."""
        return self.stream, self.generation, self.start, self.run, self.shard


def progress_row(row: Row) -> ProgressRow:
    """A row of the query `Queries.progress`, its columns in the order of `PROGRESS_COLUMNS`."""
    texts = (value or "" for value in row)
    stream, run_id, generation, start, end, seed, network, scenario, model, shard = texts
    run = None if run_id == PRUNED else Run(int(seed), network, scenario.removeprefix(NO_SCENARIO), model)
    return ProgressRow(Stream(stream), int(generation), time_of(start), time_of(end), run, shard)


def progress_record(row: ProgressRow) -> RecordTypeDef:
    """A row as `WriteRecords` takes it."""
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
    """A record that says at an instant that [start, end) was backfilled, as `WriteRecords` takes it.

    Rows of coverage stand at the hours they cover, and queries show old hours late; a notice is new.
    """
    return {
        "Time": str(to_us(at) // 1000),
        "Dimensions": [{"Name": "stretch", "Value": start.isoformat()}],
        "MeasureValues": [_instant("start_time", start), _instant("end_time", end)],
    }


def _instant(name: str, instant: datetime) -> MeasureValueTypeDef:
    return {"Name": name, "Value": str(to_us(instant) // 1000), "Type": "TIMESTAMP"}


def _text(name: str, value: str) -> MeasureValueTypeDef:
    return {"Name": name, "Value": value, "Type": "VARCHAR"}
