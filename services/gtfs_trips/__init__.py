"""Ids in GTFS feeds, and which planned trip of the network's feed a trip is; no transport and no messages."""
