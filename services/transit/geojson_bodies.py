"""GeoJSON bodies of lines and stops as pydantic models for OpenAPI; `shapes` fills them."""

from __future__ import annotations

from typing import Literal

from services.queries.bodies import ExactModel


class PatternPropertiesBody(ExactModel):
    """A route pattern of a line: 0 outbound, 1 inbound; `is_main` for the usual one of its direction.

    `stop_distances_m` has the metres from the pattern's start to each stop, along the shape.
    """

    line_id: str
    name: str
    pattern_id: str
    direction: Literal[0, 1]
    destination: str
    is_main: bool
    length_m: float
    stop_ids: list[str]
    stop_distances_m: list[float]
    night: bool
    color: str


class LineStringBody(ExactModel):
    """A polyline: [longitude, latitude] of each vertex."""

    type: Literal["LineString"]
    coordinates: list[list[float]]


class PatternFeatureBody(ExactModel):
    """A route pattern with its shape."""

    type: Literal["Feature"]
    geometry: LineStringBody
    properties: PatternPropertiesBody


class LineShapeBody(ExactModel):
    """A GeoJSON FeatureCollection of a line's route patterns."""

    type: Literal["FeatureCollection"]
    features: list[PatternFeatureBody]


class StopPropertiesBody(ExactModel):
    """A stop, and the lines that serve it, as "L1,L2"."""

    stop_id: str
    name: str
    line_ids: str
    gtfs_id: str = ""


class PointBody(ExactModel):
    """A point: [longitude, latitude]."""

    type: Literal["Point"]
    coordinates: list[float]


class StopFeatureBody(ExactModel):
    """A stop with its place."""

    type: Literal["Feature"]
    geometry: PointBody
    properties: StopPropertiesBody


class NetworkShapeBody(ExactModel):
    """A GeoJSON FeatureCollection of route patterns and stops."""

    type: Literal["FeatureCollection"]
    features: list[PatternFeatureBody | StopFeatureBody]
