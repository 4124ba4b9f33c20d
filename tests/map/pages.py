"""What tests do on the map's page: sign in, search, ask axe-core; and what may not happen there."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.process import KEY

PATIENCE_MS = 30_000
AXE = Path(__file__).parents[2] / "map/node_modules/axe-core/axe.min.js"
BUSES = 93
DRAG_TIMELINE = """(at) => {
  const timeline = document.getElementById("timeline");
  timeline.value = String(Date.parse(at) / 1000);
  for (const name of ["input", "change"]) timeline.dispatchEvent(new Event(name));
}"""


def new_page(browser: Browser, url: str, *, has_touch: bool = False) -> Page:
    """The page before anyone signs in, in a context of its own."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", has_touch=has_touch, reduced_motion="reduce"
    )
    opened = context.new_page()
    opened.goto(url)
    return opened


def foreign(url: str, own: str) -> list[str]:
    """The URL if it leads anywhere but to the server, or holds the key."""
    return [url] if KEY in url or not url.startswith((own, "data:", "blob:")) else []


def sign_in(page: Page, key: str = KEY) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Show the map").click()


def signed_in(page: Page) -> None:
    """Sign in and wait until all buses are drawn."""
    sign_in(page)
    page.wait_for_function(f"() => window.mapPage?.view.buses.drawn.length === {BUSES}")


def show_moment(page: Page, at: str) -> None:
    """Drag the timeline to an instant, once the page knows what is stored."""
    expect(page.locator("#timeline")).to_be_enabled(timeout=PATIENCE_MS)
    page.evaluate(DRAG_TIMELINE, at)


def search(page: Page, text: str) -> None:
    """Search by keyboard, and open what is found first."""
    box = page.locator("#search")
    box.fill(text)
    box.press("Enter")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with what is on the page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']})"
        ".then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`))"
    )
    return found
