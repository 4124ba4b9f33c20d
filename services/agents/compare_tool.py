"""The query of the tool `compare`: what a scenario would change of the present service day."""

from __future__ import annotations

from services.agents.tool import ToolOutput, ToolQuery
from services.agents.tool_arguments import CompareArguments
from services.context import Context
from services.errors import BadRequest
from services.queries.bodies import Body
from services.transit.service_comparison import ComparedMeasure, LineComparison, ServiceComparison
from storage.store import Reader

NOT_HERE = "This server can't simulate: compare works with `run`, `serve` and `mcp`."
NOTHING = "This scenario changes no line's trips or passengers today."


def compare(context: Context, given: CompareArguments) -> ToolQuery:
    """Query a scenario's effect on the present service day."""

    def find(_store: Reader) -> ToolOutput:
        if context.compare is None:
            raise BadRequest(NOT_HERE)
        found = context.compare(given.scenario)
        items = [line_comparison_item(found, line) for line in found.lines]
        return ToolOutput(items, hint=hint_of(found))

    return ToolQuery(find)


def hint_of(found: ServiceComparison) -> str:
    """Return the hint: the scenario and day compared, and the lines that weren't simulated."""
    what = f"{found.description.rstrip('.')}: here as if it were {found.day}."
    if not found.lines:
        return f"{what} {NOTHING}"
    if found.left_out:
        return f"{what} Not simulated, but changed too: {', '.join(found.left_out)}."
    return what


def line_comparison_item(found: ServiceComparison, line: LineComparison) -> Body:
    """Build a `LineComparisonItem`."""
    return {
        "scenario": found.scenario,
        "date": found.day.isoformat(),
        "line_id": line.line_id,
        "name": line.name,
        "measures": [measure_item(each) for each in line.measures],
    }


def measure_item(measure: ComparedMeasure) -> Body:
    """Build a `ComparedMeasureItem`."""
    before, after = measure.undisturbed, measure.with_scenario
    difference = None if before is None or after is None else after - before
    return {
        "measure": measure.title,
        "unit": measure.unit,
        "undisturbed": before,
        "with_scenario": after,
        "difference": None if difference is None else round(difference, 3),
        "percent": round(100 * difference / before, 1) if difference is not None and before else None,
    }
