"""What `feed`, `serve` and `mcp` have in common: their clock, inputs and log, from options or shared on AWS.

While an AWS service can't be reached at the start, the process waits for it; later it continues with what it
read before.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from services import logs, settings
from services.console.work_progress import work_progress
from services.errors import InputError
from services.inputs.load import load_inputs
from services.inputs.network_reload import ReloadableInputs, fixed_inputs
from services.processes.termination import closed_by_signals
from services.retry import Backoff
from simulator.clock import Clock
from simulator.progress import OnProgress
from storage.errors import DependencyUnavailable
from storage.store import Store

log = logging.getLogger("bus_simulator.part")

S3 = "s3://"
NO_BOTO3 = "this needs the extra [aws]: pip install 'bus-simulator[aws]'"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """What `services.commands.options.process_options` set."""

    network: str | None
    seed: int | None
    scenario: str | None
    store: str
    speed: float = 1.0
    at: datetime | None = None
    network_refresh: timedelta = timedelta(seconds=10)
    clock_parameter: str | None = None
    journal_object: str | None = None
    log_group: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessSetup:
    """The settings, clock and inputs of a running process; its network may be replaced while it runs."""

    settings: ProcessSettings
    clock: Clock
    inputs: ReloadableInputs

    @property
    def network_may_change(self) -> bool:
        """Whether the network is an object in S3, which may be replaced."""
        return is_in_s3(self.settings.network)


def client(service: str) -> Any:
    """A client of an AWS service in the region of this process. Raises `InputError` without boto3."""
    try:
        from storage.aws_clients import client as made
    except ModuleNotFoundError as error:
        raise InputError(f"{NO_BOTO3} ({error.name} is missing)") from error
    return made(service, region=settings.region())


@contextmanager
def process_setup(chosen: ProcessSettings, *, moves_clock: bool = False) -> Iterator[ProcessSetup | None]:
    """Set the process up; None if a signal ends it while it still waits for an AWS service.

    In the block SIGTERM and SIGINT close the clock. `moves_clock` says that the process may move a shared
    clock. Raises `InputError`.
    """
    with ExitStack() as stack:
        if chosen.log_group is not None:
            from services.aws.cloudwatch_logs import logging_to_cloudwatch

            stack.enter_context(logging_to_cloudwatch(client("logs"), chosen.log_group))
            logs.access.disabled = False  # CloudWatch gets every request, also where a terminal doesn't
        clock = stack.enter_context(clock_of(chosen, moves_clock=moves_clock))
        stack.enter_context(closed_by_signals(clock))
        inputs = retry_until_closed(lambda: first_inputs(chosen, clock), clock)
        yield None if inputs is None else ProcessSetup(chosen, clock, inputs)


@contextmanager
def clock_of(chosen: ProcessSettings, *, moves_clock: bool) -> Iterator[Clock]:
    """The process's own clock, or the one that an SSM parameter holds for all processes."""
    if chosen.clock_parameter is None:
        yield Clock(start=chosen.at, rate=chosen.speed)
        return
    if chosen.at is not None or chosen.speed != 1:
        raise InputError("--clock-parameter takes the place of --at and --speed: leave them out")
    from services.aws.ssm_clock import SsmClock, SsmClockParameter, following

    parameter = SsmClockParameter(client("ssm"), chosen.clock_parameter)
    with following(SsmClock(parameter, keeps=moves_clock)) as clock:
        yield clock


def first_inputs(chosen: ProcessSettings, clock: Clock) -> ReloadableInputs:
    """The inputs, after a shared clock was read. Raises `InputError`, `DependencyError`."""
    from services.aws.ssm_clock import SsmClock

    if isinstance(clock, SsmClock):
        clock.follow()
    with work_progress() as progress:
        return inputs_of(chosen, progress)


def inputs_of(chosen: ProcessSettings, on_progress: OnProgress) -> ReloadableInputs:
    """The inputs, which may change where the network is an object in S3.

    Raises `InputError`, `DependencyError`.
    """
    if not is_in_s3(chosen.network):
        path = None if chosen.network is None else Path(chosen.network)
        return fixed_inputs(load_inputs(path, chosen.seed, chosen.scenario, on_progress))
    from services.aws.s3_network import S3Network

    try:
        kept = S3Network(client("s3"), str(chosen.network))
    except ValueError as error:
        raise InputError(str(error)) from error
    seed, scenario = chosen.seed, chosen.scenario
    return ReloadableInputs(
        lambda: kept.load(seed, scenario),
        kept.changed,
        lambda run: kept.earlier(run, seed, scenario),
        lambda: kept.replaced_at,
    )


def journaled(store: Store, journal_url: str | None, *, copies: bool = False) -> Store:
    """A store whose journal is the object at a URL; the store itself without one.

    With `copies` the journal is copied into the store as it is read. Raises `InputError` for another URL.
    """
    if journal_url is None:
        return store
    from services.aws.journal.journaled_store import JournaledStore
    from services.aws.journal.s3_journal import S3Journal

    try:
        journal = S3Journal(client("s3"), journal_url)
    except ValueError as error:
        raise InputError(str(error)) from error
    return JournaledStore(store, journal, copies=copies)


def is_in_s3(network: str | None) -> bool:
    """Whether a network is named by an S3 URL."""
    return network is not None and network.startswith(S3)


def retry_until_closed(attempt: Callable[[], T], clock: Clock, *, patience_s: float = math.inf) -> T | None:
    """The result of `attempt`, repeated with growing pauses while a dependency can't be reached.

    None if the clock is closed before. After pauses of `patience_s` in all the last failure is raised.
    """
    backoff, paused_s = Backoff(), 0.0
    while not clock.closed:
        try:
            return attempt()
        except DependencyUnavailable as error:
            if paused_s >= patience_s:
                raise
            log.warning("not started yet, retrying: %s", error)
            pause_s = min(backoff.next_pause_s(), patience_s - paused_s)
            clock.rest(pause_s)
            paused_s += pause_s
    return None
