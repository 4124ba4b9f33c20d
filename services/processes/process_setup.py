"""A process of its own: what it takes from files and options, or shares with others by services of AWS.

While a service is away at the start, a part waits for it; later it goes on with what it had.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from services import logs, settings
from services.errors import InputError
from services.inputs.load import load_inputs
from services.inputs.network_reload import ReloadableInputs, fixed_inputs
from services.processes.all_in_one import closed_by_signals
from services.retry import Backoff
from simulator.clock import Clock
from storage.errors import DependencyUnavailable

log = logging.getLogger("bus_simulator.part")

S3 = "s3://"
NO_BOTO3 = "this needs the extra [aws]: pip install 'bus-simulator[aws]'"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PartSettings:
    """What `services.commands.options.part_options` set."""

    network: str | None
    seed: int | None
    scenario: str | None
    store: str
    speed: float = 1.0
    at: datetime | None = None
    network_refresh: timedelta = timedelta(seconds=10)
    clock_parameter: str | None = None
    log_group: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part at work: its settings, its clock, and its inputs, which may change."""

    settings: PartSettings
    clock: Clock
    inputs: ReloadableInputs

    @property
    def network_may_change(self) -> bool:
        """Whether its network is one that others may replace."""
        return is_in_s3(self.settings.network)


def client(service: str) -> Any:
    """A client of a service of AWS that the process shares with others. Raises `InputError` without boto3."""
    try:
        from storage.aws_clients import client as made
    except ModuleNotFoundError as error:
        raise InputError(f"{NO_BOTO3} ({error.name} is missing)") from error
    return made(service, region=settings.region())


@contextmanager
def part(chosen: PartSettings, *, moves_clock: bool = False) -> Iterator[Part | None]:
    """The part, until its clock is closed; None where it is told to end while it still waits for a service.

    SIGTERM and SIGINT close the clock. Raises `InputError`.
    """
    with ExitStack() as stack:
        if chosen.log_group is not None:
            from services.aws.cloudwatch_logs import logging_to_cloudwatch

            stack.enter_context(logging_to_cloudwatch(client("logs"), chosen.log_group))
            logs.access.disabled = False  # CloudWatch gets every request, also where a terminal doesn't
        clock = stack.enter_context(clock_of(chosen, moves_clock=moves_clock))
        stack.enter_context(closed_by_signals(clock))
        inputs = patiently(lambda: followed_inputs(chosen, clock), clock)
        yield None if inputs is None else Part(chosen, clock, inputs)


@contextmanager
def clock_of(chosen: PartSettings, *, moves_clock: bool) -> Iterator[Clock]:
    """The clock: its own, or the one that a parameter has."""
    if chosen.clock_parameter is None:
        yield Clock(start=chosen.at, rate=chosen.speed)
        return
    if chosen.at is not None or chosen.speed != 1:
        raise InputError("--clock-parameter says what --at and --speed would: leave them out")
    from services.aws.ssm_clock import SsmClock, SsmClockParameter, following

    parameter = SsmClockParameter(client("ssm"), chosen.clock_parameter)
    with following(SsmClock(parameter, keeps=moves_clock)) as clock:
        yield clock


def followed_inputs(chosen: PartSettings, clock: Clock) -> ReloadableInputs:
    """The inputs, once the clock shows what others' do. Raises `InputError`, `DependencyError`."""
    from services.aws.ssm_clock import SsmClock

    if isinstance(clock, SsmClock):
        clock.follow()
    return inputs_of(chosen)


def inputs_of(chosen: PartSettings) -> ReloadableInputs:
    """The inputs, of which the network is watched where it is an object in S3."""
    if not is_in_s3(chosen.network):
        path = None if chosen.network is None else Path(chosen.network)
        return fixed_inputs(load_inputs(path, chosen.seed, chosen.scenario))
    from services.aws.s3_network import S3Network

    try:
        kept = S3Network(client("s3"), str(chosen.network))
    except ValueError as error:
        raise InputError(str(error)) from error
    return ReloadableInputs(lambda: kept.load(chosen.seed, chosen.scenario), kept.changed)


def is_in_s3(network: str | None) -> bool:
    """Whether a network is named by an URL of S3."""
    return network is not None and network.startswith(S3)


def patiently(attempt: Callable[[], T], clock: Clock) -> T | None:
    """What `attempt` gives once what it needs can be reached; None if the clock is closed before."""
    backoff = Backoff()
    while not clock.closed:
        try:
            return attempt()
        except DependencyUnavailable as error:
            log.warning("waiting: %s", error)
            clock.rest(backoff.next_pause_s())
    return None
