"""The map in a real browser on a real server. Needs Debian's package chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.process import KEY, Running, running, write_history

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
AXE = Path(__file__).parent.parent / "map/node_modules/axe-core/axe.min.js"
BUSES = 93


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped city on a Monday morning, at ten times the pace of the wall."""
    folder = tmp_path_factory.mktemp("city")
    write_history(folder, "2026-03-02T06:00Z", "2026-03-02T07:30Z")
    options = ("--at", "2026-03-02T08:30:00+01:00", "--backfill", "0", "--speed", "10", "--control")
    with running(folder, *options) as process:
        yield process


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, which draws WebGL in software."""
    path = shutil.which("chromium")
    assert path, "no chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, city: Running) -> Iterator[Page]:
    """The page before anyone signs in. Errors in the console and requests to other hosts fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    own = f"http://{city.host}:{city.port}/"
    opened.on("request", lambda request: complaints.extend(foreign(request.url, own)))
    opened.goto(own)
    yield opened
    context.close()
    assert [text for text in complaints if "status of 401" not in text] == []


def foreign(url: str, own: str) -> list[str]:
    """The URL if it leads anywhere but to the server, or holds the key."""
    return [url] if KEY in url or not url.startswith((own, "data:", "blob:")) else []


def sign_in(page: Page, key: str = KEY) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Show the map").click()


def signed_in(page: Page) -> None:
    """Sign in and wait until all buses are drawn."""
    sign_in(page)
    page.wait_for_function(f"() => window.mapPage?.view.buses.drawn.length === {BUSES}", timeout=PATIENCE_MS)


def test_the_map_shows_lines_buses_and_people(page: Page, tmp_path: Path) -> None:
    signed_in(page)
    expect(page.locator("#totals")).to_have_text(
        re.compile(r"^\d+ buses out[1-9][\d,]* aboard[1-9][\d,]* waiting[\d.]+ km/h mean speed$")
    )
    expect(page.locator("#day")).to_have_text("Mon, 2 Mar 2026")
    page.wait_for_function("() => mapPage.view.map.loaded()", timeout=PATIENCE_MS)
    assert page.evaluate("mapPage.view.map.queryRenderedFeatures({layers: ['lines']}).length") >= 12
    assert len(page.screenshot(path=tmp_path / "map.png")) > 30_000  # an empty map compresses to far less


def test_buses_drive_along_the_shapes_of_their_patterns(page: Page) -> None:
    signed_in(page)
    state = "() => [...mapPage.city.tracks.buses.values()].map(({place}) => [place.x, place.y])"
    before = page.evaluate(state)
    moved = (
        f"(before) => ({state})().filter(([x, y], i) => x !== before[i][0] || y !== before[i][1]).length > 40"
    )
    page.wait_for_function(moved, arg=before, timeout=PATIENCE_MS)


def test_a_panel_shows_the_values_of_rest(page: Page, city: Running) -> None:
    signed_in(page)
    city.ask("/clock", body={"pause": True})
    try:
        city.wait_for(lambda health: all(feeder["lag_s"] == 0 for feeder in health["feeders"]))
        _, newest = city.ask("/bus-position?mode=latest")
        page.wait_for_function(f"() => mapPage.city.live.newestMs === Date.parse('{newest['time']}')")
        position = next(each for each in newest["items"] if each["trip_id"])
        search(page, position["bus_id"])
        panel = page.get_by_role("complementary")
        for text in (
            f"{position['passenger_count']} / {position['capacity']} aboard",
            f"{position['speed']} km/h",
            position["trip_id"],
        ):
            expect(panel).to_contain_text(text, timeout=PATIENCE_MS)
        _, air = city.ask(f"/sensors/bus/{position['bus_id']}?mode=latest")
        expect(panel).to_contain_text(f"{air['co2_level']:,} ppm", timeout=PATIENCE_MS)
    finally:
        city.ask("/clock", body={"pause": False})


