"""Problems of input files, each with its line and how to mend it, and the error that carries them.

Pydantic's errors are put into words here for every kind of input file: the field as the file's author wrote
it, what it must be, what it is.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Loc = tuple[str | int, ...]
"""A location in a document: keys and indexes from the root."""

Faults = list[tuple[Loc, str]]
"""Problems as (location in the document, message)."""

MEND: Mapping[str, str] = {
    "missing": "is missing: add it",
    "string_type": "must be text, in quotes where YAML would read a number or true/false",
    "string_too_long": "must have at most {max_length} characters",
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_short": "must have {min_length} or more entries: add to it",
    "too_long": "must have at most {max_length} entries",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping of fields",
    "model_attributes_type": "must be a mapping of fields",
}
"""The message for each pydantic error type; other types keep pydantic's own."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem in a file: its line, from 1, and a message of one printable line."""

    file: str
    line: int
    message: str

    def __post_init__(self) -> None:
        printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in self.message[:500])
        object.__setattr__(self, "message", printable)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class InputFileError(ValueError):
    """A file that can't be used: `problems` has every reason found, sorted by line, without repetitions."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputFileError], tuple[list[Problem]]]:
        return type(self), (self.problems,)


def quoted_value(value: Any) -> str:
    """A value of a YAML file for a message: at most 60 characters of JSON; lists and mappings by kind."""
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "a mapping"
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def findings(
    error: ValidationError, model: type[BaseModel], in_file: Callable[[Loc], Loc]
) -> Iterator[tuple[Loc, str]]:
    """The (location, message) of each pydantic error of data validated with `model`.

    `in_file` cuts a location to the part that is in the file, so that a value which a validator spread over
    several fields is reported once, as its author wrote it.
    """
    for item in error.errors(include_url=False):
        loc, kind = item["loc"], item["type"]
        if kind == "extra_forbidden":
            yield in_file(loc), _unknown_field(str(loc[-1]), fields_at(model, loc[:-1]))
        elif kind == "missing":
            yield in_file(loc), f"`{_field(loc)}` {MEND[kind]}"
        elif not loc:
            yield loc, f"a mapping is expected here, of {', '.join(fields_at(model, loc))}"
        else:
            mend = MEND.get(kind, item["msg"]).format_map(item.get("ctx", {}))
            yield in_file(loc), f"`{_field(in_file(loc))}` {mend}, got {quoted_value(item['input'])}"


def _field(loc: Loc) -> str:
    """The last key of a location and the indexes that follow it, as `shape[3][0]`."""
    start = max((i for i, step in enumerate(loc) if isinstance(step, str)), default=0)
    indexes = "".join(f"[{step}]" for step in loc[start + 1 :])
    return f"{loc[start] if loc else ''}{indexes}"


def _unknown_field(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    mend = f"did you mean `{near[0]}`?" if near else f"the fields here are {', '.join(known)}"
    return f"unknown field `{name}`: {mend}"


def fields_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The fields, as written in the file, that `model` allows at a location inside it."""
    for step in loc:
        if isinstance(step, str):
            model = next((_models(_fields(model)[step])), model) if step in _fields(model) else model
    return list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
