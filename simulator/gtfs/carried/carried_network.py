"""The network that an exported feed carries in a file of its own, as GTFS has neither demand nor fleets.

The file has the SHA-256 of each of the feed's tables. If all are as they were written, the carried network is
the feed's. If any was edited, the tables count and the carried network doesn't.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulator.files.findings import Finding, Severity
from simulator.gtfs.reading.archive import open_archive
from simulator.gtfs.reading.tables import TABLES
from simulator.network import Network, fields_of
from simulator.network_json import DAMAGED, decoded_network, network_entry

CARRIED = "bus-simulator-network.json"
FORMAT, VERSION = "bus-simulator-gtfs", 1


@dataclass(frozen=True, slots=True)
class CarriedNetwork:
    """The network of a feed that was exported; None with the reason where it doesn't count any more."""

    network: Network | None
    reason: str = ""

    def finding(self, path: Path) -> Finding:
        """What a report says of a carried network that doesn't count."""
        message = (
            f"the feed was exported by bus-simulator, but {self.reason}: its tables are imported as any "
            "feed's, so demand and buses are assumed"
        )
        return Finding("edited-export", f"{path}/{CARRIED}", message, severity=Severity.NOTE)


def carried_content(network: Network, hashes: Mapping[str, str]) -> bytes:
    """The file's content; `hashes` has the SHA-256 in hex of each of the feed's tables."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "digest": network.digest,
        "files": hashes,
        # The name and the order of keys decide nothing: equal networks give equal bytes.
        "network": network_entry(replace(network, name="")),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=fields_of)
    return text.encode() + b"\n"


def read_carried_network(path: Path) -> CarriedNetwork | None:
    """The network that a feed carries; None for a feed that carries none, as all that others made.

    InputFileError for a zip that is refused.
    """
    archive = open_archive(path, TABLES.keys() | {CARRIED})
    if CARRIED not in archive.entries:
        return None
    try:
        found = json.loads(archive.content(CARRIED))
        if (found["format"], found["version"]) != (FORMAT, VERSION):
            return CarriedNetwork(None, f"its {CARRIED} has another version than {VERSION}")
        edited = _edited(path, found["files"])
        if edited:
            return CarriedNetwork(None, f"{', '.join(edited)} changed since")
        network = _network(found, path.stem)
    except (*DAMAGED, RecursionError):
        network = None
    return CarriedNetwork(network, "" if network else f"its {CARRIED} is damaged")


def _network(found: Mapping[str, Any], name: str) -> Network | None:
    """The network of the file's content, called as the feed; None unless it has the digest written there."""
    network = replace(decoded_network(found["network"]), name=name)
    return network if network.digest == found["digest"] else None


def _edited(path: Path, hashes: Mapping[str, str]) -> Sequence[str]:
    """The tables that are no longer as they were written, are gone, or came later."""
    archive = open_archive(path, TABLES.keys() | hashes.keys())
    now = {name: hashlib.sha256(archive.content(name)).hexdigest() for name in archive.entries}
    return [name for name in sorted(hashes.keys() | now.keys()) if hashes.get(name) != now.get(name)]
