import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.day import travel
from simulator.network import Hold, PatternStop, Timing
from simulator.types import StopId

lengths = st.floats(0.5, 5000)
factors = st.floats(0.2, 3)
speeds = st.one_of(st.just(0.0), st.floats(0.001, travel.TOP_SPEED_KMH / 3600))


@given(lengths, factors, speeds)
def test_a_passed_hop_covers_its_length_exactly(length: float, factor: float, v_in: float) -> None:
    changing, passing, half, v = travel.motion(travel.hop(length, 16 / 3600), factor, v_in)
    covered = (v_in + v) / 2 * changing + v * (passing - changing)
    assert covered == pytest.approx(length, rel=1e-9)
    assert 0 <= changing < passing
    assert 1 <= half <= passing - changing


@given(lengths, factors, speeds)
def test_a_stop_brakes_evenly_to_rest_at_the_stop(length: float, factor: float, v_in: float) -> None:
    changing, passing, half, v = travel.motion(travel.hop(length, 16 / 3600), factor, v_in)
    before_braking = (v_in + v) / 2 * changing + v * (passing - half - changing)
    braking = v * (2 * half) / 2
    assert before_braking + braking == pytest.approx(length, rel=1e-9)


@given(lengths, factors, speeds)
def test_no_bus_is_faster_than_the_invariant_allows(length: float, factor: float, v_in: float) -> None:
    *_, v = travel.motion(travel.hop(length, 16 / 3600), factor, v_in)
    assert 0 < v * 3600 <= 90


def test_a_start_from_rest_accelerates_comfortably() -> None:
    changing, _, half, v = travel.motion(travel.hop(350, 30 / 3600), 1.0, 0.0)
    assert v / changing == pytest.approx(travel.ACCELERATION, rel=0.01)
    assert v / (2 * half) == pytest.approx(travel.BRAKING, rel=0.01)


def test_long_hops_run_faster_beyond_500_m() -> None:
    near, far = travel.hop(500, 16 / 3600), travel.hop(2500, 16 / 3600)
    assert near.speed * 3600 == pytest.approx(16)
    assert far.speed * 3600 == pytest.approx(2.5 / (0.5 / 16 + 2 / 43.2))


@given(st.data(), st.lists(lengths, min_size=1, max_size=6), st.integers(0, 6))
def test_many_timings_are_planned_as_each_alone(data: st.DataObject, hops_m: list[float], count: int) -> None:
    stops = [
        PatternStop(
            StopId(""), sum(hops_m[:number]), 0, 0, boarding=data.draw(st.booleans()), alighting=False
        )
        for number in range(len(hops_m) + 1)
    ]
    runs_s = st.tuples(*[st.integers(0, 900)] * len(hops_m))
    holds = st.lists(st.builds(Hold, st.integers(1, len(hops_m)), st.integers(0, 3000)), max_size=2)
    timings = data.draw(st.lists(st.builds(Timing, runs_s, holds.map(tuple)), min_size=count, max_size=count))
    alone = [travel.planned_hops(stops, timing)[-1].ends_s for timing in timings]
    assert travel.planned_ends_s(stops, timings) == alone
