"""From a store's URL, as `--store` gives it, to the store."""

from __future__ import annotations

from pathlib import Path

from storage.store import Store

FORMS = "duckdb:PATH or timestream://DATABASE?region=REGION"


def open_store(url: str) -> Store:
    """The store that `url` names, made where there is none.

    `duckdb:PATH` is a file, its path absolute or relative to the working directory. ValueError for what
    is no store's URL; `storage.errors` for a store that can't be opened.
    """
    scheme, colon, place = url.partition(":")
    if not colon:
        raise ValueError(f"{url!r} is no store: expected {FORMS}")
    if scheme == "duckdb":
        return _open_duckdb(url, place)
    if scheme == "timestream":
        raise ValueError(f"{url!r}: Timestream stores are not available in this version; use duckdb:PATH")
    raise ValueError(f"{url!r}: unknown store {scheme!r}, expected {FORMS}")


def _open_duckdb(url: str, place: str) -> Store:
    if not place.strip() or place.startswith(":"):
        raise ValueError(f"{url!r} names no file: expected duckdb:PATH")
    # Imported here: what opens another store needs no DuckDB.
    from storage.duckdb_store import DuckDBStore

    return DuckDBStore(Path(place).expanduser())
