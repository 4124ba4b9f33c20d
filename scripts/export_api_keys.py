"""`scripts/export_api_keys.py --output F [--target aws]`: write the API keys into files to hand out."""

from __future__ import annotations

from pathlib import Path

import click

from scripts.rotate_key import read_local_keys
from services import settings
from services.access.key_handouts import Addresses, write_handouts
from services.access.key_plaintext import PlainKeys
from services.access.local_credentials import KEY_SUFFIX
from services.inputs.load import beside
from services.operate.api_endpoints import LOCAL_URL, Endpoints, find_endpoints, front_url
from services.operate.operator_command import OperatorCommand, target_option, target_region_option
from services.operate.secret_admin import ApiKeySecret
from services.stack.target_system import TargetSystem, chosen_system, running_process
from storage.aws_clients import client


@click.command(cls=OperatorCommand)
@target_option
@target_region_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The organisers' file; each team's file is written beside it.")  # fmt: skip
@click.option("--api-url", envvar="API_URL", show_envvar=True, help="The REST API; looked up by default.")
@click.option("--ws-url", envvar="WS_URL", show_envvar=True, help="The WebSocket API; looked up by default.")
@click.option("--mcp-url", envvar="MCP_URL", show_envvar=True, help="The MCP server; looked up by default.")
def main(
    *,
    target: str | None,
    region: str | None,
    output: Path,
    api_url: str | None,
    ws_url: str | None,
    mcp_url: str | None,
) -> None:
    """Write the keys of a simulator: one file with all of them, and one for each team (mode 0600)."""
    system = chosen_system(target, region)
    keys, where = keys_of(system), addresses_of(system, api_url, ws_url, mcp_url)
    for path in write_handouts(keys, output, Addresses(where.api_url, where.ws_url, where.mcp_url)):
        click.echo(f"{path}")
    click.echo("Readable by you only. Hand each team its own.")


def keys_of(system: TargetSystem) -> PlainKeys:
    """The keys of a system. Raises `AwsProblem`, `InputError`."""
    if system.kind == "process":
        return read_local_keys(beside(settings.default_store(), KEY_SUFFIX))
    return ApiKeySecret(client("secretsmanager", region=system.region)).read()


def addresses_of(
    system: TargetSystem, api_url: str | None, ws_url: str | None, mcp_url: str | None
) -> Endpoints:
    """The addresses of a system's APIs, as given or found. Raises `AwsProblem`."""
    if system.kind == "aws":
        gateway = client("apigatewayv2", region=system.region)
        front = front_url(client("ssm", region=system.region))
        return find_endpoints(gateway, api_url=api_url, ws_url=ws_url, mcp_url=mcp_url, front=front)
    holder = running_process()
    found = LOCAL_URL if holder is None else holder.url
    url = api_url or (found if system.parts is None else system.parts.api_url)
    mcp = url if system.parts is None else system.parts.mcp_url
    return Endpoints(url, ws_url or f"ws{url.removeprefix('http')}/production", mcp_url or mcp)


if __name__ == "__main__":
    main()
