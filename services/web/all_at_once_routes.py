"""The routes of all stops or all buses at once: at a tick, serialised once, or over a range."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from services.context import Context
from services.queries import all_at_once, bodies, parameters
from services.queries.all_at_once import Entities, Tick
from services.queries.bodies import Body
from services.queries.filters import Filters, check_filters, parse_filters
from services.queries.memory_reader import MemoryReader, NotInMemory
from services.queries.parameters import Format
from services.queries.stream_queries import EntityStream
from services.times import format_instant
from services.web.formats import record_pages
from services.web.formats.content_codings import CodedBody
from services.web.formats.record_pages import FIELDS
from services.web.formats.tables import MEDIA_TYPES, csv_bytes, geojson_bytes, parquet_bytes
from services.web.formats.tagged_response import TaggedResponse, cache_control
from services.web.handlers import StoreQuery, json_bytes, query_parameters
from simulator.network import Network
from storage.store import Reader

Wanted: TypeAlias = tuple[Filters, Format]
"""What decides an answer besides the tick."""

MOST_ANSWERS = 64
"""Answers of the newest tick that are kept, one for each set of filters and format."""
FORMATS: Sequence[Format] = ("json", "csv", "parquet", "geojson")
WITHOUT_PLACE: Sequence[Format] = ("json", "csv", "parquet")


@dataclass(slots=True)
class TickBodies:
    """The bodies of a tick's records, made once, and the answers made of them."""

    tick: Tick
    network: Network
    items: list[Body] = field(init=False)
    answers: dict[Wanted, CodedBody] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.items = [bodies.record_body(record, self.network) for record in self.tick.records]

    def coded(self, places: Sequence[int], written: Format) -> CodedBody:
        """Write the bodies at some places."""
        return CodedBody(self._bytes(places, written), MEDIA_TYPES[written])

    def _bytes(self, places: Sequence[int], written: Format) -> bytes:
        chosen = [self.items[place] for place in places]
        if written == "json":
            return json_bytes(bodies.list_body(self.tick.time, chosen))
        if written == "geojson":
            return geojson_bytes(chosen, self.network, {"time": format_instant(self.tick.time)})
        fields = FIELDS[self.tick.of.stream, self.tick.of.kind]
        return csv_bytes(chosen, fields) if written == "csv" else parquet_bytes(chosen, fields)


class AllAtOnce:
    """Answers requests for all entities of a kind. Threads may share it."""

    def __init__(self, context: Context, of: Entities) -> None:
        self._context, self._of = context, of
        self._formats = WITHOUT_PLACE if of.have_sensors else FORMATS
        self._newest: TickBodies | None = None
        self._making = threading.Lock()

    def prepare(self, request: Request) -> StoreQuery:
        """Prepare the answer at a tick, or a page of a range."""
        query = query_parameters(request)
        filters = parse_filters(query)
        written = parameters.format_of(query, self._formats)
        if parameters.is_range(query):
            return self._range(query, filters, written)
        time = parameters.requested_time(query.get("mode"), query.get("timestamp"))
        return StoreQuery(lambda store: self._at(store, time, (filters, written)), recent=True)

    def _at(self, store: Reader, time: datetime | None, wanted: Wanted) -> Response:
        clock = self._context.clock
        tick = all_at_once.tick_time(store, self._of, time=time, now=clock.now())
        coded = self._kept(tick, wanted) or self._made(store, tick, wanted)
        return TaggedResponse(coded, cache_control(tick, self._of.cadence, clock, is_latest=time is None))

    def _kept(self, tick: datetime, wanted: Wanted) -> CodedBody | None:
        newest = self._newest
        return newest.answers.get(wanted) if newest is not None and newest.tick.time == tick else None

    def _made(self, store: Reader, tick: datetime, wanted: Wanted) -> CodedBody:
        """Make an answer, and keep it if its tick is the newest. Those who ask meanwhile wait for it."""
        if isinstance(store, MemoryReader):
            raise NotInMemory
        with self._making:
            made = self._newest
            if made is None or made.tick.time != tick:
                made = TickBodies(all_at_once.read_tick(store, self._of, tick), self._context.network)
                if self._newest is None or self._newest.tick.time < tick or not self._is_current():
                    self._newest = made
            if wanted not in made.answers:
                filters, written = wanted
                places = all_at_once.places(store, self._context.network, made.tick, filters)
                while len(made.answers) >= MOST_ANSWERS:
                    made.answers.pop(next(iter(made.answers)))
                made.answers[wanted] = made.coded(places, written)
            return made.answers[wanted]

    def _is_current(self) -> bool:
        """Whether the kept tick isn't ahead of a clock that was moved back."""
        return self._newest is not None and self._newest.tick.time <= self._context.now()

    def _range(self, query: Mapping[str, str], filters: Filters, written: Format) -> StoreQuery:
        network, of = self._context.network, self._of
        selection = all_at_once.selection_of(network, of, filters)
        many = EntityStream(of.stream, of.kind, "" if selection is None else selection.text)
        wanted = parameters.range_of(query, many)

        def respond(store: Reader) -> Response:
            check_filters(filters, network)
            page = all_at_once.records_of_many(store, of, selection, wanted=wanted, now=self._context.now())
            items = [bodies.record_body(record, network) for record in page.records]
            fields = FIELDS[of.stream, of.kind]
            return record_pages.record_page(items, page.next_cursor, fields, written, network)

        return StoreQuery(respond)
