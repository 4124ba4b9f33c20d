"""`python -m scripts.write_clients [--check]`: generate the clients' models and types from OpenAPI.

The generators are those of `clients/generators.lock` in `build/generators` (Python) and of
`clients/javascript/package-lock.json`; `make clients` installs them first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from scripts.client_document import document
from scripts.write_docs import is_up_to_date

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "build" / "generators" / "bin"
NODE_TOOLS = ROOT / "clients" / "javascript" / "node_modules" / ".bin"
PYTHON_MODELS = "clients/python/src/bus_simulator_client/models.py"
HEADER = '"""The API\'s bodies, generated from its OpenAPI document by `make clients`. Not to be edited."""'
NAMES = {
    "ArrivalBody": "Arrival",
    "ArrivalsBody": "Arrivals",
    "BusBody": "BusDetails",
    "BusItem": "Bus",
    "BusPositionBody": "BusPosition",
    "BusSensorsBody": "BusSensors",
    "ClockBody": "Clock",
    "HealthBody": "Health",
    "LineItem": "Line",
    "LineRouteBody": "LineRoute",
    "PeopleCountBody": "PeopleCount",
    "StopBody": "StopDetails",
    "StopItem": "Stop",
    "StopSensorsBody": "StopSensors",
    "StopVisitBody": "StopVisit",
    "TimetableBody": "Timetable",
    "TripBody": "Trip",
}
"""The document's schemas that have a shorter name in the Python client."""
DATACLASSES = (
    "--input-file-type", "openapi",
    "--output-model-type", "dataclasses.dataclass",
    "--dataclass-arguments", '{"frozen": true, "kw_only": true, "slots": true}',
    "--output-datetime-class", "datetime",
    "--target-python-version", "3.11",
    "--enum-field-as-literal", "all",
    "--use-schema-description",
    "--use-single-line-docstring",
    "--strict-nullable",
    "--use-object-type",
    "--custom-file-header", HEADER,
    "--model-name-map", json.dumps(NAMES),
    "--no-formatters",
)  # fmt: skip


def python_models(description: Path) -> str:
    """Return the module of the Python client's models."""
    tool = TOOLS / "datamodel-codegen"
    generated = output_of([str(tool), "--input", str(description), *DATACLASSES])
    return formatted(formatted(generated, "check", "--fix", "--quiet"), "format")


def formatted(code: str, *command: str) -> str:
    """Return code after a command of ruff."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    return output_of([ruff, *command, "--stdin-filename", PYTHON_MODELS, "-"], code)


def output_of(command: list[str], given: str | None = None) -> str:
    """Return what a program writes. Raises `click.ClickException` with its errors."""
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"{' '.join(command[:2])}: {done.stderr}")
    return done.stdout


def javascript_types(description: Path) -> str:
    """Return the module of the JavaScript client's types."""
    return output_of([str(NODE_TOOLS / "openapi-typescript"), str(description)])


FILES: Mapping[str, Callable[[Path], str]] = {
    PYTHON_MODELS: python_models,
    "clients/javascript/src/schema.ts": javascript_types,
}


def outdated(description: Path, *, write: bool) -> list[str]:
    """Return the generated files that differ from a document in a file; with `write`, write them."""
    return [
        name
        for name, generate in FILES.items()
        if not is_up_to_date(ROOT / name, generate(description), write=write)
    ]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", is_flag=True, help="Write nothing; name the files that are out of date.")
def main(*, check: bool) -> None:
    """Write the clients' models and types."""
    with tempfile.TemporaryDirectory() as folder:
        description = Path(folder) / "openapi.json"
        description.write_text(json.dumps(document()), encoding="utf-8")
        old = outdated(description, write=not check)
    if check and old:
        click.echo(f"out of date: {', '.join(old)}; make clients writes them", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
