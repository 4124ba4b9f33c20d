"""The errors of a store, and of the other services that the program depends on. Messages name the place and
what to do.
"""

from __future__ import annotations


class DependencyError(Exception):
    """A store, or an object, parameter or secret at AWS, can't be used; the message is for people."""


class DependencyUnavailable(DependencyError):
    """It can't be reached or read now; trying again later may help."""


class DependencyInvalid(DependencyError):
    """It was read, but its content isn't what the program needs; trying again doesn't help."""


class StoreError(DependencyError):
    """A store can't do what was asked."""


class StoreUnavailable(StoreError, DependencyUnavailable):
    """The store can't be reached or read now; trying again later may help."""


class StoreHeld(StoreUnavailable):
    """Another process holds the store's file."""


class StoreInvalid(StoreError, DependencyInvalid):
    """The file or database isn't a store of this program, is damaged, or has another schema version."""


class RunMismatch(StoreError):
    """The store was made by another run (seed, network, scenario or model version)."""