def test_stops_and_lines_are_found_and_described(page: Page) -> None:
    signed_in(page)
    panel = page.get_by_role("complementary")
    search(page, "27")
    expect(panel.get_by_role("heading", level=2)).to_contain_text("Embajadores")
    expect(panel.get_by_role("img", name="Space and time")).to_be_visible(timeout=PATIENCE_MS)
    expect(panel.locator(".journey").first).to_be_attached(timeout=PATIENCE_MS)
    search(page, "atocha")
    expect(panel).to_contain_text("Next arrivals", timeout=PATIENCE_MS)
    panel.get_by_role("button", name="Close", exact=True).press("Enter")
    expect(panel).to_be_hidden()


def search(page: Page, text: str) -> None:
    """Search by keyboard, and open what is found first."""
    box = page.locator("#search")
    box.fill(text)
    box.press("Enter")


def test_a_wrong_key_is_reported_and_an_ended_session_asks_again(page: Page) -> None:
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("Invalid API key", timeout=PATIENCE_MS)
    signed_in(page)
    assert (
        page.evaluate("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
        == "{}{}"
    )
    page.context.clear_cookies()
    search(page, "27")
    expect(page.get_by_role("dialog")).to_contain_text("Your session has ended", timeout=PATIENCE_MS)
    sign_in(page)
    expect(page.get_by_role("dialog")).to_be_hidden(timeout=PATIENCE_MS)


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with what is on the page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']})"
        ".then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`))"
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # what fades in has too little contrast
    assert violations(page) == []
    signed_in(page)
    assert violations(page) == []
    for text in ("27", "atocha", "B001"):
        search(page, text)
        expect(page.get_by_role("complementary").get_by_role("img").first).to_be_visible(timeout=PATIENCE_MS)
        assert violations(page) == []
    for view in ("City", "Operations", "Layers and filters", "Table"):
        page.get_by_role("button", name=view).click()
        assert violations(page) == []


def test_on_a_phone_in_spanish_nothing_hides_anything(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 780})
    signed_in(page)
    page.locator("#language").click()
    search(page, "27")
    expect(page.get_by_role("complementary")).to_contain_text("Intervalo medio", timeout=PATIENCE_MS)
    boxes = [page.locator(name).bounding_box() for name in ("#bar", "#totals", "#details", "#time")]
    tops_and_ends = [edge for box in boxes if box for edge in (box["y"], box["y"] + box["height"])]
    assert len(tops_and_ends) == 8
    assert tops_and_ends == sorted(tops_and_ends)
    assert violations(page) == []


def test_a_moment_of_the_past_is_shown_and_replayed(page: Page) -> None:
    signed_in(page)
    page.evaluate(
        """() => {
          const timeline = document.getElementById("timeline");
          timeline.value = String(Date.parse("2026-03-02T06:30:00Z") / 1000);
          for (const name of ["input", "change"]) timeline.dispatchEvent(new Event(name));
        }"""
    )
    expect(page.locator("#clock")).to_have_text("07:30:00", timeout=PATIENCE_MS)
    page.wait_for_function(f"() => mapPage.city.tracks.buses.size === {BUSES}", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#clock")).to_contain_text("07:31:", timeout=PATIENCE_MS)
    expect(page.locator("#totals")).to_contain_text(re.compile(r"[1-9]\d* waiting"))
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#clock")).to_contain_text("08:", timeout=PATIENCE_MS)


def test_the_clock_is_stopped_and_an_intervention_made_and_ended(page: Page, city: Running) -> None:
    signed_in(page)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#pace")).to_have_text("paused", timeout=PATIENCE_MS)
    assert city.ask("/clock")[1]["paused"]
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#pace")).to_have_text("×10", timeout=PATIENCE_MS)
    search(page, "atocha")
    page.get_by_role("spinbutton", name="people a minute").fill("30")
    page.get_by_role("button", name="Crowd").click()
    expect(page.get_by_text("Done, takes effect at")).to_be_visible(timeout=PATIENCE_MS)
    made = city.ask("/interventions")[1]["items"][-1]
    assert made["disruption"]["surge"]["people_per_min"] == 30
    page.get_by_role("button", name="City").click()
    page.get_by_role("button", name="End").click()
    expect(page.get_by_role("complementary")).to_contain_text("ended", timeout=PATIENCE_MS)
