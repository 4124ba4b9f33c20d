from simulator.day.fleet import Duty, buses, buses_needed, sources


def test_the_fleet_is_the_fewest_buses_that_run_every_trip_on_time() -> None:
    def there_and_back(count: int) -> list[Duty]:
        return [Duty(600 * i, i % 2, 600 * i + 1500, 1 - i % 2) for i in range(count)]

    assert buses_needed(there_and_back(2)) == (1, 1)
    assert buses_needed(there_and_back(20)) == (2, 1)
    assert buses_needed([Duty(100, 0, 500, 0), Duty(500, 0, 900, 0)]) == (1, 0)
    assert buses_needed([]) == (0, 0)


def test_buses_come_from_the_other_terminal_only_where_there_are_too_few() -> None:
    duties = [Duty(3600, 0, 5000, 1), Duty(4000, 1, 5400, 0), Duty(6000, 1, 7400, 0)]
    assert sources(duties, (1, 1), 900) == [0, 1, 1]
    assert sources(duties, (2, 0), 900) == [0, 0, 1]
    assert sources(duties, (1, 0), 900) == [0, 1, 0]


def test_buses_depart_in_the_order_of_their_names_at_each_terminal() -> None:
    made = buses(["B1", "B2", "B3", "B4"], (3, 1), 90)
    assert [bus.initial_position for bus in made] == [0.3333, 0.1667, 0.0, 0.5]
