// The network as the features that the map draws: lines close by, stops, and what is selected.

import type { City } from "./city";
import type { Line, NetworkShape } from "./network";

export type Feature = { type: "Feature"; geometry: { type: string; coordinates: unknown }; properties: Record<string, unknown> };
export type Features = { type: "FeatureCollection"; features: Feature[] };
type Coordinates = [number, number][];

export const NOTHING: Features = { type: "FeatureCollection", features: [] };

function collection(features: Feature[]): Features {
  return { type: "FeatureCollection", features };
}

function* patterns(shape: NetworkShape): Iterable<{ lineId: string; colour: string; coordinates: Coordinates }> {
  for (const { geometry, properties } of shape.features) {
    if (geometry.type !== "LineString" || !("pattern_id" in properties)) continue;
    yield { lineId: properties.line_id, colour: properties.color, coordinates: geometry.coordinates };
  }
}

// Only what is drawn: a city's lists of stops would take longer on their way to the worker than its shapes.
function stroke(line: Line | undefined, lineId: string, color: string, coordinates: Coordinates): Feature {
  return { type: "Feature", geometry: { type: "LineString", coordinates }, properties: { line_id: lineId, color, label: line?.label } };
}

/** Every pattern of all lines, or of those that are named. */
export function allLines({ network }: City, ids?: string[]): Features {
  const wanted = ids && new Set(ids);
  const features: Feature[] = [];
  for (const { lineId, colour, coordinates } of patterns(network.shape))
    if (!wanted || wanted.has(lineId)) features.push(stroke(network.line.get(lineId), lineId, colour, coordinates));
  return collection(features);
}

/** The stops of the lines that are shown, with who waits there. */
export function shownStops(city: City): Features {
  return collection(
    city.shownStops().map((stop) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: stop.lngLat },
      properties: { id: stop.id, name: stop.name, waiting: stop.waiting ?? 0, label: stop.waiting ? `${stop.name} · ${stop.waiting}` : stop.name },
    })),
  );
}

/** The lines of what is selected, and the stops that are. */
export function chosen(city: City, stopIds: string[]): Features {
  const points = stopIds.flatMap((id): Feature[] => {
    const stop = city.network.stop.get(id);
    return stop ? [{ type: "Feature", geometry: { type: "Point", coordinates: stop.lngLat }, properties: { id } }] : [];
  });
  const lines = city.selectedLines();
  return points.length || lines.length ? collection([...allLines(city, lines).features, ...points]) : NOTHING;
}
