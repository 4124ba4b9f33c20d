"""Queries (SELECT, set operations, WITH), compiled from sqlglot's tree to one DuckDB statement.

In the DuckDB statement the columns of a query are named `o1`, `o2` …, relations `r1`, `r2` …, and the queries
of WITH `q1`, `q2` …. No name from the user's SQL reaches DuckDB: names are resolved here by Trino's rules,
and only tables of the catalog can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlglot import exp

from services.timestream_local.catalog import Catalog, Table
from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.expressions import Expressions, is_word
from services.timestream_local.sql.from_clause import CommonQueries, FromClause, Instant, Oldest
from services.timestream_local.sql.grouping import group_by
from services.timestream_local.sql.relations import renamed
from services.timestream_local.sql.scopes import Output, Scope, only, refused
from services.timestream_local.sql.typed_sql import Typed, coerced, common_type, digits_of
from services.timestream_local.sql.wording import as_written
from services.timestream_local.types import Kind


@dataclass(frozen=True, slots=True)
class Compiled:
    """A DuckDB statement, its result's columns with their names and types, and the tables it reads."""

    sql: str
    columns: Sequence[tuple[str, Kind]]
    tables: Sequence[Table] = ()
    outputs: Sequence[Output] = ()


def compile_query(
    tree: exp.Query,
    catalog: Catalog,
    *,
    instant: Instant,
    runtime: int | None = None,
    parameters: dict[str, Kind] | None = None,
    oldest: Oldest | None = None,
) -> Compiled:
    """Compile a query. `instant` returns the current time, for `now()` and for the retention of tables.

    With `oldest` the retention doesn't depend on `instant`, which is called only if the query uses the
    current time. `runtime` is the value of `@scheduled_runtime` in nanoseconds since the epoch. `parameters`
    collects the types of parameters; without it others than `@scheduled_runtime` are refused.

    Raises `ValidationException` for a query that is invalid or not supported.
    """

    def now() -> int:
        return instant(*sorted({table.db for table in tree.find_all(exp.Table) if table.db}))

    compiler = Compiler(catalog, cache(now), runtime, parameters, oldest or _retained(instant))
    try:
        sql, outputs = compiler.query(tree, Scope(), {})
    except RecursionError:
        raise ValidationException("The query is nested too deeply") from None
    common = ", ".join(f"{name} AS ({query})" for name, query in compiler.common)
    columns = [(o.name or f"_col{n}", o.typed.type) for n, o in enumerate(outputs)]
    return Compiled(f"WITH {common} {sql}" if common else sql, columns, compiler.tables, outputs)


def _retained(instant: Instant) -> Oldest:
    """The oldest times within the retention of tables."""

    def oldest(table: Table) -> str | None:
        # Rows stay in the file for a day after their retention, and must not be found any more.
        time = instant(table.database) - table.retention_ns
        return str(time) if time > 0 else None

    return oldest


