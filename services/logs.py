"""Logs: one JSON object a line on stderr, the same fields in every service; plain lines on a terminal.

A terminal gets no line for each request: those go to a log file, or to stderr as JSON. No key is ever logged,
and no password of a URL.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Literal, TextIO, TypeAlias

from services.times import format_instant
from simulator.clock import SystemWall
from storage.errors import without_passwords

OWN = "bus_simulator"
access = logging.getLogger(f"{OWN}.access")
"""One line a request; see `services.web.access_log`."""

LogFormat: TypeAlias = Literal["auto", "json", "text"]

WALL = SystemWall()
ACCESS_RECORD = logging.LogRecord(access.name, logging.INFO, "", 0, "request", (), None)
"""What all records of requests have in common."""

ENCODE = json.JSONEncoder(ensure_ascii=False, default=str).encode
QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "mcp", "httpx2", "botocore")
"""Libraries of which only warnings and errors are logged."""


def configure(level: str, form: LogFormat = "auto", file: Path | None = None) -> None:
    """Log everything at or above `level` to stderr, and as JSON to `file` if one is given.

    `form` is how stderr gets it: "auto" means plain lines on a terminal, else JSON. Raises OSError for a file
    that can't be opened.
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handlers: list[logging.Handler] = [stderr_handler(form)]
    if file is not None:
        handlers.append(WatchedFileHandler(file, encoding="utf-8"))
        handlers[-1].setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=handlers, force=True)
    # Making a log record costs more than answering some requests: skip it where no handler would write it.
    access.disabled = not any(isinstance(handler.formatter, JsonFormatter) for handler in handlers)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def stderr_handler(form: LogFormat) -> logging.Handler:
    """The handler that writes to stderr in this form."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "json" or (form == "auto" and not sys.stderr.isatty()):
        handler.setFormatter(JsonFormatter())
        return handler
    if sys.stderr.isatty():
        handler = TerminalHandler(sys.stderr)
    handler.setFormatter(TextFormatter())
    handler.addFilter(lambda record: record.name != access.name)
    return handler


def terminal_handler() -> TerminalHandler | None:
    """The handler that writes plain lines on the terminal, None where there isn't one."""
    found = (each for each in logging.getLogger().handlers if isinstance(each, TerminalHandler))
    return next(found, None)


def access_record(fields: Mapping[str, object]) -> logging.LogRecord:
    """Return the record of a request that has just been answered.

    `Logger.info` would search for the calling line, and `LogRecord` for module, thread and process, which
    takes longer than many a response.
    """
    record = logging.LogRecord.__new__(logging.LogRecord)
    record.__dict__.update(ACCESS_RECORD.__dict__)
    record.created = created = WALL.time()
    record.msecs = created % 1 * 1000
    record.fields = fields
    return record


class TerminalHandler(logging.StreamHandler[TextIO]):
    """Writes plain lines above the status line or progress bar, and keeps the last warning or error."""

    last_problem: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a status line or progress bar moves one line down."""
        from tqdm import tqdm

        try:
            text = self.format(record)
            if record.levelno >= logging.WARNING:
                self.last_problem = text.partition("\n")[0]
            tqdm.write(text, file=self.stream)
            self.flush()
        except Exception:  # noqa: BLE001 - as in logging.Handler: the program continues without this line
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    """`time`, `level` in capitals, `logger`, `message`, then what the call passed as `extra={"fields": …}`.

    Of an exception the kind, text and place; the whole traceback only where DEBUG is on.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "time": format_instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["cause"] = cause(record.exc_info[1])
            if logging.getLogger().isEnabledFor(logging.DEBUG):
                line["traceback"] = self.formatException(record.exc_info)
        # Before they are encoded: a value's end is found by the quotation marks in the text.
        return ENCODE({name: _safe(value) for name, value in line.items()})


class TextFormatter(logging.Formatter):
    """The same for people: local time, level, message, then the fields as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, with a traceback below it only where DEBUG is on."""
        fields = getattr(record, "fields", {})
        words = [self.formatTime(record, "%H:%M:%S"), record.levelname, record.getMessage()]
        words += [f"{name}={value}" for name, value in fields.items()]
        if record.exc_info and record.exc_info[1] is not None:
            words.append(f"cause={cause(record.exc_info[1])}")
            if logging.getLogger().isEnabledFor(logging.DEBUG):
                words[-1] += f"\n{self.formatException(record.exc_info)}"
        return without_passwords(" ".join(words))


def _safe(value: object) -> object:
    return without_passwords(value) if isinstance(value, str) else value


def cause(error: BaseException) -> str:
    """An exception as `Kind: text (file:line)`, with the place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
