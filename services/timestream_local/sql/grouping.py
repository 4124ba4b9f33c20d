"""GROUP BY: columns, expressions, positions, lists, and sets of these, with ALL or DISTINCT before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, product

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.scopes import only
from services.timestream_local.sql.wording import as_written

Key = Callable[[exp.Expr], str]
"""The SQL of a column, an expression or a position."""
GroupingSet = tuple[str, ...]
MOST_SETS = 4096
"""As many grouping sets DISTINCT may compare: as many as a CUBE of twelve columns has."""


def group_by(group: exp.Group, key: Key) -> str:
    """The clause. Raises `ValidationException` for one without items, and for what isn't supported."""
    only(group, "expressions", "all")
    if not group.expressions:
        quantifier = " ALL" if group.args.get("all") else ""
        raise ValidationException(f"GROUP BY{quantifier} needs a column, an expression or a position")
    if group.args.get("all") is False:
        return f" GROUP BY {_distinct(group.expressions, key)}"
    return f" GROUP BY {', '.join(_written(item, key) for item in group.expressions)}"


def _written(item: exp.Expr, key: Key) -> str:
    if isinstance(item, exp.Tuple | exp.Rollup | exp.Cube | exp.GroupingSets):
        word = "" if isinstance(item, exp.Tuple) else as_written(item)
        return f"{word} ({', '.join(_written(part, key) for part in item.expressions)})"
    return key(item)


def _distinct(items: Sequence[exp.Expr], key: Key) -> str:
    """GROUP BY DISTINCT, which DuckDB lacks: each of the sets that the items combine to, once."""
    choices = [_sets(item, key) for item in items]
    combined = 1
    for sets in choices:
        combined *= len(sets)
    if combined > MOST_SETS:
        raise ValidationException(f"GROUP BY has {combined} grouping sets but can have at most {MOST_SETS}")
    different = {frozenset(one): one for one in (_joined(chosen) for chosen in product(*choices))}
    written = (f"({', '.join(one)})" for one in different.values())
    return f"GROUPING SETS ({', '.join(written)})"


def _sets(item: exp.Expr, key: Key) -> list[GroupingSet]:
    """The grouping sets that an item stands for."""
    if isinstance(item, exp.GroupingSets):
        return [one for part in item.expressions for one in _sets(part, key)]
    if not isinstance(item, exp.Rollup | exp.Cube):
        return [_columns(item, key)]
    parts = [_columns(part, key) for part in item.expressions]
    sizes = range(len(parts), -1, -1)
    if isinstance(item, exp.Rollup):
        return [_joined(parts[:size]) for size in sizes]
    if 2 ** len(parts) > MOST_SETS:
        raise ValidationException(f"GROUP BY has more than {MOST_SETS} grouping sets")
    return [_joined(chosen) for size in sizes for chosen in combinations(parts, size)]


def _columns(item: exp.Expr, key: Key) -> GroupingSet:
    if isinstance(item, exp.Tuple):
        return _joined(_columns(part, key) for part in item.expressions)
    return (key(item.unnest()),)


def _joined(sets: Iterable[GroupingSet]) -> GroupingSet:
    """The columns of some sets, each once."""
    return tuple(dict.fromkeys(column for one in sets for column in one))
