"""`scripts/verify_deployment.py --region R`: check a simulator. See `services.operate.verify`.

`--target aws` checks a deployment (`services.operate.verify_aws`), otherwise a simulator on this machine.
Exit codes: 0 all checks passed, 1 some failed, 2 bad usage.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services import settings
from services.errors import InputError
from services.inputs.load import beside, opened_timestream
from services.operate.api_client import ApiClient
from services.operate.api_endpoints import LOCAL_URL
from services.operate.operator_command import OperatorCommand, target_option, target_region_option
from services.operate.verify import CheckResult, result_table, verify
from services.operate.verify_targets import Targets
from services.stack.target_system import TargetSystem, chosen_system, running_process

if TYPE_CHECKING:
    from services.operate.verify_aws import AwsDeployment

PAUSE_S = 15.0
"""The pause before everything is checked again."""
HOW_TO_START = "start a simulator (make run) or the parts (make up), or give its address as API_URL"


@dataclass(frozen=True, slots=True, repr=False)
class VerifyOptions:
    """The options of a verification; None for those not given."""

    region: str
    api_url: str | None
    ws_url: str | None
    mcp_url: str | None
    key: str | None
    store: str | None
    targets: Targets
    websocket: bool
    history: bool
    verbose: bool

    def client(self, api_url: str, ws_url: str, key: str) -> ApiClient:
        """A client of the simulator at these addresses."""
        trace = (lambda line: click.echo(line, err=True)) if self.verbose else lambda _line: None
        return ApiClient(api_url.rstrip("/"), ws_url, key, "verify", trace)


@click.command(cls=OperatorCommand)
@target_option
@target_region_option
@click.option("--api-url", envvar="API_URL", show_default=f"{LOCAL_URL}, or the deployment's",
              show_envvar=True, help="The REST API.")  # fmt: skip
@click.option("--ws-url", envvar="WS_URL", show_envvar=True, show_default="/production of the same host",
              help="The WebSocket API.")  # fmt: skip
@click.option("--mcp-url", envvar="MCP_URL", show_envvar=True, show_default="the deployment's",
              help="The MCP server, on AWS.")  # fmt: skip
@click.option("--store", show_default="timestream://bus_simulator?region=REGION",
              help="The deployment's Timestream database.")  # fmt: skip
@click.option("--api-key-file", type=click.Path(path_type=Path), show_default="beside the default store",
              help="The file with a local simulator's key, where API_KEY isn't set.")  # fmt: skip
@click.option("--stop", "stop_id", show_default="the first of /stops", help="The stop to request.")
@click.option("--bus", "bus_id", show_default="the first of /buses", help="The bus to request.")
@click.option("--line", "line_id", show_default="the first of /lines", help="The line to request.")
@click.option("--skip-websocket", is_flag=True, help="Skip the WebSocket checks.")
@click.option("--skip-history", is_flag=True, help="Skip the checks of five days of history.")
@click.option("--wait", "wait_min", type=click.IntRange(0, 120), default=0, metavar="MINUTES",
              help="Check again until everything passes, for at most so long.")  # fmt: skip
@click.option("--verbose", is_flag=True, help="Print every exchange to stderr.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
# Hidden, since process lists show arguments: the key belongs in the environment.
@click.option("--api-key", envvar="API_KEY", hidden=True)
def main(
    *,
    target: str | None,
    region: str | None,
    api_url: str | None,
    ws_url: str | None,
    mcp_url: str | None,
    store: str | None,
    api_key_file: Path | None,
    stop_id: str | None,
    bus_id: str | None,
    line_id: str | None,
    skip_websocket: bool,
    skip_history: bool,
    wait_min: int,
    verbose: bool,
    as_json: bool,
    api_key: str | None,
) -> None:
    """Check a simulator: 5 days of history, feeders, REST, authentication, WebSocket; on AWS also MCP."""
    targets = Targets(stop_id, bus_id, line_id)
    system = chosen_system(target, region, url=api_url)
    options = VerifyOptions(
        system.region,
        api_url,
        ws_url,
        mcp_url,
        api_key,
        store,
        targets,
        not skip_websocket,
        not skip_history,
        verbose,
    )
    with ExitStack() as stack:
        if system.kind == "aws":
            check = partial(check_aws, options, find_deployment(options, stack))
        else:
            check = partial(check_local, options, system, api_key_file)
        results = repeated(check, wait_min)
    for line in report(results, as_json=as_json):
        click.echo(line)
    sys.exit(0 if all(result.passed for result in results) else 1)


def check_local(options: VerifyOptions, system: TargetSystem, key_file: Path | None) -> Iterator[CheckResult]:
    """Check the parts or the process on this machine, or the simulator at `--api-url`."""
    url, kept = LOCAL_URL, beside(settings.default_store(), ".api-key")
    if system.parts is not None:
        url, kept = system.parts.api_url, system.parts.key_file
    elif (holder := running_process()) is not None:
        url = holder.url
    url, kept = (options.api_url or url).rstrip("/"), key_file or kept
    if system.parts is None and options.ws_url is None and not options.client(url, "", "").answers():
        return iter([CheckResult("simulator", False, f"nothing answers at {url}: {HOW_TO_START}")])
    key = options.key or settings.api_key() or key_in(kept)
    ws_url = options.ws_url or f"ws{url.removeprefix('http')}/production"
    simulator = options.client(url, ws_url, key)
    return verify(simulator, options.targets, websocket=options.websocket, history=options.history)


def check_aws(options: VerifyOptions, deployment: AwsDeployment) -> Iterator[CheckResult]:
    """Check a deployment."""
    from services.operate.verify_aws import verify_aws

    return verify_aws(deployment, options.targets, websocket=options.websocket, history=options.history)


def find_deployment(options: VerifyOptions, stack: ExitStack) -> AwsDeployment:
    """The parts of a deployment. Raises `AwsProblem` if its key or addresses can't be read."""
    from services.operate.api_endpoints import find_endpoints, front_url
    from services.operate.ecs import EcsServices
    from services.operate.resource_names import store_url
    from services.operate.secret_admin import ApiKeySecret
    from services.operate.verify_aws import AwsDeployment
    from storage.aws_clients import client

    region = options.region
    front = front_url(client("ssm", region=region))
    where = find_endpoints(client("apigatewayv2", region=region), front=front,
                      api_url=options.api_url, ws_url=options.ws_url, mcp_url=options.mcp_url)  # fmt: skip
    key = options.key or ApiKeySecret(client("secretsmanager", region=region)).read().general
    rest = options.client(where.api_url, where.ws_url, key)
    services = EcsServices(client("ecs", region=region))
    store = None
    if options.store is not None or services.uses_timestream():
        try:
            store = opened_timestream(options.store or store_url(region))
        except InputError as error:
            raise click.UsageError(str(error)) from error
        stack.enter_context(closing(store))
    mcp = replace(rest, api_url=where.mcp_url.rstrip("/"))
    return AwsDeployment(rest, mcp, services, store, services.expected(), gateway=front is None)


