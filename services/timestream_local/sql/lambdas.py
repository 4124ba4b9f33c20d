"""The functions that take lambdas: filter, transform, reduce and zip_with over arrays and time series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.arrays import element_of
from services.timestream_local.sql.functions.patterns import pattern_of
from services.timestream_local.sql.functions.signatures import literal_of
from services.timestream_local.sql.predicates import Operands
from services.timestream_local.sql.scopes import Scope, only
from services.timestream_local.sql.typed_sql import Typed, coerced, coercible, common_type, text_sql
from services.timestream_local.types import ArrayType, Kind, Type, physical

BEGIN, END = "chr(64976)", "chr(64977)"
"""Marks of a match within a text: U+FDD0 and U+FDD1, which Unicode reserves for use within a program."""
Handler: TypeAlias = "Callable[[LambdaCalls, str, Sequence[exp.Expr], Scope], Typed]"


@dataclass(frozen=True, slots=True)
class Lambda:
    """A compiled lambda: the names of its parameters in DuckDB, and its result."""

    names: Sequence[str]
    result: Typed

    @property
    def sql(self) -> str:
        """The lambda in DuckDB's syntax."""
        return f"lambda {', '.join(self.names)}: {self.result.sql}"


class LambdaCalls:
    """Compiles calls with lambdas. Each parameter of a statement has its own name: `x1`, `x2` and so on."""

    def __init__(self, operands: Operands) -> None:
        self._operands = operands
        self._numbers = count(1)

    def call(self, name: str, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """A call of one of `LAMBDAS`."""
        handler, wanted = LAMBDAS[name]
        if len(nodes) != wanted:
            raise ValidationException(f"Unexpected parameters for function {name}: {len(nodes)} of them")
        return handler(self, name, nodes, scope)

    def compiled(self, name: str, node: exp.Expr, kinds: Sequence[Kind], scope: Scope) -> Lambda:
        """A lambda whose parameters have these types."""
        names = [f"x{next(self._numbers)}" for _ in kinds]
        given = [Typed(each, kind) for each, kind in zip(names, kinds, strict=True)]
        return Lambda(names, self.body(name, node, given, scope))

    def body(self, name: str, node: exp.Expr, given: Sequence[Typed], scope: Scope) -> Typed:
        """The result of a lambda for these arguments."""
        if not isinstance(node, exp.Lambda):
            raise ValidationException(f"{name} needs a lambda, such as x -> x + 1")
        only(node, "this", "expressions")
        parameters = [each.name.lower() for each in node.expressions]
        if len(parameters) != len(given):
            raise ValidationException(f"{name} needs a lambda with {len(given)} parameters here")
        inner = Scope(parent=scope, parameters=dict(zip(parameters, given, strict=True)))
        if node.this.find(exp.Query):
            raise ValidationException("A query in a lambda is not supported")
        return self._operands.typed(node.this, inner)

    def filter(self, name: str, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """`filter(array, x -> condition)`."""
        whole = self._operands.typed(nodes[0], scope)
        kept = self.compiled(name, nodes[1], [element_of(name, whole)], scope)
        if not coercible(kept.result.type, Type.BOOLEAN):
            raise ValidationException(f"The lambda of {name} must give a boolean: {kept.result.type.label}")
        return Typed(f"list_filter({whole.sql}, {kept.sql})", whole.type)

    def transform(self, name: str, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """`transform(array, x -> value)`: an array of the values."""
        whole = self._operands.typed(nodes[0], scope)
        found = self.compiled(name, nodes[1], [element_of(name, whole)], scope)
        return Typed(f"list_transform({whole.sql}, {found.sql})", ArrayType(found.result.type))

    def zip_with(self, name: str, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """`zip_with(a, b, (x, y) -> value)`: an array of the values; the shorter one is filled with NULL."""
        both = [self._operands.typed(node, scope) for node in nodes[:2]]
        pair = f"x{next(self._numbers)}"
        given = [Typed(f"{pair}[{n}]", element_of(name, each)) for n, each in enumerate(both, 1)]
        result = self.body(name, nodes[2], given, scope)
        listed = ", ".join(each.sql for each in both)
        zipped = f"list_transform(list_zip({listed}), lambda {pair}: {result.sql})"
        missing = " OR ".join(f"{each.sql} IS NULL" for each in both)
        return Typed(f"(CASE WHEN {missing} THEN NULL ELSE {zipped} END)", ArrayType(result.type))

    def sort(self, name: str, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """`array_sort(array, (x, y) -> order)`, where the lambda gives -1, 0 or 1.

        DuckDB sorts by values only. So an element's place is the number of elements that precede it.
        """
        whole = self._operands.typed(nodes[0], scope)
        element, (one, other) = element_of(name, whole), (f"x{next(self._numbers)}" for _ in range(2))
        given = [Typed(f"list_extract({whole.sql}, {place})", element) for place in (other, one)]
        order = self.body(name, nodes[1], given, scope)
        if not coercible(order.type, Type.BIGINT):
            raise ValidationException(f"The lambda of {name} must give a whole number: {order.type.label}")
        places = f"range(1, len({whole.sql}) + 1)"
        before = f"{other} <> {one} AND ({order.sql} < 0 OR ({order.sql} = 0 AND {other} < {one}))"
        rank = f"len(list_filter({places}, lambda {other}: {before}))"
        pair = f"{{'f1': {rank}, 'f2': list_extract({whole.sql}, {one})}}"
        ranked = f"list_transform({places}, lambda {one}: {pair})"
        return Typed(f"list_transform(list_sort({ranked}), lambda p: p.f2)", whole.type)

    def reduce(self, name: str, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """`reduce(array, initial, (state, x) -> state, state -> result)`.

        DuckDB reduces a list to a value of its elements' type, so that each element becomes a struct of a
        state and an element.
        """
        whole, initial = (self._operands.typed(node, scope) for node in nodes[:2])
        element = element_of(name, whole)
        state = self._state(name, nodes[2], initial.type, element, scope)
        before, after, one = (f"x{next(self._numbers)}" for _ in range(3))
        step = self.body(name, nodes[2], [Typed(f"{before}.f1", state), Typed(f"{after}.f2", element)], scope)
        kinds = physical(state), physical(element)
        pairs = f"list_transform({whole.sql}, lambda {one}: {{'f1': CAST(NULL AS {kinds[0]}), 'f2': {one}}})"
        first = f"{{'f1': {_as(initial, state)}, 'f2': CAST(NULL AS {kinds[1]})}}"
        following = f"{{'f1': {_as(step, state)}, 'f2': CAST(NULL AS {kinds[1]})}}"
        reduced = f"list_reduce({pairs}, lambda {before}, {after}: {following}, {first})"
        last = f"x{next(self._numbers)}"
        result = self.body(name, nodes[3], [Typed(last, state)], scope)
        final = f"(list_transform([struct_extract({reduced}, 'f1')], lambda {last}: {result.sql}))[1]"
        return Typed(f"(CASE WHEN {whole.sql} IS NOT NULL THEN {final} END)", result.type)

    def replace(self, name: str, nodes: Sequence[exp.Expr], scope: Scope) -> Typed:
        """`regexp_replace(text, pattern, groups -> text)`, with a literal pattern."""
        text, pattern = (self._operands.typed(node, scope) for node in nodes[:2])
        if text.type is not Type.VARCHAR:
            raise ValidationException(f"Unexpected parameters for function {name}: {text.type.label}")
        found = pattern_of(literal_of(name, pattern))
        written = text_sql(found.re2)
        one, piece = (f"x{next(self._numbers)}" for _ in range(2))
        groups = (f"regexp_extract_all({one}, {written}, {n})[1]" for n in range(1, found.groups + 1))
        given = Typed(f"CAST([{', '.join(groups)}] AS VARCHAR[])", ArrayType(Type.VARCHAR))
        result = self.body(name, nodes[2], [given], scope)
        if not coercible(result.type, Type.VARCHAR):
            raise ValidationException(f"The lambda of {name} must give a varchar: {result.type.label}")
        # Each match begins a piece, as it does in `regexp_replace` without a lambda, also an empty one.
        marked = f"regexp_replace({text.sql}, {written}, {BEGIN} || '\\0' || {END}, 'g')"
        pieces = f"string_split({marked}, {BEGIN})"
        match = (
            f"list_transform([split_part({piece}, {END}, 1)], lambda {one}: COALESCE({result.sql}, ''))[1]"
        )
        replaced = f"list_transform({pieces}[2:], lambda {piece}: {match} || split_part({piece}, {END}, 2))"
        return Typed(
            f"(CASE WHEN {text.sql} IS NOT NULL THEN {pieces}[1] || array_to_string({replaced}, '') END)",
            Type.VARCHAR,
        )

    def _state(self, name: str, node: exp.Expr, initial: Kind, element: Kind, scope: Scope) -> Kind:
        """The type of the state: that of the initial value, or a wider one that the lambda gives."""
        result = self.body(name, node, [Typed("s", initial), Typed("e", element)], scope)
        return common_type((initial, result.type), name)


def _as(typed: Typed, kind: Kind) -> str:
    return f"CAST({coerced(typed, kind).sql} AS {physical(kind)})"


LAMBDAS: dict[str, tuple[Handler, int]] = {
    "filter": (LambdaCalls.filter, 2),
    "transform": (LambdaCalls.transform, 2),
    "regexp_replace": (LambdaCalls.replace, 3),
    "zip_with": (LambdaCalls.zip_with, 3),
    "array_sort": (LambdaCalls.sort, 2),
    "reduce": (LambdaCalls.reduce, 4),
}
"""The functions that take lambdas, with the number of their arguments."""
ALSO_WITHOUT = ("regexp_replace", "array_sort")
"""Those of them that may also be called without a lambda."""
