"""The journal in S3: entries that are kept, two writers at once, content that is no journal, an outage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.aws.journal.journaled_store import JournaledStore
from services.aws.journal.s3_journal import S3Journal
from services.interventions.in_process import LEAD_S, InProcessInterventions
from simulator.clock import Clock
from storage.errors import JournalChanged, StoreInvalid, StoreUnavailable
from storage.store import JournalEntry
from tests.moto_aws import Account, account
from tests.services.aws.fake_aws import FakeClient
from tests.services.fakes import NOW, FaultyStore, HandWall
from tests.services.http_api import HttpApiOver
from tests.services.rest_served import KEY, parts
from tests.services.steered_city import INPUTS

BUCKET, KEY_OF_OBJECT = "config", "config/journal.json"
URL = f"s3://{BUCKET}/{KEY_OF_OBJECT}"
SURGE: dict[str, object] = {"surge": {"stop": "S002", "people_per_min": 40}}
BREAKDOWN: dict[str, object] = {"breakdown": {"bus": "B001", "repair_min": 5}}


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as found:
        found.make_bucket(BUCKET)
        yield found


def journal(aws: Account) -> S3Journal:
    return S3Journal(aws.client("s3"), URL)


def control(aws: Account, store: FaultyStore, refreshed: list[object]) -> InProcessInterventions:
    """The control of a server of a deployment."""
    clock = Clock(start=NOW, paused=True, wall=HandWall())
    before = JournaledStore(store, journal(aws))
    return InProcessInterventions(
        INPUTS, None, before, clock, lead_s=LEAD_S, refresh_clock=lambda: refreshed.append(clock)
    )


def test_what_a_server_makes_all_parts_read_and_feeders_copy(aws: Account, tmp_path: Path) -> None:
    store, refreshed = FaultyStore(), list[object]()
    feeder = JournaledStore(store, journal(aws), copies=True)
    assert feeder.journal() == []
    server = control(aws, store, refreshed)
    made = server.intervene(SURGE)
    assert refreshed, "the clock is read before the earliest moment is decided"
    assert store.journal() == [], "a server writes nothing into the store"
    assert feeder.journal() == [made] == store.journal()
    ended = server.end("1")
    assert feeder.journal() is feeder.journal()
    assert feeder.journal() == [ended] == store.journal()
    context, kept, _ = parts(tmp_path)
    with closing(HttpApiOver(context)) as gateway:
        kept.record(ended, changes_from=NOW)
        (item,) = gateway.ask("GET", "/interventions", KEY).json()["items"]
        assert (item["id"], item["disruption"]["surge"]["stop"]) == ("1", "S002")
        refused = gateway.ask("POST", "/interventions", KEY)
        assert (refused.status_code, "MCP server" in refused.json()["hint"]) == (405, True)


def test_of_two_servers_at_once_one_tries_again_by_the_others_journal(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FaultyStore()
    one, other = control(aws, store, []), control(aws, store, [])
    put, made = S3Journal.put, list[JournalEntry]()

    def put_late(self: S3Journal, entry: JournalEntry) -> None:
        monkeypatch.setattr(S3Journal, "put", put)
        made.append(other.intervene(BREAKDOWN))
        put(self, entry)

    monkeypatch.setattr(S3Journal, "put", put_late)
    made.append(one.intervene(SURGE))
    assert [entry.number for entry in made] == [1, 2]
    assert list(journal(aws).read()) == made


def test_a_writer_that_never_read_the_newest_journal_is_refused(aws: Account) -> None:
    late = journal(aws)
    journal(aws).put(JournalEntry(1, NOW, "{}"))
    with pytest.raises(JournalChanged):
        late.put(JournalEntry(1, NOW, "[]"))


def test_an_object_that_is_no_journal_is_named(aws: Account) -> None:
    for content in (b"{", b"[3]", b'[{"number": 1}]'):
        aws.client("s3").put_object(Bucket=BUCKET, Key=KEY_OF_OBJECT, Body=content)
        with pytest.raises(StoreInvalid, match=f"{URL} is not a journal"):
            journal(aws).read()
    newer = b'[{"number": 1, "takes_effect": "2026-03-02T12:00:00Z", "entry": "{}", "by": "me"}]'
    aws.client("s3").put_object(Bucket=BUCKET, Key=KEY_OF_OBJECT, Body=newer)
    with pytest.raises(StoreInvalid, match=r"fields that this version doesn't know \(by\)"):
        journal(aws).read()
    with pytest.raises(ValueError, match="names no journal"):
        S3Journal(aws.client("s3"), "https://example.org/journal.json")


def test_while_s3_is_away_the_journal_is_neither_read_nor_written() -> None:
    client: Any = FakeClient()
    client.away = True
    away = S3Journal(client, URL)
    with pytest.raises(StoreUnavailable, match="can't be read"):
        away.read()
    with pytest.raises(StoreUnavailable, match="can't be written"):
        away.put(JournalEntry(1, NOW, "{}"))
