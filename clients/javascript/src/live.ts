/** Live records over WebSockets: an iterator that connects again when a connection is lost. */

import { BusSimulatorError, errorAnswer, unreachable } from "./errors.js";
import type { BusPosition, BusSensors, PeopleCount, StopSensors, StopVisit } from "./types.js";

export type StreamName = "bus_position" | "people_count" | "sensor_data" | "stop_visit";

export interface LiveOptions {
  /** All lines by default. */
  lineIds?: readonly string[];
  /** Positions by default; records of other streams name theirs as `stream`. */
  streams?: readonly StreamName[];
  /** Ends the iteration. */
  signal?: AbortSignal;
}

export interface Place {
  /** The WebSocket's URL, without credentials. */
  url: string;
  apiKey: string;
  group: string;
  WebSocket: typeof WebSocket;
  /** Asks REST for something: of a refused handshake no browser tells the reason. */
  ask: () => Promise<unknown>;
  sleep: (seconds: number) => Promise<void>;
}

export type Live =
  | (BusPosition & { stream?: never })
  | (PeopleCount & { stream: "people_count" })
  | ((BusSensors | StopSensors) & { stream: "sensor_data" })
  | (StopVisit & { stream: "stop_visit" });
type Message = Live | Live[] | { type: string; message?: string };

const LONGEST_PAUSE_S = 30;
/** Lines of a connection; more need several. */
const MOST_LINES = 50;

/** What a record is about: of its stream only the newest of an entity counts. */
const entityOf = (record: Live): string =>
  `${record.stream}/${"entity_id" in record ? record.entity_type + record.entity_id : "bus_id" in record ? record.bus_id : record.stop_id}`;

/** Yield the newest record of each entity of the lines, then every new one; none comes twice. */
export async function* live(place: Place, options: LiveOptions): AsyncGenerator<Live, void, undefined> {
  const lines = [...new Set(options.lineIds)];
  const shares = Array.from({ length: Math.ceil(lines.length / MOST_LINES) || 1 }, (_, number) =>
    lines.slice(number * MOST_LINES, (number + 1) * MOST_LINES),
  );
  // An entity of several shares, as a stop of many lines, belongs to the connection that sent it first.
  const seen = new Map<string, { share: readonly string[]; time: string }>();
  const waiting: Live[] = [];
  const ended = new AbortController();
  let failure: unknown;
  let wake = (): void => undefined;
  const end = (error?: unknown): void => {
    failure ??= error;
    ended.abort();
    wake();
  };
  const abort = (): void => end();
  if (options.signal?.aborted) return;
  options.signal?.addEventListener("abort", abort);
  for (const share of shares) {
    const take = (records: Live[]): void => {
      for (const record of records) {
        const known = seen.get(entityOf(record));
        if (known && (known.share !== share || known.time === record.time)) continue;
        seen.set(entityOf(record), { share, time: record.time });
        waiting.push(record);
      }
      wake();
    };
    keepConnected(place, { ...options, lineIds: share, signal: ended.signal }, take).catch(end);
  }
  try {
    for (;;) {
      yield* waiting.splice(0);
      if (ended.signal.aborted) break;
      if (!waiting.length) await new Promise<void>((resolve) => (wake = resolve));
    }
    if (failure) throw failure;
  } finally {
    options.signal?.removeEventListener("abort", abort);
    ended.abort();
  }
}

type Take = (records: Live[]) => void;

/** Keep a connection until the signal ends it. Throws what the server refuses, and if nothing answers at first. */
async function keepConnected(place: Place, options: LiveOptions & { signal: AbortSignal }, take: Take): Promise<void> {
  let answered = false;
  for (let failures = 0; !options.signal.aborted; failures++) {
    if (await connection(place, options, take)) {
      answered = true;
      failures = 0;
    } else if (!answered) {
      await place.ask();
      if (failures > 2) throw unreachable(place.url);
    }
    if (options.signal.aborted) return;
    await place.sleep(Math.min(0.5 * 2 ** failures, LONGEST_PAUSE_S) * (0.5 + Math.random() / 2));
  }
}

/** Take what comes over one connection until it is lost: whether anything came. Throws the server's error messages. */
function connection(place: Place, options: LiveOptions & { signal: AbortSignal }, take: Take): Promise<boolean> {
  const credentials = new URLSearchParams({ api_key: place.apiKey, group_name: place.group });
  const socket = new place.WebSocket(`${place.url}?${credentials}`);
  const { lineIds: line_ids, streams, signal } = options;
  let answered = false;
  let end = (): void => undefined;
  const lost = new Promise<boolean>((resolve, reject) => {
    end = () => resolve(answered);
    socket.onopen = () => socket.send(JSON.stringify({ action: "subscribe", line_ids, streams, batch: true }));
    socket.onclose = socket.onerror = end;
    socket.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as Message;
      answered = true;
      if (!("type" in message)) take(Array.isArray(message) ? message : [message]);
      else if (message.type === "error") reject(errorAnswer(400, message, place.url));
    };
  });
  signal.addEventListener("abort", end);
  return lost.finally(() => {
    signal.removeEventListener("abort", end);
    socket.close();
  });
}
