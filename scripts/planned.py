"""The extract of Terraform's plans that pages and tests read: `tests/golden/planned.json`.

`python -m scripts.planned aws=PLAN.json hosted=PLAN.json …` writes the file from `terraform show -json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import click

FILE = Path(__file__).parent.parent / "tests" / "golden" / "planned.json"
KINDS: Mapping[str, Mapping[str, str]] = {
    "aws": {},
    "hosted": {"store": "hosted"},
    "fargate": {"front": "fargate"},
    "aurora": {"store": "aurora", "front": "fargate"},
}
"""The variables of each kind of deployment; all others have their defaults."""
KEPT = (
    "alarm_name",
    "bucket",
    "cpu",
    "dashboard_name",
    "desired_count",
    "family",
    "function_name",
    "memory",
    "memory_size",
    "name",
    "network_configuration",
    "role",
    "table_name",
    "topic_name",
    "vpc_endpoint_type",
)
"""The attributes of a resource that the extract has, if the plan knows them."""

Planned: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Resources by address."""


def extract(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The managed resources of a plan, and the names of its outputs."""
    changes = [each for each in plan["resource_changes"] if each["mode"] == "managed"]
    return {
        "outputs": sorted(plan["planned_values"]["outputs"]),
        "resources": {
            each["address"]: kept_values(each) for each in sorted(changes, key=lambda each: each["address"])
        },
    }


def kept_values(change: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's type and its planned attributes among `KEPT`."""
    after = change["change"]["after"]
    return {
        "type": change["type"],
        **{key: after[key] for key in KEPT if after.get(key) not in (None, [], "")},
    }


def planned_resources(kind: str) -> Planned:
    """The planned resources of a kind of deployment, from the file."""
    found: Planned = json.loads(FILE.read_text(encoding="utf-8"))[kind]["resources"]
    return found


def planned_outputs(kind: str) -> list[str]:
    """The names of the planned outputs."""
    found: list[str] = json.loads(FILE.read_text(encoding="utf-8"))[kind]["outputs"]
    return found


@click.command()
@click.argument("plans", metavar="KIND=PLAN.json …", nargs=-1, required=True)
def main(*, plans: tuple[str, ...]) -> None:
    """Write tests/golden/planned.json from plans in JSON."""
    given = dict(plan.split("=", 1) for plan in plans)
    found = {kind: extract(json.loads(Path(given[kind]).read_text(encoding="utf-8"))) for kind in KINDS}
    FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
