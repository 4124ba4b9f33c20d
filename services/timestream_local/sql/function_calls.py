"""Calls of scalar functions, and of aggregate and window functions with their FILTER and OVER."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import Protocol

from sqlglot import exp

from services.timestream_local.errors import InvalidText, ValidationException
from services.timestream_local.sql.arithmetic import arithmetic
from services.timestream_local.sql.functions.aggregates import (
    AGGREGATE_NAMES,
    WINDOW_ONLY,
    aggregate,
    window_function,
)
from services.timestream_local.sql.functions.aggregates_of_any import AggregateCall
from services.timestream_local.sql.functions.scalar import call
from services.timestream_local.sql.lambdas import ALSO_WITHOUT, LAMBDAS, LambdaCalls
from services.timestream_local.sql.predicates import Operands
from services.timestream_local.sql.scopes import Scope, only, refused
from services.timestream_local.sql.syntax import DURATION
from services.timestream_local.sql.typed_sql import NULL, NUMBERS, Typed, coerced, coercible, digits_of, whole
from services.timestream_local.types import DURATIONS_MONTHS, Type
from services.timestream_local.value_texts import duration_ns

INTERVALS_OF_DATES = {
    Type.INTERVAL: "to_microseconds({0} // 1000)",
    Type.MONTHS: "to_months(CAST({0} AS INTEGER))",
}
"""The SQL of a distance in a window over dates, which DuckDB wants as an interval."""
LONGEST_MONTHS = 1_000_000
"""The most months or years in a duration literal."""


class Arguments(Operands, Protocol):
    """Compiles the expressions in a call; see `sql.expressions.Expressions`."""

    def ordering(self, nodes: Sequence[exp.Expr], resolve: Callable[[exp.Expr], Typed]) -> str:
        """The SQL of the ORDER BY of a window."""


class FunctionCalls:
    """Compiles calls. `now()` is in nanoseconds since the epoch."""

    def __init__(self, arguments: Arguments, now: Callable[[], int]) -> None:
        self._arguments, self._now = arguments, now
        self._lambdas = LambdaCalls(arguments)

    def function(self, node: exp.Anonymous, scope: Scope, *, suffix: str = "", nulls: bool = False) -> Typed:
        """A call. `suffix` is the SQL of its FILTER and OVER, `nulls` whether it has IGNORE NULLS."""
        name = node.name.lower()
        distinct, nodes = _arguments(node)
        if name == "position":
            nodes = _position(nodes)
        with_lambda = name not in ALSO_WITHOUT or (bool(nodes) and isinstance(nodes[-1], exp.Lambda))
        if name in LAMBDAS and with_lambda and not (suffix or distinct or nulls):
            return self._lambdas.call(name, nodes, scope)
        if name in WINDOW_ONLY:
            if not suffix.lstrip().startswith("OVER") or distinct:
                raise ValidationException(
                    f"{name} needs an OVER clause, and supports neither DISTINCT nor FILTER"
                )
            typed = window_function(
                name, [self._arguments.typed(n, scope) for n in nodes], ignore_nulls=nulls
            )
            return Typed(f"{typed.sql}{suffix}", typed.type)
        if name in AGGREGATE_NAMES:
            if nulls:
                raise refused(f"IGNORE NULLS in {name}", node)
            return self._aggregate(
                name, nodes, scope, distinct="DISTINCT " if distinct else "", suffix=suffix
            )
        if suffix or distinct or nulls:
            raise ValidationException(f"{name} is not an aggregate or window function")
        if any(isinstance(each, exp.Lambda) for each in nodes):
            raise ValidationException(f"The function {name} is not supported with a lambda")
        if name == "try":
            return self._try(nodes, scope)
        return self._scalar(name, [self._arguments.typed(n, scope) for n in nodes])

    def _aggregate(
        self, name: str, nodes: Sequence[exp.Expr], scope: Scope, *, distinct: str, suffix: str
    ) -> Typed:
        """An aggregate. ORDER BY is supported in array_agg only: it makes no difference to most others."""
        order = ""
        if name == "array_agg" and nodes and isinstance(nodes[-1], exp.Order):
            items = nodes[-1].expressions
            order = f" ORDER BY {self._arguments.ordering(items, lambda n: self._arguments.typed(n, scope))}"
            inner = nodes[-1].this
            if isinstance(inner, exp.Distinct):
                if len(inner.expressions) != 1:
                    raise ValidationException("Unexpected parameters for function array_agg")
                distinct, inner = "DISTINCT ", inner.expressions[0]
            nodes = [*nodes[:-1], inner]
        starred = name == "count" and len(nodes) == 1 and isinstance(nodes[0], exp.Star)
        given = [] if starred else [self._arguments.typed(n, scope) for n in nodes]
        return aggregate(AggregateCall(name, given, distinct, order, suffix))

    def _scalar(self, name: str, arguments: Sequence[Typed]) -> Typed:
        if name == DURATION or (name == "parse_duration" and is_months(arguments)):
            return _duration(str(arguments[0].value))
        if name == "grouping":
            return _grouping(arguments)
        if name == "now":
            if arguments:
                raise ValidationException("Unexpected parameters for function now")
            return whole(self._now(), Type.TIMESTAMP)
        if name == "ago":
            if len(arguments) != 1 or arguments[0].type not in (Type.INTERVAL, Type.MONTHS):
                raise ValidationException("ago needs one duration, such as ago(15m)")
            return arithmetic("-", whole(self._now(), Type.TIMESTAMP), arguments[0])
        return call(name, arguments)

    def _try(self, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """An expression, NULL where it fails. A literal that can't be read has failed already."""
        if len(nodes) != 1:
            raise ValidationException("Unexpected parameters for function try")
        try:
            inner = self._arguments.typed(nodes[0], scope)
        except InvalidText:
            return NULL
        return Typed(f"TRY({inner.sql})", inner.type)

    def filtered(self, node: exp.Filter, scope: Scope, over: str = "") -> Typed:
        """An aggregate with FILTER; `over` is the SQL of its OVER, or empty."""
        if not isinstance(node.this, exp.Anonymous) or node.this.name.lower() not in AGGREGATE_NAMES:
            raise refused("FILTER of anything but an aggregate", node)
        condition = self._arguments.condition(node.expression.this, scope, "FILTER")
        return self.function(node.this, scope, suffix=f" FILTER (WHERE {condition}){over}")

    def window(self, node: exp.Window, scope: Scope) -> Typed:
        """A function with OVER."""
        only(node, "this", "partition_by", "order", "spec", "over")
        over = f" OVER ({self._window_words(node, scope)})"
        inner, nulls = node.this, False
        if isinstance(inner, exp.IgnoreNulls | exp.RespectNulls):
            inner, nulls = inner.this, isinstance(inner, exp.IgnoreNulls)
        called = inner.this if isinstance(inner, exp.Filter) else inner
        if isinstance(called, exp.Anonymous) and _arguments(called)[0]:
            raise refused("DISTINCT in a function with OVER", node)
        if isinstance(inner, exp.Filter) and not nulls:
            return self.filtered(inner, scope, over)
        if not isinstance(inner, exp.Anonymous):
            raise refused("OVER of this", node)
        return self.function(inner, scope, suffix=over, nulls=nulls)

    def _window_words(self, node: exp.Window, scope: Scope) -> str:
        words = []
        partition = [self._arguments.typed(n, scope).sql for n in node.args.get("partition_by") or ()]
        if partition:
            words.append(f"PARTITION BY {', '.join(partition)}")
        order, ordered = node.args.get("order"), []
        if order is not None:
            only(order, "expressions")
            ordered = [self._arguments.typed(item.this, scope) for item in order.expressions]
            items = self._arguments.ordering(order.expressions, lambda n: self._arguments.typed(n, scope))
            words.append(f"ORDER BY {items}")
        spec = node.args.get("spec")
        if spec is not None:
            words.append(self._frame(spec, ordered, scope))
        return " ".join(words)

    def _frame(self, spec: exp.WindowSpec, ordered: Sequence[Typed], scope: Scope) -> str:
        """The SQL of a window frame. The bounds of ROWS are numbers of rows, those of RANGE distances."""
        only(spec, "kind", "start", "start_side", "end", "end_side")
        kind = spec.args["kind"].upper()
        if kind not in ("ROWS", "RANGE"):
            raise refused(f"the window frame {kind}", spec)
        ends = []
        for end in ("start", "end"):
            bound, side = spec.args.get(end), (spec.args.get(f"{end}_side") or "").upper()
            if bound is None:
                ends.append("CURRENT ROW")
            elif isinstance(bound, str):
                ends.append(f"{bound.upper()} {side}".strip())
            elif kind == "ROWS":
                ends.append(f"{_row_count(bound, spec)} {side}")
            else:
                ends.append(f"{_distance(self._arguments.typed(bound, scope), ordered)} {side}")
        return f"{kind} BETWEEN {ends[0]} AND {ends[1]}"


