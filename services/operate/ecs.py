"""The state of a deployment's ECS services; restarting and scaling them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import (
    API_SERVICE,
    CLUSTER,
    FEEDER_SERVICES,
    HOSTED_SERVICE,
    MCP_SERVICE,
    SERVICES,
)

if TYPE_CHECKING:
    from types_boto3_ecs.client import ECSClient
    from types_boto3_ecs.type_defs import ServiceTypeDef, UpdateServiceRequestTypeDef

REMOVED = "INACTIVE"
"""The status of a service that was removed, which ECS still describes for a while."""
STORE_VARIABLE = "BUS_SIMULATOR_STORE"
MOST_AT_ONCE = 10
"""How many services ECS describes per call."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The state of a service. `status` is ECS's: `ACTIVE` unless it is being removed."""

    name: str
    status: str
    running: int
    desired: int
    pending: int

    @property
    def fault(self) -> str | None:
        """What is wrong with a service that should run, None if nothing is."""
        if self.status != "ACTIVE":
            return f"the service is {self.status}"
        if not self.desired:
            return "scaled to no task"
        if self.running < self.desired:
            return f"{self.running} of {self.desired} tasks run, {self.pending} are starting"
        return None


class EcsServices:
    """The services of a cluster. Methods raise `AwsProblem`."""

    def __init__(self, ecs: ECSClient, cluster: str = CLUSTER) -> None:
        self._ecs, self._cluster = ecs, cluster

    def states(self, names: Sequence[str] = SERVICES) -> Mapping[str, ServiceState]:
        """The states of the named services that exist."""
        found: dict[str, ServiceState] = {}
        for first in range(0, len(names), MOST_AT_ONCE):
            part = list(names[first : first + MOST_AT_ONCE])
            described = partial(self._ecs.describe_services, cluster=self._cluster, services=part)
            answer = call_aws(described, f"the services of cluster {self._cluster}")
            described_services = [each for each in answer["services"] if each["status"] != REMOVED]
            found |= {each["serviceName"]: service_state_from(each) for each in described_services}
        return found

    def expected(self) -> tuple[str, ...]:
        """The services that the deployment must have: API servers, if there are some, or the MCP server."""
        found = self.states([API_SERVICE, HOSTED_SERVICE])
        answering = API_SERVICE if API_SERVICE in found else MCP_SERVICE
        return (*FEEDER_SERVICES, answering, *(name for name in (HOSTED_SERVICE,) if name in found))

    def uses_timestream(self) -> bool:
        """Whether feeders write into Amazon Timestream: not into a hosted endpoint or PostgreSQL."""
        if HOSTED_SERVICE in self.states([HOSTED_SERVICE]):
            return False
        return not self.store_url().startswith("postgresql:")

    def store_url(self) -> str:
        """The URL of the store that the feeders write into; empty if it isn't known."""
        service = self._described(FEEDER_SERVICES[0])
        if service is None:
            return ""
        asked = partial(self._ecs.describe_task_definition, taskDefinition=service["taskDefinition"])
        task = call_aws(asked, f"the task definition of {FEEDER_SERVICES[0]}")["taskDefinition"]
        settings = [each for container in task["containerDefinitions"] for each in container["environment"]]
        return next((each["value"] for each in settings if each["name"] == STORE_VARIABLE), "")

    def run_once(self, name: str, command: Sequence[str], *, cpu: int, memory: int) -> str:
        """Run a command in a task like those of a service, with so many CPU units and MiB; return its id."""
        service = self._described(name)
        if service is None:
            raise AwsProblem(f"no service {name} in cluster {self._cluster}")
        asked = partial(
            self._ecs.run_task,
            cluster=self._cluster,
            launchType="FARGATE",
            taskDefinition=service["taskDefinition"],
            networkConfiguration=service["networkConfiguration"],
            overrides={
                "cpu": str(cpu),
                "memory": str(memory),
                "containerOverrides": [{"name": name, "command": list(command)}],
            },
        )
        answer = call_aws(asked, f"running a task of {name}")
        if not answer["tasks"]:
            raise AwsProblem(f"no task of {name} starts: {answer['failures'][0].get('reason', 'no reason')}")
        return answer["tasks"][0]["taskArn"].rpartition("/")[2]

    def _described(self, name: str) -> ServiceTypeDef | None:
        asked = partial(self._ecs.describe_services, cluster=self._cluster, services=[name])
        found = call_aws(asked, f"the services of cluster {self._cluster}")["services"]
        return next((each for each in found if each["status"] != REMOVED), None)

    def restart(self, name: str) -> None:
        """Replace the running tasks of a service with new ones."""
        self._update({"cluster": self._cluster, "service": name, "forceNewDeployment": True})

    def scale(self, name: str, tasks: int) -> None:
        """Set the number of tasks of a service."""
        self._update({"cluster": self._cluster, "service": name, "desiredCount": tasks})

    def _update(self, request: UpdateServiceRequestTypeDef) -> None:
        name = request["service"]
        if name not in self.states([name]):
            raise AwsProblem(f"no service {name} in cluster {self._cluster}")
        call_aws(partial(self._ecs.update_service, **request), f"changing service {name}")


def service_state_from(described: ServiceTypeDef) -> ServiceState:
    """The state in an answer of `DescribeServices`."""
    return ServiceState(
        name=described["serviceName"],
        status=described["status"],
        running=described["runningCount"],
        desired=described["desiredCount"],
        pending=described["pendingCount"],
    )
