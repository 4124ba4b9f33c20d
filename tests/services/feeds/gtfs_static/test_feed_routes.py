"""`/gtfs.zip`: the served network as a feed, with an entity tag, and a key where other machines may ask."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.app import create_app
from services.context import Context
from simulator.gtfs.carried.carried_network import CARRIED
from tests.networks import line, network, street
from tests.services.rest_served import KEY, NO_KEY, Requester, Served, in_process, parts


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return parts(tmp_path_factory.mktemp("store"))[0]


@pytest.fixture(scope="module")
def asked(context: Context) -> Requester:
    """The API on an address that other machines reach."""
    return in_process(create_app(context))


@pytest.fixture(scope="module")
def open_asked(context: Context) -> Requester:
    """The API on a loopback address."""
    return in_process(create_app(replace(context, open_feeds=True)))


def test_it_is_the_served_network_everywhere_but_behind_the_gateway(anywhere: Served) -> None:
    answer = anywhere.ask("/gtfs.zip")
    if anywhere.by_gateway:
        assert (answer.status_code, answer.json()["error"]) == (404, "NotFound")
        return
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="gtfs.zip"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert anywhere.context.network.digest in archive.read(CARRIED).decode()


def test_its_entity_tag_is_known_before_it_is_made(context: Context) -> None:
    asked = in_process(create_app(context))
    tag = asked("/gtfs.zip", method="HEAD").headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        answer = in_process(create_app(context))("/gtfs.zip", KEY | {"if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert asked("/gtfs.zip", KEY | {"if-none-match": '"other"'}).status_code == 200


def test_head_has_the_headers_of_get(asked: Requester) -> None:
    head, get = asked("/gtfs.zip", method="HEAD"), asked("/gtfs.zip")
    assert head.content == b""
    assert head.headers == get.headers


@pytest.mark.parametrize(
    ("query", "headers", "status", "message"),
    [
        ("", KEY, 200, ""),
        ("?key=right&group=us", NO_KEY, 200, ""),
        ("?key=wrong&group=us", NO_KEY, 401, "Invalid API key"),
        ("?key=right", NO_KEY, 401, "Missing x-group-name header"),
        ("", NO_KEY, 401, "Missing x-api-key header"),
        ("?key=wrong", KEY, 401, "Invalid API key"),
        ("?tz=UTC", KEY, 400, "Unknown parameter: tz"),
        ("?groop=us", KEY, 400, "Unknown parameter: groop. Did you mean group?"),
    ],
)
def test_elsewhere_than_on_loopback_it_needs_key_and_group(
    asked: Requester, query: str, headers: Mapping[str, str], status: int, message: str
) -> None:
    answer = asked(f"/gtfs.zip{query}", headers)
    assert answer.status_code == status
    if message:
        assert answer.json()["message"].startswith(message)


def test_on_loopback_it_needs_neither(open_asked: Requester) -> None:
    assert open_asked("/gtfs.zip", NO_KEY).status_code == 200
    assert open_asked("/gtfs.zip?key=any&group=us", NO_KEY).status_code == 200
    assert open_asked("/gtfs.zip?line_id=L1", NO_KEY).status_code == 400
    assert open_asked("/gtfs.zip", NO_KEY, method="POST").status_code == 405
    assert open_asked("/people-count/S001?mode=latest", NO_KEY).status_code == 401


def test_a_network_that_no_feed_can_hold_is_a_conflict(context: Context) -> None:
    far = replace(line("L2", street(4, row=1, first=9), first_bus=9), timezone="Asia/Tokyo")
    two = replace(context, network=network(line("L1", street(4)), far))
    answer: httpx.Response = in_process(create_app(two))("/gtfs.zip")
    assert (answer.status_code, answer.json()["error"]) == (409, "Conflict")
    assert "a GTFS feed has one time zone" in answer.json()["message"]


def test_the_same_bytes_are_in_the_file_that_the_command_writes(context: Context, tmp_path: Path) -> None:
    from services.feeds.gtfs_static.feed_zip import write_feed

    write_feed(tmp_path / "city.zip", context.network)
    asked = in_process(create_app(context))
    assert asked("/gtfs.zip").content == (tmp_path / "city.zip").read_bytes()
