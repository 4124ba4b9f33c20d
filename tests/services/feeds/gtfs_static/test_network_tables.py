"""The names of routes: the public number apart, where a line's name begins with one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.feeds.gtfs_static.network_tables import route_names
from simulator.types import LineId
from tests.networks import line, street


@pytest.mark.parametrize(
    ("line_id", "name", "short", "long"),
    [
        ("L1", "27 Embajadores - Plaza de Castilla", "27", "Embajadores - Plaza de Castilla"),
        ("N1", "N1 Cibeles - Sanchinarro", "N1", "Cibeles - Sanchinarro"),
        ("A", "A Moncloa - Somosaguas", "A", "Moncloa - Somosaguas"),
        ("A-night", "A Moncloa (night)", "A", "Moncloa (night)"),
        ("7", "7", "7", "7"),
        ("L4", "Circular", "L4", "Circular"),
        ("L5", "Avenida1808 del Dos de Mayo", "L5", "Avenida1808 del Dos de Mayo"),
    ],
)
def test_the_number_at_the_start_of_a_name_is_the_short_name(
    line_id: str, name: str, short: str, long: str
) -> None:
    made = replace(line("L1", street(3)), line_id=LineId(line_id), name=name)
    assert route_names(made) == (short, long)
