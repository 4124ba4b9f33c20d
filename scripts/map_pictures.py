"""`python -m scripts.map_pictures`: draw README's picture of the map, and its animation of twenty seconds.

Both show the shipped city on a Monday morning, in Debian's chromium. The animation is a replay of which each
frame is drawn for its own instant, so that a slow machine makes the same one.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bus_simulator_testing.choices import Choices
from bus_simulator_testing.process import BusSimulatorProcess

DOCS = Path(__file__).parent.parent / "docs"
CITY = Choices(at="2026-03-02T07:30Z", backfill="90m")
REPLAYED = "2026-03-02T07:00Z"
PATIENCE_MS = 120_000
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic")
FRAMES, FRAME_MS, PACE = 100, 200, 45
LARGEST_BYTES = 2_000_000
SEEK = """async at => {
  const timeline = document.getElementById("timeline");
  timeline.value = String(Date.parse(at) / 1000);
  for (const name of ["input", "change"]) timeline.dispatchEvent(new Event(name));
}"""
LOAD = """async until => {
  while (mapPage.city.replay.loadedToMs < until) await mapPage.city.replay.fetchPiece();
}"""
DRAW = """([atMs, pace]) => {
  const {city} = mapPage;
  [city.replay.nowMs, city.replay.rate] = [() => atMs, () => pace];
  city.replay.follow();
  return new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}"""


@click.command()
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=DOCS)
def main(output: Path) -> None:
    """Write map.png and map.webp into the folder OUTPUT."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise click.ClickException("no chromium: apt-get install chromium")
    with BusSimulatorProcess(CITY) as city, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        picture(browser, city).save(output / "map.png", optimize=True)
        save_animation(animation(browser, city), output / "map.webp")
        browser.close()


def opened(browser: Browser, city: BusSimulatorProcess, width: int, height: int) -> Page:
    """The map with all of its buses."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-GB",
        color_scheme="dark",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(city.api_url)
    page.get_by_label("Key").fill(city.api_key)
    page.get_by_role("button", name="Show the map").click()
    page.wait_for_function("() => window.mapPage?.view.buses.drawn.length > 80", timeout=PATIENCE_MS)
    page.wait_for_function("() => mapPage.view.map.loaded()", timeout=PATIENCE_MS)
    return page


def picture(browser: Browser, city: BusSimulatorProcess) -> Image.Image:
    """The map with the panel of line 27."""
    page = opened(browser, city, 1280, 800)
    page.locator("#search").fill("27")
    page.locator("#search").press("Enter")
    page.locator("#details .journey").first.wait_for(state="attached", timeout=PATIENCE_MS)
    page.wait_for_function(
        "() => !mapPage.view.map.isMoving() && mapPage.view.map.loaded()", timeout=PATIENCE_MS
    )
    taken = image_of(page)
    page.context.close()
    return taken.quantize(256, dither=Image.Dither.NONE)


def animation(browser: Browser, city: BusSimulatorProcess) -> list[Image.Image]:
    """A quarter of an hour, frame by frame."""
    page = opened(browser, city, 960, 600)
    page.locator("#timeline:enabled").wait_for()
    page.evaluate(SEEK, REPLAYED)
    page.wait_for_function("() => mapPage.city.replay?.tracks.buses.size > 80", timeout=PATIENCE_MS)
    start_ms = page.evaluate("mapPage.city.replay.nowMs()")
    page.evaluate(LOAD, start_ms + FRAMES * FRAME_MS * PACE)
    frames = []
    for index in range(FRAMES):
        page.evaluate(DRAW, [start_ms + index * FRAME_MS * PACE, PACE])
        frames.append(image_of(page).resize((800, 500), Image.Resampling.LANCZOS))
    page.context.close()
    return frames


def image_of(page: Page) -> Image.Image:
    """A screenshot."""
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def save_animation(frames: Sequence[Image.Image], file: Path) -> None:
    """Write an animated WebP, of the best quality that stays within `LARGEST_BYTES`."""
    for quality in (70, 55, 40, 25):
        frames[0].save(
            file,
            save_all=True,
            append_images=frames[1:],
            duration=FRAME_MS,
            loop=0,
            quality=quality,
            method=4,
        )
        if file.stat().st_size <= LARGEST_BYTES:
            return
    raise click.ClickException(f"{file} takes {file.stat().st_size:,} bytes, more than {LARGEST_BYTES:,}")


if __name__ == "__main__":
    main()
