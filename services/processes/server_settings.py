"""The settings of a server over a shared store, and how a command's options become settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from services.access.rate_limits import Limits, limits_for
from services.processes.process_setup import ProcessSettings
from services.settings import SUBSCRIPTIONS_TABLE, Settings


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where to listen, who may make how many requests, and where new positions come from.

    With a `connections_table` the WebSocket connections are written there, and their lines into
    `subscriptions_table`. The fields of `emt` and `map_tiles` are those of
    `services.settings.Settings`.
    """

    host: str
    port: int
    rate_limit: float | None
    daily_limit: int | None
    key_refresh: timedelta
    secret_id: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    queue: str | None = None
    connections_table: str | None = None
    subscriptions_table: str = SUBSCRIPTIONS_TABLE
    clock_control: bool = False
    control: bool = False
    with_status_line: bool = True
    emt_port: int | None = None
    emt_cert: Path | None = None
    emt_key: Path | None = None
    map_tiles: str | None = None
    map_tiles_credit: str = ""

    @property
    def limits(self) -> Limits:
        """The limits of each key."""
        return limits_for(self.host, rate_per_s=self.rate_limit, per_day=self.daily_limit)


class ServerOptions(NamedTuple):
    """A command's options, as settings of any process and of a server."""

    process: ProcessSettings
    server: ServerSettings


def server_options(chosen: Mapping[str, Any]) -> ServerOptions:
    """The settings that a command's options make."""
    process, server = (
        {field.name: chosen[field.name] for field in fields(kind) if field.name in chosen}
        for kind in (ProcessSettings, ServerSettings)
    )
    return ServerOptions(ProcessSettings(**process), ServerSettings(**server))


def server_options_of_run(
    settings: Settings, key_refresh: timedelta, *, with_status_line: bool
) -> ServerOptions:
    """The settings that `run` would have, for a server over a store that others fill."""
    chosen = {field.name: getattr(settings, field.name) for field in fields(settings)}
    network = None if settings.network is None else str(settings.network)
    own = {"network": network, "key_refresh": key_refresh, "with_status_line": with_status_line}
    return server_options({**chosen, **own})
