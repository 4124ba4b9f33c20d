"""Writing records: parsing a request, upserts by version, and the thread that changes the file."""
