"""The simulator in a container, for testcontainers."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Self

from docker.errors import DockerException, ImageNotFound  # type: ignore[import-not-found]  # no types
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from bus_simulator_testing.choices import Choices
from bus_simulator_testing.program import NotStarted
from bus_simulator_testing.simulator import BusSimulator

IMAGE = "bus-simulator-feeders:latest"
API_PORT, TIMESTREAM_PORT = 8080, 4568
INPUTS = "/tmp/inputs"  # noqa: S108 - in the container
READY_S = 120


class ImageContainer(DockerContainer):
    """A container of the simulator's image."""

    def __init__(self, image: str, **kwargs: Any) -> None:
        """See `DockerContainer`. Raises `NotStarted` if Docker doesn't answer."""
        try:
            super().__init__(image, **kwargs)
        except DockerException as error:
            raise NotStarted(f"a container needs Docker, which doesn't answer: {error}") from None

    def start(self) -> Self:
        """See `DockerContainer`. Raises `NotStarted` if there is no such image."""
        try:
            return super().start()
        except ImageNotFound:
            raise NotStarted(
                f"there is no image {self.image}: `make build-feeders` builds it in the simulator's checkout"
            ) from None


class BusSimulatorContainer(ImageContainer, BusSimulator):
    """A simulator in a container, running within a `with`. boto3 can query its data."""

    def __init__(
        self,
        *,
        scenario: str | Path | None = None,
        seed: int | None = None,
        speed: float | str | None = None,
        network: str | Path | None = None,
        choices: Choices | None = None,
        image: str = IMAGE,
        **kwargs: Any,
    ) -> None:
        """See `Choices` for the settings; `choices` gives all at once. `kwargs` go to `DockerContainer`."""
        super().__init__(image, **kwargs)
        self._key = secrets.token_urlsafe(16)
        named = {"scenario": scenario, "seed": seed, "speed": speed, "network": network}
        given = {name: value for name, value in named.items() if value is not None}
        self._set_command(Choices.of(given, choices or Choices()))
        self.with_exposed_ports(API_PORT, TIMESTREAM_PORT)
        self.with_env("BUS_SIMULATOR_API_KEY", self._key)
        self.with_env("BUS_SIMULATOR_ALLOWED_HOSTS", "*")
        self.with_env("AWS_ACCESS_KEY_ID", "nobody").with_env("AWS_SECRET_ACCESS_KEY", "nothing")
        self.waiting_for(HttpWaitStrategy(API_PORT, "/health").with_startup_timeout(READY_S))

    @property
    def api_url(self) -> str:
        """See `BusSimulator`."""
        return self._url(API_PORT)

    @property
    def api_key(self) -> str:
        """See `BusSimulator`."""
        return self._key

    @property
    def timestream_endpoint(self) -> str:
        """See `BusSimulator`."""
        return self._url(TIMESTREAM_PORT)

    def _url(self, port: int) -> str:
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(port)}"

    def _set_command(self, choices: Choices) -> None:
        """Set the command, and copy the files that it names into the container."""
        inside = {name: self._inside(getattr(choices, name)) for name in ("scenario", "network")}
        command = Choices.of(inside, choices).command()
        limits = ["--rate-limit", "0", "--daily-limit", "0"]
        self.with_command([*command, *limits, "--timestream-port", str(TIMESTREAM_PORT)])

    def _inside(self, place: str | Path | None) -> str | Path | None:
        """Copy a file or folder and return its path in the container; return a name unchanged."""
        if place is None or not Path(place).exists():
            return place
        source = Path(place)
        inside = f"{INPUTS}/{source.name}"
        # testcontainers copies a folder into the given folder, but a file to the given path.
        self.with_copy_into_container(source, INPUTS if source.is_dir() else inside)
        return inside
