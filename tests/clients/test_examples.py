"""The examples run against a served city, and their pictures are those of docs/examples.

`make example-pictures` writes them there (`BUS_SIMULATOR_EXAMPLE_PICTURES`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.clients.served import ServedCity
from tests.clients.whole_madrid import BUSES, LINES, whole_madrid
from tests.environment import environment, pictures_folder
from tests.map.pages import PATIENCE_MS
from tests.process import KEY, Running, running, write_history

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PYTHON = ROOT / "build" / "examples" / "bin" / "python"
EXECUTE = PYTHON.with_name("jupyter-execute")
"""Runs a notebook by nbclient."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped city on a Monday morning, with two hours of history and a fast clock."""
    folder = tmp_path_factory.mktemp("city")
    write_history(folder, "2026-03-02T06:00Z", "2026-03-02T08:00Z")
    start = ("--at", "2026-03-02T09:00:00+01:00", "--backfill", "0", "--speed", "120")
    with running(folder, *start) as process:
        yield process


@pytest.fixture(scope="module")
def madrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCity]:
    with whole_madrid(tmp_path_factory.mktemp("madrid")) as served:
        yield served


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder for pictures."""
    return pictures_folder() or tmp_path


def run(url: str, *command: str | Path, folder: Path, **variables: str) -> str:
    """The output of an example in the packages of `examples/requirements.lock`."""
    done = subprocess.run(
        [PYTHON, *command],
        cwd=folder,
        env=environment(API_URL=url, **{"API_KEY": KEY, **variables}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def url_of(city: Running) -> str:
    return f"http://{city.host}:{city.port}"


@pytest.mark.long
def test_the_board_shows_every_line(city: Running, tmp_path: Path, pictures: Path) -> None:
    board = EXAMPLES / "board" / "board.py"
    shown = run(url_of(city), board, "--svg", pictures / "board.svg", folder=tmp_path)
    assert "12 lines" in shown
    check_drawing(pictures / "board.svg")


@pytest.mark.long
def test_the_board_of_the_whole_of_madrid_needs_few_requests(madrid: ServedCity, tmp_path: Path) -> None:
    before = requests_to(madrid)
    options = ("--svg", tmp_path / "board.svg", "--rows", str(LINES))
    shown = run(madrid.url, EXAMPLES / "board" / "board.py", *options, folder=tmp_path, API_KEY="right")
    assert f"{BUSES} buses in service" in shown
    assert f"{LINES} lines" in shown
    asked = Counter(requests_to(madrid))
    asked.subtract(before)
    assert sum(asked.values()) - asked["/lines"] == 2


def requests_to(city: ServedCity) -> dict[str, int]:
    """How many requests each route has had, from the server's metrics, without that for the metrics."""
    text = httpx.get(f"{city.url}/metrics", trust_env=False).text
    found = re.findall(r'bus_simulator_http_requests_total\{route="([^"]+)",status="200"\} (\d+)', text)
    return {route: int(number) for route, number in found if route != "/metrics"}


FRAMES = """
import os
from bus_simulator_client import Client
with Client(os.environ["API_URL"], os.environ["API_KEY"], "tests") as city:
    print(*city.people_counts().to_pandas().dtypes.astype(str))
    print(*city.people_counts().to_polars().dtypes, sep=", ")
    print(city.bus_positions(line_id="L1").to_polars().shape)
"""


@pytest.mark.long
def test_records_become_data_frames_with_instants(city: Running, tmp_path: Path) -> None:
    pandas, polars, shape = run(url_of(city), "-c", FRAMES, folder=tmp_path).splitlines()
    assert "datetime64[us, UTC]" in pandas
    assert "Datetime(time_unit='us', time_zone='UTC')" in polars
    assert shape == "(9, 13)"


@pytest.mark.long
def test_the_notebook_runs_and_draws_four_charts(city: Running, tmp_path: Path, pictures: Path) -> None:
    notebook = tmp_path / "analysis.ipynb"
    shutil.copy(EXAMPLES / "analysis" / "analysis.ipynb", notebook)
    figure = pictures / "analysis.png"
    run(url_of(city), EXECUTE, notebook, folder=tmp_path, FIGURE=str(figure), HOURS="2")
    assert figure.stat().st_size > 30_000  # empty axes are smaller


@pytest.mark.long
def test_duckdb_answers_questions_over_exported_files(city: Running, tmp_path: Path, pictures: Path) -> None:
    script, picture = EXAMPLES / "duckdb" / "crowding.py", pictures / "crowding.svg"
    shown = run(url_of(city), script, "--hours", "1.5", "--svg", picture, folder=tmp_path)
    assert "Lines by people left behind" in shown
    assert sorted(path.name for path in (tmp_path / "export").iterdir()) == [
        "people_count.parquet",
        "stop_visit.parquet",
    ]
    check_drawing(picture)


def check_drawing(path: Path) -> None:
    """Check that a drawing of rich is there, and take out the fonts that it would load from the Internet."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    path.write_text(re.sub(r"\s*@font-face \{.*?\}\n", "\n", text, flags=re.DOTALL), encoding="utf-8")


@pytest.mark.browser
@pytest.mark.parametrize("which", ["city", "madrid"])
def test_the_map_draws_everything_with_few_requests(
    request: pytest.FixtureRequest, tmp_path: Path, pictures: Path, browser: Browser, which: str
) -> None:
    served: Running | ServedCity = request.getfixturevalue(which)
    with browser.new_page(viewport={"width": 1100, "height": 800}) as page:
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(urlsplit(sent.url).path))
        page.goto((EXAMPLES / "map" / "index.html").as_uri())
        page.get_by_label("URL").fill(served.url if isinstance(served, ServedCity) else url_of(served))
        page.get_by_label("Key").fill("right" if isinstance(served, ServedCity) else KEY)
        page.get_by_role("button", name="Show").click()
        buses = BUSES if which == "madrid" else 93
        expect(page.locator("output")).to_contain_text(f"{buses} buses", timeout=PATIENCE_MS)
        target = (pictures if which == "city" else tmp_path) / "map.png"
        assert len(page.screenshot(path=target)) > 30_000
    assert sorted(set(asked[1:])) == ["/bus-position", "/network.geojson", "/people-count"]


def test_the_map_is_one_file_that_loads_nothing_else() -> None:
    text = (EXAMPLES / "map" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"(?:src|href)=|import ", text) == []
    assert re.findall(r"https?://(?!127\.0\.0\.1)", text) == []
