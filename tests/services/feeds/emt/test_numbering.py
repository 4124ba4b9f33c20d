"""The numbers of stops, buses and lines: those in their ids, else others, each once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.feeds.emt.numbering import numbered, numbering
from simulator.network import Network
from tests.networks import line, network, street


@pytest.mark.parametrize(
    ("ids", "numbers"),
    [
        (("S001", "S002", "S163"), (1, 2, 163)),
        (("72", "5613"), (72, 5613)),
        (("A1", "B1", "1"), (2, 3, 1)),
        (("A1", "B1"), (1, 2)),
        (("plaza", "S7"), (8, 7)),
        (("S0000000000001",), (1,)),
    ],
)
def test_a_number_is_the_last_digits_of_an_id_or_the_next_free_one(
    ids: tuple[str, ...], numbers: tuple[int, ...]
) -> None:
    found = numbered({each: each for each in ids})
    assert tuple(found[each] for each in ids) == numbers


def named(*names: str) -> Network:
    """A network of lines with these names."""
    lines = [
        replace(line(f"L{i}", street(3, first=10 * i), first_bus=10 * i), name=name)
        for i, name in enumerate(names, 1)
    ]
    return network(*lines)


def test_lines_have_emts_codes() -> None:
    names = (
        "27 Embajadores - Castilla",
        "N1 Cibeles - Hortaleza",
        "C1 Circular",
        "001 Atocha",
        "1 Cristo Rey",
        "Norte",
    )
    found = numbering(named(*names)).of_line
    assert [tuple(vars_of) for vars_of in ((each.code, each.label) for each in found.values())] == [
        ("001", "1"),
        ("027", "27"),
        ("501", "N1"),
        ("601", "C1"),
        ("602", "001"),
        ("603", "L6"),
    ]


def test_a_stop_keeps_the_number_of_the_feed_it_came_from() -> None:
    made = named("27 Embajadores - Castilla")
    stops = tuple(
        replace(stop, gtfs_id=theirs) for stop, theirs in zip(made.stops, ("5613", "x", ""), strict=True)
    )
    found = numbering(replace(made, stops=stops))
    assert [found.of_stop[stop.stop_id] for stop in stops] == [5613, 11, 12]
    assert found.stop("5613") == stops[0]
    assert found.stop("05613") == stops[0]
    assert [found.stop(text) for text in ("10", "S010", "", "٣", "9" * 400)] == [None] * 5


@pytest.mark.parametrize(
    ("text", "line_ids"),
    [
        ("27", ["L1", "L3"]),
        ("027", ["L1"]),
        ("L1", ["L1"]),
        ("N1", ["L2"]),
        ("501", ["L2"]),
        ("28", []),
        ("", []),
    ],
)
def test_a_line_is_named_by_label_code_or_id(text: str, line_ids: list[str]) -> None:
    city = named("27 Embajadores - Castilla", "N1 Cibeles - Hortaleza", "27 by night")
    assert [each.line_id for each in numbering(city).lines(city, text)] == line_ids
