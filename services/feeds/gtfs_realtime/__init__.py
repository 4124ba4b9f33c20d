"""GTFS-Realtime: vehicle positions, trip updates and alerts of the newest tick; the static feed is apart."""
