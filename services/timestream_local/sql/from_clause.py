"""The FROM clause: tables, queries in parentheses, VALUES, queries of WITH, and joins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from sqlglot import exp

from services.timestream_local.catalog import Catalog, Table, WrittenName
from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.expressions import Expressions
from services.timestream_local.sql.relations import named, unnested
from services.timestream_local.sql.scopes import Output, Relation, Scope, at, only, refused
from services.timestream_local.sql.syntax import COMMA
from services.timestream_local.sql.typed_sql import Typed, coerced, common_type
from services.timestream_local.sql.wording import as_written
from services.timestream_local.types import Type

SIDES = {"": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}
Instant: TypeAlias = Callable[..., int]
"""Returns the current time in nanoseconds since the epoch, given the names of databases."""
Oldest: TypeAlias = Callable[[Table], str | None]
"""Returns the SQL of the oldest time within a table's retention; None if all of its rows are within it."""
CommonQueries: TypeAlias = Mapping[str, tuple[str, Sequence[Output]]]
"""Queries of WITH by their name in lower case: their name in DuckDB, and their columns."""


class Source(NamedTuple):
    """A compiled FROM clause, empty if there is none, and a condition that its rows must meet, or empty."""

    sql: str
    condition: str = ""


class QueryCompiler(Protocol):
    """Compiles the queries in a FROM clause; see `sql.compiler.Compiler`."""

    def query(self, node: exp.Expr, outer: Scope, known: CommonQueries) -> tuple[str, Sequence[Output]]:
        """The SQL and the columns of a query; `known` are the queries of WITH that it may refer to."""


