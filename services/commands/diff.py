"""`bus-simulator diff`: compare the service that two runs give to passengers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.commands import options
from services.commands.options import option
from services.times import format_instant

if TYPE_CHECKING:
    from services.interventions.recorded_run import RecordedRun
    from services.reports.comparison import ComparedRuns, Difference, Measure, Performances
    from simulator.progress import OnProgress

LAST_HOUR = 48


def hours(text: str) -> range:
    """Parse hours of the service day: `07-10` means from 07:00 up to 10:00."""
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text.strip(), re.ASCII)
    if found is None or not int(found[1]) < int(found[2]) <= LAST_HOUR:
        raise click.BadParameter(
            f"'{text}' is not a range of hours; write 07-10, or 22-26 for 22:00 to 02:00 of the next day"
        )
    return range(int(found[1]), int(found[2]))


@click.command(
    epilog="""\b
Examples:
  bus-simulator diff undisturbed closure --by-line
  bus-simulator diff bunching bunching-holding --hours 07-10
  bus-simulator diff 2026-03-03 2026-03-07 --json
  bus-simulator diff undisturbed my-scenario.yaml --charts charts
  bus-simulator diff undisturbed journal --by-line"""
)
@click.argument("a")
@click.argument("b")
@option("--by-line", is_flag=True, default=False, help="Also print each line that differs.")
@option(
    "--hours", type=hours, metavar="HH-HH", default=None, help="Compare these hours of the service day only."
)
@option(
    "--charts",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Also write charts (SVG) to this folder: bars by hour, and a space-time diagram of the line that "
    "differs most.",
)
@option("--json", "as_json", is_flag=True, default=False, help="Print the differences as JSON.")
@options.network_option
@options.seed_option
@options.scenario_option
@options.store_option
@options.url_option
@options.group_option
@options.jobs_option
def diff(
    *,
    a: str,
    b: str,
    by_line: bool,
    hours: range | None,
    charts: Path | None,
    as_json: bool,
    network: Path | None,
    seed: int | None,
    scenario: str | None,
    store: str,
    url: str | None,
    group: str,
    jobs: int | None,
) -> None:
    """Compare two runs: waits, loads, headways, speed, people left behind.

    A and B are each a scenario (a name or a file) or a date such as 2026-03-03, a service day without a
    scenario. One of them may be `undisturbed`: the other's days without its scenario. A date has the network
    and seed of the scenario that it is compared with. Both runs are simulated; no store is needed. The result
    is a table, with --charts also charts.

    `journal` is the run of --store or of the simulator at --url, with its interventions, up to now; it is
    compared with `undisturbed`: what have they cost so far? --network, --scenario and --seed are the run's.
    """
    from services.console.work_progress import work_progress
    from services.reports.journal_comparison import JOURNAL

    with work_progress() as progress:
        of_journal = JOURNAL in (a, b)
        recorded = recorded_run_of(store, url, group) if of_journal else None
        runs, until = compared(a, b, recorded, network, seed, scenario, progress)
        results = simulated(runs, jobs, progress, until)
    for text in output(runs, results, until, hours, as_json=as_json, by_line=by_line):
        click.echo(text)
    if charts is not None:
        written = write_charts(charts, runs, results)
        click.echo(f"{written} charts in {charts}.", err=True)


def recorded_run_of(store: str, url: str | None, group: str) -> RecordedRun:
    """The run of a store, or of a simulator."""
    from services.interventions.recorded_run import recorded_run
    from services.stack.city_here import url_of_city

    return recorded_run(store, url_of_city(url), group)


def compared(
    a: str,
    b: str,
    recorded: RecordedRun | None,
    network: Path | None,
    seed: int | None,
    scenario: str | None,
    on_progress: OnProgress,
) -> tuple[ComparedRuns, datetime | None]:
    """The two runs, and until when they are compared if one of them is the `recorded` one."""
    from services.reports.comparison import compared_runs
    from services.reports.journal_comparison import compared_with_journal

    if recorded is None:
        return compared_runs(a, b, network=network, seed=seed, on_progress=on_progress), None
    found = compared_with_journal(
        a, b, recorded, network=network, seed=seed, scenario=scenario, on_progress=on_progress
    )
    return found.runs, found.until


def output(
    runs: ComparedRuns,
    results: Performances,
    until: datetime | None,
    hours: range | None,
    *,
    as_json: bool,
    by_line: bool,
) -> Iterator[str]:
    """Yield what is printed to stdout: the report as JSON, or the lines of the table."""
    from services.reports.comparison import COST, HOURS, MEASURES

    chosen, measures = HOURS if hours is None else hours, MEASURES if until is None else COST
    if as_json:
        yield json.dumps(report(runs, results, chosen, measures, by_line=by_line), indent=2)
        return
    if until is not None:
        yield f"up to {format_instant(until)}"
    yield from table(runs, results, chosen, measures, by_line=by_line)


def simulated(
    runs: ComparedRuns, jobs: int | None, on_progress: OnProgress, until: datetime | None = None
) -> Performances:
    """Simulate and measure both runs, up to an instant if one is given."""
    from services.reports.comparison import line_days, measured
    from simulator.types import to_ms

    until_ms = None if until is None else to_ms(until)
    first, second = (measured(line_days(run, jobs, on_progress), until_ms) for run in runs)
    return first, second


def table(
    runs: ComparedRuns, results: Performances, hours: range, measures: Sequence[Measure], *, by_line: bool
) -> Iterator[str]:
    """Yield the lines of the table."""
    from services.reports.comparison import differences, differing

    a, b = results
    yield from heads(runs, hours)
    yield ""
    yield f"{'':33}{'A':>12}{'B':>12}{'difference':>13}{'%':>9}"
    yield from rows(differences(a.overall(hours), b.overall(hours), measures))
    if by_line:
        lines = differing(a, b, hours)
        for line_id in lines:
            named = runs[1].network.line.get(line_id) or runs[0].network.line[line_id]
            yield f"\n{line_id}  {named.name}"
            yield from rows(differences(a.of_line(line_id, hours), b.of_line(line_id, hours), measures))
        if not lines:
            yield "\nNo line differs."


def heads(runs: ComparedRuns, hours: range) -> Iterator[str]:
    """Yield the lines that say what is compared."""
    from services.reports.comparison import HOURS

    for letter, run in zip("AB", runs, strict=True):
        first, last = run.days[0], run.days[-1]
        days = f"{first}" if first == last else f"{first} to {last}"
        yield f"{letter}  {run.name}: {days}, seed {run.seed}, network {run.network.name}"
    if hours != HOURS:
        yield f"   from {hours.start:02d}:00 to {hours.stop:02d}:00 of each service day"
    if len({run.seed for run in runs}) > 1:
        yield "   Their seeds differ, so random numbers do too."
    if len({len(run.days) for run in runs}) > 1:
        yield "   They have different numbers of days: compare means, not sums."


def rows(found: Sequence[Difference]) -> Iterator[str]:
    """Yield a row for each measure."""
    for each in found:
        title = f"{each.measure.title} ({each.measure.unit})" if each.measure.unit else each.measure.title
        decimals = each.measure.decimals
        values = f"{number_text(each.a, decimals):>12}{number_text(each.b, decimals):>12}"
        change = number_text(each.difference, decimals, sign="+")
        percent = number_text(each.percent, 1, sign="+")
        yield f"{title:33}{values}{change:>13}{percent:>9}"


def number_text(value: float | None, decimals: int, sign: str = "") -> str:
    """Format a number with thousands separators; a dash for None, and zero without a sign."""
    if value is None:
        return "-"
    rounded = round(value, decimals)
    return f"{rounded:{sign if rounded else ''},.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def report(
    runs: ComparedRuns, results: Performances, hours: range, measures: Sequence[Measure], *, by_line: bool
) -> dict[str, object]:
    """Return the differences for JSON."""
    from services.reports.comparison import HOURS, differences, differing

    a, b = results
    compared: dict[str, object] = {
        letter: {
            "name": run.name,
            "days": [day.isoformat() for day in run.days],
            "seed": run.seed,
            "network": run.network.name,
        }
        for letter, run in zip("ab", runs, strict=True)
    }
    compared["hours"] = None if hours == HOURS else [hours.start, hours.stop]
    compared["overall"] = keyed(differences(a.overall(hours), b.overall(hours), measures))
    if by_line:
        compared["lines"] = {
            line_id: keyed(differences(a.of_line(line_id, hours), b.of_line(line_id, hours), measures))
            for line_id in differing(a, b, hours)
        }
    return compared


def keyed(found: Sequence[Difference]) -> dict[str, dict[str, float | None]]:
    """Return each measure by its key."""
    return {
        each.measure.key: {"a": each.a, "b": each.b, "difference": each.difference, "percent": each.percent}
        for each in found
    }


def write_charts(folder: Path, runs: ComparedRuns, results: Performances) -> int:
    """Write every chart to a folder, created if necessary. Return their number."""
    from services.commands.atomic_files import draft
    from services.reports.bar_chart import bars_svg
    from services.reports.comparison_charts import by_hour, diagram
    from services.reports.space_time_chart import space_time_svg

    folder.mkdir(parents=True, exist_ok=True)
    charts = [(name, bars_svg(bars)) for name, bars in by_hour(runs, results)]
    charts.append(("space-time", space_time_svg(diagram(runs, results))))
    for name, svg in charts:
        with draft(folder / f"{name}.svg") as path:
            path.write_text(svg, encoding="utf-8")
    return len(charts)
