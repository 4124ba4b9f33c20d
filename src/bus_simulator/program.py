"""The program's own packages on the path of this process, wherever it is installed.

These packages are called `services`, `simulator` and `storage`, as packages of other projects may be. A wheel
therefore holds them in `bus_simulator/_program`, a folder that is on no other program's path; in a checkout
they are its top folders. A module of `bus_simulator` that imports them calls `use_program` first.
"""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGES = ("services", "simulator", "storage")


def use_program() -> None:
    """Put the program's packages first on this process's path; processes of `multiprocessing` inherit it.

    Raises ImportError if this process has already imported another package of one of their names.
    """
    folder = program_folder()
    for name in PACKAGES:
        loaded = sys.modules.get(name)
        if loaded is not None and folder / name not in map(Path, getattr(loaded, "__path__", ())):
            raise ImportError(
                f"this process has imported another package called {name}: {loaded}; "
                "start the simulator in a process of its own"
            )
    if sys.path[:1] != [str(folder)]:
        sys.path.insert(0, str(folder))


def program_folder() -> Path:
    """The folder of the program's packages: `_program` in an installed wheel, else the checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_program"
    return installed if installed.is_dir() else here.parents[1]
