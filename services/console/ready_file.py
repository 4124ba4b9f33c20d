"""The file that tells a program that started the simulator when it answers, and where: `run --ready-file`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from services.access.authentication import GROUP_HEADER, KEY_HEADER, LocalKey, write_private
from services.access.key_plaintext import parse_plain_keys
from services.settings import MCP_PATH

OnReady: TypeAlias = Callable[[str, LocalKey], None]
"""Called with the URL and the key once the simulator answers requests."""
GROUP = "tests"
"""The group name of the headers in the file; the general key works with any."""


@contextmanager
def ready_file(path: Path | None) -> Iterator[OnReady]:
    """Yield a function that writes the file, readable by its owner only; without a path it does nothing.

    The file appears complete, and is removed on exit. A file that a killed process left behind is removed on
    entry. Raises OSError.
    """
    if path is None:
        yield lambda _url, _key: None
        return
    path.unlink(missing_ok=True)
    try:
        yield lambda url, key: write_private(path, json.dumps(ready_report(url, key), indent=2) + "\n")
    finally:
        path.unlink(missing_ok=True)


def ready_report(url: str, key: LocalKey) -> dict[str, object]:
    """The content of the file: URLs, the general key, the headers that a request needs, and the process."""
    general = parse_plain_keys(key.text).general
    return {
        "api_url": url,
        "ws_url": f"{url.replace('http', 'ws', 1)}/production",
        "mcp_url": f"{url}{MCP_PATH}",
        "api_key": general,
        "headers": {KEY_HEADER: general, GROUP_HEADER: GROUP},
        "pid": os.getpid(),
        "version": version("bus-simulator"),
    }
