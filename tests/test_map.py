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
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped city on a Monday morning."""
    folder = tmp_path_factory.mktemp("city")
    write_history(folder, "2026-03-02T06:00Z", "2026-03-02T07:30Z")
    with running(folder, "--at", "2026-03-02T08:30:00+01:00", "--backfill", "0") as process:
        yield process


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    path = shutil.which("chromium")
    assert path, "no chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, city: Running) -> Iterator[Page]:
    """The map, just opened. Any error in the browser's console fails the test."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.goto(f"http://{city.host}:{city.port}/")
    yield opened
    opened.close()
    assert [text for text in complaints if "401" not in text] == []


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Show the map").click()


def test_the_map_shows_lines_buses_and_people(page: Page, tmp_path: Path) -> None:
    sign_in(page, KEY)
    summary = page.locator("#summary")
    expect(summary).to_have_text(
        re.compile(r"^93 buses · [1-9]\d* aboard · [1-9]\d* waiting$"), timeout=PATIENCE_MS
    )
    expect(page.get_by_role("navigation").get_by_role("listitem")).to_have_count(12)
    expect(page.locator("#clock")).to_contain_text("2 Mar 2026")
    picture = page.screenshot(path=tmp_path / "map.png")
    assert len(picture) > 30_000  # an empty canvas compresses to far less


def test_buses_move(page: Page) -> None:
    sign_in(page, KEY)
    places = "() => JSON.stringify([...window.city.buses.values()].map((bus) => bus.time))"
    page.wait_for_function("() => window.city?.buses.size === 93", timeout=PATIENCE_MS)
    before = page.evaluate(places)
    page.wait_for_function(f"(before) => ({places})() !== before", arg=before, timeout=2 * PATIENCE_MS)


def test_one_line_can_be_shown_alone_and_then_all(page: Page) -> None:
    sign_in(page, KEY)
    expect(page.locator("#summary")).to_contain_text("93 buses", timeout=PATIENCE_MS)
    page.get_by_role("button", name="27 Embajadores").click()
    expect(page.locator("#summary")).to_contain_text("9 buses", timeout=PATIENCE_MS)
    page.get_by_role("button", name="all lines").click()
    expect(page.locator("#summary")).to_contain_text("93 buses", timeout=PATIENCE_MS)


def test_a_wrong_key_is_reported_and_can_be_entered_again(page: Page) -> None:
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("Invalid API key", timeout=PATIENCE_MS)
    sign_in(page, KEY)
    expect(page.locator("#summary")).to_contain_text("buses", timeout=PATIENCE_MS)


def test_the_key_is_in_no_url(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, KEY)
    expect(page.locator("#summary")).to_contain_text("buses", timeout=PATIENCE_MS)
    assert asked
    assert [url for url in asked if KEY in url] == []
