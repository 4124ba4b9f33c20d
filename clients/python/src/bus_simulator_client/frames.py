"""Records as data frames of pandas or Polars, one column a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from bus_simulator_client.errors import BusSimulatorError

if TYPE_CHECKING:
    import pandas
    import polars


def to_pandas(records: Sequence[object]) -> pandas.DataFrame:
    """Return records as a pandas data frame. Raises `BusSimulatorError` without pandas."""
    try:
        import pandas
    except ImportError:
        raise missing("pandas") from None
    return pandas.DataFrame(columns(records))


def to_polars(records: Sequence[object]) -> polars.DataFrame:
    """Return records as a Polars data frame. Raises `BusSimulatorError` without Polars."""
    try:
        import polars
    except ImportError:
        raise missing("polars") from None
    return polars.DataFrame(columns(records))


def columns(records: Sequence[object]) -> dict[str, list[object]]:
    """Return each field's values; None where a record of another kind doesn't have it."""
    names: dict[str, None] = {}
    for model in dict.fromkeys(type(record) for record in records):
        names |= dict.fromkeys(field.name for field in fields(model))  # type: ignore[arg-type]  # a model
    return {name: [getattr(record, name, None) for record in records] for name in names}


def missing(package: str) -> BusSimulatorError:
    """Return the error for a package that isn't installed."""
    return BusSimulatorError(f"to_{package}() needs {package}: pip install 'bus-simulator-client[{package}]'")
