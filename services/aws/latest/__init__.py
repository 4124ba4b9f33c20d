"""What feeders leave in S3 for functions after each tick: newest records, and the network as a GTFS feed."""
