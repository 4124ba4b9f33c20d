"""The shipped city as a process, and its map in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.map.pages import PATIENCE_MS, foreign
from tests.process import Running, running, write_history

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped city on a Monday morning, at ten times the pace of the wall."""
    folder = tmp_path_factory.mktemp("city")
    write_history(folder, "2026-03-02T06:00Z", "2026-03-02T07:30Z")
    options = ("--at", "2026-03-02T08:30:00+01:00", "--backfill", "0", "--speed", "10", "--control")
    with running(folder, *options) as process:
        yield process


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
