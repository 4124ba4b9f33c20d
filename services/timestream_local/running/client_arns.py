"""ARNs as a client sees them: with its region, and the account of the endpoint's options.

Inside, ARNs have `catalog.REGION` and `catalog.ACCOUNT`, so that what is stored suits any client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.timestream_local.catalog import ACCOUNT, REGION
from services.timestream_local.types import JsonObject

INSIDE = f"arn:aws:timestream:{REGION}:{ACCOUNT}:"
GIVEN = ("ResourceARN", "ScheduledQueryArn")
"""The members of requests that are ARNs."""
SHOWN = ("Arn", "ScheduledQueryArn")
"""The members of responses that are ARNs."""
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]{1,32})/")


def region_of(authorization: str) -> str:
    """The region that a request is signed for, or the endpoint's own without a signature."""
    found = _SCOPE.search(authorization)
    return found[1] if found else REGION


@dataclass(frozen=True, slots=True)
class ClientArns:
    """The ARNs of a client."""

    region: str
    account: str

    @property
    def _outside(self) -> str:
        return f"arn:aws:timestream:{self.region}:{self.account}:"

    def inside(self, body: JsonObject) -> JsonObject:
        """A request's body with ARNs as they are inside."""
        found = {name: body[name] for name in GIVEN if name in body}
        if not found or self._outside == INSIDE:
            return body
        outside = self._outside
        changed = {
            name: INSIDE + arn.removeprefix(outside)
            for name, arn in found.items()
            if isinstance(arn, str) and arn.startswith(outside)
        }
        return {**body, **changed}

    def outside(self, response: Mapping[str, object]) -> Mapping[str, object]:
        """A response's body with ARNs as the client sees them."""
        if self._outside == INSIDE:
            return response
        return {name: self._shown(name, value) for name, value in response.items()}

    def _shown(self, name: str, value: object) -> object:
        if isinstance(value, str):
            return value.replace(INSIDE, self._outside, 1) if name in SHOWN else value
        if isinstance(value, Mapping):
            return self.outside(value)
        if isinstance(value, Sequence) and not isinstance(value, bytes):
            return [self._shown("", each) for each in value]
        return value
