"""`scripts/verify_deployment.py --region R`: is a running simulator fit for use? See `services.verify`.

Exit codes: 0 it is, 1 it isn't, 2 bad usage.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from services import settings
from services.deployment import Deployment
from services.inputs import beside
from services.verify import Asked, table, verify


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--target", type=click.Choice(["local"]), default="local", help="Where it runs.")
@click.option("--region", default="eu-west-1", help="Where it is on AWS; a local one is nowhere there.")
@click.option("--api-url", envvar="API_URL", default="http://127.0.0.1:8080", show_default=True,
              show_envvar=True, help="The REST API.")  # fmt: skip
@click.option("--ws-url", envvar="WS_URL", show_envvar=True, show_default="/production of the same host",
              help="The WebSocket API.")  # fmt: skip
@click.option("--api-key-file", type=click.Path(path_type=Path), show_default="beside the default store",
              help="The file with the API key, where API_KEY isn't set.")  # fmt: skip
@click.option("--stop", "stop_id", default=Asked().stop_id, show_default=True, help="The stop to ask about.")
@click.option("--bus", "bus_id", default=Asked().bus_id, show_default=True, help="The bus to ask about.")
@click.option("--line", "line_id", default=Asked().line_id, show_default=True, help="The line to ask about.")
@click.option("--skip-websocket", is_flag=True, help="Leave the WebSocket out.")
@click.option("--verbose", is_flag=True, help="Show every exchange, on stderr.")
# A key among the arguments would be for all to see; this one is for the environment alone.
@click.option("--api-key", envvar="API_KEY", hidden=True)
def main(
    *,
    target: str,  # noqa: ARG001 - there is but one yet
    region: str,  # noqa: ARG001 - as long as there is no other target
    api_url: str,
    ws_url: str | None,
    api_key_file: Path | None,
    api_key: str | None,
    stop_id: str,
    bus_id: str,
    line_id: str,
    skip_websocket: bool,
    verbose: bool,
) -> None:
    """Check a running simulator: 5 days of history, feeders, REST, authentication, WebSocket."""
    url = api_url.rstrip("/")
    kept = api_key_file or beside(settings.default_store(), ".api-key")
    deployment = Deployment(
        api_url=url,
        ws_url=ws_url or f"ws{url.removeprefix('http')}/production",
        key=api_key or settings.api_key() or key_in(kept),
        group="verify",
        trace=(lambda line: click.echo(line, err=True)) if verbose else lambda _line: None,
    )
    results = list(verify(deployment, Asked(stop_id, bus_id, line_id), websocket=not skip_websocket))
    failed = sum(not result.passed for result in results)
    for line in table(results):
        click.echo(line)
    click.echo(f"{failed} of {len(results)} checks failed" if failed else f"all {len(results)} checks passed")
    sys.exit(1 if failed else 0)


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
