"""Host and Origin headers that a server accepts."""

from __future__ import annotations

import socket

import pytest

from services.access.allowed_hosts import ForeignHost, ForeignOrigin, hosts_for


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST"])
def test_a_loopback_server_accepts_loopback_names(host: str) -> None:
    hosts_for("127.0.0.1").check({"host": host, "origin": f"http://{host}"})


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "localhost.example.org", "", "[::1"])
def test_a_loopback_server_refuses_other_hosts(host: str) -> None:
    with pytest.raises(ForeignHost, match="not allowed; --allowed-hosts lists others"):
        hosts_for("127.0.0.1").check({"host": host})


def test_a_page_of_another_origin_is_refused() -> None:
    with pytest.raises(ForeignOrigin, match=r"Origin 'https://example\.org' is not allowed"):
        hosts_for("127.0.0.1").check({"host": "localhost", "origin": "https://example.org"})


def test_other_servers_accept_addresses_and_the_machines_name() -> None:
    hosts = hosts_for("0.0.0.0")
    for host in ("192.0.2.1:8080", "[2001:db8::1]", socket.gethostname()):
        hosts.check({"host": host})
    with pytest.raises(ForeignHost):
        hosts.check({"host": "rebound.example.org"})


def test_listed_hosts_are_accepted_and_a_star_allows_all() -> None:
    hosts_for("127.0.0.1", ["Buses.Example.org"]).check({"host": "buses.example.org:443"})
    hosts_for("127.0.0.1", ["*"]).check({"host": "anything", "origin": "null"})


def test_long_values_are_clipped_in_messages() -> None:
    with pytest.raises(ForeignHost) as refusal:
        hosts_for("127.0.0.1").check({"host": "x" * 1000})
    assert len(str(refusal.value)) < 200
