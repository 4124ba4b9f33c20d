"""Writing records, and removing those that have outlived their retention."""

from __future__ import annotations

import asyncio

from services.timestream_local import database
from services.timestream_local.errors import RejectedRecordsException
from services.timestream_local.records import bounds_of, read_records
from services.timestream_local.state import Body, Parts
from services.timestream_local.table_operations import named_table
from services.timestream_local.types import DAY_NS


class RecordOperations:
    """Stores records."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def write_records(self, body: Body, _host: str) -> Body:
        """Store records; answered when they are committed."""
        table, parts = named_table(self._parts, body), self._parts
        bounds = bounds_of(table, parts.instant(table.database), future=parts.now == "wall")
        batch = read_records(body, bounds)
        if batch.time:
            await asyncio.wrap_future(parts.writer.write((table.database, table.name), batch))
        if batch.rejected:
            raise RejectedRecordsException([_rejected(i, *why) for i, why in sorted(batch.rejected.items())])
        memory = sum(time >= bounds.memory for time in batch.time)
        total = len(batch.time)
        return {"RecordsIngested": {"Total": total, "MemoryStore": memory, "MagneticStore": total - memory}}


def _rejected(index: int, reason: str, existing: int | None) -> dict[str, object]:
    found: dict[str, object] = {"RecordIndex": index, "Reason": reason}
    return found if existing is None else found | {"ExistingVersion": existing}


async def prune(parts: Parts) -> None:
    """Remove what has been older than its table's retention for a day; queries don't see it before."""

    def change(cursor: database.Cursor) -> None:
        for table in parts.catalog.tables_of(None):
            oldest = (parts.instant(table.database) or 0) - table.retention_ns - DAY_NS
            if oldest > 0:
                cursor.execute(f"DELETE FROM {table.place} WHERE time < ?", [oldest])

    await parts.change(change, lambda _done: None)
