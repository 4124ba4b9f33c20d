"""The dictionary tables of the DuckDB backend: the text of each code, with the statements on them."""

# ruff: noqa: S608 - every identifier below is a constant of storage.schema

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.schema import SCHEMAS

NO_CODE = 0
"""A number that is no id's code."""


class Dictionary(StrEnum):
    """The name of a dictionary table.

    Trips are apart, since every day brings new ones; there are no more other ids than entities.
    """

    ENTITIES = "entity_ids"
    TRIPS = "trip_ids"


DICTIONARY_OF = {
    column.name: Dictionary.TRIPS if column.name == "trip_id" else Dictionary.ENTITIES
    for schema in SCHEMAS.values()
    for column in schema.columns
    if column.kind == "id"
}
"""The dictionary table of each column with ids."""


@dataclass(frozen=True, slots=True)
class CodeSql:
    """The statements of one dictionary table.

    `codes_of` finds the codes of the texts in the table `texts`, which `insert` adds with their codes.
    `code_of` finds the code of `$text`. `texts_of` returns the codes from `$first` to `$last` and their
    texts, in order of the codes, `texts_of_some` those of `$codes` in any order. `since` returns the codes
    after `$last` and their texts. `summary` returns the last code and the number of codes. `prune` deletes
    the codes that no row has.
    """

    create: str
    insert: str
    summary: str
    all_codes: str
    codes_of: str
    code_of: str
    texts_of: str
    texts_of_some: str
    since: str
    prune: str


def _code_sql(dictionary: Dictionary) -> CodeSql:
    in_use = " UNION ALL ".join(
        f'SELECT "{column.name}" FROM {stream}_coded WHERE "{column.name}" IS NOT NULL'
        for stream, schema in SCHEMAS.items()
        for column in schema.columns
        if DICTIONARY_OF.get(column.name) is dictionary
    )
    return CodeSql(
        create=f"CREATE TABLE {dictionary} (code UINTEGER NOT NULL, text VARCHAR NOT NULL)",
        insert=f"INSERT INTO {dictionary} SELECT code, text FROM texts",
        summary=f"SELECT coalesce(max(code), {NO_CODE}), count(*) FROM {dictionary}",
        all_codes=f"SELECT text, code FROM {dictionary}",
        codes_of=f"SELECT text, code FROM {dictionary} JOIN texts USING (text)",
        code_of=f"SELECT code FROM {dictionary} WHERE text = $text",
        texts_of=f"SELECT code, text FROM {dictionary} WHERE code BETWEEN $first AND $last ORDER BY code",
        texts_of_some=f"SELECT code, text FROM {dictionary} WHERE code IN $codes",
        since=f"SELECT code, text FROM {dictionary} WHERE code > $last",
        prune=f"DELETE FROM {dictionary} WHERE code NOT IN ({in_use})",
    )


CODES = {dictionary: _code_sql(dictionary) for dictionary in Dictionary}
