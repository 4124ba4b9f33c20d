"""Progress bars on stderr for long work, with the rate and the time left; none if stderr is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

from services.feeders.backfill import FilledWindow, Window

T = TypeVar("T")

FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} hours [{elapsed}<{remaining}{postfix}]"


def fill_with_progress_bar(filling: Iterable[FilledWindow], windows: Sequence[Window]) -> int:
    """Run a backfill to its end with a progress bar; return the number of rows written."""
    rows, began = 0, time.perf_counter()
    with tqdm(
        total=len(windows), desc="history", bar_format=FORMAT, disable=None if windows else True
    ) as bar:
        for done in filling:
            rows += done.rows
            rate = rows / (time.perf_counter() - began)
            bar.set_postfix_str(f"{rate / 1e6:.2f} M rows/s", refresh=False)
            bar.update(done.planned)
    return rows


def with_progress_bar(days: Iterable[T], count: int, what: str) -> Iterator[T]:
    """Yield the `count` items of `days`, with a progress bar labelled `what`."""
    form = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} days [{elapsed}<{remaining}]"
    yield from tqdm(days, total=count, desc=what, bar_format=form, leave=False, disable=None)
