"""The program as a process forked from one that has imported it: it starts in a third of the time.

`python -m tests.forked_program FD` is the process to fork. It takes requests over a socket: the program's
arguments, folder, environment and standard streams. The forked process is made a child of the test's own.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

from tests.environment import environment, replace_environment

ROOT = Path(__file__).parent.parent
IMPORTED = (
    "services.cli",
    "services.processes.all_in_one",
    "services.timestream_local.server",
    "services.web.uvicorn.http",
    "services.web.uvicorn.websocket",
    "simulator.city",
    "simulator.load_network",
    "storage.duckdb_store",
)
PR_SET_CHILD_SUBREAPER = 36
MOST_BYTES = 1 << 20


class Request(NamedTuple):
    """The program's arguments, working directory and environment, and the size its files may reach."""

    arguments: Sequence[str]
    folder: str
    variables: Mapping[str, str]
    most_file_bytes: int | None


class ForkedProgram(subprocess.Popen[str]):
    """A process of the program, its output and errors in pipes or in files."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        *,
        output: IO[str] | int = subprocess.PIPE,
        errors: IO[str] | int = subprocess.PIPE,
        most_file_bytes: int | None = None,
    ) -> None:
        self._request = Request(arguments, str(folder), variables, most_file_bytes)
        super().__init__(arguments, stdout=output, stderr=errors, text=True)

    def _execute_child(self, *chosen: Any) -> None:
        """Create the process: `Popen` does all but this. Its arguments 10 to 15 are the ends of the pipes."""
        pipes = chosen[10:16]
        stdin, stdout, stderr = pipes[0], pipes[3], pipes[5]
        try:
            self.pid = forked(self._request, [0 if stdin == -1 else stdin, stdout, stderr])
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]  # the ends that only the child needs


def forked(request: Request, streams: Sequence[int]) -> int:
    """Fork a process that runs the program as a child of this process; return its id."""
    adopt_orphans(True)
    try:
        socket.send_fds(requests(), [json.dumps(request).encode()], streams)
        return int(requests().recv(MOST_BYTES))
    finally:
        adopt_orphans(False)


def adopt_orphans(adopted: bool) -> None:
    """Make this process the parent of its descendants whose parent ends, or leave them to process 1."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopted), 0, 0, 0)


@cache
def requests() -> socket.socket:
    """The socket to the process to fork, which ends with this one."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked_program", str(there.fileno())],
            cwd=ROOT,
            env=environment(),
            pass_fds=[there.fileno()],
        )

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here


def serve(channel: socket.socket) -> None:
    """Fork a process for each request, until the test's process ends. Returns in forked ones, too."""
    while True:
        message, streams, _, _ = socket.recv_fds(channel, MOST_BYTES, 3)
        if not message:
            return
        reader, writer = os.pipe()
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child == 0:
                channel.close()
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                for opened in (*streams, reader, writer):
                    os.close(opened)
                become(Request(*json.loads(message)))
            os.write(writer, str(child).encode())
            os._exit(0)
        os.waitpid(between, 0)
        channel.send(os.read(reader, MOST_BYTES))
        for opened in (*streams, reader, writer):
            os.close(opened)


def become(request: Request) -> None:
    """Be the program, in a forked process. Raises SystemExit at its end."""
    gc.unfreeze()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    if request.most_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request.most_file_bytes, request.most_file_bytes))
    os.chdir(request.folder)
    replace_environment(request.variables)
    main = import_module("bus_simulator.__main__")
    sys.argv = [str(main.__file__), *request.arguments]
    main.main()


def prepare() -> None:
    """Import the program."""
    import_module("bus_simulator.program").use_program()
    for name in IMPORTED:
        import_module(name)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    prepare()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        serve(channel)
    gc.unfreeze()  # else DuckDB's bindings report what isn't freed at the end
