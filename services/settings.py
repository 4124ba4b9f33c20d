"""Settings from environment variables. No other module reads the environment.

Every option of the command line has a variable `BUS_SIMULATOR_…`; the names after it are those of older
deployments, which are read if the first is not set.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

MCP_PATH = "/mcp"
"""The path at which all servers speak MCP."""

VARIABLES: dict[str, tuple[str, ...]] = {
    "network": ("BUS_SIMULATOR_NETWORK", "CONFIG_FILE"),
    "seed": ("BUS_SIMULATOR_SEED",),
    "scenario": ("BUS_SIMULATOR_SCENARIO",),
    "store": ("BUS_SIMULATOR_STORE",),
    "speed": ("BUS_SIMULATOR_SPEED",),
    "port": ("BUS_SIMULATOR_PORT",),
    "host": ("BUS_SIMULATOR_HOST",),
    "at": ("BUS_SIMULATOR_AT",),
    "backfill": ("BUS_SIMULATOR_BACKFILL",),
    "jobs": ("BUS_SIMULATOR_JOBS",),
    "continue_with_new_inputs": ("BUS_SIMULATOR_CONTINUE_WITH_NEW_INPUTS",),
    "log_level": ("BUS_SIMULATOR_LOG_LEVEL", "LOG_LEVEL"),
    "log_format": ("BUS_SIMULATOR_LOG_FORMAT",),
    "log_file": ("BUS_SIMULATOR_LOG_FILE",),
    "clock_control": ("BUS_SIMULATOR_CLOCK_CONTROL",),
    "as_scenario": ("BUS_SIMULATOR_AS_SCENARIO",),
    "intervention_file": ("BUS_SIMULATOR_INTERVENTION_FILE",),
    "intervention_end": ("BUS_SIMULATOR_INTERVENTION_END",),
    "control": ("BUS_SIMULATOR_CONTROL",),
    "paused": ("BUS_SIMULATOR_PAUSED",),
    "stdio": ("BUS_SIMULATOR_STDIO",),
    "url": ("BUS_SIMULATOR_URL",),
    "group": ("BUS_SIMULATOR_GROUP",),
    "allowed_hosts": ("BUS_SIMULATOR_ALLOWED_HOSTS",),
    "rate_limit": ("BUS_SIMULATOR_RATE_LIMIT",),
    "daily_limit": ("BUS_SIMULATOR_DAILY_LIMIT",),
    "key_refresh": ("BUS_SIMULATOR_KEY_REFRESH",),
    "days": ("BUS_SIMULATOR_DAYS",),
    "start": ("BUS_SIMULATOR_START",),
    "end": ("BUS_SIMULATOR_END",),
    "json": ("BUS_SIMULATOR_JSON",),
    "realism": ("BUS_SIMULATOR_REALISM",),
    "by_line": ("BUS_SIMULATOR_BY_LINE",),
    "hours": ("BUS_SIMULATOR_HOURS",),
    "charts": ("BUS_SIMULATOR_CHARTS",),
    "stream": ("BUS_SIMULATOR_STREAM",),
    "format": ("BUS_SIMULATOR_FORMAT",),
    "output": ("BUS_SIMULATOR_OUTPUT",),
    "date": ("BUS_SIMULATOR_DATE",),
    "routes": ("BUS_SIMULATOR_ROUTES",),
    "route_types": ("BUS_SIMULATOR_ROUTE_TYPES",),
    "cluster": ("BUS_SIMULATOR_CLUSTER",),
    "iceberg": ("BUS_SIMULATOR_ICEBERG",),
    "postgres_folder": ("BUS_SIMULATOR_POSTGRES_FOLDER",),
    "postgres_port": ("BUS_SIMULATOR_POSTGRES_PORT",),
    "from": ("BUS_SIMULATOR_FROM",),
    "to": ("BUS_SIMULATOR_TO",),
    "strict": ("BUS_SIMULATOR_STRICT",),
    "capacity": ("BUS_SIMULATOR_CAPACITY",),
    "people_per_trip": ("BUS_SIMULATOR_PEOPLE_PER_TRIP",),
    "validate_format": ("BUS_SIMULATOR_VALIDATE_FORMAT",),
    "all_notices": ("BUS_SIMULATOR_ALL_NOTICES",),
    "now": ("BUS_SIMULATOR_NOW",),
    "map_tiles": ("BUS_SIMULATOR_MAP_TILES",),
    "map_tiles_credit": ("BUS_SIMULATOR_MAP_TILES_CREDIT",),
    "emt_port": ("BUS_SIMULATOR_EMT_PORT",),
    "emt_cert": ("BUS_SIMULATOR_EMT_CERT",),
    "emt_key": ("BUS_SIMULATOR_EMT_KEY",),
    "timestream_port": ("BUS_SIMULATOR_TIMESTREAM_PORT",),
    "timestream_local_store": ("BUS_SIMULATOR_TIMESTREAM_LOCAL_STORE",),
    "s3_endpoint": ("BUS_SIMULATOR_S3_ENDPOINT",),
    "account": ("BUS_SIMULATOR_ACCOUNT",),
    "like_aws": ("BUS_SIMULATOR_LIKE_AWS",),
    "empty_first_page": ("BUS_SIMULATOR_EMPTY_FIRST_PAGE",),
    "throttle": ("BUS_SIMULATOR_THROTTLE",),
    "visible_after": ("BUS_SIMULATOR_VISIBLE_AFTER",),
    "strict_limits": ("BUS_SIMULATOR_STRICT_LIMITS",),
    "secret_id": ("BUS_SIMULATOR_SECRET_ID", "SECRET_ID"),
    "clock_parameter": ("BUS_SIMULATOR_CLOCK_PARAMETER",),
    "event_bus": ("BUS_SIMULATOR_EVENT_BUS", "EVENT_BUS_NAME"),
    "latest_objects": ("BUS_SIMULATOR_LATEST_OBJECTS",),
    "realtime_feeds": ("BUS_SIMULATOR_REALTIME_FEEDS",),
    "journal_object": ("BUS_SIMULATOR_JOURNAL_OBJECT",),
    "keep_days": ("BUS_SIMULATOR_KEEP_DAYS",),
    "queue": ("BUS_SIMULATOR_QUEUE",),
    "connections_table": ("BUS_SIMULATOR_CONNECTIONS_TABLE", "DYNAMODB_TABLE"),
    "subscriptions_table": ("BUS_SIMULATOR_SUBSCRIPTIONS_TABLE",),
    "fan_out_queue": ("BUS_SIMULATOR_FAN_OUT_QUEUE",),
    "limits_table": ("BUS_SIMULATOR_LIMITS_TABLE",),
    "log_group": ("BUS_SIMULATOR_LOG_GROUP",),
    "ready_file": ("BUS_SIMULATOR_READY_FILE",),
    "metrics_namespace": ("BUS_SIMULATOR_METRICS_NAMESPACE",),
    "heartbeat": ("BUS_SIMULATOR_HEARTBEAT",),
    "shard": ("BUS_SIMULATOR_SHARD",),
    "network_refresh": ("BUS_SIMULATOR_NETWORK_REFRESH",),
    "websocket_endpoint": ("BUS_SIMULATOR_WEBSOCKET_ENDPOINT",),
    "store_token_secret": ("BUS_SIMULATOR_STORE_TOKEN_SECRET",),
}
"""The environment variables of each option, in order of precedence."""

DEFAULT_STORE = "duckdb:var/bus.duckdb"
DEFAULT_REGION = "eu-west-1"
DEFAULT_SECRET_ID = "bus-simulator/api-key"  # noqa: S105 - the secret's name
CONNECTIONS_TABLE = "bus-simulator-websocket-connections"
SUBSCRIPTIONS_TABLE = "bus-simulator-websocket-subscriptions"
DEFAULT_NETWORK = Path("data/lines.yaml")
SCENARIOS = Path("data/scenarios")
PROGRAM = Path(__file__).parents[1]
"""The folder of the program's packages and of the data that come with it."""
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
YES = frozenset(("1", "true", "t", "yes", "y", "on"))
"""What click takes for a flag's variable."""
GREATEST_SPEED = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of `run`, and of `mcp --stdio`.

    `at` None means wall time; `speed` is in simulated seconds per second, infinite for max. `jobs` None
    chooses by the network's size. `store` is a URL. The limits are per key; None means the default limits,
    or none where only this machine can connect. `paused` starts with the clock paused; with `clock_control`
    clients with a key may move it, with `control` the main key may disturb the city, too. `network` and
    `seed` None are the scenario's, or the defaults; `scenario` is a name or a path. `allowed_hosts` are
    accepted by the MCP server in addition to its own names. With a `timestream_port` the data go into a local
    Timestream endpoint there, whose file lies beside `store`. With an `emt_port` EMT's API is served there
    too, over TLS with the certificate and key of `emt_cert` and `emt_key`. `ready_file` is written when the
    simulator answers, and removed at the end. With `map_tiles`, a URL with {z}, {x} and {y}, the map shows
    these tiles under the lines, and `map_tiles_credit` as their source. The store is pruned to `keep_days`.
    """

    network: Path | None
    seed: int | None
    store: str
    speed: float
    host: str
    port: int
    at: datetime | None
    backfill: timedelta = timedelta(hours=24)
    jobs: int | None = None
    continue_with_new_inputs: bool = False
    rate_limit: float | None = None
    daily_limit: int | None = None
    clock_control: bool = False
    control: bool = False
    paused: bool = False
    scenario: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    timestream_port: int | None = None
    ready_file: Path | None = None
    emt_port: int | None = None
    emt_cert: Path | None = None
    emt_key: Path | None = None
    map_tiles: str | None = None
    map_tiles_credit: str = ""
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """The settings of a Lambda function. `network` is the URL of a compiled network, None if not set.

    `clock_parameter` None means that simulated time is wall time. Messages to WebSocket clients go through
    `websocket_endpoint`, None for the endpoint that the standard AWS variables name. Feeders write the newest
    records to `latest_objects`, with `realtime_feeds` the GTFS-Realtime feeds, too; None reads records from
    the store. Requests are counted in `limits_table`, if it is set; 0 is no limit. A tick for many clients is
    divided by `fan_out_queue`, if that is set. `store_token_secret` has the token that a hosted Timestream
    endpoint asks for.
    """

    region: str
    store: str
    network: str | None
    secret_id: str
    clock_parameter: str | None
    connections_table: str
    subscriptions_table: str
    log_level: str
    websocket_endpoint: str | None = None
    latest_objects: str | None = None
    realtime_feeds: bool = False
    journal_object: str | None = None
    fan_out_queue: str | None = None
    limits_table: str | None = None
    rate_per_s: float = 0
    requests_per_day: int = 0
    store_token_secret: str | None = None


def function_settings() -> FunctionSettings:
    """Read the settings of a Lambda function from the variables of the options."""
    return FunctionSettings(
        region=region(),
        store=chosen("store") or default_store(),
        network=chosen("network"),
        secret_id=chosen("secret_id") or DEFAULT_SECRET_ID,
        clock_parameter=chosen("clock_parameter"),
        connections_table=chosen("connections_table") or CONNECTIONS_TABLE,
        subscriptions_table=chosen("subscriptions_table") or SUBSCRIPTIONS_TABLE,
        log_level=chosen("log_level") or "INFO",
        websocket_endpoint=chosen("websocket_endpoint"),
        latest_objects=chosen("latest_objects"),
        realtime_feeds=(chosen("realtime_feeds") or "").lower() in YES,
        journal_object=chosen("journal_object"),
        fan_out_queue=chosen("fan_out_queue"),
        limits_table=chosen("limits_table"),
        rate_per_s=_limit("rate_limit"),
        requests_per_day=int(_limit("daily_limit")),
        store_token_secret=chosen("store_token_secret"),
    )


def _limit(option: str) -> float:
    """A limit of requests; 0, which is none, if it is not set or off."""
    text = chosen(option) or "off"
    return 0.0 if text == "off" else float(text)


def chosen(option: str) -> str | None:
    """The value of an option's environment variables, None if none is set."""
    found = (os.environ.get(name, "").strip() for name in VARIABLES[option])
    return next((text for text in found if text), None)