class FromClause:
    """Compiles FROM clauses. Each relation of a statement gets a unique name: `r1`, `r2`, and so on."""

    def __init__(
        self, queries: QueryCompiler, expressions: Expressions, catalog: Catalog, oldest: Oldest
    ) -> None:
        self._queries, self._expressions = queries, expressions
        self._catalog, self._oldest = catalog, oldest
        self._relations = 0
        self.tables: list[Table] = []

    def compile(self, node: exp.Select, scope: Scope, known: CommonQueries) -> Source:
        """The FROM clause of a SELECT. Adds its relations to `scope`."""
        clause = node.args.get("from_")
        if clause is None:
            return Source("")
        only(clause, "this")
        table = clause.this
        if not node.args.get("joins") and isinstance(table, exp.Table) and table.db:
            return self._only_table(table, scope)
        sql, relation = self._relation(table, scope, known)
        scope.relations.append(relation)
        comma = False
        for join in node.args.get("joins") or ():
            comma = comma or join.kind == COMMA
            if comma and join.args.get("using"):
                raise refused("USING after a comma", join)
            if comma and join.side.upper() in ("RIGHT", "FULL"):
                # JOIN has precedence over a comma, so that it joins only the relation after the comma. The
                # SQL compiled here joins all relations before it, which makes a difference to these two.
                raise refused(f"{join.side.upper()} JOIN after a comma", join)
            sql += self._join(join, scope, known)
        return Source(f" FROM {sql}")

    def _only_table(self, node: exp.Table, scope: Scope) -> Source:
        """One table. Its retention is a condition of the query, which DuckDB plans faster than a subquery."""
        table, alias = self._found(node), self._next_alias()
        scope.relations.append(self._table_relation(node, table, alias))
        oldest = self._oldest(table)
        condition = "" if oldest is None else f"{alias}.time >= {oldest}"
        return Source(f" FROM {table.physical_name} AS {alias}", condition)

    def _next_alias(self) -> str:
        self._relations += 1
        return f"r{self._relations}"

    def _join(self, join: exp.Join, scope: Scope, known: CommonQueries) -> str:
        only(join, "this", "side", "kind", "on", "using")
        side, kind = join.side.upper(), join.kind.upper()
        if kind not in ("", COMMA, "CROSS", "INNER", "OUTER") or (kind in ("CROSS", "INNER") and side):
            raise refused(f"{side} {kind} JOIN".strip(), join)
        sql, relation = self._relation(join.this, scope, known)
        on, using = join.args.get("on"), join.args.get("using")
        if using:
            return self._join_using(side, sql, relation, using, scope)
        scope.relations.append(relation)
        if on is None:
            if kind not in (COMMA, "CROSS"):
                raise ValidationException("JOIN needs ON or USING")
            return f" CROSS JOIN {sql}"
        if kind == "CROSS":
            raise ValidationException("CROSS JOIN takes no ON")
        return f" {SIDES[side]} {sql} ON {self._expressions.condition(on, scope, 'JOIN ON clause')}"

    def _join_using(
        self, side: str, sql: str, relation: Relation, using: Sequence[exp.Identifier], scope: Scope
    ) -> str:
        conditions, names = [], {name.name.lower(): name for name in using}
        if len(names) != len(using):
            raise ValidationException("A column appears multiple times in USING")
        shared = []
        for name in names.values():
            left, right = scope.found((), name), relation.found(name)
            if len(left) != 1 or len(right) != 1:
                raise ValidationException(f"Column '{name.name}' of USING is missing on a side, or ambiguous")
            kind = common_type((left[0].typed.type, right[0].typed.type), "USING")
            one, other = coerced(left[0].typed, kind), coerced(right[0].typed, kind)
            conditions.append(f"{one.sql} = {other.sql}")
            # Only where a side may lack a row can its column be NULL while the other has a value.
            either = Typed(f"COALESCE({one.sql}, {other.sql})", kind)
            value = {"RIGHT": other, "FULL": either}.get(side, one)
            shared.append(Output(left[0].name, value))
        # SELECT * returns the shared columns first and only once.
        relations = [*scope.relations, relation]
        hiding = [Relation(each.names, each.columns, each.hidden | names.keys()) for each in relations]
        scope.relations[:] = [Relation(frozenset(), shared), *hiding]
        return f" {SIDES[side]} {sql} ON {' AND '.join(conditions)}"

    def _relation(self, node: exp.Expr, scope: Scope, known: CommonQueries) -> tuple[str, Relation]:
        alias = self._next_alias()
        if isinstance(node, exp.Table):
            return self._table(node, alias, known)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            only(node, "this", "alias")
            sql, outputs = self._queries.query(node.this, Scope(), known)
        elif isinstance(node, exp.Values):
            only(node, "expressions", "alias")
            sql, outputs = self._values(node)
        elif isinstance(node, exp.Unnest):
            return unnested(node, alias, [self._expressions.typed(each, scope) for each in node.expressions])
        else:
            raise refused(f"{as_written(node)} in FROM", node)
        columns = [Output(o.name, o.typed.named(f"{alias}.o{n}")) for n, o in enumerate(outputs, 1)]
        return f"({sql}) AS {alias}", named(node, columns, frozenset())

    def _values(self, node: exp.Values) -> tuple[str, list[Output]]:
        rows = [_cells(row) for row in node.expressions]
        if len({len(row) for row in rows}) != 1:
            raise ValidationException("VALUES rows have different lengths")
        typed = [[self._expressions.typed(cell, Scope()) for cell in row] for row in rows]
        kinds = [common_type((row[n].type for row in typed), "VALUES") for n in range(len(typed[0]))]
        lines = [", ".join(coerced(c, k).sql for c, k in zip(row, kinds, strict=True)) for row in typed]
        names = ", ".join(f"o{n + 1}" for n in range(len(kinds)))
        sql = f"SELECT * FROM (VALUES {', '.join(f'({line})' for line in lines)}) AS v({names})"
        return sql, [Output(f"_col{n}", Typed("", kind)) for n, kind in enumerate(kinds)]

    def _table(self, node: exp.Table, alias: str, known: CommonQueries) -> tuple[str, Relation]:
        if node.db:
            table = self._found(node)
            return f"{self._rows(table)} AS {alias}", self._table_relation(node, table, alias)
        _check_table(node)
        name = node.name
        common = known.get(name.lower())
        if common is None:
            raise ValidationException(f'{at(node.this)}Table {name} does not exist: write "database"."table"')
        columns = [Output(o.name, o.typed.named(f"{alias}.o{n}")) for n, o in enumerate(common[1], 1)]
        return f"{common[0]} AS {alias}", named(node, columns, frozenset({(name.lower(),)}))

    def _table_relation(self, node: exp.Table, table: Table, alias: str) -> Relation:
        self.tables.append(table)
        names = frozenset({(table.name.lower(),), (table.database.lower(), table.name.lower())})
        return named(node, _columns(table, alias), names)

    def _found(self, node: exp.Table) -> Table:
        _check_table(node)
        database = node.args["db"]
        found = self._catalog.named_table(
            WrittenName(database.name, database.quoted), WrittenName(node.this.name, node.this.quoted)
        )
        if found is None:
            raise ValidationException(f"{at(node.this)}Table {node.db}.{node.name} does not exist")
        return found

    def _rows(self, table: Table) -> str:
        """The SQL of the rows of a table that are within its retention."""
        oldest = self._oldest(table)
        if oldest is None:
            return table.physical_name
        return f"(SELECT * FROM {table.physical_name} WHERE time >= {oldest})"


def _check_table(node: exp.Table) -> None:
    only(node, "this", "db", "alias")
    if not isinstance(node.this, exp.Identifier):
        raise refused(f"the table function {node.this.name}", node.this)


def _cells(node: exp.Expr) -> Sequence[exp.Expr]:
    """The values of a row of VALUES: of `(1, 2)`, `((1, 2))`, `ROW(1, 2)` or `1`."""
    cells = node.expressions if isinstance(node, exp.Tuple) else [node]
    if not cells:
        raise refused("a row of VALUES without values", node)
    inner = cells[0].unnest()
    is_row = isinstance(inner, exp.Anonymous) and inner.name.lower() == "row"
    return inner.expressions if len(cells) == 1 and (is_row or isinstance(inner, exp.Tuple)) else cells


def _columns(table: Table, alias: str) -> list[Output]:
    """The columns of a table in the order in which `*` and DESCRIBE return them."""
    source = table.database, table.name
    fixed = [
        Output("measure_name", Typed(f"{alias}.measure_name", Type.VARCHAR, source=source)),
        Output("time", Typed(f"{alias}.time", Type.TIMESTAMP, source=source)),
    ]
    dimensions, measures = (
        [
            Output(c.name, Typed(f"{alias}.{c.physical_name}", c.type, finite=True, source=source))
            for c in columns
        ]
        for columns in (table.dimensions, table.measures)
    )
    return [*dimensions, *fixed, *measures]
