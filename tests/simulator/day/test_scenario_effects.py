"""The effect of each disturbance against the undisturbed day of the same seed, on the shipped network."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis.performance import Performance, performance, total
from simulator.city import City
from simulator.day.line_day import line_day
from simulator.day.trajectory import Ints, Trajectory
from simulator.network_files.loader import load_network
from simulator.scenario.demand import DemandChange, Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.extra_buses import ExtraBuses
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import Span
from simulator.scenario.weather_changes import Rain, Weather
from simulator.service_day import origin_ms
from simulator.types import LineId, StopId
from storage.schema import Stream

pytestmark = pytest.mark.integration

NETWORK = load_network(Path(__file__).parents[3] / "data" / "lines.yaml")
DAY = date(2026, 3, 3)
LINE = LineId("L1")
FEW = (LINE, LineId("L2"), LineId("L3"))
STOPS = [stop.stop_id for stop in NETWORK.line[LINE].patterns[0].stops]
MORNING = Span(8 * 3600, 12 * 3600)
PLAIN = Scenario("plain", DAY, DAY)


@cache
def simulated(inputs: bytes) -> Trajectory:
    """The day of a pickled line and its changes: once for all scenarios that change nothing for the line."""
    line, changes = pickle.loads(inputs)
    return line_day(line, seed=1, day=DAY, changes=changes)


class DayOfLines(Mapping[str, Trajectory]):
    """Each line's day under a scenario, simulated when it is first looked up."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario, self._line = scenario, scenario.applied_to(NETWORK).line
        self._simulated: dict[str, Trajectory] = {}

    def __getitem__(self, line_id: str) -> Trajectory:
        if line_id not in self._simulated:
            line = self._line[LineId(line_id)]
            changes = self._scenario.on(line, DAY, NETWORK.lines_of_stop)
            self._simulated[line_id] = simulated(pickle.dumps((line, changes)))
        return self._simulated[line_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._line)

    def __len__(self) -> int:
        return len(self._line)


day_of = cache(DayOfLines)


def measured(scenario: Scenario, span: Span | None = None, *lines: str) -> Performance:
    """The performance of some lines (default: all) in a span of the day."""
    edges = None
    if span is not None:
        edges = [origin_ms(DAY) + second * 1000 for second in (span.start_s, span.end_s)]
    days = day_of(scenario)
    return total(part for line_id in lines or days for part in performance(days[line_id], edges))


def known(value: float | None) -> float:
    """A measure that isn't None."""
    assert value is not None
    return value


def headways(scenario: Scenario, line_id: LineId, stop_id: StopId, direction: int, span: Span) -> Ints:
    """Headways in seconds at a stop of a line and direction in a span of the day."""
    day = day_of(scenario)[line_id]
    legs, stop = day.legs, day.stops.index(stop_id)
    chosen = (legs.sequence > 0) & (legs.stop == stop) & (legs.direction == direction)
    second = np.sort(legs.leaves[chosen] - origin_ms(DAY)) // 1000
    return np.diff(second[(second >= span.start_s) & (second < span.end_s)])


def same(one: Trajectory, other: Trajectory) -> bool:
    """Whether two line-days are equal in every bit."""
    pairs = ((getattr(one, part), getattr(other, part)) for part in ("legs", "arrived", "boarded", "left"))
    return all(
        np.array_equal(getattr(a, column.name), getattr(b, column.name))
        for a, b in pairs
        for column in dataclasses.fields(a)
    )


def others_are_the_same(scenario: Scenario, touched: LineId = LINE) -> bool:
    """Whether the scenario changes no line but one."""
    plain, disturbed = day_of(PLAIN), day_of(scenario)
    return all(same(plain[line_id], disturbed[line_id]) for line_id in plain if line_id != touched)


BROKEN = NETWORK.line["L6"]
BUS = 4
BREAKDOWN = dataclasses.replace(PLAIN, breakdowns=(Breakdown(BROKEN.buses[BUS].bus_id, 8 * 3600, 3600),))


def halt() -> int:
    """The leg in which the broken-down bus stands."""
    legs = day_of(BREAKDOWN)[BROKEN.line_id].legs
    return int(np.flatnonzero((legs.bus == BUS) & (legs.trip < 0))[0])


