"""Stacks as a table and a flame graph, and py-spy on the program."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from benchmarks import profiling
from benchmarks.flame_graph import SampledStack, flame_graph, read_stacks, table

RAW = "main (a.py:1);run (a.py:7) 3\nmain (a.py:2);run (a.py:9) 1\nother (/x/site-packages/b<c>.py:5) 4\n"


def test_stacks_are_read_without_lines_and_counted_alone_and_with_calls(tmp_path: Path) -> None:
    path = tmp_path / "stacks"
    path.write_text(RAW, encoding="utf-8")
    stacks = read_stacks(path)
    assert stacks[2] == SampledStack(("other (b<c>.py)",), 4)
    total, _, *lines = table(stacks, 4)
    assert total == "2.00 CPU seconds"
    assert [line.split() for line in lines] == [
        ["1.00s", "50.0%", "1.00s", "50.0%", "run", "(a.py)"],
        ["1.00s", "50.0%", "1.00s", "50.0%", "other", "(b<c>.py)"],
    ]
    assert read_stacks(path, within="main (a.py)") == stacks[:2]
    with pytest.raises(ValueError, match="within nowhere"):
        read_stacks(path, within="nowhere")


def test_a_flame_graph_is_svg_with_a_bar_for_each_function(tmp_path: Path) -> None:
    path = tmp_path / "stacks"
    path.write_text(RAW, encoding="utf-8")
    drawn = ElementTree.fromstring(flame_graph(read_stacks(path), "title"))
    titles = [title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["main (a.py): 50.0%", "run (a.py): 50.0%", "other (b<c>.py): 50.0%"]


@pytest.mark.long
@pytest.mark.parametrize("what", ["rest", "ws", "live"])
def test_the_running_program_is_profiled(what: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(profiling.main, [what, "--seconds", "2", "--output", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "CPU seconds" in (tmp_path / f"{what}.txt").read_text(encoding="utf-8")
    assert ElementTree.parse(tmp_path / f"{what}.svg").getroot().tag.endswith("svg")
