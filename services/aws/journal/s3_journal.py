"""The journal of interventions as an object in S3, `s3://BUCKET/KEY`, which all parts of a deployment share.

    [{"number": 1, "takes_effect": "2026-03-02T17:30:00Z", "entry": "{…}"}]

Reading it costs a request, which S3 answers without the object while that hasn't changed. It is only replaced
if it is still as it was read: of two writers at the same moment one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from services.times import format_instant, parse_instant
from storage.errors import JournalChanged, StoreInvalid, StoreUnavailable
from storage.store import JournalEntry
from storage.timestream_errors import code_of

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

SCHEME = "s3://"
FIELDS = frozenset({"number", "takes_effect", "entry"})
UNCHANGED, MISSING = "304", "NoSuchKey"
CHANGED = frozenset(("PreconditionFailed", "ConditionalRequestConflict", "412", "409"))


class S3Journal:
    """The journal at `url`. Raises ValueError if that is no S3 URL. Threads may share it for reading."""

    def __init__(self, client: S3Client, url: str) -> None:
        parts = urlsplit(url)
        self._bucket, self._key = parts.netloc, parts.path.removeprefix("/")
        if not url.startswith(SCHEME) or not self._bucket or not self._key or parts.query:
            raise ValueError(f"'{url}' names no journal: expected s3://BUCKET/KEY")
        self._client, self._url = client, url
        self._read: tuple[str, Sequence[JournalEntry]] = ("", [])

    def read(self) -> Sequence[JournalEntry]:
        """All entries, by number; the same object until they change. None are in an object that is missing.

        Raises `StoreUnavailable` and `StoreInvalid`.
        """
        tag, known = self._read
        condition: Any = {"IfNoneMatch": tag} if tag else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **condition)
            content = answer["Body"].read()
        except (BotoCoreError, ClientError) as error:
            code = code_of(error)
            if code == UNCHANGED:
                return known
            if code == MISSING:
                self._read = ("", [])
                return []
            raise StoreUnavailable(f"the journal {self._url} can't be read: {error}") from error
        entries = entries_of(content, self._url)
        self._read = (answer["ETag"], entries)
        return entries

    def put(self, entry: JournalEntry) -> None:
        """Add an entry to those read last, or replace the one with its number.

        Raises `JournalChanged` if the journal has changed since `read`, and `StoreUnavailable`, after which
        the entry may have been kept.
        """
        tag, known = self._read
        entries = [*(each for each in known if each.number != entry.number), entry]
        condition: Any = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._key,
                Body=content_of(entries),
                ContentType="application/json",
                **condition,
            )
        except (BotoCoreError, ClientError) as error:
            if code_of(error) in CHANGED:
                raise JournalChanged(f"the journal {self._url} was changed at the same moment") from error
            raise StoreUnavailable(f"the journal {self._url} can't be written: {error}") from error


def content_of(entries: Sequence[JournalEntry]) -> bytes:
    """The object's content, in the order of the numbers."""
    ordered = sorted(entries, key=lambda entry: entry.number)
    items = [
        {"number": each.number, "takes_effect": format_instant(each.takes_effect), "entry": each.text}
        for each in ordered
    ]
    return json.dumps(items, ensure_ascii=False, indent=1).encode() + b"\n"


def entries_of(content: bytes, place: str) -> Sequence[JournalEntry]:
    """The entries of an object's content. Raises `StoreInvalid`, whose message names `place`."""
    try:
        items = json.loads(content)
        if unknown := sorted({name for item in items for name in item} - FIELDS):
            raise StoreInvalid(
                f"{place} has fields that this version doesn't know ({', '.join(unknown)}), which it would "
                "lose: update it"
            )
        return [
            JournalEntry(int(item["number"]), parse_instant(item["takes_effect"]), str(item["entry"]))
            for item in items
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise StoreInvalid(
            f"{place} is not a journal: {error!r}; restore an earlier version of the object"
        ) from error
