"""Run in an interpreter that has nothing but a package: functions called as Lambda calls them.

Arguments: the unpacked package. On stdin a JSON list of [handler, event]; on stdout what each gave, the
modules that are loaded, and the seconds that importing and the calls took.
"""

import importlib
import json
import sys
import time

sys.path.insert(0, sys.argv[1])


class Invocation:
    """What Lambda says of a call."""

    def get_remaining_time_in_millis(self) -> int:
        """The whole of a function's time."""
        return 30_000


def call(handler: str, event: object) -> object:
    """What a function gives; for an error its text, as Lambda tells it."""
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
