"""Compiled queries that serve again for queries which differ in values only.

Clients send the same few queries with ever different entities and times. Parsing and compiling one takes
longer than DuckDB needs to run it. A template is a query compiled with a parameter of the DuckDB statement in
place of each value. Two kinds of values qualify, where a condition of WHERE compares a column with them: a
text, and the number in `from_milliseconds(…)` or `from_nanoseconds(…)`. All else is part of the template's
key as it is written, so that no other literal can differ.

The values are found without parsing, by `VALUE`. Whether each is what it looks like is seen when the template
is compiled: the parser must have found a literal at exactly that place, in such a condition. A value has no
character by which a tokenizer could be misled, so that another one at this place parses alike.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import duckdb
from sqlglot import exp

from services.timestream_local.catalog import Catalog, Table
from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.compiler import Compiled, compile_query
from services.timestream_local.sql.from_clause import Instant
from services.timestream_local.sql.functions.scalar import SINCE_EPOCH
from services.timestream_local.sql.literals import PARAMETER_TYPE
from services.timestream_local.sql.predicates import COMPARISONS
from services.timestream_local.sql.syntax import parse
from services.timestream_local.types import GREATEST_BIGINT, Type

VALUE = re.compile(
    r"(?:(?<=[=<>]')|(?<=[=<>] '))((?:[^'\\\x00-\x1f]|''){0,200}+)(?='(?!'))"
    r"|(?:(?<=from_milliseconds\()|(?<=from_nanoseconds\())([0-9]{1,19})(?=\))"
)
"""A text after the sign of a comparison, without its quotes, or the number that is a time."""
MOST_SHAPES = 512
LONGEST_SQL = 4_096
"""The longest query that has a template: longer ones seldom come again."""
Shape: TypeAlias = tuple[str, ...]
"""What is between a query's values."""
Parameters: TypeAlias = Mapping[str, str | int]
Kept = TypeVar("Kept")
_COMPARISONS: tuple[type[exp.Expr], ...] = (*COMPARISONS, exp.Between)
_CONDITIONS: tuple[type[exp.Expr], ...] = (*_COMPARISONS, exp.And, exp.Or, exp.Not, exp.Paren)
_WITHIN = (exp.Subquery, exp.From, exp.Join, exp.CTE, exp.With, exp.Select, exp.SetOperation)
"""The nodes between a SELECT and the whole query, unless it is the query of an expression."""


class Template(NamedTuple):
    """A compiled query. `units_ns` has for each value the factor of its time, None for a text.

    `retained` are the tables whose oldest time is a parameter, too.
    """

    compiled: Compiled
    statement: duckdb.Statement
    units_ns: Sequence[int | None]
    retained: Sequence[Table]

    def parameters(self, values: Sequence[str], instant: Instant) -> Parameters | None:
        """The parameters for a query's values; None if one is beyond what its type holds."""
        found: dict[str, str | int] = {}
        for place, (value, unit_ns) in enumerate(zip(values, self.units_ns, strict=True)):
            if unit_ns is None:
                found[f"v{place}"] = value.replace("''", "'")
                continue
            time = int(value) * unit_ns
            if time > GREATEST_BIGINT:
                return None
            found[f"v{place}"] = time
        for table in self.retained:
            found[_oldest(table)] = instant(table.database) - table.retention_ns
        return found


class FilledTemplate(NamedTuple):
    """A template with the parameters that make a query of it."""

    compiled: Compiled
    statement: duckdb.Statement
    parameters: Parameters


