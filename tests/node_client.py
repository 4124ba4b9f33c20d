"""Clients from npm: the programs in `tests/node_clients`, whose packages `make test-long` installs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.environment import environment

NODE_CLIENTS = Path(__file__).parent / "node_clients"
PATIENCE_S = 240


def node(
    *arguments: str, folder: Path = NODE_CLIENTS, sent: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run Node in a folder, with `sent` on standard input and further environment variables."""
    return subprocess.run(
        ["node", *arguments],
        cwd=folder,
        env=environment(**variables),
        input=sent,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
