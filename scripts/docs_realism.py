"""`docs/realism.md`: published figures of Madrid's buses beside the model's, and charts.

`python -m scripts.docs_realism --network PATH` measures another network, such as the whole city's, and writes
that part of the page and its charts. `make docs` leaves them as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

import click

from services.inputs.load import DEFAULT_SEED, load_network
from services.reports.bar_chart import bars_svg
from services.reports.realism_report import (
    Realism,
    bounds,
    charts,
    measured,
    titled,
    unserved,
    value_text,
    verdict,
)
from simulator.analysis.realism import DATES, Study
from simulator.day.line_day import MODEL_VERSION

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/realism.md"
CHARTS = {
    "boardings": "People who boarded, by hour of the clock",
    "speed": "Commercial speed by hour",
    "headways": "Headway CV at peak along the line, without and with holding",
    "co2": "Mean CO2 in the cabin by the people aboard",
}
BEGIN, END = "<!-- a whole network: begin -->", "<!-- a whole network: end -->"
WHOLE = "whole-"
"""The prefix of the file names of the whole network's charts."""

PREFACE = f"""# Realism

Is the simulated city like the real one? Five service days are simulated and measured: a weekday
({DATES[Study.WEEKDAY]}), a Saturday ({DATES[Study.SATURDAY]}), a Sunday ({DATES[Study.SUNDAY]}), a weekday
in August ({DATES[Study.AUGUST]}), and the weekday again with holding: a bus too close to the one ahead waits.
April's demand is about the year's mean. Each row of the tables has the range of the real city (the band) and
the model's value; [the code](../simulator/analysis/realism.py) defines each measure.

```bash
bus-simulator audit --realism                 # the same for any network, after the audit of a store
python -m scripts.docs_realism --network DIR  # measures a whole network for this page
```

Commercial speed is from a trip's departure to its arrival: dwell is included, layovers are not. Peak
headways are those of 07–09 and 17–19 h; near the origin means the 2nd to the 4th stop, near the end the last
three before the terminal. CV is the coefficient of variation, standard deviation ÷ mean. A small network is
not a cross-section of the city, so most bands don't apply to it ("not judged").

Three bands can be read in two ways. The row below each of them has the other reading, which doesn't count:
- An express (stops more than 600 m apart on average) isn't compared with ordinary lines: its speed comes from
  its timetable, so it doesn't test the model. The other reading includes expresses.
- Cabin CO2 is what a sensor in the bus reports during its service: on trips, and at terminals between them
  for half an hour at most. The other reading has trips only.
- A bus counts as out on a trip, and during layovers as long as timetables plan (five minutes, or a tenth of
  the trip), as in the published count. The other reading has trips only.
"""


def pages() -> Mapping[str, Callable[[], str]]:
    """The function that makes each file, by its path."""
    return {"docs/realism.md": page, **{f"docs/realism/{name}.svg": partial(svg, name) for name in CHARTS}}


def page() -> str:
    """The page's text; its part about a whole network is left unchanged."""
    head = ["## The network that comes with the program", ""]
    return "\n".join([PREFACE, *head, *part(shipped(), ""), BEGIN, *kept(), END, ""])


def svg(name: str) -> str:
    """A chart of the network that comes with the program."""
    return bars_svg(dict(charts(shipped()))[name])


@cache
def shipped() -> Realism:
    """The network that comes with the program, measured."""
    return measured(load_network(ROOT / "data/lines.yaml"), seed=DEFAULT_SEED, jobs=1)


def part(found: Realism, prefix: str) -> Iterator[str]:
    """A network's table and charts; `prefix` begins the charts' names."""
    network = found.network
    yield (
        f"{len(network.lines)} lines, {len(network.line_of_bus):,} buses, {len(network.stops):,} stops; "
        f"seed {found.seed}, model {MODEL_VERSION}."
    )
    yield ""
    yield "| | known | measured | | source |"
    yield "|---|--:|--:|---|---|"
    for each in found.readings:
        said = verdict(each).replace("OUTSIDE", "**outside**")
        cells = titled(each.band), bounds(each.band), value_text(each), said, each.band.source
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"{unserved(found).capitalize()}."
    yield ""
    for name, title in CHARTS.items():
        yield f"![{title}](realism/{prefix}{name}.svg)"
        yield ""


def kept() -> list[str]:
    """The lines of the page about a whole network."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    found = re.search(f"{re.escape(BEGIN)}\n(.*){re.escape(END)}", text, re.DOTALL)
    return found[1].splitlines() if found else []


def write_whole(found: Realism, page_path: Path) -> None:
    """Replace the part about a whole network in the page, and write its charts."""
    before, rest = page_path.read_text(encoding="utf-8").split(f"{BEGIN}\n")
    after = rest.partition(END)[2]
    inside = "\n".join([f"## A whole network: {found.network.name}", "", *part(found, WHOLE)])
    folder = page_path.parent / "realism"
    folder.mkdir(exist_ok=True)
    for name, bars in charts(found):
        (folder / f"{WHOLE}{name}.svg").write_text(bars_svg(bars), encoding="utf-8")
    page_path.write_text(f"{before}{BEGIN}\n{inside}{END}{after}", encoding="utf-8")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--network", type=click.Path(path_type=Path), required=True, help="The network to measure.")
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Processes that simulate.")
def main(*, network: Path, jobs: int | None) -> None:
    """Measure a whole network and write its part of docs/realism.md."""
    write_whole(measured(load_network(network), seed=DEFAULT_SEED, jobs=jobs), PAGE)


if __name__ == "__main__":
    main()
