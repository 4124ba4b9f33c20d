"""The model of a city's buses, from network and scenario files to Arrow batches; no store, no services, and
only `clock` reads the wall clock.
"""
