"""Running queries, and keeping those open whose results have further pages."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
from sqlglot import exp

from services.timestream_local.catalog import Catalog
from services.timestream_local.errors import QueryExecutionException, ValidationException
from services.timestream_local.running.duckdb_errors import running
from services.timestream_local.running.object_store import ObjectStore
from services.timestream_local.running.query_insights import query_insights
from services.timestream_local.running.query_templates import FilledTemplate, Parameters, QueryTemplates
from services.timestream_local.running.query_timeouts import QueryTimeouts
from services.timestream_local.running.result_pages import Pager, QueryBody, ResultPage, column_info
from services.timestream_local.running.show_statements import show_rows
from services.timestream_local.running.snapshots import Snapshots
from services.timestream_local.running.unload import SUMMARY, Unload
from services.timestream_local.sql.compiler import Compiled, compile_query
from services.timestream_local.sql.from_clause import Instant
from services.timestream_local.sql.syntax import ShowStatement, parse
from services.timestream_local.sql.tokens.unload_statement import UnloadStatement
from services.timestream_local.types import Kind, Stored

if TYPE_CHECKING:
    from types_boto3_timestream_query.type_defs import ColumnInfoTypeDef

MOST_OPEN = 64
"""The most open queries. Beyond it, the query that was unused for longest is closed."""
MOST_CANCELLED = 1000
"""The most cancelled queries whose ids are remembered: cancelling is idempotent."""
LONGEST_WAIT_S = 900.0
"""How long an open query is kept without a request for its next page."""
LONGEST_QUERY_S = 60.0
"""How long the computation of a page may take."""
ROWS_AT_ONCE = 1024
CANCELLED = "The query was cancelled"
INVALID_TOKEN = "Invalid pagination token."  # noqa: S105 - no secret


@dataclass(slots=True)
class OpenQuery:
    """A query with further pages. `token` requests the next page, `last_token` the page `last` again.

    A client sends `last_token` again if its request timed out. `cursor` may only be used by the thread that
    holds `lock`. After the query `ended`, there are no further pages.
    """

    sql: str
    info: list[ColumnInfoTypeDef]
    pager: Pager
    cursor: duckdb.DuckDBPyConnection
    token: str
    used_s: float
    last_token: str = ""
    last: ResultPage | None = None
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Prepared(NamedTuple):
    """A compiled query, and the names and types of its parameters."""

    compiled: Compiled
    parameters: Sequence[tuple[str, Kind]]


class QueryResult(NamedTuple):
    """The columns and rows of a whole result."""

    columns: Sequence[tuple[str, Kind]]
    rows: Sequence[tuple[Stored, ...]]


class QueryRunner:
    """Runs queries with `connection`, at most `longest_s` for each page. Threads may share it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        snapshots: Snapshots,
        *,
        longest_s: float = LONGEST_QUERY_S,
        objects: ObjectStore | None = None,
    ) -> None:
        self._connection, self._catalog, self._objects = connection, catalog, objects
        self._snapshots, self._templates = snapshots, QueryTemplates(connection, catalog)
        self._open: OrderedDict[str, OpenQuery] = OrderedDict()
        self._cancelled: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._timeouts = QueryTimeouts(longest_s)

    def run(
        self,
        sql: str,
        instant: Instant,
        most_rows: int | None,
        *,
        empty_first: bool = False,
        insights: bool = False,
    ) -> QueryBody:
        """Run a query; return its first page as a response body. `instant` returns the current time.

        With `empty_first` this page has no rows, with `insights` the body has QueryInsights.
        """
        query_id = secrets.token_hex(20).upper()
        tree = self._template(sql, instant) or parse(sql)
        cursor = self._connection.cursor()
        keep = False
        try:
            if isinstance(tree, ShowStatement):
                info, rows = show_rows(tree, self._catalog, cursor)
                return _query_body(query_id, info, ResultPage(rows), None)
            if isinstance(tree, UnloadStatement):
                return self._unloaded(query_id, tree, cursor, instant)
            compiled, found = self._rows_of(tree, query_id, cursor, instant)
            with self._timeouts.limit(query_id, cursor.interrupt):
                pager, page = running(lambda: _begun(found, compiled, most_rows, empty=empty_first))
            info = column_info(compiled.columns)
            token = f"{query_id}{secrets.token_hex(8)}" if page.more else None
            if token is not None:
                keep = True
                self._keep(query_id, OpenQuery(sql, info, pager, cursor, token, monotonic()))
            body = _query_body(query_id, info, page, token)
            if insights:
                body["QueryInsightsResponse"] = query_insights(compiled.tables, page, self._connection)
            return body
        finally:
            if not keep:
                cursor.close()

    def _template(self, sql: str, instant: Instant) -> FilledTemplate | None:
        # A template is compiled for the present state. What is visible may be an earlier one.
        return None if self._snapshots.delayed else self._templates.filled(sql, instant)

    def _rows_of(
        self,
        tree: exp.Query | FilledTemplate,
        query_id: str,
        cursor: duckdb.DuckDBPyConnection,
        instant: Instant,
    ) -> tuple[Compiled, Iterator[tuple[Stored, ...]]]:
        """A compiled query and the rows of what is visible."""
        if isinstance(tree, FilledTemplate):
            return tree.compiled, _rows(cursor, tree.statement, tree.parameters)
        with self._snapshots.visible() as snapshot:
            if snapshot is None:
                compiled = compile_query(tree, self._catalog, instant=instant)
                return compiled, _rows(cursor, compiled.sql)
            compiled = compile_query(tree, snapshot.catalog, instant=instant)
            # A snapshot serves one query after another, so that its rows are read at once.
            with self._timeouts.limit(query_id, snapshot.cursor.interrupt):
                return compiled, iter(running(lambda: snapshot.rows(compiled.sql)))

    def _unloaded(
        self, query_id: str, tree: UnloadStatement, cursor: duckdb.DuckDBPyConnection, instant: Instant
    ) -> QueryBody:
        if self._objects is None:
            raise ValidationException(
                "UNLOAD needs an S3: start the endpoint with --s3-endpoint URL, or --s3-endpoint aws"
            )
        compiled = compile_query(tree.query, self._catalog, instant=instant)
        unload = Unload(tree, compiled.columns, query_id, self._objects)
        with self._timeouts.limit(query_id, cursor.interrupt):
            row = running(lambda: unload.run(_rows(cursor, compiled.sql)))
        page = Pager(iter([row]), [kind for _, kind in SUMMARY]).page(None)
        return _query_body(query_id, column_info(SUMMARY), page, None)

    def internal(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement of the endpoint's own, in DuckDB's SQL."""
        with self._connection.cursor() as cursor:
            return cursor.execute(sql).fetchall()

    def result(self, sql: str, instant: Instant, runtime: int) -> QueryResult:
        """The whole result of a scheduled query; `runtime` is its `@scheduled_runtime` in nanoseconds."""
        tree = parse(sql)
        if not isinstance(tree, exp.Query):
            raise ValidationException("A scheduled query must be a SELECT")
        compiled = compile_query(tree, self._catalog, instant=instant, runtime=runtime)
        with (
            self._connection.cursor() as cursor,
            self._timeouts.limit(secrets.token_hex(20), cursor.interrupt),
        ):
            return QueryResult(compiled.columns, running(lambda: list(_rows(cursor, compiled.sql))))

    def prepared(self, sql: str, instant: Instant) -> Prepared:
        """Compile a query without running it. Raises `ValidationException` as `run` does."""
        tree = parse(sql)
        if not isinstance(tree, exp.Query):
            raise ValidationException("PrepareQuery is only for SELECT")
        found: dict[str, Kind] = {}
        runtime = instant()
        compiled = compile_query(tree, self._catalog, instant=instant, runtime=runtime, parameters=found)
        return Prepared(compiled, sorted(found.items()))

    def resume(self, sql: str, token: str, most_rows: int | None) -> QueryBody:
        """Return the next page of a query, or its last page again. `sql` must equal the query's text."""
        query_id = token[:40]
        with self._lock:
            found = self._open.get(query_id)
            if found is None or found.sql != sql or token not in (found.token, found.last_token):
                raise ValidationException(INVALID_TOKEN)
            self._open.move_to_end(query_id)
            found.used_s = monotonic()
        with found.lock:
            if token == found.last_token and found.last is not None:
                return _query_body(query_id, found.info, found.last, found.token or None)
            # While this waited for the lock the query may have ended, or another request got this page.
            if found.ended or token != found.token:
                raise ValidationException(INVALID_TOKEN)
            page = self._page(query_id, found, most_rows)
            following = f"{query_id}{secrets.token_hex(8)}" if page.more else ""
            found.last_token, found.token, found.last = token, following, page
            if not page.more:
                found.cursor.close()
        return _query_body(query_id, found.info, page, following or None)

    def cancel(self, query_id: str) -> str:
        """End a query with further pages; return the message for it, also if it was cancelled before.

        Raises `ValidationException` for any other query. Waits until the reading of a page is interrupted.
        """
        with self._lock:
            found = self._open.pop(query_id, None)
            if found is None and query_id in self._cancelled:
                return f"Query {query_id} was cancelled already"
            if found is None:
                raise ValidationException(f"The query {query_id[:64]} is not running")
            self._cancelled[query_id] = None
            if len(self._cancelled) > MOST_CANCELLED:
                self._cancelled.popitem(last=False)
        self._end(query_id, found)
        return f"Query {query_id} was cancelled"

    @property
    def running(self) -> frozenset[str]:
        """The ids of the queries that are computing a page."""
        return self._timeouts.running

    @property
    def open_count(self) -> int:
        """The number of queries that are kept for further pages."""
        return len(self._open)

    def interrupt_all(self) -> None:
        """Interrupt all running queries."""
        self._timeouts.interrupt_all()

    def close(self) -> None:
        """End all queries."""
        with self._lock:
            left = list(self._open.items())
            self._open.clear()
        for query_id, found in left:
            self._end(query_id, found)
        self._timeouts.close()

    def _page(self, query_id: str, found: OpenQuery, most_rows: int | None) -> ResultPage:
        try:
            with self._timeouts.limit(query_id, found.cursor.interrupt):
                if found.ended:
                    raise QueryExecutionException(CANCELLED)
                return running(lambda: found.pager.page(most_rows))
        except Exception:
            # The failed page may have consumed rows, so that a next page would silently omit them.
            cancelled, found.ended = found.ended, True
            with self._lock:
                self._open.pop(query_id, None)
            found.cursor.close()
            if cancelled:
                raise QueryExecutionException(CANCELLED) from None
            raise

    def _end(self, query_id: str, found: OpenQuery) -> None:
        found.ended = True
        self._timeouts.interrupt(query_id)
        with found.lock:
            found.cursor.close()

    def _keep(self, query_id: str, opened: OpenQuery) -> None:
        """Keep a query open. Close those unused for too long, and the longest unused beyond `MOST_OPEN`."""
        with self._lock:
            waiting = list(self._open.items())
            self._open[query_id] = opened
            for other, found in waiting:
                if len(self._open) <= MOST_OPEN and found.used_s >= monotonic() - LONGEST_WAIT_S:
                    break
                # A query whose lock is held isn't idle: a page of it is being read.
                if found.lock.acquire(blocking=False):
                    found.ended = True
                    found.cursor.close()
                    found.lock.release()
                    del self._open[other]


def _begun(
    rows: Iterator[tuple[Stored, ...]], compiled: Compiled, most_rows: int | None, *, empty: bool
) -> tuple[Pager, ResultPage]:
    """Start a query; return its pager and its first page, which may be an empty one before the rows."""
    pager = Pager(rows, [kind for _, kind in compiled.columns])
    return pager, ResultPage(more=True) if empty else pager.page(most_rows)


def _rows(
    cursor: duckdb.DuckDBPyConnection, sql: str | duckdb.Statement, parameters: Parameters | None = None
) -> Iterator[tuple[Stored, ...]]:
    cursor.execute(sql, parameters)
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield from rows


def _query_body(
    query_id: str, info: list[ColumnInfoTypeDef], page: ResultPage, token: str | None
) -> QueryBody:
    body: QueryBody = {
        "QueryId": query_id,
        "Rows": page.rows,
        "ColumnInfo": info,
        "QueryStatus": {
            "ProgressPercentage": 100.0,
            "CumulativeBytesScanned": 0,
            "CumulativeBytesMetered": 0,
        },
    }
    if token is not None:
        body["NextToken"] = token
    return body
