"""A lake as Iceberg tables, one for each stream, over the lake's own files; needs the extra `[iceberg]`.

Catalogs are those of pyiceberg's configuration: its file `.pyiceberg.yaml`, or `PYICEBERG_CATALOG__…`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException, NotInstalledError, RESTError
from pyiceberg.io import S3_ENDPOINT, S3_REGION
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform
from pyiceberg.types import (
    BooleanType,
    DoubleType,
    LongType,
    NestedField,
    PrimitiveType,
    StringType,
    TimestamptzType,
)
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import RunMismatch, StoreUnavailable, without_passwords
from storage.lake.manifest import Manifest
from storage.lake.place import LakePlace, s3_settings
from storage.schema import SCHEMAS, Kind, Stream

FAILURES: tuple[type[Exception], ...] = (OSError, SQLAlchemyError, RESTError, CommitFailedException)
"""What a catalog that fails, or can't be reached, raises."""
try:
    from botocore.exceptions import BotoCoreError, ClientError
except ModuleNotFoundError:  # only catalogs in AWS need it
    pass
else:
    FAILURES += (BotoCoreError, ClientError)

RUN = "bus-simulator.run"
"""The property of a table with the name of the run whose records it has."""
METADATA = "_iceberg"
TYPES: dict[Kind, PrimitiveType] = {
    "id": StringType(),
    "text": StringType(),
    "int": LongType(),
    "float": DoubleType(),
    "bool": BooleanType(),
    "time": TimestamptzType(),
}
TIME_FIELD, DATE_FIELD = 1, 1000
"""The numbers of the column `time`, which is the first, and of the partitions' date."""


class IcebergTables:
    """The tables of `CATALOG.NAMESPACE`, which is `name`, one for each stream.

    Raises ValueError for another name or an unknown catalog, and `StoreUnavailable` if it can't be reached.
    """

    def __init__(self, name: str) -> None:
        self._catalog_name, _, self._namespace = name.partition(".")
        if not self._catalog_name or not self._namespace:
            raise ValueError(f"{without_passwords(name)!r} names no tables: expected CATALOG.NAMESPACE")
        # It warns for each file that ids, which are dictionaries in it, are texts in Iceberg.
        logging.getLogger("pyiceberg.io.pyarrow").setLevel(logging.ERROR)
        try:
            with self._translated():
                self._catalog = load_catalog(self._catalog_name)
        except (ValueError, NotInstalledError) as error:
            raise ValueError(
                f"pyiceberg knows no catalog {self._catalog_name!r}: {without_passwords(str(error))}"
            ) from error

    def publish(self, place: LakePlace, manifest: Manifest) -> int:
        """Add the files of a lake that the tables lack, and return how many. Their metadata are in the lake.

        Raises `RunMismatch` if a table has the records of another run, and `StoreUnavailable` if the catalog
        can't be reached, or others change a table meanwhile.
        """
        if place.in_s3:
            self._find_s3()
        with self._translated():
            self._catalog.create_namespace_if_not_exists(self._namespace)
            tables = [
                (stream, _table(self._catalog, place, manifest, self._namespace, stream)) for stream in Stream
            ]
            return sum(_add(place, manifest, stream, table) for stream, table in tables)

    def _find_s3(self) -> None:
        """Let pyiceberg find S3 where the lake does, unless its configuration says where it is."""
        settings = s3_settings()
        self._catalog.properties.setdefault(S3_REGION, settings.region)
        if settings.endpoint is not None:
            self._catalog.properties.setdefault(S3_ENDPOINT, settings.endpoint)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            said = (str(error).strip() or repr(error)).splitlines()[0]
            raise StoreUnavailable(
                f"Iceberg catalog {self._catalog_name!r}: {without_passwords(said)}"
            ) from error


def _table(catalog: Catalog, place: LakePlace, manifest: Manifest, namespace: str, stream: Stream) -> Table:
    """The table of a stream, created if it is missing. Raises `RunMismatch` for one of another run."""
    name = f"{namespace}.{stream}"
    table = catalog.create_table_if_not_exists(
        name,
        _schema(stream),
        location=place.address(f"{METADATA}/{stream}"),
        partition_spec=PartitionSpec(PartitionField(TIME_FIELD, DATE_FIELD, DayTransform(), "date")),
        properties={RUN: manifest.run.run_id},
    )
    if table.properties.get(RUN) != manifest.run.run_id:
        raise RunMismatch(
            f"the Iceberg table {name} has the records of {table.properties.get(RUN, 'no run')}, "
            f"the lake those of {manifest.run.run_id}; choose another namespace"
        )
    return table


def _schema(stream: Stream) -> Schema:
    """The columns of a stream, numbered from 1."""
    return Schema(
        *(
            NestedField(number, column.name, TYPES[column.kind], required=not column.nullable)
            for number, column in enumerate(SCHEMAS[stream].columns, TIME_FIELD)
        )
    )


def _add(place: LakePlace, manifest: Manifest, stream: Stream, table: Table) -> int:
    """Add the files of a stream that a table lacks, in one snapshot."""
    held = set(table.inspect.data_files().column("file_path").to_pylist())
    # A file without rows has no date.
    wanted = [place.address(file.path) for file in manifest.files_of(stream) if file.rows]
    missing = [path for path in wanted if path not in held]
    if missing:
        table.add_files(missing, check_duplicate_files=False)
    return len(missing)
