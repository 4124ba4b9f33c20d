/** Live records over the WebSocket: an iterator that connects again when its connection is lost. */

import { BusSimulatorError, errorAnswer, unreachable } from "./errors.js";
import type { BusPosition } from "./types.js";

export interface LiveOptions {
  lineIds: readonly string[];
  /** Ends the iteration. */
  signal?: AbortSignal;
}

export interface Place {
  /** The WebSocket's URL, without credentials. */
  url: string;
  apiKey: string;
  group: string;
  WebSocket: typeof WebSocket;
  sleep: (seconds: number) => Promise<void>;
}

export type Live = BusPosition;
type Message = Live | Live[] | { type: string; message?: string };

const LONGEST_PAUSE_S = 30;

/** Yield the newest position of each bus of the lines, then every new one; none comes twice. */
export async function* live(place: Place, options: LiveOptions): AsyncGenerator<Live, void, undefined> {
  const seen = new Map<string, string>();
  for (let failures = 0; ; failures++) {
    for await (const record of connection(place, options)) {
      failures = 0;
      if (seen.get(record.bus_id) === record.time) continue;
      seen.set(record.bus_id, record.time);
      yield record;
    }
    if (options.signal?.aborted) return;
    if (!seen.size && failures > 2) throw unreachable(place.url);
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
  socket.onopen = () => socket.send(JSON.stringify({ action: "subscribe", line_ids: options.lineIds, batch: true }));
  socket.onclose = end;
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
