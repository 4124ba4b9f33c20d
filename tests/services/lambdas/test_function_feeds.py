"""Feeds behind API Gateway: what programs read there equals what the local server tells them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from google.protobuf import json_format
from google.transit.gtfs_realtime_pb2 import FeedMessage
from starlette.types import ASGIApp

from services.access.authentication import ApiKey
from services.app import create_app
from services.aws.compiled_network import dump, load
from services.aws.journal.journaled_store import JournaledStore
from services.aws.journal.s3_journal import S3Journal, content_of
from services.aws.latest.latest_object import place_of
from services.aws.latest.realtime_object import RealtimeWriter, writing_realtime
from services.context import Context
from services.feeders.feeder import FeederStatus
from services.feeds.emt.service_hours import all_hours
from services.feeds.gtfs_realtime.feed_names import RealtimeFeed
from services.feeds.gtfs_realtime.model_source import ModelSource, messages_of
from services.interventions.followed_scenario import FollowedScenario
from services.interventions.stored_journal import entry_of
from services.lambdas.feeds.feed_routes import FunctionFeeds
from services.lambdas.feeds.stored_messages import CHECK_S, StoredMessages
from services.lambdas.rest import context_of
from simulator.city import City
from simulator.clock import Clock
from simulator.intervention_requests import intervention_from
from simulator.journal import Journal
from simulator.scenario.disruptions import ClosedStop
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.types import StopId
from storage.schema import Stream
from tests.services.aws.fake_bucket import Bucket
from tests.services.aws.tables import HandWatch
from tests.services.fakes import FakeWall
from tests.services.feeds.emt.emt_served import BUSES, LOGIN, USER, log_in, post
from tests.services.http_api import HttpApiOver
from tests.services.rest_served import KEY, NO_KEY, Requester, in_process
from tests.services.transit.city_morning import END, START, city_network, morning
from tests.storage.records import RUN

TICK = END - timedelta(minutes=10)
LATER = TICK + timedelta(seconds=30)
PLACE = place_of("s3://bus-simulator-latest/latest")
IN_URL = "key=right&group=team-alpha"


@dataclass(frozen=True)
class Deployment:
    """A city behind the gateway, the same served locally, and the objects that its feeder writes."""

    context: Context
    wall: FakeWall
    app: ASGIApp
    gateway: HttpApiOver
    bucket: Bucket
    watch: HandWatch

    @property
    def here(self) -> Requester:
        """The local server."""
        return in_process(self.app)

    def there(self, path: str, **headers: str) -> httpx.Response:
        """The answer of the gateway to a program that sends these headers."""
        return self.gateway.ask("GET", path, headers)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployment]:
    wall, bucket, watch = FakeWall(TICK), Bucket(), HandWatch()
    wall.seconds = TICK.timestamp()
    context = Context(
        store=morning(),
        network=city_network(),
        clock=Clock(wall=wall),
        run=RUN,
        key=ApiKey.of("right"),
        version="1.2.3",
    )
    messages = StoredMessages(bucket.client, PLACE, now_s=watch)
    feeds = FunctionFeeds(None, messages, tuple(all_hours(context.network)))
    with closing(HttpApiOver(context, feeds)) as gateway:
        yield Deployment(context, wall, create_app(context), gateway, bucket, watch)


@dataclass(frozen=True)
class SinceStart:
    """A city that, as the store, knows nothing of the time before the morning."""

    city: City

    def window(
        self, start: datetime, end: datetime, streams: Collection[Stream]
    ) -> Mapping[Stream, pa.Table]:
        """The city's rows since the morning began."""
        return self.city.window(max(start, START), max(end, START), streams)


