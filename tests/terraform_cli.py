"""Terraform with real providers, from a local mirror if there is one, else from the registry."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.environment import environment
from tests.process import Finished

REGISTRY = "registry.terraform.io"
"""What a mirror's folder of providers is called, by Terraform's own layout."""
DEPTH = 3
PATIENCE_S = 900
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
OFFLINE = KEYS | {"AWS_ENABLE_ENDPOINT_DISCOVERY": "false"}
"""The variables without which the AWS provider would look for AWS itself."""
RARE_COLLECTIONS = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}
"""Terraform and its provider collect garbage near this limit only. It would take two fifths of their time."""

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform here")


@cache
def mirror() -> Path | None:
    """The folder that holds a mirror of Terraform's registry, None where this machine has none."""
    home = Path.home()
    roots = [home / ".terraform.d", home / ".local/share/terraform", home / ".cache", Path("/opt")]
    roots += [Path("/usr") / name for name in ("local/share", "share", "local/lib", "lib")]
    found = (place.parent for root in roots for place in _below(root))
    return next(found, None)


def _below(root: Path) -> Iterator[Path]:
    for depth in range(DEPTH):
        yield from sorted(root.glob("*/" * depth + REGISTRY))


def configuration() -> str:
    """Terraform's CLI configuration: the mirror first, the registry for everything else."""
    place = mirror()
    if place is None:
        return "disable_checkpoint = true\n"
    held = ", ".join(f'"{REGISTRY}/{p.parent.name}/{p.name}"' for p in (place / REGISTRY).glob("*/*"))
    return f"""\
disable_checkpoint = true
provider_installation {{
  filesystem_mirror {{
    path    = "{place}"
    include = [{held}]
  }}
  direct {{
    exclude = [{held}]
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Terraform:
    """Terraform in a folder with `*.tf` files; its own configuration is in `home`, outside of it."""

    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> Finished:
        """Run a command; return its result."""
        own = self.home / "terraformrc"
        own.write_text(configuration())
        given = {"TF_CLI_CONFIG_FILE": str(own), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=environment(**(OFFLINE | RARE_COLLECTIONS | given | self.variables)),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, code: int = 0) -> str:
        """Run a command; return its output. Fails if its exit code differs."""
        done = self.run(*arguments)
        assert done.code == code, f"terraform {' '.join(arguments)}: {done.code}\n{done.out}\n{done.err}"
        return done.out