def test_a_breakdown_leaves_a_gap_and_then_a_bunch_and_touches_no_other_line() -> None:
    legs = day_of(BREAKDOWN)[BROKEN.line_id].legs
    second = int(legs.begins[halt()] - origin_ms(DAY)) // 1000
    assert 8 * 3600 <= second < 8 * 3600 + 300
    where = (BROKEN.line_id, BROKEN.patterns[0].stops[-3].stop_id, int(legs.direction[halt() - 1]))
    span = Span(second - 300, second + 5400)
    plain, disturbed = (headways(scenario, *where, span) for scenario in (PLAIN, BREAKDOWN))
    gap = int(disturbed.argmax())
    assert disturbed[gap] > 1.4 * plain.max()
    assert disturbed[gap + 1 : gap + 3].sum() < 0.8 * plain[gap + 1 : gap + 3].sum()
    assert disturbed[gap + 1 : gap + 3].min() < 0.5 * np.median(plain)
    assert others_are_the_same(BREAKDOWN, BROKEN.line_id)


def test_passengers_of_a_broken_bus_alight_and_take_the_next() -> None:
    plain, disturbed = (day_of(scenario)[BROKEN.line_id] for scenario in (PLAIN, BREAKDOWN))
    legs = disturbed.legs
    out = int(legs.alighting[halt() - 1])
    stranded = len(disturbed.arrived.ms) - len(plain.arrived.ms)
    assert 0 < stranded <= out == legs.load[halt() - 1]
    assert disturbed.boarded.people.sum() - plain.boarded.people.sum() == stranded + (
        len(plain.left.ms) - len(disturbed.left.ms)
    )
    following = legs.sequence > 0
    following &= (legs.stop == legs.stop[halt() - 1]) & (legs.direction == legs.direction[halt() - 1])
    following &= legs.leaves > legs.begins[halt()]
    first = np.flatnonzero(following)[legs.leaves[following].argmin()]
    assert legs.boarding[first] >= stranded
    assert legs.alighting.sum() == legs.boarding.sum()


def test_a_broken_bus_stands_until_it_is_repaired_and_then_continues() -> None:
    legs = day_of(BREAKDOWN)[BROKEN.line_id].legs
    assert legs.leaves[halt()] - legs.begins[halt()] == 3600 * 1000
    assert legs.load[halt()] == 0
    assert (legs.trip[(legs.bus == BUS) & (legs.begins > legs.leaves[halt()])] >= 0).sum() > 20


def test_holding_lowers_the_variation_of_headways_by_a_third_and_more() -> None:
    free, held = (
        dataclasses.replace(PLAIN, control=how) for how in (HeadwayControl.NONE, HeadwayControl.HEADWAY)
    )
    without, with_holding = (known(measured(scenario, MORNING).headway_cv) for scenario in (free, held))
    assert without is not None
    assert with_holding is not None
    assert with_holding < without * 2 / 3
    at_terminals = known(measured(PLAIN, MORNING).headway_cv)
    assert at_terminals is not None
    assert with_holding < at_terminals
    assert known(measured(held).speed_kmh) < known(measured(PLAIN).speed_kmh)


def test_a_strike_makes_people_wait_longer_and_buses_fuller() -> None:
    strike = dataclasses.replace(PLAIN, strikes=(Strike(0.5),))
    plain, disturbed = measured(PLAIN), measured(strike)
    assert known(disturbed.wait_s) > 1.4 * known(plain.wait_s)
    assert known(disturbed.mean_load) > 1.4 * known(plain.mean_load)
    assert disturbed.people == plain.people
    assert disturbed.trips < 0.6 * plain.trips


def test_in_a_whole_strike_one_bus_of_a_line_runs() -> None:
    strike = dataclasses.replace(PLAIN, strikes=(Strike(1.0, (LINE,)),))
    legs = day_of(strike)[LINE].legs
    assert len(np.unique(legs.bus[legs.sequence > 0])) == 1
    assert others_are_the_same(strike)


