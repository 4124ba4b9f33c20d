"""Feeds for other programs behind API Gateway: GTFS-Realtime from S3, SIRI, EMT; the static feed's link."""
