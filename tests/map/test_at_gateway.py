"""The map behind API Gateway, in a real browser: no sessions, no live connections, credentials as headers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.services.http_api import HttpApiOver
from tests.services.rest_served import parts

pytestmark = pytest.mark.browser

LATEST = "/bus-position?mode=latest"
SECRET = "right"


@contextmanager
def listening(gateway: HttpApiOver) -> Iterator[str]:
    """A server that passes requests to the gateway's double; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            answer = gateway.ask("GET", self.path, sent)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name != "content-length":
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own name
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_the_map_sends_key_and_group_and_asks_again(browser: Browser, tmp_path: Path) -> None:
    context, _, _ = parts(tmp_path)
    asked: list[str] = []
    with (
        closing(HttpApiOver(context)) as gateway,
        listening(gateway) as url,
        closing(browser.new_page()) as page,
    ):
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.get_by_label("Key").fill("wrong")
        page.get_by_role("button", name="Show the map").click()
        expect(page.locator("#refused")).to_have_text("Invalid API key")
        page.get_by_label("Key").fill(SECRET)
        page.get_by_role("button", name="Show the map").click()
        page.wait_for_function("() => window.mapPage?.city.tracks.buses.size === 3")
        assert len([each for each in asked if each.endswith(LATEST)]) == 1
        page.evaluate("mapPage.city.select({kind: 'stop', id: 'S001'})")
        expect(page.locator("#details")).to_contain_text("S001")
        page.wait_for_event("request", lambda request: request.url.endswith(LATEST))
    assert [each for each in asked if SECRET in each or not each.startswith((url, "blob:", "data:"))] == []
