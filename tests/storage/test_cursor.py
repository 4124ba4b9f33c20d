"""Cursors hold a position, and are valid only for the request they were made for."""

from __future__ import annotations

import dataclasses

import pytest

from storage.cursor import Position, RangeQuery, seal, unseal
from storage.schema import Stream
from tests.storage.records import after, position

QUERY = RangeQuery(Stream.BUS_POSITION, "B001", after(0), after(3600))
PLACE = Position(1_772_452_800_000_000, ("B001", 'L"ñ\0'))


@pytest.mark.parametrize("text", ["", "S001", "Plaza de España", "a\0b"])
def test_an_unsealed_cursor_is_the_text_that_was_sealed(text: str) -> None:
    assert unseal(seal(text, "/lines", "name"), "/lines", "name") == text


def test_a_cursor_of_another_request_is_refused() -> None:
    with pytest.raises(ValueError, match="not a cursor of this request"):
        unseal(seal("S001", "/stops"), "/lines")


def test_a_cursor_of_a_range_holds_its_position() -> None:
    assert QUERY.position(QUERY.cursor(PLACE)) == PLACE


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(QUERY, stream=Stream.STOP_VISIT),
        dataclasses.replace(QUERY, key="B002"),
        dataclasses.replace(QUERY, start=after(1)),
        dataclasses.replace(QUERY, end=after(3601)),
    ],
)
def test_a_cursor_is_valid_only_for_the_range_it_was_made_for(other: RangeQuery) -> None:
    with pytest.raises(ValueError, match="not a cursor of this request"):
        other.position(QUERY.cursor(PLACE))


def test_a_page_has_a_cursor_if_another_follows() -> None:
    found = [position(after(30 * number)) for number in range(3)]
    assert QUERY.page(found, 3).next_cursor is None
    page = QUERY.page(found, 2)
    assert page.records == found[:2]
    assert page.next_cursor is not None
    assert QUERY.position(page.next_cursor).key == ("B001", "L1")
