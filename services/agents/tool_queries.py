"""The query of each tool: arguments in, a `ToolQuery` over `services.queries` out.

Only interventions change anything. Where an id is unknown, or nothing is stored yet, the output is empty with
a hint instead of an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from services.agents import tool_bodies, tool_hints
from services.agents.tool import ToolOutput, ToolQuery
from services.agents.tool_arguments import (
    BusPositionArguments,
    EndInterventionArguments,
    FindStopsArguments,
    InterveneArguments,
    LineBusesArguments,
    LineStatusArguments,
    ListInterventionsArguments,
    ListLinesArguments,
    NearestStopsArguments,
    PeopleCountArguments,
    SensorArguments,
    TimeRangeArguments,
)
from services.context import Context
from services.errors import BadRequest, NoData, UnknownEntity, clipped
from services.interventions.bodies import intervention_body
from services.interventions.control import InterventionControl
from services.queries import bodies, name_search, parameters, stream_queries
from services.queries.line_status import line_status, without_trips
from services.queries.network_bodies import stop_item
from services.queries.stream_queries import EntityStream
from services.transit.arrivals import passing_trips
from simulator.network import Network
from storage.cursor import seal
from storage.schema import Record, Stream
from storage.store import Reader

STREAMS: Mapping[str, tuple[Stream, str | None]] = {
    "people_count": (Stream.PEOPLE_COUNT, "stop"),
    "sensors": (Stream.SENSOR_DATA, None),
    "bus_position": (Stream.BUS_POSITION, "bus"),
}
"""The stream of each `data_type`, and whose records it has; None where both stops and buses have some."""


def people_count(context: Context, given: PeopleCountArguments) -> ToolQuery:
    """Query `people_count` for one stop."""
    time = _moment(given.mode, given.timestamp)
    return _one(context, partial(stream_queries.people_count, stop_id=given.stop_id), given.stop_id, time)


def sensor_data(context: Context, given: SensorArguments) -> ToolQuery:
    """Query `sensor_data` for one stop or bus."""
    time = _moment(given.mode, given.timestamp)
    kind = _entity_type(context.network, given.entity_id, given.entity_type)
    find = partial(stream_queries.sensors, entity_type=kind, entity_id=given.entity_id)
    return _one(context, find, given.entity_id, time)


def bus_position(context: Context, given: BusPositionArguments) -> ToolQuery:
    """Query `bus_position` for one bus."""
    time = _moment(given.mode, given.timestamp)
    return _one(context, partial(stream_queries.bus_position, bus_id=given.bus_id), given.bus_id, time)


def line_buses(context: Context, given: LineBusesArguments) -> ToolQuery:
    """Query the newest position of each bus of a line."""

    def find(store: Reader) -> ToolOutput:
        found = stream_queries.line_positions(
            store, context.network, line_id=given.line_id, now=context.now()
        )
        return ToolOutput([bodies.bus_position_body(position, context.network) for position in found])

    return ToolQuery(_hinting(context.network, given.line_id, find), recent=True)


def time_range(context: Context, given: TimeRangeArguments) -> ToolQuery:
    """Query a page of one entity's records in [start_time, end_time)."""
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
        items = [bodies.record_body(record, context.network) for record in page.records]
        return ToolOutput(items, page.next_cursor, None if items else tool_hints.EMPTY_RANGE)

    return ToolQuery(_hinting(context.network, given.entity_id, find))


def find_stops(context: Context, given: FindStopsArguments) -> ToolQuery:
    """Search stops by name. Pages are offsets into the matches, best first."""
    network, after = context.network, _offset(given.cursor, "find_stops", given.name)

    def find(_store: Reader) -> ToolOutput:
        found = name_search.find_stops(network, name=given.name)
        items = [stop_item(network, stop) for stop in found[after : after + given.limit]]
        cursor = _next_offset(after + given.limit, len(found), "find_stops", given.name)
        return ToolOutput(items, cursor, None if found else tool_hints.no_such_stop(given.name))

    return ToolQuery(find)


