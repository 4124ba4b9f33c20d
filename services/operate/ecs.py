"""The state of a deployment's ECS services; restarting and scaling them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import CLUSTER, SERVICES

if TYPE_CHECKING:
    from types_boto3_ecs.client import ECSClient
    from types_boto3_ecs.type_defs import ServiceTypeDef, UpdateServiceRequestTypeDef

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
            found |= {each["serviceName"]: service_state_from(each) for each in answer["services"]}
        return found

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
