"""Rows of the journal in the table `feeder_progress`, beside those of the coverage.

A row's time is the instant from which its entry first counted, so that it expires together with the data. A
later state of an entry has the same time and number, and overwrites the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.instants import to_us
from storage.store import JournalEntry
from storage.timestream_rows import Row, time_of

if TYPE_CHECKING:
    from types_boto3_timestream_write.type_defs import RecordTypeDef

JOURNAL_COLUMNS = ("time", "number", "entry")


def journal_record(entry: JournalEntry) -> RecordTypeDef:
    """Convert an entry to a record for `WriteRecords`."""
    return {
        "Time": str(to_us(entry.takes_effect) // 1000),
        "Dimensions": [{"Name": "number", "Value": str(entry.number)}],
        "MeasureValues": [{"Name": "entry", "Value": entry.text, "Type": "VARCHAR"}],
    }


def journal_entry(row: Row) -> JournalEntry:
    """Parse a row of the query `Queries.journal`."""
    time, number, text = (value or "" for value in row)
    return JournalEntry(int(number), time_of(time), text)
