// What panels are made of: facts, sections, lists that lead to other panels.

import type { City, Kind } from "../city";
import { h } from "../dom";
import type { Line } from "../network";
import { readableOn } from "../theme";

export type Fact = [string, Node | string | number];

export function facts(pairs: Fact[]): HTMLElement {
  return h("dl", { class: "facts" }, ...pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

export function section(title: string, ...content: (Node | string)[]): HTMLElement {
  return h("section", {}, h("h3", {}, title), ...content);
}

/** A button that selects a line, stop or bus. */
export function link(city: City, kind: Kind, id: string, ...content: (Node | string)[]): HTMLElement {
  return h("button", { type: "button", class: "link", click: () => city.select({ kind, id }) }, ...content);
}

/** A line's number on its colour. */
export function badge(line: Line | undefined, fallback = ""): Node {
  const made = h("span", { class: "badge" }, line?.label ?? fallback);
  if (line) [made.style.background, made.style.color] = [line.colour, readableOn(line.colour)];
  return made;
}

/** Runs once and again while a panel is open: at most one request at a time, and only the newest counts. */
export class Refresher {
  private timer = 0;
  private ended = false;

  constructor(
    private readonly refresh: () => Promise<void>,
    private readonly everyMs: () => number,
    private readonly failed: (error: unknown) => void,
  ) {
    void this.run();
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  get isEnded(): boolean {
    return this.ended;
  }

  private async run(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      if (!this.ended) this.failed(error);
    }
    if (!this.ended) this.timer = window.setTimeout(() => void this.run(), this.everyMs());
  }
}
