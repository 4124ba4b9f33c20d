// Small charts as SVG: lines over time, bars, and the space-time diagram of a line.

import { h, svg } from "./dom";
import { hourMinute } from "./i18n";

const WIDTH = 340;
const LEFT = 30;

export interface Point {
  timeMs: number;
  value: number;
}

function frame(height: number, label: string, ...children: SVGElement[]): SVGElement {
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "chart", role: "img", "aria-label": label }, ...children);
}

function nice(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= most) ?? most;
}

function timeMarks(fromMs: number, toMs: number, x: (ms: number) => number, height: number): SVGElement[] {
  const spans = [10, 15, 30, 60, 120, 180, 240, 360].map((minutes) => minutes * 60_000);
  const every = spans.find((each) => (toMs - fromMs) / each <= 6) ?? spans[spans.length - 1];
  const marks: SVGElement[] = [];
  for (let at = Math.ceil(fromMs / every) * every; at <= toMs; at += every) {
    marks.push(svg("line", { x1: x(at), x2: x(at), y1: 4, y2: height - 16, class: "grid" }));
    marks.push(svg("text", { x: x(at), y: height - 4, "text-anchor": "middle", class: "mark" }, hourMinute(at)));
  }
  return marks;
}

/** A value over time, as a filled line. */
export function timeLine(points: Point[], label: string, height = 96): SVGElement {
  if (points.length < 2) return frame(height, label);
  const [fromMs, toMs] = [points[0].timeMs, points[points.length - 1].timeMs];
  const most = nice(Math.max(...points.map((point) => point.value)));
  const x = (ms: number): number => LEFT + ((ms - fromMs) / (toMs - fromMs || 1)) * (WIDTH - LEFT - 6);
  const y = (value: number): number => height - 18 - (value / most) * (height - 26);
  const path = points.map((point, index) => `${index ? "L" : "M"}${x(point.timeMs).toFixed(1)} ${y(point.value).toFixed(1)}`).join("");
  return frame(
    height,
    label,
    ...timeMarks(fromMs, toMs, x, height),
    ...[0, most].map((value) => svg("text", { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end", class: "mark" }, String(value))),
    svg("path", { d: `${path}L${x(toMs)} ${y(0)}L${x(fromMs)} ${y(0)}Z`, class: "area" }),
    svg("path", { d: path, class: "curve" }),
  );
}

/** A bar for each value, with a name where one points. */
export function bars(values: { name: string; value: number }[], label: string, height = 96): SVGElement {
  const most = nice(Math.max(1, ...values.map((each) => each.value)));
  const step = (WIDTH - LEFT - 6) / Math.max(1, values.length);
  const y = (value: number): number => height - 8 - (value / most) * (height - 16);
  return frame(
    height,
    label,
    ...[0, most].map((value) => svg("text", { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end", class: "mark" }, String(value))),
    ...values.map(({ name, value }, index) =>
      svg(
        "rect",
        { x: LEFT + index * step + step * 0.1, y: y(value), width: step * 0.8, height: Math.max(0, y(0) - y(value)), class: "bar" },
        svg("title", {}, `${name}: ${Math.round(value * 10) / 10}`),
      ),
    ),
  );
}

export interface Journey {
  colour: string;
  points: { timeMs: number; distanceM: number }[];
}

/** Distance along a line over time: each bus's trip a curve, a stop a fine line. */
export function spaceTime(journeys: Journey[], stopsM: number[], ends: [string, string], fromMs: number, toMs: number, label: string): SVGElement {
  const height = 260;
  const length = stopsM[stopsM.length - 1] || 1;
  const x = (ms: number): number => 8 + ((ms - fromMs) / (toMs - fromMs)) * (WIDTH - 14);
  const y = (metres: number): number => height - 20 - (metres / length) * (height - 30);
  const clip = `clip-${Math.round(fromMs)}`;
  return frame(
    height,
    label,
    svg("clipPath", { id: clip }, svg("rect", { x: 8, y: 4, width: WIDTH - 14, height: height - 20 })),
    ...stopsM.map((metres) => svg("line", { x1: 8, x2: WIDTH - 6, y1: y(metres), y2: y(metres), class: "grid" })),
    ...timeMarks(fromMs, toMs, x, height),
    svg(
      "g",
      { "clip-path": `url(#${clip})` },
      ...journeys.map(({ colour, points }) =>
        svg("path", {
          d: points.map((point, index) => `${index ? "L" : "M"}${x(point.timeMs).toFixed(1)} ${y(point.distanceM).toFixed(1)}`).join(""),
          class: "journey",
          stroke: colour,
        }),
      ),
    ),
    svg("text", { x: 11, y: height - 24, class: "mark end" }, ends[0]),
    svg("text", { x: 11, y: 15, class: "mark end" }, ends[1]),
  );
}

/** A share of a whole, as a bar that says its value. */
export function gauge(share: number, colour: string, text: string): HTMLElement {
  const bar = svg("svg", { viewBox: "0 0 100 8", class: "gauge", preserveAspectRatio: "none", "aria-hidden": true }, svg("rect", { width: 100, height: 8, class: "track" }), svg("rect", { width: Math.min(100, share * 100), height: 8, fill: colour }));
  return h("span", { class: "gauged" }, bar, text);
}
