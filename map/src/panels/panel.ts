// The panel beside the map: it shows what is selected, and keeps it up to date.

import { SignedOut } from "../api";
import type { City } from "../city";
import { byId, h } from "../dom";
import { BusPanel } from "./busPanel";
import { LinePanel } from "./linePanel";
import { Refresher } from "./parts";
import { StopPanel } from "./stopPanel";

/** A view of one thing: `load` asks the API, `draw` shows what is known now. */
export interface View {
  title(): Node | string;
  load(): Promise<void>;
  draw(): Node[];
}

const EVERY_MS = 60_000;
const OFTENEST_MS = 10_000;
const REDRAW_MS = 1000;

export class Panel {
  private readonly element = byId("details");
  private readonly body = byId("details-body");
  private readonly heading = byId("details-title");
  private readonly content = h("div", {});
  // Apart from the content, which is drawn again and again: what somebody types must stay.
  private readonly forms = h("div", {});
  private view: View | null = null;
  private refresher: Refresher | null = null;
  private drawnMs = -Infinity;
  private cameFrom: HTMLElement | null = null;

  constructor(
    private readonly city: City,
    private readonly signedOut: () => void,
    private readonly actions: (view: View) => Node[] = () => [],
  ) {
    this.body.replaceChildren(this.content, this.forms);
    city.addEventListener("selection", () => this.show(this.viewOfSelection()));
    city.addEventListener("positions", () => this.redraw());
    city.addEventListener("counts", () => this.redraw());
    city.addEventListener("mode", () => this.view && this.show(this.view));
    byId("details-close").addEventListener("click", () => this.close());
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  close(): void {
    if (this.city.selected) this.city.select(null);
    else this.show(null);
    this.cameFrom?.focus();
  }

  show(view: View | null): void {
    this.refresher?.end();
    this.view = view;
    this.element.hidden = view === null;
    document.body.classList.toggle("with-details", view !== null);
    if (!view) return;
    if (document.activeElement instanceof HTMLElement && !this.element.contains(document.activeElement)) this.cameFrom = document.activeElement;
    this.content.replaceChildren();
    this.forms.replaceChildren(...this.actions(view));
    this.body.scrollTop = 0;
    this.drawnMs = -Infinity;
    this.redraw(true);
    this.refresher = new Refresher(
      async () => {
        await view.load();
        if (this.view === view) this.redraw(true);
      },
      () => Math.max(OFTENEST_MS, EVERY_MS / Math.max(1, this.city.pace)),
      (error) => this.fail(error),
    );
  }

  refresh(): void {
    if (this.view) this.show(this.view);
  }

  /** Whether this view, or one of its kind, is open. */
  isOpen(kind: new (...parts: never[]) => View): boolean {
    return this.view instanceof kind;
  }

  private viewOfSelection(): View | null {
    const selected = this.city.selected;
    if (!selected) return null;
    if (selected.kind === "bus") return new BusPanel(this.city, selected.id);
    return selected.kind === "stop" ? new StopPanel(this.city, selected.id) : new LinePanel(this.city, selected.id);
  }

  private redraw(always = false): void {
    if (!this.view || (!always && performance.now() - this.drawnMs < REDRAW_MS)) return;
    // Not under somebody's keyboard focus: a button that goes away takes the focus with it.
    if (!always && this.content.contains(document.activeElement)) return;
    this.drawnMs = performance.now();
    this.heading.replaceChildren(this.view.title());
    this.content.replaceChildren(...this.view.draw());
  }

  private fail(error: unknown): void {
    if (error instanceof SignedOut) this.signedOut();
    else this.content.append(h("p", { role: "status", class: "note" }, error instanceof Error ? error.message : String(error)));
  }
}
