// Where each bus was, tick by tick, and where it is at any instant between: along its pattern's shape.

import type { Network, Pattern, Place } from "./network";
import { mercator } from "./network";
import type { BusPosition } from "./records";

interface Sample {
  timeMs: number;
  x: number;
  y: number;
  pattern: Pattern | null;
  distanceM: number;
  record: BusPosition;
}

/** Farther than this a bus didn't drive between two ticks: about 1.5 km at Madrid's latitude. */
const JUMP = 5e-5;

export class Bus {
  readonly place: Place = { x: 0, y: 0, bearing: 0 };
  private samples: Sample[] = [];
  private current: Sample | null = null;

  constructor(
    readonly id: string,
    readonly lineId: string,
  ) {}

  get newest(): BusPosition {
    return this.samples[this.samples.length - 1].record;
  }

  /** The record of the tick before the instant of the last `moveTo`. */
  get shown(): BusPosition {
    return this.current?.record ?? this.newest;
  }

  add(network: Network, record: BusPosition, keepMs: number): void {
    const timeMs = Date.parse(record.time);
    const samples = this.samples;
    let index = samples.length;
    while (index > 0 && samples[index - 1].timeMs >= timeMs) index -= 1;
    const same = samples[index]?.timeMs === timeMs;
    samples.splice(index, same ? 1 : 0, this.sample(network, record, timeMs));
    const newest = samples[samples.length - 1].timeMs;
    let old = 0;
    while (old < samples.length - 2 && samples[old + 1].timeMs < newest - keepMs) old += 1;
    if (old) samples.splice(0, old);
  }

  /** Forget what is after an instant: the clock went back. Returns whether anything is left. */
  dropAfter(timeMs: number): boolean {
    this.samples = this.samples.filter((sample) => sample.timeMs <= timeMs);
    return this.samples.length > 0;
  }

  private sample(network: Network, record: BusPosition, timeMs: number): Sample {
    const [x, y] = mercator([record.longitude, record.latitude]);
    let pattern: Pattern | null = null;
    let distanceM = NaN;
    for (const candidate of network.line.get(record.line_id)?.patterns ?? []) {
      if (candidate.direction !== record.direction) continue;
      distanceM = candidate.distanceTo(record.next_stop_id, record.distance_to_next_stop, x, y);
      if (!Number.isNaN(distanceM)) {
        pattern = candidate;
        break;
      }
    }
    return { timeMs, x, y, pattern, distanceM, record };
  }

  /** Set `place` to where the bus is at an instant; return its record of the tick before. */
  moveTo(timeMs: number): BusPosition {
    const samples = this.samples;
    let index = samples.length - 1;
    while (index > 0 && samples[index].timeMs > timeMs) index -= 1;
    const from = samples[index];
    const to = samples[index + 1];
    this.current = from;
    if (!to || timeMs <= from.timeMs) this.standAt(from);
    else this.between(from, to, (timeMs - from.timeMs) / (to.timeMs - from.timeMs));
    return from.record;
  }

  private standAt(sample: Sample): void {
    if (sample.pattern) sample.pattern.at(sample.distanceM, this.place);
    this.place.x = sample.x;
    this.place.y = sample.y;
  }

  private between(from: Sample, to: Sample, part: number): void {
    const sameTrip = from.pattern !== null && from.pattern === to.pattern && to.distanceM >= from.distanceM;
    if (sameTrip && from.pattern) {
      from.pattern.at(from.distanceM + (to.distanceM - from.distanceM) * part, this.place);
      return;
    }
    if (Math.hypot(to.x - from.x, to.y - from.y) > JUMP) {
      this.standAt(part < 1 ? from : to);
      return;
    }
    this.standAt(from);
    this.place.x += (to.x - from.x) * part;
    this.place.y += (to.y - from.y) * part;
  }
}

export class Tracks {
  readonly buses = new Map<string, Bus>();
  newestMs = -Infinity;

  constructor(
    private readonly network: Network,
    /** How many milliseconds of each bus to keep. */
    public keepMs: number,
  ) {}

  add(record: BusPosition): void {
    let bus = this.buses.get(record.bus_id);
    if (!bus) this.buses.set(record.bus_id, (bus = new Bus(record.bus_id, record.line_id)));
    bus.add(this.network, record, this.keepMs);
    this.newestMs = Math.max(this.newestMs, Date.parse(record.time));
  }

  dropAfter(timeMs: number): void {
    for (const [id, bus] of this.buses) if (!bus.dropAfter(timeMs)) this.buses.delete(id);
    this.newestMs = Math.min(this.newestMs, timeMs);
  }
}
