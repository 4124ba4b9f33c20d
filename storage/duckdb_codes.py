"""Ids as numbers: the DuckDB tables hold a code for each id, and dictionary tables the text of each code.

DuckDB stores and reads small integers several times as fast as text. A code never changes while a row has it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from storage.batch import one_chunk
from storage.duckdb_code_sql import CODES, DICTIONARY_OF, NO_CODE, Dictionary
from storage.schema import SCHEMAS, Stream

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    Codes = NDArray[np.uint32]
    Rows = NDArray[np.intp]

MOST_KEPT = 20_000
"""Ids of a dictionary kept in memory, some 160 bytes each. Others are looked up in its table.

A trip's id is new each day: with 50,000 a running city grew by 0.3 MB for each of its first 30 days.
"""


class KnownCodes(NamedTuple):
    """The codes of an Arrow dictionary's values, `NO_CODE` for values that no row has had yet."""

    values: pa.Array
    codes: Codes


class CodeTable:
    """A dictionary table, with codes in memory. Only the thread that holds the write lock may use it."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._sql = CODES[dictionary]
        self._kept: dict[str, int] = {}
        # While every id of the table is kept, an id that isn't kept is new.
        self._keeps_all = False
        self._last: int | None = None

    def codes(self, cursor: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> Codes:
        """The codes of texts. Texts without a code get one in the cursor's transaction."""
        if self._last is None:
            self._load(cursor)
        unknown = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if unknown and not self._keeps_all:
            self._kept |= _found(cursor, self._sql.codes_of, pa.table({"text": pa.array(unknown)}))
            unknown = [text for text in unknown if text not in self._kept]
        if unknown:
            self._add(cursor, unknown)
        found = np.array([self._kept[text] for text in texts], np.uint32)
        if len(self._kept) > MOST_KEPT:
            self._kept, self._keeps_all = {}, False
        return found

    def _load(self, cursor: duckdb.DuckDBPyConnection) -> None:
        ((self._last, count),) = cursor.execute(self._sql.summary).fetchall()
        if count <= MOST_KEPT:
            self._kept, self._keeps_all = dict(cursor.execute(self._sql.all_codes).fetchall()), True

    def _add(self, cursor: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> None:
        first = (self._last or NO_CODE) + 1
        codes = range(first, first + len(texts))
        rows = pa.table({"code": pa.array(codes, pa.uint32()), "text": pa.array(texts, pa.string())})
        cursor.register("texts", rows)
        cursor.execute(self._sql.insert)
        cursor.unregister("texts")
        self._kept |= dict(zip(texts, codes, strict=True))
        self._last = codes[-1]


class EntityIds:
    """The ids of entities and their codes, for reading. Threads may share it.

    Its dictionary only grows, so that codes once read stay valid.
    """

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def code(self, cursor: duckdb.DuckDBPyConnection, text: str) -> int | None:
        """The code of an id; None if no row has had it."""
        if text not in self._codes:
            self._read_on(cursor)
        return self._codes.get(text)

    def texts(self, cursor: duckdb.DuckDBPyConnection, codes: Collection[int]) -> Mapping[int, str]:
        """The texts of codes, perhaps with those of others."""
        if not all(code in self._texts for code in codes):
            self._read_on(cursor)
        return self._texts

    def _read_on(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Read the codes that were added since they were last read."""
        last = max(self._texts, default=NO_CODE)
        found = dict(cursor.execute(CODES[Dictionary.ENTITIES].since, {"last": last}).fetchall())
        self._codes |= {text: code for code, text in found.items()}
        self._texts |= found


def code_of(cursor: duckdb.DuckDBPyConnection, dictionary: Dictionary, text: str) -> int | None:
    """The code of a text, read from its table; None if no row has had it."""
    found = cursor.execute(CODES[dictionary].code_of, {"text": text}).fetchone()
    return None if found is None else int(found[0])


def texts_of(
    cursor: duckdb.DuckDBPyConnection, dictionary: Dictionary, codes: Sequence[int]
) -> Mapping[int, str]:
    """The texts of codes, read from their table."""
    if not codes:
        return {}
    return dict(cursor.execute(CODES[dictionary].texts_of_some, {"codes": codes}).fetchall())


class Encoder:
    """Replaces the ids of batches by codes.

    Of the batches that come one after another most have the same Arrow dictionaries, whose codes are kept.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Read all codes again: after a failed transaction the table may lack those that it added."""
        self._tables = {dictionary: CodeTable(dictionary) for dictionary in Dictionary}
        self._known: dict[tuple[Stream, str], KnownCodes] = {}

    def encoded(self, cursor: duckdb.DuckDBPyConnection, stream: Stream, rows: pa.Table) -> pa.Table:
        """A batch with codes in place of ids. New ids get codes in the cursor's transaction."""
        columns = {}
        for column in SCHEMAS[stream].columns:
            array = one_chunk(rows, column.name)
            if column.kind == "id":
                codes = self._codes(cursor, (stream, column.name), array)
                array = pa.array(codes).take(array.indices)
            columns[column.name] = array
        return pa.table(columns)

    def _codes(
        self, cursor: duckdb.DuckDBPyConnection, place: tuple[Stream, str], ids: pa.DictionaryArray
    ) -> Codes:
        """The code of each value of the dictionary of `ids` that a row has."""
        known = self._known.get(place)
        if known is None or not known.values.equals(ids.dictionary):
            known = KnownCodes(ids.dictionary, np.full(len(ids.dictionary), NO_CODE, np.uint32))
        # Most dictionaries have codes for all their values, so that the rows needn't be looked through.
        used = _used(ids.indices) if NO_CODE in known.codes else np.empty(0, np.intp)
        missing = used[known.codes[used] == NO_CODE]
        if len(missing):
            texts = ids.dictionary.take(pa.array(missing)).to_pylist()
            known.codes[missing] = self._tables[DICTIONARY_OF[place[1]]].codes(cursor, texts)
        self._known[place] = known
        return known.codes


def decoded(cursor: duckdb.DuckDBPyConnection, stream: Stream, rows: pa.Table) -> pa.Table:
    """Rows of a stream's table with ids in place of codes. `rows` has one chunk per column.

    The cursor must be in the transaction that has read the rows.
    """
    codes = {
        column.name: one_chunk(rows, column.name) for column in SCHEMAS[stream].columns if column.kind == "id"
    }
    used = {name: _used(array) for name, array in codes.items()}
    for place, name in enumerate(rows.column_names):
        if name in codes:
            texts = _texts(cursor, CODES[DICTIONARY_OF[name]].texts_of, used[name])
            rows = rows.set_column(place, name, _as_dictionary(codes[name], used[name], texts))
    return rows


def _as_dictionary(codes: pa.Array, used: Rows, texts: pa.Array) -> pa.DictionaryArray:
    # `used` ascends, so that places in an array from its first to its last value find the index of a code.
    first = used[0] if len(used) else 0
    index = np.zeros(int(used[-1] - first) + 1 if len(used) else 0, np.int32)
    index[used - first] = np.arange(len(used))
    places = pa.compute.subtract(codes, pa.scalar(int(first), pa.uint32()))
    return pa.DictionaryArray.from_arrays(pa.array(index).take(places), texts)


def _texts(cursor: duckdb.DuckDBPyConnection, sql: str, used: Rows) -> pa.Array:
    """The texts of codes, in the order of `used`, which ascends."""
    if not len(used):
        return pa.array([], pa.string())
    found = cursor.sql(sql, params={"first": int(used[0]), "last": int(used[-1])}).to_arrow_table()
    places = np.searchsorted(found.column("code").to_numpy(), used)
    return one_chunk(found, "text").take(pa.array(places))


def _used(numbers: pa.Array) -> Rows:
    """The distinct numbers of an array of small numbers ≥ 0, ascending; nulls are left out."""
    values = numbers.drop_null().to_numpy()
    if not len(values):
        return np.empty(0, np.intp)
    first = values.min()
    return np.flatnonzero(np.bincount(values - first)) + int(first)


def _found(cursor: duckdb.DuckDBPyConnection, sql: str, texts: pa.Table) -> Mapping[str, int]:
    cursor.register("texts", texts)
    found = dict(cursor.execute(sql).fetchall())
    cursor.unregister("texts")
    return found
