"""`/session`: sign a browser in by key and group, say who is signed in, and sign out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.access.authentication import (
    GENERAL,
    GROUP_HEADER,
    KEY_HEADER,
    Caller,
    authenticate,
    check_group,
)
from services.access.sessions import LIFETIME_S, new_token
from services.context import Context, MapTiles
from services.errors import BadRequest, Unauthorized
from services.queries.bodies import Body
from services.web.access_log import headers_of
from services.web.handlers import OPEN, Route, StoreQuery, json_object, json_response
from services.web.sign_in.callers import cookie_name, is_own_page, session_in
from simulator.clock import SystemWall

PATH = "/session"
FIELDS = {"api_key": KEY_HEADER, "group_name": GROUP_HEADER}


def add_session_routes(app: FastAPI, context: Context) -> None:
    """Add the routes: POST signs in, GET returns the group signed in, DELETE signs out."""

    def body_of(caller: Caller | None) -> Body:
        posts = {route.path for route in app.routes if isinstance(route, Route) and "POST" in route.allowed}
        return session_body(caller, posts, context.map_tiles)

    def sign_in(request: Request) -> StoreQuery:
        headers = headers_of(request.scope)
        check_origin(request, headers)
        caller = authenticate(credentials_of(json_object(request)), context.key)
        check_group(caller)
        token = new_token(caller, context.key, now_s=SystemWall().time())
        cookie = cookie_header(request, headers, token, LIFETIME_S)
        return StoreQuery(lambda _: json_response(body_of(caller), headers=cookie))

    def signed_in(request: Request) -> StoreQuery:
        session = session_in(request.scope, context.key)
        body = body_of(None if session is None else session.caller)
        return StoreQuery(lambda _: json_response(body, headers={"cache-control": "no-store"}))

    def sign_out(request: Request) -> StoreQuery:
        headers = headers_of(request.scope)
        check_origin(request, headers)
        cookie = cookie_header(request, headers, "", 0)
        return StoreQuery(lambda _: Response(status_code=204, headers=cookie))

    for method, handler in (("POST", sign_in), ("GET", signed_in), ("DELETE", sign_out)):
        app.add_api_route(
            PATH,
            handler,
            methods=[method],
            include_in_schema=False,
            response_model=None,
            openapi_extra=dict(OPEN),
        )


def session_body(caller: Caller | None, posts: Collection[str], tiles: MapTiles | None) -> Body:
    """Who is signed in, what they may do at the paths that take a POST, and the map's tiles."""
    if caller is None:
        return {"group": None, "may_control_clock": False, "may_intervene": False, "map_tiles": None}
    return {
        "group": caller.group,
        "may_control_clock": "/clock" in posts,
        "may_intervene": caller.key_name == GENERAL and "/interventions" in posts,
        "map_tiles": None if tiles is None else asdict(tiles),
    }


def credentials_of(body: Mapping[str, object]) -> dict[str, str]:
    """The fields of a body by the headers they stand for.

    Raises `Unauthorized` for a missing field, `BadRequest` for one that isn't text.
    """
    for field in FIELDS:
        if body.get(field, "") == "":
            raise Unauthorized(f"Missing {field} in the body")
    found = {header: body[field] for field, header in FIELDS.items()}
    texts = {header: value for header, value in found.items() if isinstance(value, str)}
    if len(texts) < len(found):
        raise BadRequest("api_key and group_name must be text")
    return texts


def check_origin(request: Request, headers: Mapping[str, str]) -> None:
    """Raise `BadRequest` if a page of another origin asks: it must not sign a person in or out."""
    if "origin" in headers and not is_own_page(request.scope, headers):
        raise BadRequest("Only pages of this server can sign in or out")


def cookie_header(request: Request, headers: Mapping[str, str], token: str, seconds: int) -> dict[str, str]:
    """The header that sets the session's cookie for a time, 0 to delete it."""
    # Behind a load balancer that ends TLS, only the page's origin tells of it.
    is_encrypted = request.url.scheme == "https" or headers.get("origin", "").startswith("https://")
    secure = "; Secure" if is_encrypted else ""
    cookie = f"{cookie_name(headers)}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    return {"set-cookie": cookie, "cache-control": "no-store"}