@pytest.mark.parametrize("rain", Rain)
def test_rain_makes_buses_slower_the_air_damper_and_people_fewer(rain: Rain) -> None:
    wet = dataclasses.replace(PLAIN, weather=Weather(temperature_c=-3, rain=rain))
    plain, disturbed = measured(PLAIN, None, *FEW), measured(wet, None, *FEW)
    assert known(disturbed.speed_kmh) < 0.98 * known(plain.speed_kmh)
    assert disturbed.people < plain.people
    noon, alone = (
        datetime(2026, 3, 3, 12, tzinfo=UTC),
        dataclasses.replace(NETWORK, lines=(NETWORK.line[LINE],)),
    )
    readings = [
        City(alone, scenario=scenario).window(noon, noon + timedelta(minutes=1), [Stream.SENSOR_DATA])
        for scenario in (PLAIN, wet)
    ]
    dry_air, wet_air = (table[Stream.SENSOR_DATA] for table in readings)
    at_stop = np.array(dry_air.column("entity_type").to_pylist()) == "stop"
    cooler, damper = (
        (wet_air.column(name).to_numpy() - dry_air.column(name).to_numpy())[at_stop]
        for name in ("temperature", "humidity")
    )
    assert np.allclose(cooler, -3, atol=0.011)
    assert (damper > 0).all()


def test_buses_detour_round_a_closed_road_and_skip_its_stops() -> None:
    closure = Closure(LINE, STOPS[3], STOPS[6], MORNING, detour_s=240)
    scenario = dataclasses.replace(PLAIN, closures=(closure,))
    legs, stops = day_of(scenario)[LINE].legs, day_of(scenario)[LINE].stops
    between = np.isin(legs.stop, [stops.index(stop_id) for stop_id in STOPS[4:6]]) & (legs.sequence > 0)
    second = (legs.leaves - origin_ms(DAY)) // 1000
    inside = between & (second > MORNING.start_s + 900) & (second < MORNING.end_s)
    assert inside.sum() > 20
    assert not legs.doors[inside].any()
    assert legs.doors[between & (second > MORNING.end_s + 900)].any()
    assert known(measured(scenario, MORNING, LINE).wait_s) > known(measured(PLAIN, MORNING, LINE).wait_s)
    assert others_are_the_same(scenario)


def test_buses_turn_before_a_closed_road_and_serve_both_sides_of_it() -> None:
    closure = Closure(LINE, STOPS[8], STOPS[11], MORNING)
    scenario = dataclasses.replace(PLAIN, closures=(closure,))
    day = day_of(scenario)[LINE]
    legs, second = day.legs, (day.legs.leaves - origin_ms(DAY)) // 1000
    late = (second > MORNING.start_s + 1800) & (second < MORNING.end_s) & (legs.sequence > 0)
    served = {day.stops[stop] for stop in np.unique(legs.stop[late])}
    assert served == set(STOPS) - set(STOPS[9:11])
    starts = legs.sequence[late & (legs.load == 0) & (legs.boarding > 0) & (legs.sequence > 1)]
    assert len(starts) > 10


def test_a_slow_zone_slows_only_its_hours() -> None:
    zone = SlowZone(LINE, STOPS[3], STOPS[12], MORNING, 0.4)
    scenario = dataclasses.replace(PLAIN, slow_zones=(zone,))
    assert known(measured(scenario, MORNING, LINE).speed_kmh) < 0.9 * known(
        measured(PLAIN, MORNING, LINE).speed_kmh
    )
    before = Span(5 * 3600, 8 * 3600)
    assert measured(scenario, before, LINE) == measured(PLAIN, before, LINE)


def test_nobody_uses_a_closed_stop() -> None:
    scenario = dataclasses.replace(PLAIN, closed_stops=(ClosedStop(STOPS[5], MORNING),))
    day = day_of(scenario)[LINE]
    stop, legs = day.stops.index(STOPS[5]), day.legs
    bounds = (origin_ms(DAY) + MORNING.start_s * 1000, origin_ms(DAY) + MORNING.end_s * 1000)

    def during(ms: Ints, where: Ints) -> int:
        return int(((ms > bounds[0] + 60_000) & (ms < bounds[1]) & (where == stop)).sum())

    visits = legs.sequence > 0
    assert during(legs.leaves[visits & legs.doors], legs.stop[visits & legs.doors]) == 0
    assert during(day.arrived.ms, day.arrived.stop) == 0
    assert ((day.left.stop == stop) & (day.left.ms == bounds[0])).any()
    assert legs.doors[visits & (legs.stop == stop) & (legs.leaves > bounds[1] + 900_000)].any()


