"""A refreshed value: when it is read, and which value stays when reading fails."""

from __future__ import annotations

import pytest

from services.refreshed_value import RefreshedValue


class Readings:
    """A source whose next reading a test sets, and seconds that it lets pass."""

    def __init__(self, found: str | Exception | None, *, initial: str | None = None) -> None:
        self.found = found
        self.seconds, self.count = 0.0, 0
        self.logged: list[tuple[str, bool]] = []
        self.value = RefreshedValue(
            self.read,
            errors=(LookupError,),
            on_error=self.log,
            initial=initial,
            refresh_s=10,
            now_s=lambda: self.seconds,
        )

    def read(self) -> str | None:
        self.count += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def log(self, error: Exception) -> None:
        self.logged.append((str(error), self.value.is_failing))


def test_it_is_read_at_first_use_and_again_when_it_is_old() -> None:
    source = Readings("one")
    assert source.count == 0
    assert source.value.get() == "one"
    source.found, source.seconds = "two", 9.9
    assert source.value.get() == "one"
    source.seconds = 10
    assert source.value.get() == "two"
    assert source.count == 2


def test_a_reading_without_a_change_keeps_the_value() -> None:
    source = Readings("one")
    assert source.value.refresh()
    source.found = None
    assert not source.value.refresh()
    assert source.value.value == "one"


def test_the_last_good_value_outlives_failures_which_are_reported() -> None:
    source = Readings("one")
    source.value.refresh()
    source.found = LookupError("away")
    for seconds in (10, 15, 20):
        source.seconds = seconds
        assert source.value.get() == "one"
    assert source.logged == [("away", False), ("away", True)]
    source.found, source.seconds = "two", 30
    assert source.value.get() == "two"
    assert not source.value.is_failing


def test_without_a_value_yet_errors_are_raised_and_the_next_use_tries_again() -> None:
    source = Readings(LookupError("away"))
    for _ in range(2):
        with pytest.raises(LookupError, match="away"):
            source.value.get()
    source.found = "one"
    assert source.value.get() == "one"
    assert not source.logged


def test_an_initial_value_stands_in_for_the_first_reading() -> None:
    source = Readings(LookupError("away"), initial="start")
    assert source.value.value == source.value.get() == "start"
    assert [text for text, _ in source.logged] == ["away"]


def test_other_exceptions_are_raised_always() -> None:
    source = Readings(ZeroDivisionError(), initial="start")
    with pytest.raises(ZeroDivisionError):
        source.value.refresh()
