"""`scripts/export_api_keys.py --region R --output F`: write the API keys into files to hand out."""

from __future__ import annotations

from pathlib import Path

import click

from services.access.key_handouts import write_handouts
from services.operate.api_endpoints import find_endpoints
from services.operate.operator_command import OperatorCommand, region_option
from services.operate.secret_admin import ApiKeySecret
from storage.aws_clients import client


@click.command(cls=OperatorCommand)
@region_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The organisers' file; each team's file is written beside it.")  # fmt: skip
@click.option("--api-url", envvar="API_URL", show_envvar=True, help="The REST API; looked up by default.")
@click.option("--ws-url", envvar="WS_URL", show_envvar=True, help="The WebSocket API; looked up by default.")
def main(*, region: str, output: Path, api_url: str | None, ws_url: str | None) -> None:
    """Write the keys of a deployment: one file with all of them, and one for each team (mode 0600)."""
    keys = ApiKeySecret(client("secretsmanager", region=region)).read()
    gateway = client("apigatewayv2", region=region)
    where = find_endpoints(gateway, api_url=api_url, ws_url=ws_url, mcp_url="-")
    written = write_handouts(keys, output, api_url=where.api_url, ws_url=where.ws_url)
    for path in written:
        click.echo(f"{path}")
    click.echo(f"{len(written)} files, readable by you only. Hand each team its own.")


if __name__ == "__main__":
    main()
