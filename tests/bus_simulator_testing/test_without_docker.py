"""Without Docker or the image, the reason is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from docker.errors import DockerException, ImageNotFound  # type: ignore[import-not-found]  # no types
from testcontainers.core.container import DockerContainer

from bus_simulator_testing.container import BusSimulatorContainer
from bus_simulator_testing.program import NotStarted
from bus_simulator_testing.stack import BusSimulatorStack
from bus_simulator_testing.timestream_container import TimestreamContainer
from tests.fake_programs import program


@pytest.mark.parametrize("container", [BusSimulatorContainer, TimestreamContainer])
def test_a_container_says_that_docker_does_not_answer(
    container: Callable[[], DockerContainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused_by_docker(*_: object) -> None:
        raise DockerException("Connection refused")

    monkeypatch.setattr(DockerContainer, "__init__", refused_by_docker)
    with pytest.raises(NotStarted, match="needs Docker, which doesn't answer: Connection refused") as refused:
        container()
    assert refused.value.__suppress_context__


def test_a_container_says_which_image_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(_container: DockerContainer) -> DockerContainer:
        raise ImageNotFound("404 Client Error")

    monkeypatch.setattr(DockerContainer, "start", not_found)
    container = TimestreamContainer.__new__(TimestreamContainer)
    container.image = "none:latest"
    with pytest.raises(NotStarted, match=r"^there is no image none:latest: `make build-feeders` builds it"):
        container.start()


def test_a_stack_gives_the_first_reason_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "docker", "exit 1")
    trace = [
        "Traceback (most recent call last):",
        '  File "compose"',
        "docker.errors.DockerException: refused",
    ]
    program(
        tmp_path, "docker-compose", *(f"echo '{line}' >&2" for line in trace), 'echo "for $3" >&2', "exit 1"
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(NotStarted, match=r"up --detach: for up$"), BusSimulatorStack():
        pass
