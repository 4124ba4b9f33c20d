"""Queries: SELECT, set operations, WITH, from sqlglot's tree to one statement of DuckDB's.

Every query's columns are called `o1`, `o2` … and every relation `r1`, `r2` …, so that no name of the user's
reaches DuckDB; tables are found in the catalog only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from services.timestream_local.catalog import Catalog, Table
from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.expressions import Expressions, is_word
from services.timestream_local.sql.scopes import Output, Relation, Scope, at, only, refused
from services.timestream_local.sql.syntax import COMMA
from services.timestream_local.sql.typed_sql import Typed, coerced, common_type, digits_of
from services.timestream_local.types import Type

SIDES = {"": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}


@dataclass(frozen=True, slots=True)
class Compiled:
    """One statement for DuckDB and the columns of its answer."""

    sql: str
    columns: Sequence[tuple[str, Type]]


def compile_query(tree: exp.Query, catalog: Catalog, *, instant: Instant) -> Compiled:
    """The statement for a query. Raises `ValidationException`.

    Rows that are older than their table's retention are not seen.
    """
    compiler = Compiler(catalog, instant, {table.db for table in tree.find_all(exp.Table) if table.db})
    try:
        sql, outputs = compiler.query(tree, Scope(), {})
    except RecursionError:
        raise ValidationException("The query is nested too deeply") from None
    common = ", ".join(f"{name} AS ({words})" for name, words in compiler.common)
    columns = [(o.name or f"_col{place}", o.typed.type) for place, o in enumerate(outputs)]
    return Compiled(f"WITH {common} {sql}" if common else sql, columns)


Instant: TypeAlias = Callable[..., int]
"""Now in nanoseconds since the epoch, for the databases named."""
Known: TypeAlias = Mapping[str, tuple[str, Sequence[Output]]]
"""WITH's queries by name: what they are called, and their columns."""


