"""The program on a real terminal: one status line instead of a line for each request, and a clean end."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import re
import select
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.environment import environment
from tests.process import KEY, PATIENCE_S, PROGRAM

pytestmark = pytest.mark.e2e

ROWS, COLUMNS = 40, 160
CTRL_C = b"\x03"


class Terminal:
    """A process whose terminal is a pseudo-terminal."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process, self._master = process, master
        self.text = ""

    def read_until(self, pattern: str) -> re.Match[str]:
        """Read until the pattern is on the terminal."""
        while (found := re.search(pattern, self.text)) is None:
            assert self._read(), f"{pattern} never came: {self.text}"
        return found

    def ctrl_c(self) -> int:
        """Type Ctrl-C; the exit code."""
        os.write(self._master, CTRL_C)
        while self._read():
            pass
        return self.process.wait(PATIENCE_S)

    def _read(self) -> bool:
        """Read what comes next; False at the end."""
        ready, _, _ = select.select([self._master], [], [], PATIENCE_S)
        assert ready, self.text
        try:
            read = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.text += read.decode()
        return bool(read)


@contextmanager
def on_a_terminal(folder: Path, *arguments: str) -> Iterator[Terminal]:
    """The program on a terminal of its own; killed at the end if it still runs."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(BUS_SIMULATOR_API_KEY=KEY),
        preexec_fn=lambda: os.login_tty(slave),
    ) as process:
        os.close(slave)
        try:
            yield Terminal(process, master)
        finally:
            process.kill()
            os.close(master)


def ask(url: str, path: str) -> int:
    """The status of an answer."""
    host = url.removeprefix("http://")
    headers = {"x-api-key": KEY, "x-group-name": "tests"}
    with closing(http.client.HTTPConnection(host, timeout=PATIENCE_S)) as connection:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status


def test_a_terminal_shows_one_status_line_and_is_left_clean(tmp_path: Path) -> None:
    options = ("--port", "0", "--at", "2026-03-02T08:10+01:00", "--backfill", "0", "--speed", "60")
    with on_a_terminal(tmp_path, "--log-file", "log.jsonl", "run", *options) as terminal:
        url = terminal.read_until(r"http://127[\d.]+:\d+")[0]
        line = terminal.read_until(r"\rMon 2026-03-02 08:\d\d:\d\d Madrid \| 60x \| lag [^\r]*")[0]
        assert re.search(r" \| [\d.]+ requests/s \| 0 WebSocket clients \| no problems", line)
        assert ask(url, "/people-count/S001?mode=latest") == 200
        terminal.read_until(r" \| 0\.[1-9] requests/s| \| [1-9][\d.]* requests/s")
        assert terminal.ctrl_c() == 0
    assert '"level"' not in terminal.text
    assert terminal.text.endswith("\r\x1b[K")
    shown = re.sub(r"[^\n]*\r(?!\n)", "", terminal.text).replace("\x1b[K", "")
    assert "Madrid |" not in shown
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert ("request", "/people-count/S001") in [(line["message"], line.get("path")) for line in logged]


def test_as_json_a_terminal_gets_what_a_container_gets(tmp_path: Path) -> None:
    options = ("--port", "0", "--at", "2026-03-02T08:10+01:00", "--backfill", "0")
    with on_a_terminal(tmp_path, "--log-format", "json", "run", *options) as terminal:
        url = terminal.read_until(r"http://127[\d.]+:\d+")[0]
        assert ask(url, "/people-count/S001?mode=latest") == 200
        line = terminal.read_until(r'\{"time":[^\r\n]*"message": "request"[^\r\n]*\}')[0]
        assert json.loads(line)["path"] == "/people-count/S001"
        assert terminal.ctrl_c() == 0
    assert "Madrid |" not in terminal.text
