"""`docs/mcp-tools.md`: the tools for agents, from their own schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.agents import resources
from services.agents.tool import Tool
from services.agents.tools import TOOLS

PREFACE = """# Tools for agents

Written by `make docs` from the program itself. How to connect and ask: [mcp.md](mcp.md).
"""


def page() -> str:
    """The page."""
    lines = [PREFACE, *summary()]
    for tool in TOOLS.values():
        lines += section(tool)
    return "\n".join([*lines, *resource_table()]) + "\n"


def summary() -> Iterator[str]:
    """The tools at a glance; those with a star have to be given."""
    yield "| tool | takes | answers |"
    yield "|---|---|---|"
    for tool in TOOLS.values():
        schema = tool.input_schema
        required = schema.get("required", ())
        takes = [f"`{name}`{'*' if name in required else ''}" for name in schema.get("properties", {})]
        yield f"| [`{tool.name}`](#{tool.name}) | {', '.join(takes)} | {tool.description} |"
    yield ""


def section(tool: Tool) -> Iterator[str]:
    """One tool: its arguments, and the fields of what it answers."""
    yield from (f"## {tool.name}", "", tool.description, "", "| argument | type | what |", "|---|---|---|")
    schema = tool.input_schema
    for name, each in schema["properties"].items():
        needed = " (required)" if name in schema.get("required", ()) else ""
        yield f"| `{name}`{needed} | {kind_of(each)} | {each['description']}{example_of(each)} |"
    yield ""
    for model in tool.output_schema["$defs"].values():
        yield f"{' '.join(model['description'].split())}"
        yield ""
        fields = [f"`{name}` {kind_of(each)}" for name, each in model["properties"].items()]
        yield f"- {', '.join(fields)}"
        yield ""


def resource_table() -> Iterator[str]:
    """The resources."""
    yield from ("## Resources", "", "| address | what |", "|---|---|")
    for uri, what in (resources.LISTED | resources.TEMPLATES).items():
        yield f"| `{uri}` | {what} |"


def kind_of(schema: Mapping[str, Any]) -> str:
    """A JSON Schema's type in a word or two."""
    if "$ref" in schema:
        return "object"
    if "anyOf" in schema:
        return " or ".join(kind_of(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema["type"] == "array":
        return f"list of {kind_of(schema['items'])}s"
    low, high = schema.get("minimum"), schema.get("maximum")
    return schema["type"] if low is None else f"{schema['type']} {low:g} to {high:g}"


def example_of(schema: Mapping[str, Any]) -> str:
    """What it may be, and what it is if it isn't given."""
    examples = ", ".join(f"`{each}`" for each in schema.get("examples", ()))
    default = f" Default {schema['default']}." if "default" in schema else ""
    return default + (f" For example {examples}." if examples else "")
