"""The two authorizers, with events as API Gateway sends them."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from services.access.key_ring import parse_keys
from services.aws.secret_key_ring import SecretKeyRing
from services.errors import Unauthorized
from services.lambdas.authorizer_context import ALLOWED, caller_of
from services.lambdas.authorizers import MissingCredentials, rest_response, websocket_response
from services.lambdas.gateway_events import ProxyResponse
from services.logs import JsonFormatter
from storage.aws_clients import client
from storage.errors import DependencyUnavailable
from tests.services.aws.tables import HandWatch
from tests.services.http_api import TTL_S, HttpApi, authorizer_event, request_event
from tests.services.lambdas.websocket_api import ARN, authorize_event
from tests.timestream_endpoint import REGION

SECRET = json.dumps({"api_key": "gen+eral/key=", "keys": {"team-alpha": "alphas"}})
KEYS = parse_keys(SECRET)


def rest_event(headers: dict[str, str]) -> Any:
    url = httpx.URL("https://api/people-count/S001?mode=latest")
    event = request_event("GET", url, {**headers}, "GET /people-count/{stop_id}")
    asked = authorizer_event({**event, "headers": {"x-api-key": "", "x-group-name": "", **event["headers"]}})
    return asked | {"headers": event["headers"]}


@pytest.mark.parametrize(
    ("headers", "verdict", "group"),
    [
        ({"x-api-key": "gen+eral/key=", "x-group-name": "anyone"}, ALLOWED, "anyone"),
        ({"X-Api-Key": " gen+eral/key= ", "X-Group-Name": " anyone "}, ALLOWED, "anyone"),
        ({"x-api-key": "alphas", "x-group-name": "team-alpha"}, ALLOWED, "team-alpha"),
        ({"x-api-key": "alphas", "x-group-name": "team-beta"}, "Invalid API key", "team-beta"),
        ({"x-api-key": "gen eral/key=", "x-group-name": "anyone"}, "Invalid API key", "anyone"),
        ({"x-api-key": "wrong", "x-group-name": "anyone"}, "Invalid API key", "anyone"),
        ({"x-group-name": "anyone"}, "Missing x-api-key header", "anyone"),
        ({"x-api-key": " ", "x-group-name": "anyone"}, "Missing x-api-key header", "anyone"),
        ({}, "Missing x-api-key header", ""),
        ({"x-api-key": "wrong"}, "Missing x-group-name header", ""),
        ({"x-api-key": "wrong", "x-group-name": " "}, "Missing x-group-name header", ""),
    ],
)
def test_the_rest_authorizer_allows_every_request_and_passes_a_verdict(
    headers: dict[str, str], verdict: str, group: str
) -> None:
    answer = rest_response(rest_event(headers), KEYS)
    context = {"verdict": verdict, "group": group}
    if verdict == ALLOWED:
        context["key_name"] = "group team-alpha" if group == "team-alpha" else "default"
    assert answer == {"isAuthorized": True, "context": context}


def test_an_event_without_headers_has_no_key() -> None:
    event = rest_event({})
    del event["headers"]
    assert rest_response(event, KEYS)["context"]["verdict"] == "Missing x-api-key header"


@pytest.mark.parametrize(
    "authorizer", [None, {}, {"lambda": None}, {"lambda": {}}, {"lambda": {"group": "a"}}]
)
def test_a_request_without_a_verdict_is_refused(authorizer: object, caplog: pytest.LogCaptureFixture) -> None:
    context: Any = {} if authorizer is None else {"authorizer": authorizer}
    with pytest.raises(Unauthorized, match=r"^Invalid API key$"):
        caller_of({"requestContext": context})
    assert "the route has no authorizer" in caplog.text


def policy(effect: str, group: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": ARN}
    return {
        "principalId": group,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"group": group},
    }


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"api_key": "gen+eral/key=", "group_name": "anyone"}, policy("Allow", "anyone")),
        ({"api_key": "gen eral/key=", "group_name": "anyone"}, policy("Allow", "anyone")),
        ({"api_key": "alphas", "group_name": "team-alpha"}, policy("Allow", "team-alpha")),
        ({"api_key": "alphas", "group_name": "team-beta"}, policy("Deny", "team-beta")),
        ({"api_key": "wrong", "group_name": "anyone"}, policy("Deny", "anyone")),
        ({"api_key": "alphas", "group_name": "a" * 65}, policy("Deny", "a" * 65)),
        ({"api_key": "gen+eral/key=", "group_name": "a" * 65}, policy("Deny", "a" * 65)),
    ],
)
def test_a_handshake_is_allowed_or_denied(query: dict[str, str], answer: dict[str, Any]) -> None:
    assert websocket_response(authorize_event(query), KEYS) == answer


@pytest.mark.parametrize(
    "query",
    [None, {}, {"api_key": "gen+eral/key="}, {"group_name": "a"}, {"api_key": "", "group_name": "a"}],
)
def test_a_handshake_without_credentials_raises_the_text_that_the_gateway_turns_into_401(
    query: dict[str, str] | None,
) -> None:
    with pytest.raises(MissingCredentials) as refused:
        websocket_response(authorize_event(query), KEYS)
    assert str(refused.value) == "Unauthorized"


def test_refused_handshakes_are_in_the_access_log_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    websocket_response(authorize_event({"api_key": "wrong-key", "group_name": "team-beta"}), KEYS)
    with pytest.raises(MissingCredentials):
        websocket_response(authorize_event({"group_name": "team-beta"}), KEYS)
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert [json.loads(line)["status"] for line in lines] == [403, 401]
    for line in lines:
        assert json.loads(line)["level"] == "INFO"
        assert json.loads(line)["group"] == "team-beta"
        assert "wrong-key" not in line


class Secret:
    """The secret in moto, the authorizer's keys, and the time of both caches."""

    def __init__(self) -> None:
        self._client = client("secretsmanager", region=REGION)
        self._client.create_secret(Name="bus-simulator/api-key", SecretString=SECRET)
        self.watch = HandWatch()
        self.keys = SecretKeyRing(self._client, "bus-simulator/api-key", refresh_s=60.0, now_s=self.watch)

    def rotate(self, text: str) -> None:
        self._client.put_secret_value(SecretId="bus-simulator/api-key", SecretString=text)


