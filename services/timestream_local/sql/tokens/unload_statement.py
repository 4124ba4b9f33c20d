"""UNLOAD (query) TO 's3://bucket/prefix' WITH (options), read from its tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.tokens.checks import token_error

_TARGET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.ASCII)
_SIZE = re.compile(r"[0-9]+(\.[0-9]+)?\s*(MB|GB)", re.ASCII | re.IGNORECASE)
CHOICES = {
    "format": ("CSV", "PARQUET"),
    "compression": ("GZIP", "NONE"),
    "encryption": ("SSE_S3", "SSE_KMS"),
    "include_header": ("TRUE", "FALSE"),
}
OPTIONS = (*CHOICES, "partitioned_by", "kms_key", "field_delimiter", "escaped_by", "max_file_size")


@dataclass(frozen=True, slots=True)
class UnloadStatement:
    """UNLOAD: its query, the bucket and prefix it writes to, and how."""

    query: exp.Query
    bucket: str
    prefix: str
    format: Literal["CSV", "PARQUET"] = "CSV"
    gzip: bool = True
    partitioned_by: tuple[str, ...] = ()
    delimiter: str = ","
    escape: str = "\\"
    header: bool = False


class UnloadParts(NamedTuple):
    """The tokens of an UNLOAD: those of its query, its target, and those of its options."""

    query: Sequence[Token]
    target: Token
    options: Sequence[Token]


def split_unload(tokens: Sequence[Token]) -> UnloadParts:
    """The parts of an UNLOAD statement. Raises `ValidationException` for any other form."""
    wrong = token_error(tokens[0], "write UNLOAD (SELECT …) TO 's3://bucket/folder' WITH (option = value)")
    if len(tokens) < 2 or tokens[1].token_type is not TokenType.L_PAREN:
        raise wrong
    depth, end = 0, 0
    for place, token in enumerate(tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if place > 1 and depth == 0:
            end = place
            break
    rest = tokens[end + 1 :]
    if not end or len(rest) < 2 or rest[0].text.upper() != "TO" or rest[1].token_type is not TokenType.STRING:
        raise wrong
    options = rest[2:]
    if options:
        closed = options[-1].token_type is TokenType.R_PAREN and len(options) > 3
        if not closed or options[0].text.upper() != "WITH" or options[1].token_type is not TokenType.L_PAREN:
            raise wrong
        options = options[2:-1]
    return UnloadParts(tokens[2:end], rest[1], options)


def unload_statement(query: exp.Query, parts: UnloadParts) -> UnloadStatement:
    """The statement. Raises `ValidationException` for an invalid target or option."""
    target = _TARGET.fullmatch(parts.target.text)
    if target is None:
        raise token_error(parts.target, "the target of UNLOAD must be 's3://bucket/folder'")
    given = _options(parts.options)
    text = {name: value for name, value in given.items() if isinstance(value, str)}
    columns = given.get("partitioned_by", ())
    for name in ("field_delimiter", "escaped_by"):
        if len(text.get(name, ",")) != 1:
            raise ValidationException(f"{name} of UNLOAD must be one character")
    if isinstance(columns, str):
        raise ValidationException("partitioned_by of UNLOAD must be an ARRAY of column names")
    return UnloadStatement(
        query,
        target[1],
        (target[2] or "").strip("/"),
        "PARQUET" if text.get("format", "CSV").upper() == "PARQUET" else "CSV",
        text.get("compression", "GZIP").upper() == "GZIP",
        columns,
        text.get("field_delimiter", ","),
        text.get("escaped_by", "\\"),
        text.get("include_header", "false").upper() == "TRUE",
    )


def _options(tokens: Sequence[Token]) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    place = 0
    while place < len(tokens):
        name = tokens[place].text.lower()
        if name not in OPTIONS or name in found:
            raise token_error(tokens[place], f"UNLOAD has no option {name} here: {', '.join(OPTIONS)}")
        end = place + 1
        depth = 0
        while end < len(tokens) and (depth or tokens[end].token_type is not TokenType.COMMA):
            kind = tokens[end].token_type
            depth += (kind is TokenType.L_BRACKET) - (kind is TokenType.R_BRACKET)
            end += 1
        found[name] = _value(name, tokens[place], tokens[place + 1 : end])
        place = end + 1
    return found


def _value(name: str, token: Token, tokens: Sequence[Token]) -> str | tuple[str, ...]:
    kinds = [each.token_type for each in tokens]
    if kinds == [TokenType.EQ, TokenType.STRING]:
        value = tokens[1].text
        if name in CHOICES and value.upper() not in CHOICES[name]:
            raise token_error(tokens[1], f"{name} of UNLOAD must be one of {', '.join(CHOICES[name])}")
        if name == "max_file_size" and not _SIZE.fullmatch(value):
            raise token_error(tokens[1], "max_file_size of UNLOAD must be a size such as '16MB'")
        return value
    opened = kinds[:1] == [TokenType.EQ] and kinds[2:3] == [TokenType.L_BRACKET]
    if opened and tokens[1].text.upper() == "ARRAY" and kinds[-1] is TokenType.R_BRACKET:
        listed = [each.text for each in tokens[3:-1] if each.token_type is TokenType.STRING]
        if listed and 2 * len(listed) - 1 == len(tokens[3:-1]):
            return tuple(listed)
    raise token_error(token, f"{name} of UNLOAD needs = and a value in quotes, or ARRAY['…']")
