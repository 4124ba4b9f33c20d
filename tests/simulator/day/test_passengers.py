import numpy as np

from simulator.day.disruptions.scenario_effects import Ending
from simulator.day.passengers import Queue, Trip


def queue(*times: int) -> Queue:
    """People who want to go to the last of the stops ahead."""
    return Queue(list(times), np.full(len(times), 0.99))


def trip(stops: int = 4) -> Trip:
    return Trip(0, 0, 0, 0, stops - 1, [1.0] * (stops - 1), [0] * stops)


def test_people_wait_from_the_millisecond_at_which_they_come() -> None:
    people = queue(100, 200, 200)
    assert [people.waiting(now) for now in (99, 100, 199, 200)] == [0, 1, 1, 3]


def test_who_waited_is_known_afterwards() -> None:
    people = queue(100, 200, 400)
    people.board(1, trip(), position=1, opened=140, now=150)
    people.board(1, trip(), position=1, opened=220, now=300)
    assert [people.waited(then, then - 10) for then in (99, 149, 151, 299, 301, 400)] == [0, 1, 0, 1, 0, 1]


def test_who_waited_at_an_instant_depends_on_what_caused_the_question() -> None:
    people = queue(100)
    people.board(1, trip(), position=1, opened=140, now=150)
    assert [people.waited(150, cause) for cause in (139, 141)] == [1, 0]


def test_people_board_in_order_and_are_counted_where_they_will_alight() -> None:
    people, bus = queue(100, 200, 300), trip()
    assert people.board(2, bus, position=1, opened=250, now=300) == 2
    assert bus.alighting == [0, 0, 0, 2]
    assert (people.waiting(300), people.last_bus) == (1, 300)


def test_a_trip_that_ends_early_lets_everybody_out_and_keeps_where_they_wanted_to_go() -> None:
    bus = trip()
    bus.alighting, bus.load = [0, 1, 2, 3], 6
    bus.end_at(1, Ending.BREAKDOWN)
    assert (bus.last, bus.alighting[1], bus.stranded) == (1, 6, [2, 2, 3, 3, 3])


def test_stranded_people_wait_behind_the_others_and_go_to_their_stops_by_the_next_bus() -> None:
    people, broken, after = queue(100, 900), trip(), trip()
    people.join([2, 3], broken, position=1, now=500)
    assert people.times == [100, 500, 500, 900]
    people.board(3, after, position=1, opened=580, now=600)
    assert after.alighting == [0, 0, 1, 2]


def test_people_who_give_up_leave_at_once() -> None:
    people = queue(100, 200, 300)
    people.give_up(250)
    assert (people.gave_up, people.waiting(300)) == ([250, 250], 1)
