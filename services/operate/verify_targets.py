"""The stop, bus and line that a verification requests: those given, or the first that are listed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from services.operate.api_client import ApiClient, CheckFailed
from services.queries.network_bodies import BusesPage, LinesPage, StopsPage

Page = TypeVar("Page", StopsPage, BusesPage, LinesPage)


@dataclass(frozen=True, slots=True)
class Targets:
    """The ids to request; for None, the first one that the simulator lists."""

    stop_id: str | None = None
    bus_id: str | None = None
    line_id: str | None = None


class FoundTargets:
    """The ids to request from one simulator, looked up when a check first needs them.

    Properties raise `CheckFailed` if the simulator lists nothing.
    """

    def __init__(self, client: ApiClient, given: Targets) -> None:
        self._client, self._given = client, given

    @cached_property
    def stop_id(self) -> str:
        """The stop, by default the first of `/stops`."""
        return self._given.stop_id or self._first("/stops", StopsPage).items[0].stop_id

    @cached_property
    def bus_id(self) -> str:
        """The bus, by default the first of `/buses`."""
        return self._given.bus_id or self._first("/buses", BusesPage).items[0].bus_id

    @cached_property
    def line_id(self) -> str:
        """The line, by default the first of `/lines`."""
        return self._given.line_id or self._first("/lines", LinesPage).items[0].line_id

    def _first(self, path: str, model: type[Page]) -> Page:
        page = self._client.request(f"{path}?limit=1").expect(200).body(model)
        if not page.items:
            raise CheckFailed(f"{path}: the network has none")
        return page