class Compiler:
    """Translates one statement. `common` are the queries of its WITHs, in order."""

    def __init__(self, catalog: Catalog, instant: Instant, databases: set[str]) -> None:
        self.common: list[tuple[str, str]] = []
        self._catalog, self._instant = catalog, instant
        self._expressions = Expressions(self, instant(*sorted(databases)))
        self._known: Known = {}
        self._relations = 0

    def subquery(self, node: exp.Expr, outer: Scope) -> tuple[str, Sequence[Output]]:
        """A query within an expression."""
        if isinstance(node, exp.Subquery) and not isinstance(node.this, exp.Query):
            raise refused("this subquery", node)
        return self.query(node, outer, self._known)

    def query(self, node: exp.Expr, outer: Scope, known: Known) -> tuple[str, Sequence[Output]]:
        """A query's words and columns."""
        before, self._known = self._known, self._with(node, known)
        try:
            if isinstance(node, exp.Select):
                return self._select(node, outer)
            if isinstance(node, exp.SetOperation):
                return self._set_operation(node, outer)
            if isinstance(node, exp.Subquery):
                return self._nested(node, outer)
            raise refused(type(node).__name__.upper(), node)
        finally:
            self._known = before

    def _with(self, node: exp.Expr, known: Known) -> Known:
        clause = node.args.get("with_")
        if clause is None:
            return known
        only(clause, "expressions")
        found, names = dict(known), set[str]()
        for common in clause.expressions:
            only(common, "this", "alias")
            sql, outputs = self.query(common.this, Scope(), found)
            self.common.append((f"q{len(self.common) + 1}", sql))
            place = self.common[-1][0]
            alias = common.args["alias"]
            name = alias.this.name.lower()
            if name in names:
                raise ValidationException(f"WITH query name '{name}' specified more than once")
            names.add(name)
            found[name] = place, _renamed(outputs, alias.columns)
        return found

    def _nested(self, node: exp.Subquery, outer: Scope) -> tuple[str, Sequence[Output]]:
        """A query in parentheses, perhaps with ORDER BY and LIMIT behind."""
        only(node, "this", "order", "limit", "with_")
        sql, outputs = self.query(node.this, outer, self._known)
        outside = _outside(outputs)
        order = self._order(node, Scope(outputs=outside), outside)
        return f"SELECT * FROM ({sql}) AS u{order}{_limit(node)}", outputs

    def _select(self, node: exp.Select, outer: Scope) -> tuple[str, Sequence[Output]]:
        only(node, *SELECT_PARTS)
        scope = Scope(parent=outer)
        source = self._from(node, scope)
        where = self._clause(node, "where", "WHERE", scope)
        outputs = self._outputs(node, scope)
        group = self._group(node, scope, outputs)
        having = self._clause(node, "having", "HAVING", scope)
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            raise refused("DISTINCT ON", node)
        columns = ", ".join(f"{o.typed.sql} AS o{n}" for n, o in enumerate(outputs, 1))
        sql = f"SELECT {'DISTINCT ' if distinct else ''}{columns}{source}{where}{group}{having}"
        if distinct:
            order = self._distinct_order(node, scope, outputs)
            return f"SELECT * FROM ({sql}) AS u{order}{_limit(node)}", outputs
        scope.outputs = [output for output in outputs if output.name is not None]
        return f"{sql}{self._order(node, scope, outputs)}{_limit(node)}", outputs

    def _set_operation(self, node: exp.SetOperation, outer: Scope) -> tuple[str, Sequence[Output]]:
        only(node, "this", "expression", "distinct", "order", "limit", "with_")
        word = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}.get(type(node))
        if word is None:
            raise refused(type(node).__name__.upper(), node)
        left, right = (self.query(part, outer, self._known) for part in (node.this, node.expression))
        if len(left[1]) != len(right[1]):
            raise ValidationException(f"{word} query has different number of fields")
        pairs = zip(left[1], right[1], strict=True)
        kinds = [common_type((a.typed.type, b.typed.type), word) for a, b in pairs]
        sides = f" {word}{'' if node.args.get('distinct') else ' ALL'} ".join(
            _cast_columns(sql, outputs, kinds) for sql, outputs in (left, right)
        )
        outputs = [Output(o.name, Typed("", kind)) for o, kind in zip(left[1], kinds, strict=True)]
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
                outputs.append(Output(item.alias, self._expressions.typed(item.this, scope)))
            else:
                name = item.name if isinstance(item, exp.Column) and not is_word(item) else None
                outputs.append(Output(name, self._expressions.typed(item, scope)))
        if not outputs:
            raise ValidationException("SELECT needs at least one column")
        return outputs

    def _clause(self, node: exp.Select, part: str, word: str, scope: Scope) -> str:
        clause = node.args.get(part)
        if clause is None:
            return ""
        return f" {word} {self._expressions.condition(clause.this, scope, f'{word} clause')}"

    def _group(self, node: exp.Select, scope: Scope, outputs: Sequence[Output]) -> str:
        group = node.args.get("group")
        if group is None:
            return ""
        only(group, "expressions")
        words = []
        for item in group.expressions:
            if isinstance(item, exp.Tuple | exp.Rollup | exp.Cube | exp.GroupingSets):
                raise refused(f"{type(item).__name__.upper()} in GROUP BY", item)
            words.append(self._positioned(item, outputs) or self._expressions.typed(item, scope))
        return f" GROUP BY {', '.join(typed.sql for typed in words)}"

    def _positioned(self, item: exp.Expr, outputs: Sequence[Output]) -> Typed | None:
        """The output that a number in GROUP BY or ORDER BY stands for."""
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
        """ORDER BY of SELECT DISTINCT may only name what is selected."""
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

    def _from(self, node: exp.Select, scope: Scope) -> str:
        clause = node.args.get("from_")
        if clause is None:
            return ""
        only(clause, "this")
        sql, relation = self._relation(clause.this)
        scope.relations.append(relation)
        comma = False
        for join in node.args.get("joins") or ():
            comma = comma or join.kind == COMMA
            if comma and join.side.upper() in ("RIGHT", "FULL"):
                # JOIN binds tighter: it would be a join of what is behind the comma alone.
                raise refused(f"{join.side.upper()} JOIN behind a comma", join)
            sql += self._join(join, scope)
        return f" FROM {sql}"

    def _join(self, join: exp.Join, scope: Scope) -> str:
        only(join, "this", "side", "kind", "on", "using")
        side, kind = join.side.upper(), join.kind.upper()
        if kind not in ("", COMMA, "CROSS", "INNER", "OUTER") or (kind in ("CROSS", "INNER") and side):
            raise refused(f"{side} {kind} JOIN".strip(), join)
        sql, relation = self._relation(join.this)
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
        if side not in ("", "LEFT"):
            raise refused(f"{side} JOIN with USING")
        if len(scope.relations) > 1:
            raise refused("USING in a join of more than two")
        conditions, names = [], {name.name.lower(): None for name in using}
        for name in names:
            left, right = scope.found((), name), relation.found(name)
            if len(left) != 1 or len(right) != 1:
                raise ValidationException(f"Column '{name}' of USING is missing on a side, or ambiguous")
            kind = common_type((left[0].typed.type, right[0].typed.type), "USING")
            conditions.append(f"{coerced(left[0].typed, kind).sql} = {coerced(right[0].typed, kind).sql}")
        first = scope.relations[0]
        shared = [scope.found((), name)[0] for name in names]
        rest = [column for column in first.columns if column not in shared]
        scope.relations[0] = Relation(first.names, [*shared, *rest])
        scope.relations.append(Relation(relation.names, relation.columns, frozenset(names)))
        return f" {SIDES[side]} {sql} ON {' AND '.join(conditions)}"

    def _relation(self, node: exp.Expr) -> tuple[str, Relation]:
        self._relations += 1
        place = f"r{self._relations}"
        if isinstance(node, exp.Table):
            return self._table(node, place)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            only(node, "this", "alias")
            sql, outputs = self.query(node.this, Scope(), self._known)
        elif isinstance(node, exp.Values):
            only(node, "expressions", "alias")
            sql, outputs = self._values(node)
        else:
            raise refused(f"{type(node).__name__.upper()} in FROM", node)
        columns = [Output(o.name, Typed(f"{place}.o{n}", o.typed.type)) for n, o in enumerate(outputs, 1)]
        return f"({sql}) AS {place}", _named(node, columns, frozenset())

    def _values(self, node: exp.Values) -> tuple[str, list[Output]]:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        if len({len(row) for row in rows}) != 1:
            raise ValidationException("VALUES rows have different lengths")
        typed = [[self._expressions.typed(cell, Scope()) for cell in row] for row in rows]
        kinds = [common_type((row[n].type for row in typed), "VALUES") for n in range(len(typed[0]))]
        lines = [", ".join(coerced(c, k).sql for c, k in zip(row, kinds, strict=True)) for row in typed]
        names = ", ".join(f"o{n + 1}" for n in range(len(kinds)))
        sql = f"SELECT * FROM (VALUES {', '.join(f'({line})' for line in lines)}) AS v({names})"
        return sql, [Output(f"_col{n}", Typed("", kind)) for n, kind in enumerate(kinds)]

    def _table(self, node: exp.Table, place: str) -> tuple[str, Relation]:
        only(node, "this", "db", "alias")
        if not isinstance(node.this, exp.Identifier):
            raise refused(f"the table function {node.this.name}", node.this)
        database, name = node.db, node.name
        if not database:
            known = self._known.get(name.lower())
            if known is None:
                raise ValidationException(
                    f'{at(node.this)}Table {name} does not exist: write "database"."table"'
                )
            columns = [
                Output(o.name, Typed(f"{place}.o{n}", o.typed.type)) for n, o in enumerate(known[1], 1)
            ]
            return f"{known[0]} AS {place}", _named(node, columns, frozenset({(name.lower(),)}))
        table = self._found(node)
        names = frozenset({(table.name.lower(),), (table.database.lower(), table.name.lower())})
        return f"{self._rows(table)} AS {place}", _named(node, _columns(table, place), names)

    def _found(self, node: exp.Table) -> Table:
        table = self._catalog.tables.get((node.db, node.name))
        if table is None:
            lower = (node.db.lower(), node.name.lower())
            alike = [t for (d, n), t in list(self._catalog.tables.items()) if (d.lower(), n.lower()) == lower]
            if len(alike) != 1:
                raise ValidationException(f"{at(node.this)}Table {node.db}.{node.name} does not exist")
            (table,) = alike
        return table

    def _rows(self, table: Table) -> str:
        oldest = self._instant(table.database) - table.retention_ns
        if oldest <= 0:
            return table.physical_name
        return f"(SELECT * FROM {table.physical_name} WHERE time >= {oldest})"


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


