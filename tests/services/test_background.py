"""Jobs in threads that end with their block, and the handling of their exceptions."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from services.background import background


def waiting(stopped: threading.Event, failure: Exception | None = None) -> Callable[[], None]:
    """A job that waits for its stop, and may fail then."""

    def job() -> None:
        stopped.wait()
        if failure is not None:
            raise failure

    return job


def test_the_job_runs_during_the_block_and_is_joined_on_exit() -> None:
    stopped = threading.Event()
    with background(waiting(stopped), name="waiting", stop=stopped.set):
        assert "waiting" in {thread.name for thread in threading.enumerate()}
    assert "waiting" not in {thread.name for thread in threading.enumerate()}


def test_an_exception_of_the_job_is_logged_and_raised_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    stopped = threading.Event()
    with (
        pytest.raises(LookupError, match="broken"),
        background(waiting(stopped, LookupError("broken")), name="counter", stop=stopped.set),
    ):
        pass
    (record,) = caplog.records
    assert record.getMessage() == "thread counter failed"
    assert record.exc_info


def test_an_exception_of_the_block_is_raised_rather_than_the_jobs() -> None:
    stopped = threading.Event()
    with (
        pytest.raises(ValueError, match="block"),
        background(waiting(stopped, LookupError("job")), name="job", stop=stopped.set),
    ):
        raise ValueError("block")


def test_on_failure_takes_the_exception_in_place_of_the_block(caplog: pytest.LogCaptureFixture) -> None:
    stopped, failures = threading.Event(), list[Exception]()
    failure = LookupError("broken")
    job = waiting(stopped, failure)
    with background(job, name="job", stop=stopped.set, on_failure=failures.append):
        pass
    assert failures == [failure]
    assert not caplog.records
