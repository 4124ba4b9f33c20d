"""The `Store` interface with its DuckDB and Timestream backends, digests and the audit.

The records are simulated in the package `simulator`.
"""
