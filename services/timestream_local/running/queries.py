"""Running queries, and keeping those open whose results have further pages."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import duckdb

from services.timestream_local.catalog import Catalog
from services.timestream_local.errors import (
    AwsError,
    InternalServerException,
    QueryExecutionException,
    ThrottlingException,
    ValidationException,
)
from services.timestream_local.running.query_timeouts import QueryTimeouts
from services.timestream_local.running.result_pages import Pager, QueryBody, ResultPage, column_info
from services.timestream_local.running.show_statements import show_rows
from services.timestream_local.sql.compiler import Compiled, compile_query
from services.timestream_local.sql.from_clause import Instant
from services.timestream_local.sql.syntax import ShowStatement, parse
from services.timestream_local.types import Stored

if TYPE_CHECKING:
    from types_boto3_timestream_query.type_defs import ColumnInfoTypeDef

Result = TypeVar("Result")
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


class QueryRunner:
    """Runs queries with `connection`, at most `longest_s` for each page. Threads may share it."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, catalog: Catalog, *, longest_s: float = LONGEST_QUERY_S
    ) -> None:
        self._connection, self._catalog = connection, catalog
        self._open: OrderedDict[str, OpenQuery] = OrderedDict()
        self._cancelled: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._timeouts = QueryTimeouts(longest_s)

    def run(self, sql: str, instant: Instant, most_rows: int | None) -> QueryBody:
        """Run a query; return its first page as a response body. `instant` returns the current time."""
        query_id = secrets.token_hex(20).upper()
        tree = parse(sql)
        cursor = self._connection.cursor()
        keep = False
        try:
            if isinstance(tree, ShowStatement):
                info, rows = show_rows(tree, self._catalog, cursor)
                return _query_body(query_id, info, ResultPage(rows), None)
            compiled = compile_query(tree, self._catalog, instant=instant)
            with self._timeouts.limit(query_id, cursor.interrupt):
                pager, page = _running(lambda: _begun(cursor, compiled, most_rows))
            info = column_info(compiled.columns)
            token = f"{query_id}{secrets.token_hex(8)}" if page.more else None
            if token is not None:
                keep = True
                self._keep(query_id, OpenQuery(sql, info, pager, cursor, token, monotonic()))
            return _query_body(query_id, info, page, token)
        finally:
            if not keep:
                cursor.close()

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
                return _running(lambda: found.pager.page(most_rows))
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
    cursor: duckdb.DuckDBPyConnection, compiled: Compiled, most_rows: int | None
) -> tuple[Pager, ResultPage]:
    """Start a query; return its pager and its first page."""
    pager = Pager(_rows(cursor, compiled.sql), [kind for _, kind in compiled.columns])
    return pager, pager.page(most_rows)


def _rows(cursor: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Stored, ...]]:
    cursor.execute(sql)
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield from rows


def _running(work: Callable[[], Result]) -> Result:
    """Return the result of `work`, with DuckDB's errors raised as the API's."""
    try:
        return work()
    except duckdb.Error as error:
        raise _translated(error) from error


def _translated(error: duckdb.Error) -> AwsError:
    text = str(error).partition("\n")[0].partition(": ")[2]
    if isinstance(error, duckdb.InterruptException):
        return ThrottlingException("The query was ended: it took too long")
    if isinstance(error, duckdb.ConversionException) and "UINT64" in text:
        # Only `signatures.not_negative` casts to UINT64, and only times.
        return QueryExecutionException("Negative time values are not supported")
    if "Division by zero" in text:
        return QueryExecutionException("Division by zero")
    if isinstance(error, duckdb.BinderException):
        return ValidationException(_bound(text))
    if isinstance(error, duckdb.ParserException | duckdb.CatalogException | duckdb.NotImplementedException):
        return ValidationException(f"This query is not supported: {text}")
    if isinstance(error, duckdb.DataError | duckdb.InvalidInputException):
        # What a function in Python raised follows its name.
        return QueryExecutionException(text.rpartition("ValueError: ")[2].partition(". Use TRY")[0])
    return InternalServerException(f"The query failed: {text}")


def _bound(text: str) -> str:
    """What DuckDB's binder found wrong, without the names of its internal columns."""
    if "GROUP BY" in text:
        return "What is selected must be an aggregate expression or appear in the GROUP BY clause"
    if "WHERE clause cannot contain aggregates" in text:
        return "WHERE clause cannot contain aggregates"
    return f"This query is not supported: {text}"


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
