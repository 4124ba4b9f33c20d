"""The parts as plain processes beside LocalStack: their commands, start order, health URLs and environment.

Supervisor runs them, restarts a process that ends by itself, and writes their output to files. Its
configuration, logs and the DuckDB file are in one folder, by default `var/stack`.
"""

from __future__ import annotations

import configparser
import io
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.access.authentication import write_private
from services.settings import CONNECTIONS_TABLE
from services.stack.store_part import PROGRAM, REGION, StoreKind, StorePart, store_part

ACCOUNT = "000000000000"
NETWORK = f"s3://bus-simulator-config-{ACCOUNT}/config/lines.yaml"
CLOCK_PARAMETER = "/bus-simulator/clock"
NAMESPACE = "BusSimulator"
FEEDERS = {
    "people-count-feeder": "people-count",
    "sensors-feeder": "sensors",
    "bus-position-feeder": "bus-position",
}
RUN = "localstack/run"
CONFIGURATION, SOCKET, HEALTH = "supervisord.conf", "supervisor.sock", "health.json"
FOLDER = Path("var/stack")
"""The parts' own files, in the working directory."""
KEPT, API_KEY = "kept", "api-key"
"""In the parts' folder: what LocalStack would forget, the general key."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports on 127.0.0.1 of the parts that listen; `store` is Timestream's endpoint or PostgreSQL."""

    api: int = 8080
    mcp: int = 8081
    localstack: int = 4566
    dynamodb: int = 4567
    store: int = 4568


def local_endpoints(ports: Ports, store: StoreKind = "timestream") -> Mapping[str, str]:
    """The standard AWS variables that point every client at the services on these ports.

    Without Timestream's where PostgreSQL is the store.
    """
    timestream = f"http://127.0.0.1:{ports.store}"
    found = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports.localstack}",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{ports.dynamodb}",
        "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": timestream,
        "AWS_ENDPOINT_URL_TIMESTREAM_QUERY": timestream,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {name: value for name, value in found.items() if store == "timestream" or "TIMESTREAM" not in name}


