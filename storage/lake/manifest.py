"""The manifest of a lake: its run, and its files with the span that each covers.

`manifest.json` is the sum of the records in `_spans`, one for each span that a task has written. A record is
written after its files, so that files without a record don't count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from storage.coverage import joined
from storage.errors import StoreInvalid
from storage.schema import Stream
from storage.store import Covered, Run

FORMAT, VERSION = "bus-simulator-lake", 1
NAME = "manifest.json"
SPANS = "_spans"


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A Parquet file: its path in the lake, the span it covers, its rows, and the SHA-256 of its bytes."""

    path: str
    stream: Stream
    start: datetime
    end: datetime
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The run of a lake, and its files in the order of stream and time."""

    run: Run
    files: tuple[LakeFile, ...]

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """The spans of a stream that the files cover."""
        return joined(Covered(file.start, file.end, self.run) for file in self.files_of(stream))

    def files_of(self, stream: Stream) -> Sequence[LakeFile]:
        """The files of a stream in the order of time."""
        return [file for file in self.files if file.stream is stream]


def joined_manifest(parts: Iterable[Manifest]) -> Manifest | None:
    """The manifest of all files of some manifests of one run; None if there are none."""
    found = list(parts)
    if not found:
        return None
    files = {file.path: file for part in found for file in part.files}
    return Manifest(found[0].run, tuple(sorted(files.values(), key=lambda file: (file.stream, file.start))))


def manifest_text(manifest: Manifest) -> str:
    """A manifest as JSON. The same manifest gives the same text."""
    body = {
        "format": FORMAT,
        "version": VERSION,
        "run": {"run_id": manifest.run.run_id, **asdict(manifest.run)},
        "coverage": {stream: [*map(_span, manifest.coverage(stream))] for stream in Stream},
        "files": [{**asdict(file), **_span(file)} for file in manifest.files],
    }
    return json.dumps(body, indent=2) + "\n"


def read_manifest(text: str | bytes, name: str) -> Manifest:
    """The manifest of a JSON text. Raises `StoreInvalid`, which names it `name`, for any other."""
    try:
        body = json.loads(text)
        if (body["format"], body["version"]) != (FORMAT, VERSION):
            raise StoreInvalid(
                f"{name} has the format {body['format']} {body['version']}, not {FORMAT} {VERSION}"
            )
        run = {key: value for key, value in body["run"].items() if key != "run_id"}
        return Manifest(Run(**run), tuple(map(_file, body["files"])))
    except (ValueError, TypeError, KeyError) as error:
        raise StoreInvalid(f"{name} is not the manifest of a lake: {error!r}") from error


def _file(entry: dict[str, Any]) -> LakeFile:
    start, end = (datetime.fromisoformat(entry[name]) for name in ("start", "end"))
    return LakeFile(**{**entry, "stream": Stream(entry["stream"]), "start": start, "end": end})


def _span(of: Covered | LakeFile) -> dict[str, str]:
    start, end = (bound.astimezone(UTC).isoformat().replace("+00:00", "Z") for bound in (of.start, of.end))
    return {"start": start, "end": end}
