"""The command line `bus-simulator COMMAND`, and how failures are reported.

Exit codes: 0 done; 1 failed (a check, a store, a port in use); 2 bad usage or input. Each failure is one
message on stderr.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

import click

from services import logs, settings
from services.commands.api_key import api_key
from services.commands.audit import audit
from services.commands.backfill import backfill
from services.commands.diff import diff
from services.commands.digest import digest
from services.commands.export import export
from services.commands.export_gtfs import export_gtfs
from services.commands.feed import feed
from services.commands.generate import generate
from services.commands.import_gtfs import import_gtfs
from services.commands.import_lake import import_lake
from services.commands.intervene import intervene
from services.commands.journal import journal
from services.commands.mcp import mcp
from services.commands.ops import ops
from services.commands.options import option
from services.commands.postgres_local import postgres_local
from services.commands.replay import replay
from services.commands.run import run
from services.commands.serve import serve
from services.commands.snapshot import snapshot
from services.commands.timestream_local import timestream_local
from services.commands.validate import validate
from services.errors import InputError
from services.logs import LogFormat
from services.stack.supervisor_control import StackProblem
from storage.errors import DependencyError, without_passwords

log = logging.getLogger("bus_simulator.cli")

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
First steps:
  bus-simulator run                    simulate and serve the city on http://127.0.0.1:8080
  bus-simulator backfill --days 5      write five days of history, in seconds
  bus-simulator replay match-day       serve a match at the Bernabéu at 60 times real time
  bus-simulator run --help             list the options; each has an environment variable, too
Exit codes: 0 done, 1 failed, 2 bad usage or input.""",
)
@click.version_option(package_name="bus-simulator", prog_name="bus-simulator")
@option(
    "--log-level",
    type=click.Choice(settings.LOG_LEVELS, case_sensitive=False),
    default="INFO",
    help="Log messages of this level and above, on stderr.",
)
@option(
    "--log-format",
    type=click.Choice(get_args(LogFormat)),
    default="auto",
    help="json: one object per line, requests included; text: plain lines without requests; "
    "auto: text on a terminal, else json.",
)
@option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Log to this file in addition, always as json; lines are appended.",
)
def cli(*, log_level: str, log_format: LogFormat, log_file: Path | None) -> None:
    """Simulate the buses of Madrid, store the data, and serve them by REST, WebSocket and MCP."""
    logs.configure(log_level.upper(), log_format, log_file)
    if settings.ignored_interval() is not None:
        log.warning("TIME_INTERVAL has no effect: positions are written every 30 s, people counts every 60 s")


for command in (
    run,
    replay,
    feed,
    serve,
    mcp,
    api_key,
    backfill,
    audit,
    diff,
    digest,
    export,
    snapshot,
    intervene,
    journal,
    validate,
    import_gtfs,
    export_gtfs,
    generate,
    import_lake,
    timestream_local,
    postgres_local,
    ops,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its code."""
    sys.exit(status_of(arguments))


def status_of(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. A failure is printed as one message on stderr."""
    try:
        code = cli.main(arguments, prog_name="bus-simulator", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        click.echo(without_passwords(said.getvalue()), err=True, nl=False)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return refuse("interrupted", INTERRUPTED)
    except InputError as error:
        return refuse(str(error), BAD_INPUT)
    except (DependencyError, StackProblem) as error:
        return refuse(str(error), FAILED)
    except BrokenPipeError:
        # The reader of stdout is gone. Python would print the same error again when it closes stdout.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        return FAILED
    except OSError as error:
        return refuse(os_message(error), FAILED)
    except Exception as error:
        log.debug("unexpected", exc_info=True)
        return refuse(f"unexpected: {logs.cause(error)}; --log-level DEBUG shows a traceback", FAILED)


def refuse(message: str, code: int) -> int:
    """Print an error message and return the exit code."""
    click.echo(f"Error: {without_passwords(message)}", err=True)
    return code


def os_message(error: OSError) -> str:
    """The message of an OSError, with its file if there is one."""
    text = error.strerror or str(error)
    return f"{error.filename}: {text}" if error.filename else text
