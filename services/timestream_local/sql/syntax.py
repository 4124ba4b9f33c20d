"""Parsing the text of a query to a tree, with sqlglot's Trino parser made stricter.

sqlglot accepts much that Trino doesn't, which is refused here. It also translates functions between dialects;
here they keep their names (as `Anonymous` nodes), by which they are looked up. Duration literals (`15m`)
become calls of the function `DURATION`, and `measure_value::double` becomes one quoted name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from services.timestream_local.catalog import SINGLE_MEASURES, WrittenName
from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.tokens.checks import check_intervals, one_statement, token_error
from services.timestream_local.sql.tokens.unload_statement import (
    UnloadStatement,
    split_unload,
    unload_statement,
)
from services.timestream_local.types import DURATIONS_MONTHS, DURATIONS_NS

COMMA = "COMMA"
"""The `kind` of a join that is written as a comma."""
DURATION = "duration literal"
"""The name of the function that duration literals become. It has a blank, so that no query can contain it."""
TRIMS = {"": "trim", "BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}
"""The function that each side of `trim(side characters FROM text)` means."""
FIRST = {"SELECT", "WITH", "("}
SHOWING = ("SHOW", "DESCRIBE", "DESC")
NO_CAST = "mismatched input '::': it stands only in measure_value::double and its like; use CAST"


class Timestream(Trino):
    """Trino's dialect without the translation of functions."""

    INDEX_OFFSET = 0
    """What sqlglot would add to a subscript for a dialect that counts from zero."""

    class Tokenizer(Trino.Tokenizer):
        """Tokenizes SHOW as a word. By default the rest of a SHOW statement is one token."""

        COMMANDS: ClassVar = set()

    class Parser(TrinoParser):
        """Knows only the functions whose arguments have a special syntax."""

        FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parse
            for name, parse in TrinoParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT")
        } | {"SUBSTRING": lambda self: self.substring(), "TRIM": lambda self: self.trim()}
        NO_PAREN_FUNCTIONS: ClassVar = {}

        def _parse_join(
            self,
            skip_join_token: bool = False,
            parse_bracket: bool = False,
            alias_tokens: Collection[TokenType] | None = None,
        ) -> exp.Join | None:
            """Mark joins written as a comma: JOIN has precedence over it, which the tree doesn't show."""
            comma = self._curr is not None and self._curr.token_type is TokenType.COMMA
            join = super()._parse_join(skip_join_token, parse_bracket, alias_tokens)
            if comma and join is not None:
                join.set("kind", COMMA)
            return join

        def substring(self) -> exp.Expr:
            """`substring(text FROM start FOR length)`, also with commas, as a call."""
            given = self._parse_csv(self._parse_disjunction)
            if len(given) == 1 and self._match(TokenType.FROM):
                given.append(self._operand())
                if self._match(TokenType.FOR):
                    given.append(self._operand())
            return self.expression(exp.Anonymous(this="substring", expressions=given))

        def trim(self) -> exp.Expr:
            """`trim(LEADING characters FROM text)` as a call of `trim`, `ltrim` or `rtrim`."""
            column = self._next is None or self._next.token_type in (TokenType.R_PAREN, TokenType.COMMA)
            side = self._side() if not column else ""
            bare = bool(side) and self._match(TokenType.FROM, advance=False)
            given = [] if bare else self._parse_csv(self._parse_disjunction)
            if self._match(TokenType.FROM):
                given = [self._operand(), *given]
            elif side:
                self.raise_error(f"trim({side} …) needs FROM")
            return self.expression(exp.Anonymous(this=TRIMS[side], expressions=given))

        def _side(self) -> str:
            return self._prev.text.upper() if self._match_texts(TRIMS) else ""

        def _operand(self) -> exp.Expr:
            found = self._parse_disjunction()
            if found is None:
                raise ParseError("an expression is missing")
            return found


@dataclass(frozen=True, slots=True)
class ShowStatement:
    """A SHOW or DESCRIBE statement; `what` is databases, tables, measures or columns."""

    what: str
    database: WrittenName | None = None
    table: WrittenName | None = None
    like: str | None = None


def parse(sql: str) -> exp.Query | ShowStatement | UnloadStatement:
    """Parse one reading statement, or UNLOAD. Raises `ValidationException` for any other text."""
    dialect = Timestream()
    try:
        tokens = dialect.tokenize(sql)
    except SqlglotError as error:
        raise ValidationException(f"The query can't be read: {_first_line(error)}") from None
    first = tokens[0].text.upper() if tokens else ""
    if first not in (*FIRST, *SHOWING, "UNLOAD", "", ";"):
        raise token_error(
            tokens[0], f"{first} is not supported: only SELECT, WITH, UNLOAD, SHOW and DESCRIBE are"
        )
    tokens = one_statement(tokens)
    if first in SHOWING:
        return _show_statement(tokens)
    if first != "UNLOAD":
        return _query(tokens, sql)
    parts = split_unload(tokens)
    return unload_statement(_query(parts.query, sql), parts)


def unloads(sql: str) -> bool:
    """Whether a statement is UNLOAD, as far as its first word says."""
    if "unload" not in sql.lower():
        return False
    try:
        tokens = Timestream().tokenize(sql)
    except SqlglotError:
        return False
    return bool(tokens) and tokens[0].text.upper() == "UNLOAD"


