"""A lake: Parquet files by stream and date, with a manifest, in a folder or in S3. `store` reads it."""
