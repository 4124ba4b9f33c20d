"""Zoom by wheel and fingers, memory, a server that restarts, tiles, and how the page looks."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect

from tests.map.pages import PATIENCE_MS, new_page, show_moment, signed_in
from tests.process import Running, few_lines, running

pytestmark = pytest.mark.browser

KEPT = Path(__file__).parent / "pictures"
SIZES = {"light": (1280, 800), "dark": (1280, 800), "phone": (390, 780)}
AT = (400, 300)
"""A pixel of the map that nothing covers."""
PLACE = f"() => {{ const {{lng, lat}} = mapPage.view.map.unproject({list(AT)}); return [lng, lat]; }}"
PIXEL = "(place) => { const {x, y} = mapPage.view.map.project(place); return [x, y]; }"
ZOOM = "() => mapPage.view.map.getZoom()"
RESTS = "() => !mapPage.view.map.isMoving() && mapPage.view.map.loaded()"
MOST_GROWTH_BYTES = 3_000_000


def test_the_wheel_zooms_to_the_cursor(page: Page) -> None:
    signed_in(page)
    page.wait_for_function(RESTS)
    place, zoom = page.evaluate(PLACE), page.evaluate(ZOOM)
    page.mouse.move(*AT)
    page.mouse.wheel(0, -500)
    page.wait_for_function(f"(zoom) => ({ZOOM})() > zoom + 0.5 && ({RESTS})()", arg=zoom)
    x, y = page.evaluate(PIXEL, place)
    assert (x, y) == pytest.approx(AT, abs=3)


def test_two_fingers_zoom(browser: Browser, city: Running) -> None:
    page = new_page(browser, f"http://{city.host}:{city.port}/", has_touch=True)
    signed_in(page)
    page.wait_for_function(RESTS)
    zoom = page.evaluate(ZOOM)
    touches = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), *(("touchMove", 20 + 10 * step) for step in range(1, 9))):
        points = [{"x": AT[0] + side * apart, "y": AT[1], "id": side} for side in (-1, 1)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function(f"(zoom) => ({ZOOM})() > zoom + 1", arg=zoom)
    page.context.close()


def test_memory_stays_flat_over_many_ticks_which_need_hardly_a_request(page: Page) -> None:
    """At 120 times the pace 90 ticks take less than half a minute; five requests are allowed in one."""
    signed_in(page)
    measured = page.context.new_cdp_session(page)

    def used_bytes(ticks: int) -> float:
        """What is used once so many more ticks have come."""
        newest = page.evaluate("mapPage.city.live.newestMs")
        page.wait_for_function(
            "(until) => mapPage.city.live.newestMs >= until",
            arg=newest + ticks * 30_000,
            timeout=4 * PATIENCE_MS,
        )
        measured.send("HeapProfiler.collectGarbage")
        used: float = measured.send("Runtime.getHeapUsage")["usedSize"]
        return used

    page.get_by_role("combobox", name="Pace (Run)").select_option(label="×120")
    try:
        before = used_bytes(30)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        began_s = time.monotonic()
        assert used_bytes(60) - before < MOST_GROWTH_BYTES
        assert len(asked) <= 5 * max(1, (time.monotonic() - began_s) / 60), asked
    finally:
        page.get_by_role("combobox", name="Pace (Run)").select_option(label="×10")
        expect(page.locator("#pace")).to_have_text("×10")


def test_a_restarted_server_is_found_again_without_signing_in(browser: Browser, tmp_path: Path) -> None:
    options = (*few_lines(), "--at", "2026-03-02T08:30:00+01:00", "--backfill", "0", "--speed", "60")
    with running(tmp_path, *options) as process:
        port = process.port
        page = new_page(browser, f"http://{process.host}:{port}/")
        page.get_by_label("Key").fill("test-key")
        page.get_by_role("button", name="Show the map").click()
        page.wait_for_function("() => window.mapPage?.view.buses.drawn.length > 0")
        process.kill()
    expect(page.locator("#trouble")).to_contain_text("No connection")
    newest = page.evaluate("mapPage.city.live.newestMs")
    with running(tmp_path, *options, "--at", "2026-03-02T08:40:00+01:00", "--port", str(port)):
        page.wait_for_function(
            "(before) => mapPage.city.live.newestMs > before", arg=newest, timeout=2 * PATIENCE_MS
        )
        expect(page.locator("#trouble")).to_be_hidden(timeout=PATIENCE_MS)
        expect(page.get_by_role("dialog")).to_be_hidden()
        page.context.close()


def test_tiles_come_from_the_chosen_host_with_its_credit(browser: Browser, tmp_path: Path) -> None:
    tile = BytesIO()
    Image.new("RGB", (256, 256), "#7fd13b").save(tile, "PNG")
    tiles = ("--map-tiles", "https://tiles.example/{z}/{x}/{y}.png", "--map-tiles-credit", "© Tiles & Co")
    with running(tmp_path, *few_lines(), "--backfill", "0", *tiles) as process:
        page = new_page(browser, "about:blank")
        headers = {"access-control-allow-origin": "*"}
        page.route(
            "https://tiles.example/**",
            lambda route: route.fulfill(content_type="image/png", body=tile.getvalue(), headers=headers),
        )
        page.goto(f"http://{process.host}:{process.port}/")
        with page.expect_response("https://tiles.example/**"):
            page.get_by_label("Key").fill("test-key")
            page.get_by_role("button", name="Show the map").click()
        expect(page.get_by_text("© Tiles & Co")).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_function("() => mapPage.view.map.areTilesLoaded()")
        page.context.close()


@pytest.mark.parametrize("name", ["light", "dark", "phone"])
def test_the_page_looks_as_its_kept_picture(page: Page, name: Literal["light", "dark", "phone"]) -> None:
    """A picture that is missing is written, for somebody to look at and to keep."""
    width, height = SIZES[name]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if name == "dark" else "light", reduced_motion="reduce")
    signed_in(page)
    show_moment(page, "2026-03-02T07:00:00Z")
    expect(page.locator("#clock")).to_have_text("08:00:00")
    page.locator("#home").click()
    page.wait_for_function(RESTS)
    taken = Image.open(BytesIO(page.screenshot())).convert("RGB").resize((width // 4, height // 4))
    kept = KEPT / f"{name}.png"
    if not kept.exists():
        taken.quantize(64).save(kept, optimize=True)
        pytest.fail(f"there was no {kept.name}: look at the one that has been written, and keep it")
    differences = ImageChops.difference(taken, Image.open(kept).convert("RGB")).convert("L").histogram()
    pixels = taken.width * taken.height
    assert sum(level * count for level, count in enumerate(differences)) / pixels < 6
    assert sum(differences[64:]) / pixels < 0.02
