// Headways of one direction of a line, from the times at which its buses left each stop.

import type { StopVisit } from "../records";

export interface Headways {
  meanS: number;
  /** Standard deviation by mean: 0 for a perfectly regular service, about 1 for buses at random. */
  variation: number;
  /** The share of headways below a quarter of the mean. */
  bunchedShare: number;
}

export function headwaysOf(visits: StopVisit[]): Headways | null {
  const byStop = new Map<number, number[]>();
  for (const visit of visits) {
    const times = byStop.get(visit.sequence) ?? [];
    times.push(Date.parse(visit.time) / 1000);
    byStop.set(visit.sequence, times);
  }
  const last = Math.max(0, ...byStop.keys());
  const gaps: number[] = [];
  for (const [sequence, times] of byStop) {
    // At terminals buses wait on purpose.
    if (sequence === 1 || sequence === last) continue;
    times.sort((one, other) => one - other);
    for (let index = 1; index < times.length; index += 1) gaps.push(times[index] - times[index - 1]);
  }
  if (gaps.length < 2) return null;
  const meanS = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - meanS) ** 2, 0) / gaps.length;
  return { meanS, variation: Math.sqrt(variance) / meanS, bunchedShare: gaps.filter((gap) => gap < meanS / 4).length / gaps.length };
}
