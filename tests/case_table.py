"""Many small cases in one test, where pytest would take longer for each case than the case itself."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., None])
LONGEST_NAME = 300


def each_case(names: str, cases: Collection[object]) -> Callable[[Test], Test]:
    """Call a test with each case in turn, and fail with the errors of all that fail, each with its case.

    Takes the place of `pytest.mark.parametrize(names, cases)` for tables of dozens of cases: `names`
    are those of the test's arguments with commas between them, and a case is a sequence of their values, or
    the value of the only argument. All cases share the fixtures of the test.
    """
    arguments = [name.strip() for name in names.split(",")]
    assert cases, "no case to test"

    def testing_each(test: Test) -> Test:
        @wraps(test)
        def all_cases(**fixtures: Any) -> None:
            errors = [error_of(test, values_of(arguments, case), fixtures) for case in cases]
            if failed := [error for error in errors if error]:
                pytest.fail(
                    "\n".join([f"{len(failed)} of {len(cases)} cases failed", *failed]), pytrace=False
                )

        signature = inspect.signature(test)
        kept = [each for name, each in signature.parameters.items() if name not in arguments]
        all_cases.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return all_cases  # type: ignore[return-value]  # with the arguments of the test that are fixtures

    return testing_each


def values_of(arguments: Sequence[str], case: Any) -> dict[str, object]:
    """The values of a case by their argument's name."""
    return dict(zip(arguments, case if len(arguments) > 1 else [case], strict=True))


def error_of(test: Callable[..., None], values: dict[str, object], fixtures: dict[str, object]) -> str:
    """A case and the traceback of what it raises; empty when it passes."""
    try:
        test(**fixtures, **values)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # the test fails with it
        case = ", ".join(f"{name}={value!r}" for name, value in values.items())
        return f"\ncase: {case[:LONGEST_NAME]}\n{''.join(traceback.format_exception(error))}"
    return ""
