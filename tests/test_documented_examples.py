"""Every example of README.md, docs/api.md and docs/mcp.md works, and its answer looks as shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.access.authentication import write_private
from tests.environment import environment
from tests.process import Running, running, write_history

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent
HERE = "127.0.0.1:8080"
"""Where the pages say that the simulator is."""
KEY = "the-general-key"
KINDS = ("json", "csv", "plain", "event-stream")
"""Kinds of output that pages show."""


@dataclass(frozen=True, slots=True)
class Example:
    """A block of code followed by its output."""

    page: str
    language: str
    code: str
    kind: str
    shown: str

    def __str__(self) -> str:
        return f"{self.page}: {self.code.strip().splitlines()[-1][-60:]}"


def examples(page: Path) -> Iterator[Example]:
    """Those of a page, in order."""
    blocks = re.findall(
        r"^```([\w-]*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    for (language, code), (kind, shown) in pairwise(blocks):
        if language in ("bash", "python") and kind in KINDS:
            yield Example(page.name, language, code, kind, shown)


PAGES = ("README.md", "docs/api.md", "docs/mcp.md")
EXAMPLES = [example for page in PAGES for example in examples(ROOT / page)]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped city on the morning of the pages, in a folder with `.venv`, after a key rotation."""
    folder = tmp_path_factory.mktemp("city")
    (folder / ".venv").symlink_to(sys.prefix)
    write_private(folder / "var" / "bus.duckdb.api-key", json.dumps({"api_key": KEY, "keys": {"a": "b"}}))
    write_history(folder, "2026-03-02T06:00Z", "2026-03-02T07:30Z")
    with running(
        folder, "--at", "2026-03-02T08:30:00+01:00", "--backfill", "0", "--control", key=None
    ) as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        yield process


def shape(value: Any) -> Any:
    """JSON without its values: names and types. A list is what its items have in common, if it has any."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        kinds = [shape(each) for each in value if not (isinstance(each, str) and each.startswith("… "))]
        return ["list", *kinds[:1]]
    return (
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    )


def alike(one: Any, other: Any) -> bool:
    """Whether two shapes are the same; a list without items is like any list."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == 1 or len(other) == 1 or alike(one[1], other[1])
    return bool(one == other)


def printed(example: Example, city: Running) -> str:
    """Run the example in the server's folder with an active `.venv` and KEY; return its output."""
    folder = Path(f"/proc/{city.process.pid}/cwd").resolve()
    code = example.code.replace(HERE, f"{city.host}:{city.port}")
    code = code.replace("$(date ", "$(date -d 2026-03-02T07:30Z ")
    if example.language == "bash":
        # An event stream has no end: curl leaves it after a while, with the exit code 28.
        ended = "--max-time 2 " if example.kind == "event-stream" else ""
        quiet = f"curl --silent {ended or '--show-error '}"
        program = ["bash", "-euo", "pipefail", "-c", code.replace("curl ", quiet)]
    else:
        program = [sys.executable, "-c", code]
    done = subprocess.run(
        program,
        cwd=folder,
        env=environment(KEY=KEY, PATH=f"{sys.prefix}/bin:{environment()['PATH']}"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (28 if example.kind == "event-stream" else 0, ""), example
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_answers_as_shown(example: Example, city: Running) -> None:
    answer = printed(example, city)
    if example.kind == "event-stream":
        assert set(re.findall(r"^(?:retry|event): .*$", example.shown, re.MULTILINE)) <= set(
            answer.splitlines()
        )
        return
    if example.kind != "json":
        assert answer.splitlines()[0] == example.shown.splitlines()[0]
        assert len(answer.splitlines()) >= len(example.shown.splitlines())
        return
    for shown, got in zip(texts(example.shown), texts(answer), strict=True):
        assert alike(shape(json.loads(shown)), shape(json.loads(got))), got


def texts(shown: str) -> list[str]:
    """The JSON texts of a block: one a line, or one over all lines."""
    lines = shown.strip().splitlines()
    return (
        lines if all(line[:1] in "{[" and line[-1:] in "}]" and len(line) > 1 for line in lines) else [shown]
    )


def test_no_example_is_left_out() -> None:
    pages = "".join((ROOT / name).read_text(encoding="utf-8") for name in PAGES)
    curls = [line for line in pages.splitlines() if line.startswith("curl ")]
    assert len(curls) == sum(example.code.count("curl ") for example in EXAMPLES)
    assert {example.page for example in EXAMPLES} == {Path(page).name for page in PAGES}
    assert "python" in {example.language for example in EXAMPLES}
