// Light and dark: the system's choice, unless the reader chose. Colours of the map; those of the page are in CSS.

export interface Palette {
  text: string;
  halo: string;
  stop: string;
  stopEdge: string;
  casing: string;
  lineOpacity: number;
  busEdge: [number, number, number];
  parked: [number, number, number];
}

const DARK: Palette = {
  text: "#c9d4e3",
  halo: "#0f1622",
  stop: "#f2f5fa",
  stopEdge: "#0f1622",
  casing: "#1d2737",
  lineOpacity: 0.6,
  busEdge: [0.05, 0.08, 0.13],
  parked: [0.42, 0.48, 0.56],
};

const LIGHT: Palette = {
  text: "#27303d",
  halo: "#ffffff",
  stop: "#ffffff",
  stopEdge: "#39465a",
  casing: "#ffffff",
  lineOpacity: 0.5,
  busEdge: [1, 1, 1],
  parked: [0.6, 0.64, 0.69],
};

const system = matchMedia("(prefers-color-scheme: dark)");

export function isDark(): boolean {
  const kept = localStorage.getItem("theme");
  return kept ? kept === "dark" : system.matches;
}

export function palette(): Palette {
  return isDark() ? DARK : LIGHT;
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

export function toggleTheme(): void {
  localStorage.setItem("theme", isDark() ? "light" : "dark");
  applyTheme();
}

export function onSystemTheme(changed: () => void): void {
  system.addEventListener("change", changed);
}

type Rgb = [number, number, number];

const LOAD: [number, Rgb][] = [
  [0, [0.3, 0.72, 0.95]],
  [0.35, [0.36, 0.83, 0.62]],
  [0.6, [0.97, 0.83, 0.31]],
  [0.85, [0.96, 0.5, 0.2]],
  [1, [0.89, 0.2, 0.25]],
];

/** Blue for empty, by green and yellow, to red for full. */
export function loadColour(load: number): Rgb {
  const value = Math.min(1, Math.max(0, load));
  const next = LOAD.findIndex(([at]) => at >= value);
  if (next <= 0) return LOAD[0][1];
  const [[from, one], [to, other]] = [LOAD[next - 1], LOAD[next]];
  const part = (value - from) / (to - from);
  return [0, 1, 2].map((index) => one[index] + (other[index] - one[index]) * part) as Rgb;
}

/** Black or white, whichever is easier to read on a colour: the contrast is at least 4.5 on any. */
export function readableOn(hex: string): string {
  const [red, green, blue] = rgb(hex).map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (light + 0.05) ** 2 >= 1.05 * 0.05 ? "#000" : "#fff";
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${Math.round(red * 255)} ${Math.round(green * 255)} ${Math.round(blue * 255)})`;
}

export function rgb(hex: string): Rgb {
  const value = parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}
