"""A GTFS-Realtime message in JSON, by protobuf's own mapping. It needs no NumPy: functions on AWS use it."""

from __future__ import annotations

from google.protobuf import json_format
from google.transit.gtfs_realtime_pb2 import FeedMessage


def message_json(content: bytes) -> bytes:
    """A message, given as protobuf's bytes, in JSON. Raises `DecodeError` for bytes that are none."""
    message = FeedMessage.FromString(content)
    text = json_format.MessageToJson(message, preserving_proto_field_name=True, indent=None)
    return text.encode()
