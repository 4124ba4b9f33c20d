"""The arguments of each tool, as pydantic models that check calls and give the JSON Schemas."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.interventions.bodies import Kind
from services.queries.parameters import GREATEST_LIMIT

LONGEST_TEXT = 1000
MOST_STOPS, DEFAULT_STOPS = 100, 10
DEFAULT_RECORDS = 100
DATA_TYPES = ("people_count", "sensors", "bus_position")

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
StopId = Annotated[Text, Field(description="A stop's id; find_stops finds it by name.", examples=["S001"])]
StopName = Annotated[
    Text, Field(description="A stop's id, or its name or a part of it.", examples=["S001", "Cibeles"])
]
BusId = Annotated[Text, Field(description="A bus's id, as in query_line_buses.", examples=["B001"])]
LineId = Annotated[Text, Field(description="A line's id, as in list_lines.", examples=["L1"])]
EntityId = Annotated[Text, Field(description="A stop's or a bus's id.", examples=["S001", "B001"])]
EntityType = Annotated[
    Literal["bus", "stop"], Field(description="Whose sensors; inferred from the id if absent.")
]
Mode = Annotated[
    Literal["latest", "historical"],
    Field(description="latest: the newest record, timestamp is ignored; historical: the one at timestamp."),
]
Timestamp = Annotated[
    Text,
    Field(
        description="ISO 8601, UTC without an offset: the newest record at or before it.",
        examples=["2026-03-02T08:30:00+01:00"],
    ),
]
Cursor = Annotated[Text, Field(description="The next_cursor of the previous page, with the same arguments.")]
NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)


def number_in(value: object) -> object:
    """Return the number in a text, as models often write numbers; 2.0 as 2; anything else unchanged."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str) or not NUMBER.fullmatch(value.strip()):
        return value
    found = float(value)
    return int(found) if found.is_integer() else found


Whole = Annotated[int, BeforeValidator(number_in)]
Number = Annotated[float, BeforeValidator(number_in)]
Limit = Annotated[
    Whole, Field(ge=1, le=GREATEST_LIMIT, description="The most records on a page.", examples=[100])
]
FewLimit = Annotated[
    Whole, Field(ge=1, le=MOST_STOPS, description="The most entries on a page.", examples=[DEFAULT_STOPS])
]


class ToolArguments(BaseModel):
    """The arguments of a tool. Other names, and values of other types, are refused; "2" counts as 2."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tz: (
        Annotated[
            Text,
            Field(
                description="An IANA time zone for the times in the result; else UTC.",
                examples=["Europe/Madrid"],
            ),
        ]
        | None
    ) = None


class PeopleCountArguments(ToolArguments):
    """The arguments of `query_people_count`."""

    stop_id: StopId
    mode: Mode | None = None
    timestamp: Timestamp | None = None


class SensorArguments(ToolArguments):
    """The arguments of `query_sensor_data`."""

    entity_id: EntityId
    entity_type: EntityType | None = None
    mode: Mode | None = None
    timestamp: Timestamp | None = None


class BusPositionArguments(ToolArguments):
    """The arguments of `query_bus_position`."""

    bus_id: BusId
    mode: Mode | None = None
    timestamp: Timestamp | None = None


class LineBusesArguments(ToolArguments):
    """The arguments of `query_line_buses`."""

    line_id: LineId
    mode: Annotated[Literal["latest"], Field(description="latest, the only mode.")] | None = None


class TimeRangeArguments(ToolArguments):
    """The arguments of `query_time_range`. Older clients send the data type as `entity_type`."""

    data_type: Annotated[
        Literal["people_count", "sensors", "bus_position"], Field(description="The stream to read.")
    ]
    entity_id: EntityId
    start_time: Annotated[
        Text, Field(description="Start of the range, ISO 8601.", examples=["2026-03-02T07:00:00Z"])
    ]
    end_time: Annotated[
        Text,
        Field(description="End of the range (exclusive), ISO 8601.", examples=["2026-03-02T07:30:00Z"]),
    ]
    entity_type: EntityType | None = None
    limit: Limit = DEFAULT_RECORDS
    cursor: Cursor | None = None

    @model_validator(mode="before")
    @classmethod
    def _entity_type_for_data_type(cls, given: object) -> object:
        if isinstance(given, dict) and "data_type" not in given and given.get("entity_type") in DATA_TYPES:
            return {("data_type" if name == "entity_type" else name): each for name, each in given.items()}
        return given


class FindStopsArguments(ToolArguments):
    """The arguments of `find_stops`."""

    name: Annotated[
        Text,
        Field(
            description="A name or part of one; case, accents and small typing errors don't matter.",
            examples=["Embajadores"],
        ),
    ]
    limit: FewLimit = DEFAULT_STOPS
    cursor: Cursor | None = None


class NearestStopsArguments(ToolArguments):
    """The arguments of `nearest_stops`."""

    latitude: Annotated[Number, Field(ge=-90, le=90, description="WGS84 degrees.", examples=[40.4168])]
    longitude: Annotated[Number, Field(ge=-180, le=180, description="WGS84 degrees.", examples=[-3.7038])]
    limit: FewLimit = DEFAULT_STOPS
    cursor: Cursor | None = None


class ListLinesArguments(ToolArguments):
    """The arguments of `list_lines`."""

    limit: FewLimit = MOST_STOPS
    cursor: Cursor | None = None


class NextArrivalsArguments(ToolArguments):
    """The arguments of `next_arrivals`."""

    stop: StopName
    limit: FewLimit = DEFAULT_STOPS


class PlanRideArguments(ToolArguments):
    """The arguments of `plan_ride`."""

    from_: Annotated[StopName, Field(alias="from")]
    to: StopName
    limit: FewLimit = DEFAULT_STOPS


class CompareArguments(ToolArguments):
    """The arguments of `compare`."""

    scenario: Annotated[
        Text,
        Field(
            description="The name of a shipped scenario; the error for an unknown one lists them.",
            examples=["closure", "strike"],
        ),
    ]


class LineStatusArguments(ToolArguments):
    """The arguments of `line_status`."""

    line_id: LineId
    stop_id: (
        Annotated[
            Text,
            Field(description="A stop of the line, to get the next arrivals there.", examples=["S009"]),
        ]
        | None
    ) = None


class InterveneArguments(ToolArguments):
    """The arguments of intervene."""

    kind: Annotated[Kind, Field(description="The kind of disruption.", examples=["breakdown"])]
    fields: Annotated[
        dict[str, object],
        Field(
            description="Its fields, as in scenario files. breakdown: bus, repair_min, at, stop. closure: "
            "line, between [stop, stop], detour_min or short_turn. slow_zone: line, between, speed_factor. "
            "closed_stop: stop. surge: stop, people_per_min, lines. strike: share, lines. weather: rain, "
            "temperature_c, humidity. control: how (none, terminals, headway). All but breakdown: from, to; "
            "times are ISO 8601 with a zone, or HH:MM in Madrid. Without from or at it begins at once.",
            examples=[{"bus": "B001", "repair_min": 20}],
        ),
    ]


class ListInterventionsArguments(ToolArguments):
    """The arguments of list_interventions."""


class EndInterventionArguments(ToolArguments):
    """The arguments of end_intervention."""

    intervention_id: Annotated[
        Text, Field(description="An intervention's id, as in list_interventions.", examples=["1"])
    ]
