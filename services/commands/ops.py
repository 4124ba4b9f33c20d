"""`bus-simulator ops`: the parts that run on this machine, as an operator sees those on AWS."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from services import settings
from services.access.authentication import local_key
from services.commands.options import option
from services.stack import compose_control
from services.stack.supervisor_config import Ports, Stack
from services.stack.supervisor_control import Supervised, table

FOLDER = Path("var/stack")


def ports_of(text: str) -> Ports:
    """An option's five ports."""
    try:
        numbers = [int(number) for number in text.split(",")]
        api, mcp, localstack, dynamodb, timestream = numbers
    except ValueError:
        raise click.BadParameter(f"'{text}' are no five ports") from None
    if not all(0 < number < 65536 for number in numbers):
        raise click.BadParameter(f"'{text}' are no five ports from 1 to 65535")
    return Ports(api, mcp, localstack, dynamodb, timestream)


@click.group(
    epilog="""\b
Examples:
  bus-simulator ops status
  bus-simulator ops logs people-count-feeder
  bus-simulator ops restart people-count-feeder"""
)
def ops() -> None:
    """Watch and restart the parts that `make up` has started here, by compose or as plain processes.

    What the manual does on AWS by `aws ecs describe-services`, `aws logs tail` and `aws ecs update-service
    --force-new-deployment`.
    """


@ops.command()
@option("--scenario", default=None, metavar="NAME|FILE", help="What is other than on ordinary days.")
@option("--network", type=click.Path(path_type=Path), default=None, help="The network to begin with.")
@click.option("--clock", default="{}", metavar="JSON", show_default=True, help="The clock's first value.")
@click.option("--ports", type=ports_of, default="8080,8081,4566,4567,4568", show_default=True,
              help="Of the API, MCP, LocalStack, DynamoDB, Timestream.")  # fmt: skip
def up(*, scenario: str | None, network: Path | None, clock: str, ports: Ports) -> None:
    """Start the parts as plain processes, and return when all are well."""
    home = Path.cwd()
    stack = Stack(
        home=home,
        folder=home / FOLDER,
        ports=ports,
        api_key=local_key(settings.api_key(), FOLDER / "api-key").text,
        network_file=(network or settings.default_network()).resolve(),
        clock=clock,
        scenario=scenario,
    )
    parts = Supervised(FOLDER)
    parts.up(stack)
    show(parts)
    click.echo(f"REST, WebSocket, map: http://127.0.0.1:{ports.api}  MCP: http://127.0.0.1:{ports.mcp}/mcp")
    click.echo(f"API key: in {FOLDER / 'api-key'}" if settings.api_key() is None else "API key: yours")


@ops.command()
def down() -> None:
    """End the parts, however they were started."""
    ended = Supervised(FOLDER).down()
    if compose_control.is_up():
        code = compose_control.compose("down").returncode
        if code:
            raise SystemExit(code)
        ended = True
    click.echo("all parts have ended" if ended else "nothing runs here")


@ops.command()
def status() -> None:
    """Say how every part is; exit code 1 where one is not well."""
    if not Supervised(FOLDER).is_up and compose_control.is_up():
        code = compose_control.compose("ps").returncode
        ill = compose_control.unwell()
        for each in ill:
            click.echo(f"FAIL  {each}")
        raise SystemExit(code or (1 if ill else 0))
    show(Supervised(FOLDER))


@ops.command()
@click.argument("part")
@click.option("-f", "--follow", is_flag=True, help="Show what comes, until Ctrl-C.")
@click.option("--lines", type=click.IntRange(1), default=100, show_default=True, help="How many of the last.")
def logs(*, part: str, follow: bool, lines: int) -> None:
    """Show what a part has logged."""
    parts = Supervised(FOLDER)
    if not parts.is_up and compose_control.is_up():
        wanted = (*(("--follow",) * follow), "--tail", str(lines), part)
        raise SystemExit(compose_control.compose("logs", *wanted).returncode)
    command = ["tail", "-n", str(lines), *(["-F"] * follow), str(parts.log(part))]
    raise SystemExit(subprocess.run(command, check=False).returncode)


@ops.command()
@click.argument("parts", nargs=-1, required=True, metavar="PART...")
def restart(*, parts: tuple[str, ...]) -> None:
    """Start parts anew, and return when they are well."""
    if not Supervised(FOLDER).is_up and compose_control.is_up():
        compose_control.restart(parts)
        return
    Supervised(FOLDER).restart(parts)
    show(Supervised(FOLDER))


def show(parts: Supervised) -> None:
    """Print every part's status. Exits with 1 where one is not well."""
    found = parts.status()
    for line in table(found):
        click.echo(line)
    if not all(part.healthy for part in found):
        raise SystemExit(1)
