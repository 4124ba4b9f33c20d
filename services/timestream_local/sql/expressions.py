"""Expressions, compiled from sqlglot's tree to DuckDB's SQL with its type.

The types are Trino's, and checked by its rules: DuckDB would cast where Trino refuses. A node that
`_HANDLERS` doesn't list is refused, by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.arithmetic import arithmetic
from services.timestream_local.sql.casts import NAMES, cast
from services.timestream_local.sql.comparisons import compare, comparison_type
from services.timestream_local.sql.function_calls import FunctionCalls
from services.timestream_local.sql.functions import call
from services.timestream_local.sql.scopes import Output, Scope, only, refused
from services.timestream_local.sql.typed_sql import (
    NULL,
    Typed,
    coerced,
    coercible,
    common_type,
    digits_of,
    text,
    whole,
)
from services.timestream_local.types import (
    DAY_NS,
    DURATIONS_NS,
    GREATEST_BIGINT,
    GREATEST_INT,
    PHYSICAL,
    Type,
)

Node = TypeVar("Node", bound=exp.Expr)
COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
INTERVALS_NS = {
    "SECOND": DURATIONS_NS["s"],
    "MINUTE": DURATIONS_NS["m"],
    "HOUR": DURATIONS_NS["h"],
    "DAY": DAY_NS,
    "WEEK": 7 * DAY_NS,
}
INTERVALS_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_COUNT = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
WORDS = ("current_timestamp", "current_date")
"""Functions without parentheses."""


class Subqueries(Protocol):
    """Compiles queries within expressions."""

    def subquery(self, node: exp.Expr, outer: Scope) -> tuple[str, Sequence[Output]]:
        """A query's SQL and columns. It may refer to the columns of `outer`."""


