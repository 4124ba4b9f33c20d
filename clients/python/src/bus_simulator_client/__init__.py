"""Client of the Madrid Bus Real-Time Simulator: typed records, sync and async, over REST and WebSocket."""

from bus_simulator_client.async_client import AsyncClient
from bus_simulator_client.client import Client
from bus_simulator_client.errors import (
    BadRequest,
    BusSimulatorError,
    ErrorAnswer,
    NotFound,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from bus_simulator_client.models import (
    Bus,
    BusPosition,
    BusSensors,
    Health,
    Line,
    LineRoute,
    PeopleCount,
    Stop,
    StopSensors,
    StopVisit,
)
from bus_simulator_client.records import AsyncPages, Pages, Records, Snapshot
from bus_simulator_client.retries import Retries

__all__ = [
    "AsyncClient",
    "AsyncPages",
    "BadRequest",
    "Bus",
    "BusPosition",
    "BusSensors",
    "BusSimulatorError",
    "Client",
    "ErrorAnswer",
    "Health",
    "Line",
    "LineRoute",
    "NotFound",
    "Pages",
    "PeopleCount",
    "Records",
    "Retries",
    "Snapshot",
    "Stop",
    "StopSensors",
    "StopVisit",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
]
