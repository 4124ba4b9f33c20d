"""GTFS feeds as network folders; GTFS out and GTFS-Realtime are services."""
