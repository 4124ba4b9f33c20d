"""The map in a real browser on a real server. Needs Debian's package chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

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
BUSES = 93


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped city on a Monday morning, at ten times the pace of the wall."""
    folder = tmp_path_factory.mktemp("city")
    write_history(folder, "2026-03-02T06:00Z", "2026-03-02T07:30Z")
    options = ("--at", "2026-03-02T08:30:00+01:00", "--backfill", "0", "--speed", "10", "--clock-control")
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
    panel.get_by_role("button", name="Close").press("Enter")
    expect(panel).to_be_hidden()


def search(page: Page, text: str) -> None:
    """Search by keyboard, and open what is found first."""
    box = page.get_by_role("combobox")
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
