"""Calls functions as Lambda does, in an interpreter that has only a package.

Arguments: the unpacked package. On stdin a JSON list of [handler, event]; on stdout what each gave, the
modules that are loaded, and the seconds that importing and the calls took.
"""

import importlib
import json
import sys
import time

sys.path.insert(0, sys.argv[1])


class Invocation:
    """Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Return a function's full timeout."""
        return 30_000


def call(handler: str, event: object) -> object:
    """A function's response; for an error its text, as Lambda returns it."""
    module, _, name = handler.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)(event, Invocation())
    except Exception as error:  # noqa: BLE001 - as Lambda does
        return {"errorMessage": str(error)}


results, seconds = [], []
for handler, event in json.load(sys.stdin):
    began = time.perf_counter()
    results.append(call(handler, event))
    seconds.append(time.perf_counter() - began)
json.dump({"results": results, "seconds": seconds, "modules": sorted(sys.modules)}, sys.stdout)
