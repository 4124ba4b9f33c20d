"""State that the invocations in one Lambda container share: settings, clients, clock, store, network."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from services import logs, settings
from services.access.authentication import Keys
from services.access.rate_limits import UNLIMITED, Limits, RequestMeter
from services.aws.journal.journaled_store import JournaledStore
from services.aws.journal.s3_journal import S3Journal
from services.aws.latest.latest_object import STREAMS, LatestPlace, place_of
from services.aws.secret_key_ring import SecretKeyRing
from services.aws.ssm_clock import SsmClockParameter
from services.lambdas.feeds.feed_link import FeedLink
from services.lambdas.feeds.stored_messages import StoredMessages
from services.lambdas.latest.latest_objects import LatestObject
from services.lambdas.latest.latest_store import LatestStore
from services.lambdas.polled_clock import PolledClock
from services.lambdas.s3_compiled_network import S3CompiledNetwork
from services.lambdas.shared_limits import SharedMeter, UseTable
from services.lambdas.store_outage import StoreOutage
from services.settings import FunctionSettings
from simulator.clock import Clock
from storage.aws_clients import client
from storage.errors import DependencyError, DependencyInvalid, DependencyUnavailable, StoreInvalid
from storage.open import timestream_at
from storage.store import Store
from storage.timestream_client import Deadline, RetryPolicy

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


log = logging.getLogger("bus_simulator.function")


class ShortWaits(TypedDict):
    """The options of a client that waits for AWS only as long as an answer has time."""

    connect_timeout_s: float
    read_timeout_s: float


ANSWER_S, CALLS_S, RESERVE_S = 1.4, 2.0, 1.6
"""The longest wait for an answer of AWS; how long after its start an invocation may begin calls; the time
kept for the last call and the response. An invocation takes at most `CALLS_S` + `RESERVE_S`, 3.6 s.
"""
READ_RETRIES = RetryPolicy(attempts=2, first_s=0.05, longest_s=0.1, answer_s=ANSWER_S)
SHORT: ShortWaits = {"connect_timeout_s": ANSWER_S, "read_timeout_s": ANSWER_S}
LIMITS_WAIT: ShortWaits = {"connect_timeout_s": 0.4, "read_timeout_s": 0.4}
"""Requests are answered without the shared counts rather than late."""

deadline = Deadline()
"""The deadline of the running invocation. A container runs one at a time; its threads share the deadline."""


outage = StoreOutage()
"""Whether this container leaves the store alone for a while."""


def begin(remaining_ms: int) -> None:
    """Note that an invocation begins, which Lambda ends after a time."""
    deadline.set_in(0.0 if outage.is_on else min(CALLS_S, remaining_ms / 1000 - RESERVE_S))


def prepare(setting: str, make: Callable[[], object]) -> None:
    """Make clients while Lambda initialises a container: that isn't charged, and has a whole processor.

    Elsewhere the `setting` that functions need isn't set, and nothing is made. What fails is tried again, and
    answered, by the first invocation.
    """
    if settings.chosen(setting) is None:
        return
    try:
        make()
    except DependencyError as error:
        log.warning("not prepared: %s", error)


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
    return SecretKeyRing(client("secretsmanager", region=found.region, **SHORT), found.secret_id)


class SecretKeys:
    """The keys in the secret, read when first needed: most requests bring the authorizer's verdict."""

    def hash_of(self, key_name: str) -> bytes | None:
        """See `Keys`."""
        return shared_keys().hash_of(key_name)

    def name_of(self, offered: str, group: str) -> str | None:
        """See `Keys`."""
        return shared_keys().name_of(offered, group)

    def name_of_signature(self, message: bytes, signature: bytes, group: str) -> str | None:
        """See `Keys`."""
        return shared_keys().name_of_signature(message, signature, group)


@cache
def shared_store() -> Store:
    """The store, with objects of the newest records before it if the settings name any.

    Raises `StoreInvalid` unless its URL names a Timestream database.
    """
    found = shared_settings()
    url = found.store
    try:
        if not url.startswith("timestream:"):
            raise ValueError(f"{url!r} is not a database that functions can share: expected timestream://…")
        # Feeders make the tables: a function that answers has neither the time nor the permission.
        store: Store = timestream_at(
            url, make=False, read_retries=READ_RETRIES, deadline=deadline, token=store_token()
        )
    except ValueError as error:
        raise StoreInvalid(f"BUS_SIMULATOR_STORE: {error}") from error
    if found.latest_objects is not None:
        store = with_latest(store, found.latest_objects)
    return store if found.journal_object is None else with_journal(store, found.journal_object)


def store_token() -> str | None:
    """The token that a hosted endpoint asks for; None if no secret is set. Raises `DependencyError`."""
    found = shared_settings()
    if found.store_token_secret is None:
        return None
    secrets = client("secretsmanager", region=found.region, **SHORT)
    try:
        return secrets.get_secret_value(SecretId=found.store_token_secret)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise DependencyUnavailable(f"secret {found.store_token_secret} can't be read: {error}") from error


def with_latest(store: Store, url: str) -> Store:
    """A store before which the objects at a URL are asked. Raises `DependencyInvalid`."""
    place, s3, clock = latest_place(url), shared_s3(), shared_clock()
    return LatestStore(store, {stream: LatestObject(s3, place, stream, clock) for stream in STREAMS})


def with_journal(store: Store, url: str) -> Store:
    """A store whose journal is the object at a URL. Raises `DependencyInvalid`."""
    try:
        journal = S3Journal(shared_s3(), url)
    except ValueError as error:
        raise DependencyInvalid(f"BUS_SIMULATOR_JOURNAL_OBJECT: {error}") from error
    return JournaledStore(store, journal)


@cache
def shared_s3() -> S3Client:
    """The client for the network and the newest records."""
    return client("s3", region=shared_settings().region, **SHORT)


def latest_place(url: str) -> LatestPlace:
    """The place that a URL names. Raises `DependencyInvalid`."""
    try:
        return place_of(url)
    except ValueError as error:
        raise DependencyInvalid(f"BUS_SIMULATOR_LATEST_OBJECTS: {error}") from error


@cache
def shared_feed_link() -> FeedLink | None:
    """The link to the stored GTFS feed, if the settings name where feeders write."""
    found = shared_settings()
    if found.latest_objects is None:
        return None
    s3 = client("s3", region=found.region, makes_links=True, **SHORT)
    return FeedLink(s3, latest_place(found.latest_objects))


@cache
def shared_messages() -> StoredMessages | None:
    """The stored GTFS-Realtime feeds, if the settings say that feeders write them."""
    found = shared_settings()
    if found.latest_objects is None or not found.realtime_feeds:
        return None
    return StoredMessages(client("s3", region=found.region, **SHORT), latest_place(found.latest_objects))


@cache
def shared_clock() -> Clock:
    """The clock that all parts share; wall time if no parameter is set."""
    found = shared_settings()
    if found.clock_parameter is None:
        return Clock()
    return PolledClock(SsmClockParameter(client("ssm", region=found.region, **SHORT), found.clock_parameter))


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
    return S3CompiledNetwork(shared_s3(), parts.netloc, key)


@cache
def shared_meter() -> RequestMeter | None:
    """The counts of all functions' requests; None, which limits nothing, without a table or limits."""
    found = shared_settings()
    limits = Limits(found.rate_per_s, found.requests_per_day)
    if found.limits_table is None or limits == UNLIMITED:
        return None
    return SharedMeter(
        UseTable(client("dynamodb", region=found.region, **LIMITS_WAIT), found.limits_table), limits
    )
