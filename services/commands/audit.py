"""`bus-simulator audit`: check the stored data against the invariants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.commands import options
from services.commands.options import option

if TYPE_CHECKING:
    from storage.audit_report import AuditReport


@click.command(
    epilog="""\b
Examples:
  bus-simulator audit
  bus-simulator audit --scenario strike --store duckdb:strike.duckdb
  bus-simulator audit --json --store duckdb:week.duckdb | python3 -m json.tool
  bus-simulator audit --realism"""
)
@option("--json", "as_json", is_flag=True, default=False, help="Print the report as JSON.")
@option(
    "--realism",
    is_flag=True,
    default=False,
    help="Also simulate five days of the network and compare them with figures of the real city.",
)
@options.network_option
@option(
    "--scenario",
    "scenarios",
    metavar="NAME|FILE",
    multiple=True,
    help="Scenario that the stored data were simulated with; may be repeated.",
)
@options.store_option
@options.jobs_option
def audit(
    *,
    as_json: bool,
    realism: bool,
    network: Path | None,
    scenarios: Sequence[str],
    store: str,
    jobs: int | None,
) -> None:
    """Check all stored data against ten invariants: passengers are conserved, streams agree, and so on.

    --network and --scenario must be those that the data were simulated with; the store itself knows its
    interventions. Exits with 0 only if no invariant is violated and no data are missing; an empty store
    fails. --realism measures the model, not the store, and doesn't change the exit code.
    """
    from services.console.work_progress import work_progress
    from services.inputs.load import load_inputs, opened
    from services.interventions.stored_journal import covered_end, stored_journal
    from services.reports.audit_inputs import journal_facts
    from services.reports.realism_report import measured, report_lines
    from services.reports.realism_report import report as realism_report
    from services.stack.city_here import name_other_store
    from storage.audit import audit as judge

    with work_progress() as progress:
        made_of = [load_inputs(network, None, scenario, progress) for scenario in (None, *scenarios)]
    name_other_store(store)
    with closing(opened(store, must_exist=True)) as source:
        journal, end = stored_journal(source), covered_end(source)
        report = judge(source, [journal_facts(inputs, journal, end) for inputs in made_of])
    said = report.as_dict()
    if not as_json:
        click.echo(report_text(report))
    if realism:
        found = measured(made_of[0].network, seed=made_of[0].seed, jobs=jobs)
        said["realism"] = realism_report(found)
        if not as_json:
            click.echo("\n".join(report_lines(found)))
    if as_json:
        click.echo(json.dumps(said, indent=2))
    if not report.passed:
        raise click.exceptions.Exit(1)


def report_text(report: AuditReport) -> str:
    """The report as lines of text."""
    lines = [
        f"{start.isoformat()} to {end.isoformat()}, run {run_id}" for start, end, run_id in report.judged
    ]
    for finding in report.findings:
        verdict = f"{finding.violations:,} violations" if finding.violations else "holds"
        lines.append(f"{finding.invariant:>4}  {finding.title}: {verdict} ({finding.checked:,} checked)")
        lines += [f"        {example}" for example in finding.examples]
    lines += [f"missing: {what}" for what in report.missing]
    verdict = "passed" if report.passed else "FAILED"
    lines.append(f"{verdict}: {report.violations:,} violations in {report.records:,} records")
    return "\n".join(lines)
