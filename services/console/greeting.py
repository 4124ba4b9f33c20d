"""What a server prints when it starts: its URLs, the key, and example requests to paste."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import click

from services.access.authentication import LocalKey
from services.access.local_credentials import KEY_SUFFIX
from services.settings import DEFAULT_STORE, MCP_PATH
from simulator.network import Network

PROGRAM = "bus-simulator"
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
    read = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"api_key\"])'"
    return _lines(url, f"$({command} | {read})", f"API key: in the secret {secret_id}", network)


def shell_key(key: LocalKey) -> tuple[str, str]:
    """A shell expression for the key, and a line that says where the key comes from."""
    is_json = key.text.startswith("{")
    if key.is_new:
        return key.text, f"API key (new, kept in {key.path}): {key.text}"
    if key.path is not None:
        store = f"duckdb:{str(key.path).removesuffix(KEY_SUFFIX)}"
        choice = "" if store == DEFAULT_STORE else f" --store {shlex.quote(store)}"
        read = f"{_program()} api-key{choice}" if is_json else f"cat {shlex.quote(str(key.path))}"
        return f"$({read})", f"API key: in {key.path}"
    variable = f"$({_program()} api-key)" if is_json else "$BUS_SIMULATOR_API_KEY"
    return variable, "API key: from BUS_SIMULATOR_API_KEY"


def _program() -> str:
    """How a shell in this folder runs the program: by name if PATH finds it, otherwise by path."""
    running = Path(sys.argv[0]).absolute()
    if running.name != PROGRAM:  # started by `python -m bus_simulator`
        running = Path(sys.executable).with_name(PROGRAM)
    if not running.exists():
        return f"{shlex.quote(sys.executable)} -m bus_simulator"
    if shutil.which(PROGRAM) == str(running):
        return PROGRAM
    folder = Path.cwd()
    return shlex.quote(str(running.relative_to(folder) if running.is_relative_to(folder) else running))


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
