"""`scripts/verify_deployment.py --region R`: is a simulator fit for use? See `services.operate.verify`.

`--target aws` judges a deployment (`services.operate.verify_aws`), otherwise it is one on this machine.
Exit codes: 0 it is, 1 it isn't, 2 bad usage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from services import settings
from services.inputs.load import beside
from services.operate.api_client import ApiClient
from services.operate.operator_command import OperatorCommand, region_option, target_option
from services.operate.verify import CheckResult, Targets, result_table, verify

LOCAL_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True, repr=False)
class VerifyOptions:
    """What was said of the simulator to judge; what wasn't is None."""

    region: str
    api_url: str | None
    ws_url: str | None
    mcp_url: str | None
    key: str | None
    store: str | None
    asked: Targets
    websocket: bool
    verbose: bool

    def deployment(self, api_url: str, ws_url: str, key: str) -> ApiClient:
        """The simulator there."""
        trace = (lambda line: click.echo(line, err=True)) if self.verbose else lambda _line: None
        return ApiClient(api_url.rstrip("/"), ws_url, key, "verify", trace)


@click.command(cls=OperatorCommand)
@target_option
@region_option
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
@click.option(
    "--stop", "stop_id", default=Targets().stop_id, show_default=True, help="The stop to ask about."
)
@click.option("--bus", "bus_id", default=Targets().bus_id, show_default=True, help="The bus to ask about.")
@click.option(
    "--line", "line_id", default=Targets().line_id, show_default=True, help="The line to ask about."
)
@click.option("--skip-websocket", is_flag=True, help="Leave the WebSocket out.")
@click.option("--verbose", is_flag=True, help="Show every exchange, on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Write the results as JSON.")
# A key among the arguments would be for all to see; this one is for the environment alone.
@click.option("--api-key", envvar="API_KEY", hidden=True)
def main(
    *,
    target: str,
    region: str,
    api_url: str | None,
    ws_url: str | None,
    mcp_url: str | None,
    store: str | None,
    api_key_file: Path | None,
    stop_id: str,
    bus_id: str,
    line_id: str,
    skip_websocket: bool,
    verbose: bool,
    as_json: bool,
    api_key: str | None,
) -> None:
    """Check a simulator: 5 days of history, feeders, REST, authentication, WebSocket; on AWS MCP, too."""
    asked = Targets(stop_id, bus_id, line_id)
    wanted = VerifyOptions(
        region, api_url, ws_url, mcp_url, api_key, store, asked, not skip_websocket, verbose
    )
    with ExitStack() as stack:
        results = list(check_aws(wanted, stack) if target == "aws" else check_local(wanted, api_key_file))
    for line in report(results, as_json=as_json):
        click.echo(line)
    sys.exit(0 if all(result.passed for result in results) else 1)


def check_local(wanted: VerifyOptions, key_file: Path | None) -> Iterator[CheckResult]:
    """What is found of a simulator on this machine, or at `--api-url`."""
    url = (wanted.api_url or LOCAL_URL).rstrip("/")
    kept = key_file or beside(settings.default_store(), ".api-key")
    key = wanted.key or settings.api_key() or key_in(kept)
    ws_url = wanted.ws_url or f"ws{url.removeprefix('http')}/production"
    return verify(wanted.deployment(url, ws_url, key), wanted.asked, websocket=wanted.websocket)


def check_aws(wanted: VerifyOptions, stack: ExitStack) -> Iterator[CheckResult]:
    """What is found of a deployment. Raises `AwsProblem` where its key or addresses can't be had."""
    from services.operate.api_endpoints import find_endpoints
    from services.operate.ecs import EcsServices
    from services.operate.resource_names import HOSTED_SERVICE, store_url
    from services.operate.secret_admin import ApiKeySecret
    from services.operate.verify_aws import AwsDeployment, verify_aws
    from storage.aws_clients import client
    from storage.open import timestream_at

    region = wanted.region
    where = find_endpoints(client("apigatewayv2", region=region),
                      api_url=wanted.api_url, ws_url=wanted.ws_url, mcp_url=wanted.mcp_url)  # fmt: skip
    key = wanted.key or ApiKeySecret(client("secretsmanager", region=region)).read().general
    rest = wanted.deployment(where.api_url, where.ws_url, key)
    services = EcsServices(client("ecs", region=region))
    store = None
    if HOSTED_SERVICE not in services.states([HOSTED_SERVICE]):
        try:
            store = timestream_at(wanted.store or store_url(region), make=False)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        stack.enter_context(closing(store))
    mcp = replace(rest, api_url=where.mcp_url.rstrip("/"))
    parts = AwsDeployment(rest, mcp, services, store)
    return verify_aws(parts, wanted.asked, websocket=wanted.websocket)


def report(results: Sequence[CheckResult], *, as_json: bool) -> Iterator[str]:
    """The results as a table with a verdict, or as JSON."""
    failed = sum(not result.passed for result in results)
    if as_json:
        yield json.dumps({"passed": not failed, "checks": [asdict(result) for result in results]}, indent=2)
        return
    yield from result_table(results)
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
        raise click.UsageError(f"no API key: API_KEY is not set, and {path} is no key file") from None


if __name__ == "__main__":
    main()