def test_a_surge_adds_its_people_and_changes_no_other_arrival() -> None:
    surge = Surge(STOPS[5], 20.0, MORNING, (LINE,))
    plain, disturbed = (
        day_of(scenario)[LINE] for scenario in (PLAIN, dataclasses.replace(PLAIN, surges=(surge,)))
    )
    more = len(disturbed.arrived.ms) - len(plain.arrived.ms)
    expected = 20 * (MORNING.end_s - MORNING.start_s) / 60
    assert abs(more - expected) < 5 * expected**0.5
    assert people(plain) <= people(disturbed)
    added = people(disturbed) - people(plain)
    assert {stop for stop, _ in added} == {plain.stops.index(STOPS[5])}


def test_a_surge_at_a_stop_that_the_network_lacks_changes_nothing() -> None:
    """A network can be replaced while the city runs."""
    gone = dataclasses.replace(PLAIN, surges=(Surge(StopId("GONE"), 20.0, MORNING),))
    assert people(day_of(gone)[LINE]) == people(day_of(PLAIN)[LINE])


@pytest.mark.parametrize("factor", [0.0, 0.6, 1.7])
def test_demand_changes_by_its_factor_for_its_lines_and_stops(factor: float) -> None:
    change = DemandChange(factor, (LINE,), (), MORNING)
    scenario = dataclasses.replace(PLAIN, demand=(change,))
    plain, disturbed = day_of(PLAIN)[LINE], day_of(scenario)[LINE]
    assert people(plain) <= people(disturbed) if factor > 1 else people(disturbed) <= people(plain)

    def inside(day: Trajectory) -> int:
        second = (day.arrived.ms - origin_ms(DAY)) / 1000
        return int(((second >= MORNING.start_s) & (second < MORNING.end_s)).sum())

    assert abs(inside(disturbed) - factor * inside(plain)) < 5 * (factor * inside(plain)) ** 0.5 + 1
    assert len(disturbed.arrived.ms) - inside(disturbed) == len(plain.arrived.ms) - inside(plain)
    assert others_are_the_same(scenario)


def test_extra_buses_run_on_the_scenarios_days_only() -> None:
    extra = dataclasses.replace(PLAIN, extra_buses=(ExtraBuses(LINE, 2, 95),))
    assert known(measured(extra, MORNING, LINE).wait_s) < known(measured(PLAIN, MORNING, LINE).wait_s)
    alone, day_after = dataclasses.replace(NETWORK, lines=(NETWORK.line[LINE],)), DAY + timedelta(days=1)
    (tomorrow,) = City(extra.applied_to(alone), scenario=extra).days(day_after, day_after)
    (ordinary,) = City(alone).days(day_after, day_after)
    assert (tomorrow.legs.sequence[tomorrow.legs.bus >= 9] == 0).all()
    assert np.array_equal(tomorrow.arrived.ms, ordinary.arrived.ms)
    assert np.array_equal(
        tomorrow.legs.leaves[tomorrow.legs.sequence > 0], ordinary.legs.leaves[ordinary.legs.sequence > 0]
    )


def test_only_fields_that_affect_the_data_are_in_the_digest() -> None:
    assert PLAIN.digest == ""
    strike = dataclasses.replace(PLAIN, strikes=(Strike(0.5),))
    assert strike.digest == dataclasses.replace(strike, name="other", rate=60.0, description="x").digest
    other_days = dataclasses.replace(strike, last_day=DAY + timedelta(days=1))
    other_share = dataclasses.replace(strike, strikes=(Strike(0.4),))
    assert len({strike.digest, other_days.digest, other_share.digest, ""}) == 4


def people(day: Trajectory) -> set[tuple[int, int]]:
    """(stop, instant) of each person who came."""
    return set(zip(day.arrived.stop.tolist(), day.arrived.ms.tolist(), strict=True))


def test_on_the_slowest_day_buses_are_home_before_the_next() -> None:
    whole = Span(4 * 3600, 28 * 3600)
    worst = dataclasses.replace(
        PLAIN,
        weather=Weather(rain=Rain.HEAVY),
        closures=(Closure(LINE, STOPS[3], STOPS[6], whole, detour_s=3600),),
        slow_zones=(SlowZone(LINE, STOPS[6], STOPS[-1], whole, 0.1),),
    )
    day = day_of(worst)[LINE]
    home = day.legs.stops[day.legs.leaves == day.ends]
    assert len(home) == len(day.buses)
    assert (home < day.ends).all()
    assert day.legs.boarding.sum() == day.legs.alighting.sum() > 0