def _query(tokens: Sequence[Token], sql: str) -> exp.Query:
    if not tokens:
        raise ValidationException("The query is empty")
    check_intervals(tokens)
    first, tokens = tokens[0].text.upper(), _rewritten(tokens)
    try:
        trees = Timestream().parser().parse(tokens, sql)
    except SqlglotError as error:
        raise ValidationException(_syntax_error(error)) from None
    except RecursionError:
        raise ValidationException("The query is nested too deeply") from None
    (tree,) = trees
    if not isinstance(tree, exp.Query):
        raise token_error(tokens[0], f"{first} is not supported here")
    return tree


def _rewritten(tokens: Sequence[Token]) -> list[Token]:
    """Replace duration literals and typed measure values by tokens that the parser knows."""
    written: list[Token] = []
    place = 0
    while place < len(tokens):
        token, after = tokens[place], tokens[place + 1 : place + 3]
        if _is_duration(token, after):
            written += _duration(token, after[0])
            place += 2
        elif token.token_type is TokenType.DCOLON:
            raise token_error(token, NO_CAST)
        elif after and after[0].token_type is TokenType.DCOLON:
            written.append(_typed_measure(token, after))
            place += 3
        else:
            written.append(token)
            place += 1
    return written


def _is_duration(token: Token, after: Sequence[Token]) -> bool:
    """Whether a number is followed by a word without a blank between them."""
    return (
        token.token_type is TokenType.NUMBER
        and bool(after)
        and after[0].start == token.end + 1
        and after[0].token_type not in (TokenType.IDENTIFIER, TokenType.STRING)
        and (after[0].text[:1].isalpha() or after[0].text[:1] == "_")
    )


def _duration(number: Token, unit: Token) -> list[Token]:
    text = f"{number.text}{unit.text}"
    units = (*DURATIONS_NS, *DURATIONS_MONTHS)
    if unit.text.lower() not in units or not _is_count(number.text, unit.text.lower()):
        raise token_error(number, f"'{text}' is not a duration; the units are {', '.join(units)}")
    kinds = [
        (TokenType.VAR, DURATION),
        (TokenType.L_PAREN, "("),
        (TokenType.STRING, text),
        (TokenType.R_PAREN, ")"),
    ]
    return [Token(k, t, number.line, number.col, number.start, unit.end) for k, t in kinds]


def _is_count(number: str, unit: str) -> bool:
    """Whether a number may stand before a unit: `72.5h`, but only whole months and years."""
    whole, dot, fraction = number.partition(".")
    return whole.isdigit() and (not dot or (fraction.isdigit() and unit in DURATIONS_NS))


def _typed_measure(token: Token, after: Sequence[Token]) -> Token:
    name = f"{token.text}::{after[1].text if len(after) > 1 else ''}".lower()
    if token.token_type is TokenType.IDENTIFIER or token.text.lower() != "measure_value":
        raise token_error(after[0], NO_CAST)
    if name not in SINGLE_MEASURES:
        kinds = "bigint, boolean, double or varchar"
        raise token_error(token, f"the column {name} does not exist: the type is {kinds}")
    # `col` is where a token ends, from which errors count back by the length of its name.
    column = token.col - len(token.text) + len(name)
    return Token(TokenType.IDENTIFIER, name, token.line, column, token.start, after[1].end)


def _show_statement(tokens: Sequence[Token]) -> ShowStatement:
    """Parse `SHOW DATABASES`, `SHOW TABLES FROM d`, `SHOW MEASURES FROM d.t` or `DESCRIBE d.t`."""
    words = [token.text.upper() for token in tokens]
    wrong = token_error(
        tokens[0],
        f"{' '.join(words[:2])} is not supported: write SHOW DATABASES, SHOW TABLES [FROM db], "
        "SHOW MEASURES FROM db.table, each with or without LIKE 'pattern', or DESCRIBE db.table",
    )
    if words[0] != "SHOW":
        database, table, rest = _qualified_name(tokens[1:])
        if rest or table is None:
            raise wrong
        return ShowStatement("columns", database, table)
    what = words[1].lower() if len(words) > 1 else ""
    like, rest = _like(tokens[2:])
    database = table = None
    if what in ("tables", "measures") and rest and rest[0].text.upper() in ("FROM", "IN"):
        database, table, rest = _qualified_name(rest[1:])
    if rest or what not in ("databases", "tables", "measures") or (what == "measures") != (table is not None):
        raise wrong
    return ShowStatement(what, database, table, like)


def _like(tokens: Sequence[Token]) -> tuple[str | None, Sequence[Token]]:
    if len(tokens) >= 2 and tokens[-2].text.upper() == "LIKE" and tokens[-1].token_type is TokenType.STRING:
        return tokens[-1].text, tokens[:-2]
    return None, tokens


def _qualified_name(
    tokens: Sequence[Token],
) -> tuple[WrittenName | None, WrittenName | None, Sequence[Token]]:
    """Return a database, a table or None, and the tokens after the name."""
    if not tokens:
        return None, None, tokens
    if len(tokens) >= 3 and tokens[1].token_type is TokenType.DOT:
        return _written_name(tokens[0]), _written_name(tokens[2]), tokens[3:]
    return _written_name(tokens[0]), None, tokens[1:]


def _written_name(token: Token) -> WrittenName:
    return WrittenName(token.text, token.token_type is TokenType.IDENTIFIER)


def _syntax_error(error: SqlglotError) -> str:
    details = getattr(error, "errors", None) or [{}]
    line, column = details[0].get("line", 1), details[0].get("col", 1)
    near = details[0].get("highlight") or ""
    what = str(details[0].get("description", ""))
    # The parser names its own classes and tokens where something is missing.
    said = "something is missing" if "<" in what or "TokenType" in what else what or "syntax error"
    return f"line {line}:{column}: mismatched input '{near}': {said}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
