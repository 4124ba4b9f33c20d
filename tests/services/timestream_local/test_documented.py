"""At least 95 % of the documented functions work, each in a case; the others are refused by name."""

from __future__ import annotations

from tests.services.timestream_local.documented import FUNCTIONS, REFUSED, example_of

NAMES = [name for names in FUNCTIONS.values() for name in names.split()]


def test_each_documented_function_has_a_case_or_a_reason() -> None:
    assert {name for name in NAMES if example_of(name) is None} == set(REFUSED)


def test_few_documented_functions_are_refused() -> None:
    assert len(REFUSED) / len(NAMES) < 0.05
