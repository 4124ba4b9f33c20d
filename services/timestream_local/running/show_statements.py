"""The results of SHOW and DESCRIBE."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from services.timestream_local.catalog import SINGLE_MEASURES, Catalog, Table
from services.timestream_local.errors import ValidationException
from services.timestream_local.running.result_pages import LISTED_DIMENSIONS, column_info
from services.timestream_local.sql.syntax import ShowStatement
from services.timestream_local.types import Type

if TYPE_CHECKING:
    from types_boto3_timestream_query.type_defs import ColumnInfoTypeDef, DatumTypeDef, RowTypeDef


def show_rows(
    wanted: ShowStatement, catalog: Catalog, cursor: duckdb.DuckDBPyConnection
) -> tuple[list[ColumnInfoTypeDef], list[RowTypeDef]]:
    """Return the columns and rows. Raise `ValidationException` for an unknown database or table."""
    if wanted.what == "databases":
        return _names("Database", sorted(catalog.databases), wanted.like)
    database = None if wanted.database is None else wanted.database.among(catalog.databases)
    if wanted.database is not None and database is None:
        raise ValidationException(f"Database {wanted.database.text} does not exist")
    if wanted.what == "tables":
        names = sorted({table.name for table in catalog.tables_of(database)})
        return _names("Table", names, wanted.like)
    table = _table(wanted, catalog)
    if wanted.what == "columns":
        return _columns(table)
    return _measures(table, cursor, wanted.like)


def _table(wanted: ShowStatement, catalog: Catalog) -> Table:
    database, name = wanted.database, wanted.table
    if database is None or name is None:
        raise ValidationException("A database and a table are needed: write database.table")
    table = catalog.named_table(database, name)
    if table is None:
        raise ValidationException(f"Table {database.text}.{name.text} does not exist")
    return table


def _matches(name: str, like: str | None) -> bool:
    if like is None:
        return True
    pattern = re.escape(like).replace("%", ".*").replace("_", ".")
    return re.fullmatch(pattern, name, re.DOTALL) is not None


def _scalars(values: Sequence[str]) -> RowTypeDef:
    data: list[DatumTypeDef] = [{"ScalarValue": value} for value in values]
    return {"Data": data}


def _names(
    title: str, names: Sequence[str], like: str | None
) -> tuple[list[ColumnInfoTypeDef], list[RowTypeDef]]:
    rows = [_scalars([name]) for name in names if _matches(name, like)]
    return column_info([(title, Type.VARCHAR)]), rows


def _columns(table: Table) -> tuple[list[ColumnInfoTypeDef], list[RowTypeDef]]:
    titles = ("Column", "Type", "Timestream attribute type")
    rows = [(column.name, "varchar", "DIMENSION") for column in table.dimensions]
    rows += [("measure_name", "varchar", "MEASURE_NAME"), ("time", "timestamp", "TIMESTAMP")]
    for column in table.measures:
        kind = "MEASURE_VALUE" if column.name in SINGLE_MEASURES else "MULTI"
        rows.append((column.name, column.type.value.lower(), kind))
    return column_info([(title, Type.VARCHAR) for title in titles]), [_scalars(row) for row in rows]


def _measures(
    table: Table, cursor: duckdb.DuckDBPyConnection, like: str | None
) -> tuple[list[ColumnInfoTypeDef], list[RowTypeDef]]:
    """Each measure name with its type, and the dimensions that its records have."""
    columns = (*table.dimensions, *(c for c in table.measures if c.name in SINGLE_MEASURES))
    seen = "".join(f", bool_or({column.physical_name} IS NOT NULL)" for column in columns)
    found = cursor.execute(
        f"SELECT measure_name{seen} FROM {table.physical_name} GROUP BY measure_name ORDER BY measure_name"
    ).fetchall()
    rows = []
    for name, *there in found:
        if not _matches(name, like):
            continue
        present = [column for column, is_there in zip(columns, there, strict=True) if is_there]
        kinds = [column.type.value.lower() for column in present if column.role == "measure"]
        dimensions = [column.name for column in present if column.role == "dimension"]
        listed = [{"RowValue": dict(_scalars([dimension, "varchar"]))} for dimension in dimensions]
        row = _scalars([name, kinds[0] if kinds else "multi"])
        row["Data"].append({"ArrayValue": listed})
        rows.append(row)
    info = column_info([("measure_name", Type.VARCHAR), ("data_type", Type.VARCHAR)])
    return [*info, {"Name": "dimensions", "Type": LISTED_DIMENSIONS}], rows
