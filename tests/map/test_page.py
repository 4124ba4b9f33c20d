"""The map in a real browser on a real server. Needs Debian's package chromium."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from services.access.authentication import GENERAL, ApiKey, Caller
from services.access.sessions import new_token
from tests.map.pages import BUSES, PATIENCE_MS, search, show_moment, sign_in, signed_in, violations
from tests.process import KEY, Running

pytestmark = pytest.mark.browser

FREE_SEGMENT = """() => {
  const {city, view} = mapPage, {map} = view;
  map.jumpTo({zoom: 11.5});
  map.redraw();
  for (const {geometry, properties} of city.network.shape.features) {
    if (geometry.type !== "LineString" || !properties.is_main) continue;
    const places = geometry.coordinates;
    for (let index = 1; index < places.length; index += 1) {
      const ends = [places[index - 1], places[index]];
      const {x, y} = map.project([(ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2]);
      const isFree = document.elementFromPoint(x, y) === map.getCanvas() && !view.buses.at(x, y, 20);
      const stops = map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], {layers: ["stops"]});
      if (isFree && !stops.length) return {x, y, ends};
    }
  }
}"""
"""The middle, on the screen, of a segment of a line with neither buses nor stops about it."""
HAS_SEGMENT = """(ends) => mapPage.city.network.shape.features.some(({geometry, properties}) =>
  properties.line_id === mapPage.city.selected.id && geometry.type === "LineString" &&
  ends.every(end => geometry.coordinates.some(place => place.join() === end.join())))"""
"""Whether the selected line has both ends of a segment."""


def test_the_map_shows_lines_buses_and_people(page: Page, tmp_path: Path) -> None:
    signed_in(page)
    expect(page.locator("#totals")).to_have_text(
        re.compile(r"^\d+ buses out[1-9][\d,]* aboard[1-9][\d,]* waiting[\d.]+ km/h mean speed$")
    )
    expect(page.locator("#day")).to_have_text("Mon, 2 Mar 2026")
    page.wait_for_function("() => mapPage.view.map.loaded()")
    lines = "mapPage.view.far.drawn + mapPage.view.map.queryRenderedFeatures({layers: ['lines']}).length"
    assert page.evaluate(lines) >= 12
    assert len(page.screenshot(path=tmp_path / "map.png")) > 30_000  # an empty map compresses to far less


def test_a_line_is_opened_by_clicking_on_it_from_afar(page: Page) -> None:
    signed_in(page)
    page.wait_for_function("() => mapPage.view.map.loaded()")
    found = page.evaluate(FREE_SEGMENT)
    page.mouse.click(found["x"], found["y"])
    page.wait_for_function("() => mapPage.city.selected?.kind === 'line'")
    assert page.evaluate(HAS_SEGMENT, found["ends"])


def test_close_by_the_lines_from_afar_leave_the_picture_also_if_nothing_else_changes(page: Page) -> None:
    signed_in(page)
    page.wait_for_function("() => mapPage.view.map.loaded()")
    page.evaluate("() => { mapPage.view.refreshStops = () => {}; mapPage.view.map.jumpTo({zoom: 14}); }")
    page.wait_for_function("() => mapPage.view.isNearDrawn && mapPage.view.far.drawn === 0")


def test_buses_drive_along_the_shapes_of_their_patterns(page: Page) -> None:
    signed_in(page)
    state = "() => [...mapPage.city.tracks.buses.values()].map(({place}) => [place.x, place.y])"
    before = page.evaluate(state)
    moved = (
        f"(before) => ({state})().filter(([x, y], i) => x !== before[i][0] || y !== before[i][1]).length > 40"
    )
    page.wait_for_function(moved, arg=before)


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
            expect(panel).to_contain_text(text)
        _, air = city.ask(f"/sensors/bus/{position['bus_id']}?mode=latest")
        expect(panel).to_contain_text(f"{air['co2_level']:,} ppm")
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
    expect(panel).to_contain_text("Next arrivals")
    panel.get_by_role("button", name="Close", exact=True).press("Enter")
    expect(panel).to_be_hidden()


def test_a_wrong_key_is_reported_and_an_ended_session_asks_again(page: Page) -> None:
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("Invalid API key")
    with page.expect_websocket() as feed:
        signed_in(page)
    feed.value.wait_for_event("framereceived")  # a connection that is opened later would be refused
    assert (
        page.evaluate("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
        == "{}{}"
    )
    (cookie,) = page.context.cookies()
    expired = new_token(Caller("map", GENERAL), ApiKey.of(KEY), now_s=0)
    page.context.add_cookies([{"name": str(cookie["name"]), "value": expired, "url": page.url}])
    search(page, "27")
    expect(page.get_by_role("dialog")).to_contain_text("Your session has ended")
    sign_in(page)
    expect(page.get_by_role("dialog")).to_be_hidden(timeout=PATIENCE_MS)


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
    expect(page.get_by_role("complementary")).to_contain_text("Intervalo medio")
    boxes = [page.locator(name).bounding_box() for name in ("#bar", "#totals", "#details", "#time")]
    tops_and_ends = [edge for box in boxes if box for edge in (box["y"], box["y"] + box["height"])]
    assert len(tops_and_ends) == 8
    assert tops_and_ends == sorted(tops_and_ends)
    assert violations(page) == []


def test_a_moment_of_the_past_is_shown_and_replayed(page: Page) -> None:
    signed_in(page)
    show_moment(page, "2026-03-02T06:30:00Z")
    expect(page.locator("#clock")).to_have_text("07:30:00")
    page.wait_for_function(f"() => mapPage.city.tracks.buses.size === {BUSES}")
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#clock")).to_have_text(re.compile("07:(3[1-9]|[45])"))
    expect(page.locator("#totals")).to_contain_text(re.compile(r"[1-9]\d* waiting"))
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#clock")).to_have_text(re.compile("^(08|09|1)"))


def test_the_clock_is_stopped_and_an_intervention_made_and_ended(page: Page, city: Running) -> None:
    signed_in(page)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#pace")).to_have_text("paused")
    assert city.ask("/clock")[1]["paused"]
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#pace")).to_have_text("×10")
    search(page, "atocha")
    page.get_by_role("spinbutton", name="people a minute").fill("30")
    page.get_by_role("button", name="Crowd").click()
    expect(page.get_by_text("Done, takes effect at")).to_be_visible(timeout=PATIENCE_MS)
    made = city.ask("/interventions")[1]["items"][-1]
    assert made["disruption"]["surge"]["people_per_min"] == 30
    page.get_by_role("button", name="City").click()
    page.get_by_role("button", name="End").click()
    expect(page.get_by_role("complementary")).to_contain_text("ended")


def test_a_road_is_closed_and_a_bus_broken_by_pointing_and_ended_on_the_map(
    page: Page, city: Running
) -> None:
    signed_in(page)
    city.ask("/clock", body={"pause": True})
    try:
        first, between, last = page.evaluate(STOPS_IN_A_ROW)
        page.evaluate("(center) => mapPage.view.map.jumpTo({center, zoom: 14.3})", between)
        page.wait_for_function("() => mapPage.view.map.loaded()")
        begin(page, "Close a road: point at it")
        for stop in (first, last):
            click_at(page, stop["lngLat"])
        choose_line(page, "27")
        expect(page.locator("#pointing")).to_contain_text("Done, takes effect at")
        made = city.ask("/interventions")[1]["items"][-1]
        assert made["disruption"]["closure"]["between"] == [first["id"], last["id"]]
        page.wait_for_function(DRAWN, arg="disturbed-roads")
        page.locator("#pointing").get_by_role("button", name="Cancel").click()
        click_at(page, between)
        page.locator(".maplibregl-popup").get_by_role("button", name="End").click()
        page.wait_for_function(f"() => !({DRAWN})('disturbed-roads')")
        page.get_by_role("button", name="Show the whole network").click()
        page.wait_for_function("() => !mapPage.view.map.isMoving()")
        begin(page, "Break a bus down: point at it")
        bus = page.evaluate(NEAREST_BUS)
        page.mouse.click(bus["x"], bus["y"])
        expect(page.locator("#pointing")).to_contain_text("Done, takes effect at")
        assert city.ask("/interventions")[1]["items"][-1]["disruption"]["breakdown"]["bus"] == bus["id"]
    finally:
        city.ask("/clock", body={"pause": False})


STOPS_IN_A_ROW = """() => {
  const line = mapPage.city.network.lines.find(({label}) => label === "27");
  const ids = line.patterns[0].stopIds.slice(4, 7);
  const [first, between, last] = ids.map(id => mapPage.city.network.stop.get(id));
  return [first, between.lngLat, last];
}"""
NEAREST_BUS = """() => {
  const {drawn} = mapPage.view.buses;
  const free = drawn.filter(({x, y}) => Math.abs(y) < 200 && x > -350 && x < 150);
  const isNear = (one, other) => other !== one && Math.hypot(one.x - other.x, one.y - other.y) < 30;
  const apart = free.find(one => !drawn.some(other => isNear(one, other)));
  return {id: apart.bus.id, x: 640 + apart.x, y: 400 + apart.y};
}"""
DRAWN = "(layer) => mapPage.view.map.queryRenderedFeatures({layers: [layer]}).length > 0"


def begin(page: Page, name: str) -> None:
    """Begin pointing, from the panel of the city."""
    button = page.get_by_role("button", name=name)
    if not button.is_visible():
        page.get_by_role("button", name="City", exact=True).click()
    button.click()


def click_at(page: Page, place: list[float]) -> None:
    """Click the map where a place is drawn."""
    x, y = page.evaluate(
        "(place) => { const {x, y} = mapPage.view.map.project(place); return [x, y]; }", place
    )
    page.mouse.click(x, y)


def choose_line(page: Page, label: str) -> None:
    """Choose a line where several serve both stops."""
    choice = page.locator("#pointing").get_by_role("button", name=label, exact=True)
    expect(choice.or_(page.get_by_text("Done, takes effect at"))).to_be_visible(timeout=PATIENCE_MS)
    if choice.is_visible():
        choice.click()
