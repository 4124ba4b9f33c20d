"""The `Store` interface with its DuckDB and Timestream backends, digests and the audit; what is stored is
made elsewhere.
"""
