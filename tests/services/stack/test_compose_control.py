"""`bus-simulator ops down` removes containers with any version of compose, or reports why it can't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from services.cli import status_of
from services.stack import compose_control
from tests.fake_programs import program

STOPPED_ENGINE = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
)
NO_PLUGIN = """echo "docker: 'compose' is not a docker command." >&2; exit 1"""
LOG = 'echo "${0##*/} $*" >> calls'
ENDED = "processes: none run here\ncontainers: stopped\n"

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """A project's folder as working directory; installs programs, the only ones there are."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (project / "compose.yaml").touch()
    (project / "calls").touch()
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", str(bin_folder))

    def add(name: str, *lines: str) -> None:
        program(bin_folder, name, LOG, *lines)

    return add


def docker(compose: str = NO_PLUGIN, ps: str = "") -> str:
    """The lines of a `docker` with these commands."""
    return f"""case "$1 $2" in
      "compose version") {compose or "exit 0"};;
      "compose ps") {ps};;
      "compose down") exit 0;;
      "ps --quiet") {ps};;
      "rm --force") exit 0;;
      *) exit 64;;
    esac"""


def calls() -> list[str]:
    return Path("calls").read_text(encoding="utf-8").splitlines()


def down(capsys: pytest.CaptureFixture[str]) -> str:
    assert status_of(["ops", "down"]) == 0
    return capsys.readouterr().out


def test_without_docker_no_containers_run(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    assert down(capsys) == "processes: none run here\ncontainers: Docker is not installed\n"


def test_without_compose_and_containers_there_is_nothing_to_end(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("docker", docker())
    assert down(capsys) == "processes: none run here\ncontainers: none run here\n"


def test_without_compose_containers_are_found_by_their_folder_and_removed(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("docker", docker(ps="echo one; echo two"))
    assert down(capsys) == ENDED
    label = f"label=com.docker.compose.project.working_dir={Path.cwd()}"
    assert calls() == [
        "docker compose version",
        f"docker ps --quiet --filter {label}",
        "docker compose version",
        "docker rm --force one two",
    ]


@pytest.mark.parametrize("compose", [NO_PLUGIN, "exit 0"], ids=["without compose", "with compose"])
def test_a_stopped_engine_has_no_containers(
    install: Install, capsys: pytest.CaptureFixture[str], compose: str
) -> None:
    install("docker", docker(compose, ps=f'echo "{STOPPED_ENGINE}" >&2; exit 1'))
    assert down(capsys) == f"processes: none run here\ncontainers: Docker doesn't answer: {STOPPED_ENGINE}\n"


def test_an_engine_that_fails_silently_is_named_by_its_exit_code(install: Install) -> None:
    install("docker", docker(ps="exit 3"))
    assert compose_control.containers().reason == "Docker doesn't answer: it ended with exit code 3"


def test_compose_ends_the_containers_of_its_file(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("docker", docker("exit 0", ps="echo one"))
    assert down(capsys) == ENDED
    assert calls()[-1] == "docker compose down"


def test_the_older_compose_is_used_where_docker_has_no_plugin(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("docker", docker())
    install("docker-compose", '[ "$1" = ps ] && echo one; exit 0')
    assert down(capsys) == ENDED
    assert calls()[-1] == "docker-compose down"


def test_containers_that_cannot_be_ended_are_a_failure(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("docker", docker())
    install("docker-compose", '[ "$1" = ps ] && echo one && exit 0; exit 5')
    assert status_of(["ops", "down"]) == 1
    assert "`docker-compose down` ended with exit code 5" in capsys.readouterr().err


def test_a_folder_without_a_compose_file_has_no_containers(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("docker", docker(ps="echo one"))
    Path("compose.yaml").unlink()
    assert down(capsys) == "processes: none run here\ncontainers: there is no compose.yaml here\n"
    assert calls() == []


def test_logs_of_containers_need_compose(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("docker", docker(ps="echo one"))
    assert status_of(["ops", "logs", "api"]) == 1
    assert "this needs Docker's compose plugin" in capsys.readouterr().err
