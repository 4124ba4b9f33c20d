"""Runs queries, and keeps those open whose answers have further pages."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

import duckdb

from services.timestream_local.catalog import Catalog
from services.timestream_local.errors import (
    AwsError,
    InternalServerException,
    QueryExecutionException,
    ThrottlingException,
    ValidationException,
)
from services.timestream_local.query_timeouts import Deadlines
from services.timestream_local.result_pages import Page, Pager, column_info
from services.timestream_local.show_statements import listing
from services.timestream_local.sql.compiler import Compiled, Instant, compile_query
from services.timestream_local.sql.syntax import Listing, parse

Answer = TypeVar("Answer")
MOST_OPEN = 64
"""Answers kept for further pages; the one that has waited longest goes first."""
LONGEST_WAIT_S = 900.0
"""How long an answer waits for its next page to be asked for."""
LONGEST_QUERY_S = 60.0
"""How long a page may take."""
ROWS_AT_ONCE = 1024
CANCELLED = "The query was cancelled"
INVALID_TOKEN = "Invalid pagination token."  # noqa: S105 - no secret


@dataclass(slots=True)
class Open:
    """A query with further pages. `token` asks for the next, `last` is the page that `before` asked for.

    Who holds `lock` may use the cursor. Once `ended` there are no more pages.
    """

    sql: str
    info: list[dict[str, Any]]
    pager: Pager
    cursor: duckdb.DuckDBPyConnection
    token: str
    used: float
    before: str = ""
    last: Page | None = None
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Queries:
    """Answers queries over the file that `connection` holds."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, catalog: Catalog, *, longest_s: float = LONGEST_QUERY_S
    ) -> None:
        self._connection, self._catalog = connection, catalog
        self._open: OrderedDict[str, Open] = OrderedDict()
        self._lock = threading.Lock()
        self._deadlines = Deadlines(longest_s)

    def run(self, sql: str, instant: Instant, most_rows: int | None) -> dict[str, Any]:
        """The first page of a query, at the `instant` of its databases."""
        query_id = secrets.token_hex(20).upper()
        tree = parse(sql)
        cursor = self._connection.cursor()
        keep = False
        try:
            if isinstance(tree, Listing):
                info, rows = listing(tree, self._catalog, cursor)
                return _answer(query_id, info, Page(rows), None)
            compiled = compile_query(tree, self._catalog, instant=instant)
            with self._deadlines.around(query_id, cursor.interrupt):
                pager, page = _running(lambda: _begun(cursor, compiled, most_rows))
            info = column_info(compiled.columns)
            token = f"{query_id}{secrets.token_hex(8)}" if page.more else None
            if token is not None:
                keep = True
                self._keep(query_id, Open(sql, info, pager, cursor, token, monotonic()))
            return _answer(query_id, info, page, token)
        finally:
            if not keep:
                cursor.close()

    def resume(self, sql: str, token: str, most_rows: int | None) -> dict[str, Any]:
        """The next page, or once more the last one; of the very same query."""
        query_id = token[:40]
        with self._lock:
            found = self._open.get(query_id)
            if found is None or found.sql != sql or token not in (found.token, found.before):
                raise ValidationException(INVALID_TOKEN)
            self._open.move_to_end(query_id)
            found.used = monotonic()
        with found.lock:
            if token == found.before and found.last is not None:
                return _answer(query_id, found.info, found.last, found.token or None)
            # It may have been let go of, or have gone on, while this waited for the lock.
            if found.ended or token != found.token:
                raise ValidationException(INVALID_TOKEN)
            page = self._page(query_id, found, most_rows)
            following = f"{query_id}{secrets.token_hex(8)}" if page.more else ""
            found.before, found.token, found.last = token, following, page
            if not page.more:
                found.cursor.close()
        return _answer(query_id, found.info, page, following or None)

    def cancel(self, query_id: str) -> None:
        """End and forget a query with further pages. `ValidationException` for one that isn't known.

        May wait for a moment until a page that is under way is given up.
        """
        with self._lock:
            found = self._open.pop(query_id, None)
        if found is None:
            raise ValidationException(f"The query {query_id[:64]} is not running")
        self._let_go(query_id, found)

    def hurry(self) -> None:
        """End what is under way."""
        self._deadlines.hurry()

    def close(self) -> None:
        """Let go of all."""
        with self._lock:
            left = list(self._open.items())
            self._open.clear()
        for query_id, found in left:
            self._let_go(query_id, found)
        self._deadlines.close()

    def _page(self, query_id: str, found: Open, most_rows: int | None) -> Page:
        try:
            with self._deadlines.around(query_id, found.cursor.interrupt):
                if found.ended:
                    raise QueryExecutionException(CANCELLED)
                return _running(lambda: found.pager.page(most_rows))
        except Exception:
            # The rows are broken off: asked again, they would look like a whole answer.
            cancelled, found.ended = found.ended, True
            with self._lock:
                self._open.pop(query_id, None)
            found.cursor.close()
            if cancelled:
                raise QueryExecutionException(CANCELLED) from None
            raise

    def _let_go(self, query_id: str, found: Open) -> None:
        found.ended = True
        self._deadlines.end(query_id)
        with found.lock:
            found.cursor.close()

    def _keep(self, query_id: str, opened: Open) -> None:
        """Keep a query open, and let go of those that wait too long, or are too many."""
        with self._lock:
            waiting = list(self._open.items())
            self._open[query_id] = opened
            for other, found in waiting:
                if len(self._open) <= MOST_OPEN and found.used >= monotonic() - LONGEST_WAIT_S:
                    break
                # One that is held isn't waiting: a page of it is under way.
                if found.lock.acquire(blocking=False):
                    found.ended = True
                    found.cursor.close()
                    found.lock.release()
                    del self._open[other]


