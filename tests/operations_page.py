"""The blocks of commands on docs/operations.md, and what each needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
HERE, IN_A_CLONE, TESTS = "Here", "Here, in a clone", "Tests"
ON_DOCKER, ON_AWS = "Needs Docker", "Needs AWS"
OF_OTHERS = {"Needs infracost", "Needs wscat"}


@dataclass(frozen=True, slots=True)
class Block:
    """A block of commands, its heading and its kind."""

    heading: str
    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.heading}: {self.code.strip().splitlines()[0][:50]}"


def blocks() -> Iterator[Block]:
    """All of the page."""
    heading = ""
    for title, kind, code in re.findall(
        r"^#+ ([^\n]*)$|(?:^ *\*([^*\n]+):\*\n)?^ *```bash\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL
    ):
        if code:
            yield Block(heading, kind, code)
        heading = title or heading


BLOCKS = list(blocks())


def commands(*kinds: str) -> list[str]:
    """The commands of some kinds of blocks, each in one line."""
    text = "\n".join(block.code for block in BLOCKS if block.kind in kinds).replace("\\\n", " ")
    return [re.sub(r"\s+", " ", line.strip()) for line in text.splitlines() if line.strip()]


def of_kind(kind: str) -> list[Block]:
    """The blocks of a kind."""
    return [block for block in BLOCKS if block.kind == kind]
