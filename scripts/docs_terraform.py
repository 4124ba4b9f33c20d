"""The generated part of the READMEs of `terraform/` and its modules: an example, inputs and outputs.

The text before `BEGIN` is written by hand and kept. A module's example has the variables of its test
(`tests/example.tftest.hcl`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import hcl2

ROOT = Path(__file__).parent.parent
TERRAFORM = ROOT / "terraform"
BEGIN = "<!-- From here on written by make docs. -->"
EXAMPLE = re.compile(r"^variables {\n(.*?)^}", re.MULTILINE | re.DOTALL)

Attributes = Mapping[str, Any]


def pages() -> Mapping[str, Callable[[], str]]:
    """The function that makes each README, by its path in the repository."""
    folders = [TERRAFORM, *sorted((TERRAFORM / "modules").iterdir())]
    return {str((each / "README.md").relative_to(ROOT)): partial(page, each) for each in folders}


def page(folder: Path) -> str:
    """A README's text with its tables regenerated."""
    by_hand = (folder / "README.md").read_text(encoding="utf-8").partition(BEGIN)[0].rstrip()
    return "\n".join([by_hand, "", BEGIN, *example(folder), *inputs(folder), *outputs(folder)]) + "\n"


def example(folder: Path) -> Iterator[str]:
    """A call of a module with the variables of its test."""
    test = folder / "tests/example.tftest.hcl"
    if test.exists():
        given = EXAMPLE.search(test.read_text(encoding="utf-8"))
        name = folder.name.replace("-", "_")
        yield from ("", "```hcl", f'module "{name}" {{', f'  source = "./modules/{folder.name}"')
        if given:
            yield from ("", *given[1].rstrip().splitlines())
        yield from ("}", "```")


def inputs(folder: Path) -> Iterator[str]:
    """The table of variables."""
    found = blocks(folder, "variable")
    if found:
        yield from ("", "| input | what | type | default |", "|---|---|---|---|")
        for name, variable in found.items():
            default = value(variable["default"]) if "default" in variable else "needed"
            yield f"| `{name}` | {text(variable['description'])} | `{kind(variable['type'])}` | {default} |"


def outputs(folder: Path) -> Iterator[str]:
    """The table of outputs."""
    yield from ("", "| output | what |", "|---|---|")
    for name, output in blocks(folder, "output").items():
        yield f"| `{name}` | {text(output['description'])} |"


def blocks(folder: Path, kind_of_block: Literal["variable", "output"]) -> Mapping[str, Attributes]:
    """The variables or outputs of a folder, by name."""
    found: dict[str, Attributes] = {}
    for path in sorted(folder.glob(f"{kind_of_block}s*.tf")):
        with path.open(encoding="utf-8") as file:
            of_file = hcl2.load(file).get(kind_of_block, [])
        found |= {text(name): attributes for block in of_file for name, attributes in block.items()}
    return found


def text(written: str) -> str:
    """A string without its quotes."""
    return written.strip('"')


def kind(written: str) -> str:
    """A type as it is written in Terraform."""
    return written.removeprefix("${").removesuffix("}").replace("|", "\\|")


def value(written: Any) -> str:
    """A default value as it is written in Terraform."""
    match written:
        case None:
            return "`null`"
        case bool():
            return f"`{str(written).lower()}`"
        case list():
            return f"`[{', '.join(written)}]`"
    return f"`{written}`"
