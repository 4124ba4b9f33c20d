"""`bus-simulator journal`: the interventions of a run, and the run as a scenario file."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.commands import options
from services.commands.options import option

if TYPE_CHECKING:
    from services.interventions.recorded_run import RecordedRun


@click.command(
    epilog="""\b
Examples:
  bus-simulator journal
  bus-simulator journal --json
  bus-simulator journal --as-scenario -o day.yaml && bus-simulator replay day.yaml"""
)
@option(
    "--as-scenario",
    is_flag=True,
    default=False,
    help="Write the run with its interventions as a scenario file. Its replay gives the same data, byte for "
    "byte; --network, --scenario and --seed must be those of the run.",
)
@option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    show_default="standard output",
    help="File to write.",
)
@option("--json", "as_json", is_flag=True, default=False, help="Print the journal as JSON.")
@options.network_option
@options.scenario_option
@options.seed_option
@options.store_option
@options.url_option
@options.group_option
def journal(
    *,
    as_scenario: bool,
    output: Path | None,
    as_json: bool,
    network: Path | None,
    scenario: str | None,
    seed: int | None,
    store: str,
    url: str | None,
    group: str,
) -> None:
    """List the interventions of a run: of the parts here, of a store, or of the simulator that holds it.

    The last line has the journal's digest. Equal runs with equal journals have equal data.
    """
    if as_scenario and as_json:
        raise click.UsageError("--as-scenario and --json exclude each other.")
    from services.interventions.recorded_run import recorded_run
    from services.stack.city_here import url_of_city

    recorded = recorded_run(store, url_of_city(url), group)
    if as_scenario:
        text = scenario_text(recorded, network, scenario, seed, name=None if output is None else output.stem)
    else:
        text = journal_text(recorded, as_json=as_json)
    write(text, output)


def scenario_text(
    recorded: RecordedRun, network: Path | None, scenario: str | None, seed: int | None, name: str | None
) -> str:
    """The run as a scenario file, named after the file if its name can be a scenario's."""
    from services.console.work_progress import work_progress
    from services.interventions.recorded_run import loaded_run

    with work_progress() as progress:
        loaded = loaded_run(recorded, network, seed, scenario, progress)
    base = loaded.base
    if name is not None and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        base = dataclasses.replace(base, name=name)
    return recorded.journal.as_scenario_yaml(base)


def journal_text(recorded: RecordedRun, *, as_json: bool) -> str:
    """The journal for people, or as JSON."""
    from services.commands.intervene import lines
    from services.interventions.bodies import intervention_body, journal_body
    from services.interventions.stored_journal import entry_of
    from storage.instants import EPOCH

    entries = [entry_of(each) for each in recorded.journal.interventions]
    now = recorded.reached or EPOCH
    if as_json:
        return json.dumps(journal_body(entries, now), indent=2) + "\n"
    if not entries:
        return "The journal is empty.\n"
    shown = lines([intervention_body(entry, now) for entry in entries])
    return "\n".join([*shown, f"digest {recorded.journal.digest}"]) + "\n"


def write(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file, which appears when it is complete."""
    from services.commands.atomic_files import draft

    if output is None:
        click.echo(text, nl=False)
        return
    with draft(output) as path:
        path.write_text(text, encoding="utf-8")
    click.echo(f"{output} is written.", err=True)