def nearest_stops(context: Context, given: NearestStopsArguments) -> ToolQuery:
    """Order the stops by distance from a place. Pages are offsets into that order."""
    network, place = context.network, ("nearest_stops", f"{given.latitude} {given.longitude}")
    after = _offset(given.cursor, *place)

    def find(_store: Reader) -> ToolOutput:
        found = name_search.nearest_stops(network, latitude=given.latitude, longitude=given.longitude)
        items = [tool_bodies.near_stop_item(network, near) for near in found[after : after + given.limit]]
        return ToolOutput(items, _next_offset(after + given.limit, len(found), *place))

    return ToolQuery(find)


def list_lines(context: Context, given: ListLinesArguments) -> ToolQuery:
    """List the lines by id, a page at a time."""
    network, after = context.network, parameters.open_cursor(given.cursor, "list_lines")

    def find(_store: Reader) -> ToolOutput:
        page, last = stream_queries.page_by_name(
            network.lines, lambda line: line.line_id, limit=given.limit, after=after
        )
        cursor = None if last is None else seal(last, "list_lines")
        return ToolOutput([tool_bodies.line_summary(network, line) for line in page], cursor)

    return ToolQuery(find)


def status_of_line(context: Context, given: LineStatusArguments) -> ToolQuery:
    """Query how both directions of a line run now."""
    network = context.network

    def find(store: Reader) -> ToolOutput:
        found = line_status(store, network, line_id=given.line_id, stop_id=given.stop_id, now=context.now())
        if given.stop_id is not None and context.closures.has_any:
            outlook = context.outlook(store)
            passing = passing_trips(outlook, network.line[given.line_id], stop_id=given.stop_id)
            found = without_trips(found, passing)
        return ToolOutput([tool_bodies.direction_status_item(network, each) for each in found])

    return ToolQuery(_hinting(network, given.line_id, find))


def _moment(mode: str | None, timestamp: str | None) -> datetime | None:
    """Return the time to read at, None for the latest. Without mode and timestamp it is the latest."""
    if mode == "historical" and timestamp is None:
        raise BadRequest("mode 'historical' needs a timestamp, to return the newest record at or before it")
    return None if mode == "latest" or timestamp is None else parameters.parse_time("timestamp", timestamp)


def _entity_type(network: Network, entity_id: str, given: str | None) -> str:
    """Return the given `bus` or `stop`, else the type that has this id, `stop` if neither has it."""
    if given is not None:
        return given
    if entity_id in network.stop and entity_id in network.line_of_bus:
        raise BadRequest(f"{clipped(entity_id)} is both a stop and a bus: choose with entity_type")
    return "bus" if entity_id in network.line_of_bus else "stop"


def _one(context: Context, find: Callable[..., Record], entity_id: str, time: datetime | None) -> ToolQuery:
    """Query one record by `find`."""

    def found(store: Reader) -> ToolOutput:
        record = find(store, context.network, time=time, now=context.now())
        return ToolOutput([bodies.record_body(record, context.network)])

    return ToolQuery(_hinting(context.network, entity_id, found), recent=time is None)


def _hinting(
    network: Network, entity_id: str, find: Callable[[Reader], ToolOutput]
) -> Callable[[Reader], ToolOutput]:
    """Turn `UnknownEntity` and `NoData` of `find` into an empty output with a hint."""

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


def intervene(context: Context, given: InterveneArguments) -> ToolQuery:
    """Disturb the running city."""
    control = controlled(context)

    def make(_store: Reader) -> ToolOutput:
        made = control.intervene({given.kind: given.fields})
        return ToolOutput([intervention_body(made, context.now())])

    return ToolQuery(make)


def list_interventions(context: Context, _given: ListInterventionsArguments) -> ToolQuery:
    """Query the journal."""

    def find(_store: Reader) -> ToolOutput:
        found = [intervention_body(entry, context.now()) for entry in context.store.journal()]
        return ToolOutput(found, hint=None if found else "Nothing has been disturbed so far.")

    return ToolQuery(find)


def end_intervention(context: Context, given: EndInterventionArguments) -> ToolQuery:
    """End an intervention."""
    control = controlled(context)
    return ToolQuery(
        lambda _: ToolOutput([intervention_body(control.end(given.intervention_id), context.now())])
    )


def controlled(context: Context) -> InterventionControl:
    """The control of the city. Raises `BadRequest` without one."""
    if context.interventions is None:
        raise BadRequest("This city can't be disturbed: it runs without --control")
    return context.interventions
