"""The blocks of code of docs/timestream.md, as someone copies them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs/timestream.md"
ENDPOINT = "http://127.0.0.1:4568"
"""Where the page says that the endpoint is."""


def block(before: str, language: str, url: str = ENDPOINT) -> str:
    """The first block of a language after a text of the page, with the endpoint at `url`."""
    after = PAGE.read_text(encoding="utf-8").split(before, 1)[1]
    found = re.search(rf"^```{language}\n(.*?)^```$", after, re.MULTILINE | re.DOTALL)
    assert found, f"no {language} after {before!r}"
    return found[1].replace(ENDPOINT, url)
