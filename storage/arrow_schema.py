"""The streams' Arrow schemas, derived from `storage.schema`.

Ids are dictionary-encoded: a batch of a hundred thousand rows names a few thousand entities.
"""

from __future__ import annotations

import pyarrow as pa

from storage.schema import SCHEMAS, Kind, Stream

ARROW_TYPES: dict[Kind, pa.DataType] = {
    "id": pa.dictionary(pa.int32(), pa.string()),
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "time": pa.timestamp("ms", tz="UTC"),
}


def arrow_schema(stream: Stream) -> pa.Schema:
    """The schema that every batch of `stream` has, in `Store.write` and from `Store.scan`."""
    return pa.schema(
        [
            pa.field(column.name, ARROW_TYPES[column.kind], nullable=column.nullable)
            for column in SCHEMAS[stream].columns
        ]
    )
