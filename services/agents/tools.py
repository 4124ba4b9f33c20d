"""The tools that agents are given: what each is called, takes and answers, and which use case it asks.

They hold no logic of their own and know no transport. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from services.agents import tool_bodies, tool_hints
from services.agents.tool_schemas import (
    AnyRecordItem,
    Arguments,
    BusPositionArguments,
    DirectionStatusItem,
    FindStopsArguments,
    LineBusesArguments,
    LineStatusArguments,
    LineSummary,
    ListLinesArguments,
    NearestStopsArguments,
    NearStopItem,
    PeopleCountArguments,
    SensorArguments,
    SensorsItem,
    TimeRangeArguments,
    input_schema,
    output_schema,
)
from services.context import Context
from services.errors import BadRequest, NoData, UnknownEntity, clipped
from services.queries import bodies, name_search, parameters, stream_queries
from services.queries.bodies import Body, BusPositionBody, PeopleCountBody
from services.queries.line_status import line_status
from services.queries.network_bodies import StopItem, stop_item
from services.queries.stream_queries import EntityStream
from simulator.network import Network
from storage.cursor import seal
from storage.schema import Record, Stream
from storage.store import Reader

Item = TypeVar("Item")

STREAMS: Mapping[str, tuple[Stream, str | None]] = {
    "people_count": (Stream.PEOPLE_COUNT, "stop"),
    "sensors": (Stream.SENSOR_DATA, None),
    "bus_position": (Stream.BUS_POSITION, "bus"),
}
"""The stream of a data type, and whose records it has; None: a stop's or a bus's."""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool has found: entries, the cursor of what follows, something to say."""

    items: Sequence[Body] = ()
    next_cursor: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ToolQuery:
    """What a call comes to. `recent` says that the answer may be in memory."""

    find: Callable[[Reader], ToolOutput]
    recent: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `prepare` checks what the arguments' types don't say (`BadRequest`) and gives the question.

    `item` is the model of an entry of its answer.
    """

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    item: Any
    prepare: Callable[[Context, Any], ToolQuery]

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        return input_schema(self.arguments)

    @property
    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of its answer."""
        return output_schema(self.item)


def people_count(context: Context, given: PeopleCountArguments) -> ToolQuery:
    """See `queries.people_count`."""
    time = _moment(given.mode, given.timestamp)
    return _one(context, partial(stream_queries.people_count, stop_id=given.stop_id), given.stop_id, time)


def sensor_data(context: Context, given: SensorArguments) -> ToolQuery:
    """See `queries.sensors`."""
    time = _moment(given.mode, given.timestamp)
    kind = _entity_type(context.network, given.entity_id, given.entity_type)
    find = partial(stream_queries.sensors, entity_type=kind, entity_id=given.entity_id)
    return _one(context, find, given.entity_id, time)


def bus_position(context: Context, given: BusPositionArguments) -> ToolQuery:
    """See `queries.bus_position`."""
    time = _moment(given.mode, given.timestamp)
    return _one(context, partial(stream_queries.bus_position, bus_id=given.bus_id), given.bus_id, time)


def line_buses(context: Context, given: LineBusesArguments) -> ToolQuery:
    """See `queries.line_positions`."""

    def find(store: Reader) -> ToolOutput:
        found = stream_queries.line_positions(
            store, context.network, line_id=given.line_id, now=context.now()
        )
        return ToolOutput([bodies.bus_position_body(position) for position in found])

    return ToolQuery(_hinting(context.network, given.line_id, find), recent=True)


def time_range(context: Context, given: TimeRangeArguments) -> ToolQuery:
    """See `queries.records`."""
    stream, only_kind = STREAMS[given.data_type]
    kind = only_kind or _entity_type(context.network, given.entity_id, given.entity_type)
    start = parameters.parse_time("start_time", given.start_time)
    end = parameters.parse_time("end_time", given.end_time)
    if start > end:
        raise BadRequest(
            f"Invalid range: start_time {clipped(given.start_time)} "
            f"is after end_time {clipped(given.end_time)}"
        )
    of = EntityStream(stream, kind, given.entity_id)
    wanted = parameters.page_request(of, start, end, limit=given.limit, cursor=given.cursor)

    def find(store: Reader) -> ToolOutput:
        page = stream_queries.records(store, context.network, of=of, wanted=wanted, now=context.now())
        items = [bodies.record_body(record) for record in page.records]
        return ToolOutput(items, page.next_cursor, None if items else tool_hints.EMPTY_RANGE)

    return ToolQuery(_hinting(context.network, given.entity_id, find))


def find_stops(context: Context, given: FindStopsArguments) -> ToolQuery:
    """See `finding.find_stops`."""
    network, after = context.network, _offset(given.cursor, "find_stops", given.name)

    def find(_store: Reader) -> ToolOutput:
        found = name_search.find_stops(network, name=given.name)
        items = [stop_item(network, stop) for stop in found[after : after + given.limit]]
        cursor = _next_offset(after + given.limit, len(found), "find_stops", given.name)
        return ToolOutput(items, cursor, None if found else tool_hints.no_such_stop(given.name))

    return ToolQuery(find)


def nearest_stops(context: Context, given: NearestStopsArguments) -> ToolQuery:
    """See `finding.nearest_stops`."""
    network, place = context.network, ("nearest_stops", f"{given.latitude} {given.longitude}")
    after = _offset(given.cursor, *place)

    def find(_store: Reader) -> ToolOutput:
        found = name_search.nearest_stops(network, latitude=given.latitude, longitude=given.longitude)
        items = [tool_bodies.near_stop_item(network, near) for near in found[after : after + given.limit]]
        return ToolOutput(items, _next_offset(after + given.limit, len(found), *place))

    return ToolQuery(find)


