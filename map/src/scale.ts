// The bar that says how far a kilometre is. The library's own is drawn anew in each picture of a map that moves.

import type { IControl, Map as LibreMap } from "maplibre-gl";
import { h } from "./dom";

const LONGEST_PX = 100;

export class Scale implements IControl {
  private readonly bar = h("div", { class: "maplibregl-ctrl maplibregl-ctrl-scale" });
  private readonly draw = (): void => this.show();
  private map: LibreMap | null = null;

  onAdd(map: LibreMap): HTMLElement {
    this.map = map;
    map.on("moveend", this.draw);
    this.draw();
    return this.bar;
  }

  onRemove(): void {
    this.map?.off("moveend", this.draw);
    this.bar.remove();
  }

  private show(): void {
    if (!this.map) return;
    const y = this.map.getContainer().clientHeight / 2;
    const longestM = this.map.unproject([0, y]).distanceTo(this.map.unproject([LONGEST_PX, y]));
    const roundM = round(longestM);
    this.bar.style.width = `${(LONGEST_PX * roundM) / longestM}px`;
    this.bar.textContent = roundM < 1000 ? `${roundM} m` : `${roundM / 1000} km`;
  }
}

/** 1, 2, 3, 5 or a power of ten times as much; the greatest that is no more. */
function round(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres));
  return power * ([5, 3, 2].find((each) => metres >= each * power) ?? 1);
}
