"""Medians of runs, targets, the page's table, the history and its chart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import history
from benchmarks.calibration import REFERENCE_S, slowness_of
from benchmarks.figures import HEADER, Figure, Row, Unmeasured, median_run, row, timed


def figure(value: float, floor: float = 2, *, row_id: str = "day") -> Figure:
    return Figure("a day", value, "s", "floor", floor, "at most", 1.5, row_id=row_id)


def test_the_median_is_the_run_with_the_median_ratio() -> None:
    slow, quick, busy = figure(4), figure(2), figure(5, 5.1)
    missing = Unmeasured("a day", "a feed", row_id="day")
    assert median_run([slow, quick, busy]) == quick
    assert median_run([slow, quick, figure(3)]) == figure(3)
    assert median_run([missing, missing]) == missing


def test_a_target_is_met_up_to_a_share_of_one_whatever_its_bound() -> None:
    rate = Figure("rest", 3, "requests/s", "trivial", 1, "at least", 1.5, row_id="rest")
    assert (rate.met, rate.share_of_target) == (True, 0.5)
    assert (figure(6).met, figure(6).share_of_target) == (False, 2)


def test_rows_that_are_not_measured_again_keep_their_line_and_the_order() -> None:
    old = "\n".join(
        ["# Page", command.BEGIN, *HEADER, "| `sumo` | old |", "| `day` | old |", "", "m", command.END, "end"]
    )
    page = command.with_figures(old, [figure(3)], "Measured here.")
    table = [line for line in page.splitlines() if line.startswith("| `")]
    assert table == [row(figure(3)), "| `sumo` | old |"]
    assert page.splitlines()[-4:] == ["", "Measured here.", command.END, "end"]
    noisy = command.with_figures(page, [command.as_noisy(figure(4), 7.4)], None)
    assert "measured on a busy machine, load 7" in noisy
    assert noisy.splitlines()[-4:] == page.splitlines()[-4:]


def test_a_busy_machine_and_unknown_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (0.51, 0, 0))
    monkeypatch.setattr(command, "PARTS", ())
    refused = CliRunner().invoke(command.main, ["--only", "day"])
    assert (refused.exit_code, "use --noisy" in refused.output) == (1, True)
    unknown = CliRunner().invoke(command.main, ["--only", "day,night"])
    assert (unknown.exit_code, "no row is called night" in unknown.output) == (2, True)


def test_a_part_that_fails_is_named_after_the_others_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> Iterator[Row]:
        raise TimeoutError("no answer")
        yield figure(2)

    parts = [
        command.Part(("first",), failing),
        command.Part(("rest",), lambda: iter([figure(2, row_id="rest")])),
    ]
    slowness = iter([1.0, 1.0, 2.0])
    monkeypatch.setattr(command, "PARTS", parts)
    monkeypatch.setattr(command, "rounds_s", lambda: [next(slowness) * REFERENCE_S])
    done = CliRunner().invoke(command.main, ["--noisy", "--runs", "1"])
    assert (done.exit_code, "not measured: first: TimeoutError: no answer" in done.output) == (1, True)
    assert row(figure(2, row_id="rest")) in done.output
    assert "1.50 times as long as on the reference machine (1.50 to 1.50)" in done.output


def test_a_target_in_seconds_is_scaled_to_the_machine_and_the_row_says_both() -> None:
    first = timed("first answer", 2.4, "s", 2, row_id="first")
    slower = first.scaled(1.25)
    assert (first.met, slower.met, slower.floor) == (False, True, 2.5)
    assert "2 s on the reference machine, here: 2.50 s | 0.96 (unscaled 1.20)" in row(slower)
    assert figure(3).scaled(1.25) == figure(3)
    assert slowness_of([2 * REFERENCE_S, REFERENCE_S, 9 * REFERENCE_S]) == 2


def test_the_history_is_read_as_it_was_written_and_drawn(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    entries = [
        history.HistoryEntry.of(figure(value), date="2026-11-28", commit=commit, load=0.1)
        for commit, value in (("a", 4.0), ("b", 2.0))
    ]
    history.append(entries[:1], path)
    history.append(entries[1:], path)
    assert list(history.read(path)) == entries
    assert [entry.share_of_target for entry in entries] == pytest.approx([4 / 3, 2 / 3], abs=1e-5)
    assert ElementTree.fromstring(history.chart(entries)).tag.endswith("svg")


def test_the_kept_history_has_only_known_rows() -> None:
    assert {entry.row for entry in history.read()} <= set(command.ROWS)
