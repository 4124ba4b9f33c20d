"""Lines and stops as GeoJSON (RFC 7946): a LineString a pattern with its true shape, a Point a stop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.queries.bodies import Body
from services.queries.network_bodies import stop_item
from simulator.network import Line, Network, Pattern, Stop

COLOURS = (
    *("#0b63b5", "#c8102e", "#00843d", "#e87722", "#6f2c91", "#00a3ad"),
    *("#a6631b", "#d6006d", "#5a8f00", "#3d5a80", "#b8860b", "#7a4fa3"),
)
NIGHT_COLOUR = "#14213d"
DECIMALS = 6


def colour_of(network: Network, line: Line) -> str:
    """A line's colour, `#rrggbb`: by its place in the list of day lines; night lines have one together."""
    if line.night:
        return NIGHT_COLOUR
    return COLOURS[network.day_line_ids.index(line.line_id) % len(COLOURS)]


def line_shape(network: Network, line: Line) -> Body:
    """A FeatureCollection with a LineString for each of a line's patterns."""
    return _collection(_pattern_features(network, line))


def network_shape(network: Network, lines: Sequence[Line]) -> Body:
    """A FeatureCollection with the patterns of lines and the stops that they serve."""
    served = {stop_id for line in lines for stop_id in line.stop_ids}
    patterns = [feature for line in lines for feature in _pattern_features(network, line)]
    stops = [_stop_feature(network, stop) for stop in network.stops if stop.stop_id in served]
    return _collection([*patterns, *stops])


def _collection(features: Iterable[Body]) -> Body:
    return {"type": "FeatureCollection", "features": list(features)}


def _pattern_features(network: Network, line: Line) -> list[Body]:
    colour = colour_of(network, line)
    return [_pattern_feature(network, line, pattern, colour) for pattern in line.patterns]


def _pattern_feature(network: Network, line: Line, pattern: Pattern, colour: str) -> Body:
    last = pattern.stops[-1].stop_id
    return {
        "type": "Feature",
        "geometry": {
            "type": "LineString",
            "coordinates": [_place(p.longitude, p.latitude) for p in pattern.shape],
        },
        "properties": {
            "line_id": line.line_id,
            "name": line.name,
            "pattern_id": pattern.pattern_id,
            "direction": pattern.direction,
            "destination": network.stop[last].name,
            "is_main": pattern is line.main_pattern(pattern.direction),
            "length_m": round(pattern.stops[-1].distance_m, 1),
            "stop_ids": [stop.stop_id for stop in pattern.stops],
            "stop_distances_m": [round(stop.distance_m, 1) for stop in pattern.stops],
            "night": line.night,
            "color": colour,
        },
    }


def _stop_feature(network: Network, stop: Stop) -> Body:
    described = stop_item(network, stop)
    longitude, latitude = described.pop("longitude"), described.pop("latitude")
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": described,
    }


def _place(longitude: float, latitude: float) -> list[float]:
    return [round(longitude, DECIMALS), round(latitude, DECIMALS)]
