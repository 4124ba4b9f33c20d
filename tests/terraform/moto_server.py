"""moto's server, with what else the provider asks for: tags of autoscaling's targets, a domain's state."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from moto.apigatewayv2.models import DomainName
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.server import main


def no_tags(_: ApplicationAutoScalingResponse) -> str:
    """The tags of a scalable target; moto lacks the operation."""
    return json.dumps({"Tags": {}})


def with_state(
    self: DomainName, told: Callable[[DomainName], dict[str, Any]] = DomainName.to_json
) -> dict[str, Any]:
    """A domain of API Gateway with its state and what its record points to, which moto leaves out."""
    said = {name: value for name, value in told(self).items() if value or name != "mutualTlsAuthentication"}
    state = {
        "apiGatewayDomainName": f"d-{self.domain_name.replace('.', '-')}.execute-api.eu-west-1.amazonaws.com",
        "domainNameStatus": "AVAILABLE",
        "hostedZoneId": "ZLY8HYME6SFDD",
    }
    configurations = [{**each, **state} for each in said["domainNameConfigurations"]]
    return {**said, "domainNameConfigurations": configurations}


if __name__ == "__main__":
    ApplicationAutoScalingResponse.list_tags_for_resource = no_tags  # type: ignore[attr-defined] # moto lacks it
    DomainName.to_json = with_state  # type: ignore[method-assign] # moto lacks a state
    main(sys.argv[1:])
