"""The OpenAPI description, the API page and the metrics: complete, open, consistent with the routes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from services.app import create_app
from services.queries import bodies
from services.web import openapi
from services.web.handlers import Route
from services.web.openapi_operations import OPERATIONS
from services.web.static_files import PACKAGE
from tests.case_table import each_case
from tests.services.rest_served import NO_KEY, Served, in_process

HIDDEN = {"/openapi.json", "/local/snapshot", "/local/export/{stream}"}


def test_every_route_is_described_and_every_description_has_a_route(served: Served) -> None:
    routes = [route for route in create_app(served.context).routes if isinstance(route, Route)]
    own = [route for route in routes if not route.path.startswith(("/emt", "/siri/", "/gtfs-rt/"))]
    answering = {
        route.path: route.is_open for route in own if not route.path.endswith((".js", ".css", ".txt"))
    }
    described = {template: operation.is_open for template, operation in OPERATIONS.items()}
    assert {path: is_open for path, is_open in answering.items() if path in described} == described
    hidden = {"/", "/docs", "/clock", "/interventions", "/gtfs.zip", "/session"}
    assert set(answering) - set(described) - HIDDEN <= hidden


def described(served: Served) -> Any:
    answer = served.ask("/openapi.json", NO_KEY)
    assert answer.status_code == 200
    return answer.json()


def test_the_description_has_title_version_and_security_schemes(served: Served) -> None:
    found = described(served)
    assert found["openapi"].startswith("3.1")
    assert found["info"]["version"] == "1.2.3"
    names = {scheme["name"] for scheme in found["components"]["securitySchemes"].values()}
    assert names == {"x-api-key", "x-group-name", "accessToken"}
    assert found["paths"]["/lines"]["get"]["security"] == [{"key": [], "group": []}]


@each_case("template", OPERATIONS)
def test_every_response_has_an_example_that_fits_its_schema(served: Served, template: str) -> None:
    responses = described(served)["paths"][template]["get"]["responses"]
    for status, response in responses.items():
        media = response.get("content", {}).get("application/json")
        if media is None or (template, status) == ("/health", "503"):
            continue
        values = [example["value"] for example in media["examples"].values()]
        assert values, (template, status)
        models = OPERATIONS[template].models if status == "200" else [bodies.ErrorBody]
        for value in values:
            assert any(fits(model, value) for model in models), (template, status, value)


def fits(model: Any, value: object) -> bool:
    try:
        model.model_validate(value, strict=True)
    except ValueError:
        return False
    return True


def test_every_reference_resolves(served: Served) -> None:
    found = described(served)
    names = set(re.findall(r"#/components/schemas/(\w+)", str(found)))
    assert names == set(found["components"]["schemas"])


def test_operations_have_short_names_of_their_own_and_tags_with_a_description(served: Served) -> None:
    found = described(served)
    operations = [operation for path in found["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+(_[a-z]+){0,3}", name) for name in names)
    described_tags = {tag["name"] for tag in found["tags"] if tag["description"]}
    assert {tag for operation in operations for tag in operation["tags"]} == described_tags
    assert [openapi.operation_id(path) for path in ("/lines", "/lines/{line_id}")] == ["lines", "line"]


def test_times_have_a_format_and_a_body_or_a_page_is_one_of_two_named_schemas(served: Served) -> None:
    found = described(served)
    for schema in found["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if name.endswith("time") or name in ("now", "last_tick"):
                assert "date-time" in str(field), (schema["title"], name)
    for path in ("/people-count/{stop_id}", "/bus-position/{bus_id}", "/people-count"):
        answer = found["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert [list(each) for each in answer["oneOf"]] == [["$ref"], ["$ref"]]
    assert found["servers"][0]["url"] == "/"


def test_the_api_page_needs_no_key_and_loads_nothing_from_other_origins(served: Served) -> None:
    page = served.ask("/docs", NO_KEY)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    linked = re.findall(r'(?:href|src)="(?!data:)([^"]+)"', page.text)
    assert linked
    for target in linked:
        assert served.ask(f"/{target}", NO_KEY).status_code == 200
    for file in (PACKAGE / "docs").iterdir():
        assert "://" not in Path(file).read_text(encoding="utf-8")


def test_metrics_need_no_key_and_are_in_prometheus_format(served: Served) -> None:
    ask = in_process(create_app(served.context))
    ask("/people-count/S001?mode=latest")
    ask("/people-count/S999?mode=latest")
    ask("/nowhere")
    answer = ask("/metrics", NO_KEY)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for line in lines:
        assert re.fullmatch(r'# (HELP|TYPE) .+|[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+', line), line
    assert 'bus_simulator_http_requests_total{route="/people-count/{stop_id}",status="200"} 1' in lines
    assert 'bus_simulator_http_requests_total{route="/people-count/{stop_id}",status="404"} 1' in lines
    assert 'bus_simulator_http_requests_total{route="none",status="404"} 1' in lines
    assert 'bus_simulator_http_requests_by_group_total{group="team-alpha",status="200"} 1' in lines
    assert 'bus_simulator_http_requests_by_group_total{group="team-alpha",status="404"} 1' in lines
    assert 'bus_simulator_limit_requests{per="day"} 0' in lines
    last = "bus_simulator_last_error_timestamp_seconds"
    assert len([line for line in lines if line.startswith(f'{last}{{group="team-alpha",route="')]) == 1
    name = "bus_simulator_http_request_duration_seconds"
    assert f'{name}_bucket{{route="/people-count/{{stop_id}}",le="+Inf"}} 2' in lines
    assert f'{name}_count{{route="/people-count/{{stop_id}}"}} 2' in lines
    assert 'bus_simulator_rows{stream="people_count"} 183' in lines
    assert any(line.startswith('bus_simulator_feeder_lag_seconds{feeder="sensors"}') for line in lines)
