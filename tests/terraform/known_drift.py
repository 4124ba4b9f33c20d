"""Known drift: what a second plan on moto would change, but not on AWS, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.terraform.planned import Change


@dataclass(frozen=True, slots=True)
class Drift:
    """Attributes of the resources whose address matches."""

    address: str
    attributes: frozenset[str]
    reason: str


HARMLESS = (("update",), ("read",))
"""What a drift may come to: nothing is made or removed for it."""

DRIFTS = (
    Drift(
        r"module\.\w+(\[\"?\w+\"?\])?\.aws_ecs_service\..*",
        frozenset({"availability_zone_rebalancing", "health_check_grace_period_seconds"}),
        "moto's services say nothing of them",
    ),
    Drift(
        r"module\.front\[0\]\.aws_appautoscaling_target\.tasks",
        frozenset({"tags_all"}),
        "moto's scalable targets have no tags",
    ),
    Drift(
        r"module\.aurora\[0\]\.aws_rds_cluster\.store",
        frozenset({"scaling_configuration"}),
        "moto's clusters all have that of Serverless v1",
    ),
    Drift(
        r".*\.aws_lambda_function\..*",
        frozenset({"logging_config"}),
        "moto's functions say nothing of where they log",
    ),
    Drift(
        r".*\.aws_vpc_security_group_(in|e)gress_rule\..*",
        frozenset({"description"}),
        "moto drops the description of a rule that names another group",
    ),
    Drift(
        r"module\.websocket_api\[0\]\.aws_apigatewayv2_api\.websocket",
        frozenset({"ip_address_type"}),
        "moto doesn't know dualstack",
    ),
    Drift(
        r"module\.websocket_api\[0\]\.data\.aws_iam_policy_document\.handler",
        frozenset({"id", "json", "minified_json", "statement"}),
        "read anew because the API it names would change",
    ),
    Drift(
        r"module\.websocket_api\[0\]\.aws_iam_role_policy\.function\[\"handler\"\]",
        frozenset({"policy"}),
        "the same, since the API it names would change",
    ),
)


def unexpected(changes: Mapping[str, Change]) -> Mapping[str, Change]:
    """The changes that no known drift explains."""
    return {address: change for address, change in changes.items() if not _known(address, change)}


def _known(address: str, change: Change) -> bool:
    known = (drift.attributes for drift in DRIFTS if re.fullmatch(drift.address, address))
    explained = bool(change.attributes) and change.attributes <= frozenset().union(*known)
    return explained and change.actions in HARMLESS
