// A replay: a stretch of the stored data, fetched a piece ahead of what is shown, played at a pace of one's own.

import { get, getCsv } from "../api";
import type { City } from "../city";
import type { AllAtOnce, BusPosition, PeopleCount } from "../records";
import { Tracks } from "../tracks";

const TICK_MS = 30_000;
/** Simulated time that one request fetches: for a whole city about 5 MB. */
const PIECE_MS = 10 * 60_000;

interface Counted {
  timeMs: number;
  counts: { stop_id: string; count: number; time: string }[];
}

export class Replay {
  readonly tracks: Tracks;
  private anchorMs: number;
  private anchorWallMs = performance.now();
  private pace = 0;
  private loadedToMs: number;
  private loading: Promise<void> | null = null;
  private counted: Counted[] = [];
  private timer = 0;

  constructor(
    private readonly city: City,
    startMs: number,
    private readonly endMs: () => number,
    private readonly failed: (error: unknown) => void,
  ) {
    this.tracks = new Tracks(city.network, 4 * PIECE_MS);
    this.anchorMs = Math.floor(startMs / TICK_MS) * TICK_MS;
    this.loadedToMs = this.anchorMs;
    this.timer = window.setInterval(() => this.follow(), 200);
  }

  nowMs(): number {
    const ran = this.anchorMs + (performance.now() - this.anchorWallMs) * this.pace;
    return Math.min(ran, this.pace > 0 ? this.loadedToMs : ran, this.endMs());
  }

  rate(): number {
    return this.pace;
  }

  /** The moment's positions and counts, by two requests. */
  async load(): Promise<void> {
    const at = new Date(this.anchorMs).toISOString();
    const [positions, counts] = await Promise.all([
      get<AllAtOnce<BusPosition>>("/bus-position", { timestamp: at }),
      get<AllAtOnce<PeopleCount>>("/people-count", { timestamp: at }),
    ]);
    for (const record of positions.items) this.tracks.add(record);
    if (this.city.replay === this) this.city.setCounts(counts.items);
  }

  play(pace: number): void {
    [this.anchorMs, this.anchorWallMs, this.pace] = [this.nowMs(), performance.now(), pace];
    this.follow();
  }

  end(): void {
    clearInterval(this.timer);
    this.pace = 0;
  }

  private follow(): void {
    const now = this.nowMs();
    if (this.pace > 0 && this.loadedToMs < this.endMs() && now + this.pace * 3000 + TICK_MS > this.loadedToMs) void this.fetchPiece();
    const due = this.counted.filter((each) => each.timeMs <= now);
    if (due.length) {
      this.counted = this.counted.filter((each) => each.timeMs > now);
      this.city.setCounts(due[due.length - 1].counts);
    } else if (this.pace > 0) this.city.announce("positions");
  }

  private async fetchPiece(): Promise<void> {
    if (this.loading) return;
    const from = this.loadedToMs;
    const to = Math.min(from + PIECE_MS, this.endMs());
    if (to <= from) return;
    const range = { start: new Date(from).toISOString(), end: new Date(to + 1).toISOString(), format: "csv" };
    this.loading = Promise.all([getCsv("/export/bus_position", range), getCsv("/export/people_count", range)]).then(([positions, counts]) => {
      this.addPositions(positions);
      this.addCounts(counts);
      // What stood still while the piece was on its way goes on from where it stood.
      [this.anchorMs, this.anchorWallMs] = [this.nowMs(), performance.now()];
      this.loadedToMs = to;
    });
    try {
      await this.loading;
    } catch (error) {
      this.pace = 0;
      this.failed(error);
    } finally {
      this.loading = null;
    }
  }

  private addPositions(table: Map<string, string[]>): void {
    const column = (name: string): string[] => table.get(name) ?? [];
    const ids = column("bus_id");
    for (let row = 0; row < ids.length; row += 1)
      this.tracks.add({
        bus_id: ids[row],
        line_id: column("line_id")[row],
        time: column("time")[row],
        latitude: Number(column("latitude")[row]),
        longitude: Number(column("longitude")[row]),
        passenger_count: Number(column("passenger_count")[row]),
        next_stop_id: column("next_stop_id")[row],
        distance_to_next_stop: Number(column("distance_to_next_stop")[row]),
        speed: Number(column("speed")[row]),
        direction: Number(column("direction")[row]) as 0 | 1,
        trip_id: column("trip_id")[row],
      });
  }

  private addCounts(table: Map<string, string[]>): void {
    const [times, stops, counts] = ["time", "stop_id", "count"].map((name) => table.get(name) ?? []);
    const byTime = new Map<string, Counted>();
    times.forEach((time, row) => {
      const found = byTime.get(time) ?? { timeMs: Date.parse(time), counts: [] };
      found.counts.push({ stop_id: stops[row], count: Number(counts[row]), time });
      byTime.set(time, found);
    });
    this.counted.push(...byTime.values());
  }
}
