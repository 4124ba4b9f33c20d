"""Logs: one JSON object a line on stderr, the same fields in every service. No key ever gets in."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

from services.times import format_instant

OWN = "bus_simulator"
access = logging.getLogger(f"{OWN}.access")
"""One line a request; see `services.web.access_log`."""

ENCODE = json.JSONEncoder(ensure_ascii=False, default=str).encode
QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "mcp", "httpx2")


def configure(level: str) -> None:
    """Send everything at or above `level` to stderr as JSON, and only what matters of the libraries'."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


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
        return ENCODE(line)


def cause(error: BaseException) -> str:
    """An exception as `Kind: text (file:line)`, the place being where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
