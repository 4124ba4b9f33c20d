"""Name resolution: the column that a name refers to, in the relations of a query or its outer queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.typed_sql import Typed
from services.timestream_local.sql.wording import part_as_written


def at(node: exp.Expr | None) -> str:
    """A node's position for error messages, such as `line 1:8: `; empty if the parser doesn't know it."""
    meta = node.meta if node is not None else {}
    if "line" not in meta:
        return ""
    width = len(node.name) if node is not None else 0
    return f"line {meta['line']}:{max(meta['col'] - width + 1, 1)}: "


def refused(what: str, node: exp.Expr | None = None) -> ValidationException:
    """Return the error that a construct is not supported; `what` names it."""
    return ValidationException(f"{at(node)}{what} is not supported")


def only(node: exp.Expr, *known: str) -> None:
    """Raise `ValidationException` if a node has other parts than `known`: they would silently be dropped."""
    for part, value in node.args.items():
        if value and part not in known:
            raise refused(part_as_written(node, part), node)


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a relation or query: its name, None for an unnamed expression, and its SQL and type."""

    name: str | None
    typed: Typed


def single_column(columns: Sequence[Output]) -> Typed:
    """The column of a query that must have exactly one. Raises `ValidationException` for others."""
    if len(columns) != 1:
        raise ValidationException(f"A query here must return only one column, not {len(columns)}")
    return columns[0].typed


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of a FROM clause: the names by which it can be qualified, and its columns.

    `hidden` names columns that can only be referred to with a qualifier: those of JOIN … USING on the right
    side.
    """

    names: frozenset[tuple[str, ...]]
    columns: Sequence[Output]
    hidden: frozenset[str] = frozenset()

    def found(self, name: exp.Identifier) -> list[Output]:
        """The columns with a name: in exactly this case, or, if it isn't quoted and none has, in any case."""
        exact = [column for column in self.columns if column.name == name.name]
        if exact or name.quoted:
            return exact
        return [c for c in self.columns if c.name is not None and c.name.lower() == name.name.lower()]


@dataclass(slots=True)
class Scope:
    """The relations of one SELECT, and as `parent` the scope of the outer query.

    `outputs` are the named columns of the select list. ORDER BY may use them, and they have precedence over
    the relations' columns.
    """

    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    outputs: Sequence[Output] = ()

    def column(self, node: exp.Column) -> Typed:
        """The column that a name refers to, in this scope or the nearest outer one that has it.

        Raises `ValidationException` if there is none, or more than one in that scope.
        """
        qualifier = tuple(part.name.lower() for part in node.parts[:-1])
        if len(qualifier) > 2:
            raise refused("a column's name with a catalog", node.this)
        for scope in self._outward():
            found = scope.found(qualifier, node.this)
            if len({output.typed.sql for output in found}) > 1:
                raise ValidationException(f"{at(node.this)}Column '{node.name}' is ambiguous")
            if found:
                return found[0].typed
        shown = ".".join((*qualifier, node.name))
        raise ValidationException(f"{at(node.this)}Column '{shown}' does not exist")

    def found(self, qualifier: tuple[str, ...], name: exp.Identifier) -> list[Output]:
        """The columns with a name in this scope, without the outer ones."""
        if not qualifier:
            outputs = Relation(frozenset(), self.outputs).found(name)
            if outputs:
                return outputs
            return [
                output
                for relation in self.relations
                if name.name.lower() not in relation.hidden
                for output in relation.found(name)
            ]
        relations = [relation for relation in self.relations if qualifier in relation.names]
        return [output for relation in relations for output in relation.found(name)]

    def starred(self, qualifier: tuple[str, ...], node: exp.Expr) -> list[Output]:
        """The columns that `*` or `t.*` selects."""
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