def is_months(arguments: Sequence[Typed]) -> bool:
    """Whether the only argument is a literal such as `3month` or `1y`."""
    found = arguments[0].value if len(arguments) == 1 else None
    return isinstance(found, str) and found.strip("0123456789 ").lower() in DURATIONS_MONTHS


def _duration(text: str) -> Typed:
    """A duration literal: an interval of months for `3month`, else one of nanoseconds."""
    number = text.rstrip(ascii_letters)
    months = DURATIONS_MONTHS.get(text.removeprefix(number).lower())
    number = number.strip()
    if months is not None and number.isdigit():
        return whole(digits_of(number, most=LONGEST_MONTHS) * months, Type.MONTHS)
    try:
        return whole(duration_ns(text), Type.INTERVAL)
    except ValueError as error:
        raise ValidationException(str(error)) from None


def _grouping(arguments: Sequence[Typed]) -> Typed:
    """grouping: a bit for each argument, the last one's the lowest; 1 if the row's grouping set lacks it."""
    if not arguments:
        raise ValidationException("grouping needs at least one item of GROUP BY")
    return Typed(f"GROUPING({', '.join(argument.sql for argument in arguments)})", Type.BIGINT)


def _position(nodes: Sequence[exp.Expr]) -> list[exp.Expr]:
    """The arguments of `position(part IN text)` in the order of `strpos`."""
    if len(nodes) != 1 or not isinstance(nodes[0], exp.In) or nodes[0].args.get("field") is None:
        raise ValidationException("position is only supported as position(part IN text)")
    return [nodes[0].args["field"], nodes[0].this]