class QueryTemplates:
    """The templates of the shapes of queries that came more than once. Threads may share it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
        self._connection, self._catalog = connection, catalog
        self._lock = threading.Lock()
        self._tables: Mapping[tuple[str, str], Table] = {}
        self._known: OrderedDict[Shape, Template | None] = OrderedDict()
        self._seen: OrderedDict[Shape, None] = OrderedDict()

    def filled(self, sql: str, instant: Instant) -> FilledTemplate | None:
        """The compiled query; None if it must be compiled on its own."""
        if len(sql) > LONGEST_SQL:
            return None
        parts = VALUE.split(sql)
        template = self._template(sql, tuple(parts[::3]))
        if template is None:
            return None
        values = [
            number if text is None else text for text, number in zip(parts[1::3], parts[2::3], strict=True)
        ]
        parameters = template.parameters(values, instant)
        return (
            None if parameters is None else FilledTemplate(template.compiled, template.statement, parameters)
        )

    def _template(self, sql: str, shape: Shape) -> Template | None:
        with self._lock:
            if self._catalog.tables != self._tables:
                self._tables = dict(self._catalog.tables)
                self._known.clear()
            tables = self._tables
            if shape in self._known:
                self._known.move_to_end(shape)
                return self._known[shape]
            if shape not in self._seen:
                _remember(self._seen, shape, None)
                return None
        template = self._made(sql, Catalog(tables=dict(tables)))
        with self._lock:
            if self._tables is tables:
                _remember(self._known, shape, template)
        return template

    def _made(self, sql: str, catalog: Catalog) -> Template | None:
        """The template of a query and of those that differ from it in values only; None if it has none."""
        retained: dict[str, Table] = {}

        def oldest(table: Table) -> str:
            retained[_oldest(table)] = table
            return f"${_oldest(table)}"

        try:
            tree = parse(sql)
            if not isinstance(tree, exp.Query):
                return None
            units_ns = _take_values_out(tree, sql)
            compiled = compile_query(tree, catalog, instant=_no_time, oldest=oldest)
            (statement,) = self._connection.extract_statements(compiled.sql)
        except (_NoTemplate, ValidationException, duckdb.Error):
            return None
        names = {f"v{place}" for place in range(len(units_ns))} | retained.keys()
        if statement.named_parameters != names:
            return None
        return Template(compiled, statement, units_ns, list(retained.values()))


class _NoTemplate(Exception):
    """The query has no template."""


def _no_time(*_databases: str) -> int:
    """Refuse a query that uses the current time, which would stay that of the template."""
    raise _NoTemplate


def _oldest(table: Table) -> str:
    """The name of the parameter for the oldest time within a table's retention."""
    return f"t{table.id}"


def _remember(known: OrderedDict[Shape, Kept], shape: Shape, kept: Kept) -> None:
    known[shape] = kept
    if len(known) > MOST_SHAPES:
        known.popitem(last=False)


def _take_values_out(tree: exp.Query, sql: str) -> Sequence[int | None]:
    """Replace a query's values by parameters; return their units as a template has them.

    Raises `_NoTemplate` unless all of them are literals in a condition of WHERE.
    """
    literals: dict[int, list[exp.Literal]] = {}
    for literal in tree.find_all(exp.Literal):
        literals.setdefault(literal.meta.get("start", -1), []).append(literal)
    units_ns: list[int | None] = []
    for place, value in enumerate(VALUE.finditer(sql)):
        is_text = value[1] is not None
        found = literals.get(value.start() - 1 if is_text else value.start(), [])
        if len(found) != 1 or found[0].is_string != is_text:
            raise _NoTemplate
        operand = found[0] if is_text else found[0].parent
        if operand is None or not _in_condition(operand):
            raise _NoTemplate
        units_ns.append(None if is_text else _unit_ns(operand))
        parameter = exp.Placeholder(this=f"v{place}")
        parameter.meta[PARAMETER_TYPE] = Type.VARCHAR if is_text else Type.TIMESTAMP
        operand.replace(parameter)
    return units_ns


def _unit_ns(call: exp.Expr) -> int:
    known = SINCE_EPOCH.get(call.name) if isinstance(call, exp.Anonymous) else None
    if known is None or len(call.expressions) != 1:
        raise _NoTemplate
    return known[0]


def _in_condition(operand: exp.Expr) -> bool:
    """Whether a condition of WHERE compares a column with an operand.

    Elsewhere a value may decide what is valid: expressions in GROUP BY must equal those that are selected.
    """
    comparison = operand.parent
    if not isinstance(comparison, _COMPARISONS) or comparison.this is operand:
        return False
    if not isinstance(comparison.this, exp.Column):
        return False
    node: exp.Expr | None = comparison
    while isinstance(node, _CONDITIONS):
        node = node.parent
    select = node.parent if isinstance(node, exp.Where) else None
    return isinstance(select, exp.Select) and _is_relation(select)


def _is_relation(node: exp.Expr) -> bool:
    """Whether a SELECT is the whole query or a relation of it, and not a value in an expression."""
    while node.parent is not None:
        selected = isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
        if selected or not isinstance(node.parent, _WITHIN):
            return False
        node = node.parent
    return True