class Compiler:
    """Compiles one statement. `common` collects the names and SQL of all queries in WITH, inner first."""

    def __init__(
        self,
        catalog: Catalog,
        now: Callable[[], int],
        runtime: int | None,
        parameters: dict[str, Kind] | None,
        oldest: Oldest,
    ) -> None:
        self.common: list[tuple[str, str]] = []
        self._expressions = Expressions(self, now, runtime, parameters)
        self._from = FromClause(self, self._expressions, catalog, oldest)
        self._known: CommonQueries = {}

    @property
    def tables(self) -> Sequence[Table]:
        """The tables that the statement reads, each once."""
        return list({table.id: table for table in self._from.tables}.values())

    def subquery(self, node: exp.Expr, outer: Scope) -> tuple[str, Sequence[Output]]:
        """The SQL and the columns of a query in an expression, which may refer to the columns of `outer`."""
        if isinstance(node, exp.Subquery) and not isinstance(node.this, exp.Query):
            raise refused("this subquery", node)
        return self.query(node, outer, self._known)

    def query(self, node: exp.Expr, outer: Scope, known: CommonQueries) -> tuple[str, Sequence[Output]]:
        """The SQL and the columns of a query. `known` are the queries of WITH that it may refer to."""
        # A subquery in an expression is compiled by `subquery`, which isn't passed the queries of WITH. They
        # are kept in an attribute while the query that contains it is compiled.
        before, self._known = self._known, self._with(node, known)
        try:
            if isinstance(node, exp.Select):
                return self._select(node, outer)
            if isinstance(node, exp.SetOperation):
                return self._set_operation(node, outer)
            if isinstance(node, exp.Subquery):
                return self._nested(node, outer)
            raise refused(as_written(node), node)
        finally:
            self._known = before

    def _with(self, node: exp.Expr, known: CommonQueries) -> CommonQueries:
        clause = node.args.get("with_")
        if clause is None:
            return known
        only(clause, "expressions")
        found, names = dict(known), set[str]()
        for common in clause.expressions:
            only(common, "this", "alias")
            sql, outputs = self.query(common.this, Scope(), found)
            physical_name = f"q{len(self.common) + 1}"
            self.common.append((physical_name, sql))
            alias = common.args["alias"]
            name = alias.this.name.lower()
            if name in names:
                raise ValidationException(f"WITH query name '{name}' specified more than once")
            names.add(name)
            found[name] = physical_name, renamed(outputs, alias.columns)
        return found

    def _nested(self, node: exp.Subquery, outer: Scope) -> tuple[str, Sequence[Output]]:
        """A query in parentheses, with the ORDER BY and LIMIT that follow them."""
        only(node, "this", "order", "limit", "with_")
        sql, outputs = self.query(node.this, outer, self._known)
        outside = _outside(outputs)
        order = self._order(node, Scope(outputs=outside), outside)
        return f"SELECT * FROM ({sql}) AS u{order}{_limit(node)}", outputs

    def _select(self, node: exp.Select, outer: Scope) -> tuple[str, Sequence[Output]]:
        only(node, *SELECT_PARTS)
        scope = Scope(parent=outer)
        source = self._from.compile(node, scope, self._known)
        where = self._where(node, source.condition, scope)
        outputs = self._outputs(node, scope)
        group = self._group(node, scope, outputs)
        having = self._having(node, scope)
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            raise refused("DISTINCT ON", node)
        columns = ", ".join(f"{o.typed.sql} AS o{n}" for n, o in enumerate(outputs, 1))
        sql = f"SELECT {'DISTINCT ' if distinct else ''}{columns}{source.sql}{where}{group}{having}"
        if distinct:
            order = self._distinct_order(node, scope, outputs)
            return f"SELECT * FROM ({sql}) AS u{order}{_limit(node)}", outputs
        scope.outputs = [output for output in outputs if output.name is not None]
        return f"{sql}{self._order(node, scope, outputs)}{_limit(node)}", outputs

    def _set_operation(self, node: exp.SetOperation, outer: Scope) -> tuple[str, Sequence[Output]]:
        only(node, "this", "expression", "distinct", "order", "limit", "with_")
        word = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}.get(type(node))
        if word is None:
            raise refused(as_written(node), node)
        left, right = (self.query(part, outer, self._known) for part in (node.this, node.expression))
        if len(left[1]) != len(right[1]):
            raise ValidationException(f"{word} query has different number of fields")
        pairs = zip(left[1], right[1], strict=True)
        kinds = [common_type((a.typed.type, b.typed.type), word) for a, b in pairs]
        sides = f" {word}{'' if node.args.get('distinct') else ' ALL'} ".join(
            _cast_columns(sql, outputs, kinds) for sql, outputs in (left, right)
        )
        outputs = [
            Output(o.name, Typed("", kind, source=o.typed.source), o.aliased)
            for o, kind in zip(left[1], kinds, strict=True)
        ]
        outside = _outside(outputs)
        order = self._order(node, Scope(outputs=outside), outside)
        return f"SELECT * FROM ({sides}) AS u{order}{_limit(node)}", outside

    def _outputs(self, node: exp.Select, scope: Scope) -> list[Output]:
        outputs: list[Output] = []
        for item in node.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                only(star)
                qualifier = () if star is item else tuple(p.name.lower() for p in item.parts[:-1])
                outputs += scope.starred(qualifier, item)
            elif isinstance(item, exp.Alias):
                outputs.append(Output(item.alias, self._selected(item.this, scope), aliased=True))
            else:
                name = item.name if isinstance(item, exp.Column) and not is_word(item) else None
                outputs.append(Output(name, self._selected(item, scope)))
        if not outputs:
            raise ValidationException("SELECT needs at least one column")
        return outputs

    def _selected(self, item: exp.Expr, scope: Scope) -> Typed:
        """An expression of the select list. Only a column alone comes from a table."""
        typed = self._expressions.typed(item, scope)
        return typed if isinstance(item.unnest(), exp.Column) else replace(typed, source=None)

    def _where(self, node: exp.Select, condition: str, scope: Scope) -> str:
        conditions = [each for each in (condition, self._condition(node, "where", scope)) if each]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _having(self, node: exp.Select, scope: Scope) -> str:
        condition = self._condition(node, "having", scope)
        return f" HAVING {condition}" if condition else ""

    def _condition(self, node: exp.Select, part: str, scope: Scope) -> str:
        clause = node.args.get(part)
        if clause is None:
            return ""
        return self._expressions.condition(clause.this, scope, f"{part.upper()} clause")

    def _group(self, node: exp.Select, scope: Scope, outputs: Sequence[Output]) -> str:
        group = node.args.get("group")
        if group is None:
            return ""
        return group_by(
            group, lambda item: (self._positioned(item, outputs) or self._expressions.typed(item, scope)).sql
        )

    def _positioned(self, item: exp.Expr, outputs: Sequence[Output]) -> Typed | None:
        """The selected column that a number in GROUP BY or ORDER BY refers to; None for other items."""
        if not isinstance(item, exp.Literal) or item.is_string:
            return None
        place = digits_of(item.this) if item.this.isdigit() else 0
        if not 1 <= place <= len(outputs):
            raise ValidationException(f"Position {item.this} is not in the select list")
        return outputs[place - 1].typed

    def _order(self, node: exp.Expr, scope: Scope, outputs: Sequence[Output]) -> str:
        order = node.args.get("order")
        if order is None:
            return ""
        only(order, "expressions")

        def resolve(item: exp.Expr) -> Typed:
            return self._positioned(item, outputs) or self._expressions.typed(item, scope)

        return f" ORDER BY {self._expressions.ordering(order.expressions, resolve)}"

    def _distinct_order(self, node: exp.Select, scope: Scope, outputs: Sequence[Output]) -> str:
        """ORDER BY of a SELECT DISTINCT, which may only refer to selected columns.

        DISTINCT is compiled to a subquery, and the order to the query around it, in which only the selected
        columns exist. So an item is looked up among them by its SQL, and replaced by the column's outer name.
        """
        places = {o.typed.sql: outside.typed for o, outside in zip(outputs, _outside(outputs), strict=True)}
        scope.outputs = [output for output in outputs if output.name is not None]
        order = node.args.get("order")
        if order is None:
            return ""

        def resolve(item: exp.Expr) -> Typed:
            typed = self._positioned(item, outputs) or self._expressions.typed(item, scope)
            if typed.sql not in places:
                raise ValidationException(
                    "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                )
            return places[typed.sql]

        return f" ORDER BY {self._expressions.ordering(order.expressions, resolve)}"


SELECT_PARTS = (
    "expressions",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "distinct",
    "with_",
)


def _outside(outputs: Sequence[Output]) -> list[Output]:
    """The columns of a query under the names that the query around it uses."""
    return [Output(o.name, o.typed.named(f"o{n}"), o.aliased) for n, o in enumerate(outputs, 1)]


def _cast_columns(sql: str, outputs: Sequence[Output], kinds: Sequence[Kind]) -> str:
    columns = ", ".join(
        f"{coerced(o.typed, kind).sql} AS o{n}"
        for n, (o, kind) in enumerate(zip(_outside(outputs), kinds, strict=True), 1)
    )
    return f"(SELECT {columns} FROM ({sql}) AS s)"


def _limit(node: exp.Expr) -> str:
    limit = node.args.get("limit")
    if limit is None:
        return ""
    if not isinstance(limit, exp.Limit):
        raise refused("FETCH FIRST (write LIMIT)", limit)
    only(limit, "expression")
    count = limit.expression
    if isinstance(count, exp.Var) and count.name.upper() == "ALL":
        return ""
    if not (isinstance(count, exp.Literal) and not count.is_string and count.this.isdigit()):
        raise refused("LIMIT with anything but a number or ALL", count)
    return f" LIMIT {digits_of(count.this)}"
