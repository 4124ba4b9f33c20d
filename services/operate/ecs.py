"""The deployment's ECS services: how they are, restarting and scaling them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import CLUSTER, SERVICES

MOST_AT_ONCE = 10
"""ECS describes no more services a call."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """How a service is: `status` is ECS's own, `ACTIVE` while it isn't being removed."""

    name: str
    status: str
    running: int
    desired: int
    pending: int

    @property
    def fault(self) -> str | None:
        """What is wrong with a service that should run, None where nothing is."""
        if self.status != "ACTIVE":
            return f"the service is {self.status}"
        if not self.desired:
            return "scaled to no task"
        if self.running < self.desired:
            return f"{self.running} of {self.desired} tasks run, {self.pending} are starting"
        return None


class EcsServices:
    """The services of a cluster. Everything raises `AwsProblem`."""

    def __init__(self, ecs: Any, cluster: str = CLUSTER) -> None:
        self._ecs, self._cluster = ecs, cluster

    def states(self, names: Sequence[str] = SERVICES) -> Mapping[str, ServiceState]:
        """The services of those names that there are."""
        found: dict[str, ServiceState] = {}
        for first in range(0, len(names), MOST_AT_ONCE):
            part = list(names[first : first + MOST_AT_ONCE])
            described = partial(self._ecs.describe_services, cluster=self._cluster, services=part)
            answer = call_aws(described, f"the services of cluster {self._cluster}")
            found |= {each["serviceName"]: service_state_from(each) for each in answer["services"]}
        return found

    def restart(self, name: str) -> None:
        """Start new tasks of a service, which take the place of those that run."""
        self._update(name, forceNewDeployment=True)

    def scale(self, name: str, tasks: int) -> None:
        """Let so many tasks of a service run."""
        self._update(name, desiredCount=tasks)

    def _update(self, name: str, **change: Any) -> None:
        if name not in self.states([name]):
            raise AwsProblem(f"no service {name} in cluster {self._cluster}")
        update = partial(self._ecs.update_service, cluster=self._cluster, service=name, **change)
        call_aws(update, f"changing service {name}")


def service_state_from(described: Mapping[str, Any]) -> ServiceState:
    """A service as `DescribeServices` has it."""
    return ServiceState(
        name=described["serviceName"],
        status=described["status"],
        running=described["runningCount"],
        desired=described["desiredCount"],
        pending=described["pendingCount"],
    )