def list_lines(context: Context, given: ListLinesArguments) -> ToolQuery:
    """See `stream_queries.page_by_name`."""
    network, after = context.network, parameters.open_cursor(given.cursor, "list_lines")

    def find(_store: Reader) -> ToolOutput:
        page, last = stream_queries.page_by_name(
            network.lines, lambda line: line.line_id, limit=given.limit, after=after
        )
        cursor = None if last is None else seal(last, "list_lines")
        return ToolOutput([tool_bodies.line_summary(network, line) for line in page], cursor)

    return ToolQuery(find)


def status_of_line(context: Context, given: LineStatusArguments) -> ToolQuery:
    """See `line_status`."""
    network = context.network

    def find(store: Reader) -> ToolOutput:
        found = line_status(store, network, line_id=given.line_id, stop_id=given.stop_id, now=context.now())
        return ToolOutput([tool_bodies.direction_status_item(network, each) for each in found])

    return ToolQuery(_hinting(network, given.line_id, find))


def _moment(mode: str | None, timestamp: str | None) -> datetime | None:
    """The instant asked for, None for the latest, which is what is meant where nothing is said."""
    if mode == "historical" and timestamp is None:
        raise BadRequest("mode 'historical' needs a timestamp: the newest at or before it is answered")
    return None if mode == "latest" or timestamp is None else parameters.parse_time("timestamp", timestamp)


def _entity_type(network: Network, entity_id: str, given: str | None) -> str:
    """`bus` or `stop`: the one that is given, else the one whose id it is; `stop` for what is neither."""
    if given is not None:
        return given
    if entity_id in network.stop and entity_id in network.line_of_bus:
        raise BadRequest(f"{clipped(entity_id)} is a stop and a bus: say which with entity_type")
    return "bus" if entity_id in network.line_of_bus else "stop"


def _one(context: Context, find: Callable[..., Record], entity_id: str, time: datetime | None) -> ToolQuery:
    """One record, which a query finds."""

    def found(store: Reader) -> ToolOutput:
        record = find(store, context.network, time=time, now=context.now())
        return ToolOutput([bodies.record_body(record)])

    return ToolQuery(_hinting(context.network, entity_id, found), recent=time is None)


def _hinting(
    network: Network, entity_id: str, find: Callable[[Reader], ToolOutput]
) -> Callable[[Reader], ToolOutput]:
    """What is found; where there is nothing, what to do next instead of an error."""

    def found(store: Reader) -> ToolOutput:
        try:
            return find(store)
        except UnknownEntity as error:
            return ToolOutput(hint=tool_hints.unknown(network, entity_id, error))
        except NoData as error:
            return ToolOutput(hint=tool_hints.no_data(error))

    return found


def _offset(cursor: str | None, *place: str) -> int:
    return int(parameters.open_cursor(cursor, *place) or 0)


def _next_offset(reached: int, count: int, *place: str) -> str | None:
    return seal(str(reached), *place) if reached < count else None


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "query_people_count",
            "People at a stop",
            "How many people wait at a bus stop: now, or at a time in the past.",
            PeopleCountArguments,
            PeopleCountBody,
            people_count,
        ),
        Tool(
            "query_sensor_data",
            "Sensors of a bus or stop",
            "Temperature (°C) and humidity (%) at a stop or in a bus, of a bus also CO2 (ppm) and whether "
            "its doors are open: now, or at a time in the past.",
            SensorArguments,
            SensorsItem,
            sensor_data,
        ),
        Tool(
            "query_bus_position",
            "Where a bus is",
            "Where a bus is, how many people are aboard, its next stop and how far that is (m along the "
            "route), its speed (km/h) and direction: now, or at a time in the past.",
            BusPositionArguments,
            BusPositionBody,
            bus_position,
        ),
        Tool(
            "query_line_buses",
            "Where a line's buses are",
            "The newest position of each bus of a line. For loads, gaps and what comes next use line_status.",
            LineBusesArguments,
            BusPositionBody,
            line_buses,
        ),
        Tool(
            "query_time_range",
            "Records over a time",
            "The records of one stop or bus over a time, oldest first, a page at a time.",
            TimeRangeArguments,
            AnyRecordItem,
            time_range,
        ),
        Tool(
            "find_stops",
            "Find stops by name",
            "The stops with a name like this, the most alike first, with their ids, places and lines.",
            FindStopsArguments,
            StopItem,
            find_stops,
        ),
        Tool(
            "nearest_stops",
            "Stops near a place",
            "The stops by their distance (m) from a place.",
            NearestStopsArguments,
            NearStopItem,
            nearest_stops,
        ),
        Tool(
            "list_lines",
            "The lines",
            "The lines with their ids, names and where they go. What people call the 27 is part of a line's "
            "name, its id is another.",
            ListLinesArguments,
            LineSummary,
            list_lines,
        ),
        Tool(
            "line_status",
            "How a line runs now",
            "How a line runs now, in each direction: its buses and how full they are, the headways between "
            "them, which are bunched, how many people are at its stops; with stop_id also which buses come "
            "there next, when, and how full.",
            LineStatusArguments,
            DirectionStatusItem,
            status_of_line,
        ),
    )
}
"""The tools by name."""
