"""Opening the store of a URL, such as the one in the option `--store`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from storage.errors import without_password
from storage.store import Store

if TYPE_CHECKING:
    from storage.timestream_client import Deadline, RetryPolicy
    from storage.timestream_store import TimestreamStore

FORMS = (
    "duckdb:PATH, postgresql://USER@HOST/DATABASE[?schema=NAME], lake:PATH or lake:s3://BUCKET/PREFIX "
    "or timestream://DATABASE?region=REGION[&endpoint_url=URL]"
)
DATABASE = re.compile(r"[A-Za-z0-9_.-]{3,256}")


def open_store(url: str, *, shard: str = "", token: str | None = None) -> Store:
    """Open the store at `url`, and create it if missing.

    `duckdb:PATH` is a file, its path absolute or relative to the working directory. `postgresql://` is a
    schema of a PostgreSQL database, by default `bus_simulator`; `read_url` names a replica to read from,
    other parameters are libpq's. `timestream://` is an Amazon Timestream database, at `endpoint_url` or where
    the standard AWS variables point; an endpoint of the simulator may ask for a `token`. With a `shard` this
    process writes that part of the records only.
    ValueError for any other URL; `StoreError` for a store that can't be opened.
    """
    scheme, colon, place = url.partition(":")
    if not colon:
        raise ValueError(f"{without_password(url)!r} is not a store: expected {FORMS}")
    if scheme == "duckdb":
        return _open_duckdb(url, place)
    if scheme == "timestream":
        return timestream_at(url, shard=shard, token=token)
    if scheme == "lake":
        return _open_lake(url, place)
    if scheme in ("postgresql", "postgres"):
        return _open_postgres(url, shard)
    raise ValueError(f"{without_password(url)!r}: unknown store {scheme!r}, expected {FORMS}")


def _open_duckdb(url: str, place: str) -> Store:
    if not place.strip() or place.startswith(":") or "://" in place:
        raise ValueError(f"{without_password(url)!r} names no file: expected duckdb:PATH")
    # Imported here, since other stores need no DuckDB.
    from storage.duckdb_store import DuckDBStore

    return DuckDBStore(Path(place).expanduser())


def _open_lake(url: str, place: str) -> Store:
    if not place.strip():
        raise ValueError(f"{url!r} names no folder: expected lake:PATH or lake:s3://BUCKET/PREFIX")
    from storage.lake.store import LakeStore

    return LakeStore(place)


def _open_postgres(url: str, shard: str) -> Store:
    try:
        from storage.postgres.store import PostgresStore
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{without_password(url)!r} needs {error.name}: install bus-simulator[postgres]"
        ) from error
    return PostgresStore(url, shard=shard)


def timestream_at(
    url: str,
    *,
    make: bool = True,
    shard: str = "",
    read_retries: RetryPolicy | None = None,
    deadline: Deadline | None = None,
    token: str | None = None,
) -> TimestreamStore:
    """Open the database at a `timestream://` URL, and create it if missing unless `make` is False.

    For the other arguments see `TimestreamStore`. Raises what `open_store` does.
    """
    parts = urlsplit(url)
    try:
        given = parse_qs(parts.query, strict_parsing=True)
    except ValueError:
        given = {}
    region, endpoint_url = (given.pop(name, [""])[-1] for name in ("region", "endpoint_url"))
    named = parts.scheme == "timestream" and DATABASE.fullmatch(parts.netloc) is not None
    if given or not region or parts.path or parts.fragment or not named:
        raise ValueError(f"{without_password(url)!r} names no database: expected {FORMS}")
    try:
        from storage.timestream_store import READ_RETRIES, TimestreamStore
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{without_password(url)!r} needs {error.name}: install bus-simulator[aws]"
        ) from error
    return TimestreamStore(
        parts.netloc,
        region=region,
        endpoint_url=endpoint_url or None,
        make=make,
        shard=shard,
        read_retries=read_retries or READ_RETRIES,
        deadline=deadline,
        token=token,
    )
