"""Feeders that write ticks and history into the store, and the control of their clock; the processes that run
them are in `services.processes`.
"""
