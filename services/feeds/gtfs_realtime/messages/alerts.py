"""`alerts`: the notices of the scenario that haven't ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from google.transit.gtfs_realtime_pb2 import EntitySelector, FeedMessage, TranslatedString

from services.feeds.gtfs_realtime.disruption_notices import Notice, Period, Words, notices
from services.feeds.gtfs_static.network_tables import AGENCY_ID
from services.gtfs_trips.ids import FeedIds
from simulator.network import Network
from simulator.scenario.scenario import Scenario

UNFORESEEN = ("breakdown", "surge")
"""Notices that are published when they begin; the others are known before."""


def add_alerts(
    message: FeedMessage, now: datetime, scenario: Scenario | None, network: Network, ids: FeedIds
) -> None:
    """Add the alerts of a scenario, None for none, to a message."""
    for notice in () if scenario is None else notices(scenario, network):
        left = periods_left(notice, now)
        if not left:
            continue
        entity = message.entity.add()
        entity.id = notice.name
        alert = entity.alert
        for period in left:
            alert.active_period.add(start=period.start_s, end=period.end_s)
        alert.informed_entity.extend(_entities(notice, network, ids))
        alert.cause, alert.effect = notice.cause, notice.effect
        alert.header_text.CopyFrom(_translated(notice.header))
        alert.description_text.CopyFrom(_translated(notice.text))


def periods_left(notice: Notice, now: datetime) -> list[Period]:
    """The periods of a notice that haven't ended; none of what couldn't be foreseen before it begins."""
    now_s = now.timestamp()
    return [
        period
        for period in notice.periods
        if (period.end_s is None or period.end_s > now_s)
        and (period.start_s <= now_s or not notice.name.startswith(UNFORESEEN))
    ]


def _entities(notice: Notice, network: Network, ids: FeedIds) -> Iterator[EntitySelector]:
    """What a notice concerns; stops that a line doesn't serve between those of a closure stay out."""
    stop_ids = [ids.stop[stop_id] for stop_id in notice.stop_ids]
    if not notice.line_ids:
        yield from (EntitySelector(stop_id=stop_id) for stop_id in stop_ids)
        return
    if set(notice.line_ids) == set(network.line) and len(notice.line_ids) > 1:
        yield EntitySelector(agency_id=AGENCY_ID)
        return
    for line_id in notice.line_ids:
        route_id = ids.route[line_id]
        yield EntitySelector(route_id=route_id)
        yield from (EntitySelector(route_id=route_id, stop_id=stop_id) for stop_id in stop_ids)


def _translated(words: Words) -> TranslatedString:
    translations = (("es", words.spanish), ("en", words.english))
    return TranslatedString(
        translation=[TranslatedString.Translation(language=name, text=text) for name, text in translations]
    )
