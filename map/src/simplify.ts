// Polylines with fewer points, by the method of Douglas and Peucker.

type Point = [number, number];

/** The points without which the polyline would be farther than `tolerance` from where it was. */
export function simplified(points: Point[], tolerance: number): Point[] {
  const isKept = points.map((_, index) => index === 0 || index === points.length - 1);
  const stretches: [number, number][] = [[0, points.length - 1]];
  for (let stretch = stretches.pop(); stretch; stretch = stretches.pop()) {
    const [first, last] = stretch;
    const farthest = farthestOf(points, first, last);
    if (farthest.away <= tolerance) continue;
    isKept[farthest.index] = true;
    stretches.push([first, farthest.index], [farthest.index, last]);
  }
  return points.filter((_, index) => isKept[index]);
}

/** The point between two others of a polyline that is farthest from the segment between these. */
function farthestOf(points: Point[], first: number, last: number): { index: number; away: number } {
  const found = { index: first, away: 0 };
  for (let index = first + 1; index < last; index += 1) {
    const away = distance(points[index], points[first], points[last]);
    if (away > found.away) [found.index, found.away] = [index, away];
  }
  return found;
}

/** From a point to the nearest of a segment. */
export function distance([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const part = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - x1 - part * dx, y - y1 - part * dy);
}
