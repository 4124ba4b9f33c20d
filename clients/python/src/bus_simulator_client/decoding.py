"""JSON into the dataclasses of `models`: instants become `datetime`, unknown fields are ignored."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from bus_simulator_client.errors import UnexpectedAnswer

Model = TypeVar("Model")
Convert: TypeAlias = Callable[[object], object]


class Reader(NamedTuple):
    """How a field is read: its converter (None: as it is), and whether it must be there."""

    name: str
    convert: Convert | None
    required: bool


def decode(model: type[Model], data: object) -> Model:
    """Make a `model` of a JSON object. Raises `UnexpectedAnswer` when a field is missing or wrong."""
    if not isinstance(data, dict):
        raise UnexpectedAnswer(f"The server sent no {model.__name__}: {str(data)[:100]}")
    values: dict[str, object] = {}
    for name, convert, required in readers(model):
        if name in data:
            values[name] = data[name] if convert is None else convert(data[name])
        elif required:
            raise UnexpectedAnswer(
                f"{model.__name__} from the server has no {name}: client and server are of different versions"
            )
    return model(**values)


def readers(model: type) -> tuple[Reader, ...]:
    """Return how each field of a dataclass is read."""
    if model not in _readers:
        hints = get_type_hints(model)
        _readers[model] = tuple(
            Reader(each.name, converter(hints[each.name]), is_required(each)) for each in fields(model)
        )
    return _readers[model]


_readers: dict[type, tuple[Reader, ...]] = {}


def is_required(field: Field[object]) -> bool:
    """Whether a field has no default."""
    return field.default is MISSING and field.default_factory is MISSING


def converter(hint: object) -> Convert | None:
    """Return the function that makes a value of a type out of JSON; None for values that stay as they are."""
    if hint is datetime:
        return instant
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: decode(hint, value)
    arguments, origin = get_args(hint), get_origin(hint)
    if origin is list:
        return list_converter(converter(arguments[0]))
    if origin is dict:
        return dict_converter(converter(arguments[1]))
    if origin in (Union, types.UnionType):
        return union([alternative for alternative in arguments if alternative is not type(None)])
    return None


def list_converter(item: Convert | None) -> Convert | None:
    """Return the converter of a list of values."""
    return None if item is None else lambda value: [item(each) for each in _list(value)]


def dict_converter(item: Convert | None) -> Convert | None:
    """Return the converter of an object of values."""
    return None if item is None else lambda value: {n: item(each) for n, each in _object(value).items()}


def union(alternatives: list[object]) -> Convert | None:
    """Return a converter to the first alternative that a value fits; None stays None."""
    converters = [converter(each) for each in alternatives if get_origin(each) is not Literal]
    usable = [each for each in converters if each is not None]
    if not usable:
        return None

    def convert(value: object) -> object:
        if value is None or isinstance(value, int | float):
            return value
        for each in usable:
            try:
                return each(value)
            except UnexpectedAnswer as error:
                found = error
        if len(usable) < len(alternatives):
            return value
        raise found

    return convert


def instant(value: object) -> datetime:
    """Read an instant as the API writes them."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise UnexpectedAnswer(f"The server sent {value!r} where an instant belongs") from None


def _list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise UnexpectedAnswer(f"The server sent no list: {str(value)[:100]}")


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise UnexpectedAnswer(f"The server sent no object: {str(value)[:100]}")