def _begun(
    cursor: duckdb.DuckDBPyConnection, compiled: Compiled, most_rows: int | None
) -> tuple[Pager, Page]:
    """A query's pager and its first page."""
    pager = Pager(_rows(cursor, compiled.sql), [kind for _, kind in compiled.columns])
    return pager, pager.page(most_rows)


def _rows(cursor: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[Any, ...]]:
    cursor.execute(sql)
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield from rows


def _running(work: Callable[[], Answer]) -> Answer:
    """Do the work; DuckDB's errors come out as the API's."""
    try:
        return work()
    except duckdb.Error as error:
        raise _translated(error) from error


def _translated(error: duckdb.Error) -> AwsError:
    text = str(error).partition("\n")[0].partition(": ")[2]
    if isinstance(error, duckdb.InterruptException):
        return ThrottlingException("The query was ended: it took too long")
    if isinstance(error, duckdb.ConversionException) and "UINT64" in text:
        # Only times are cast so: see `forms.not_negative`.
        return QueryExecutionException("Negative time values are not supported")
    if "Division by zero" in text:
        return QueryExecutionException("Division by zero")
    if isinstance(error, duckdb.BinderException):
        return ValidationException(_bound(text))
    if isinstance(error, duckdb.ParserException | duckdb.CatalogException | duckdb.NotImplementedException):
        return ValidationException(f"This query is not supported: {text}")
    if isinstance(error, duckdb.DataError | duckdb.InvalidInputException):
        return QueryExecutionException(text.partition(". Use TRY")[0])
    return InternalServerException(f"The query failed: {text}")


def _bound(text: str) -> str:
    """What DuckDB's binder found wrong, without its own names."""
    if "GROUP BY" in text:
        return "What is selected must be an aggregate expression or appear in the GROUP BY clause"
    if "WHERE clause cannot contain aggregates" in text:
        return "WHERE clause cannot contain aggregates"
    return f"This query is not supported: {text}"


def _answer(query_id: str, info: Sequence[dict[str, Any]], page: Page, token: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "QueryId": query_id,
        "Rows": page.rows,
        "ColumnInfo": info,
        "QueryStatus": {
            "ProgressPercentage": 100.0,
            "CumulativeBytesScanned": 0,
            "CumulativeBytesMetered": 0,
        },
    }
    return answer if token is None else answer | {"NextToken": token}
