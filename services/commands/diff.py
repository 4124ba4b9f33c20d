"""`bus-simulator diff`: what two runs differ in, for the people who wait and ride."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.commands import options
from services.commands.options import option

if TYPE_CHECKING:
    from services.reports.comparison import Difference, Measured, Service

Runs = tuple["Service", "Service"]
Results = tuple["Measured", "Measured"]

LAST_HOUR = 48


def hours(text: str) -> range:
    """An option's hours of the service day, like `07-10`: from 07:00 to 10:00, which isn't included."""
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text.strip(), re.ASCII)
    if found is None or not int(found[1]) < int(found[2]) <= LAST_HOUR:
        raise click.BadParameter(
            f"'{text}' are no hours; write 07-10, or 22-26 for 22:00 to 02:00 of the next day"
        )
    return range(int(found[1]), int(found[2]))


@click.command(
    epilog="""\b
Examples:
  bus-simulator diff undisturbed closure --by-line
  bus-simulator diff bunching bunching-holding --hours 07-10
  bus-simulator diff 2026-03-03 2026-03-07 --json
  bus-simulator diff undisturbed my-scenario.yaml --charts charts"""
)
@click.argument("a")
@click.argument("b")
@option("--by-line", is_flag=True, default=False, help="Then each line that differs.")
@option("--hours", type=hours, metavar="HH-HH", default=None, help="Only these hours of the service day.")
@option(
    "--charts",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Write charts (SVG) there: the hours side by side, and the buses of the line that differs most.",
)
@option("--json", "as_json", is_flag=True, default=False, help="The differences as JSON.")
@options.network_option
@options.seed_option
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
    jobs: int | None,
) -> None:
    """Compare two runs: waits, loads, headways, speed, people left behind.

    A and B are scenarios (a name or a file), dates such as 2026-03-03 for an ordinary service day, or one of
    them `undisturbed`: the other's days without what its scenario changes. A date has the network and seed
    of the scenario that it is compared with. Both are simulated; no store is needed.
    """
    from services.reports.comparison import HOURS, pair

    runs = pair(a, b, network=network, seed=seed)
    results = simulated(runs, jobs)
    chosen = HOURS if hours is None else hours
    if as_json:
        click.echo(json.dumps(report(runs, results, chosen, by_line=by_line), indent=2))
    else:
        click.echo("\n".join(table(runs, results, chosen, by_line=by_line)))
    if charts is not None:
        written = write_charts(charts, runs, results)
        click.echo(f"{written} charts in {charts}.", err=True)


def simulated(runs: Runs, jobs: int | None) -> Results:
    """Both runs, with a bar that shows how far they are."""
    from services.feeders.progress_bar import with_progress_bar
    from services.reports.comparison import line_days, measured

    first, second = (
        measured(with_progress_bar(line_days(run, jobs), len(run.days), run.name)) for run in runs
    )
    return first, second


def table(runs: Runs, results: Results, hours: range, *, by_line: bool) -> Iterator[str]:
    """The differences for people."""
    from services.reports.comparison import differences, differing

    a, b = results
    yield from heads(runs, hours)
    yield ""
    yield f"{'':33}{'A':>12}{'B':>12}{'difference':>13}{'%':>9}"
    yield from rows(differences(a.overall(hours), b.overall(hours)))
    if by_line:
        lines = differing(a, b, hours)
        for line_id in lines:
            named = runs[1].network.line.get(line_id) or runs[0].network.line[line_id]
            yield f"\n{line_id}  {named.name}"
            yield from rows(differences(a.of_line(line_id, hours), b.of_line(line_id, hours)))
        if not lines:
            yield "\nNo line differs."


def heads(runs: Runs, hours: range) -> Iterator[str]:
    """What is compared."""
    from services.reports.comparison import HOURS

    for letter, run in zip("AB", runs, strict=True):
        first, last = run.days[0], run.days[-1]
        days = f"{first}" if first == last else f"{first} to {last}"
        yield f"{letter}  {run.name}: {days}, seed {run.seed}, network {run.network.name}"
    if hours != HOURS:
        yield f"   from {hours.start:02d}:00 to {hours.stop:02d}:00 of each service day"
    if len({run.seed for run in runs}) > 1:
        yield "   Their seeds differ: so does everything that is chance."
    if len({len(run.days) for run in runs}) > 1:
        yield "   They last differently long: compare means, not sums."


def rows(found: Sequence[Difference]) -> Iterator[str]:
    """A row for each measure."""
    for each in found:
        title = f"{each.measure.title} ({each.measure.unit})" if each.measure.unit else each.measure.title
        decimals = each.measure.decimals
        values = f"{shown(each.a, decimals):>12}{shown(each.b, decimals):>12}"
        change = f"{shown(each.difference, decimals, sign='+'):>13}{shown(each.percent, 1, sign='+'):>9}"
        yield f"{title:33}{values}{change}"


def shown(value: float | None, decimals: int, sign: str = "") -> str:
    """A number with its thousands; a dash for none, and no sign of zero."""
    if value is None:
        return "-"
    rounded = round(value, decimals)
    return f"{rounded:{sign if rounded else ''},.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def report(runs: Runs, results: Results, hours: range, *, by_line: bool) -> dict[str, object]:
    """The differences for programs."""
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
    compared["overall"] = measures(differences(a.overall(hours), b.overall(hours)))
    if by_line:
        compared["lines"] = {
            line_id: measures(differences(a.of_line(line_id, hours), b.of_line(line_id, hours)))
            for line_id in differing(a, b, hours)
        }
    return compared


def measures(found: Sequence[Difference]) -> dict[str, dict[str, float | None]]:
    """Each measure by its name."""
    return {
        each.measure.key: {"a": each.a, "b": each.b, "difference": each.difference, "percent": each.percent}
        for each in found
    }


def write_charts(folder: Path, runs: Runs, results: Results) -> int:
    """Every chart into a folder, made if need be; how many."""
    from services.commands.atomic_files import draft
    from services.reports.charts import bars_svg, space_time_svg
    from services.reports.comparison_charts import by_hour, diagram

    folder.mkdir(parents=True, exist_ok=True)
    charts = [(name, bars_svg(bars)) for name, bars in by_hour(runs, results)]
    charts.append(("space-time", space_time_svg(diagram(runs, results))))
    for name, svg in charts:
        with draft(folder / f"{name}.svg") as path:
            path.write_text(svg, encoding="utf-8")
    return len(charts)
