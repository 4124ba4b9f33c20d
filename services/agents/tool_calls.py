"""A call of a tool: its arguments checked, its question, its answer as a body and in words."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.agents import tool_hints
from services.agents.tools import TOOLS, Tool, ToolOutput, ToolQuery
from services.context import Context
from services.errors import BadRequest, NotFound, clipped
from services.queries.bodies import Body
from services.times import format_instant
from storage.store import Reader

MOST_ENTRIES_IN_WORDS = 10
"""So many entries are told in words; the others are in the structured answer only."""


class UnknownTool(NotFound):
    """There is no such tool."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown tool: {clipped(name)}. There are {', '.join(TOOLS)}")


class WrongArguments(BadRequest):
    """The arguments aren't those of the tool, or of other types."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is fit to be asked."""

    context: Context
    tool: Tool
    query: ToolQuery

    def run(self, store: Reader) -> Body:
        """A `ToolResult` of the tool's items. Raises `ServiceError`, passes `StoreError` on."""
        return result_body(self.query.find(store), format_instant(self.context.now()))


def prepare(context: Context, name: str, arguments: Mapping[str, object]) -> Call:
    """A call. Raises `UnknownTool`, `WrongArguments`, and `BadRequest` for what can't be understood."""
    tool = tool_named(name)
    try:
        given = tool.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        raise WrongArguments(_problems(tool, error)) from None
    return Call(context, tool, tool.prepare(context, given))


def tool_named(name: str) -> Tool:
    """The tool with a name. Raises `UnknownTool`."""
    if name not in TOOLS:
        raise UnknownTool(name)
    return TOOLS[name]


def result_body(found: ToolOutput, now: str) -> Body:
    """A `ToolResult`."""
    body: Body = {"success": True, "count": len(found.items), "data": list(found.items), "timestamp": now}
    if found.next_cursor is not None:
        body["next_cursor"] = found.next_cursor
    hint = found.hint or (tool_hints.MORE if found.next_cursor is not None else None)
    return body if hint is None else body | {"hint": hint}


def in_words(tool: Tool, body: Body) -> str:
    """An answer in a few words: a line for each of its first entries, without what is nested in them."""
    entries, hint = body["data"], body.get("hint")
    head = f"{tool.title}: {body['count']} found, now is {body['timestamp']}."
    lines = [head, *(entry_in_words(entry) for entry in entries[:MOST_ENTRIES_IN_WORDS])]
    if len(entries) > MOST_ENTRIES_IN_WORDS:
        lines.append(f"… and {len(entries) - MOST_ENTRIES_IN_WORDS} more in the structured answer.")
    return "\n".join(lines if hint is None else [*lines, hint])


def entry_in_words(entry: Mapping[str, Any]) -> str:
    """An entry as `name value, …`; of what is nested how much there is, of arrivals each."""
    plain = ", ".join(f"{name} {_shown_value(each)}" for name, each in entry.items() if name != "arrivals")
    arrivals = entry.get("arrivals") or ()
    return "\n".join((f"- {plain}", *(f"  - arrival: {entry_in_words(each)[2:]}" for each in arrivals)))


def _shown_value(value: Any) -> str:
    if value is None:
        return "unknown"
    return str(len(value)) if isinstance(value, list) else str(value)


def _problems(tool: Tool, error: ValidationError) -> str:
    """All that is wrong with the arguments, in one line."""
    found = [_problem(tool, each) for each in error.errors(include_url=False, include_context=False)]
    return f"Wrong arguments for {tool.name}: {'; '.join(found)}"


def _problem(tool: Tool, error: Any) -> str:
    name = clipped(".".join(str(part) for part in error["loc"]))
    known = tool.arguments.model_fields
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] != "extra_forbidden":
        return f"{name}: {error['msg']}, got {clipped(repr(error['input'])[:LONGEST_SHOWN_INPUT])}"
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} is unknown, {f'did you mean {near[0]}?' if near else 'it takes ' + ', '.join(known)}"


LONGEST_SHOWN_INPUT = 1000