def repeated(check: Callable[[], Iterator[CheckResult]], wait_min: int) -> Sequence[CheckResult]:
    """Check until everything passes, at most for so long; return the last results."""
    until_s = time.monotonic() + 60 * wait_min
    while True:
        results = list(check())
        failed = [result.check for result in results if not result.passed]
        if not failed or time.monotonic() >= until_s:
            return results
        click.echo(f"{len(failed)} of {len(results)} checks don't pass yet, such as {failed[0]}", err=True)
        threading.Event().wait(PAUSE_S)


def report(results: Sequence[CheckResult], *, as_json: bool) -> Iterator[str]:
    """The results as a table with a summary, or as JSON."""
    failed = sum(not result.passed for result in results)
    if as_json:
        yield json.dumps({"passed": not failed, "checks": [asdict(result) for result in results]}, indent=2)
        return
    yield from result_table(results)
    if len(results) > 1:
        yield f"{failed} of {len(results)} checks failed" if failed else f"all {len(results)} checks passed"


def key_in(path: Path) -> str:
    """The key for every group in a key file: its text, or the `api_key` of its JSON."""
    try:
        text = path.read_text(encoding="utf-8").strip()
        return str(json.loads(text)["api_key"]) if text.startswith("{") else text
    except OSError as error:
        message = f"no API key: API_KEY is not set, and {path} can't be read: {error.strerror}"
        raise click.UsageError(message) from None
    except (ValueError, KeyError):
        raise click.UsageError(f"no API key: API_KEY is not set, and {path} is not a key file") from None


if __name__ == "__main__":
    main()
