"""`bus-simulator ops`: start, watch, restart and stop the parts on this machine, as one does on AWS."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from services import logs, settings
from services.access.authentication import local_key
from services.commands import options
from services.commands.options import option
from services.commands.timestream_local import DEFAULT_FILE
from services.stack import compose_control
from services.stack.local_parts import PASS_FILE, find_local_parts, refresh_from_kept, refresh_key_file
from services.stack.store_part import POSTGRES_FOLDER, TIMESTREAM_FILE, StoreKind
from services.stack.supervisor_config import API_KEY, FOLDER, KEPT, Ports, Stack
from services.stack.supervisor_control import StackProblem, SupervisedParts, table
from storage.errors import StoreHeld
from storage.store import Store

if TYPE_CHECKING:
    from services.inputs.load import Inputs

FORGET = 'make down ARGS="--forget"'


def ports_of(text: str) -> Ports:
    """Parse the value of `--ports`: five numbers separated by commas."""
    try:
        numbers = [int(number) for number in text.split(",")]
        api, mcp, localstack, dynamodb, store = numbers
    except ValueError:
        raise click.BadParameter(f"'{text}' must be five numbers separated by commas") from None
    if not all(0 < number < 65536 for number in numbers):
        raise click.BadParameter(f"'{text}' must be five ports from 1 to 65535")
    return Ports(api, mcp, localstack, dynamodb, store)


@click.group(
    epilog="""\b
Examples:
  bus-simulator ops status
  bus-simulator ops logs people-count-feeder
  bus-simulator ops restart people-count-feeder"""
)
def ops() -> None:
    """Watch and restart the parts that `make up` has started here, as containers or as plain processes.

    The local counterparts of `aws ecs describe-services`, `aws logs tail` and `aws ecs update-service
    --force-new-deployment`.
    """


@ops.command(epilog="\b\nExample:\n  bus-simulator ops up --network data/lines.yaml --scenario strike")
@option("--scenario", default=None, metavar="NAME|FILE", help="The scenario to run.")
@option("--network", type=click.Path(path_type=Path), default=None, help="The initial network.")
@click.option("--clock", default="{}", metavar="JSON", show_default=True, help="The clock's initial state.")
@click.option("--history", default="5d", show_default=True, metavar="SPAN", help="History to write first.")
@click.option("--ports", type=ports_of, metavar="PORT,…", show_default=True,
              default="8080,8081,4566,4567,4568",
              help="Ports of the API, MCP, LocalStack, DynamoDB and the store, in this order.")  # fmt: skip
@click.option("--store", type=click.Choice(get_args(StoreKind)), default="timestream", show_default=True,
              help="What keeps the data: a local Timestream endpoint, or a PostgreSQL server.")  # fmt: skip
def up(
    *,
    scenario: str | None,
    network: Path | None,
    clock: str,
    history: str,
    ports: Ports,
    store: StoreKind,
) -> None:
    """Start the parts as plain processes and return when all are healthy and have their history."""
    home = Path.cwd()
    refresh_from_kept()
    stack = Stack(
        home=home,
        folder=home / FOLDER,
        ports=ports,
        api_key=local_key(settings.api_key(), FOLDER / API_KEY).text,
        network_file=(network or settings.default_network()).resolve(),
        clock=clock,
        scenario=scenario,
        history=history,
        store=store,
    )
    parts = SupervisedParts(FOLDER)
    parts.up(stack, on_healthy=lambda name, seconds: click.echo(f"ok    {name} after {seconds:.0f} s"))
    show(parts)
    click.echo(f"REST, WebSocket, map: http://127.0.0.1:{ports.api}  MCP: http://127.0.0.1:{ports.mcp}/mcp")
    click.echo(f"API key: in {FOLDER / API_KEY}" if settings.api_key() is None else "API key: yours")


@ops.command(epilog="\b\nExample:\n  bus-simulator ops seed --store duckdb:var/stack/timestream.duckdb")
@options.shared_network_option
@options.seed_option
@options.scenario_option
@options.clock_parameter_option
@options.journal_object_option
@click.option(
    "--store",
    default=DEFAULT_FILE,
    show_default=True,
    metavar="URL",
    help="The endpoint's file, or PostgreSQL.",
)
@click.option("--history", type=options.span, default="5d", show_default=True, help="The span to write.")
@click.option(
    "--patience",
    type=options.span,
    default="4m",
    show_default=True,
    help="How long to wait for PostgreSQL.",
)
def seed(
    *,
    network: str | None,
    seed: int | None,
    scenario: str | None,
    clock_parameter: str | None,
    journal_object: str | None,
    store: str,
    history: timedelta,
    patience: timedelta,
) -> None:
    """Write history into a Timestream endpoint's file before the endpoint starts, or into PostgreSQL.

    It takes seconds a day, where an endpoint takes minutes. `make up` runs it. Hours that are there already
    are skipped. While PostgreSQL can't be reached it waits, and fails if that takes too long.
    """
    logs.access.disabled = True  # these are requests of its own
    from services.processes.all_in_one import backfill_runner
    from services.processes.embedded_timestream import write_history
    from services.processes.process_setup import (
        ProcessSettings,
        journaled,
        process_setup,
        retry_until_closed,
    )

    wanted = ProcessSettings(network, seed, scenario, store, clock_parameter=clock_parameter)
    with ExitStack() as stack:
        setup = stack.enter_context(process_setup(wanted))
        if setup is None or not history:
            return
        target = retry_until_closed(
            lambda: opened_for_history(store, stack), setup.clock, patience_s=patience.total_seconds()
        )
        if target is None:
            return
        refuse_another_scenario(target, setup.inputs.current)
        rows = write_history(setup, journaled(target, journal_object), history, backfill_runner())
    click.echo(f"history: {rows:,} rows written")


def refuse_another_scenario(store: Store, inputs: Inputs) -> None:
    """Raise `InputError` where the kept data have another scenario or seed.

    These would count from the next hour only; until then nothing is written, and no feeder is healthy.
    """
    from services.errors import InputError
    from storage.runs import differences, newest_run

    kept, run = newest_run(store), inputs.run
    if kept is not None and (kept.seed, kept.scenario_digest) != (run.seed, run.scenario_digest):
        found = differences(replace(kept, network_digest=run.network_digest), run, inputs.scenario_words)
        raise InputError(f"{found}; start the parts with what they had, or delete that: {FORGET}")


def opened_for_history(url: str, stack: ExitStack) -> Store | None:
    """The store for history, open as long as `stack` is; None if an endpoint has its file open."""
    from services.processes.embedded_timestream import store_of_history

    try:
        return stack.enter_context(store_of_history(url))
    except StoreHeld:
        click.echo("history: the endpoint runs already")
        return None


@ops.command(epilog="\b\nExamples:\n  bus-simulator ops down\n  bus-simulator ops down --forget")
@click.option("--forget", is_flag=True, help="Also delete what they keep: data, network, keys, clock.")
def down(*, forget: bool) -> None:
    """Stop the parts, whether they run as processes, as containers or both.

    The next start continues with their data, network, keys and clock.
    """
    stopped = SupervisedParts(FOLDER).down()
    click.echo(f"processes: {'stopped' if stopped else 'none run here'}")
    found = compose_control.containers()
    has_volumes = forget and found.reason == compose_control.NONE_RUN and compose_control.compose_program()
    if found.ids or has_volumes:
        compose_control.down(found, forget=forget)
    click.echo(f"containers: {'stopped' if found.ids else found.reason}")
    if forget:
        shutil.rmtree(FOLDER / KEPT, ignore_errors=True)
        shutil.rmtree(FOLDER / POSTGRES_FOLDER, ignore_errors=True)
        for name in (TIMESTREAM_FILE, f"{TIMESTREAM_FILE}.wal", API_KEY, PASS_FILE):
            (FOLDER / name).unlink(missing_ok=True)
        click.echo("forgotten: data, network, keys, clock")


@ops.command(epilog="\b\nExample:\n  bus-simulator ops api-key")
def api_key() -> None:
    """Write the parts' general key into var/stack/api-key, after it was replaced by other means."""
    parts = find_local_parts()
    if parts is None:
        raise StackProblem("no parts run here; `make up` starts them")
    settings.use_variables(parts.endpoints)
    from storage.aws_clients import client

    secrets = client("secretsmanager", region=settings.region())
    refresh_key_file(secrets.get_secret_value(SecretId=settings.DEFAULT_SECRET_ID)["SecretString"])
    click.echo(f"API key: in {parts.key_file}")


