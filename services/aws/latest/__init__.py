"""What feeders leave in S3 for functions: newest records, GTFS-Realtime feeds, the network as a GTFS feed."""
