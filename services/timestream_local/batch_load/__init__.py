"""Batch loads of CSV files from S3 into a table; scheduled queries and UNLOAD are elsewhere."""
