"""The rows of a scheduled query's result as records of its target table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import listed, mapped, optional, required
from services.timestream_local.types import JsonObject, JsonValue, Kind, Stored, Type
from services.timestream_local.value_texts import TEXTS

Row = Sequence[Stored]
Record = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column of the result that becomes a measure: its name there, and the measure's name and type."""

    column: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class RowMapping:
    """How rows become records of one measure name each, or of the name in a column."""

    columns: Mapping[str, tuple[int, Kind]]
    target: JsonObject
    version: int

    def records(self, row: Row) -> Iterator[Record]:
        """The records of a row."""
        base = self._base(row)
        multi = mapped(self.target, "MultiMeasureMappings")
        if multi:
            name = optional(multi, "TargetMultiMeasureName", str) or self._measure_name(row)
            yield from self._multi(row, base, name, attributes(multi))
        for mixed in listed(self.target, "MixedMeasureMappings"):
            if isinstance(mixed, dict) and self._is_for(row, mixed):
                yield from self._mixed(row, base, mixed)

    def _base(self, row: Row) -> Record:
        time = self.value(row, required(self.target, "TimeColumn", str))
        if not isinstance(time, int):
            raise ValidationException("The time column of a row is NULL")
        dimensions: list[JsonValue] = []
        for dimension in listed(self.target, "DimensionMappings"):
            if not isinstance(dimension, dict):
                raise ValidationException("DimensionMappings must be structures")
            # Scheduled queries name a column, batch loads its source and destination.
            source = str(dimension.get("SourceColumn") or dimension.get("Name") or "")
            text = self.text(row, source)
            if text is not None:
                dimensions.append({"Name": dimension.get("DestinationColumn") or source, "Value": text})
        return {
            "Dimensions": dimensions,
            "Time": str(time),
            "TimeUnit": "NANOSECONDS",
            "Version": self.version,
        }

    def _measure_name(self, row: Row) -> str:
        column = optional(self.target, "MeasureNameColumn", str)
        text = None if column is None else self.text(row, column)
        if text is None:
            raise ValidationException("A row has no measure name, and its mapping gives none")
        return text

    def _is_for(self, row: Row, mixed: JsonObject) -> bool:
        """Whether a mapping is for a row: for all rows, or for those of its measure name."""
        wanted = optional(mixed, "MeasureName", str)
        return wanted is None or "MeasureNameColumn" not in self.target or wanted == self._measure_name(row)

    def _mixed(self, row: Row, base: Record, mixed: JsonObject) -> Iterator[Record]:
        source = optional(mixed, "SourceColumn", str)
        target, own = optional(mixed, "TargetMeasureName", str), optional(mixed, "MeasureName", str)
        name = target or own or source or ""
        kind = required(mixed, "MeasureValueType", str)
        if kind == "MULTI":
            yield from self._multi(row, base, name, attributes(mixed))
            return
        text = self.text(row, source or name)
        if text is not None:
            yield {**base, "MeasureName": name, "MeasureValueType": kind, "MeasureValue": text}

    def _multi(self, row: Row, base: Record, name: str, wanted: Sequence[Attribute]) -> Iterator[Record]:
        values: list[JsonValue] = []
        for each in wanted:
            text = self.text(row, each.column)
            if text is not None:
                values.append({"Name": each.name, "Type": each.type, "Value": text})
        if values:
            yield {**base, "MeasureName": name, "MeasureValueType": "MULTI", "MeasureValues": values}

    def value(self, row: Row, column: str) -> Stored:
        """The value of a column. Raises `ValidationException` if the result has none of this name."""
        found = self.columns.get(column)
        if found is None:
            raise ValidationException(f"The result of the query has no column {column}")
        return row[found[0]]

    def text(self, row: Row, column: str) -> str | None:
        """The value of a column as a record has it: a time in nanoseconds."""
        value = self.value(row, column)
        kind = self.columns[column][1]
        if value is None or not isinstance(kind, Type):
            return None
        return str(value) if kind is Type.TIMESTAMP else TEXTS[kind](value)


def attributes(owner: JsonObject) -> list[Attribute]:
    """The MultiMeasureAttributeMappings of a mapping."""
    found = []
    for each in listed(owner, "MultiMeasureAttributeMappings"):
        if not isinstance(each, dict):
            raise ValidationException("MultiMeasureAttributeMappings must be structures")
        column = required(each, "SourceColumn", str)
        name = optional(each, "TargetMultiMeasureAttributeName", str) or column
        found.append(Attribute(column, name, required(each, "MeasureValueType", str)))
    return found


def wanted_columns(target: JsonObject) -> set[str]:
    """The columns that a target needs of its query's result."""
    names = {required(target, "TimeColumn", str)}
    names |= {str(each["Name"]) for each in listed(target, "DimensionMappings") if isinstance(each, dict)}
    names |= {each.column for each in attributes(mapped(target, "MultiMeasureMappings"))}
    column = optional(target, "MeasureNameColumn", str)
    names |= {column} if column else set()
    for mixed in listed(target, "MixedMeasureMappings"):
        if isinstance(mixed, dict):
            source = optional(mixed, "SourceColumn", str)
            names |= {source} if source else set()
            names |= {each.column for each in attributes(mixed)}
    return names
