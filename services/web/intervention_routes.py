"""`/interventions`: list the disruptions made while the city ran, make one, end one."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.access.authentication import check_main_key
from services.context import Context
from services.interventions.bodies import intervention_body, journal_body
from services.interventions.control import InterventionControl
from services.queries.bodies import Body
from services.times import format_instant
from services.transit.service_comparison import JournalCost, JournalCosts
from services.web import openapi
from services.web.access_log import CALLER
from services.web.handlers import Route, StoreQuery, json_object, json_response

PATH, ONE_PATH = "/interventions", "/interventions/{intervention_id}"
COST_PATH = "/interventions/cost"
HOW_TO_ALLOW = "To disturb the running city, start the simulator with --control"
CREATED = 201


def add_journal_route(app: FastAPI, context: Context, how_to_allow: str = HOW_TO_ALLOW) -> None:
    """Add the route by which every holder of a key can read the journal; `how_to_allow` other methods."""

    def listed(_request: Request) -> StoreQuery:
        return StoreQuery(lambda _: json_response(journal_body(context.store.journal(), context.now())))

    app.add_api_route(PATH, listed, methods=["GET"], **openapi.declared_method(PATH, "GET"))
    route = app.routes[-1]
    if isinstance(route, Route):
        route.hint_of_methods = how_to_allow


def add_cost_route(app: FastAPI, costs: JournalCosts) -> None:
    """Add the map's route to what the interventions have cost so far. It is left out of the description."""

    def cost(_request: Request) -> StoreQuery:
        return StoreQuery(lambda _: json_response(cost_body(costs())))

    app.add_api_route(COST_PATH, cost, methods=["GET"], include_in_schema=False, response_model=None)


def cost_body(found: JournalCost) -> Body:
    """The time up to which was compared, each measure of all changed lines and of each, lines left out."""
    lines = [
        {
            "line_id": line.line_id,
            "name": line.name,
            "measures": [
                {
                    "measure": each.title,
                    "unit": each.unit,
                    "undisturbed": each.undisturbed,
                    "disturbed": each.with_scenario,
                }
                for each in line.measures
            ],
        }
        for line in found.lines
    ]
    return {"time": format_instant(found.until), "lines": lines, "left_out": list(found.left_out)}


def add_intervention_control(app: FastAPI, context: Context, control: InterventionControl) -> None:
    """Add the routes by which holders of the main key can disturb the city."""

    def made(request: Request) -> StoreQuery:
        check_main_key(request.scope[CALLER])
        disruption = json_object(request)

        def respond(_store: object) -> Response:
            return json_response(intervention_body(control.intervene(disruption), context.now()), CREATED)

        return StoreQuery(respond)

    def ended(request: Request) -> StoreQuery:
        check_main_key(request.scope[CALLER])
        intervention_id = request.path_params["intervention_id"]
        return StoreQuery(
            lambda _: json_response(intervention_body(control.end(intervention_id), context.now()))
        )

    app.add_api_route(PATH, made, methods=["POST"], **openapi.declared_method(PATH, "POST"))
    app.add_api_route(ONE_PATH, ended, methods=["DELETE"], **openapi.declared_method(ONE_PATH, "DELETE"))
