"""`data/scenarios/scenario.schema.json`: the scenario file's fields as JSON Schema, for editors."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from simulator.scenario_files.schema import ScenarioEntry


class _Plain(GenerateJsonSchema):
    """Leaves out what authors of files don't need: titles, `null` for absent fields, inner defaults."""

    schema_dialect = "http://json-schema.org/draft-07/schema#"

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        """The schema of the value itself, without `null`."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        """The schema without its default, which the description has."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Return False: titles would repeat the field names."""
        return False


def page() -> str:
    """The text of the schema file."""
    schema = {"$schema": _Plain.schema_dialect} | ScenarioEntry.model_json_schema(schema_generator=_Plain)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
