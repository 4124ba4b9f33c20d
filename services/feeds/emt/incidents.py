"""Disruptions at a stop as EMT's API writes them, with the fields of EMT's call for incidents of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from google.transit.gtfs_realtime_pb2 import Alert

from services.feeds.emt.bodies import EmtCity
from services.feeds.gtfs_realtime.disruption_notices import Notice, notices
from services.feeds.gtfs_realtime.messages.alerts import periods_left
from services.queries.bodies import Body
from simulator.network import Line, Stop
from simulator.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class IncidentsWriter:
    """Writes the incidents of a scenario at an instant, in Spanish or English, with local times."""

    city: EmtCity
    scenario: Scenario
    now: datetime
    zone: ZoneInfo
    in_english: bool

    def body(self, stop: Stop, lines: Sequence[Line]) -> Body:
        """The field `Incident`: what disturbs the stop or these lines, and what is known to be ahead."""
        found = [
            self._incident(notice, lines)
            for notice in notices(self.scenario, self.city.network)
            if periods_left(notice, self.now) and concerns(notice, stop, lines)
        ]
        return {"ListaIncident": {"data": found}} if found else {}

    def _incident(self, notice: Notice, lines: Sequence[Line]) -> Body:
        """An incident. `rssAfectaHasta` is empty if its end isn't known."""
        period = periods_left(notice, self.now)[0]
        texts = [
            words.english if self.in_english else words.spanish for words in (notice.header, notice.text)
        ]
        named = [line for line in lines if line.line_id in notice.line_ids]
        begins = self._local(period.start_s)
        return {
            "guid": notice.name,
            "title": texts[0],
            "description": texts[1],
            "link": "",
            "category": [self.city.numbering.of_line[line.line_id].label for line in named],
            "pubDate": begins,
            "rssAfectaDesde": begins,
            "rssAfectaHasta": "" if period.end_s is None else self._local(period.end_s),
            "GoogleTransitCause": Alert.Cause.Name(notice.cause),
            "GoogleTransitEffect": Alert.Effect.Name(notice.effect),
        }

    def _local(self, seconds: int) -> str:
        """An instant as EMT's incidents have it: 03/03/2026 11:00:00."""
        return datetime.fromtimestamp(seconds, UTC).astimezone(self.zone).strftime("%d/%m/%Y %H:%M:%S")


def concerns(notice: Notice, stop: Stop, lines: Sequence[Line]) -> bool:
    """Whether a notice is about one of the lines, or without lines about the stop."""
    if notice.line_ids:
        return any(line.line_id in notice.line_ids for line in lines)
    return stop.stop_id in notice.stop_ids
