"""Bodies have exactly the fields that OpenAPI describes."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from services.queries import bodies
from services.queries.bodies import Body
from tests.services.fakes import NETWORK, NOW
from tests.storage.records import count, position, reading

BODIES: list[tuple[type[BaseModel], Body]] = [
    (bodies.PeopleCountBody, bodies.people_count_body(count(NOW))),
    (bodies.StopSensorsBody, bodies.sensors_body(reading(NOW, "S001"))),
    (bodies.BusSensorsBody, bodies.sensors_body(reading(NOW, "B001"))),
    (bodies.BusPositionBody, bodies.bus_position_body(position(NOW), NETWORK)),
    (bodies.LineBody, bodies.line_body("L1", [position(NOW)], NETWORK)),
]


@pytest.mark.parametrize(("model", "body"), BODIES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_body_has_exactly_the_fields_of_its_model(model: type[BaseModel], body: Body) -> None:
    assert model.model_validate(body, strict=True).model_dump() == body


def test_a_position_has_the_capacity_of_its_bus() -> None:
    assert bodies.bus_position_body(position(NOW), NETWORK)["capacity"] == 60


def test_a_bus_that_the_network_no_longer_has_has_neither_capacity_nor_bearing() -> None:
    body = bodies.bus_position_body(position(NOW, "B999", line_id="L99"), NETWORK)
    assert (body["capacity"], body["bearing"]) == (None, None)
