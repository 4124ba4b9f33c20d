"""The AWS CLI in this process: as a process of its own it takes a second to start."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO

import pytest

NO_PAGER = {"AWS_PAGER": ""}


def aws(words: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command with these variables in the environment."""
    with (
        warnings.catch_warnings(),
        pytest.MonkeyPatch.context() as environment,
        redirect_stdout(StringIO()) as printed,
        redirect_stderr(StringIO()) as errors,
    ):
        # The manual writes texts in queries as `text`, which JMESPath warns of and takes.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        for name, value in (NO_PAGER | dict(variables)).items():
            environment.setenv(name, value)
        code = _driver()(list(words))
    return subprocess.CompletedProcess(["aws", *words], code, printed.getvalue(), errors.getvalue())


@cache
def _driver() -> Callable[[list[str]], int]:
    from awscli.clidriver import create_clidriver  # only workers that run it import the CLI

    main: Callable[[list[str]], int] = create_clidriver().main
    return main
