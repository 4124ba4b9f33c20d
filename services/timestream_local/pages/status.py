"""The health of the endpoint, and the page that lists databases and tables and runs a query."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from services.timestream_local.catalog import Table
from services.timestream_local.state import EndpointState, Response
from services.timestream_local.types import MINUTE_NS
from services.timestream_local.value_texts import timestamp_text

SCRIPT = """
const form = document.querySelector("form"), result = document.querySelector("#result");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const headers = {"X-Amz-Target": "Timestream_20181101.Query", "Content-Type": "application/x-amz-json-1.0"};
  const body = JSON.stringify({QueryString: form.sql.value, MaxRows: 200});
  const answer = await (await fetch("/", {method: "POST", headers, body})).json();
  result.replaceChildren();
  if (!answer.Rows) { result.textContent = answer.message; return; }
  const shown = (datum) => datum.NullValue ? "NULL" : datum.ScalarValue ?? JSON.stringify(datum);
  const lines = [answer.ColumnInfo.map((c) => c.Name), ...answer.Rows.map((row) => row.Data.map(shown))];
  for (const [n, line] of lines.entries()) {
    const row = result.insertRow();
    for (const text of line) {
      row.appendChild(document.createElement(n ? "td" : "th")).textContent = text;
    }
  }
});
"""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { border: 1px solid #bbb; padding: .2rem .6rem; }
th { text-align: left; } textarea { box-sizing: border-box; font: 14px monospace; width: 100%; }
"""
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'"
"""The page's Content-Security-Policy: it loads nothing, and asks only the endpoint."""


@dataclass(frozen=True, slots=True)
class TableStatus:
    """A table's number of records, how many of them a minute came last, and its newest time."""

    records: int
    last_minute: int
    newest: int | None


def health(state: EndpointState) -> Response:
    """The body of `/health`."""
    return {
        "status": "ok",
        "databases": len(state.catalog.databases),
        "tables": len(state.catalog.tables),
        "scheduledQueries": len(state.catalog.scheduled),
    }


def status_page(state: EndpointState) -> str:
    """The page in HTML."""
    rows = "".join(_row(table, _status(state, table)) for table in state.catalog.tables_of(None))
    empty = sorted(set(state.catalog.databases) - {table.database for table in state.catalog.tables_of(None)})
    rows += "".join(f"<tr><td>{escape(name)}<td colspan=4>no tables" for name in empty)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Timestream endpoint</title><style>{STYLE}</style>
<h1>Timestream endpoint</h1>
<table><tr><th>Database<th>Table<th>Records<th>In the last minute<th>Newest{rows}</table>
<form><label>Query<textarea name="sql" rows="4">SELECT 1</textarea></label><button>Run</button></form>
<table id="result"></table><script>{SCRIPT}</script></html>
"""


def _row(table: Table, status: TableStatus) -> str:
    newest = "" if status.newest is None else timestamp_text(status.newest)
    cells = (table.database, table.name, f"{status.records:,}", f"{status.last_minute:,}", newest)
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells)


def _status(state: EndpointState, table: Table) -> TableStatus:
    since = state.query_instant(table.database) - MINUTE_NS
    sql = f"SELECT count(*), count(*) FILTER (WHERE time > {since}), max(time) FROM {table.physical_name}"
    return TableStatus(*state.queries.internal(sql)[0])
