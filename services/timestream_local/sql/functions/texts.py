"""The functions on texts: their signatures.

Patterns are RE2's, which lack Java's look-around and back references.
"""

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
REGEXP_EXTRACT = "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}, {2}) END"
GROUP_OF_JAVA = r"regexp_replace(replace({2}, '\', '\\'), '\$([0-9])', '\\\1', 'g')"
"""The replacement of a pattern, where Java writes `$1` for a group and RE2 `\\1`."""

TEXT_ARRAY = ArrayType(V)
TEXTS: dict[str, list[Signature]] = {
    "length": [Signature((V,), L, "length({0})")],
    "lower": [Signature((V,), V, "lower({0})")],
    "upper": [Signature((V,), V, "upper({0})")],
    "trim": [Signature((V,), V, f"trim({{0}}, {BLANKS})")],
    "ltrim": [Signature((V,), V, f"ltrim({{0}}, {BLANKS})")],
    "rtrim": [Signature((V,), V, f"rtrim({{0}}, {BLANKS})")],
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
    "regexp_like": [Signature((V, V), B, "regexp_matches({0}, {1})")],
    "regexp_extract": [
        Signature((V, V), V, REGEXP_EXTRACT.replace("{2}", "0")),
        Signature((V, V, L), V, REGEXP_EXTRACT.replace("{2}", "CAST({2} AS INTEGER)")),
    ],
    "regexp_replace": [
        Signature((V, V), V, "regexp_replace({0}, {1}, '', 'g')"),
        Signature((V, V, V), V, f"regexp_replace({{0}}, {{1}}, {GROUP_OF_JAVA}, 'g')"),
    ],
    "split": [
        Signature((V, V), TEXT_ARRAY, DELIMITED.replace("{more}", "")),
        Signature((V, V, L), TEXT_ARRAY, DELIMITED.replace("{more}", SPLIT_SOME)),
    ],
    "regexp_split": [
        Signature((V, V), TEXT_ARRAY, "CASE WHEN {1} IS NOT NULL THEN regexp_split_to_array({0}, {1}) END")
    ],
    "regexp_extract_all": [
        Signature((V, V), TEXT_ARRAY, "regexp_extract_all({0}, {1})"),
        Signature((V, V, L), TEXT_ARRAY, "regexp_extract_all({0}, {1}, CAST({2} AS INTEGER))"),
    ],
}
