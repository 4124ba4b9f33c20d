"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to, renamed to it at the end; removed when anything goes wrong.

    Raises FileNotFoundError where the folder is missing.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent))
    path = target.with_name(f".{target.name}.{os.getpid()}.partial")
    path.unlink(missing_ok=True)
    try:
        yield path
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)
