"""Operations on tags."""

from __future__ import annotations

from collections.abc import Callable

from services.timestream_local import database
from services.timestream_local.errors import ResourceNotFoundException, ValidationException
from services.timestream_local.list_pagination import page, with_token
from services.timestream_local.request_fields import listed, required
from services.timestream_local.running.client_arns import INSIDE
from services.timestream_local.state import Body, EndpointState, Response

MOST_TAGS = 200


class TagOperations:
    """The operations that list, add and remove tags of databases, tables and scheduled queries."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state

    async def list_tags(self, body: Body, _address: str) -> Response:
        """List the tags of a resource in pages."""
        tags = sorted(self._state.catalog.tags.get(self._arn(body), {}).items())
        found, token = page(body, [((key,), (key, value)) for key, value in tags], MOST_TAGS)
        return with_token({"Tags": [{"Key": key, "Value": value} for key, value in found]}, token)

    async def tag_resource(self, body: Body, _address: str) -> Response:
        """Add tags."""
        required(body, "Tags", list)
        arn, more = self._arn(body), tags_of(body)
        await self._retag(arn, lambda tags: tags | more)
        return {}

    async def untag_resource(self, body: Body, _address: str) -> Response:
        """Remove tags."""
        arn, keys = self._arn(body), set(map(str, required(body, "TagKeys", list)))
        await self._retag(arn, lambda tags: {k: v for k, v in tags.items() if k not in keys})
        return {}

    async def _retag(self, arn: str, changed: Callable[[dict[str, str]], dict[str, str]]) -> None:
        catalog = self._state.catalog

        def change(cursor: database.Cursor) -> dict[str, str]:
            tags = changed(catalog.tags.get(arn, {}))
            if len(tags) > MOST_TAGS:
                raise ValidationException(f"A resource has at most {MOST_TAGS} tags")
            database.save_tags(cursor, arn, tags)
            return tags

        def keep(tags: dict[str, str]) -> None:
            catalog.tags[arn] = tags

        await self._state.change(change, keep)

    def _arn(self, body: Body) -> str:
        arn = required(body, "ResourceARN", str)
        # The region and account may be any, since the endpoint has only one of each.
        known = INSIDE + arn.split(":", 5)[-1]
        if known not in self._state.catalog.arns():
            raise ResourceNotFoundException(f"The resource {arn[:256]} does not exist.")
        return known


def tags_of(body: Body) -> dict[str, str]:
    """The tags in a request. Raises `ValidationException` for malformed ones."""
    tags = {}
    for tag in listed(body, "Tags"):
        if not isinstance(tag, dict):
            raise ValidationException("Tags must be structures")
        key, value = required(tag, "Key", str), required(tag, "Value", str)
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise ValidationException("Tag keys have 1 to 128 characters, values at most 256")
        tags[key] = value
    return tags
