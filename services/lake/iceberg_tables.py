"""Publishing a lake as Iceberg tables: what the command needs beside `storage.lake.iceberg`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from services.errors import InputError
from storage.lake.manifest import Manifest
from storage.lake.place import LakePlace

Publish: TypeAlias = Callable[[str, Manifest], int]
"""Publishes the lake at a URL, which has this manifest, and returns how many files were added."""


def iceberg_publisher(name: str | None) -> Publish:
    """Return what publishes a lake in the tables of `CATALOG.NAMESPACE`; without a name it does nothing.

    Raises `InputError` if pyiceberg is missing, or knows no such catalog.
    """
    if name is None:
        return lambda _url, _manifest: 0
    try:
        from storage.lake.iceberg import IcebergTables
    except ModuleNotFoundError as error:
        raise InputError(f"--iceberg needs {error.name}: install bus-simulator[iceberg]") from error
    try:
        tables = IcebergTables(name)
    except ValueError as error:
        raise InputError(f"--iceberg: {error}") from error
    return lambda url, manifest: tables.publish(LakePlace(url), manifest)