def _columns(table: Table, place: str) -> list[Output]:
    """A table's columns as `*` and DESCRIBE show them."""
    fixed = [
        Output("measure_name", Typed(f"{place}.measure_name", Type.VARCHAR)),
        Output("time", Typed(f"{place}.time", Type.TIMESTAMP)),
    ]
    dimensions, measures = (
        [Output(c.name, Typed(f"{place}.{c.physical_name}", c.type)) for c in columns]
        for columns in (table.dimensions, table.measures)
    )
    return [*dimensions, *fixed, *measures]


def _named(node: exp.Expr, columns: Sequence[Output], names: frozenset[tuple[str, ...]]) -> Relation:
    """A relation under its alias, with the alias's column names if it has any."""
    alias = node.args.get("alias")
    if alias is None:
        return Relation(names, columns)
    only(alias, "this", "columns")
    name = alias.this.name.lower() if alias.this is not None else ""
    return Relation(frozenset({(name,)}), _renamed(columns, alias.args.get("columns") or ()))


def _renamed(columns: Sequence[Output], names: Sequence[exp.Identifier]) -> list[Output]:
    if not names:
        return list(columns)
    if len(names) != len(columns):
        raise ValidationException(f"Column alias list has {len(names)} entries, not {len(columns)}")
    return [Output(name.name, column.typed) for name, column in zip(names, columns, strict=True)]


def _outside(outputs: Sequence[Output]) -> list[Output]:
    """A query's columns as the query around it sees them."""
    return [Output(o.name, Typed(f"o{n}", o.typed.type)) for n, o in enumerate(outputs, 1)]


def _cast_columns(sql: str, outputs: Sequence[Output], kinds: Sequence[Type]) -> str:
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
        raise refused("FETCH FIRST: write LIMIT", limit)
    only(limit, "expression")
    count = limit.expression
    if isinstance(count, exp.Var) and count.name.upper() == "ALL":
        return ""
    if not (isinstance(count, exp.Literal) and not count.is_string and count.this.isdigit()):
        raise refused("LIMIT with anything but a number or ALL", count)
    return f" LIMIT {digits_of(count.this)}"
