// Lines, their patterns with true shapes, and stops, from one /network.geojson.

export interface Stop {
  id: string;
  name: string;
  lineIds: string[];
  lngLat: [number, number];
  waiting: number | null;
}

export interface Line {
  id: string;
  name: string;
  /** The number that people call it by. */
  label: string;
  colour: string;
  night: boolean;
  patterns: Pattern[];
}

interface PatternProperties {
  line_id: string;
  name: string;
  pattern_id: string;
  direction: 0 | 1;
  destination: string;
  is_main: boolean;
  length_m: number;
  stop_ids: string[];
  stop_distances_m: number[];
  night: boolean;
  color: string;
}

interface StopProperties {
  stop_id: string;
  name: string;
  line_ids: string;
}

export interface NetworkShape {
  type: "FeatureCollection";
  features: (
    | { type: "Feature"; geometry: { type: "LineString"; coordinates: [number, number][] }; properties: PatternProperties }
    | { type: "Feature"; geometry: { type: "Point"; coordinates: [number, number] }; properties: StopProperties }
  )[];
}

/** x and y of Web Mercator, both 0 to 1, y down. */
export function mercator([longitude, latitude]: [number, number]): [number, number] {
  const sine = Math.sin((latitude * Math.PI) / 180);
  return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/** The inverse of `mercator`. */
function lngLat(x: number, y: number): [number, number] {
  return [(x - 0.5) * 360, (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI];
}

export interface Place {
  x: number;
  y: number;
  /** Radians clockwise from north. */
  bearing: number;
}

const collator = new Intl.Collator("es", { numeric: true, sensitivity: "base" });
export const byNature = (one: string, other: string): number => collator.compare(one, other);

/** A route pattern: its polyline by metres from the start, and its stops. */
export class Pattern {
  readonly id: string;
  readonly direction: 0 | 1;
  readonly destination: string;
  readonly isMain: boolean;
  readonly lengthM: number;
  readonly stopIds: string[];
  readonly stopDistancesM: number[];
  private readonly xs: Float64Array;
  private readonly ys: Float64Array;
  private readonly atM: Float64Array;

  constructor(properties: PatternProperties, coordinates: [number, number][]) {
    this.id = properties.pattern_id;
    this.direction = properties.direction;
    this.destination = properties.destination;
    this.isMain = properties.is_main;
    this.lengthM = properties.length_m;
    this.stopIds = properties.stop_ids;
    this.stopDistancesM = properties.stop_distances_m;
    const size = coordinates.length;
    this.xs = new Float64Array(size);
    this.ys = new Float64Array(size);
    this.atM = new Float64Array(size);
    coordinates.forEach((each, index) => {
      [this.xs[index], this.ys[index]] = mercator(each);
      if (index) this.atM[index] = this.atM[index - 1] + Math.hypot(this.xs[index] - this.xs[index - 1], this.ys[index] - this.ys[index - 1]);
    });
    // Over a city Mercator's scale is the same everywhere, so lengths differ from metres by a factor.
    const factor = this.lengthM / (this.atM[size - 1] || 1);
    for (let index = 0; index < size; index += 1) this.atM[index] *= factor;
  }

  /** The place at a distance from the start, and the direction of the road there. */
  at(distanceM: number, into: Place): void {
    const { xs, ys, atM } = this;
    let low = 0;
    let high = atM.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (atM[middle] <= distanceM) low = middle;
      else high = middle;
    }
    const length = atM[high] - atM[low];
    const part = length > 0 ? Math.min(1, Math.max(0, (distanceM - atM[low]) / length)) : 0;
    const dx = xs[high] - xs[low];
    const dy = ys[high] - ys[low];
    into.x = xs[low] + dx * part;
    into.y = ys[low] + dy * part;
    if (dx || dy) into.bearing = Math.atan2(dx, -dy);
  }

  /** The polyline between two distances from the start. */
  stretch(fromM: number, toM: number): [number, number][] {
    const places: [number, number][] = [];
    const add = (x: number, y: number): void => void places.push(lngLat(x, y));
    this.at(fromM, scratch);
    add(scratch.x, scratch.y);
    for (let index = 0; index < this.atM.length; index += 1) if (this.atM[index] > fromM && this.atM[index] < toM) add(this.xs[index], this.ys[index]);
    this.at(toM, scratch);
    add(scratch.x, scratch.y);
    return places;
  }

  /** How far along a bus is that has `toNextM` to go to a stop; of several the one nearest to x, y. NaN if none. */
  distanceTo(stopId: string, toNextM: number, x: number, y: number): number {
    let best = NaN;
    let bestAway = Infinity;
    for (let index = this.stopIds.indexOf(stopId); index >= 0; index = this.stopIds.indexOf(stopId, index + 1)) {
      const distance = Math.max(0, this.stopDistancesM[index] - toNextM);
      this.at(distance, scratch);
      const away = Math.hypot(scratch.x - x, scratch.y - y);
      if (away < bestAway) [best, bestAway] = [distance, away];
    }
    return bestAway < NEAR ? best : NaN;
  }
}

const scratch: Place = { x: 0, y: 0, bearing: 0 };
/** About 60 m at Madrid's latitude, in Mercator's unit. */
const NEAR = 2e-6;

/** "27" of "27 Embajadores - Plaza de Castilla"; the id of a line whose name doesn't begin with a number. */
function labelOf(id: string, name: string): string {
  return /^[A-Z]{0,2}\d{1,3}[A-Z]?(?=[ :])/.exec(name)?.[0] ?? id;
}

export class Network {
  readonly lines: Line[] = [];
  readonly line = new Map<string, Line>();
  readonly stops: Stop[] = [];
  readonly stop = new Map<string, Stop>();
  readonly bounds: [[number, number], [number, number]];

  constructor(readonly shape: NetworkShape) {
    for (const { geometry, properties } of shape.features) {
      if (geometry.type === "LineString") this.addPattern(properties as PatternProperties, geometry.coordinates);
      else this.addStop(properties as StopProperties, geometry.coordinates);
    }
    this.lines.sort((one, other) => byNature(one.name, other.name));
    this.stops.sort((one, other) => byNature(one.name, other.name));
    const longitudes = this.stops.map((stop) => stop.lngLat[0]);
    const latitudes = this.stops.map((stop) => stop.lngLat[1]);
    this.bounds = [
      [Math.min(...longitudes), Math.min(...latitudes)],
      [Math.max(...longitudes), Math.max(...latitudes)],
    ];
  }

  private addPattern(properties: PatternProperties, coordinates: [number, number][]): void {
    let line = this.line.get(properties.line_id);
    if (!line) {
      line = { id: properties.line_id, name: properties.name, label: labelOf(properties.line_id, properties.name), colour: properties.color, night: properties.night, patterns: [] };
      this.line.set(line.id, line);
      this.lines.push(line);
    }
    line.patterns.push(new Pattern(properties, coordinates));
  }

  private addStop(properties: StopProperties, lngLat: [number, number]): void {
    const lineIds = properties.line_ids ? properties.line_ids.split(",").sort(byNature) : [];
    const stop: Stop = { id: properties.stop_id, name: properties.name, lineIds, lngLat, waiting: null };
    this.stops.push(stop);
    this.stop.set(stop.id, stop);
  }

  stopName(id: string): string {
    return this.stop.get(id)?.name ?? id;
  }
}
