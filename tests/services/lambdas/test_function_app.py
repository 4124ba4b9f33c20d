"""What functions serve besides records: pages, their description, and where the network is as a GTFS feed."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services import logs
from services.app import create_app
from services.aws.latest.latest_object import place_of
from services.aws.latest.stored_feed import StoredFeed
from services.errors import InputError
from services.feeds.gtfs_static.feed_content import feed_bytes
from services.lambdas.feeds.feed_link import LIFETIME_S, FeedLink
from services.lambdas.feeds.feed_routes import FunctionFeeds
from services.lambdas.rest import log_refusal
from services.web.static_files import DOCS, MAP
from simulator.network import Network
from simulator.scenario.scenario import Scenario
from storage.aws_clients import client
from tests.moto_aws import account
from tests.services.aws.fake_aws import FakeClient
from tests.services.fakes import NETWORK
from tests.services.http_api import ROUTES, HttpApiOver, request_event
from tests.services.rest_served import KEY, NO_KEY, in_process, parts
from tests.timestream_endpoint import KEYS, REGION

PLACE = place_of("s3://bus-simulator-latest/latest")


def test_pages_and_description_are_those_of_the_local_server(tmp_path: Path) -> None:
    context, _, _ = parts(tmp_path)
    here = in_process(create_app(context))
    with closing(HttpApiOver(context)) as gateway:
        for path in (*MAP, *DOCS):
            answer, expected = gateway.ask("GET", path, NO_KEY), here(path, NO_KEY)
            assert (answer.status_code, answer.content) == (200, expected.content), path
            for name in ("content-type", "content-security-policy", "etag"):
                assert answer.headers[name] == expected.headers[name], path
        described = gateway.ask("GET", "/openapi.json", NO_KEY).json()
        whole = here("/openapi.json", NO_KEY).json()
        assert gateway.ask("GET", "/session", NO_KEY).json()["by_headers"] is True
        assert gateway.ask("GET", "/gtfs.zip", KEY).status_code == 404, "no place is set"
    routes = {key.removeprefix("GET ") for key in ROUTES if key.startswith("GET ")}
    feeds = {path for path in described["paths"] if path.startswith(("/siri/", "/emt/"))}
    assert routes - {*MAP, *DOCS, "/session", "/openapi.json"} | {"/clock"} == set(described["paths"]) - feeds
    assert len(feeds) == 10
    assert all(whole["paths"][path] == found for path, found in described["paths"].items())


def test_each_request_is_one_line_of_the_access_log_with_its_group(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    context, _, _ = parts(tmp_path)
    latest, feed = "/people-count/S001", "/siri/vehicle-monitoring"
    with closing(HttpApiOver(context)) as gateway:
        gateway.ask("GET", f"{latest}?mode=latest", KEY)
        gateway.ask("GET", f"{latest}?mode=latest", KEY | {"x-api-key": "wrong"})
        gateway.ask("GET", f"{feed}?key=right&group=team-beta", NO_KEY)
    log_refusal(request_event("GET", httpx.URL("https://api/stops"), KEY, "GET /stops"), 503, 0.1)
    lines = [vars(record)["fields"] for record in caplog.records if record.name == logs.access.name]
    assert [(line["group"], line["path"], line["status"]) for line in lines] == [
        ("team-alpha", latest, 200),
        ("team-alpha", latest, 401),
        ("team-beta", feed, 200),
        ("team-alpha", "/stops", 503),
    ]


@pytest.mark.long
def test_gtfs_zip_leads_to_the_feed_that_a_feeder_stores(tmp_path: Path) -> None:
    context, _, _ = parts(tmp_path)
    with account() as moto:
        s3 = client("s3", region=REGION, endpoint_url=moto.url, makes_links=True)
        s3.create_bucket(Bucket=PLACE.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        with closing(HttpApiOver(context, FunctionFeeds(FeedLink(s3, PLACE)))) as gateway:
            assert gateway.ask("GET", "/gtfs.zip", KEY).status_code == 503, "not stored yet"
            stored = StoredFeed(s3, PLACE, feed_bytes)
            stored.began(NETWORK, None)
            stored.close()
            stored.run_until_closed()
            assert gateway.ask("GET", "/gtfs.zip", NO_KEY).status_code == 401
            answer = gateway.ask("GET", "/gtfs.zip?key=right&group=team-alpha", NO_KEY)
        assert answer.status_code == 302
        found = httpx.get(answer.headers["location"])
    assert found.content == feed_bytes(NETWORK, None)
    assert found.headers["content-disposition"] == 'attachment; filename="gtfs.zip"'


def test_a_link_is_signed_as_every_bucket_accepts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    s3 = client("s3", region=REGION, makes_links=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3, "head_object", lambda **_: {})
        link = urlsplit(FeedLink(s3, PLACE).url())
    assert link.netloc == f"{PLACE.bucket}.s3.{REGION}.amazonaws.com"
    assert parse_qs(link.query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert parse_qs(link.query)["X-Amz-Expires"] == [str(LIFETIME_S)]


def test_a_feed_that_cannot_be_stored_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_network: Network, _scenario: Scenario | None) -> bytes:
        raise InputError("two lines have one id")

    away = FakeClient()
    away.away = True
    for make, calls in ((refuse, 0), (lambda *_: b"zip", 1)):
        stored = StoredFeed(away, PLACE, make)
        stored.began(NETWORK, None)
        stored.close()
        stored.run_until_closed()
        assert len(away.requests("put_object")) == calls
    assert "can't be stored as a GTFS feed: two lines have one id" in caplog.text
    assert "GTFS feed not written to s3://bus-simulator-latest/latest/gtfs.zip, retrying" in caplog.text
