// The bar at the bottom: a timeline of what is stored, replay, and, where allowed, the simulator's own clock.

import { get, type Session, send } from "../api";
import type { City } from "../city";
import { byId, h } from "../dom";
import { dayAndMinute, type Key, number, t } from "../i18n";
import type { ClockState, Health } from "../records";
import { Replay } from "./replay";

const PACES = [1, 10, 60, 300];
const CLOCK_RATES = [1, 2, 5, 10, 30, 60, 120, 600];
const STORED_EVERY_MS = 10 * 60_000;
const ASK_AGAIN_MS = 10_000;

export class TimeBar {
  private readonly bar = byId("time");
  /** The first instant that is stored without a gap up to now; NaN until the server has told it. */
  private startMs = Number.NaN;
  private pace = 60;
  private dragging = false;
  private slider: HTMLInputElement | null = null;
  private replayed: Replay | null = null;
  private playButton: HTMLButtonElement | null = null;

  constructor(
    private readonly city: City,
    private session: Session,
    private readonly failed: (error: unknown) => void,
  ) {
    city.clock.changed.addEventListener("change", () => this.draw());
    setInterval(() => this.move(), 500);
    void this.findStored();
    setInterval(() => void this.findStored(), STORED_EVERY_MS);
    this.draw();
  }

  allow(session: Session): void {
    this.session = session;
    this.draw();
  }

  draw(): void {
    if (this.dragging) return;
    const focused = document.activeElement?.id;
    this.slider = h("input", { id: "timeline", type: "range", "aria-label": t("timeline"), step: 30, disabled: true, input: () => this.drag(), change: () => void this.drop() });
    const replaying = this.replayed !== null;
    this.playButton = h("button", { type: "button", id: "play", disabled: !replaying, click: () => this.togglePlay() }, this.playText());
    const paces = h("select", { id: "replay-pace", "aria-label": t("pace"), change: (event) => this.setPace(Number((event.target as HTMLSelectElement).value)) }, ...PACES.map((each) => h("option", { value: each, selected: each === this.pace }, `×${each}`)));
    this.bar.replaceChildren(
      h("button", { type: "button", id: "live", "aria-pressed": String(!replaying), click: () => this.live() }, t("live")),
      this.slider,
      h("output", { id: "moment-shown", for: "timeline" }),
      this.playButton,
      paces,
      ...(this.session.may_control_clock && !replaying ? this.clockControls() : []),
    );
    this.move();
    if (focused) document.getElementById(focused)?.focus();
  }

  // --- the timeline

  private async findStored(): Promise<void> {
    try {
      const { streams } = await get<Health>("/health");
      const stretches = streams.bus_position?.coverage ?? [];
      // The stretch that ends last: earlier ones are apart from it by a gap.
      const last = stretches.reduce((one, other) => (one && one.end > other.end ? one : other), stretches[0]);
      if (last) this.startMs = Date.parse(last.start);
      this.move();
    } catch (error) {
      this.failed(error);
      setTimeout(() => void this.findStored(), ASK_AGAIN_MS);
    }
  }

  private endMs(): number {
    return this.city.live.newestMs;
  }

  private move(): void {
    if (!this.slider || this.dragging || !Number.isFinite(this.endMs())) return;
    const at = this.replayed ? this.replayed.nowMs() : this.endMs();
    this.slider.disabled = !Number.isFinite(this.startMs);
    if (!this.slider.disabled) {
      [this.slider.min, this.slider.max] = [String(this.startMs / 1000), String(this.endMs() / 1000)];
      this.slider.value = String(at / 1000);
    }
    this.tell(at);
    if (this.playButton && this.playButton.textContent !== this.playText()) this.playButton.textContent = this.playText();
  }

  private tell(ms: number): void {
    const text = dayAndMinute(ms);
    if (byId("moment-shown").textContent === text) return;
    byId("moment-shown").textContent = text;
    this.slider?.setAttribute("aria-valuetext", text);
  }

  private drag(): void {
    this.dragging = true;
    this.tell(Number(this.slider?.value) * 1000);
  }

  private async drop(): Promise<void> {
    this.dragging = false;
    const at = Number(this.slider?.value) * 1000;
    if (at >= this.endMs() - 30_000) return this.live();
    const pace = this.replayed?.rate() ?? 0;
    this.replayed?.end();
    const replay = new Replay(this.city, at, () => this.endMs(), this.failed);
    this.replayed = replay;
    this.city.replay = replay;
    try {
      await replay.load();
    } catch (error) {
      this.failed(error);
    }
    if (this.replayed !== replay) return;
    if (pace) replay.play(pace);
    this.city.announce("mode");
    this.draw();
  }

  live(): void {
    this.replayed?.end();
    this.replayed = null;
    this.city.replay = null;
    this.city.announce("mode");
    this.draw();
  }

  // --- replay

  private playText(): string {
    return this.replayed?.rate() ? t("stopReplay") : t("play");
  }

  private togglePlay(): void {
    this.replayed?.play(this.replayed.rate() ? 0 : this.pace);
    this.move();
  }

  private setPace(pace: number): void {
    this.pace = pace;
    if (this.replayed?.rate()) this.replayed.play(pace);
  }

  // --- the simulator's clock

  private clockControls(): Node[] {
    const { clock } = this.city;
    const rates = [...new Set([...CLOCK_RATES, ...(clock.rate > 0 ? [clock.rate] : [])])].sort((one, other) => one - other);
    const jump = h("input", { type: "datetime-local", id: "jump-to", step: 60, "aria-label": t("jump") });
    const button = (key: Key, id: string, click: () => void): Node => h("button", { type: "button", id, click }, t(key));
    return [
      h("span", { class: "gap", "aria-hidden": true }),
      button(clock.paused ? "resume" : "pause", "pause", () => void this.change({ pause: !clock.paused })),
      button("step", "step", () => void this.change({ step: 60 })),
      h(
        "select",
        { id: "rate", "aria-label": `${t("pace")} (${t("run")})`, change: (event) => void this.change({ rate: Number((event.target as HTMLSelectElement).value) }) },
        ...rates.map((each) => h("option", { value: each, selected: each === clock.rate }, `×${number(each, each < 1 ? 2 : 0)}`)),
      ),
      jump,
      button("jump", "jump", () => jump.value && void this.change({ jump: madridInstant(jump.value) })),
    ];
  }

  private async change(body: unknown): Promise<void> {
    try {
      this.city.clock.set(await send<ClockState>("POST", "/clock", body));
    } catch (error) {
      this.failed(error);
    }
    this.draw();
  }
}

/** The instant of a local time in Madrid, "2026-03-04T08:30". */
export function madridInstant(local: string): string {
  const guess = Date.parse(`${local}Z`);
  const shown = new Date(guess).toLocaleString("sv-SE", { timeZone: "Europe/Madrid" }).replace(" ", "T");
  return new Date(guess - (Date.parse(`${shown}Z`) - guess)).toISOString();
}
