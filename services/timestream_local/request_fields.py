"""Members of request bodies, checked: errors have AWS's types and texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from services.timestream_local.errors import SerializationException, ValidationException

_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,256}", re.ASCII)
Kind = TypeVar("Kind", bound="str | int | bool | list[Any] | dict[str, Any]")
NAMES = {str: "a string", int: "an integer", bool: "a boolean", list: "a list", dict: "a structure"}


def optional(body: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind | None:
    """A member, None where it is absent. `SerializationException` for one of another type."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SerializationException(f"{name} is not {NAMES[kind]}")
    return value


def required(body: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    """A member that must be present."""
    value = optional(body, name, kind)
    if value is None:
        raise ValidationException(
            f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy "
            "constraint: Member must not be null"
        )
    return value


def within(value: int | None, name: str, least: int, most: int) -> int | None:
    """Check that a number lies within bounds, both included. None passes."""
    if value is not None and not least <= value <= most:
        bound = f"greater than or equal to {least}" if value < least else f"less than or equal to {most}"
        raise ValidationException(
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to "
            f"satisfy constraint: Member must have value {bound}"
        )
    return value


def mapped(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A structure, an empty one where it is absent."""
    return optional(body, name, dict) or {}


def listed(body: Mapping[str, Any], name: str) -> list[Any]:
    """A list, an empty one where it is absent."""
    value = body.get(name)
    if value is None:
        return []
    if type(value) is not list:
        raise SerializationException(f"{name} is not a list")
    return value


def optional_text(value: object, name: str) -> str | None:
    """A string or None."""
    if value is not None and type(value) is not str:
        raise SerializationException(f"{name} is not a string")
    return value


def new_name(body: Mapping[str, Any], member: str) -> str:
    """The name of a database or table to create."""
    name = required(body, member, str)
    if not _NAME.fullmatch(name):
        raise ValidationException(
            f"1 validation error detected: Value '{name[:300]}' at '{member[0].lower()}{member[1:]}' failed "
            "to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{3,256}"
        )
    return name
