"""The newest records that feeders left in S3, before the store."""
