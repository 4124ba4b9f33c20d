"""A local Timestream endpoint without any city, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bus_simulator_testing.program import ENDPOINT, PROGRAM
from bus_simulator_testing.server_process import ServerProcess


class TimestreamProcess(ServerProcess):
    """Amazon Timestream's API on a free port, running within a `with`; its data are temporary.

    `options` are those of `bus-simulator timestream-local`, such as `--now data` or `--like-aws`. `url` is
    boto3's `endpoint_url`.
    """

    def __init__(self, *options: str, program: Sequence[str] = PROGRAM) -> None:
        def words(folder: Path) -> Sequence[str]:
            return (
                "timestream-local",
                "--store",
                f"duckdb:{folder / 'timestream.duckdb'}",
                "--port",
                "0",
                *options,
            )

        super().__init__("endpoint", words, ENDPOINT, program=program)