@dataclass(frozen=True, slots=True)
class Stack:
    """The settings of one set of parts, and values derived from them.

    `home` is the project's folder, `folder` that of the parts' own files. `clock` is the initial value
    (JSON) of the clock parameter. A changed key or network counts within `refresh`, a span such as `10s`.
    `history`, a span too, is written before the parts start.
    """

    home: Path
    folder: Path
    ports: Ports
    api_key: str
    network_file: Path
    clock: str = "{}"
    scenario: str | None = None
    refresh: str = "10s"
    control: bool = True
    history: str = "0"
    store: StoreKind = "timestream"

    @property
    def store_part(self) -> StorePart:
        """The part that keeps the data."""
        return store_part(self.store, self.folder, self.ports.store)

    @property
    def endpoints(self) -> Mapping[str, str]:
        """See `local_endpoints`."""
        return local_endpoints(self.ports, self.store)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment of all parts: the endpoints, and the initial values for LocalStack's init hook."""
        return {
            **self.endpoints,
            "INIT_API_KEY": self.api_key,
            "INIT_NETWORK_FILE": str(self.network_file),
            "INIT_CLOCK": self.clock,
            "INIT_KEPT_FOLDER": str(self.folder / KEPT),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def commands(self) -> Mapping[str, Sequence[str]]:
        """The command of each part by its name, in start order."""
        ports, store = self.ports, self.store_part
        shared = (
            *("--network", NETWORK, "--network-refresh", self.refresh),
            *("--store", store.store),
            *("--clock-parameter", CLOCK_PARAMETER),
            *(() if self.scenario is None else ("--scenario", self.scenario)),
        )
        feeding = (
            *("--event-bus", "bus-simulator-events", "--metrics-namespace", NAMESPACE),
            *(("--control",) * self.control),
        )
        keys = ("--secret-id", "bus-simulator/api-key", "--key-refresh", self.refresh)
        serving = (
            *("--queue", "bus-simulator-positions", "--connections-table", CONNECTIONS_TABLE),
            *(("--control",) * self.control),
        )
        run = str(self.home / RUN)
        return {
            "dynamodb": (run, "dynamodb", str(ports.dynamodb)),
            "localstack": (run, "localstack", str(ports.localstack)),
            store.name: store.command,
            **{
                name: (*PROGRAM, "feed", kind, *shared, *feeding, "--log-group", f"/ecs/{name}")
                for name, kind in FEEDERS.items()
            },
            "api": (
                *(*PROGRAM, "serve", *shared, *keys, *serving),
                *("--port", str(ports.api), "--log-group", "/ecs/api"),
            ),
            "mcp-server": (
                *(*PROGRAM, "mcp", *shared, *keys),
                *("--port", str(ports.mcp), "--log-group", "/ecs/mcp-server"),
            ),
        }

    @property
    def seed_command(self) -> Sequence[str]:
        """The command that writes history into the store."""
        return (
            *(*PROGRAM, "--log-level", "WARNING", "ops", "seed"),
            *("--network", NETWORK),
            *("--clock-parameter", CLOCK_PARAMETER, "--history", self.history),
            *("--store", self.store_part.history_store),
            *(() if self.scenario is None else ("--scenario", self.scenario)),
        )

    @property
    def health(self) -> Mapping[str, str]:
        """The URL of each listening part that answers once it is ready.

        For LocalStack it is the object that its init hook creates last.
        """
        ports = self.ports
        return {
            "dynamodb": f"http://127.0.0.1:{ports.dynamodb}/moto-api/",
            "localstack": f"http://127.0.0.1:{ports.localstack}/{NETWORK.removeprefix('s3://')}",
            self.store_part.name: self.store_part.health,
            "api": f"http://127.0.0.1:{ports.api}/health",
            "mcp-server": f"http://127.0.0.1:{ports.mcp}/health",
        }

    @property
    def configuration(self) -> str:
        """Supervisor's configuration file."""
        socket, log = self.folder / SOCKET, self.folder / "supervisord.log"
        interface = "supervisor.rpcinterface:make_main_rpcinterface"
        sections: dict[str, dict[str, str]] = {
            "unix_http_server": {"file": str(socket), "chmod": "0600"},
            "supervisord": {"logfile": str(log), "pidfile": str(self.folder / "supervisord.pid")},
            "rpcinterface:supervisor": {"supervisor.rpcinterface_factory": interface},
            "supervisorctl": {"serverurl": f"unix://{socket}"},
        }
        for priority, (name, command) in enumerate(self.commands.items()):
            sections[f"program:{name}"] = {
                "command": shlex.join(command),
                "directory": str(self.folder),
                "priority": str(priority),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": "0",
                "startretries": "1000",
                "stopsignal": self.store_part.stop_signal if name == self.store_part.name else "TERM",
                "stopasgroup": "true",
                "killasgroup": "true",
                # Supervisor expands `%` here twice.
                "stdout_logfile": str(self.folder / f"{name}.log").replace("%", "%%"),
                "stdout_logfile_maxbytes": "10MB",
                "redirect_stderr": "true",
            }
        parser = configparser.RawConfigParser()
        # Supervisor expands `%` in every value.
        parser.read_dict(
            {
                section: {name: value.replace("%", "%%") for name, value in values.items()}
                for section, values in sections.items()
            }
        )
        text = io.StringIO()
        parser.write(text)
        return text.getvalue()

    def write(self) -> Path:
        """Write the files that Supervisor and `supervisor_control` read, with mode 0600.

        Return the path of Supervisor's configuration.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / CONFIGURATION
        write_private(path, self.configuration)
        lines = [f"export {name}={value}\n" for name, value in self.endpoints.items()]
        write_private(self.folder / "env", "".join(lines))
        write_private(self.folder / HEALTH, json.dumps(dict(self.health)))
        return path
