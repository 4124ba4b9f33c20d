"""The model of a city's buses, from network and scenario files to Arrow batches; no store, no services, no
wall clock but `clock`.
"""
