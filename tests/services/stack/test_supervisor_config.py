"""Supervisor reads its configuration as it was meant, whatever the project's folder is called."""

from __future__ import annotations

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
