"""What feeders left in S3, as functions read it: the newest records before the store, and the GTFS feed."""
