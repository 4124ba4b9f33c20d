"""`/health` on AWS asks the store at most once in five seconds an instance, whatever clients send."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from services.lambdas.kept_health import KEPT_S, KeptStreams
from storage.errors import StoreUnavailable
from tests.services.aws.tables import HandWatch
from tests.services.fakes import FaultyStore
from tests.services.http_api import HttpApiOver
from tests.services.rest_served import NO_KEY, parts


def test_the_streams_are_read_once_in_five_seconds_whatever_clients_send(tmp_path: Path) -> None:
    watch, store = HandWatch(), FaultyStore()
    context, _, _ = parts(tmp_path)
    store.failing, store.failures = StoreUnavailable("away"), 100

    def read() -> int:
        return 100 - store.failures

    with closing(HttpApiOver(replace(context, streams=KeptStreams(store, watch)))) as gateway:
        for round_ in (1, 2):
            for path in ("/health", "/health?tz=UTC", "/health?tz=Europe/Madrid", "/health?no=1"):
                for encoding in ("gzip", "identity", "br, gzip;q=0.5"):
                    answer = gateway.ask("GET", path, {**NO_KEY, "accept-encoding": encoding})
                    assert answer.status_code == (400 if path.endswith("no=1") else 503), path
            assert read() == round_
            watch.seconds += KEPT_S
        store.failing = None
        assert gateway.ask("GET", "/health", NO_KEY).json()["streams"]
