"""A tool: its description, the models of its arguments and results, and the query that it prepares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services.agents.json_schema import JsonSchema, input_schema, output_schema
from services.agents.tool_arguments import ToolArguments
from services.context import Context
from services.queries.bodies import Body
from storage.store import Reader


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a query returns: a page of items, the cursor of the next page, and a hint for the agent."""

    items: Sequence[Body] = ()
    next_cursor: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ToolQuery:
    """A call's query on a store; `recent` says that memory may hold what it reads."""

    find: Callable[[Reader], ToolOutput]
    recent: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `item` is the model, or union of models, of an entry of its result.

    `prepare` takes an instance of `arguments`, checks what their types can't (`BadRequest`) and returns the
    query. A tool that `changes_city` needs the main key. The parameter of `prepare` is `Any`, since the type
    of a mapping of tools can't relate a tool to its arguments.
    """

    name: str
    title: str
    description: str
    arguments: type[ToolArguments]
    item: object
    prepare: Callable[[Context, Any], ToolQuery]
    changes_city: bool = False

    @property
    def input_schema(self) -> JsonSchema:
        """The JSON Schema of its arguments."""
        return input_schema(self.arguments)

    @property
    def output_schema(self) -> JsonSchema:
        """The JSON Schema of its result."""
        return output_schema(self.item)
