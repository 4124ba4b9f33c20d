"""The functions on texts: their signatures."""

from __future__ import annotations

from services.timestream_local.sql.functions.signatures import BLANKS, B, I, L, Signature, V
from services.timestream_local.types import ArrayType

SUBSTR = (
    "CASE WHEN {2} IS NULL THEN NULL WHEN {1} = 0 OR {1} < -length({0}) THEN substr({0}, 1, {1} * 0) "
    "ELSE substr({0}, {1}, CAST(greatest({2}, 0) AS BIGINT)) END"
)
REPLACE = (
    "CASE WHEN {1} = '' AND {0} <> '' THEN {2} || array_to_string(string_split({0}, ''), {2}) || {2} "
    "WHEN {1} = '' AND {0} = '' THEN {2} ELSE replace({0}, {1}, {2}) END"
)
"""In Java an empty text lies before each character and at the end."""
DELIMITED = (
    "CASE WHEN {1} IS NULL THEN NULL "
    "WHEN {1} = '' THEN CAST(ts_error('The delimiter may not be the empty string') AS VARCHAR[]) {more}"
    "ELSE string_split({0}, {1}) END"
)
SPLIT_SOME = (
    "WHEN {2} <= 0 THEN CAST(ts_error('Limit must be positive') AS VARCHAR[]) "
    "WHEN len(string_split({0}, {1})) > {2} THEN list_slice(string_split({0}, {1}), 1, {2} - 1) "
    "|| [array_to_string(list_slice(string_split({0}, {1}), {2}, len({0}) + 1), {1})] "
)
PAD = (
    "CASE WHEN {2} = '' THEN CAST(ts_error('Padding string must not be empty') AS VARCHAR) "
    "WHEN {1} NOT BETWEEN 0 AND 1000000 THEN CAST(ts_error('Target length is out of range') AS VARCHAR) "
    "ELSE {pad}({0}, CAST({1} AS INTEGER), {2}) END"
)
CODEPOINT = (
    "CASE WHEN length({0}) <> 1 THEN CAST(ts_error('codepoint needs a text of one character') AS INTEGER) "
    "ELSE CAST(unicode({0}) AS INTEGER) END"
)
SPLIT_PART = (
    "CASE WHEN {2} <= 0 THEN CAST(ts_error('Index must be greater than zero') AS VARCHAR) "
    "ELSE list_extract(string_split({0}, {1}), {2}) END"
)
STRPOS = (
    # The first `n` parts and the separators between them are as long as what precedes the n-th occurrence.
    "CASE WHEN {2} <= 0 THEN CAST(ts_error('The instance must be a positive number') AS BIGINT) "
    "WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL WHEN {1} = '' THEN 1 "
    "WHEN len(string_split({0}, {1})) <= {2} THEN 0 "
    "ELSE length(array_to_string(list_slice(string_split({0}, {1}), 1, {2}), {1})) + 1 END"
)
TEXT_ARRAY = ArrayType(V)
TEXTS: dict[str, list[Signature]] = {
    "length": [Signature((V,), L, "length({0})")],
    "lower": [Signature((V,), V, "lower({0})")],
    "upper": [Signature((V,), V, "upper({0})")],
    "trim": [Signature((V,), V, f"trim({{0}}, {BLANKS})"), Signature((V, V), V, "trim({0}, {1})")],
    "ltrim": [Signature((V,), V, f"ltrim({{0}}, {BLANKS})"), Signature((V, V), V, "ltrim({0}, {1})")],
    "rtrim": [Signature((V,), V, f"rtrim({{0}}, {BLANKS})"), Signature((V, V), V, "rtrim({0}, {1})")],
    "replace": [
        Signature((V, V, V), V, REPLACE),
        Signature((V, V), V, "replace({0}, {1}, '')"),
    ],
    "strpos": [Signature((V, V), L, "strpos({0}, {1})"), Signature((V, V, L), L, STRPOS)],
    "starts_with": [Signature((V, V), B, "starts_with({0}, {1})")],
    "substr": [
        Signature((V, L), V, SUBSTR.replace("{2}", "length({0})")),
        Signature((V, L, L), V, SUBSTR),
    ],
    "lpad": [Signature((V, L, V), V, PAD.replace("{pad}", "lpad"))],
    "rpad": [Signature((V, L, V), V, PAD.replace("{pad}", "rpad"))],
    "chr": [Signature((L,), V, "chr(CAST({0} AS INTEGER))")],
    "codepoint": [Signature((V,), I, CODEPOINT)],
    "hamming_distance": [Signature((V, V), L, "ts_hamming({0}, {1})")],
    "levenshtein_distance": [Signature((V, V), L, "ts_levenshtein({0}, {1})")],
    "split_part": [Signature((V, V, L), V, SPLIT_PART)],
    "split": [
        Signature((V, V), TEXT_ARRAY, DELIMITED.replace("{more}", "")),
        Signature((V, V, L), TEXT_ARRAY, DELIMITED.replace("{more}", SPLIT_SOME)),
    ],
}
