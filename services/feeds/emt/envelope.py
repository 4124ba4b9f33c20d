"""The envelope of every answer of EMT's API, its codes, and which error has which.

EMT answers most errors with HTTP 200 and a code. Only what concerns a token is 401. Errors for which EMT has
no code, such as a path that doesn't exist, have code 90 and the status that they have elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from starlette.responses import Response

from services.errors import DailyLimitExceeded, MethodNotAllowed, ServiceError, TooManyRequests
from services.queries.bodies import Body, describe_error
from services.web.handlers import json_response
from simulator.network import MADRID_TIME, Network

FINE, LOGGED_IN = "00", "01"
LIMIT_REACHED, OTHER_ERROR = "98", "90"
RECOVERED = "Data recovered OK"
LIMIT_TEXT = "Limit use API reached"


class Refusal(ServiceError):
    """An error for which EMT has a code."""

    status = 200
    code: ClassVar[str]
    data: Sequence[Body] = ()

    @property
    def description(self) -> object:
        """What the answer's `description` says."""
        return str(self)


class NothingFound(Refusal):
    """The network has no such stop or line, or the line doesn't come to the stop."""

    code = "80"


NO_ARRIVALS: Body = {"Arrive": [], "StopInfo": [], "ExtraInfo": [], "Incident": {}}


class NoArrivals(NothingFound):
    """Arrivals were asked of a stop or line that isn't there. EMT's description is a list then."""

    data = (NO_ARRIVALS,)

    @property
    def description(self) -> object:
        """The description in two languages."""
        return [
            {"ES": "Parada no disponible actualmente o inexistente"},
            {"EN": "Bus Stop disabled or not exists"},
            {"EN": str(self)},
        ]


class InvalidToken(Refusal):
    """The access token is missing, wrong or expired."""

    status = 401
    code = "80"

    def __init__(self) -> None:
        super().__init__("The token is missing, wrong or expired: send the accessToken of a login")


class WrongApplicationKeys(Refusal):
    """No key belongs to `X-ClientId` and `passKey`."""

    code = "84"

    def __init__(self) -> None:
        super().__init__("Error: wrong X-ClientId or passKey")


class WrongPassword(Refusal):
    """The password is no key."""

    code = "92"

    def __init__(self) -> None:
        super().__init__("Error: Invalid user or Password")


class NoCredentials(Refusal):
    """The login has neither e-mail and password nor the keys of an application."""

    code = "99"

    def __init__(self) -> None:
        super().__init__("Error: no credentials: send email and password, or X-ClientId and passKey")


class LocalTime:
    """Writes instants as EMT does: local time, without an offset."""

    def __init__(self, network: Network) -> None:
        zones = [line.timezone for line in network.lines]
        self.zone = ZoneInfo(zones[0] if zones else MADRID_TIME)

    def __call__(self, instant: datetime) -> str:
        """Return an instant as text, such as 2026-03-02T08:30:10.000000."""
        return instant.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="microseconds")


def answer(data: Sequence[Body], time: str, *, code: str = FINE, description: str = RECOVERED) -> Response:
    """Return an answer with its code."""
    return json_response(envelope(data, time, code, description))


def envelope(data: Sequence[Body], time: str, code: str, description: object) -> Body:
    """The body of every answer; `time` is the simulated present."""
    return {"code": code, "description": description, "datetime": time, "data": list(data)}


def refusal_answer(error: ServiceError, time: str) -> Response:
    """Return the answer to an error."""
    found = describe_error(error)
    if isinstance(error, TooManyRequests):
        status = 200 if isinstance(error, DailyLimitExceeded) else error.status
        body = envelope((), time, LIMIT_REACHED, f"{LIMIT_TEXT}: {error}")
        return json_response(body, status, found.headers)
    if isinstance(error, Refusal):
        body = envelope(error.data, time, error.code, error.description)
    else:
        hint = f". {error.hint}" if error.hint else ""
        if isinstance(error, MethodNotAllowed):
            hint = f": this call takes {' or '.join(error.allowed)}"
        body = envelope((), time, OTHER_ERROR, f"Error: {error}{hint}")
    return json_response(body, found.status, found.headers)
