// Interventions by pointing at the map: a road between two stops of a line is closed, a bus breaks down.

import type { City } from "./city";
import { byId, h } from "./dom";
import { type Key, t } from "./i18n";
import { badge } from "./panels/parts";
import type { Interventions } from "./panels/interventions";

export interface Pointed {
  bus: string | null;
  stop: string | null;
}

export class Pointing {
  private kind: "closure" | "breakdown" | null = null;
  private stops: string[] = [];
  private minutes = 0;
  private readonly element = byId("pointing");

  constructor(
    private readonly city: City,
    private readonly interventions: Interventions,
    private readonly mark: (stops: string[]) => void,
  ) {
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.stop());
  }

  /** Buttons that begin: for the forms of the whole city. */
  buttons(): Node[] {
    const button = (key: Key, kind: "closure" | "breakdown", minutes: number): Node => h("button", { type: "button", click: () => this.begin(kind, minutes) }, t(key));
    return [h("div", { class: "choices" }, button("pointClosure", "closure", 6), button("pointBreakdown", "breakdown", 25))];
  }

  /** Take a click on the map. Returns false if nothing is asked for. */
  take({ bus, stop }: Pointed): boolean {
    if (this.kind === null) return false;
    if (this.kind === "breakdown") {
      if (bus) void this.make({ breakdown: { bus, repair_min: this.minutes } });
    } else if (stop && this.stops.length < 2 && !this.stops.includes(stop)) {
      this.stops.push(stop);
      this.mark(this.stops);
      if (this.stops.length === 2) this.close();
      else this.ask("pointSecond");
    }
    return true;
  }

  private begin(kind: "closure" | "breakdown", minutes: number): void {
    [this.kind, this.minutes, this.stops] = [kind, minutes, []];
    this.city.select(null);
    this.ask(kind === "closure" ? "pointFirst" : "pointBus");
  }

  private stop(): void {
    this.kind = null;
    this.mark([]);
    this.element.hidden = true;
  }

  private ask(key: Key, ...further: Node[]): void {
    const input = h("input", { type: "number", min: 0, value: this.minutes, change: (event) => (this.minutes = Number((event.target as HTMLInputElement).value)) });
    this.say(t(key), h("label", {}, `${t(this.kind === "closure" ? "detour" : "repair")} `, input), ...further);
  }

  private say(text: string, ...further: Node[]): void {
    this.element.hidden = false;
    this.element.replaceChildren(h("span", {}, text), ...further, h("button", { type: "button", click: () => this.stop() }, t("cancel")));
  }

  /** Close the road between the two stops for the line that serves both; ask which, if there are several. */
  private close(): void {
    const lines = this.city.shownLines().filter((line) => line.patterns.some((each) => this.stops.every((stop) => each.stopIds.includes(stop))));
    const close = (id: string): void => void this.make({ closure: { line: id, between: this.between(id), detour_min: this.minutes } });
    if (lines.length === 1) return close(lines[0].id);
    const choices = lines.map((line) => h("button", { type: "button", click: () => close(line.id) }, badge(line)));
    this.ask(lines.length ? "pointLine" : "pointNoLine", ...choices);
    if (!lines.length) [this.stops] = [[]];
  }

  /** The stops in the order in which the line serves them. */
  private between(lineId: string): string[] {
    const pattern = this.city.network.line.get(lineId)?.patterns.find((each) => this.stops.every((stop) => each.stopIds.includes(stop)));
    const position = (stop: string): number => pattern?.stopIds.indexOf(stop) ?? 0;
    return [...this.stops].sort((one, other) => position(one) - position(other));
  }

  private async make(disruption: Record<string, Record<string, unknown>>): Promise<void> {
    this.kind = null;
    try {
      this.say(await this.interventions.make(disruption));
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
    this.mark([]);
  }
}
