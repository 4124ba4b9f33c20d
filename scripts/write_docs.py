"""`python -m scripts.write_docs [--check]`: write the pages and the JSON Schema made from the program.

With `--check` nothing is written; exit code 1 if pages are out of date, which it names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from scripts import (
    docs_api,
    docs_commands,
    docs_costs,
    docs_gtfs,
    docs_mcp,
    docs_realism,
    docs_scenarios,
    docs_terraform,
    docs_timestream,
    scenario_json_schema,
)

ROOT = Path(__file__).parent.parent
PAGES: Mapping[str, Callable[[], str]] = {
    "docs/api.md": docs_api.page,
    "docs/commands.md": docs_commands.page,
    "docs/gtfs.md": docs_gtfs.page,
    "docs/mcp-tools.md": docs_mcp.page,
    "docs/costs.md": docs_costs.page,
    "docs/timestream-sql.md": docs_timestream.page,
    "data/scenarios/scenario.schema.json": scenario_json_schema.page,
    **docs_scenarios.pages(),
    **docs_realism.pages(),
    **docs_terraform.pages(),
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", is_flag=True, help="Write nothing; name the pages that are out of date.")
def main(*, check: bool) -> None:
    """Write the pages of docs/ and the JSON Schema of scenarios that are made from the program."""
    old = [name for name, page in PAGES.items() if not is_up_to_date(ROOT / name, page(), write=not check)]
    if check and old:
        click.echo(f"out of date: {', '.join(old)}; make docs writes them", err=True)
        sys.exit(1)


def is_up_to_date(path: Path, text: str, *, write: bool) -> bool:
    """Whether a page has this text already; with `write`, write it."""
    current = path.read_text(encoding="utf-8") if path.exists() else ""
    if write:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return current == text


if __name__ == "__main__":
    main()