def region() -> str:
    """The AWS region of everything except the store, whose URL names its own."""
    named = (os.environ.get(name, "").strip() for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    return next(filter(None, named), DEFAULT_REGION)


def aws_endpoint() -> str | None:
    """The address of all AWS services in `AWS_ENDPOINT_URL`, None for AWS itself."""
    return os.environ.get("AWS_ENDPOINT_URL", "").strip() or None


def api_key() -> str | None:
    """The API key in the environment (or JSON with several keys), None if not set."""
    return os.environ.get("BUS_SIMULATOR_API_KEY", "").strip() or None


def traces_endpoint() -> str | None:
    """The collector of traces in OpenTelemetry's own variables, None if not set or switched off."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return next(filter(None, (os.environ.get(name, "").strip() for name in names)), None)


def traced_service() -> str | None:
    """The name of this service in traces, None if not set."""
    return os.environ.get("OTEL_SERVICE_NAME", "").strip() or None


def store_token() -> str | None:
    """The token that a Timestream endpoint asks of this process, None if not set."""
    return os.environ.get("BUS_SIMULATOR_STORE_TOKEN", "").strip() or None


def endpoint_tokens() -> tuple[str, str] | None:
    """The tokens of a Timestream endpoint's writers and readers, None if there are none.

    Raises ValueError if only one is set, or both are the same.
    """
    names = ("BUS_SIMULATOR_WRITER_TOKEN", "BUS_SIMULATOR_READER_TOKEN")
    writer, reader = (os.environ.get(name, "").strip() for name in names)
    if not writer and not reader:
        return None
    if not writer or not reader or writer == reader:
        raise ValueError(f"set both {names[0]} and {names[1]}, to different values")
    return writer, reader


def default_store() -> str:
    """The default store's URL: the database in `TIMESTREAM_DATABASE`, else the DuckDB file."""
    database = os.environ.get("TIMESTREAM_DATABASE", "").strip()
    if not database:
        return DEFAULT_STORE
    return f"timestream://{database}?region={region()}"


def default_network() -> Path:
    """`data/lines.yaml` in the working directory, else the copy included in the package."""
    places = (DEFAULT_NETWORK, PROGRAM / DEFAULT_NETWORK)
    return next((place for place in places if place.is_file()), DEFAULT_NETWORK)


def shipped_scenarios() -> Path:
    """`data/scenarios` in the working directory, else the folder included in the package."""
    places = (SCENARIOS, PROGRAM / SCENARIOS)
    return next((place for place in places if place.is_dir()), SCENARIOS)


def program_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: this process's, and `variables`."""
    return {**os.environ, **variables}


def use_variables(variables: Mapping[str, str]) -> None:
    """Set environment variables of this process, as those by which AWS clients find the local services."""
    os.environ.update(variables)


def ignored_interval() -> str | None:
    """`TIME_INTERVAL` of older deployments, which has no effect: ticks are 30 s and 60 s apart."""
    return os.environ.get("TIME_INTERVAL", "").strip() or None


def parse_tiles_url(text: str) -> str:
    """Return the URL of map tiles. Raises ValueError for one that a browser couldn't ask for tiles."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s;,'\"{}@]", parts.netloc):
        raise ValueError(f"'{text}' is no URL of tiles: write https://HOST/{{z}}/{{x}}/{{y}}.png")
    missing = [f"{{{name}}}" for name in "zxy" if f"{{{name}}}" not in parts.path + parts.query]
    if missing:
        raise ValueError(f"'{text}' lacks {', '.join(missing)}: write https://HOST/{{z}}/{{x}}/{{y}}.png")
    return text


def parse_speed(text: str) -> float:
    """Parse simulated seconds per second, infinite for `max`. Raises ValueError for anything else."""
    if text.strip().lower() == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= GREATEST_SPEED:
        raise ValueError(f"'{text}' is not a speed; write a number above 0 (at most 1,000,000), or max")
    return speed
