"""What an account can do is said in one line for each check, also where AWS refuses to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from services.operate.account.preflight import CONNECTIONS, REQUESTS, VCPUS, Expected, Finding, preflight
from tests.services.aws.fake_aws import FakeClient, refused

EVENT = Expected("eu-west-1", teams=300, sockets=3000, vcpus=4, timestream=False)
USER = "arn:aws:iam::123456789012:user/organiser"
SESSION = "arn:aws:sts::123456789012:assumed-role/organiser/me"
ROLE = "arn:aws:iam::123456789012:role/people/organiser"


def account(*, concurrency: int, quotas: Mapping[str, float], denied: Sequence[str] = ()) -> Any:
    """Clients of an account: its Lambda concurrency, its quotas by code, actions that its caller lacks."""

    def quota(*, ServiceCode: str, QuotaCode: str) -> object:  # noqa: N803
        assert ServiceCode in ("apigateway", "fargate")
        return {"Quota": {"Value": quotas[QuotaCode]}}

    def simulated(*, PolicySourceArn: str, ActionNames: Sequence[str]) -> object:  # noqa: N803
        assert PolicySourceArn in (USER, ROLE)
        verdicts = {name: "implicitDeny" if name in denied else "allowed" for name in ActionNames}
        return {
            "EvaluationResults": [
                {"EvalActionName": name, "EvalDecision": verdict} for name, verdict in verdicts.items()
            ]
        }

    limits = {"AccountLimit": {"UnreservedConcurrentExecutions": concurrency}}
    clients = {
        "lambda": FakeClient(get_account_settings=limits),
        "service-quotas": FakeClient(get_service_quota=quota),
        "iam": FakeClient(simulate_principal_policy=simulated, get_role={"Role": {"Arn": ROLE}}),
    }
    return clients.__getitem__


def found(clients: Any, expected: Expected = EVENT, caller: str = USER) -> dict[str, Finding]:
    return {finding.check: finding for finding in preflight(clients, expected, caller)}


def test_an_account_with_enough_of_everything_passes_by_user_role_and_root() -> None:
    rich = account(concurrency=1000, quotas={VCPUS.code: 140, REQUESTS.code: 10_000, CONNECTIONS.code: 500})
    for caller in (USER, SESSION, "arn:aws:iam::123456789012:root"):
        assert {finding.verdict for finding in found(rich, caller=caller).values()} == {"ok"}
    assert "1,000, 180 are needed" in found(rich)["Lambda concurrency"].detail


def test_a_new_account_is_told_each_quota_to_ask_for_and_what_it_may_not_do() -> None:
    poor = account(
        concurrency=10,
        quotas={VCPUS.code: 2, REQUESTS.code: 600, CONNECTIONS.code: 50},
        denied=["iam:CreateRole"],
    )
    findings = found(poor, Expected("eu-south-2", teams=300, sockets=9000, vcpus=4, timestream=True))
    verdicts = [(finding.verdict, check) for check, finding in findings.items()]
    assert [verdict for verdict, _ in verdicts] == ["FAIL", *6 * ["low"]]
    said = "\n".join(map(str, findings.values()))
    for part in (
        "eu-south-2 has no Timestream",
        "10, 180 are needed: ask AWS for more in Service Quotas (lambda L-B99A9384)",
        "2, 4 are needed: ask AWS for more in Service Quotas (fargate L-3032A538)",
        "50, 300 are needed",
        "108,000 messages a tick, at most 100,000",
        "denies iam:CreateRole",
    ):
        assert part in said


@pytest.mark.parametrize("service", ["lambda", "service-quotas", "iam"])
def test_a_check_that_aws_refuses_is_said_and_others_go_on(service: str) -> None:
    rich = account(concurrency=1000, quotas={VCPUS.code: 140, REQUESTS.code: 10_000, CONNECTIONS.code: 500})

    def refuse(**_: object) -> object:
        raise refused("AccessDeniedException")

    silent = FakeClient(
        get_account_settings=refuse, get_service_quota=refuse, simulate_principal_policy=refuse
    )
    findings = found(lambda name: silent if name == service else rich(name))
    unknown = [finding for finding in findings.values() if finding.verdict == "?"]
    assert len(unknown) == (3 if service == "service-quotas" else 1)
    assert all("these credentials lack the permission" in finding.detail for finding in unknown)
    assert {finding.verdict for finding in findings.values()} == {"ok", "?"}
