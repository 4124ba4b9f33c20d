"""What a server prints when it starts: its URLs, the key, and example requests to paste."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import click

from services.access.authentication import LocalKey
from services.agents.mcp_routes import MCP_PATH
from simulator.network import Network

LAST_LINE = "Ctrl-C stops it."

OnListening: TypeAlias = Callable[[str, LocalKey, Network], None]
"""Called with the URL, the key and the network once requests can be made; the first may wait for history."""


def print_greeting(url: str, key: LocalKey, network: Network) -> None:
    """Print where the services are and how to make requests."""
    click.echo(greeting(url, key, network))


def greeting(url: str, key: LocalKey, network: Network) -> str:
    """The lines to print; the key itself is in them only when it was made just now."""
    shell_text, origin = shell_key(key)
    return _lines(url, shell_text, origin, network)


def greeting_by_secret(url: str, secret_id: str, network: Network) -> str:
    """The same where the key is in a secret of Secrets Manager."""
    command = (
        f"aws secretsmanager get-secret-value --secret-id {secret_id} --query SecretString --output text"
    )
    return _lines(url, f"$({command} | jq -r .api_key)", f"API key: in the secret {secret_id}", network)


def shell_key(key: LocalKey) -> tuple[str, str]:
    """A shell expression for the key, and a line that says where the key comes from."""
    is_json = key.text.startswith("{")
    if key.is_new:
        return key.text, f"API key (new, kept in {key.path}): {key.text}"
    if key.path is not None:
        read = "jq -r .api_key" if is_json else "cat"
        return f"$({read} {key.path})", f"API key: in {key.path}"
    variable = "$(jq -r .api_key <<<$BUS_SIMULATOR_API_KEY)" if is_json else "$BUS_SIMULATOR_API_KEY"
    return variable, "API key: from BUS_SIMULATOR_API_KEY"


def _lines(url: str, shell_text: str, origin: str, network: Network) -> str:
    line = next((line for line in network.lines if not line.night), network.lines[0])
    stop_id = line.patterns[0].stops[0].stop_id
    paths = (f"people-count/{stop_id}?mode=latest", f"bus-position/line/{line.line_id}?mode=latest")
    subscribe = f'{{"action":"subscribe","line_ids":["{line.line_id}"]}}'
    return "\n".join(
        (
            f"Madrid Bus Real-Time Simulator at {url}",
            origin,
            f"  Map        {url}/",
            f"  API docs   {url}/docs",
            f"  WebSocket  {url.replace('http', 'ws', 1)}/ws  then send {subscribe}",
            f"  MCP        {url}{MCP_PATH}",
            "Try:",
            *(f'  curl -H "x-api-key: {shell_text}" -H "x-group-name: me" "{url}/{path}"' for path in paths),
            LAST_LINE,
        )
    )
