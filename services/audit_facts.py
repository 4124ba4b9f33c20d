"""What the audit has to know, from a network and the model's constants."""

from __future__ import annotations

from simulator import cabin
from simulator.network import Line, Network
from storage.audit_facts import AuditFacts, BusFacts, PatternFacts


def audit_facts(network: Network) -> AuditFacts:
    """The facts of a network."""
    return AuditFacts(
        network_digest=network.digest,
        buses=tuple(fact for line in network.lines for fact in _buses(line)),
        stops=tuple((s.stop_id, ",".join(network.lines_of_stop[s.stop_id])) for s in network.stops),
        patterns=tuple(fact for line in network.lines for fact in _patterns(line)),
        co2_outdoor_ppm=cabin.OUTDOOR_PPM,
        exchange_closed_per_s=cabin.CLOSED_PER_S,
        exchange_open_per_s=cabin.OPEN_PER_S,
    )


def _buses(line: Line) -> list[BusFacts]:
    return [
        BusFacts(bus.bus_id, line.line_id, bus.capacity, cabin.source_ppm_per_s(bus.capacity))
        for bus in line.buses
    ]


def _patterns(line: Line) -> list[PatternFacts]:
    return [
        PatternFacts(
            line.line_id,
            pattern.direction,
            pattern.pattern_id,
            tuple((s.stop_id, s.distance_m, s.latitude, s.longitude) for s in pattern.stops),
        )
        for pattern in line.patterns
    ]
