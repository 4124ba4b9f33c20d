"""The Lambda package: this program and its dependencies in a reproducible zip.

All functions have the same content and differ by name and handler: see docs/aws.md. Dependencies are wheels
for Lambda's processor and Python, pinned by hash in requirements-lambda.lock. Of boto3's service models only
those that functions use are packed. Without a Python of Lambda's version here there is no bytecode.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.lambda_bytecode import bytecode, interpreter

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build/lambda"
LOCK = ROOT / "requirements-lambda.lock"
UV = ROOT / ".venv/bin/uv"
OWN = ("simulator", "storage", "services")

HANDLERS: Mapping[str, str] = {
    "people_count_api": "services.lambdas.rest.handler",
    "sensors_api": "services.lambdas.rest.handler",
    "bus_position_api": "services.lambdas.rest.handler",
    "network_api": "services.lambdas.rest.handler",
    "websocket_handler": "services.lambdas.websocket.handler",
    "rest_authorizer": "services.lambdas.authorizers.rest",
    "websocket_authorizer": "services.lambdas.authorizers.websocket",
}
"""The packages, and the handler that Lambda calls in each."""

SERVICES = frozenset(
    (
        "apigatewaymanagementapi",
        "dynamodb",
        "s3",
        "secretsmanager",
        "sqs",
        "ssm",
        "sts",
        "timestream-query",
        "timestream-write",
    )
)
"""The services that functions call; boto3 itself needs `sts`."""

LEFT_OUT = frozenset(("bin", "tests", "__pycache__", "RECORD", "INSTALLER", "REQUESTED", "uv_cache.json"))
PACKED = (".py", ".html", ".js", ".css", ".txt")
"""Of the program, its modules and the pages that functions serve."""
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can store, set for every file."""
MODE = 0o100644 << 16
LEVEL = 6


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform (uv's name) and a Python version to choose wheels for."""

    name: str
    python: str


LAMBDA = Platform("aarch64-manylinux_2_28", "3.12")


class PackageError(Exception):
    """A package can't be built; the message says why."""


def write_packages(names: list[str], folder: Path = FOLDER, platform: Platform = LAMBDA) -> list[Path]:
    """Write packages of these names, all with the same content. Raises `PackageError`."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="lambda-") as staging:
        install_dependencies(Path(staging), platform)
        first, *others = (folder / f"{name}.zip" for name in names)
        draft = folder / ".package.zip"
        content = package_content(Path(staging))
        python = interpreter(UV, platform.python)
        write_zip(draft, content if python is None else content | bytecode(python, content))
        draft.replace(first)
    for other in others:
        shutil.copyfile(first, other)
    return [first, *others]


def install_dependencies(target: Path, platform: Platform) -> None:
    """Install the dependencies into a folder. Raises `PackageError` with uv's message."""
    command = [str(UV), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python-platform", platform.name]
    command += ["--python-version", platform.python, "--target", str(target), "-r", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - uv, with fixed arguments
    if done.returncode:
        raise PackageError(f"the dependencies can't be installed: {done.stderr.strip()}")


def package_content(installed: Path) -> dict[str, bytes]:
    """The content of the package by name in the zip."""
    found = {name: path.read_bytes() for name, path in files_below(installed) if is_needed(name)}
    for package in OWN:
        for name, path in files_below(ROOT / package):
            if name.endswith(PACKED):
                found[f"{package}/{name}"] = path.read_bytes()
    own = version("bus-simulator")
    metadata = f"Metadata-Version: 2.4\nName: bus-simulator\nVersion: {own}\n"
    return found | {f"bus_simulator-{own}.dist-info/METADATA": metadata.encode()}


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder, with their names relative to it."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def is_needed(name: str) -> bool:
    """Whether functions need this file of a dependency."""
    parts = name.split("/")
    if LEFT_OUT & set(parts) or name.startswith("."):
        return False
    if parts[:2] in (["botocore", "data"], ["boto3", "data"]):
        return len(parts) == 3 or parts[2] in SERVICES
    return True


def write_zip(path: Path, content: Mapping[str, bytes]) -> None:
    """Write a reproducible zip: sorted names, one time, one mode."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.external_attr = MODE
            entry.create_system = 3
            archive.writestr(entry, content[name], zipfile.ZIP_DEFLATED, LEVEL)
