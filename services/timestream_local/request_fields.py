"""Reading and checking members of request bodies, with errors of AWS's types and texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from services.timestream_local.errors import SerializationException, ValidationException
from services.timestream_local.types import JsonObject, JsonValue

_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,256}", re.ASCII)
Kind = TypeVar("Kind", bound="str | int | bool | list[JsonValue] | dict[str, JsonValue]")
NAMES = {str: "a string", int: "an integer", bool: "a boolean", list: "a list", dict: "a structure"}


def optional(body: JsonObject, name: str, kind: type[Kind]) -> Kind | None:
    """Return a member, None if it is absent. Raise `SerializationException` if it has another type."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SerializationException(f"{name} is not {NAMES[kind]}")
    return value


def required(body: JsonObject, name: str, kind: type[Kind]) -> Kind:
    """Return a member. Raise `ValidationException` if it is absent."""
    value = optional(body, name, kind)
    if value is None:
        raise ValidationException(
            f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy "
            "constraint: Member must not be null"
        )
    return value


def within(value: int | None, name: str, least: int, most: int) -> int | None:
    """Return a number, or None. Raise `ValidationException` if it isn't from `least` to `most`."""
    if value is not None and not least <= value <= most:
        bound = f"greater than or equal to {least}" if value < least else f"less than or equal to {most}"
        raise ValidationException(
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to "
            f"satisfy constraint: Member must have value {bound}"
        )
    return value


def mapped(body: JsonObject, name: str) -> JsonObject:
    """Return a member that is a structure, an empty one if it is absent."""
    return optional(body, name, dict) or {}


def listed(body: JsonObject, name: str) -> Sequence[JsonValue]:
    """Return a member that is a list, an empty one if it is absent."""
    value = body.get(name)
    if value is None:
        return []
    if type(value) is not list:
        raise SerializationException(f"{name} is not a list")
    return value


def optional_text(value: object, name: str) -> str | None:
    """Return a string, or None. Raise `SerializationException` for other values."""
    if value is not None and type(value) is not str:
        raise SerializationException(f"{name} is not a string")
    return value


def new_name(body: JsonObject, member: str) -> str:
    """Return the name of a database or table to create. Raise `ValidationException` for an invalid one."""
    name = required(body, member, str)
    if not _NAME.fullmatch(name):
        raise ValidationException(
            f"1 validation error detected: Value '{name[:300]}' at '{member[0].lower()}{member[1:]}' failed "
            "to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{3,256}"
        )
    return name
