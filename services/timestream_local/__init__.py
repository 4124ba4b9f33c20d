"""A server that speaks Amazon Timestream for LiveAnalytics, on top of DuckDB."""
