"""Which endpoints AWS clients call directly, although the environment sets an HTTP proxy."""

from __future__ import annotations

import pytest

from storage.aws_clients import client, is_loopback
from tests.fake_servers import http_server
from tests.timestream_endpoint import KEYS, REGION

ACCOUNT = """\
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>
"""


def test_an_endpoint_on_this_machine_is_reached_directly_despite_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**KEYS, "HTTP_PROXY": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    with http_server(lambda _path, _headers: (200, ACCOUNT)) as url:
        sts = client("sts", region=REGION, endpoint_url=url)
        assert sts.get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://localhost:4566", True),
        ("http://[::1]:4566", True),
        ("https://sts.eu-west-1.amazonaws.com", False),
        ("http://localstack:4566", False),
        ("http://10.0.0.1:4566", False),
        (None, False),
    ],
)
def test_only_addresses_of_this_machine_are_loopback(url: str | None, *, expected: bool) -> None:
    assert is_loopback(url) is expected