@pytest.fixture
def secret(aws: None) -> Secret:
    return Secret()


def echo(event: Any, _context: object) -> ProxyResponse:
    """A function whose response is the authorizer's verdict."""
    verdict = event["requestContext"]["authorizer"]["lambda"]["verdict"]
    return {"statusCode": 200 if verdict == ALLOWED else 401, "headers": {}, "body": verdict}


PATH = "/people-count/S001?mode=latest"


def status(api: HttpApi, key: str, group: str = "anyone") -> int:
    return api.request("GET", PATH, {"x-api-key": key, "x-group-name": group}).status_code


def test_a_changed_key_takes_effect_within_five_minutes_and_the_old_one_stops(secret: Secret) -> None:
    api = HttpApi(echo, secret.keys, secret.watch)
    assert status(api, "gen+eral/key=") == 200
    assert status(api, "new") == 401
    secret.watch.seconds += 59
    secret.rotate(json.dumps({"api_key": "new"}))
    began = secret.watch.seconds
    assert status(api, "gen+eral/key=", "newcomer") == 200
    while status(api, "new") == 401 or status(api, "gen+eral/key=") == 200:
        secret.watch.seconds += 1
        assert secret.watch.seconds - began <= 300
    assert status(api, "alphas", "team-alpha") == 401


def test_the_gateway_calls_the_authorizer_every_four_minutes_per_key_and_group(secret: Secret) -> None:
    api = HttpApi(echo, secret.keys, secret.watch)
    for _ in range(3):
        status(api, "gen+eral/key=")
    status(api, "gen+eral/key=", "another")
    assert api.authorized == 2
    secret.watch.seconds += TTL_S - 1
    status(api, "gen+eral/key=")
    assert api.authorized == 2
    secret.watch.seconds += 1
    status(api, "gen+eral/key=")
    assert api.authorized == 3


def test_a_changed_key_takes_effect_on_handshakes_within_a_minute(secret: Secret) -> None:
    def effect(key: str) -> str:
        event = authorize_event({"api_key": key, "group_name": "a"})
        found: str = websocket_response(event, secret.keys)["policyDocument"]["Statement"][0]["Effect"]
        return found

    assert effect("new") == "Deny"
    secret.rotate("new")
    secret.watch.seconds += 60
    assert [effect("new"), effect("gen+eral/key=")] == ["Allow", "Deny"]


def test_without_a_secret_the_authorizers_fail(aws: None) -> None:
    keys = SecretKeyRing(client("secretsmanager", region=REGION), "bus-simulator/none")
    with pytest.raises(DependencyUnavailable):
        rest_response(rest_event({"x-api-key": "a", "x-group-name": "b"}), keys)
    with pytest.raises(DependencyUnavailable):
        websocket_response(authorize_event({"api_key": "a", "group_name": "b"}), keys)
