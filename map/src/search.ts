// Search for lines, stops and buses by number or name, as a combobox: arrows choose, Enter opens.

import type { City, Selection } from "./city";
import { byId, h } from "./dom";
import { t } from "./i18n";
import { byNature } from "./network";
import { badge } from "./panels/parts";
import { nameOnly } from "./panels/stopPanel";

const MOST = 12;

interface Hit extends Selection {
  rank: number;
  text: string;
  content: (Node | string)[];
}

export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

export class Search {
  private readonly input = byId<HTMLInputElement>("search");
  private readonly list = byId("search-results");
  private hits: Hit[] = [];
  private chosen = 0;

  constructor(
    private readonly city: City,
    private readonly open: (selection: Selection) => void,
  ) {
    this.input.addEventListener("input", () => this.update());
    this.input.addEventListener("focus", () => this.update());
    this.input.addEventListener("blur", () => setTimeout(() => this.hide(), 150));
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.chosen = (this.chosen + step + this.hits.length) % (this.hits.length || 1);
      this.draw();
      event.preventDefault();
    } else if (event.key === "Enter" && this.hits[this.chosen]) this.take(this.hits[this.chosen]);
    else if (event.key === "Escape") this.hide();
  }

  private take(hit: Hit): void {
    this.input.value = "";
    this.hide();
    this.open({ kind: hit.kind, id: hit.id });
  }

  private hide(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  private update(): void {
    const wanted = plain(this.input.value.trim());
    this.hits = wanted ? this.find(wanted) : [];
    this.chosen = 0;
    if (!wanted) this.hide();
    else this.draw();
  }

  private find(wanted: string): Hit[] {
    const { network, tracks } = this.city;
    const hits: Hit[] = [];
    const offer = (kind: Hit["kind"], id: string, texts: string[], content: () => (Node | string)[]): void => {
      const rank = rankOf(wanted, texts);
      if (rank < 9) hits.push({ kind, id, rank: rank + (kind === "line" ? 0 : kind === "stop" ? 0.3 : 0.6), text: texts[0], content: content() });
    };
    for (const line of network.lines) offer("line", line.id, [line.label, line.id, line.name], () => [badge(line), ` ${nameOnly(line.name, line.label)}`]);
    for (const stop of network.stops) offer("stop", stop.id, [stop.name, stop.id], () => [`${stop.name} `, h("small", {}, `${t("stop")} ${stop.id} · ${stop.lineIds.join(", ")}`)]);
    for (const bus of tracks.buses.values()) offer("bus", bus.id, [bus.id], () => [`${t("bus")} ${bus.id}`]);
    return hits.sort((one, other) => one.rank - other.rank || byNature(one.text, other.text)).slice(0, MOST);
  }

  private draw(): void {
    const options = this.hits.map((hit, index) =>
      h("li", { role: "option", id: `hit-${index}`, "aria-selected": String(index === this.chosen), mousedown: (event: Event) => (event.preventDefault(), this.take(hit)) }, ...hit.content),
    );
    this.list.replaceChildren(...(options.length ? options : [h("li", { role: "option", "aria-disabled": true, "aria-selected": "false" }, t("noMatch"))]));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (options.length) this.input.setAttribute("aria-activedescendant", `hit-${this.chosen}`);
  }
}

/** 0 for the whole text, 1 for its beginning, 2 for a word's beginning, 3 for within, 9 for nowhere. */
function rankOf(wanted: string, texts: string[]): number {
  let best = 9;
  for (const text of texts) {
    const at = plain(text).indexOf(wanted);
    if (at < 0) continue;
    const rank = at === 0 ? (text.length === wanted.length ? 0 : 1) : /[\s-]/.test(text[at - 1]) ? 2 : 3;
    best = Math.min(best, rank);
  }
  return best;
}
