"""Expressions, compiled from sqlglot's tree to DuckDB's SQL with the expression's type.

Types are Trino's and checked by Trino's rules, since DuckDB would cast where Trino refuses. A node without an
entry in `LITERALS`, `PREDICATES`, `ARITHMETIC` or `_HANDLERS` is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.arithmetic import arithmetic
from services.timestream_local.sql.casts import NAMES, cast, kind_of
from services.timestream_local.sql.function_calls import FunctionCalls
from services.timestream_local.sql.functions.arrays import array, subscript
from services.timestream_local.sql.functions.scalar import call
from services.timestream_local.sql.functions.zones import at_zone
from services.timestream_local.sql.literals import LITERALS, whole_number
from services.timestream_local.sql.predicates import COMPARISONS, PREDICATES, Predicates, Subqueries, compare
from services.timestream_local.sql.scopes import Scope, at, only, refused, row_field, single_column
from services.timestream_local.sql.typed_sql import (
    NULL,
    Typed,
    coerced,
    coercible,
    common_type,
    digits_of,
    whole,
)
from services.timestream_local.sql.wording import as_written
from services.timestream_local.types import DAY_NS, GREATEST_BIGINT, Kind, Type, physical

ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
WORDS = ("current_timestamp", "localtimestamp", "current_date", "current_time", "localtime")
"""Functions that are called without parentheses."""


class Expressions:
    """Compiles expressions. `now()`, and `runtime` of a scheduled query, are in nanoseconds since the epoch.

    `parameters` collects the types of all parameters; without it only @scheduled_runtime is allowed.
    """

    def __init__(
        self,
        queries: Subqueries,
        now: Callable[[], int],
        runtime: int | None = None,
        parameters: dict[str, Kind] | None = None,
    ) -> None:
        self._queries, self._now, self._runtime = queries, now, runtime
        self._parameters = parameters
        self.calls = FunctionCalls(self, now)
        self.predicates = Predicates(self, queries)

    def typed(self, node: exp.Expr, scope: Scope) -> Typed:
        """Compile an expression.

        Raises `ValidationException` for unknown names, wrong types and unsupported nodes.
        """
        kind = type(node)
        if kind in LITERALS:
            return LITERALS[kind](node)
        if kind in PREDICATES:
            return PREDICATES[kind](self.predicates, node, scope)
        if kind in ARITHMETIC:
            only(node, "this", "expression", "typed", "safe")
            left, right = self.typed(node.this, scope), self.typed(node.expression, scope)
            return arithmetic(ARITHMETIC[kind], left, right)
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise refused(as_written(node), node)
        return handler(self, node, scope)

    def condition(self, node: exp.Expr, scope: Scope, where: str) -> str:
        """The SQL of an expression that must be BOOLEAN; `where` names its place in the error."""
        typed = self.typed(node, scope)
        if not coercible(typed.type, Type.BOOLEAN):
            raise ValidationException(f"{where} must evaluate to a boolean: actual type {typed.type.label}")
        return coerced(typed, Type.BOOLEAN).sql

    def ordering(self, nodes: Sequence[exp.Expr], resolve: Callable[[exp.Expr], Typed]) -> str:
        """The SQL of the items of ORDER BY. NULLs go last by default, also with DESC."""
        items = []
        for node in nodes:
            if not isinstance(node, exp.Ordered):
                raise refused("this ORDER BY", node)
            only(node, "this", "desc", "nulls_first")
            way = "DESC" if node.args.get("desc") else "ASC"
            nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
            items.append(f"{_orderable(resolve(node.this))} {way} NULLS {nulls}")
        return ", ".join(items)

    def column(self, node: exp.Column, scope: Scope) -> Typed:
        """A column, or a function that is called without parentheses."""
        if isinstance(node.this, exp.Star):
            raise refused("* here", node)
        if is_word(node):
            return self._word(node.name.lower())
        return scope.column(node)

    def _word(self, word: str) -> Typed:
        now = whole(self._now(), Type.TIMESTAMP)
        if word == "current_date":
            return call("date", [now])
        return whole(self._now() % DAY_NS, Type.TIME) if word in ("current_time", "localtime") else now

    def at_zone(self, node: exp.AtTimeZone, scope: Scope) -> Typed:
        """`time AT TIME ZONE 'Europe/Madrid'`: the local time there."""
        instant = self.typed(node.this, scope)
        if not coercible(instant.type, Type.TIMESTAMP):
            raise ValidationException(f"AT TIME ZONE needs a timestamp, not {instant.type.label}")
        return at_zone(coerced(instant, Type.TIMESTAMP).sql, self.typed(node.args["zone"], scope))

    def name(self, node: exp.Identifier, scope: Scope) -> Typed:
        """A parameter of a lambda."""
        found = scope.named([node])
        if found is None:
            raise ValidationException(f"{at(node)}Column '{node.name}' does not exist")
        return found

    def field(self, node: exp.Dot, scope: Scope) -> Typed:
        """A field of a row, such as `point.value`."""
        if not isinstance(node.expression, exp.Identifier):
            raise refused("this after a dot", node)
        return row_field(self.typed(node.this, scope), node.expression)

    def array(self, node: exp.Array, scope: Scope) -> Typed:
        """`ARRAY[…]`."""
        only(node, "expressions")
        return array([self.typed(item, scope) for item in node.expressions])

    def subscript(self, node: exp.Bracket, scope: Scope) -> Typed:
        """`array[place]`."""
        only(node, "this", "expressions")
        if len(node.expressions) != 1:
            raise refused("more than one subscript", node)
        return subscript(self.typed(node.this, scope), self.typed(node.expressions[0], scope))

    def parameter(self, node: exp.Parameter, scope: Scope) -> Typed:
        """`@scheduled_runtime`; in PrepareQuery any parameter, of the type that it is compared with."""
        if node.name.lower() == "scheduled_runtime":
            if self._runtime is None:
                raise ValidationException("@scheduled_runtime is only for PrepareQuery and scheduled queries")
            if self._parameters is not None:
                self._parameters[node.name] = Type.TIMESTAMP
            return whole(self._runtime, Type.TIMESTAMP)
        if self._parameters is None:
            raise ValidationException(f"The parameter @{node.name} is not supported: only @scheduled_runtime")
        kind = self._parameters.get(node.name, Type.UNKNOWN)
        if kind is Type.UNKNOWN:
            kind = self._parameters[node.name] = self._compared_with(node, scope)
        return coerced(NULL, kind)

    def _compared_with(self, node: exp.Parameter, scope: Scope) -> Kind:
        """The type of the other side of a comparison, BETWEEN, IN or LIKE."""
        parent = node.parent
        if parent is None or not isinstance(parent, (*COMPARISONS, exp.Between, exp.In, exp.Like)):
            return Type.UNKNOWN
        other = parent.args["expression"] if parent.this is node else parent.this
        return Type.UNKNOWN if isinstance(other, exp.Parameter) else self.typed(other, scope).type

    def paren(self, node: exp.Paren, scope: Scope) -> Typed:
        """An expression in parentheses."""
        return self.typed(node.this, scope)

    def row(self, node: exp.Tuple, scope: Scope) -> Typed:
        """`(1, 'a')`: a row."""
        return call("row", [self.typed(item, scope) for item in node.expressions])

    def minus(self, node: exp.Neg, scope: Scope) -> Typed:
        """`-` before a number or an interval."""
        inner = node.this
        if isinstance(inner, exp.Literal) and not inner.is_string and inner.this.isdigit():
            # The least BIGINT is the negation of a number too large for a BIGINT.
            return whole_number(-digits_of(inner.this, most=GREATEST_BIGINT + 1))
        typed = self.typed(inner, scope)
        kinds = (Type.INTEGER, Type.BIGINT, Type.DOUBLE, Type.INTERVAL, Type.MONTHS, Type.UNKNOWN)
        if typed.type not in kinds:
            raise ValidationException(f"Negation is not supported for {typed.type.label}")
        value = -typed.value if isinstance(typed.value, int | float) else None
        # `-` of the least BIGINT would give a HUGEINT, where `0 -` is an overflow as in Trino. For DOUBLE
        # `0 -` would lose the sign of zero.
        sign = "-" if typed.type is Type.DOUBLE else "0 -"
        return Typed(f"({sign} {typed.sql})", typed.type, value)

    def scalar_query(self, node: exp.Subquery, scope: Scope) -> Typed:
        """A query as a value: NULL if it returns no row, an error if it returns several."""
        sql, columns = self._queries.subquery(node, scope)
        return Typed(f"({sql})", single_column(columns).type)

    def concatenation(self, node: exp.DPipe, scope: Scope) -> Typed:
        """`||`."""
        return call("concat", [self.typed(node.this, scope), self.typed(node.expression, scope)])

    def case(self, node: exp.Case, scope: Scope) -> Typed:
        """CASE, with or without a value that its branches are compared with."""
        only(node, "this", "ifs", "default")
        branches = [(self._when(node, branch, scope), branch.args["true"]) for branch in node.args["ifs"]]
        results = [self.typed(result, scope) for _, result in branches]
        default = node.args.get("default")
        otherwise = self.typed(default, scope) if default is not None else NULL
        kind = common_type((typed.type for typed in (*results, otherwise)), "CASE")
        whens = " ".join(
            f"WHEN {condition} THEN {coerced(result, kind).sql}"
            for (condition, _), result in zip(branches, results, strict=True)
        )
        return Typed(f"(CASE {whens} ELSE {coerced(otherwise, kind).sql} END)", kind)

    def _when(self, node: exp.Case, branch: exp.If, scope: Scope) -> str:
        if node.this is None:
            return self.condition(branch.this, scope, "CASE WHEN clause")
        return compare("=", self.typed(node.this, scope), self.typed(branch.this, scope)).sql

    def choice(self, node: exp.If, scope: Scope) -> Typed:
        """`if(condition, then, else)`; without `else` it is NULL."""
        only(node, "this", "true", "false")
        condition = self.condition(node.this, scope, "IF's condition")
        otherwise = node.args.get("false")
        pair = self.typed(node.args["true"], scope), self.typed(otherwise, scope) if otherwise else NULL
        kind = common_type((typed.type for typed in pair), "IF")
        then, other = (coerced(typed, kind).sql for typed in pair)
        return Typed(f"(CASE WHEN {condition} THEN {then} ELSE {other} END)", kind)

    def cast(self, node: exp.Cast, scope: Scope) -> Typed:
        """CAST, TRY_CAST, and the literals `TIMESTAMP '…'` and `DATE '…'`."""
        only(node, "this", "to", "safe")
        kind, source = node.args["to"], self.typed(node.this, scope)
        target = NAMES[kind.this.name] if _exact(kind, source) else kind_of(kind)
        if target is None:
            raise refused(f"CAST to {kind.sql(dialect='trino')}", node)
        return cast(source, target, trying=isinstance(node, exp.TryCast))

    def extract(self, node: exp.Extract, scope: Scope) -> Typed:
        """`extract(hour FROM time)`."""
        return call(node.name.lower(), [self.typed(node.expression, scope)])


def _orderable(typed: Typed) -> str:
    """The SQL to order by. A literal is cast, since DuckDB refuses to order by a bare one."""
    literal = typed.value is not None or typed.type is Type.UNKNOWN
    return f"CAST({typed.sql} AS {physical(typed.type)})" if literal else typed.sql


def is_word(node: exp.Column) -> bool:
    """Whether a column's node is a function that is called without parentheses."""
    return node.name.lower() in WORDS and not node.this.args.get("quoted") and not node.args.get("table")


