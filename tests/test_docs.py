"""The generated pages are up to date and complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import docs_api, docs_realism, docs_scenarios
from scripts.write_docs import PAGES, ROOT, is_up_to_date
from services.cli import cli
from services.reports.realism_report import measured, titled
from simulator.analysis.realism import BANDS
from tests.synthetic import synthetic_network

API = (ROOT / "docs/api.md").read_text(encoding="utf-8")


SIMULATED = {**docs_scenarios.pages(), **docs_realism.pages()}
TERRAFORM = "terraform/"
"""The folder of pages made by reading Terraform's files, which takes four seconds."""
SERVED = "docs/api.md"
"""The page made by requests to a served city, which takes a second."""


def page(name: str) -> object:
    """A page as a parameter, marked by the time that its generation takes."""
    if name in SIMULATED or name.startswith(TERRAFORM):
        return pytest.param(name, marks=pytest.mark.long)
    return pytest.param(name, marks=pytest.mark.integration if name == SERVED else ())


@pytest.mark.parametrize("name", [page(name) for name in PAGES])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert is_up_to_date(ROOT / name, PAGES[name](), write=False), "make docs writes it"


def test_every_route_has_an_example_with_status_200() -> None:
    routes = re.split(r"^## ", API, flags=re.MULTILINE)
    described = {title[1]: text for text in routes if (title := re.match(r"`GET (\S+)`", text))}
    assert set(described) == set(docs_api.EXAMPLES)
    for path, asked in docs_api.EXAMPLES.items():
        assert described[path].count("```bash") == len(asked), path
        first = described[path].split("```bash")[1]
        assert '"error"' not in first, path


def test_every_command_has_its_help() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `bus-simulator (\S+)`", page, re.MULTILINE)) == set(cli.commands)


def test_every_scenario_has_its_section_and_diagram_and_no_other_has() -> None:
    page = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    names = [path.stem for path in sorted((ROOT / "data/scenarios").glob("*.yaml"))]
    assert re.findall(r"^## (\S+)", page, re.MULTILINE) == names
    assert re.findall(r"\(scenarios/(\S+)\.svg\)", page) == names
    assert [path.stem for path in sorted((ROOT / "docs/scenarios").iterdir())] == names


def test_every_band_has_its_row_and_every_chart_is_there() -> None:
    page = (ROOT / "docs/realism.md").read_text(encoding="utf-8")
    own, _, whole = page.partition(docs_realism.BEGIN)
    rows = re.findall(r"^\| ([^|]+?) \|.*\|$", own, re.MULTILINE)
    assert rows == [titled(band) for band in BANDS]
    assert re.findall(r"\(realism/(\S+)\.svg\)", own) == list(docs_realism.CHARTS)
    drawn = re.findall(r"\(realism/(\S+\.svg)\)", page)
    assert sorted(drawn) == sorted(path.name for path in (ROOT / "docs/realism").iterdir())
    assert whole.count(docs_realism.END) == 1


def test_the_part_about_a_whole_network_is_replaced_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "realism.md"
    path.write_text(f"before\n{docs_realism.BEGIN}\nas it was\n{docs_realism.END}\nafter\n", encoding="utf-8")
    found = measured(synthetic_network(2, 4, 40), seed=1, jobs=1)
    for _ in range(2):
        docs_realism.write_whole(found, path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(
        f"before\n{docs_realism.BEGIN}\n## A whole network: synthetic-2-4-40\n\n2 lines, 4 b"
    )
    assert text.endswith(f"![Mean CO2 in the cabin by the people aboard](realism/whole-co2.svg)\n"
                         f"{docs_realism.END}\nafter\n")  # fmt: skip
    assert "as it was" not in text
    assert {each.stem for each in (tmp_path / "realism").iterdir()} == {
        f"whole-{name}" for name in docs_realism.CHARTS
    }
    monkeypatch.setattr(docs_realism, "PAGE", path)
    assert "\n".join(docs_realism.kept()) in text


def test_an_outdated_page_is_reported_and_rewritten(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert not is_up_to_date(page, "new\n", write=False)
    assert not page.exists()
    assert not is_up_to_date(page, "new\n", write=True)
    assert is_up_to_date(page, "new\n", write=False)
    assert not is_up_to_date(page, "newer\n", write=False)
