"""Bodies are what the API's description says, field for field."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from services import schemas
from services.schemas import Body
from storage.schema import BusPosition
from tests.services.fakes import NOW
from tests.storage.records import count, position, reading

BODIES: list[tuple[type[BaseModel], Body]] = [
    (schemas.PeopleCountBody, schemas.people_count_body(count(NOW))),
    (schemas.StopSensorsBody, schemas.sensors_body(reading(NOW, "S001"))),
    (schemas.BusSensorsBody, schemas.sensors_body(reading(NOW, "B001"))),
    (schemas.BusPositionBody, schemas.bus_position_body(position(NOW))),
    (schemas.LineBody, schemas.line_body("L1", [position(NOW)])),
]


@pytest.mark.parametrize(("model", "body"), BODIES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_body_has_exactly_its_models_fields(model: type[BaseModel], body: Body) -> None:
    assert model.model_validate(body, strict=True).model_dump() == body


def test_a_position_keeps_what_is_ours_out() -> None:
    assert "trip_id" in BusPosition.__slots__
    assert "trip_id" not in schemas.bus_position_body(position(NOW))
