"""The XML against the published schema of SIRI 2.0, as the classes that the package `siri` made from it.

Reading it strictly checks names, types and values. Written again, elements are in the schema's order.
"""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from siri import main
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

from services.app import create_app
from services.context import Context
from tests.services.rest_served import Requester, in_process, parts

pytestmark = pytest.mark.long

STRICT = ParserConfig(
    fail_on_unknown_properties=True, fail_on_unknown_attributes=True, fail_on_converter_warnings=True
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Requester:
    context: Context = parts(tmp_path_factory.mktemp("store"))[0]
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
    read = XmlParser(config=STRICT).from_bytes(content, main.Siri)
    assert read.version == "2.0"
    assert tags(XmlSerializer().render(read)) == tags(content)


def test_a_document_with_wrong_names_or_order_does_not(asked: Requester) -> None:
    content = asked("/siri/stop-monitoring?MonitoringRef=S002").text
    with pytest.raises(Exception, match="Unknown property"):
        XmlParser(config=STRICT).from_string(content.replace("VehicleRef", "BusRef"), main.Siri)
    swapped = content.replace("<ProducerRef>bus-simulator</ProducerRef><Status>true</Status>", "", 1).replace(
        "<MoreData>", "<Status>true</Status><ProducerRef>bus-simulator</ProducerRef><MoreData>", 1
    )
    read = XmlParser(config=STRICT).from_string(swapped, main.Siri)
    assert tags(XmlSerializer().render(read)) != tags(swapped)
