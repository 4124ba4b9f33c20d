"""Checks of a query's tokens before they are parsed: sqlglot's parser accepts more than Trino does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot.tokenizer_core import Token, TokenType

from services.timestream_local.errors import ValidationException

DEEPEST = 200
"""The deepest nesting of parentheses. A deeper one would exceed Python's recursion limit."""
BEFORE_NOTHING = {TokenType.FROM, TokenType.R_PAREN, TokenType.WHERE, TokenType.GROUP_BY, TokenType.ORDER_BY}
BEFORE_NAMES = {TokenType.FROM, TokenType.JOIN, TokenType.ALIAS, TokenType.DOT}
RESERVED = {
    *("ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "CONSTRAINT", "CREATE", "CROSS", "CUBE"),
    *("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "DEALLOCATE", "DELETE"),
    *("DESCRIBE", "DISTINCT", "DROP", "ELSE", "END", "ESCAPE", "EXCEPT", "EXECUTE", "EXISTS", "EXTRACT"),
    *("FALSE", "FOR", "FROM", "FULL", "GROUP", "GROUPING", "HAVING", "IN", "INNER", "INSERT", "INTERSECT"),
    *("INTO", "IS", "JOIN", "LEFT", "LIKE", "LOCALTIME", "LOCALTIMESTAMP", "NATURAL", "NORMALIZE", "NOT"),
    *("NULL", "ON", "OR", "ORDER", "OUTER", "PREPARE", "RECURSIVE", "RIGHT", "ROLLUP", "SELECT", "TABLE"),
    *("THEN", "TRUE", "UESCAPE", "UNION", "UNNEST", "USING", "VALUES", "WHEN", "WHERE", "WITH"),
}
"""The keywords that are no names without quotes, from Timestream's page "Quotas"."""
BEFORE_VALUES = {
    *("SELECT", "DISTINCT", "ALL", "WHERE", "AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "IN", "BY", "ON"),
    *("HAVING", "BETWEEN", "LIKE", "CASE", "FROM", "VALUES"),
}
"""Words after which a value begins, so that `[` there is no subscript."""
WITH_FROM = {"EXTRACT", "SUBSTRING", "TRIM"}
"""Functions with FROM before a value, as in `trim(BOTH 'x' FROM 'text')`."""
SIGNS = {TokenType.DASH, TokenType.PLUS}
UNITS = {"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
COUNT = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
LENIENT = {
    TokenType.ISNULL: "ISNULL",
    TokenType.NOTNULL: "NOTNULL",
    TokenType.L_BRACE: "{",
    TokenType.PLACEHOLDER: "?",
    TokenType.COLON: ":",
    TokenType.FARROW: "=>",
    TokenType.EQ: "==",
    TokenType.NULLSAFE_EQ: "<=>",
}
"""Tokens that sqlglot's parser accepts, and Timestream or this endpoint doesn't."""


def one_statement(tokens: list[Token]) -> list[Token]:
    """The tokens of a statement without the semicolon after it. Raises `ValidationException` for others."""
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens = tokens[:-1]
    if not tokens:
        raise ValidationException("The query is empty")
    calls, before = list[str](), ""
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        _check_token(token)
        from_value = token.token_type is TokenType.FROM and calls[-1:] and calls[-1] in WITH_FROM
        if following is not None and not from_value:
            _check_pair(token, following)
        if token.token_type is TokenType.COMMA and (
            following is None or following.token_type in BEFORE_NOTHING
        ):
            raise token_error(token, "mismatched input after ','")
        if token.token_type is TokenType.L_PAREN:
            calls.append(before)
        elif token.token_type is TokenType.R_PAREN:
            calls = calls[:-1]
        if len(calls) > DEEPEST:
            raise token_error(token, "the query is nested too deeply")
        before = token.text.upper()
    return tokens


def _check_token(token: Token) -> None:
    kind = token.token_type
    if kind is TokenType.SEMICOLON:
        raise token_error(token, "more than one statement is not supported")
    if kind in LENIENT and (kind is not TokenType.EQ or token.text == "=="):
        raise token_error(token, f"{LENIENT[kind]} is not supported")
    if kind is TokenType.HEX_STRING and token.end - token.start < len(token.text) + 2:
        raise token_error(token, "a hexadecimal number is not supported")


def _check_pair(token: Token, following: Token) -> None:
    if following.token_type is TokenType.L_BRACKET and not _subscripted(token):
        raise token_error(following, "mismatched input '[': write ARRAY[…]")
    if following.token_type is TokenType.STRING and token.token_type in BEFORE_NAMES:
        text = following.text[:40]
        raise token_error(following, f"mismatched input '{text}': a name can't be a string")
    if token.token_type in (TokenType.ALIAS, TokenType.DOT) and _is_reserved(following):
        word = following.text
        raise token_error(following, f"mismatched input '{word}': as a name it needs quotes, \"{word}\"")


def _is_reserved(token: Token) -> bool:
    """Whether a token begins with a reserved word. In quotes it would be an identifier."""
    words = token.text.upper().split()
    return token.token_type is not TokenType.IDENTIFIER and bool(words) and words[0] in RESERVED


def _subscripted(token: Token) -> bool:
    """Whether `[` may follow a token: ARRAY, or the end of a value."""
    if token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.IDENTIFIER):
        return True
    return token.text.isidentifier() and token.text.upper() not in BEFORE_VALUES


def check_intervals(tokens: Sequence[Token]) -> None:
    """Refuse intervals other than a number in quotes with a unit."""
    for place, token in enumerate(tokens):
        if token.token_type is not TokenType.INTERVAL:
            continue
        after = [t for t in tokens[place + 1 : place + 4] if t.token_type not in SIGNS]
        kinds = [t.token_type for t in after]
        bare = kinds[:1] == [TokenType.NUMBER] and len(after) > 1 and after[1].text.upper() in UNITS
        long = kinds[:1] == [TokenType.STRING] and not COUNT.fullmatch(after[0].text)
        more = kinds[:1] == [TokenType.STRING] and kinds[2:] == [TokenType.STRING]
        if bare or long or more:
            raise token_error(token, "this interval is not supported: write interval '2' hour")


def token_error(token: Token, message: str) -> ValidationException:
    """The error that a token causes, with its place."""
    return ValidationException(f"line {token.line}:{max(token.col - len(token.text) + 1, 1)}: {message}")
