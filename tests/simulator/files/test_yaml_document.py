"""Simple list items are read without the YAML parser: the result must be the parser's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.files import yaml_document
from simulator.files.problems import InputFileError, Loc
from simulator.files.yaml_document import Document, read_document

ALL_PARSED = 1_000_000

TEXTS = {
    "lists at two depths": """\
# a comment
stops:
  - {stop_id: "1", name: "Sol, {centre}: 2", latitude: 40.41, longitude: -3.7}

  - {stop_id: "2", name: "", open: true, count: 0}
lines:
  - line_id: "A"
    stops:
      - {stop_id: "1"}
      - {stop_id: "2"}  # with a comment
      - {stop_id: 0100, other: null}
      - {stop_id: "a \\" quote"}
    buses:
    - {bus_id: "B"}
    - [1, 2]
    - {bus_id: "C", places: [1]}
""",
    "a list of lists": "a:\n  -\n    - {b: 1}\n    - {b: 2}\n  - {b: 3}\n",
    "in a literal block": "a: |\n  - {b: 1}\n  - {b: 2}\nc:\n  - {b: 1}\n",
    "in a folded block": "a: >-\n  - {b: 1}\n",
    "in a quoted text": 'a: "\n  - {b: 1}\n  "\n',
    "in a plain text": "a: x\n  - {b: 1}\n",
    "after a deeper text": "a:\n  - {b: 1}\n    more\n",
    "a key twice": "a:\n  - {b: 1, b: 2}\n  - {b: 1}\n",
    "in a flow list": "a: [\n  - {b: 1}\n]\n",
    "the word itself": "a:\n  - x\n  - {b: 1}\n  - x\n",
    "other line breaks": 'a:\r\n  - {b: 1}\r\n  - {b: "\u2028"}\r\n',
    "a number of many digits": "a:\n  - {b: 1234567890123456789012, c: 1.50, d: -0}\n",
    "a control character": 'a:\n  - {b: "\x07"}\n',
    "two documents": "a:\n  - {b: 1}\n---\na:\n  - {b: 1}\n",
    "nothing else": "- {b: 1}\n- {c: 2}\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_simple_items_are_read_as_the_parser_reads_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(TEXTS[name].encode())
    quick, parsed = (outcome(path, fewest, monkeypatch) for fewest in (1, ALL_PARSED))
    assert quick == parsed


def outcome(path: Path, fewest: int, monkeypatch: pytest.MonkeyPatch) -> object:
    """Everything in a file with its line, and the problems; or why it can't be read."""
    monkeypatch.setattr(yaml_document, "FEWEST_ITEMS", fewest)
    try:
        document = read_document(path)
    except InputFileError as error:
        return error.problems
    return repr(document.data), document.problems, list(lines(document, document.data, ()))


def lines(document: Document, data: Any, loc: Loc) -> Iterator[tuple[Loc, int]]:
    yield loc, document.line(loc)
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        yield from lines(document, value, (*loc, step))


def test_the_limit_on_values_counts_simple_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a:\n" + "  - {b: 1, c: 2}\n" * 20)
    monkeypatch.setattr(yaml_document, "MAX_VALUES", 60)
    assert len({str(outcome(path, fewest, monkeypatch)) for fewest in (1, ALL_PARSED)}) == 1
    assert "over 60 values" in str(outcome(path, 1, monkeypatch))
