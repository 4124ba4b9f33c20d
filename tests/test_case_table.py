"""A table of cases in one test: a case that fails hides no other, and is named."""

from __future__ import annotations

import inspect
import re

import pytest

from tests.case_table import each_case

SEEN: list[int] = []


@each_case("value, limit", [(1, 2), (5, 4), (0, 3), (9, 8)])
def below(start: int, value: int, limit: int) -> None:
    SEEN.append(start + value)
    assert value < limit


@each_case("text", ["7", "x"])
def refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        int(text)


def test_all_cases_run_and_each_failed_one_is_named() -> None:
    SEEN.clear()
    with pytest.raises(pytest.fail.Exception, match="2 of 4 cases failed") as failed:
        below(start=10)  # type: ignore[call-arg]  # the cases give the other arguments
    assert SEEN == [11, 15, 10, 19]
    assert re.findall("case: (.*)", str(failed.value)) == ["value=5, limit=4", "value=9, limit=8"]
    assert str(failed.value).count("assert value < limit") == 2


def test_a_missing_refusal_is_a_failed_case() -> None:
    with pytest.raises(pytest.fail.Exception, match="1 of 2 cases failed") as failed:
        refused()  # type: ignore[call-arg]  # the cases give the argument
    assert "DID NOT RAISE" in str(failed.value)


def test_pytest_is_asked_for_the_fixtures_only_and_an_empty_table_is_refused() -> None:
    assert list(inspect.signature(below).parameters) == ["start"]
    with pytest.raises(AssertionError, match="no case to test"):
        each_case("value", [])
