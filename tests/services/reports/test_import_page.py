"""The page of a GTFS import: complete, well-formed, and harmless whatever the feed's texts are."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.reports.import_page import import_page
from simulator.gtfs.importer import Imported, import_feed
from tests.gtfs_feeds import feed, text_of, zipped

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;]]>"
NAMES = ("محطة ٥", "東京駅", "Plaza España", "🚌 Ñuñoa")
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "div", "bdi"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "desc", "g", "path", "rect", "circle", "text"),
}


class Structure(HTMLParser):
    """Collects a page's elements, attributes and texts, and checks that elements are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def hostile_feed(folder: Path) -> Imported:
    """A feed with hostile and foreign names, an unknown stop, and a file name that is HTML."""
    routes = text_of("routes").replace(
        '"Calle 1, Sur - Calle 8"', f'"{HOSTILE.replace(chr(34), chr(34) * 2)}"'
    )
    stops = text_of("stops")
    for number, name in enumerate(NAMES, start=1):
        stops = stops.replace(f"Calle {number},", f"{name},")
    times = text_of("stop_times").replace(",S3,", ",<b>gone</b>,", 1)
    path = zipped(folder / "<i>city.zip", feed(routes=routes, stops=stops, stop_times=times))
    return import_feed(path)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return hostile_feed(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def page(imported: Imported) -> str:
    return import_page(imported.details, imported.network)


def test_the_page_is_well_formed_and_has_every_part(page: str, imported: Imported) -> None:
    structure = Structure(page)
    assert set(structure.elements) <= ELEMENTS
    assert re.findall(r"<h2>(.*?)[<(]", page) == [
        *("Map", "Dates", "Buses by hour", "Speeds against the timetable", "Lines "),
        "Left out, understood or assumed ",
    ]
    lines, found = len(imported.lines), len(imported.details.findings)
    assert structure.elements.count("tr") == 3 + 3 + lines + found
    assert structure.elements.count("svg") == 2 + lines


def test_texts_of_the_feed_stay_text(page: str) -> None:
    structure = Structure(page)
    said = "\n".join(structure.texts)
    assert f"27 {HOSTILE}" in said
    assert "Import of <i>city.zip" in "".join(structure.texts)
    assert "stop_id <b>gone</b> isn't in stops.txt" in said
    assert all(name in said for name in NAMES)


def test_nothing_is_loaded_or_run(page: str) -> None:
    structure = Structure(page)
    names = {name for name, _ in structure.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"href", "src", "style", "srcset"}
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert ("content", f"default-src 'none'; style-src 'sha256-{digest}'") in structure.attributes
    assert page.count("<style>") == 1
    assert "url(" not in page
    assert "@import" not in page


def test_ids_are_unique_and_charts_are_named_for_screen_readers(page: str) -> None:
    attributes = Structure(page).attributes
    ids = [value for name, value in attributes if name == "id"]
    assert ids == ["map-title", "map-desc", "hours-title", "hours-desc"]
    named = [value for name, value in attributes if name == "aria-labelledby"]
    assert named == ["map-title map-desc", "hours-title hours-desc"]


def test_what_was_left_out_is_listed_with_file_and_line(page: str) -> None:
    said = "".join(Structure(page).texts)
    assert "trip r/27-LV-0-21600-8 is left outstop_times.txt, line 4" in said


def test_lines_far_from_their_timetable_are_listed_the_farthest_first(imported: Imported) -> None:
    details = imported.details
    off = [replace(line, worst_time_error=0.01 * n) for n, line in enumerate(details.lines)]
    said = import_page(replace(details, lines=off), imported.network)
    section = said.partition("Speeds against")[2].partition("<h2>")[0]
    ids = re.findall(r"</svg><bdi>(.*?)</bdi>", section)
    assert ids == [line.line_id for line in reversed(off[1:])]
    assert f"{len(off) - 1}.00 %" in section


def test_equal_imports_give_equal_pages(page: str, tmp_path: Path) -> None:
    again = hostile_feed(tmp_path)
    assert import_page(again.details, again.network) == page


@pytest.mark.browser
def test_a_browser_shows_the_page_without_an_error_also_on_a_phone(
    page: str, tmp_path: Path, browser: Browser
) -> None:
    file = tmp_path / "import-report.html"
    file.write_text(page, encoding="utf-8")
    complaints: list[str] = []
    requests: list[str] = []
    with browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark") as opened:
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("request", lambda request: requests.append(request.url))
        opened.goto(file.as_uri())
        assert opened.get_by_role("heading", name="Map").is_visible()
        assert opened.get_by_role("img", name="Map of the lines").is_visible()
        width = opened.evaluate("document.documentElement.scrollWidth")
        paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert complaints == []
    assert requests == [file.as_uri()]
    assert width == 390
    assert paper == "rgb(20, 26, 34)"
