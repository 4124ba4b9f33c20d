// Routes that share streets, as stretches without doubles: each with the colours of all routes that take it.

import { rgb } from "./theme";

export type Coordinates = [number, number][];

export interface Route {
  lineId: string;
  colour: string;
  coordinates: Coordinates;
}

export interface Stretch {
  /** The one on top. */
  route: Route;
  /** Of all routes that take it, from below to the top; of one that takes it twice, twice. */
  colours: string[];
  coordinates: Coordinates;
}

/** Stretches between the places where routes part or meet. A segment is shared if both its ends are equal. */
export function bundled(routes: Route[]): Stretch[] {
  const segments = new Segments(routes);
  const stretches: Stretch[] = [];
  routes.forEach((route, own) => {
    let last: { stretch: Stretch; takenBy: string } | null = null;
    segments.ofRoute[own].forEach((segment, index) => {
      const takers = segments.takers.get(segment) ?? [];
      if (takers[takers.length - 1] !== own || !segments.isNew(segment)) return void (last = null);
      const takenBy = takers.join();
      if (last?.takenBy !== takenBy) {
        const colours = takers.map((each) => routes[each].colour);
        last = { takenBy, stretch: { route, colours, coordinates: [route.coordinates[index]] } };
        stretches.push(last.stretch);
      }
      last.stretch.coordinates.push(route.coordinates[index + 1]);
    });
  });
  return stretches;
}

/** The colour of strokes over one another, each with the same opacity: red, green, blue, from 0 to 1. */
export function overlaid(colours: string[], opacity: number): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  let covered = 0;
  for (const colour of colours) {
    rgb(colour).forEach((value, index) => (sum[index] += (value - sum[index]) * opacity));
    covered += (1 - covered) * opacity;
  }
  return [sum[0] / covered, sum[1] / covered, sum[2] / covered];
}

class Segments {
  /** The segments of each route, in its order. */
  readonly ofRoute: number[][];
  /** The routes that take a segment, as indices. */
  readonly takers = new Map<number, number[]>();
  private readonly points = new Map<string, number>();
  private readonly seen = new Set<number>();

  constructor(routes: Route[]) {
    this.ofRoute = routes.map(({ coordinates }, route) => {
      const points = coordinates.map((place) => this.point(place));
      return points.slice(1).map((end, index) => this.taken(points[index], end, route));
    });
  }

  isNew(segment: number): boolean {
    const isNew = !this.seen.has(segment);
    this.seen.add(segment);
    return isNew;
  }

  private point(place: [number, number]): number {
    const key = place.join();
    const found = this.points.get(key) ?? this.points.size;
    this.points.set(key, found);
    return found;
  }

  private taken(start: number, end: number, route: number): number {
    const segment = Math.min(start, end) * 2 ** 26 + Math.max(start, end);
    const takers = this.takers.get(segment);
    if (takers) takers.push(route);
    else this.takers.set(segment, [route]);
    return segment;
  }
}
