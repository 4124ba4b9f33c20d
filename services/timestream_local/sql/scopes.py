"""Name resolution: the column that a name refers to, in the relations of a query or its outer queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.typed_sql import Typed
from services.timestream_local.sql.wording import part_as_written
from services.timestream_local.types import RowType


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


def row_field(row: Typed, name: exp.Expr) -> Typed:
    """The field of a row. Raises `ValidationException` if the value is no row, or has no such field."""
    fields = row.type.fields if isinstance(row.type, RowType) else ()
    alike = [n for n, each in enumerate(fields, 1) if (each.name or "").lower() == name.name.lower()]
    if len(alike) != 1:
        raise ValidationException(f"{at(name)}{row.type.label} has no field '{name.name}'")
    return Typed(f"struct_extract({row.sql}, 'f{alike[0]}')", fields[alike[0] - 1].type)


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a relation or query: its name, None for an unnamed expression, and its SQL and type.

    `aliased` is true if AS gives the name.
    """

    name: str | None
    typed: Typed
    aliased: bool = False


def single_column(columns: Sequence[Output]) -> Typed:
    """The column of a query that must have exactly one. Raises `ValidationException` for others."""
    if len(columns) != 1:
        raise ValidationException(f"A query here must return only one column, not {len(columns)}")
    return columns[0].typed


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of a FROM clause: the names by which it can be qualified, and its columns.

    `hidden` names the columns of JOIN … USING, which exist only once and belong to neither side.
    """

    names: frozenset[tuple[str, ...]]
    columns: Sequence[Output]
    hidden: frozenset[str] = frozenset()

    @property
    def unhidden(self) -> list[Output]:
        """The columns that `*` selects."""
        return [column for column in self.columns if (column.name or "").lower() not in self.hidden]

    def found(self, name: exp.Expr) -> list[Output]:
        """The columns with a name: in exactly this case, or, if it isn't quoted and none has, in any case."""
        exact = [column for column in self.columns if column.name == name.name]
        if exact or name.args.get("quoted"):
            return exact
        return [c for c in self.columns if c.name is not None and c.name.lower() == name.name.lower()]


@dataclass(slots=True)
class Scope:
    """The relations of one SELECT, and as `parent` the scope of the outer query.

    `outputs` are the named columns of the select list. ORDER BY may use them, and they have precedence over
    the relations' columns. `parameters` are those of a lambda, by their name in lower case.
    """

    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    outputs: Sequence[Output] = ()
    parameters: Mapping[str, Typed] = field(default_factory=dict)

    def column(self, node: exp.Column) -> Typed:
        """The column that a name refers to, in this scope or the nearest outer one that has it.

        Raises `ValidationException` if there is none, or more than one in that scope.
        """
        parts = node.parts
        if len(parts) > 3:
            raise refused("a column's name with a catalog", node.this)
        # The first names may be those of a column, and the last ones of fields of its row.
        for length in range(len(parts), 0, -1):
            typed = self.named(parts[:length])
            if typed is not None:
                for name in parts[length:]:
                    typed = row_field(typed, name)
                return typed
        shown = ".".join((*(part.name.lower() for part in parts[:-1]), node.name))
        raise ValidationException(f"{at(node.this)}Column '{shown}' does not exist")

    def named(self, names: Sequence[exp.Expr]) -> Typed | None:
        """The column, or parameter of a lambda, of a name that may be qualified; None if there is none."""
        qualifier, name = tuple(part.name.lower() for part in names[:-1]), names[-1]
        for scope in self._outward():
            if not qualifier and name.name.lower() in scope.parameters:
                return scope.parameters[name.name.lower()]
            found = scope.found(qualifier, name)
            if len({output.typed.sql for output in found}) > 1:
                raise ValidationException(f"{at(name)}Column '{name.name}' is ambiguous")
            if found:
                return found[0].typed
        return None

    def found(self, qualifier: tuple[str, ...], name: exp.Expr) -> list[Output]:
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
        found = [(relation, output) for relation in relations for output in relation.found(name)]
        if any(name.name.lower() in relation.hidden for relation, _ in found):
            shown = f"{'.'.join(qualifier)}.{name.name}"
            raise ValidationException(
                f"{at(name)}Column '{shown}' does not exist: USING joins by it, write '{name.name}'"
            )
        return [output for _, output in found]

    def starred(self, qualifier: tuple[str, ...], node: exp.Expr) -> list[Output]:
        """The columns that `*` or `t.*` selects."""
        if not self.relations:
            raise ValidationException("SELECT * needs a FROM")
        if not qualifier:
            return [column for relation in self.relations for column in relation.unhidden]
        relations = [relation for relation in self.relations if qualifier in relation.names]
        if not relations:
            raise ValidationException(f"{at(node)}Unable to resolve reference {'.'.join(qualifier)}")
        return [column for relation in relations for column in relation.unhidden]

    def _outward(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