def write(deployed: Deployment, *ticks: datetime) -> None:
    """Have a feeder write the messages of ticks, as it simulates them."""
    writer = RealtimeWriter(deployed.bucket.client, PLACE)
    with ExitStack() as stack:
        city = stack.enter_context(closing(City(deployed.context.network, seed=1)))
        source = ModelSource(deployed.context.network, RUN, SinceStart(city), None, lambda: None)
        stack.enter_context(writer.making(messages_of(source)))
        for tick in ticks:
            writer.ticked(FeederStatus("bus-position", tick, timedelta(), timedelta(seconds=30), "running"))
            writer.write_waiting()


def test_realtime_feeds_are_those_of_the_local_server(deployed: Deployment) -> None:
    path = "/gtfs-rt/trip-updates"
    assert deployed.there(f"{path}?{IN_URL}").status_code == 503, "no feeder has written"
    deployed.watch.seconds += CHECK_S
    write(deployed, TICK)
    for feed in RealtimeFeed:
        path = f"/gtfs-rt/{feed}"
        local, answer = deployed.here(path, KEY), deployed.there(f"{path}?{IN_URL}")
        assert (answer.status_code, answer.headers["etag"]) == (200, local.headers["etag"]), feed
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert answer.headers["cache-control"] == local.headers["cache-control"]
        assert FeedMessage.FromString(answer.content) == FeedMessage.FromString(local.content)
        again = deployed.there(path, **KEY, **{"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        text = deployed.there(f"{path}?format=json&{IN_URL}", **{"accept-encoding": "gzip"})
        assert json_format.Parse(text.text, FeedMessage()) == FeedMessage.FromString(local.content)
    before = deployed.there(path, **KEY).content
    write(deployed, LATER)
    assert deployed.there(path, **KEY).content == before, "read at most once a second"
    deployed.watch.seconds += CHECK_S
    assert FeedMessage.FromString(deployed.there(path, **KEY).content).header.timestamp == LATER.timestamp()


SIRI = (
    "/siri/stop-monitoring?MonitoringRef=S001&MaximumStopVisits=3",
    "/siri/vehicle-monitoring?LineRef=L1&format=json",
    "/siri/estimated-timetable?LineRef=L6",
    "/siri/stop-monitoring",
)


def test_siri_and_emt_answer_as_the_local_server(deployed: Deployment) -> None:
    for path in SIRI:
        local = deployed.here(path, KEY)
        answer = deployed.there(f"{path}{'&' if '?' in path else '?'}{IN_URL}")
        assert (answer.status_code, answer.content) == (local.status_code, local.content), path
    token = {"accessToken": deployed.there(LOGIN, **USER).json()["data"][0]["accessToken"]}
    stop = f"{BUSES}/stops/1"
    for path in (
        f"{stop}/detail/",
        f"{BUSES}/lines/info/20260302/",
        f"{BUSES}/lines/1/stops/2/",
        "/emt/v1/no",
    ):
        local, answer = deployed.here(path, token), deployed.there(path, **token)
        assert (answer.status_code, answer.content) == (local.status_code, local.content), path
    wish = json.dumps({"Text_StopRequired_YN": "Y", "Text_IncidencesRequired_YN": "Y"})
    answer = deployed.gateway.ask("POST", f"{stop}/arrives/", token, wish)
    assert answer.content == post(deployed.app, f"{stop}/arrives/", token, wish).content
    assert answer.json()["data"][0]["Arrive"]


DAY = TICK.date()
DISTURBED = Scenario(
    "disturbed",
    DAY,
    DAY,
    closed_stops=(ClosedStop(StopId("S003"), WHOLE_DAY),),
    wire_faults=(WireFault(FaultKind.DROPPED, share=0.3), WireFault(FaultKind.OUT_OF_ORDER, share=0.5)),
)
CLOSED = {"closed_stop": {"stop": "S002"}}


def test_scenario_and_interventions_reach_siri_and_emt_as_they_do_locally(deployed: Deployment) -> None:
    network, bucket, watch = deployed.context.network, Bucket(), HandWatch()
    compiled = load(dump(network, RUN, (), DISTURBED), "here")
    store = JournaledStore(deployed.context.store, S3Journal(bucket.client, "s3://config/journal.json"))
    function = replace(
        context_of(compiled, store, deployed.context.clock),
        key=deployed.context.key,
        follow_scenario=FollowedScenario(compiled.scenario, RUN.seed, store, now_s=watch).current,
    )
    begun = intervention_from(CLOSED, network, DISTURBED, Journal(), TICK - timedelta(minutes=30))
    journal, wish = Journal((begun,)), json.dumps({"Text_IncidencesRequired_YN": "Y"})
    answers = list[tuple[httpx.Response, ...]]()
    with closing(HttpApiOver(function)) as gateway:
        for scenario, entries in ((DISTURBED, []), (journal.applied_to(DISTURBED), [entry_of(begun)])):
            bucket.client.put_object(Key="journal.json", Body=content_of(entries))
            watch.seconds += CHECK_S
            app = create_app(replace(deployed.context, scenario_at_start=scenario))
            token = log_in(in_process(app))
            paths = ("/arrivals/S002", *SIRI)
            there = [gateway.ask("GET", path, KEY) for path in paths]
            there += [gateway.ask("POST", f"{BUSES}/stops/2/arrives/", token, wish)]
            here = [in_process(app)(path, KEY) for path in paths]
            here += [post(app, f"{BUSES}/stops/2/arrives/", token, wish)]
            assert [each.content for each in there] == [each.content for each in here]
            answers.append(tuple(there))
    before, after = answers
    assert before[0].json()["arrivals"]
    assert not after[0].json()["arrivals"]
    assert not before[-1].json()["data"][0]["Incident"]
    (incident,) = after[-1].json()["data"][0]["Incident"]["ListaIncident"]["data"]
    assert incident["guid"] == "closed-stop-2"
    vehicles = in_process(deployed.app)(SIRI[1], KEY).json()
    assert len(json.dumps(vehicles)) > len(before[2].content), "buses are dropped on the wire"


def test_each_refuses_as_the_local_server(deployed: Deployment) -> None:
    """The gateway has no authorizer for these, so what is missing is said in the feed's own form."""
    wrong = {**KEY, "x-api-key": "wrong"}
    for path in (
        "/siri/vehicle-monitoring",
        "/gtfs-rt/alerts",
        "/siri/unknown",
        LOGIN,
        f"{BUSES}/lines/info/",
    ):
        for headers in (NO_KEY, wrong, {"accessToken": "wrong"}):
            local, answer = deployed.here(path, headers), deployed.there(path, **headers)
            assert (answer.status_code, answer.content) == (local.status_code, local.content), (path, headers)
    assert deployed.there("/people-count/S001?mode=latest&key=right&group=me").status_code == 401
    assert deployed.there("/gtfs-rt/alerts?format=xml", **KEY).status_code == 400
    with closing(HttpApiOver(deployed.context)) as off:
        answer = off.ask("GET", f"/gtfs-rt/alerts?{IN_URL}", NO_KEY)
    assert (answer.status_code, answer.json()["hint"]) == (404, "Set realtime_feeds in terraform.tfvars")


def test_an_outage_of_s3_stalls_no_feeder_and_ends_with_the_newest_tick(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bucket = Bucket()
    bucket.client.away = True
    writer = RealtimeWriter(bucket.client, PLACE)
    made: list[datetime] = []

    def make(tick: datetime) -> dict[str, bytes]:
        made.append(tick)
        return {"alerts": str(tick).encode()}

    with writer.making(make):
        for tick in (TICK, LATER, LATER):
            writer.ticked(FeederStatus("bus-position", tick, timedelta(), timedelta(seconds=30), "running"))
        assert not writer.write_waiting()
        bucket.client.away = False
        assert writer.write_waiting()
    assert made == [LATER, LATER], "the first tick was replaced while it waited"
    assert bucket.objects["latest/gtfs-rt/alerts.pb"] == str(LATER).encode()
    assert "GTFS-Realtime feeds not written to S3, retrying" in caplog.text
    with writing_realtime(writer):
        pass
