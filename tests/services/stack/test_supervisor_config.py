"""Supervisor reads its configuration as it was meant, whatever the project's folder is called."""

from __future__ import annotations

import signal
from pathlib import Path

from supervisor.options import ClientOptions, ServerOptions

from services.stack.supervisor_config import SOCKET, Ports, Stack


def test_supervisor_reads_paths_with_spaces_and_percent_signs(tmp_path: Path) -> None:
    home = tmp_path / "100%b of ñandú, %(here)s"
    folder = home / "var"
    written = str(Stack(home, folder, Ports(), "key", home / "lines.yaml").write())
    server, client = ServerOptions(), ClientOptions()
    server.realize(["-c", written], doc="")
    client.realize(["-c", written], doc="")
    assert (server.logfile, client.serverurl) == (f"{folder}/supervisord.log", f"unix://{folder / SOCKET}")
    part = server.process_group_configs[0].process_configs[0]
    assert (part.name, part.directory, part.stdout_logfile) == (
        "dynamodb",
        f"{folder}",
        f"{folder}/dynamodb.log",
    )
    assert part.command == f"'{home}/localstack/run' dynamodb 4567"


def test_parts_over_postgres_have_no_timestream(tmp_path: Path) -> None:
    folder, network = tmp_path / "var", tmp_path / "lines.yaml"
    stack = Stack(tmp_path, folder, Ports(store=5432), "key", network, store="postgres")
    url = f"postgresql://bus_simulator@127.0.0.1:5432/postgres?passfile={tmp_path}/var/postgres/pgpass"
    feeder = stack.commands["sensors-feeder"]
    assert feeder[feeder.index("--store") + 1] == url == stack.health["postgres"]
    assert "timestream" not in stack.commands
    assert not [name for name in stack.endpoints if "TIMESTREAM" in name]
    server = ServerOptions()
    server.realize(["-c", str(stack.write())], doc="")
    parts = {group.name: group.process_configs[0] for group in server.process_group_configs}
    assert parts["postgres"].stopsignal == signal.SIGINT
    assert parts["api"].stopsignal == signal.SIGTERM
