"""The sketch of a network: a path for each line, north up, stops where there are few."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from services.reports import network_map
from services.reports.network_map import network_map_svg
from services.settings import default_network
from simulator.load_network import load_network
from simulator.network import Network, Stop
from tests.services.reports.svg_checks import HOSTILE, SVG, assert_self_contained


@pytest.fixture(scope="module")
def madrid() -> Network:
    return load_network(default_network())


def paths(svg: str) -> list[ET.Element]:
    return [path for group in groups(svg, "map") for path in group.iter(f"{SVG}path")]


def groups(svg: str, kind: str) -> list[ET.Element]:
    return [group for group in ET.fromstring(svg).iter(f"{SVG}g") if group.get("class") == kind]


def by_longitude(stop: Stop) -> float:
    return stop.longitude


def by_latitude(stop: Stop) -> float:
    return stop.latitude


def test_every_line_is_a_path_with_its_name(madrid: Network) -> None:
    titles = [path.findtext(f"{SVG}title") for path in paths(network_map_svg(madrid))]
    assert titles == [f"{line.line_id} · {line.name}" for line in madrid.lines]


def test_north_is_up_and_east_to_the_right(madrid: Network) -> None:
    [circles] = groups(network_map_svg(madrid), "stops")
    x = {stop: float(circle.get("cx", "")) for circle, stop in zip(circles, madrid.stops, strict=True)}
    y = {stop: float(circle.get("cy", "")) for circle, stop in zip(circles, madrid.stops, strict=True)}
    assert min(x, key=lambda stop: x[stop]) == min(madrid.stops, key=by_longitude)
    assert max(x, key=lambda stop: x[stop]) == max(madrid.stops, key=by_longitude)
    assert min(y, key=lambda stop: y[stop]) == max(madrid.stops, key=by_latitude)
    assert max(y, key=lambda stop: y[stop]) == min(madrid.stops, key=by_latitude)


def test_a_large_network_is_drawn_without_stops_and_coarser(
    madrid: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = network_map_svg(madrid)
    monkeypatch.setattr(network_map, "MOST_STOPS", 10)
    monkeypatch.setattr(network_map, "MOST_BYTES", 2000)
    coarse = network_map_svg(madrid)
    assert groups(coarse, "stops") == []
    assert sum(len(p.get("d", "")) for p in paths(coarse)) < sum(len(p.get("d", "")) for p in paths(whole))


def test_hostile_names_stay_text_and_nothing_is_loaded(madrid: Network) -> None:
    lines = tuple(replace(line, name=HOSTILE) for line in madrid.lines)
    stops = tuple(replace(stop, name=HOSTILE) for stop in madrid.stops)
    svg = network_map_svg(Network(lines, stops))
    assert "<script" not in svg
    assert "<script>alert" in (paths(svg)[0].findtext(f"{SVG}title") or "")
    assert_self_contained(svg)


def test_the_scale_is_a_round_length(madrid: Network) -> None:
    assert re.search(r">[125]0* k?m</text>", network_map_svg(madrid))
