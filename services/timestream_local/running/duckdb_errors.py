"""DuckDB's errors as the API's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import duckdb

from services.timestream_local.errors import (
    AwsError,
    InternalServerException,
    QueryExecutionException,
    ThrottlingException,
    ValidationException,
)

Result = TypeVar("Result")


def running(work: Callable[[], Result]) -> Result:
    """Return the result of `work`, with DuckDB's errors raised as the API's."""
    try:
        return work()
    except duckdb.Error as error:
        raise _translated(error) from error


_KINDS = {"INT32": "integer", "INT64": "bigint", "INT128": "bigint", "DOUBLE": "double"}
_OVERFLOW = re.compile(r"Overflow in (\w+) of (\w+) \((.*)\)!?")
_OUT_OF_RANGE = re.compile(r"Type \w+ with value (\S+) can't be cast because .* destination type (\w+).*")


PATTERN_ERRORS = (
    *("invalid perl operator", "invalid escape sequence", "bad repetition operator", "missing argument to"),
    *("invalid character class", "invalid named capture", "missing )", "missing ]", "unexpected )"),
)
"""How RE2's errors begin."""


def _in_types_of_trino(text: str) -> str:
    """An error without DuckDB's names of types."""
    found = _OVERFLOW.fullmatch(text)
    if found:
        return f"{_KINDS.get(found[2], 'number')} {found[1]} overflow: {found[3]}"
    found = _OUT_OF_RANGE.fullmatch(text)
    return f"Out of range for {_KINDS.get(found[2], 'number')}: {found[1]}" if found else text


def _translated(error: duckdb.Error) -> AwsError:
    text = str(error).partition("\n")[0].partition(": ")[2]
    if isinstance(error, duckdb.InterruptException):
        return ThrottlingException("The query was ended: it took too long")
    if isinstance(error, duckdb.ConversionException) and "UINT64" in text:
        # Only `signatures.not_negative` casts to UINT64, and only times.
        return QueryExecutionException("Negative time values are not supported")
    if "Division by zero" in text:
        return QueryExecutionException("Division by zero")
    if isinstance(error, duckdb.BinderException):
        return ValidationException(_bound(text))
    if isinstance(error, duckdb.ParserException | duckdb.CatalogException | duckdb.NotImplementedException):
        return ValidationException(f"This query is not supported: {text}")
    if isinstance(error, duckdb.DataError | duckdb.InvalidInputException):
        # What a function in Python raised follows its name.
        said = text.rpartition("ValueError: ")[2].partition(". Use TRY")[0]
        if said.startswith(PATTERN_ERRORS):
            said = f"The pattern is not supported, or not valid: {said}; patterns are RE2's"
        return QueryExecutionException(_in_types_of_trino(said))
    return InternalServerException(f"The query failed: {text}")


def _bound(text: str) -> str:
    """What DuckDB's binder found wrong, without the names of its internal columns."""
    if "GROUPING" in text:
        return "The arguments of grouping must appear in the GROUP BY clause"
    if "GROUP BY" in text:
        return "What is selected must be an aggregate expression or appear in the GROUP BY clause"
    if "WHERE clause cannot contain aggregates" in text:
        return "WHERE clause cannot contain aggregates"
    return f"This query is not supported: {text}"
