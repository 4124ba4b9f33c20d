"""Write `docs/mcp-tools.md`: the MCP tools with arguments and results, from their JSON Schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.agents import resources
from services.agents.tool import Tool
from services.agents.tools import CONTROL_TOOLS, TOOLS

PREFACE = """# MCP tools

Written by `make docs` from the program itself. How to connect a client and call tools: [mcp.md](mcp.md).
`intervene`, `list_interventions` and `end_intervention` exist if the simulator runs with `--control`.
"""


def page() -> str:
    """Return the page as Markdown."""
    lines = [PREFACE, *summary()]
    for tool in {**TOOLS, **CONTROL_TOOLS}.values():
        lines += section(tool)
    return "\n".join([*lines, *resource_table()]) + "\n"


def summary() -> Iterator[str]:
    """Yield a table of the tools; required arguments have a star."""
    yield "| tool | arguments (* required) | result |"
    yield "|---|---|---|"
    for tool in {**TOOLS, **CONTROL_TOOLS}.values():
        schema = tool.input_schema
        required = schema.get("required", ())
        takes = [f"`{name}`{'*' if name in required else ''}" for name in schema.get("properties", {})]
        yield f"| [`{tool.name}`](#{tool.name}) | {', '.join(takes)} | {tool.description} |"
    yield ""


def section(tool: Tool) -> Iterator[str]:
    """Yield one tool: its arguments, and the fields of its result."""
    yield from (f"## {tool.name}", "", tool.description, "", "| argument | type | meaning |", "|---|---|---|")
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
    """Yield a table of the resources."""
    yield from ("## Resources", "", "| URI | content |", "|---|---|")
    for uri, what in (resources.LISTED | resources.TEMPLATES).items():
        yield f"| `{uri}` | {what} |"


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return a JSON Schema's type in words."""
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
    """Return default and examples of an argument, as sentences."""
    examples = ", ".join(f"`{each}`" for each in schema.get("examples", ()))
    default = f" Default {schema['default']}." if "default" in schema else ""
    return default + (f" For example {examples}." if examples else "")
