// The simulated clock: the server's, read now and then, and running on by itself in between.

import { get } from "./api";
import type { ClockState } from "./records";

export class SimulatedClock {
  private anchorMs = 0;
  private anchorWallMs = 0;
  rate = 1;
  isMax = false;
  paused = false;
  readonly changed = new EventTarget();

  nowMs(): number {
    return this.anchorMs + (performance.now() - this.anchorWallMs) * this.rate;
  }

  set(state: ClockState): void {
    const before = [this.rate, this.paused, this.isMax].join();
    this.anchorMs = Date.parse(state.now);
    this.anchorWallMs = performance.now();
    this.isMax = state.rate === "max";
    this.rate = state.rate === "max" ? 0 : state.rate;
    this.paused = state.paused;
    if (before !== [this.rate, this.paused, this.isMax].join()) this.changed.dispatchEvent(new Event("change"));
  }

  /** A tick that is later than the clock shows it has run on: at full speed, or changed by someone else. */
  reach(timeMs: number): void {
    if (timeMs > this.nowMs()) [this.anchorMs, this.anchorWallMs] = [timeMs, performance.now()];
  }

  async refresh(): Promise<void> {
    this.set(await get<ClockState>("/clock"));
  }
}