def _exact(kind: exp.DataType, source: Typed) -> bool:
    """Whether the precision in `TIMESTAMP(precision)` is enough for all digits of a literal."""
    if kind.this.name not in ("TIME", "TIMESTAMP") or not isinstance(source.value, str):
        return False
    if not kind.expressions or kind.this.name == "TIME":
        return True
    digits = len(source.value.partition(".")[2])
    precision = kind.expressions[0].name
    return precision.isdigit() and digits <= digits_of(precision)


_HANDLERS: dict[type[exp.Expr], Callable[..., Typed]] = {
    exp.Array: Expressions.array,
    exp.AtTimeZone: Expressions.at_zone,
    exp.Bracket: Expressions.subscript,
    exp.Column: Expressions.column,
    exp.Dot: Expressions.field,
    exp.Identifier: Expressions.name,
    exp.Parameter: Expressions.parameter,
    exp.Paren: Expressions.paren,
    exp.Neg: Expressions.minus,
    exp.Tuple: Expressions.row,
    exp.Subquery: Expressions.scalar_query,
    exp.DPipe: Expressions.concatenation,
    exp.Case: Expressions.case,
    exp.If: Expressions.choice,
    exp.Cast: Expressions.cast,
    exp.TryCast: Expressions.cast,
    exp.Extract: Expressions.extract,
    exp.Anonymous: lambda self, node, scope: self.calls.function(node, scope),
    exp.Filter: lambda self, node, scope: self.calls.filtered(node, scope),
    exp.Window: lambda self, node, scope: self.calls.window(node, scope),
}
