"""The XML against the published schema of SIRI 2.0, as the classes that the package `siri` made from it.

Reading it strictly checks names, types and values. Written again, elements are in the schema's order.
"""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from services.app import create_app
from services.context import Context
from services.feeds.siri.cancelled_journeys import cancelled_timetable
from services.feeds.siri.cancelled_visits import CancelledVisits
from services.feeds.siri.deliveries import service_delivery
from services.feeds.siri.journeys import CancelledJourney, SiriCity
from services.feeds.siri.parameters import siri_request
from services.feeds.siri.tree import NAMESPACE, XML, Tree, document
from services.gtfs_trips.ids import feed_ids
from services.times import format_instant
from tests.networks import line, network, street
from tests.services.fakes import MINUTE, NOW
from tests.services.rest_served import Requester, in_process, parts

pytestmark = pytest.mark.long


def rewritten(xml: str | bytes) -> str:
    """Read a document strictly, and write it again. Raises an exception for unknown names or wrong values."""
    # Here, since the classes take a second to import, also where these tests are left out.
    from siri import main
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.parsers.config import ParserConfig
    from xsdata.formats.dataclass.serializers import XmlSerializer

    strict = ParserConfig(
        fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True
    )
    content = xml if isinstance(xml, bytes) else xml.encode()
    return XmlSerializer().render(XmlParser(config=strict).from_bytes(content, main.Siri))


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return parts(tmp_path_factory.mktemp("store"))[0]


@pytest.fixture(scope="module")
def asked(context: Context) -> Requester:
    return in_process(create_app(context))


def tags(xml: str | bytes) -> list[str]:
    """The elements of a document, in their order."""
    return [element.tag for element in ElementTree.fromstring(xml).iter()]


@pytest.mark.parametrize(
    "path",
    [
        "/siri/stop-monitoring?MonitoringRef=S002,S003",
        "/siri/vehicle-monitoring",
        "/siri/estimated-timetable",
        "/siri/estimated-timetable?DirectionRef=1",
        "/siri/stop-monitoring",
        "/siri/stop-monitoring?MonitoringRef=S999",
        "/siri/vehicle-monitoring?key=wrong&group=us",
    ],
)
def test_a_document_fits_the_schema(asked: Requester, path: str) -> None:
    content = asked(path).content
    assert tags(rewritten(content)) == tags(content)
    assert ElementTree.fromstring(content).get("version") == "2.0"


def test_cancelled_journeys_and_calls_fit_the_schema() -> None:
    built = network(line("L1", street(4)))
    only, city = built.lines[0], SiriCity(built, feed_ids(built))
    aimed = [NOW + each * MINUTE for each in range(4)]
    cancelled = CancelledJourney(only, only.patterns[0], "L1-weekday-0-001", NOW.date(), aimed)
    frame: Tree = {
        "RecordedAtTime": format_instant(NOW),
        "EstimatedVehicleJourney": [cancelled_timetable(city, cancelled)],
    }
    delivery = service_delivery("EstimatedTimetableDelivery", NOW, {"EstimatedJourneyVersionFrame": [frame]})
    content = document(delivery, XML)
    assert tags(content).count(f"{{{NAMESPACE}}}Cancellation") == 5
    assert tags(rewritten(content)) == tags(content)


def test_cancelled_visits_fit_the_schema(context: Context) -> None:
    only, stop = context.network.lines[0], context.network.stop["S002"]
    aimed = [NOW + each * MINUTE for each in range(len(only.patterns[0].stops))]
    cancelled = CancelledJourney(only, only.patterns[0], "L1-weekday-0-001", NOW.date(), aimed)
    city = SiriCity(context.network, feed_ids(context.network), lambda: [cancelled])
    visits = CancelledVisits(city, context.outlook(context.store), siri_request({}, ())).at(stop, [only])
    found: Tree = {"MonitoringRef": ["S002"], "MonitoredStopVisitCancellation": list(visits)}
    content = document(service_delivery("StopMonitoringDelivery", NOW, found), XML)
    assert tags(content).count(f"{{{NAMESPACE}}}MonitoredStopVisitCancellation") == 1
    assert tags(rewritten(content)) == tags(content)


def test_a_document_with_wrong_names_or_order_does_not(asked: Requester) -> None:
    content = asked("/siri/stop-monitoring?MonitoringRef=S002").text
    with pytest.raises(Exception, match="Unknown property"):
        rewritten(content.replace("VehicleRef", "BusRef"))
    swapped = content.replace("<ProducerRef>bus-simulator</ProducerRef><Status>true</Status>", "", 1).replace(
        "<MoreData>", "<Status>true</Status><ProducerRef>bus-simulator</ProducerRef><MoreData>", 1
    )
    assert tags(rewritten(swapped)) != tags(swapped)
