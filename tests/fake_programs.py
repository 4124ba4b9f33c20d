"""Stand-ins for programs that may be missing: shell scripts of their name, in a folder on PATH."""

from __future__ import annotations

import json
import sys
from pathlib import Path

CONSOLE = """
import json, pathlib, re, sys
if "output" in sys.argv:
    kept = pathlib.Path(sys.argv[0]).with_name("outputs.json")
    print(kept.read_text() if kept.exists() else "{}")
    sys.exit()
names = re.findall(r"var\\.(\\w+)", sys.stdin.read())
unknown = [name for name in names if name not in SETTINGS]
if unknown:
    sys.exit(f"Reference to undeclared input variable: {unknown[0]}")
print(json.dumps(json.dumps([SETTINGS[name] for name in names])))
"""
"""What Terraform does: its console with `jsonencode([var.one, var.other])`, and its `output`."""


def program(folder: Path, name: str, *lines: str) -> None:
    """A shell script as a program of that name."""
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)


def terraform_set_to(folder: Path, **settings: object) -> None:
    """A `terraform` whose console knows only these variables."""
    program = folder / "terraform"
    program.write_text(f"#!{sys.executable}\nSETTINGS = {settings!r}\n{CONSOLE}")
    program.chmod(0o755)


def outputs_are(folder: Path, **outputs: str) -> None:
    """Outputs of the last apply for the `terraform` of `terraform_set_to`."""
    values = {name: {"value": value} for name, value in outputs.items()}
    (folder / "outputs.json").write_text(json.dumps(values))
