"""A local Timestream endpoint in a container, for testcontainers."""

from __future__ import annotations

from typing import Any

from testcontainers.core.wait_strategies import HttpWaitStrategy

from bus_simulator_testing.container import IMAGE, READY_S, TIMESTREAM_PORT, ImageContainer

STORE = "duckdb:/tmp/timestream.duckdb"


class TimestreamContainer(ImageContainer):
    """Amazon Timestream's API in a container without any city, running within a `with`.

    `options` are those of `bus-simulator timestream-local`; `kwargs` go to `DockerContainer`.
    """

    def __init__(self, *options: str, image: str = IMAGE, **kwargs: Any) -> None:
        super().__init__(image, **kwargs)
        place = ["--host", "0.0.0.0", "--port", str(TIMESTREAM_PORT), "--store", STORE]  # noqa: S104 - in a container
        self.with_command(["timestream-local", *place, *options])
        self.with_exposed_ports(TIMESTREAM_PORT)
        self.waiting_for(HttpWaitStrategy(TIMESTREAM_PORT, "/health").with_startup_timeout(READY_S))

    @property
    def url(self) -> str:
        """The endpoint's URL: boto3's `endpoint_url`."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(TIMESTREAM_PORT)}"
