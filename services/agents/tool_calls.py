"""Calls of tools: check the arguments, run the query, return the result as a body and in words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.access.authentication import Caller, check_main_key
from services.agents import tool_hints
from services.agents.tool import Tool, ToolOutput, ToolQuery
from services.agents.tools import tools_of
from services.context import Context
from services.errors import BadRequest, NotFound, clipped
from services.queries import parameters
from services.queries.bodies import Body
from services.times import format_instant
from services.web.formats.local_times import local_times
from services.web.handlers import JSON, json_bytes
from storage.store import Reader

MOST_ENTRIES_IN_WORDS = 10
"""The most entries that the text of a result lists; the structured result has all."""


class UnknownTool(NotFound):
    """The call names a tool that doesn't exist."""

    def __init__(self, name: str, tools: Iterable[str]) -> None:
        super().__init__(f"Unknown tool: {clipped(name)}. The tools are {', '.join(tools)}")


class WrongArguments(BadRequest):
    """The arguments don't fit the tool's model."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose arguments are checked."""

    context: Context
    tool: Tool
    query: ToolQuery
    zone: ZoneInfo | None = None

    def run(self, store: Reader) -> Body:
        """Run the query and return a `ToolResult` body. Raises `ServiceError` and `StoreError`."""
        body = result_body(self.query.find(store), format_instant(self.context.now()))
        return body if self.zone is None else in_local_times(body, self.zone)


def prepare(context: Context, name: str, arguments: Mapping[str, object], caller: Caller | None) -> Call:
    """Check a call. Raises `UnknownTool`, `WrongArguments`, or `BadRequest` for values that can't be read.

    Raises `Forbidden` for a tool that changes the city, unless the caller has the main key.
    """
    tool = tool_named(context, name)
    if tool.changes_city:
        check_main_key(caller)
    try:
        given = tool.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        raise WrongArguments(_problems(tool, error)) from None
    zone = parameters.time_zone({} if given.tz is None else {"tz": given.tz})
    return Call(context, tool, tool.prepare(context, given), zone)


def tool_named(context: Context, name: str) -> Tool:
    """Return the tool of a name. Raises `UnknownTool`."""
    tools = tools_of(context)
    if name not in tools:
        raise UnknownTool(name, tools)
    return tools[name]


def result_body(found: ToolOutput, now: str) -> Body:
    """Build a `ToolResult` body; `now` is the simulated time."""
    body: Body = {"success": True, "count": len(found.items), "data": list(found.items), "timestamp": now}
    if found.next_cursor is not None:
        body["next_cursor"] = found.next_cursor
    hint = found.hint or (tool_hints.MORE if found.next_cursor is not None else None)
    return body if hint is None else body | {"hint": hint}


def in_local_times(body: Body, zone: ZoneInfo) -> Body:
    """Return a body with its times in a zone."""
    found: Body = json.loads(local_times(json_bytes(body), JSON, zone))
    return found


def in_words(tool: Tool, body: Mapping[str, Any]) -> str:
    """Summarise a result as text, one line for each of its first entries."""
    entries, hint = body["data"], body.get("hint")
    head = f"{tool.title}: {body['count']} found, simulated time {body['timestamp']}."
    lines = [head, *(entry_in_words(entry) for entry in entries[:MOST_ENTRIES_IN_WORDS])]
    if len(entries) > MOST_ENTRIES_IN_WORDS:
        lines.append(f"… and {len(entries) - MOST_ENTRIES_IN_WORDS} more in the structured result.")
    return "\n".join(lines if hint is None else [*lines, hint])


def entry_in_words(entry: Mapping[str, Any]) -> str:
    """Write an entry as `name value, …`, and the entries of a nested list each on a line of its own."""
    nested = {name: each for name, each in entry.items() if is_list_of_entries(each)}
    plain = ", ".join(f"{name} {_value_text(each)}" for name, each in entry.items() if name not in nested)
    return "\n".join((f"- {plain}", *(line for name in nested for line in _nested_lines(name, nested[name]))))


def is_list_of_entries(value: object) -> bool:
    """Whether a value is a list of objects."""
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _nested_lines(name: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in entries[:MOST_ENTRIES_IN_WORDS]:
        yield f"  - {SINGULAR.get(name, name)}: {entry_in_words(each)[2:]}"
    if len(entries) > MOST_ENTRIES_IN_WORDS:
        yield f"  - … and {len(entries) - MOST_ENTRIES_IN_WORDS} more {name} in the structured result."


SINGULAR: Mapping[str, str] = {"arrivals": "arrival", "buses": "bus", "stops": "stop", "lines": "line"}


def _value_text(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return ", ".join(map(str, value)).join("[]")
    return str(value)


def _problems(tool: Tool, error: ValidationError) -> str:
    """Describe all problems with the arguments in one line."""
    found = [_problem(tool, each) for each in error.errors(include_url=False, include_context=False)]
    return f"Wrong arguments for {tool.name}: {'; '.join(found)}"


def _problem(tool: Tool, error: ErrorDetails) -> str:
    name = clipped(".".join(str(part) for part in error["loc"]))
    known = tool.arguments.model_fields
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] != "extra_forbidden":
        return f"{name}: {error['msg']}, got {clipped(repr(error['input'])[:LONGEST_SHOWN_INPUT])}"
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} is unknown, {f'did you mean {near[0]}?' if near else 'it takes ' + ', '.join(known)}"


LONGEST_SHOWN_INPUT = 1000
