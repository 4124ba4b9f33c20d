"""`python -m benchmarks`: measures everything and writes the table of `docs/performance.md`."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import duckdb
import numpy as np

from benchmarks import answering, fanout, filling, starting, timestream, timestream_live, whole_live
from benchmarks.figures import HEADER, row

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
PARTS = (filling, whole_live, starting, answering, fanout, timestream, timestream_live)
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"


def main() -> None:
    """Print each figure when it is measured, then write the table into the page."""
    lines = [*HEADER]
    print(*HEADER, sep="\n")
    for part in PARTS:
        for figure in part.measure():
            lines.append(row(figure))
            print(lines[-1], flush=True)
    lines += ["", machine()]
    print(lines[-1])
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text("\n".join([before + BEGIN, *lines, END + after]), encoding="utf-8")


def machine() -> str:
    """The machine and versions of the measurement."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, DuckDB {duckdb.__version__}"
    return f"Measured on {os.cpu_count()} cores ({platform.machine()}), {versions}."


if __name__ == "__main__":
    main()
