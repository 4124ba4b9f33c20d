"""The functions of regular expressions. Patterns are Java's, as far as DuckDB's library RE2 has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.signatures import B, Call, L, Signature, V, called
from services.timestream_local.sql.typed_sql import Typed, text
from services.timestream_local.types import ArrayType

ESCAPED = r"replace(replace({2}, '\$', chr(1)), '\', '\\')"
GROUP_OF_JAVA = rf"replace(regexp_replace({ESCAPED}, '\$([0-9])', '\\\1', 'g'), chr(1), '$')"
"""The replacement of a pattern, where Java writes `$1` for a group and RE2 `\\1`; `\\$` is a dollar sign."""
TEXT_ARRAY = ArrayType(V)
SIGNATURES: dict[str, list[Signature]] = {
    "regexp_like": [Signature((V, V), B, "regexp_matches({0}, {1})")],
    "regexp_extract": [
        Signature((V, V), V, "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}, 0) END"),
        Signature((V, V, L), V, "regexp_extract_all({0}, {1}, CAST({2} AS INTEGER))[1]"),
    ],
    "regexp_replace": [
        Signature((V, V), V, "regexp_replace({0}, {1}, '', 'g')"),
        Signature((V, V, V), V, f"regexp_replace({{0}}, {{1}}, {GROUP_OF_JAVA}, 'g')"),
    ],
    "regexp_split": [
        Signature((V, V), TEXT_ARRAY, "CASE WHEN {1} IS NOT NULL THEN regexp_split_to_array({0}, {1}) END")
    ],
    "regexp_extract_all": [
        Signature((V, V), TEXT_ARRAY, "regexp_extract_all({0}, {1})"),
        Signature((V, V, L), TEXT_ARRAY, "regexp_extract_all({0}, {1}, CAST({2} AS INTEGER))"),
    ],
}
POSIX = "Lower|Upper|ASCII|Alpha|Digit|Alnum|Punct|Graph|Print|Blank|Cntrl|XDigit|Space"
"""The classes that Java writes as `\\p{Alpha}` and RE2 as `[:alpha:]`."""
_PIECE = re.compile(
    r"(?P<quoted>\\Q.*?(?:\\E|$))|(?P<back>\\(?:[1-9]|k<))"
    rf"|(?P<posix>\\[pP]\{{(?:{POSIX})\}})|(?P<escape>\\.)"
    r"|(?P<around>\(\?<?[=!])|(?P<atomic>\(\?>)|(?P<named>\(\?<(?P<name>[a-zA-Z][a-zA-Z0-9]*)>)"
    r"|(?P<unnamed>\(\?)|(?P<group>\()|(?P<possessive>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\+)"
    r"|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\]?)|(?P<other>.)",
    re.DOTALL,
)
_POSIX = re.compile(rf"\\([pP])\{{({POSIX})\}}")
REFUSED: Mapping[str, str] = {
    "around": "look-around",
    "atomic": "an atomic group",
    "back": "a back reference",
    "possessive": "a possessive quantifier",
}
"""What Java has and RE2 hasn't, by the name of its piece of a pattern."""
_INNER_CLASS = re.compile(r"&&|(?<!\\)\[")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as RE2 has it, its number of groups, and the numbers of those with a name."""

    re2: str
    groups: int
    names: Mapping[str, int]


def pattern_of(java: str) -> Pattern:
    """The pattern of a literal. Raises `ValidationException` for what RE2 lacks or reads otherwise."""
    written: list[str] = []
    names: dict[str, int] = {}
    groups = 0
    for kind, piece in _pieces(java):
        if kind in REFUSED:
            raise ValidationException(
                f"{REFUSED[kind]} in a pattern is not supported: {piece} in '{java[:64]}'"
            )
        if kind == "class" and _INNER_CLASS.search(piece, 1):
            raise ValidationException(f"a class within a class is not supported: {piece} in '{java[:64]}'")
        piece = _POSIX.sub(_class, piece) if kind in ("class", "posix") else piece
        groups += kind in ("group", "named")
        if kind == "named":
            names[piece[3:-1]] = groups
            piece = f"(?P<{piece[3:-1]}>"
        written.append(f"[{piece}]" if kind == "posix" else piece)
    return Pattern("".join(written), groups, names)


def _class(found: re.Match[str]) -> str:
    """A class of Java as one within the brackets of RE2."""
    return f"[:{'^' if found[1] == 'P' else ''}{found[2].lower()}:]"


def _pieces(java: str) -> Iterator[tuple[str, str]]:
    """The pieces of a pattern with their kinds, which are the names in `_PIECE`."""
    for found in _PIECE.finditer(java):
        kind = next(name for name, piece in found.groupdict().items() if piece is not None)
        yield kind, found[0]


def with_pattern(call: Call) -> Call:
    """The call with its second argument, if that is a literal, as a pattern of RE2."""

    def called_with(name: str, arguments: Sequence[Typed]) -> Typed:
        literal = arguments[1].value if len(arguments) > 1 else None
        if not isinstance(literal, str):
            return call(name, arguments)
        pattern = pattern_of(literal)
        given = [arguments[0], text(pattern.re2), *arguments[2:]]
        if len(given) > 2:
            given[2] = _checked(given[2], pattern)
        return call(name, given)

    return called_with


def _checked(third: Typed, pattern: Pattern) -> Typed:
    """The number of a group, which must exist, or a replacement with the numbers of its groups."""
    if isinstance(third.value, int) and third.value > pattern.groups:
        raise ValidationException(f"Pattern has {pattern.groups} groups. Cannot access group {third.value}")
    if isinstance(third.value, int) and third.value < 0:
        raise ValidationException("Group cannot be negative")
    if not isinstance(third.value, str):
        return third

    def numbered(found: re.Match[str]) -> str:
        if found[1] not in pattern.names:
            raise ValidationException(f"The pattern has no group '{found[1]}'")
        return f"${pattern.names[found[1]]}"

    return text(re.sub(r"(?<!\\)\$\{(\w+)\}", numbered, third.value))


def _signed(name: str, arguments: Sequence[Typed]) -> Typed:
    return called(name, SIGNATURES[name], arguments)


PATTERNS: dict[str, Call] = {name: with_pattern(_signed) for name in SIGNATURES}
