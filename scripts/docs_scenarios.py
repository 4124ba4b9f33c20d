"""`docs/scenarios.md` and its diagrams: what each shipped scenario changes, and its effect on the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from services.commands.diff import number_text
from services.inputs.scenario_library import shipped
from services.queries.scenario_summary import changes
from services.reports.comparison import (
    UNDISTURBED,
    ComparedRun,
    Difference,
    RunPerformance,
    compared_runs,
    differences,
    differing,
    line_days,
    measured,
)
from services.reports.comparison_charts import diagram
from services.reports.space_time_chart import space_time_svg
from simulator.analysis.performance import total
from simulator.types import LineId

PREFACE = (Path(__file__).parent / "scenarios_preface.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class ShownScenario:
    """A scenario's section of the page, and its diagram."""

    section: str
    svg: str


def pages() -> Mapping[str, Callable[[], str]]:
    """The function that makes each file, by its path."""
    diagrams = {f"docs/scenarios/{name}.svg": partial(svg, name) for name in shipped()}
    return {"docs/scenarios.md": page, **diagrams}


def page() -> str:
    """The whole page."""
    return "\n".join([PREFACE, *(study(name).section for name in shipped())])


def svg(name: str) -> str:
    """A scenario's diagram."""
    return study(name).svg


@cache
def study(name: str) -> ShownScenario:
    """Simulate a scenario's days with and without it."""
    runs = compared_runs(UNDISTURBED, name, network=None, seed=None)
    disturbed = runs[1]
    if disturbed.scenario is None:
        raise AssertionError(f"{name} is not a scenario")
    before = measured(line_days(runs[0], jobs=1))
    after = measured(line_days(disturbed, jobs=1)) if disturbed.scenario.digest else before
    lines = differing(before, after)
    rows = comparison(name, before, after, lines) if lines else figures(before)
    picture = diagram(runs, (before, after))
    about = [f"![{picture.title}: {picture.description}](scenarios/{name}.svg)", ""]
    return ShownScenario("\n".join([*head(disturbed), *rows, *about]), space_time_svg(picture))


def head(service: ComparedRun) -> Iterator[str]:
    """The name, the description and the changes of a scenario."""
    scenario = service.scenario
    if scenario is None:
        return
    yield f"## {scenario.name}"
    yield ""
    yield scenario.description
    yield ""
    for sentence in changes(scenario, service.network) or ["Nothing is changed."]:
        yield f"- {sentence}"
    yield ""


def comparison(
    name: str, before: RunPerformance, after: RunPerformance, lines: Sequence[LineId]
) -> Iterator[str]:
    """A table of both runs and their differences, over these lines."""
    whole = len(lines) == len(after.by_line)
    yield "All lines:" if whole else f"{', '.join(lines)} (the other lines are unaffected):"
    yield ""
    yield f"| | {UNDISTURBED} | {name} | difference | % |"
    yield "|---|--:|--:|--:|--:|"
    one, other = (total(part.of_line(line_id) for line_id in lines) for part in (before, after))
    for each in differences(one, other):
        decimals = each.measure.decimals
        values = [number_text(each.a, decimals), number_text(each.b, decimals)]
        change = [number_text(each.difference, decimals, sign="+"), number_text(each.percent, 1, sign="+")]
        yield f"| {title(each)} | {' | '.join(values + change)} |"
    yield ""


def figures(before: RunPerformance) -> Iterator[str]:
    """A table of the performance of an ordinary day, for a scenario that leaves the service unchanged."""
    yield "| as on ordinary days | |"
    yield "|---|--:|"
    for each in differences(before.overall(), before.overall()):
        yield f"| {title(each)} | {number_text(each.b, each.measure.decimals)} |"
    yield ""


def title(each: Difference) -> str:
    """A measure's title and unit."""
    return f"{each.measure.title} ({each.measure.unit})" if each.measure.unit else each.measure.title
