"""The services of the cluster: their state, restart and scaling, and missing ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.operate.aws_problems import AwsProblem
from services.operate.ecs import EcsServices, ServiceState
from services.operate.resource_names import SERVICES
from tests.moto_aws import Account, account, make_services

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with account() as made:
        make_services(made.client("ecs"))
        make_services(made.client("ecs"), cluster="half", running=1, desired=2)
        yield made


def services(aws: Account, cluster: str = "bus-simulator-cluster") -> EcsServices:
    return EcsServices(aws.client("ecs"), cluster)


def test_every_service_is_described(aws: Account) -> None:
    states = services(aws).states()
    assert states == {name: ServiceState(name, "ACTIVE", 1, 1, 0) for name in SERVICES}
    assert {state.fault for state in states.values()} == {None}


def test_a_service_that_lacks_tasks_has_a_fault(aws: Account) -> None:
    state = services(aws, "half").states()["mcp-server"]
    assert state.fault == "1 of 2 tasks run, 1 are starting"
    assert ServiceState("s", "ACTIVE", 0, 0, 0).fault == "scaled to no task"
    assert ServiceState("s", "DRAINING", 1, 1, 0).fault == "the service is DRAINING"


def test_scaling_changes_the_desired_number_of_tasks(aws: Account) -> None:
    half = services(aws, "half")
    half.scale("sensors-feeder", 3)
    assert half.states()["sensors-feeder"].desired == 3
    assert half.states()["people-count-feeder"].desired == 2


def test_restarting_keeps_the_service_and_its_number_of_tasks(aws: Account) -> None:
    services(aws).restart("mcp-server")
    assert services(aws).states()["mcp-server"].desired == 1


def test_a_missing_service_is_named(aws: Account) -> None:
    with pytest.raises(AwsProblem, match="no service nobody in cluster bus-simulator-cluster"):
        services(aws).restart("nobody")
    with pytest.raises(AwsProblem, match="the services of cluster nowhere: ClusterNotFoundException"):
        services(aws, "nowhere").states()
