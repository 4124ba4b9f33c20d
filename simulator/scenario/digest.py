"""What of a scenario counts in its digest: later fields don't while they have their default."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LATER = {"later": True}
"""The metadata of fields that scenarios got later."""


def digest_of(content: Mapping[str, object]) -> str:
    """SHA-256 in hex of plain values, as JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def plain_fields(value: DataclassInstance) -> dict[str, object]:
    """The fields as `dataclasses.asdict` gives them, without later ones that have their default."""
    return {
        each.name: _plain(getattr(value, each.name))
        for each in dataclasses.fields(value)
        if not (each.metadata == LATER and getattr(value, each.name) == each.default)
    }


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain_fields(value)
    return value
