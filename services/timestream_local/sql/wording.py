"""How users write what this endpoint doesn't support, for its messages: never by the parser's own names."""

from __future__ import annotations

import re

from sqlglot import exp

EXPRESSIONS: dict[type[exp.Expr], str] = {
    exp.AtTimeZone: "AT TIME ZONE",
    exp.BitwiseAnd: "&",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseNot: "~",
    exp.BitwiseOr: "|",
    exp.BitwiseRightShift: ">>",
    exp.BitwiseXor: "^",
    exp.Cube: "CUBE",
    exp.GroupingSets: "GROUPING SETS",
    exp.HexString: "a hexadecimal literal",
    exp.IntDiv: "DIV",
    exp.Intersect: "INTERSECT",
    exp.National: "N'…'",
    exp.JSONExtract: "->",
    exp.JSONExtractScalar: "->>",
    exp.Lambda: "-> outside of a call",
    exp.Order: "ORDER BY in a call",
    exp.RegexpLike: "RLIKE",
    exp.Rollup: "ROLLUP",
    exp.SimilarTo: "SIMILAR TO",
    exp.Tuple: "a list in parentheses",
    exp.UnicodeString: "U&'…'",
    exp.WithinGroup: "WITHIN GROUP",
}
PARTS = {
    "by_name": "BY NAME",
    "catalog": "a catalog's name before the database's",
    "cluster": "CLUSTER BY",
    "connect": "CONNECT BY",
    "distribute": "DISTRIBUTE BY",
    "except_": "* EXCEPT",
    "exclude": "EXCLUDE in a window frame",
    "expressions": "this list",
    "joins": "this join",
    "laterals": "LATERAL VIEW",
    "locks": "FOR UPDATE",
    "match": "MATCH_RECOGNIZE",
    "pivots": "PIVOT",
    "rename": "* RENAME",
    "replace": "* REPLACE",
    "sample": "TABLESAMPLE",
    "settings": "SETTINGS",
    "sort": "SORT BY",
    "version": "AS OF",
    "when": "AS OF",
    "windows": "WINDOW",
}


def as_written(node: exp.Expr) -> str:
    """An expression or clause as a user would name it."""
    known = EXPRESSIONS.get(type(node))
    if known is not None:
        return known
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()


def part_as_written(node: exp.Expr, part: str) -> str:
    """A part of a node, such as a clause of a SELECT, as a user would name it."""
    if part == "method":
        return f"{node.args[part]} JOIN"
    plain = part.strip("_").upper().replace("_", " ")
    return PARTS.get(part, plain)
