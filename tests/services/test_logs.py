"""Log outputs: JSON lines, plain lines without requests on a terminal, a file."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from services import logs
from services.logs import LogFormat

log = logging.getLogger("bus_simulator.some")


class Stderr(io.StringIO):
    """What is written to stderr, which may be a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, disabled = root.handlers[:], root.level, logs.access.disabled
    yield
    for handler in root.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.close()
    root.handlers[:], root.level, logs.access.disabled = handlers, level, disabled


def logged(
    monkeypatch: pytest.MonkeyPatch, form: LogFormat, *, terminal: bool, file: Path | None = None
) -> list[str]:
    """The lines on stderr after a message, a request and a failure."""
    stderr = Stderr(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    logs.configure("INFO", form, file)
    log.info("history written", extra={"fields": {"rows": 7}})
    logs.access.info("request", extra={"fields": {"path": "/health"}})
    try:
        raise ValueError("no room")
    except ValueError:
        log.exception("it failed")
    return stderr.getvalue().splitlines()


@pytest.mark.parametrize(("form", "terminal"), [("auto", False), ("json", False), ("json", True)])
def test_without_a_terminal_or_as_json_every_line_is_an_object(
    monkeypatch: pytest.MonkeyPatch, form: LogFormat, terminal: bool
) -> None:
    lines = [json.loads(line) for line in logged(monkeypatch, form, terminal=terminal)]
    assert [line["message"] for line in lines] == ["history written", "request", "it failed"]
    assert (lines[0]["rows"], lines[1]["path"]) == (7, "/health")
    assert logs.terminal_handler() is None


def test_what_boto3_finds_where_is_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    logged(monkeypatch, "json", terminal=False)
    assert not logging.getLogger("botocore.credentials").isEnabledFor(logging.INFO)
    assert logging.getLogger("botocore.retries").isEnabledFor(logging.WARNING)


@pytest.mark.parametrize(("form", "terminal"), [("auto", True), ("text", True), ("text", False)])
def test_a_terminal_gets_plain_lines_without_requests(
    monkeypatch: pytest.MonkeyPatch, form: LogFormat, terminal: bool
) -> None:
    first, second = (line.partition(" ")[2] for line in logged(monkeypatch, form, terminal=terminal))
    assert first == "INFO history written rows=7"
    assert second.startswith("ERROR it failed cause=ValueError: no room (test_logs.py:")
    assert not logs.access.isEnabledFor(logging.INFO)


def test_a_terminal_remembers_the_last_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    logged(monkeypatch, "auto", terminal=True)
    handler = logs.terminal_handler()
    assert handler is not None
    assert handler.last_problem is not None
    assert "ERROR it failed" in handler.last_problem


@pytest.mark.parametrize("form", get_args(LogFormat))
@pytest.mark.parametrize("terminal", [True, False])
def test_a_log_file_has_everything_as_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: LogFormat, terminal: bool
) -> None:
    file = tmp_path / "log.jsonl"
    for _ in range(2):
        logged(monkeypatch, form, terminal=terminal, file=file)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["message"] for line in lines] == ["history written", "request", "it failed"] * 2


@pytest.mark.parametrize("form", get_args(LogFormat))
def test_no_line_shows_the_password_of_a_url(monkeypatch: pytest.MonkeyPatch, form: LogFormat) -> None:
    stderr = Stderr(terminal=False)
    monkeypatch.setattr(sys, "stderr", stderr)
    logs.configure("DEBUG", form)
    log.info("store %s", "postgresql://me:hidden@host/bus", extra={"fields": {"url": "s3://me:hidden@host"}})
    try:
        raise ValueError("host=here password=hidden")
    except ValueError:
        log.exception("it failed")
    written = stderr.getvalue()
    assert "postgresql://me:***@host/bus" in written
    assert "hidden@" not in written
    assert "password=hidden" not in written.partition("Traceback")[0]


@pytest.mark.parametrize("text", ['"password=hidden" is wrong', 'password="hidden" \\', "u://a:hidden@b\n\\"])
def test_a_line_without_its_password_is_still_json(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    stderr = Stderr(terminal=False)
    monkeypatch.setattr(sys, "stderr", stderr)
    logs.configure("INFO", "json")
    log.info(text)
    message = json.loads(stderr.getvalue())["message"]
    assert message.partition("hidden")[2] == ""
