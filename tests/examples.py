"""How many examples Hypothesis tries: a quarter in `make test`, all of them in `make test-long`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.environment import all_examples

Test = TypeVar("Test", bound=Callable[..., object])


def share(thorough: int, quick: int | None = None) -> int:
    """How many of a test's examples to try in this run: `quick`, or else a quarter, in `make test`."""
    if all_examples():
        return thorough
    return max(thorough // 4, 1) if quick is None else quick


def examples(
    thorough: int,
    *,
    quick: int | None = None,
    suppress: Collection[HealthCheck] = (),
    derandomize: bool = False,
) -> Callable[[Test], Test]:
    """Mark a test with generated examples: `thorough` in `make test-long`, else `quick`, or a quarter."""
    chosen = settings(
        max_examples=share(thorough, quick),
        deadline=None,
        suppress_health_check=suppress,
        derandomize=derandomize or settings().derandomize,
    )
    return lambda test: pytest.mark.examples(chosen(test))
