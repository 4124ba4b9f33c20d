"""The map with the whole network, in headless Chromium: the first picture, and the frames while it moves.

Without a graphics card, Chromium draws WebGL in software. So the frames are held against those of an empty
map of the same library, which moves in the same way in the same browser.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.figures import Figure, Unmeasured, timed
from benchmarks.filling import FEED
from benchmarks.starting import KEY, started, text, until
from benchmarks.whole_live import PEAK, healthy
from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import import_feed
from simulator.network import Network
from tests.chromium import chromium
from tests.environment import feeds_folder

FIRST = "the map of the whole network: from the sign-in to the first picture"
FRAMES = "the map of the whole network: a frame while it moves, p95"
MOVED_MS = 8_000
WARM_MS = 2_000
"""Moved before it is measured: the first pictures compile shaders."""
ROUNDS = 3
"""How often the whole map and the empty one are measured, in turns, so that a busy moment is of both."""
QUIET_S = 60.0
PICTURE = "() => window.mapPage?.view.buses.drawn.length > 0 && mapPage.view.map.loaded()"
MOVED = """(ms) => new Promise(done => {
  const map = mapPage.view.map, center = map.getCenter(), times = [], began = performance.now();
  let before = began, side = 1;
  const push = () => map.panBy([side * 300, side * 150], {duration: 1000, essential: true, easing: t => t});
  const frame = now => {
    times.push(now - before);
    before = now;
    if (now - began > ms) return map.jumpTo({center}), done(times.slice(1));
    if (!map.isMoving()) { side = -side; push(); }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""
"""Move to and fro, then back to where it began; the milliseconds between frames."""
EMPTIED = """() => new Promise(done => {
  const {view} = mapPage, before = view.map, container = before.getContainer();
  const [center, zoom, EmptyMap] = [before.getCenter(), before.getZoom(), before.constructor];
  view.animate = view.drawBuses = view.refreshStops = () => {};
  before.remove();
  container.replaceChildren();
  view.map = new EmptyMap({container, center, zoom, style: {version: 8, sources: {}, layers: []}});
  view.map.once("idle", () => done());
})"""
"""Put an empty map of the same class in the place of the page's."""


def measure() -> Iterator[Figure | Unmeasured]:
    """The first picture, and the frames, which an empty map's are the peer of."""
    folder = feeds_folder()
    needs = "no Chromium: apt-get install chromium" if shutil.which("chromium") is None else ""
    if folder is None or not (folder / FEED).exists():
        needs = f"`BUS_SIMULATOR_TEST_FEEDS` names no folder with {FEED}"
    if needs or folder is None:
        yield Unmeasured(FIRST, needs, row_id="map-first")
        yield Unmeasured(FRAMES, needs, row_id="map-frames")
        return
    with tempfile.TemporaryDirectory() as name:
        imported = import_feed(folder / FEED)
        city = Path(name) / "city"
        city.mkdir()
        write_folder(imported, city)
        options = ("--network", str(city), "--backfill", "0", "--at", text(PEAK))
        with started(name, *options) as (port, _), chromium() as browser:
            until(lambda: healthy(port), "good health")
            yield from seen(browser, f"http://127.0.0.1:{port}/", imported.network)


def seen(browser: Browser, url: str, network: Network) -> Iterator[Figure]:
    """Both rows, on pages that are signed in once a round."""
    first: list[float] = []
    frames_ms: list[float] = []
    empty_ms: list[float] = []
    shown = asked = 0
    for turn in range(ROUNDS):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        first.append(signed_in_s(page, url))
        shown = shown or page.evaluate("mapPage.view.buses.drawn.length")
        frames_ms += moved(page)
        asked = requests_in(page, QUIET_S) if turn == 0 else asked
        page.evaluate(EMPTIED)
        empty_ms += moved(page)
        page.close()
    yield timed(
        FIRST, statistics.median(first), "s", 3,
        f"{len(network.lines)} lines, {len(network.stops):,} stops, {shown:,} buses shown; "
        f"median of {ROUNDS} pages",
        row_id="map-first",
    )  # fmt: skip
    yield Figure(
        FRAMES, p95(frames_ms), "ms", "an empty map of the same library", p95(empty_ms), "at most", 2,
        f"{ROUNDS} times {MOVED_MS / 1000:.0f} s of moving to and fro, in turns, drawn in software; "
        f"{asked} requests in a minute",
        row_id="map-frames",
    )  # fmt: skip


def moved(page: Page) -> list[float]:
    """The milliseconds between the frames of a map that moves."""
    page.evaluate(MOVED, WARM_MS)
    times_ms: list[float] = page.evaluate(MOVED, MOVED_MS)
    return times_ms


def requests_in(page: Page, seconds: float) -> int:
    """How many requests the page makes while nobody touches it."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(seconds * 1000)
    return len(asked)


def signed_in_s(page: Page, url: str) -> float:
    """Seconds from the button to a picture with lines and buses, once the key has been typed in 2 s."""
    page.goto(url)
    page.get_by_label("Key").press_sequentially(KEY, delay=2000 / len(KEY))
    began = time.perf_counter()
    page.get_by_role("button", name="Show the map").click()
    page.wait_for_function(PICTURE, timeout=60_000)
    return time.perf_counter() - began


def p95(times_ms: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times_ms, n=20)[-1]
