"""Bodies have exactly the fields that OpenAPI describes."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from services.queries import bodies
from services.queries.bodies import Body
from storage.schema import BusPosition
from tests.services.fakes import NOW
from tests.storage.records import count, position, reading

BODIES: list[tuple[type[BaseModel], Body]] = [
    (bodies.PeopleCountBody, bodies.people_count_body(count(NOW))),
    (bodies.StopSensorsBody, bodies.sensors_body(reading(NOW, "S001"))),
    (bodies.BusSensorsBody, bodies.sensors_body(reading(NOW, "B001"))),
    (bodies.BusPositionBody, bodies.bus_position_body(position(NOW))),
    (bodies.LineBody, bodies.line_body("L1", [position(NOW)])),
]


@pytest.mark.parametrize(("model", "body"), BODIES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_body_has_exactly_the_fields_of_its_model(model: type[BaseModel], body: Body) -> None:
    assert model.model_validate(body, strict=True).model_dump() == body


def test_a_position_body_leaves_internal_fields_out() -> None:
    assert "trip_id" in BusPosition.__slots__
    assert "trip_id" not in bodies.bus_position_body(position(NOW))
