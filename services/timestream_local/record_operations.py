"""WriteRecords, and the deletion of records after their retention."""

from __future__ import annotations

import asyncio

from services.timestream_local import database
from services.timestream_local.errors import RejectedRecordsException
from services.timestream_local.state import Body, EndpointState, Response
from services.timestream_local.table_operations import named_table
from services.timestream_local.types import DAY_NS
from services.timestream_local.writing.record_batch import Rejection, time_bounds
from services.timestream_local.writing.records import parse_records


class RecordOperations:
    """The operation WriteRecords."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state

    async def write_records(self, body: Body, _address: str) -> Response:
        """Store records, and return after the commit. Raise an error that lists the rejected ones."""
        table, state = named_table(self._state, body), self._state
        bounds = time_bounds(table, state.instant(table.database), future=state.now == "wall")
        batch = parse_records(body, bounds, table.required_dimensions)
        if batch.time:
            await asyncio.wrap_future(state.writer.write((table.database, table.name), batch))
        if batch.rejected:
            raise RejectedRecordsException([_rejected(i, why) for i, why in sorted(batch.rejected.items())])
        memory = sum(time >= bounds.memory for time in batch.time)
        total = len(batch.time)
        return {"RecordsIngested": {"Total": total, "MemoryStore": memory, "MagneticStore": total - memory}}


def _rejected(index: int, why: Rejection) -> dict[str, object]:
    found: dict[str, object] = {"RecordIndex": index, "Reason": why.reason}
    return found if why.existing_version is None else found | {"ExistingVersion": why.existing_version}


async def prune(state: EndpointState) -> None:
    """Delete records a day after the end of their table's retention. Until then queries hide them."""

    def change(cursor: database.Cursor) -> None:
        for table in state.catalog.tables_of(None):
            oldest = (state.instant(table.database) or 0) - table.retention_ns - DAY_NS
            if oldest > 0:
                cursor.execute(f"DELETE FROM {table.physical_name} WHERE time < ?", [oldest])

    await state.change(change, lambda _done: None)