def _arguments(node: exp.Anonymous) -> tuple[bool, list[exp.Expr]]:
    """Return whether a call has DISTINCT, and its arguments."""
    nodes = list(node.expressions)
    if len(nodes) == 1 and isinstance(nodes[0], exp.Distinct):
        only(nodes[0], "expressions")
        return True, list(nodes[0].expressions)
    return False, nodes


def _row_count(bound: exp.Expr, spec: exp.WindowSpec) -> int:
    """The rows in a bound of ROWS, which must be a literal."""
    if isinstance(bound, exp.Literal) and bound.this.isdigit():
        return digits_of(bound.this)
    raise refused("a window frame of ROWS with anything but a number", spec)


def _distance(bound: Typed, ordered: Sequence[Typed]) -> str:
    """The SQL of a bound of RANGE: a distance in the values of the window's only ORDER BY column."""
    if len(ordered) != 1:
        raise ValidationException("A window frame of RANGE with a distance needs exactly one ORDER BY item")
    kind = ordered[0].type
    if isinstance(bound.value, int | float) and bound.value < 0:
        raise ValidationException("Window frame offset value must not be negative or null")
    if kind is Type.DATE and bound.type in INTERVALS_OF_DATES:
        return INTERVALS_OF_DATES[bound.type].replace("{0}", bound.sql)
    wanted = Type.INTERVAL if kind in (Type.TIMESTAMP, Type.TIME) else kind
    if kind not in (*NUMBERS, Type.TIMESTAMP, Type.TIME) or not coercible(bound.type, wanted):
        raise ValidationException(
            f"Window frame of type RANGE does not match types of the ORDER BY and frame column: "
            f"{kind.label} and {bound.type.label}"
        )
    return coerced(bound, wanted).sql
