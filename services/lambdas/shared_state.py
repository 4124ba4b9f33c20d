"""State that the invocations in one Lambda container share: settings, clients, clock, store, network."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from services import logs, settings
from services.access.authentication import Keys
from services.aws.secret_key_ring import SecretKeyRing
from services.aws.ssm_clock import SsmClockParameter
from services.lambdas.polled_clock import PolledClock
from services.lambdas.s3_compiled_network import S3CompiledNetwork
from services.settings import FunctionSettings
from simulator.clock import Clock
from storage.aws_clients import client
from storage.errors import DependencyInvalid, StoreInvalid
from storage.open import open_store
from storage.store import Store


@cache
def shared_settings() -> FunctionSettings:
    """Read the settings and set up logging, once."""
    found = settings.function_settings()
    logs.configure(found.log_level)
    return found


@cache
def shared_keys() -> Keys:
    """The keys in the secret; a change takes effect within a minute."""
    found = shared_settings()
    return SecretKeyRing(client("secretsmanager", region=found.region), found.secret_id)


@cache
def shared_store() -> Store:
    """The store. Raises `StoreInvalid` unless its URL names a Timestream database."""
    url = shared_settings().store
    try:
        if not url.startswith("timestream:"):
            raise ValueError(f"{url!r} is not a database that functions can share: expected timestream://…")
        return open_store(url)
    except ValueError as error:
        raise StoreInvalid(f"BUS_SIMULATOR_STORE: {error}") from error


@cache
def shared_clock() -> Clock:
    """The clock that all parts share; wall time if no parameter is set."""
    found = shared_settings()
    if found.clock_parameter is None:
        return Clock()
    return PolledClock(SsmClockParameter(client("ssm", region=found.region), found.clock_parameter))


@cache
def shared_network() -> S3CompiledNetwork:
    """The compiled network. Raises `DependencyInvalid` if none is set."""
    found = shared_settings()
    parts = urlsplit(found.network or "")
    key = parts.path.removeprefix("/")
    if parts.scheme != "s3" or not parts.netloc or not key:
        raise DependencyInvalid(
            "BUS_SIMULATOR_NETWORK must name a compiled network: s3://BUCKET/config/network.json"
        )
    return S3CompiledNetwork(client("s3", region=found.region), parts.netloc, key)
