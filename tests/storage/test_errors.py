"""Passwords that messages don't show: of URLs, also of malformed ones, and of settings in a text."""

from __future__ import annotations

from storage.errors import without_password, without_passwords
from tests.case_table import each_case

URLS = {
    "postgresql://me:hidden@host:1/bus": "postgresql://me:***@host:1/bus",
    "postgresql://:hidden@host/bus": "postgresql://:***@host/bus",
    "postgresql://me:hid@hidden@host/bus": "postgresql://me:***@host/bus",
    "postgresql://me:hid/hidden@host/bus": "postgresql://me:***@host/bus",
    "postgresql://me:hid?hidden@host/bus": "postgresql://me:***@host/bus",
    "postgresql://me:hid#hidden@host/bus": "postgresql://me:***@host/bus",
    "postgresql://me:hid hidden@host/bus": "postgresql://me:***@host/bus",
    "postgresql://me:hid\nhidden@host/bus": "postgresql://me:***@host/bus",
    "postgresql:/me:hidden@host/bus": "postgresql:***@host/bus",
    "me:hidden@host/bus": "me:***@host/bus",
    "postgresql://host/bus?user=me&password=hidden": "postgresql://host/bus?user=me&password=***",
    "postgresql://host/bus?password=hid&hidden&user=me": "postgresql://host/bus?password=***&user=me",
    "postgresql://host/bus?pass%77ord=hidden": "postgresql://host/bus?password=***",
    "postgresql://host/bus?sslpassword=hidden": "postgresql://host/bus?sslpassword=***",
    "postgresql://host/bus?oauth_client_secret=hidden": "postgresql://host/bus?oauth_client_secret=***",
    "postgresql://me@host/bus?read_url=postgresql%3A%2F%2Fme%3Ahidden%40other%2Fbus": (
        "postgresql://me@host/bus?read_url=postgresql://me:***@other/bus"
    ),
    "host=here password=hidden dbname=bus": "host=here password=*** dbname=bus",
    "postgresql://me@host:5432/bus?schema=city": "postgresql://me@host:5432/bus?schema=city",
    "duckdb:/data/a:b@c.duckdb": "duckdb:/data/a:b@c.duckdb",
    "timestream://bus?region=eu-west-1&endpoint_url=http://127.0.0.1:1": (
        "timestream://bus?region=eu-west-1&endpoint_url=http://127.0.0.1:1"
    ),
}
TEXTS = {
    "'https://me:hidden@host/x' and 'https://you:hidden@host/y'": (
        "'https://me:***@host/x' and 'https://you:***@host/y'"
    ),
    "https:/me:hidden@host/x: no such file": "https:/me:***@host/x: no such file",
    'at "http://127.0.0.1:8080/a", by "me@host"': 'at "http://127.0.0.1:8080/a", by "me@host"',
    "user=me PASSWORD = hidden host=here": "user=me PASSWORD = *** host=here",
    r"host=here password='hid\'den' port=1": "host=here password=*** port=1",
    'password="hid den" x': "password=*** x",
    '"password=hidden" is wrong': '"password=***" is wrong',
    "http://host/?key=shown&limit=1": "http://host/?key=shown&limit=1",
}


@each_case("shown, expected", URLS.items())
def test_a_url_is_shown_without_its_password(shown: str, expected: str) -> None:
    assert without_password(shown) == expected
    assert without_password(expected) == expected


@each_case("shown, expected", TEXTS.items())
def test_a_text_is_shown_without_passwords(shown: str, expected: str) -> None:
    assert without_passwords(shown) == expected
    assert without_passwords(expected) == expected
