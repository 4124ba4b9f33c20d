"""Ticks and history into the store, and the control of the clock; processes that run feeders are in
`services.processes`.
"""
