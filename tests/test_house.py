"""Consistency of the repository: documented commands exist, the version has its changelog entry."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from services.cli import cli
from tests.case_table import each_case
from tests.conftest import DEMANDING
from tests.environment import environment

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LOCKS = [
    *ROOT.glob("*.lock"),
    *(
        lock
        for room in ("clients", "examples", "localstack", "terraform")
        for lock in ROOT.glob(f"{room}/*.lock")
    ),
]
FEEDS = ("madrid.zip", "city.zip")
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def documented(program: str) -> Iterator[tuple[str, str]]:
    """(page, command line) of every use of a program in code, comments taken away."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"```(?:bash|sh)\n(.*?)```", text, re.DOTALL))
        lines = [*blocks.splitlines(), *re.findall(r"`([^`\n]+)`", text)]
        for line in lines:
            if re.match(rf"{program}\s+\S", line):
                yield page.name, line.partition("  #")[0].strip()


@each_case("page, line", sorted(set(documented("make"))))
def test_every_documented_make_target_exists(page: str, line: str) -> None:
    target = next(word for word in shlex.split(line)[1:] if "=" not in word)
    assert target in TARGETS, page


@each_case("page, line", sorted(set(documented("bus-simulator"))))
def test_every_documented_command_and_option_exists(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    group_options = {name: option for option in cli.params for name in option.opts}
    while words[0] in group_options:
        is_flag = isinstance(option := group_options[words[0]], click.Option) and option.is_flag
        words = words[1 if is_flag else 2 :]
    check_command(words)


@pytest.mark.parametrize("arguments", re.findall(r'make run ARGS="([^"]*)"', PAGES[0].read_text()))
def test_every_documented_argument_of_make_run_exists(arguments: str) -> None:
    check_command(["run", *shlex.split(arguments)])


def check_command(words: list[str]) -> None:
    options = {name: each for each in cli.params if isinstance(each, click.Option) for name in each.opts}
    while words[0] in options:  # options of the whole program come before its command
        words = words[1:] if options[words[0]].is_flag else words[2:]
    command = cli.commands[words[0]]
    if isinstance(command, click.Group):
        if words[1:]:
            check_options(command.commands[words[1]], words[1:])
        return
    check_options(command, words)


def check_options(command: click.Command, words: list[str]) -> None:
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words[1:] if word.startswith("-")} <= known | {"--help"}
    if "--help" not in words and "…" not in " ".join(words):
        try:
            # Below the group's context: a command remembers the names of its --help from the first one.
            command.make_context(words[0], words[1:], parent=click.Context(cli, **cli.context_settings))
        except click.MissingParameter:
            assert len(words) == 1
        except click.BadParameter as error:
            # No feed is part of the repository.
            if not str(error).endswith(tuple(f" '{feed}' does not exist." for feed in FEEDS)):
                raise


def test_a_class_of_benchmarks_shares_its_name_with_none_of_the_program_or_the_clients() -> None:
    names = {
        room: re.findall(r"^class (\w+)", "".join(p.read_text() for p in (ROOT / room).rglob("*.py")), re.M)
        for room in ("benchmarks", "services", "simulator", "storage", "src", "clients/python")
    }
    own = names.pop("benchmarks")
    assert len(own) == len(set(own))
    assert {room: shared for room, found in names.items() if (shared := set(own) & set(found))} == {}


def test_every_file_that_make_runs_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = set(re.findall(r"\$\(BIN\)/bus-simulator (\S+)", makefile))
    assert commands
    assert commands <= set(cli.commands)


def test_make_alone_lists_every_target() -> None:
    shown = subprocess.run(
        ["make"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^  make (\S+)", shown, re.MULTILINE)) == TARGETS


def test_the_version_has_its_changelog_entry() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert project["version"] == newest[1] == version("bus-simulator")


def test_the_quick_tests_are_chosen_as_the_manual_says() -> None:
    assert '-m "not integration and not e2e" $(ARGS)' in (ROOT / "Makefile").read_text()


def test_the_page_about_tests_has_every_target_and_marker() -> None:
    page = (ROOT / "docs" / "testing.md").read_text()
    targets = set(re.findall(r"^\| `make (test[a-z0-9-]*)`", page, re.MULTILINE))
    assert targets == {target for target in TARGETS if target.startswith("test")}
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    markers = {marker.partition(":")[0] for marker in options["markers"]}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == markers
    counted = re.findall(r"`(\w+)`", page.partition("count as `e2e`")[0].rpartition("\n\n")[2])
    assert set(counted) == DEMANDING


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_no_registry_and_pins_by_hash(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    pinned = pins(lock)
    assert pinned
    assert text.count("--hash=sha256:") >= len(pinned)


@pytest.mark.parametrize(
    "name", ["requirements-run.lock", "requirements-build.lock", "requirements-lambda.lock"]
)
def test_tests_use_the_versions_that_are_run(name: str) -> None:
    assert pins(ROOT / name) <= pins(ROOT / "requirements.lock")


def pins(lock: Path) -> set[str]:
    """Each package of a lock file with its version, as `name==version`."""
    return set(re.findall(r"^[A-Za-z0-9._-]+==[^ ;\n]+", lock.read_text(), re.MULTILINE))
