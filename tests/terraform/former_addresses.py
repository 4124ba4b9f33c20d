"""A state as it was before resources moved into the module `tasks`, by the `moved` blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.terraform.stack import TERRAFORM

MOVED = re.compile(
    r'^moved {\n +from = (?P<kind>\w+)\.(?P<before>\w+)\n'
    r' +to   = module\.tasks\.(?P=kind)\.(?P<after>\w+)(?:\["(?P<key>[\w-]+)"\])?\n}',
    re.MULTILINE,
)  # fmt: skip


class Move(NamedTuple):
    """A resource's type and former name in a folder, and where it is in the module `tasks` now."""

    folder: str
    kind: str
    before: str
    after: str
    key: str | None


def moves() -> Iterator[Move]:
    """Yield the moves into the module `tasks`."""
    for path in sorted((TERRAFORM / "modules").glob("*/moved.tf")):
        for found in MOVED.finditer(path.read_text()):
            yield Move(path.parent.name, *found.group("kind", "before", "after", "key"))


def former(state: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """A state with the addresses before the moves, and how many resources it changes."""
    resources = list(state["resources"])
    count = 0
    for move in moves():
        for resource in [each for each in resources if is_moved(each, move)]:
            matching = [each for each in resource["instances"] if move.key in (None, each.get("index_key"))]
            if not matching:
                continue
            resources.remove(resource)
            others = [each for each in resource["instances"] if each not in matching]
            if others:
                resources.append({**resource, "instances": others})
            resources.append(put_back(resource, move, matching))
            count += len(matching)
    return {**state, "serial": state["serial"] + 1, "resources": resources}, count


def is_moved(resource: Mapping[str, Any], move: Move) -> bool:
    """Whether a resource of a state is one that has moved."""
    module = str(resource.get("module", ""))
    folder = re.sub(r"\[[^]]*\]", "", module.removeprefix("module.").removesuffix(".module.tasks"))
    found = (folder.replace("_", "-"), resource["type"], resource["name"], resource["mode"])
    return module.endswith(".module.tasks") and found == (move.folder, move.kind, move.after, "managed")


def put_back(resource: Mapping[str, Any], move: Move, instances: list[dict[str, Any]]) -> dict[str, Any]:
    """A resource with these instances, where it was before."""
    if move.key is not None:
        instances = [{k: v for k, v in each.items() if k != "index_key"} for each in instances]
    module = resource["module"].removesuffix(".module.tasks")
    return {**resource, "module": module, "name": move.before, "instances": instances}
