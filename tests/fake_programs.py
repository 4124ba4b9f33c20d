"""Stand-ins for programs that may be missing: shell scripts of their name, in a folder on PATH."""

from __future__ import annotations

import sys
from pathlib import Path

CONSOLE = """
import json, re, sys
names = re.findall(r"var\\.(\\w+)", sys.stdin.read())
unknown = [name for name in names if name not in SETTINGS]
if unknown:
    sys.exit(f"Reference to undeclared input variable: {unknown[0]}")
print(json.dumps(json.dumps([SETTINGS[name] for name in names])))
"""
"""What Terraform's console does with the `jsonencode([var.one, var.other])` that it is handed."""


def program(folder: Path, name: str, *lines: str) -> None:
    """A shell script as a program of that name."""
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)


def terraform_set_to(folder: Path, **settings: str) -> None:
    """A `terraform` whose console knows only these variables."""
    program = folder / "terraform"
    program.write_text(f"#!{sys.executable}\nSETTINGS = {settings!r}\n{CONSOLE}")
    program.chmod(0o755)