class Expressions:
    """Compiles expressions. `now` is in nanoseconds since the epoch."""

    def __init__(self, queries: Subqueries, now: int) -> None:
        self._queries, self._now = queries, now
        self.calls = FunctionCalls(self, now)

    def typed(self, node: exp.Expr, scope: Scope) -> Typed:
        """An expression. Raises `ValidationException` for unknown names, wrong types, unsupported nodes."""
        kind = type(node)
        if kind in COMPARISONS:
            return self._comparison(COMPARISONS[kind], node, scope)
        if kind in ARITHMETIC:
            only(node, "this", "expression", "typed", "safe")
            left, right = self.typed(node.this, scope), self.typed(node.expression, scope)
            return arithmetic(ARITHMETIC[kind], left, right)
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise refused(f"{kind.__name__.upper()} ({node.sql(dialect='trino')[:60]})", node)
        return handler(self, node, scope)

    def condition(self, node: exp.Expr, scope: Scope, where: str) -> str:
        """The SQL of an expression that must be BOOLEAN; `where` names it in the error."""
        typed = self.typed(node, scope)
        if not coercible(typed.type, Type.BOOLEAN):
            raise ValidationException(f"{where} must evaluate to a boolean: actual type {typed.type.label}")
        return coerced(typed, Type.BOOLEAN).sql

    def ordering(self, nodes: Sequence[exp.Expr], resolve: Callable[[exp.Expr], Typed]) -> str:
        """The SQL of ORDER BY's items. NULLs go last by default, also with DESC."""
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
        """A column, or a function that is written without parentheses."""
        if isinstance(node.this, exp.Star):
            raise refused("* here", node)
        if is_word(node):
            now = whole(self._now, Type.TIMESTAMP)
            return now if node.name.lower() == "current_timestamp" else call("date", [now])
        return scope.column(node)

    def literal(self, node: exp.Literal, _scope: Scope) -> Typed:
        """A string, or a number: INTEGER, BIGINT or DOUBLE."""
        if node.is_string:
            return text(node.this)
        if not node.this.isdigit():
            value = float(node.this)
            if not math.isfinite(value):
                raise ValidationException(f"Invalid numeric literal: {node.this}")
            return Typed(f"CAST({value!r} AS DOUBLE)", Type.DOUBLE, value)
        return _whole(digits_of(node.this))

    def boolean(self, node: exp.Boolean, _scope: Scope) -> Typed:
        """`true` or `false`."""
        return Typed("true" if node.this else "false", Type.BOOLEAN, bool(node.this))

    def null(self, _node: exp.Null, _scope: Scope) -> Typed:
        """NULL."""
        return NULL

    def paren(self, node: exp.Paren, scope: Scope) -> Typed:
        """An expression in parentheses."""
        return self.typed(node.this, scope)

    def negation(self, node: exp.Neg, scope: Scope) -> Typed:
        """A number or interval with its sign turned."""
        inner = node.this
        if isinstance(inner, exp.Literal) and not inner.is_string and inner.this.isdigit():
            return _whole(-digits_of(inner.this, most=GREATEST_BIGINT + 1))
        typed = self.typed(inner, scope)
        kinds = (Type.INTEGER, Type.BIGINT, Type.DOUBLE, Type.INTERVAL, Type.MONTHS, Type.UNKNOWN)
        if typed.type not in kinds:
            raise ValidationException(f"Negation is not supported for {typed.type.label}")
        number = isinstance(typed.value, int | float)
        value = -typed.value if number and isinstance(typed.value, int | float) else None
        # `-` of the least BIGINT would give a HUGEINT, where `0 -` is an overflow as in Trino. For DOUBLE
        # `0 -` would lose the sign of zero.
        sign = "-" if typed.type is Type.DOUBLE else "0 -"
        return Typed(f"({sign} {typed.sql})", typed.type, value)

    def logic(self, node: exp.Expr, scope: Scope) -> Typed:
        """AND, OR. A chain of them is flattened, so that a long one doesn't recurse deeply."""
        word = "AND" if isinstance(node, exp.And) else "OR"
        operands = [self.condition(n, scope, f"Logical {word}'s term") for n in node.flatten()]
        return Typed(f"({f' {word} '.join(operands)})", Type.BOOLEAN)

    def inversion(self, node: exp.Not, scope: Scope) -> Typed:
        """NOT."""
        return Typed(f"(NOT {self.condition(node.this, scope, 'NOT')})", Type.BOOLEAN)

    def is_null(self, node: exp.Is, scope: Scope) -> Typed:
        """IS NULL."""
        if not isinstance(node.expression, exp.Null):
            raise refused("IS with anything but NULL", node)
        return Typed(f"({self.typed(node.this, scope).sql} IS NULL)", Type.BOOLEAN)

    def between(self, node: exp.Between, scope: Scope) -> Typed:
        """BETWEEN, both ends included."""
        only(node, "this", "low", "high")
        value, low, high = (self.typed(node.args[part], scope) for part in ("this", "low", "high"))
        kind = comparison_type("BETWEEN", value, low, high)
        low, high = coerced(low, kind), coerced(high, kind)
        return Typed(f"({coerced(value, kind).sql} BETWEEN {low.sql} AND {high.sql})", Type.BOOLEAN)

    def membership(self, node: exp.In, scope: Scope) -> Typed:
        """IN a list or a query of one column."""
        only(node, "this", "expressions", "query")
        value = self.typed(node.this, scope)
        query = node.args.get("query")
        if query is not None:
            sql, columns = self._queries.subquery(query, scope)
            other = _one_column(columns)
            kind = comparison_type("IN", value, other)
            return Typed(
                f"({coerced(value, kind).sql} IN (SELECT {coerced(Typed('o1', other.type), kind).sql} "
                f"FROM ({sql}) AS i))",
                Type.BOOLEAN,
            )
        options = [self.typed(option, scope) for option in node.expressions]
        if not options:
            raise refused("IN of nothing", node)
        kind = comparison_type("IN", value, *options)
        listed = ", ".join(coerced(option, kind).sql for option in options)
        return Typed(f"({coerced(value, kind).sql} IN ({listed}))", Type.BOOLEAN)

    def exists(self, node: exp.Exists, scope: Scope) -> Typed:
        """EXISTS of a query."""
        sql, _ = self._queries.subquery(node.this, scope)
        return Typed(f"EXISTS ({sql})", Type.BOOLEAN)

    def scalar_query(self, node: exp.Subquery, scope: Scope) -> Typed:
        """A query as a value: NULL without a row, an error with several."""
        sql, columns = self._queries.subquery(node, scope)
        return Typed(f"({sql})", _one_column(columns).type)

    def like(self, node: exp.Like, scope: Scope, escape: exp.Expr | None = None) -> Typed:
        """LIKE, case-sensitive."""
        only(node, "this", "expression", "negate")
        value, pattern = self.typed(node.this, scope), self.typed(node.expression, scope)
        for typed in (value, pattern):
            if not coercible(typed.type, Type.VARCHAR):
                raise ValidationException(f"LIKE needs varchar, not {typed.type.label}")
        ending = f" ESCAPE {self.typed(escape, scope).sql}" if escape is not None else ""
        sql = f"({value.sql} LIKE {pattern.sql}{ending})"
        return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, Type.BOOLEAN)

    def escaped(self, node: exp.Escape, scope: Scope) -> Typed:
        """LIKE … ESCAPE."""
        sign = node.expression
        if not isinstance(node.this, exp.Like) or not (sign.is_string and len(sign.name) == 1):
            raise refused("this ESCAPE", node)
        return self.like(node.this, scope, sign)

    def concatenation(self, node: exp.DPipe, scope: Scope) -> Typed:
        """`||`."""
        return call("concat", [self.typed(node.this, scope), self.typed(node.expression, scope)])

    def case(self, node: exp.Case, scope: Scope) -> Typed:
        """CASE, with or without a value to compare."""
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
        """`if(condition, then, else)`."""
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
        kind, target = node.args["to"], NAMES.get(node.args["to"].this.name)
        source = self.typed(node.this, scope)
        if target is None or (kind.expressions and not _exact(kind, source)):
            raise refused(f"CAST to {kind.sql(dialect='trino')}", node)
        return cast(source, target, trying=isinstance(node, exp.TryCast))

    def interval(self, node: exp.Interval, _scope: Scope) -> Typed:
        """`interval '2' hour`."""
        unit, number = node.args.get("unit"), node.this
        digits = number.name.strip() if isinstance(number, exp.Literal) else ""
        if not isinstance(unit, exp.Var) or not _COUNT.fullmatch(digits):
            raise refused(f"the interval {node.sql(dialect='trino')}", node)
        word = unit.name.upper()
        if word in INTERVALS_NS:
            return whole(int(digits) * INTERVALS_NS[word], Type.INTERVAL)
        if word not in INTERVALS_MONTHS:
            raise refused(f"the interval unit {word}", node)
        return whole(int(digits) * INTERVALS_MONTHS[word], Type.MONTHS)

    def extract(self, node: exp.Extract, scope: Scope) -> Typed:
        """`extract(hour FROM time)`."""
        return call(node.name.lower(), [self.typed(node.expression, scope)])

    def _comparison(self, operator: str, node: exp.Expr, scope: Scope) -> Typed:
        only(node, "this", "expression")
        return compare(operator, self.typed(node.this, scope), self.typed(node.args["expression"], scope))


