"""The command line: refused input, exit codes, one message for each failure."""

from __future__ import annotations

import csv
import errno
import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from pyarrow import parquet

from services import settings
from services.cli import cli, status_of
from services.commands.ops import ops
from services.times import parse_instant
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from tests.case_table import each_case
from tests.services.backfilled import PAST, copy_backfilled

GENERATE = ("generate", "--from", "2026-03-02T12:00Z", "--to", "2026-03-02T12:01Z", "--jobs", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory of its own, and logging as it was."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:], root.level = handlers, level


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> tuple[int, str]:
    """The exit code and stderr, after checking that it has no traceback."""
    code = status_of(arguments)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("Error") == 1, said
    return code, said


BAD_USAGE = [
    (["run", "--seed", "x"], "'--seed'"),
    (["run", "--seed", "-1"], "'--seed'"),
    (["run", "--speed", "0"], "is not a speed"),
    (["run", "--map-tiles", "tiles.example/{z}/{x}/{y}.png"], "is no URL of tiles"),
    (["serve", "--map-tiles", "https://tiles.example/{z}/{x}.png"], "lacks {y}"),
    (["run", "--speed", "-3"], "is not a speed"),
    (["run", "--speed", "nan"], "is not a speed"),
    (["run", "--speed", "inf"], "is not a speed"),
    (["run", "--speed", "fast"], "is not a speed"),
    (["run", "--port", "70000"], "'--port'"),
    (["run", "--at", "noon"], "not an ISO 8601 time"),
    (["run", "--at", "1066-10-14"], "not in the years"),
    (["run", "--backfill", "24"], "is not a span of time"),
    (["run", "--backfill", "-1h"], "is not a span of time"),
    (["run", "--jobs", "0"], "'--jobs'"),
    (["run", "--port", "0", "--network", "missing.yaml"], "missing.yaml"),
    (["run", "--port", "0", "--store", "nonsense"], "'nonsense' is not a store"),
    (["run", "--port", "0", "--store", "mysql:x"], "unknown store"),
    (["run", "--port", "0", "--store", "duckdb:"], "names no file"),
    (["run", "extra"], "unexpected extra argument"),
    (["run", "--rate-limit", "-1"], "'--rate-limit'"),
    (["run", "--rate-limit", "none"], "'--rate-limit'"),
    (["run", "--daily-limit", "many"], "'--daily-limit'"),
    (["run", "--key-refresh", "soon"], "is not a span of time"),
    (["serve"], "bus-simulator run"),
    (["serve", "--store", "duckdb:x"], "held by one process"),
    (["serve", "--port", "0", "--store", "timestream://x", "--speed", "max"], "--speed max"),
    (["serve", "--port", "0", "--store", "timestream://x"], "names no database"),
    (["feed"], "Missing argument"),
    (["feed", "weather"], "'weather' is not one of 'people-count', 'sensors', 'bus-position'"),
    (["feed", "sensors", "--store", "duckdb:x"], "held by one process"),
    (["feed", "sensors", "--store", "timestream://x"], "names no database"),
    (["feed", "sensors", "--speed", "0"], "is not a speed"),
    (["run", "--colour"], "No such option"),
    (["fly"], "No such command"),
    (["backfill"], "either --days N, or both"),
    (["backfill", "--days", "0"], "'--days'"),
    (["backfill", "--days", "x"], "'--days'"),
    (["backfill", "--start", "2026-03-02"], "either --days N, or both"),
    (["backfill", "--days", "1", *PAST], "either --days N, or both"),
    (["backfill", "--start", "2026-03-02", "--end", "2026-03-01"], "is not before"),
    (["backfill", "--start", "2026-03-02", "--end", "2026-03-02"], "is not before"),
    (["backfill", "--start", "2026-03-02", "--end", "2199-03-01"], "is in the future"),
    (["backfill", "--at", "2026-03-02T06:05Z", *PAST], "is in the future"),
    (["digest", "--start", "2026-03-02", "--end", "2026-03-01"], "is not before"),
    (["export", "--stream", "trams", "--format", "csv", "-o", "x"], "'--stream'"),
    (["export", "--stream", "stop_visit", "--format", "xls", "-o", "x"], "'--format'"),
    (["export", "--stream", "stop_visit", "--format", "csv"], "'--output'"),
    (["snapshot"], "'--output'"),
    (["validate"], "Missing argument"),
    (["validate", "missing.yaml"], "does not exist"),
    (["--log-level", "LOUD", "digest"], "'--log-level'"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), BAD_USAGE, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_usage_and_input_exit_with_2(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], said: str
) -> None:
    code, error = refused(capsys, arguments)
    assert code == 2
    assert said in error
    assert list(folder.iterdir()) == [] or arguments[:2] == ["run", "--port"]


FAILS = [
    (["digest"], "var/bus.duckdb doesn't exist"),
    (["audit"], "var/bus.duckdb doesn't exist"),
    (["snapshot", "-o", "copy.duckdb"], "var/bus.duckdb doesn't exist"),
    (["export", "--stream", "stop_visit", "--format", "csv", "-o", "x.csv"], "doesn't exist"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), FAILS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_reading_a_missing_store_fails_and_creates_none(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], said: str
) -> None:
    code, error = refused(capsys, arguments)
    assert code == 1
    assert said in error
    assert list(folder.iterdir()) == []


def test_an_invalid_network_is_refused_with_every_problem_and_no_store_is_created(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    Path("bad.yaml").write_text("lines:\n- line_id: L1\n  nam: x\n")
    for arguments in (["run", "--port", "0"], ["backfill", *PAST]):
        code, error = refused(capsys, [*arguments, "--network", "bad.yaml"])
        assert code == 2
        assert "bad.yaml:2" in error or "bad.yaml:3" in error
    assert [path.name for path in folder.iterdir()] == ["bad.yaml"]


def test_validate_names_the_problems_of_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("one.yaml").write_text("lines: 3\n")
    Path("two.yaml").write_text("- x\n")
    good = str(settings.default_network())
    assert status_of(["validate", "one.yaml", good, "two.yaml"]) == 1
    output = capsys.readouterr()
    assert "one.yaml:1" in output.err
    assert "two.yaml:1" in output.err
    assert " lines, " in output.out


def test_a_port_in_use_is_found_before_any_work(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        code, error = refused(capsys, ["run", "--port", str(port)])
    assert code == 1
    assert f"port {port}" in error
    assert list(folder.iterdir()) == []


def test_a_host_of_another_machine_fails(capsys: pytest.CaptureFixture[str]) -> None:
    code, error = refused(capsys, ["run", "--port", "0", "--host", "192.0.2.1"])
    assert code == 1
    assert "192.0.2.1" in error


STORE_COMMANDS = [
    ["run", "--port", "0"],
    ["backfill", *PAST],
    ["digest"],
    ["audit"],
    ["export", "--stream", "stop_visit", "--format", "csv", "-o", "x.csv"],
]


@pytest.mark.parametrize("arguments", STORE_COMMANDS, ids=lambda value: value[0])
def test_a_damaged_store_fails(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    Path("bad.duckdb").write_bytes(b"no database" * 1000)
    code, error = refused(capsys, [*arguments, "--store", "duckdb:bad.duckdb"])
    assert code == 1
    assert "bad.duckdb" in error


@pytest.mark.parametrize("arguments", STORE_COMMANDS, ids=lambda value: value[0])
def test_a_store_that_cannot_be_created_or_read_fails(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    Path("file").touch()
    code, error = refused(capsys, [*arguments, "--store", "duckdb:file/bus.duckdb"])
    assert code == 1
    assert "file/bus.duckdb" in error


@pytest.mark.integration
def test_another_runs_store_is_refused_with_the_remedy(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    copy_backfilled(folder)
    capsys.readouterr()
    for arguments in (["run", "--port", "0"], ["backfill", *PAST]):
        code, error = refused(capsys, [*arguments, "--seed", "2"])
        assert code == 1
        assert "seed 1 in the store, 2 in this run" in error
        assert "--continue-with-new-inputs" in error


@pytest.mark.integration
@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        (
            [],
            ["--scenario", "strike"],
            "the store was written with no scenario, this run uses the scenario strike",
        ),
        (
            ["--scenario", "strike"],
            [],
            "the store was written with the scenario strike, this run uses no scenario",
        ),
    ],
    ids=["the new run's", "the store's"],
)
def test_another_runs_store_is_refused_with_the_scenarios_name(
    capsys: pytest.CaptureFixture[str], before: list[str], after: list[str], differences: str
) -> None:
    assert status_of(["backfill", *PAST, *before]) == 0
    capsys.readouterr()
    code, error = refused(capsys, ["backfill", *PAST, *after])
    assert code == 1
    assert f"The store holds data of another run: {differences}; pass --continue" in " ".join(error.split())


@pytest.mark.integration
def test_new_inputs_continue_from_the_next_whole_hour(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    copy_backfilled(folder)
    longer = ["--start", "2026-03-02T06:00Z", "--end", "2026-03-02T07:10Z", "--seed", "2"]
    assert status_of(["backfill", *longer, "--continue-with-new-inputs"]) == 0
    assert "2026-03-02T07:00:00Z to 2026-03-02T07:10:00Z is complete" in capsys.readouterr().out


def test_environment_variables_set_options_and_old_names_still_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUS_SIMULATOR_SEED", "x")
    assert refused(capsys, ["run"])[0] == 2
    monkeypatch.setenv("BUS_SIMULATOR_SEED", "3")
    monkeypatch.setenv("CONFIG_FILE", "elsewhere.yaml")
    assert "elsewhere.yaml" in refused(capsys, ["backfill", *PAST])[1]
    monkeypatch.setenv("BUS_SIMULATOR_NETWORK", "newer.yaml")
    assert "newer.yaml" in refused(capsys, ["backfill", *PAST])[1]
    monkeypatch.setenv("TIMESTREAM_DATABASE", "bus_simulator")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable, raising=False)
    assert "no AWS credentials for https://ingest.timestream.eu-west-1" in refused(capsys, ["digest"])[1]


def test_every_option_has_a_variable_and_every_command_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    inner = {f"ops {name}": command for name, command in ops.commands.items()}
    for name, command in {**cli.commands, **inner}.items():
        assert status_of([*name.split(), "--help"]) == 0
        assert f"bus-simulator {name}" in capsys.readouterr().out.partition("Example")[2]
        for parameter in command.params:
            if parameter.param_type_name == "option" and name not in inner:
                assert parameter.envvar, f"{name} {parameter.name}"
                assert all(variable.startswith("BUS_SIMULATOR_") for variable in parameter.envvar[:1])


def every_option() -> Iterator[tuple[str, click.Context, click.Option]]:
    """Every option of every command, with the command's words and context."""
    # Below the group's context: a command remembers the names of its --help from the first one.
    group = click.Context(cli, **cli.context_settings)
    commands: list[tuple[str, click.Command]] = [("", cli)]
    while commands:
        words, command = commands.pop()
        context = click.Context(command, info_name=words, parent=group)
        yield from (
            (words, context, parameter)
            for parameter in command.get_params(context)
            if isinstance(parameter, click.Option)
        )
        if isinstance(command, click.Group):
            commands += [(f"{words} {name}", inner) for name, inner in command.commands.items()]


DEFAULTS = [
    (words, context, option, extra)
    for words, context, option in every_option()
    if (extra := option.get_help_extra(context).get("default"))
]


@each_case("words, context, option, shown", DEFAULTS)
def test_a_default_in_the_help_can_be_typed(
    words: str, context: click.Context, option: click.Option, shown: str
) -> None:
    """A literal default is the value of the option; in a description each value can be typed."""
    literal = shown.removeprefix("(").removesuffix(")")
    if shown == literal and shown != '""':
        default = option.type_cast_value(context, option.get_default(context))
        assert option.type_cast_value(context, shown) == default
        return
    assert "none" not in literal
    for value in re.findall(r"\b(?:off|max|\d+)\b", literal):
        option.type_cast_value(context, value)


def test_a_held_store_names_its_holder(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(DuckDBStore(Path("var/bus.duckdb"))):
        code, error = refused(capsys, ["digest"])
    assert code == 1
    assert "open already" in error


@pytest.mark.integration
def test_a_snapshot_and_an_export_appear_whole_or_not_at_all(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    copy_backfilled(folder)
    assert status_of(["snapshot", "-o", "copy.duckdb"]) == 0
    assert status_of(["digest"]) == 0
    original = capsys.readouterr().out.splitlines()[-4:]
    assert status_of(["digest", "--store", "duckdb:copy.duckdb"]) == 0
    assert capsys.readouterr().out.splitlines() == original
    code, error = refused(capsys, ["snapshot", "-o", "nowhere/copy.duckdb"])
    assert (code, "nowhere" in error) == (1, True)
    nothing = ["--start", "2020-01-01", "--end", "2020-01-02"]
    export = ["export", "--stream", "stop_visit", "--format", "csv", "-o", "x.csv"]
    assert "has nothing of stop_visit" in refused(capsys, [*export, *nothing])[1]
    assert sorted(path.name for path in folder.iterdir()) == ["copy.duckdb", "var"]


@pytest.mark.integration
def test_a_full_disk_is_one_message(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "x.csv")

    copy_backfilled(folder)
    capsys.readouterr()
    monkeypatch.setattr("services.web.formats.stream_files.CsvRows.write_table", full)
    code, error = refused(capsys, ["export", "--stream", "stop_visit", "--format", "csv", "-o", "x.csv"])
    assert (code, "No space left" in error) == (1, True)
    assert not Path("x.csv").exists()


@pytest.mark.integration
def test_the_shipped_network_passes_its_audit(capsys: pytest.CaptureFixture[str]) -> None:
    hour = ["--start", "2026-03-02T06:00Z", "--end", "2026-03-02T07:00Z"]
    assert status_of(["backfill", *hour]) == 0
    capsys.readouterr()
    assert status_of(["audit", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["passed"], report["violations"]) == (True, 0)
    assert report["records"] > 30_000
    assert status_of(["audit"]) == 0
    assert "passed: 0 violations" in capsys.readouterr().out


@pytest.mark.integration
def test_an_audit_with_another_network_fails(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    copy_backfilled(folder)
    text = settings.default_network().read_text().replace("initial_position: 0.0", "initial_position: 0.01")
    (folder / "other.yaml").write_text(text)
    capsys.readouterr()
    assert status_of(["audit", "--network", "other.yaml"]) == 1
    assert "is of another network" in capsys.readouterr().out


@pytest.mark.integration
@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_an_export_has_every_record_in_order(
    capsys: pytest.CaptureFixture[str], folder: Path, form: str
) -> None:
    copy_backfilled(folder)
    for stream in Stream:
        path = folder / f"{stream}.{form}"
        assert status_of(["export", "--stream", stream.value, "--format", form, "-o", str(path)]) == 0
        times = exported_times(path, form)
        with closing(DuckDBStore(Path("var/bus.duckdb"))) as store:
            assert len(times) == store.rows(stream) > 0
        begins = datetime(2026, 3, 2, 6, tzinfo=UTC)
        assert times == sorted(times)
        assert begins <= times[0] <= times[-1] < begins + timedelta(minutes=10)


def exported_times(path: Path, form: str) -> list[datetime]:
    """The time of every row of an exported file."""
    if form == "parquet":
        times: list[datetime] = parquet.read_table(path).column("time").to_pylist()
        return times
    with path.open(encoding="utf-8") as file:
        rows = csv.DictReader(file) if form == "csv" else map(json.loads, file)
        return [parse_instant(row["time"]) for row in rows]


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit", "--store", "postgresql://me:hidden@127.0.0.1:1/bus"],
        ["audit", "--store", "postgresql://me:hid/hidden@127.0.0.1:1/bus"],
        ["audit", "--store", "host=127.0.0.1 port=1 password=hidden"],
        ["audit", "--store", "me:hidden@127.0.0.1/bus"],
        ["audit", "--store", "duckdb:postgresql://me:hidden@127.0.0.1/bus"],
        ["audit", "--store", "lake:s3://me:hidden@bucket/lake"],
        ["audit", "postgresql://me:hidden@127.0.0.1/bus"],
        ["postgresql://me:hidden@127.0.0.1/bus"],
        ["validate", "https://me:hidden@example.org/gtfs.zip"],
        ["import-gtfs", "https://me:hidden@example.org/gtfs.zip", "-o", "network"],
        ["import-lake", "s3://me:hidden@bucket/lake"],
        ["snapshot", "-o", "postgresql://me:hidden@127.0.0.1/bus"],
        ["timestream-local", "--store", "postgresql://me:hidden@127.0.0.1/bus"],
        ["diff", "weekday", "postgresql://me:hidden@127.0.0.1/bus"],
        ["run", "--map-tiles", "ftp://me:hidden@example.org/tiles"],
        [*GENERATE, "-o", "s3://me:hidden@bucket/lake"],
        [*GENERATE, "-o", "postgresql://me:hidden@127.0.0.1/bus"],
        [*GENERATE, "-o", "lake", "--cluster", "tcp://me:hidden@127.0.0.1:1"],
        [*GENERATE, "-o", "lake", "--cluster", "tcp://127.0.0.1:x?password=hidden"],
        [*GENERATE, "-o", "lake", "--iceberg", "postgresql://me:hidden@127.0.0.1/bus"],
    ],
    ids=" ".join,
)
def test_a_message_shows_no_password(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str]
) -> None:
    assert status_of(arguments) in (1, 2)
    printed = capsys.readouterr()
    assert "***" in printed.err
    assert "hidden" not in printed.err + printed.out
    assert not any("hidden" in str(path) for path in folder.rglob("*"))


def test_the_help_shows_no_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUS_SIMULATOR_STORE", "postgresql://me:hidden@127.0.0.1/bus")
    assert status_of(["run", "--help"]) == 0
    assert "hidden" not in capsys.readouterr().out
