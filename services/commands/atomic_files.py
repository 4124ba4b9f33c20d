"""Files and folders that appear under their name only when they are complete."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to, renamed to it at the end; removed after an exception.

    Raises FileNotFoundError where the folder is missing, OSError with the target's name where it can't be
    written.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent))
    path = target.with_name(f".{target.name}.{os.getpid()}.partial")
    path.unlink(missing_ok=True)
    try:
        yield path
        path.replace(target)
    except OSError as error:
        # A full disk is found while writing, whose error names no file; and the draft's name says nothing.
        if error.filename in (None, str(path)):
            error.filename = str(target)
        raise
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` to write files into, which are then moved into `target`, created if necessary.

    Files of the same names are replaced, others stay. Raises FileNotFoundError where the folder above is
    missing.
    """
    if not target.absolute().parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.absolute().parent))
    folder = target.absolute().with_name(f".{target.absolute().name}.{os.getpid()}.partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
        target.mkdir(exist_ok=True)
        for path in sorted(folder.iterdir()):
            path.replace(target / path.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
