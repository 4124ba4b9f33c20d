"""Each kind of deployment made from nothing by the real provider against moto, and destroyed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from scripts.planned import KINDS
from tests.terraform.deployment_checks import DOMAIN, check_named_apis, destroy, named_apis
from tests.terraform.known_drift import unexpected
from tests.terraform.planned import changes
from tests.terraform.stack import Stack

pytestmark = pytest.mark.terraform

REFUSED_NAMES: Mapping[str, tuple[Mapping[str, str], set[str]]] = {
    "a WebSocket's for servers": (
        {"front": "fargate", "domain": DOMAIN, "websocket_domain": DOMAIN},
        {'websocket_domain needs front = "lambda"', "websocket_domain must differ"},
    ),
    "the MCP server's for servers": (
        {"front": "fargate", "domain": DOMAIN, "mcp_domain": DOMAIN},
        {'mcp_domain needs front = "lambda"', "mcp_domain must differ"},
    ),
    "without a name": (
        {"certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01", "zone_id": "Z01"},
        {"certificate_arn needs domain,", "zone_id needs domain,"},
    ),
    "without a certificate": ({"domain": DOMAIN}, {"certificate_arn must be the ARN of a certificate"}),
}
"""Variables for domains that contradict each other, and what Terraform says."""


@pytest.mark.parametrize("case", REFUSED_NAMES)
def test_names_that_lead_nowhere_are_refused_by_a_plan(ready: Stack, case: str) -> None:
    chosen, refusals = REFUSED_NAMES[case]
    done = ready.terraform.run("plan", "-no-color", *(f"-var={name}={text}" for name, text in chosen.items()))
    said = " ".join(done.err.replace("│", "").split())
    assert done.code == 1
    assert {refusal for refusal in refusals if refusal not in said} == set(), said


@pytest.mark.parametrize("kind", ["aws", "hosted", "fargate"])
def test_each_kind_is_made_from_nothing_and_destroyed(ready: Stack, kind: str) -> None:
    """Servers and Aurora, the fourth kind, are destroyed in `test_apply`."""
    assert KINDS.keys() - {"aws", "hosted", "fargate"} == {"aurora"}
    named = named_apis(ready.moto) if kind == "aws" else {}
    chosen = {**KINDS[kind], **named}
    ready.keep_plan(**chosen)
    ready.apply()
    if kind == "aws":
        check_named_apis(ready, named["zone_id"])
    assert unexpected(changes(ready.plan(**chosen))) == {}
    destroy(ready)
