"""What the URL of a PostgreSQL store says, beyond what libpq reads from it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from storage.errors import without_password

DEFAULT_SCHEMA = "bus_simulator"
SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
PARTS = re.compile(r"(?P<credentials>\w+://(?:[^@/]*@)?)(?P<place>[^?]*)(?:\?(?P<query>.*))?", re.DOTALL)
"""As libpq divides a URL: a user and password, if any, end before the first @ and have no /."""
OUR_PARAMETERS = ("schema", "read_url")
"""Parameters of a URL that libpq doesn't know."""


class PostgresPlace(NamedTuple):
    """The parts of a store's URL: what libpq takes, the tables' schema, and where to read, if elsewhere."""

    url: str
    schema: str
    read_url: str

    @classmethod
    def of(cls, url: str) -> PostgresPlace:
        """The parts of a URL. Raises ValueError."""
        try:
            urlsplit(url)
        except ValueError as error:
            raise ValueError(f"{without_password(url)!r} is not a store: {error}") from error
        parts = PARTS.fullmatch(url)
        if parts is None or "@" in parts["place"]:
            raise ValueError(
                f"{without_password(url)!r} is not a store: expected postgresql://USER@HOST/DATABASE, "
                "with @ and / in a password percent-encoded"
            )
        address, query = parts["credentials"] + parts["place"], parts["query"] or ""
        pieces = [piece.partition("=") for piece in query.split("&") if piece]
        ours = {name: unquote(value) for name, _, value in pieces if name in OUR_PARAMETERS}
        schema, read_url = ours.get("schema", DEFAULT_SCHEMA), ours.get("read_url", "")
        if not SCHEMA_NAME.fullmatch(schema):
            raise ValueError(
                f"{without_password(url)!r}: the schema {schema!r} must be of a-z, 0-9 and _, "
                "and begin with a letter"
            )
        if read_url and not read_url.startswith(("postgresql://", "postgres://")):
            raise ValueError(
                f"{without_password(url)!r}: read_url must be a postgresql:// URL, percent-encoded"
            )
        # As they are: libpq knows %20, but takes + for a plus.
        others = "&".join("".join(piece) for piece in pieces if piece[0] not in OUR_PARAMETERS)
        return cls(f"{address}?{others}" if others else address, schema, read_url)