def _orderable(typed: Typed) -> str:
    """The SQL to order by. DuckDB refuses to order by a bare literal, so that one is cast."""
    literal = typed.value is not None or typed.type is Type.UNKNOWN
    return f"CAST({typed.sql} AS {PHYSICAL[typed.type]})" if literal else typed.sql


def is_word(node: exp.Column) -> bool:
    """Whether a column node is a function that is written without parentheses."""
    return node.name.lower() in WORDS and not node.this.args.get("quoted") and not node.args.get("table")


def _whole(value: int) -> Typed:
    fits = -GREATEST_INT - 1 <= value <= GREATEST_INT
    return whole(value, Type.INTEGER if fits else Type.BIGINT)


def _one_column(columns: Sequence[Output]) -> Typed:
    if len(columns) != 1:
        raise ValidationException(f"A query here must return only one column, not {len(columns)}")
    return columns[0].typed


def _exact(kind: exp.DataType, source: Typed) -> bool:
    """Whether a precision of a TIMESTAMP holds all of a literal's digits."""
    if kind.this.name != "TIMESTAMP" or not isinstance(source.value, str):
        return False
    digits = len(source.value.partition(".")[2])
    precision = kind.expressions[0].name
    return precision.isdigit() and digits <= digits_of(precision)


_HANDLERS: dict[type[exp.Expr], Callable[..., Typed]] = {
    exp.Column: Expressions.column,
    exp.Literal: Expressions.literal,
    exp.Boolean: Expressions.boolean,
    exp.Null: Expressions.null,
    exp.Paren: Expressions.paren,
    exp.Neg: Expressions.negation,
    exp.And: Expressions.logic,
    exp.Or: Expressions.logic,
    exp.Not: Expressions.inversion,
    exp.Is: Expressions.is_null,
    exp.Between: Expressions.between,
    exp.In: Expressions.membership,
    exp.Exists: Expressions.exists,
    exp.Subquery: Expressions.scalar_query,
    exp.Like: Expressions.like,
    exp.Escape: Expressions.escaped,
    exp.DPipe: Expressions.concatenation,
    exp.Case: Expressions.case,
    exp.If: Expressions.choice,
    exp.Cast: Expressions.cast,
    exp.TryCast: Expressions.cast,
    exp.Interval: Expressions.interval,
    exp.Extract: Expressions.extract,
    exp.Anonymous: lambda self, node, scope: self.calls.function(node, scope),
    exp.Filter: lambda self, node, scope: self.calls.filtered(node, scope),
    exp.Window: lambda self, node, scope: self.calls.window(node, scope),
}
