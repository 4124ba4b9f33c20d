"""`bus-simulator validate`: check network files, scenario files and GTFS feeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import click

from services.commands.options import option

WRONG_FILE, WRONG_FEED = 1, 2


class Checked(NamedTuple):
    """What was found about a file: lines for people, a JSON object, and the exit code that it asks for."""

    lines: list[str]
    document: dict[str, Any]
    code: int


@click.command(
    epilog="""\b
Examples:
  bus-simulator validate data/lines.yaml
  bus-simulator validate data/scenarios/*.yaml
  bus-simulator validate madrid.zip
  bus-simulator validate madrid.zip --format json | python3 -m json.tool"""
)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@option(
    "--format",
    "form",
    key="validate_format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: an object a line for each file; a feed's is like the canonical validator's report.json.",
)
@option(
    "--all-notices",
    is_flag=True,
    default=False,
    help="Of a feed, list also notices that change nothing here: colours, fares, expired dates and the like.",
)
def validate(*, files: tuple[Path, ...], form: str, all_notices: bool) -> None:
    """Check network and scenario FILES and GTFS feeds, and list all errors with their line.

    A feed is a zip or a folder of its files. Its notices have the codes of the canonical GTFS Schedule
    validator, and three examples of each; gtfs-guru finds them. Exits with 1 if a network or scenario has
    errors, with 2 if a feed has. `import-gtfs` may still import such a feed: it leaves out what is wrong.
    """
    from services.inputs.scenario_library import is_scenario
    from simulator.load_network import is_feed

    worst = 0
    for file in files:
        kind = "feed" if is_feed(file) else "scenario" if is_scenario(file) else "network"
        checked = _feed(file, all_notices) if kind == "feed" else _file(file, kind)
        worst = max(worst, checked.code)
        if form == "json":
            click.echo(json.dumps(checked.document, ensure_ascii=False))
        else:
            for line in checked.lines:
                click.echo(line, err=kind != "feed" and bool(checked.code))
    if worst:
        raise click.exceptions.Exit(worst)


def _feed(file: Path, all_notices: bool) -> Checked:
    from services.console.work_progress import work_progress
    from services.errors import InputError
    from services.feeds.gtfs_notices import Severity
    from services.feeds.gtfs_validator import ValidationFailed, library_version, validate_feed
    from services.feeds.validation_report import as_json, report_lines
    from simulator.progress import Progress

    try:
        with work_progress() as progress:
            progress(Progress(f"validating {file.name}", 0, 1, "feeds"))
            notices = validate_feed(file, everything=all_notices)
    except InputError as error:
        return Checked([str(error)], {"file": str(file), "errors": str(error).splitlines()}, WRONG_FEED)
    except ValidationFailed as error:
        raise click.ClickException(str(error)) from error
    code = WRONG_FEED if notices.count(Severity.ERROR) else 0
    by = library_version()
    return Checked(list(report_lines(file, notices, by)), as_json(file, notices, by), code)


def _file(file: Path, kind: str) -> Checked:
    from services.errors import InputError

    try:
        said = _scenario(file) if kind == "scenario" else _network(file)
    except InputError as error:
        return Checked([str(error)], {"file": str(file), "errors": str(error).splitlines()}, WRONG_FILE)
    return Checked([f"{file}: {said}."], {"file": str(file), "kind": kind, "errors": []}, 0)


def _network(file: Path) -> str:
    from services.console.work_progress import work_progress
    from services.inputs.load import load_network

    with work_progress() as progress:
        network = load_network(file, progress)
    buses = sum(len(line.buses) for line in network.lines)
    return f"{len(network.lines)} lines, {len(network.stops)} stops, {buses} buses"


def _scenario(file: Path) -> str:
    from services.console.work_progress import work_progress
    from services.inputs.load import load_scenario

    with work_progress() as progress:
        scenario, network = load_scenario(str(file), on_progress=progress)
    days = {str(scenario.first_day): None, str(scenario.last_day): None}
    return f"scenario {scenario.name}, {' to '.join(days)}, network {network.name}"
