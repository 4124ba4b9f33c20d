"""The parts that run on this machine, as processes or containers: their addresses, and their key.

`find_local_parts` looks in the working directory, as `make up` and `make down` do.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from services.access.authentication import write_private
from services.access.key_plaintext import parse_plain_keys
from services.stack import compose_control
from services.stack.store_part import TIMESTREAM_URL, StoreKind
from services.stack.supervisor_config import (
    API_KEY,
    FOLDER,
    HEALTH,
    KEPT,
    Ports,
    local_endpoints,
)
from services.stack.supervisor_control import SupervisedParts

PUBLISHED = {"api": 8080, "mcp-server": 8081, "localstack": 4566, "dynamodb": 4567}
"""The listening parts in the order of `Ports`, and their ports in the containers. The store follows."""
STORES: Mapping[StoreKind, int] = {"timestream": 4568, "postgres": 5432}
"""The parts that keep the data, of which one runs, and their ports."""
PASS_FILE = "pgpass"  # noqa: S105 - the name of a file
"""The file in the parts' folder with the password of PostgreSQL in a container, as libpq reads it."""


@dataclass(frozen=True, slots=True)
class LocalParts:
    """Running parts: how they run (`processes` or `containers`), and the URLs of the API and of MCP.

    `endpoints` are the standard AWS variables by which programs reach their services. `store` is the URL of
    PostgreSQL where it keeps the data, None where Timestream's endpoint does.
    """

    kind: str
    api_url: str
    mcp_url: str
    endpoints: Mapping[str, str]
    store: str | None = None

    @property
    def key_file(self) -> Path:
        """The file with the general key."""
        return FOLDER / API_KEY

    @property
    def store_url(self) -> str:
        """The value of `--store` for their data."""
        if self.store is not None:
            return self.store
        return f"{TIMESTREAM_URL}&endpoint_url={self.endpoints['AWS_ENDPOINT_URL_TIMESTREAM_QUERY']}"

    @property
    def words(self) -> str:
        """A description for people."""
        return f"the parts that run here as {self.kind} ({self.api_url})"


def find_local_parts() -> LocalParts | None:
    """The parts that run here, None without any. Raises `StackProblem` if Docker doesn't name their ports."""
    if SupervisedParts(FOLDER).is_up:
        health = json.loads((FOLDER / HEALTH).read_text(encoding="utf-8"))
        api_url, mcp_url = (health[name].removesuffix("/health") for name in ("api", "mcp-server"))
        return LocalParts(
            "processes", api_url, mcp_url, endpoints_in(FOLDER / "env"), store=health.get("postgres")
        )
    if not compose_control.containers().ids:
        return None
    kind: StoreKind = "postgres" if compose_control.runs("postgres") else "timestream"
    places = {**PUBLISHED, kind: STORES[kind]}
    ports = Ports(*(compose_control.published_port(name, port) for name, port in places.items()))
    api_url, mcp_url = (f"http://127.0.0.1:{port}" for port in (ports.api, ports.mcp))
    store = postgres_url(ports.store) if kind == "postgres" else None
    return LocalParts("containers", api_url, mcp_url, local_endpoints(ports, kind), store=store)


def postgres_url(port: int) -> str:
    """The URL of PostgreSQL in a container that publishes this port."""
    pass_file = quote(str((FOLDER / PASS_FILE).absolute()))
    return f"postgresql://bus_simulator@127.0.0.1:{port}/postgres?passfile={pass_file}"


def endpoints_in(path: Path) -> Mapping[str, str]:
    """The variables of an environment file, which has lines `export NAME=VALUE`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.removeprefix("export ").partition("=") for line in lines)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}


def refresh_key_file(secret: str, path: Path = FOLDER / API_KEY) -> None:
    """Write the general key of a secret's text into the key file. Raises ValueError, OSError."""
    write_private(path, parse_plain_keys(secret).general + "\n")


def refresh_from_kept(folder: Path = FOLDER) -> None:
    """Before a start: write the key that the parts kept, which may have been replaced, into the key file."""
    state = folder / KEPT / "state.json"
    if state.exists():
        refresh_key_file(json.loads(state.read_text(encoding="utf-8"))["secret"], folder / API_KEY)
