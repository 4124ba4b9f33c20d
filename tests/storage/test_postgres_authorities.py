"""The authorities of a PostgreSQL URL: fetched from an address, once, into a file for libpq."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from storage.errors import StoreError, StoreUnavailable
from storage.postgres import authorities
from storage.postgres.authorities import with_local_authorities

PEM = b"# comment\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def test_an_address_becomes_a_file_with_its_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(address: str, *, timeout: float) -> BytesIO:
        asked.append(address)
        assert timeout < 30
        return BytesIO(PEM)

    monkeypatch.setattr(authorities, "urlopen", answer)
    given = {
        "host": "db",
        "sslmode": "verify-full",
        "sslrootcert": "https://authorities.example/eu-west-1.pem",
    }
    first, second = with_local_authorities(given), with_local_authorities(given)
    assert Path(first["sslrootcert"]).read_bytes() == PEM
    assert (first, asked) == (second, [given["sslrootcert"]])
    assert first == {**given, "sslrootcert": first["sslrootcert"]}


def test_files_and_other_settings_stay_as_they_are() -> None:
    for given in ({"host": "db"}, {"sslrootcert": "system"}, {"sslrootcert": "/etc/ssl/ca.pem"}):
        assert with_local_authorities(given) == given


def test_an_address_without_certificates_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorities, "urlopen", lambda _address, timeout: BytesIO(b"<html>"))
    with pytest.raises(StoreError, match=r"https://example\.org/page has no certificates"):
        with_local_authorities({"sslrootcert": "https://example.org/page"})


def test_an_address_that_does_not_answer_can_be_tried_again() -> None:
    with pytest.raises(StoreUnavailable, match=r"https://127\.0\.0\.1:1/ca\.pem can't be fetched"):
        with_local_authorities({"sslrootcert": "https://127.0.0.1:1/ca.pem"})