@ops.command(epilog="\b\nExample:\n  bus-simulator ops status")
def status() -> None:
    """Print the health of every part; exit with 1 if one is not healthy."""
    if runs_in_containers():
        code = compose_control.compose("ps").returncode
        ill = compose_control.unwell()
        for each in ill:
            click.echo(f"FAIL  {each}")
        raise SystemExit(code or (1 if ill else 0))
    show(SupervisedParts(FOLDER))


@ops.command("logs", epilog="\b\nExample:\n  bus-simulator ops logs people-count-feeder --follow")
@click.argument("part")
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
@click.option(
    "--lines", type=click.IntRange(1), default=100, show_default=True, help="Number of last lines to print."
)
def show_log(*, part: str, follow: bool, lines: int) -> None:
    """Print the log of a part."""
    parts = SupervisedParts(FOLDER)
    if runs_in_containers():
        wanted = (*(("--follow",) * follow), "--tail", str(lines), part)
        raise SystemExit(compose_control.compose("logs", *wanted).returncode)
    command = ["tail", "-n", str(lines), *(["-F"] * follow), str(parts.log(part))]
    raise SystemExit(subprocess.run(command, check=False).returncode)


@ops.command(epilog="\b\nExample:\n  bus-simulator ops restart people-count-feeder mcp-server")
@click.argument("parts", nargs=-1, required=True, metavar="PART...")
def restart(*, parts: tuple[str, ...]) -> None:
    """Restart parts and return when they are healthy."""
    if runs_in_containers():
        compose_control.restart(parts)
        return
    SupervisedParts(FOLDER).restart(parts)
    show(SupervisedParts(FOLDER))


def runs_in_containers() -> bool:
    """Whether the parts run as containers, and not as processes."""
    return not SupervisedParts(FOLDER).is_up and bool(compose_control.containers().ids)


def show(parts: SupervisedParts) -> None:
    """Print the status of every part. Exit with 1 if one is not healthy."""
    found = parts.status()
    for line in table(found):
        click.echo(line)
    if not all(part.healthy for part in found):
        raise SystemExit(1)
