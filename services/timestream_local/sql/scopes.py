"""Name resolution: which column a name means in a query, given its relations and the queries around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.typed_sql import Typed


def at(node: exp.Expr | None) -> str:
    """`line 1:8: ` for a node whose position the parser knows, else nothing."""
    meta = node.meta if node is not None else {}
    if "line" not in meta:
        return ""
    width = len(node.name) if node is not None else 0
    return f"line {meta['line']}:{max(meta['col'] - width + 1, 1)}: "


def refused(what: str, node: exp.Expr | None = None) -> ValidationException:
    """The error for an unsupported construct, by name."""
    return ValidationException(f"{at(node)}{what} is not supported")


def only(node: exp.Expr, *known: str) -> None:
    """Refuse a node that has any part besides `known`: an unknown part would silently be dropped."""
    for part, value in node.args.items():
        if value and part not in known:
            named = isinstance(value, exp.Expr) and not isinstance(value, exp.Identifier)
            name = type(value).__name__ if named else part.strip("_")
            raise refused(f"{name.upper()} in {type(node).__name__.upper()}", node)


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a relation or query: its name (None if it has none to refer to), and its expression."""

    name: str | None
    typed: Typed


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of a FROM: the qualifiers that mean it, and its columns.

    `hidden` columns need a qualified name; these are the right side's of a JOIN … USING.
    """

    names: frozenset[tuple[str, ...]]
    columns: Sequence[Output]
    hidden: frozenset[str] = frozenset()

    def found(self, name: str, *, quoted_exactly: bool = False) -> list[Output]:
        """The columns of that name in any case; those in exactly this case win."""
        exact = [column for column in self.columns if column.name == name]
        if exact or quoted_exactly:
            return exact
        return [c for c in self.columns if c.name is not None and c.name.lower() == name.lower()]


@dataclass(slots=True)
class Scope:
    """The relations of one SELECT, and the scope of the query around it.

    `outputs` are the select list's names, which ORDER BY may use and which win over columns.
    """

    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    outputs: Sequence[Output] = ()

    def column(self, node: exp.Column) -> Typed:
        """The column that a name means here, or in the nearest query around. Raises `ValidationException`."""
        qualifier = tuple(part.name.lower() for part in node.parts[:-1])
        if len(qualifier) > 2:
            raise refused("a column's name with a catalog", node.this)
        for scope in self._outward():
            found = scope.found(qualifier, node.name)
            if len({output.typed.sql for output in found}) > 1:
                raise ValidationException(f"{at(node.this)}Column '{node.name}' is ambiguous")
            if found:
                return found[0].typed
        shown = ".".join((*qualifier, node.name))
        raise ValidationException(f"{at(node.this)}Column '{shown}' does not exist")

    def found(self, qualifier: tuple[str, ...], name: str) -> list[Output]:
        """The columns of that name in this scope alone."""
        if not qualifier:
            outputs = Relation(frozenset(), self.outputs).found(name)
            if outputs:
                return outputs
            return [
                output
                for relation in self.relations
                if name.lower() not in relation.hidden
                for output in relation.found(name)
            ]
        relations = [relation for relation in self.relations if qualifier in relation.names]
        return [output for relation in relations for output in relation.found(name)]

    def starred(self, qualifier: tuple[str, ...], node: exp.Expr) -> list[Output]:
        """The columns that `*` or `t.*` stands for."""
        if not self.relations:
            raise ValidationException("SELECT * needs a FROM")
        if not qualifier:
            return [
                column
                for relation in self.relations
                for column in relation.columns
                if (column.name or "").lower() not in relation.hidden
            ]
        relations = [relation for relation in self.relations if qualifier in relation.names]
        if not relations:
            raise ValidationException(f"{at(node)}Unable to resolve reference {'.'.join(qualifier)}")
        return [column for relation in relations for column in relation.columns]

    def _outward(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
