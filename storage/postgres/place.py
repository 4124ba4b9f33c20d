"""What the URL of a PostgreSQL store says, beyond what libpq reads from it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from storage.errors import without_password

DEFAULT_SCHEMA = "bus_simulator"
SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
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
            parts = urlsplit(url)
        except ValueError as error:
            raise ValueError(f"{without_password(url)!r} is not a store: {error}") from error
        query = parse_qsl(parts.query, keep_blank_values=True)
        ours = {name: value for name, value in query if name in OUR_PARAMETERS}
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
        others = urlencode([pair for pair in query if pair[0] not in OUR_PARAMETERS])
        return cls(urlunsplit(parts._replace(query=others)), schema, read_url)
