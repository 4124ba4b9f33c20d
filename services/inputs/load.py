"""The inputs of a command, from its options: network, scenario, seed, run, model, and the store's URL."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import InputError
from services.inputs.scenario_library import find_scenario, shipped
from services.settings import DEFAULT_STORE, default_network, store_token
from simulator.progress import OnProgress, ignore_progress
from storage.errors import StoreUnavailable
from storage.runs import scenario_by_digest
from storage.store import Run, Store

if TYPE_CHECKING:
    from simulator.city import City
    from simulator.network import Network
    from simulator.scenario.scenario import Scenario
    from storage.timestream_store import TimestreamStore

MANY_LINES = 20
"""A network with fewer lines is simulated in one process: starting more would take longer."""

DUCKDB, LAKE = "duckdb:", "lake:"
DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """A network (with the scenario's extra buses), a seed, perhaps a scenario, and the run of all three.

    `without_extra_buses` is the network without them; None if there are none.
    """

    network: Network
    seed: int
    run: Run
    scenario: Scenario | None = None
    without_extra_buses: Network | None = None

    @property
    def plain_network(self) -> Network:
        """The network without the scenario's extra buses."""
        return self.without_extra_buses or self.network

    def city(
        self, jobs: int | None, on_progress: OnProgress = ignore_progress, *, ascending: bool = False
    ) -> City:
        """Return the model, with `jobs` processes; None chooses by the size of the network.

        If its windows are `ascending`, it keeps no line-days before the latest window.
        """
        from simulator.city import KEPT_DAYS, City

        return City(
            self.network,
            seed=self.seed,
            jobs=jobs or processes_for(self.network),
            scenario=self.scenario,
            on_progress=on_progress,
            kept_days=0 if ascending else KEPT_DAYS,
        )

    def scenario_words(self, digest: str) -> str:
        """Describe the scenario with a digest, by its name if it is this run's own or a shipped one.

        Loads every shipped scenario, since a digest doesn't contain the name: call it for messages only.
        """
        if self.scenario is not None and self.scenario.digest == digest:
            return f"the scenario {self.scenario.name}"
        names = (name for name in shipped() if digest_of_shipped(name) == digest)
        return next((f"the scenario {name}" for name in names), scenario_by_digest(digest))


def processes_for(network: Network) -> int:
    """The number of processes that pays off for simulating a network's line-days."""
    return 1 if len(network.lines) < MANY_LINES else os.cpu_count() or 1


def digest_of_shipped(name: str) -> str | None:
    """The digest of a shipped scenario, None if it doesn't fit the default network."""
    try:
        return load_scenario(name)[0].digest
    except InputError:
        return None


def load_inputs(
    network_path: Path | None,
    seed: int | None,
    scenario: str | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Inputs:
    """Load the inputs of a run. Defaults come from the scenario, if any, else from the program.

    `scenario` is a name or path. Raises `InputError` for a missing or invalid file.
    """
    from simulator.day.line_day import MODEL_VERSION

    if scenario is None:
        network = load_network(network_path, on_progress)
        chosen = DEFAULT_SEED if seed is None else seed
        return Inputs(network, chosen, Run(chosen, network.digest, "", MODEL_VERSION))
    found, plain = load_scenario(scenario, network_path, on_progress)
    network, chosen = found.applied_to(plain), found.seed if seed is None else seed
    run = Run(chosen, network.digest, found.digest, MODEL_VERSION)
    return Inputs(network, chosen, run, found, plain)


def load_network(path: Path | None, on_progress: OnProgress = ignore_progress) -> Network:
    """Load the network of a file, a folder or a GTFS zip; for None the default one.

    Raises `InputError` with all that is wrong.
    """
    from simulator.files.problems import InputFileError
    from simulator.load_network import load_network as load

    path = path or default_network()
    try:
        return load(path, on_progress)
    except InputFileError as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from error


def load_scenario(
    text: str, network: Path | None = None, on_progress: OnProgress = ignore_progress
) -> tuple[Scenario, Network]:
    """Load a scenario by name or path, and its network (without the scenario's extra buses).

    `network` replaces the one that the file names, or the default one. Raises `InputError` with all that is
    wrong in either file.
    """
    from simulator.files.problems import InputFileError
    from simulator.load_network import load_network as load
    from simulator.scenario_files.loader import load_scenario as load_file

    loaded: list[Network] = []

    def network_of(named: Path | None) -> Network:
        loaded.append(load(network or named or default_network(), on_progress))
        return loaded[0]

    try:
        return load_file(find_scenario(text), network_of), loaded[0]
    except InputFileError as error:
        raise InputError(str(error)) from error


def opened(url: str, *, must_exist: bool = False, for_writing: bool = False, shard: str = "") -> Store:
    """Open the store at `url`. Raises `InputError` for an invalid URL, `StoreError` as `open_store` does.

    With `must_exist` a missing file raises `StoreUnavailable` instead of being created. With `for_writing` a
    lake raises `InputError`. For `shard` see `open_store`.
    """
    from storage.open import open_store

    if for_writing and url.startswith(LAKE):
        raise InputError(f"{url} can only be read: choose another --store; `generate` writes lakes")
    if must_exist and is_missing(url):
        raise StoreUnavailable(f"{store_path(url)} doesn't exist; `bus-simulator run` or `backfill` makes it")
    try:
        return open_store(url, shard=shard, token=store_token())
    except ValueError as error:
        raise InputError(str(error)) from error


def opened_timestream(url: str) -> TimestreamStore:
    """Open the Timestream database at `url`, which others make. Raises `InputError`, `StoreError`."""
    from storage.open import timestream_at

    try:
        return timestream_at(url, make=False, token=store_token())
    except ValueError as error:
        raise InputError(str(error)) from error


def is_missing(url: str) -> bool:
    """Whether a DuckDB store doesn't exist yet; False for other stores, which aren't asked."""
    return url.startswith(DUCKDB) and not store_path(url).exists()


def store_path(url: str) -> Path:
    """The file of a DuckDB store, beside which its key is kept; for other stores the default store's file."""
    return Path((url if url.startswith(DUCKDB) else DEFAULT_STORE).removeprefix(DUCKDB)).expanduser()


def beside(url: str, suffix: str) -> Path:
    """The file `suffix` beside a store's file, such as `bus.duckdb.api-key` beside `bus.duckdb`."""
    path = store_path(url)
    return path.with_name(path.name + suffix)
