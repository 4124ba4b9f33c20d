"""What can go wrong with a store, as one small family. Messages name the place and the mend."""

from __future__ import annotations


class StoreError(Exception):
    """A store can't do what was asked; the message is for people."""


class StoreUnavailable(StoreError):
    """The store can't be reached or read now; trying again later may help."""


class StoreHeld(StoreUnavailable):
    """Another process holds the store's file."""


class StoreInvalid(StoreError):
    """What is there is no store of ours, a damaged one, or one of another schema version."""


class RunMismatch(StoreError):
    """The store was made by another run (seed, network, scenario or model version)."""
