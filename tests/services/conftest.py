"""Fixtures for tests of the services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.services.rest_served import EVERYWHERE, GATEWAY, TRANSPORTS, Served, parts
from tests.simulated_days import each_simulated_once
from tests.timestream_endpoint import KEYS, REGION


@pytest.fixture(scope="session", autouse=True)
def line_days() -> Iterator[None]:
    """Simulate each line-day once."""
    with each_simulated_once():
        yield


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS services mocked by moto in this process."""
    for name, value in (KEYS | {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}).items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


@pytest.fixture(scope="module", params=TRANSPORTS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The REST API, in process and over a socket."""
    context, store, feeders = parts(tmp_path_factory.mktemp("store"))
    with TRANSPORTS[request.param](context) as ask:
        yield Served(context, store, feeders, ask)


@pytest.fixture(scope="module", params=EVERYWHERE)
def anywhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The REST API, in process, over a socket, and as Lambda functions behind API Gateway."""
    context, store, feeders = parts(tmp_path_factory.mktemp("store"))
    with EVERYWHERE[request.param](context) as ask:
        yield Served(context, store, feeders, ask, by_gateway=request.param == GATEWAY)
