"""The resources of a plan: values by address, through all modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A planned action on a resource, and the attributes that change, if the plan names them."""

    actions: tuple[str, ...]
    attributes: frozenset[str]


def resources(plan: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The values of every planned resource, by address."""
    return dict(_below(plan["planned_values"]["root_module"]))


def _below(module: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources", ()):
        if resource["mode"] == "managed":
            yield resource["address"], resource.get("values", {})
    for child in module.get("child_modules", ()):
        yield from _below(child)


def changes(plan: Mapping[str, Any]) -> Mapping[str, Change]:
    """The changes of a plan by resource address; all attributes for created and deleted resources."""
    return {
        each["address"]: Change(tuple(each["change"]["actions"]), _different(each["change"]))
        for each in plan.get("resource_changes", ())
        if each["change"]["actions"] != ["no-op"]
    }


def _different(change: Mapping[str, Any]) -> frozenset[str]:
    before, after = change["before"] or {}, change["after"] or {}
    unknown = change["after_unknown"] or {}
    names = before.keys() | after.keys() | unknown.keys()
    return frozenset(n for n in names if before.get(n) != after.get(n) or unknown.get(n) is True)
