"""Calls of tools: check the arguments, run the query, return the result as a body and in words."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.agents import tool_hints
from services.agents.tool import Tool, ToolOutput, ToolQuery
from services.agents.tools import TOOLS
from services.context import Context
from services.errors import BadRequest, NotFound, clipped
from services.queries.bodies import Body
from services.times import format_instant
from storage.store import Reader

MOST_ENTRIES_IN_WORDS = 10
"""The most entries that the text of a result lists; the structured result has all."""


class UnknownTool(NotFound):
    """The call names a tool that doesn't exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown tool: {clipped(name)}. The tools are {', '.join(TOOLS)}")


class WrongArguments(BadRequest):
    """The arguments don't fit the tool's model."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose arguments are checked."""

    context: Context
    tool: Tool
    query: ToolQuery

    def run(self, store: Reader) -> Body:
        """Run the query and return a `ToolResult` body. Raises `ServiceError` and `StoreError`."""
        return result_body(self.query.find(store), format_instant(self.context.now()))


def prepare(context: Context, name: str, arguments: Mapping[str, object]) -> Call:
    """Check a call. Raises `UnknownTool`, `WrongArguments`, or `BadRequest` for values that can't be read."""
    tool = tool_named(name)
    try:
        given = tool.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        raise WrongArguments(_problems(tool, error)) from None
    return Call(context, tool, tool.prepare(context, given))


def tool_named(name: str) -> Tool:
    """Return the tool of a name. Raises `UnknownTool`."""
    if name not in TOOLS:
        raise UnknownTool(name)
    return TOOLS[name]


def result_body(found: ToolOutput, now: str) -> Body:
    """Build a `ToolResult` body; `now` is the simulated time."""
    body: Body = {"success": True, "count": len(found.items), "data": list(found.items), "timestamp": now}
    if found.next_cursor is not None:
        body["next_cursor"] = found.next_cursor
    hint = found.hint or (tool_hints.MORE if found.next_cursor is not None else None)
    return body if hint is None else body | {"hint": hint}


def in_words(tool: Tool, body: Mapping[str, Any]) -> str:
    """Summarise a result as text, one line for each of its first entries."""
    entries, hint = body["data"], body.get("hint")
    head = f"{tool.title}: {body['count']} found, simulated time {body['timestamp']}."
    lines = [head, *(entry_in_words(entry) for entry in entries[:MOST_ENTRIES_IN_WORDS])]
    if len(entries) > MOST_ENTRIES_IN_WORDS:
        lines.append(f"… and {len(entries) - MOST_ENTRIES_IN_WORDS} more in the structured result.")
    return "\n".join(lines if hint is None else [*lines, hint])


def entry_in_words(entry: Mapping[str, Any]) -> str:
    """Write an entry as `name value, …`: nested lists as their length, but each arrival on its own line."""
    plain = ", ".join(f"{name} {_value_text(each)}" for name, each in entry.items() if name != "arrivals")
    arrivals = entry.get("arrivals") or ()
    return "\n".join((f"- {plain}", *(f"  - arrival: {entry_in_words(each)[2:]}" for each in arrivals)))


def _value_text(value: object) -> str:
    if value is None:
        return "unknown"
    return str(len(value)) if isinstance(value, list) else str(value)


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
