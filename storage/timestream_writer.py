"""Writing records into a Timestream table, in requests of a hundred records and several at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from storage.errors import StoreError, TimeRefused
from storage.timestream_client import WriteClient
from storage.timestream_errors import RejectedRecord
from storage.timestream_sql import MEASURE_NAME

if TYPE_CHECKING:
    from types_boto3_timestream_write.type_defs import RecordTypeDef

IN_FLIGHT = 4
"""The most concurrent requests of one window."""
MOST_RECORDS = 100
"""The most records in a request, Timestream's limit."""
OUT_OF_TIME = "outside the time range"
"""In Timestream's reason for a record older than the retention, or later than 15 minutes from now."""
OVERWRITES = 3
"""How often a request's records are written over others with the same time and key."""


class RecordWriter:
    """Writes records into the tables of `database`. Threads may share it."""

    def __init__(self, client: WriteClient, database: str) -> None:
        self._client, self._database = client, database
        self._senders = ThreadPoolExecutor(2 * IN_FLIGHT, "timestream-writer")

    def close(self) -> None:
        """Stop sending requests."""
        self._senders.shutdown(cancel_futures=True)

    def write_all(self, table: str, calls: Iterable[tuple[RecordTypeDef, Sequence[RecordTypeDef]]]) -> None:
        """Write records in requests with common attributes; return when all are acknowledged.

        Raises `StoreError` after the first error, when the running requests have ended; the others aren't
        sent.
        """
        pending: set[Future[None]] = set()
        try:
            for common, records in calls:
                if len(pending) >= IN_FLIGHT:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for each in done:
                        each.result()
                pending.add(self._senders.submit(self._overwrite, table, common, records))
            for each in pending:
                each.result()
        finally:
            for each in pending:
                each.cancel()
            wait(pending)

    def write_newer(self, table: str, records: Sequence[RecordTypeDef], common: RecordTypeDef) -> None:
        """Write records. A stored record of a higher version is kept. Raises `StoreError`."""
        for first in range(0, len(records), MOST_RECORDS):
            part = records[first : first + MOST_RECORDS]
            refuse(table, len(part), self._request(table, common, part))

    def _overwrite(self, table: str, common: RecordTypeDef, records: Sequence[RecordTypeDef]) -> None:
        """Write the records of a request, and overwrite stored records with the same time and key.

        There are such records if another run started to write this window and didn't complete it. Timestream
        changes a record only if the new one's version is higher, and the error gives the stored version. So
        the rejected records are written again with a higher version.
        """
        version = 1
        for _ in range(OVERWRITES):
            rejected = self._request(table, {**common, "Version": version}, records)
            if not rejected:
                return
            refuse(table, len(records), rejected)
            version = max(each.existing_version or 0 for each in rejected) + 1
            records = [records[each.index] for each in rejected]
        raise StoreError(f"{table}: another process keeps overwriting the same {len(records)} records")

    def _request(
        self, table: str, common: RecordTypeDef, records: Sequence[RecordTypeDef]
    ) -> Sequence[RejectedRecord]:
        shared: RecordTypeDef = {
            "MeasureName": MEASURE_NAME,
            "MeasureValueType": "MULTI",
            "TimeUnit": "MILLISECONDS",
        }
        return self._client.write(self._database, table, {**shared, **common}, records)


def refuse(table: str, sent: int, rejected: Sequence[RejectedRecord]) -> None:
    """Raise `StoreError` with the reasons if a record was rejected for a reason other than its version.

    It is a `TimeRefused` where all were rejected for their times.
    """
    invalid = [each for each in rejected if each.existing_version is None]
    if invalid:
        kind = TimeRefused if all(OUT_OF_TIME in each.reason for each in invalid) else StoreError
        reasons = Counter(each.reason for each in invalid).most_common(3)
        causes = "; ".join(f"{reason} ({count})" for reason, count in reasons)
        raise kind(f"{table}: {len(invalid)} of {sent} records were refused: {causes}")
