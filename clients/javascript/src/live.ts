/** Live records over the WebSocket: an iterator that connects again when its connection is lost. */

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

/** What a record is about: of its stream only the newest of an entity counts. */
const entityOf = (record: Live): string =>
  `${record.stream}/${"entity_id" in record ? record.entity_type + record.entity_id : "bus_id" in record ? record.bus_id : record.stop_id}`;

/** Yield the newest record of each entity of the lines, then every new one; none comes twice. */
export async function* live(place: Place, options: LiveOptions): AsyncGenerator<Live, void, undefined> {
  const seen = new Map<string, string>();
  for (let failures = 0; ; failures++) {
    for await (const record of connection(place, options)) {
      failures = 0;
      if (seen.get(entityOf(record)) === record.time) continue;
      seen.set(entityOf(record), record.time);
      yield record;
    }
    if (options.signal?.aborted) return;
    if (!seen.size) {
      await place.ask();
      if (failures > 2) throw unreachable(place.url);
    }
    await place.sleep(Math.min(0.5 * 2 ** failures, LONGEST_PAUSE_S) * (0.5 + Math.random() / 2));
  }
}

/** Yield what comes over one connection until it is lost. Throws the server's error messages. */
async function* connection(place: Place, options: LiveOptions): AsyncGenerator<Live, void, undefined> {
  const credentials = new URLSearchParams({ api_key: place.apiKey, group_name: place.group });
  const socket = new place.WebSocket(`${place.url}?${credentials}`);
  const waiting: Live[] = [];
  let failure: BusSimulatorError | undefined;
  let open = true;
  let wake = (): void => undefined;
  const end = (): void => {
    open = false;
    wake();
  };
  const { lineIds: line_ids, streams } = options;
  socket.onopen = () => socket.send(JSON.stringify({ action: "subscribe", line_ids, streams, batch: true }));
  socket.onclose = socket.onerror = end;
  socket.onmessage = (event: MessageEvent<string>) => {
    const message = JSON.parse(event.data) as Message;
    if ("type" in message) {
      if (message.type === "error") {
        failure = errorAnswer(400, message, place.url);
        end();
      }
    } else {
      waiting.push(...(Array.isArray(message) ? message : [message]));
      wake();
    }
  };
  options.signal?.addEventListener("abort", end);
  try {
    while (open || waiting.length) {
      if (!waiting.length) await new Promise<void>((resolve) => (wake = resolve));
      yield* waiting.splice(0);
    }
    if (failure) throw failure;
  } finally {
    options.signal?.removeEventListener("abort", end);
    socket.close();
  }
}
