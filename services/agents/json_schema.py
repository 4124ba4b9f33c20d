"""JSON Schemas of the tools' models, as the protocol shows them to agents."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from pydantic import BaseModel

from services.agents.tool_arguments import ToolArguments
from services.agents.tool_items import ToolResult

JsonSchema: TypeAlias = dict[str, Any]


@cache
def input_schema(arguments: type[ToolArguments]) -> JsonSchema:
    """The JSON Schema of a tool's arguments."""
    schema = without_titles(arguments.model_json_schema())
    del schema["description"]
    properties: JsonSchema = schema["properties"]
    properties["tz"] = properties.pop("tz")  # what a tool is about comes first
    return schema


@cache
def output_schema(item: Any) -> JsonSchema:
    """The JSON Schema of a tool's result, whose `data` are of the model (or union of models) `item`."""
    result: type[BaseModel] = ToolResult[item]
    return without_titles(result.model_json_schema())


def without_titles(schema: JsonSchema) -> JsonSchema:
    """Return a schema without pydantic's titles, and without null where a value may just be left out.

    Clients show schemas to their models, whose context such noise would fill.
    """
    found: JsonSchema = {name: _plain(each) for name, each in schema.items() if not _is_title(name, each)}
    if "default" in found and found["default"] in (None, ""):
        del found["default"]
        choices = [each for each in found.get("anyOf", ()) if each != {"type": "null"}]
        if len(choices) == 1:
            del found["anyOf"]
            found = choices[0] | found
    return found


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return without_titles(value) if isinstance(value, dict) else value


def _is_title(name: str, value: object) -> bool:
    # A field may be called title, too: then the value is its schema.
    return name == "title" and isinstance(value, str)
