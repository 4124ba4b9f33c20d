/** Requests by fetch: credentials, errors, and retries of 429 and 503 after the time that the server names. */

import { BusSimulatorError, errorAnswer, unreachable } from "./errors.js";
import type { At, Range } from "./types.js";

export type Query = Record<string, string>;

/** How often a request is sent again, and the longest wait that is worth it. */
export interface Retries {
  most: number;
  longestWaitS: number;
}

export interface Server {
  url: string;
  apiKey: string;
  group: string;
  retries: Retries;
  fetch: typeof fetch;
  sleep: (seconds: number) => Promise<void>;
}

/** The newest records, those at an instant, or a range. */
export function when(options: At & Partial<Range>): Query {
  const query: Query = {};
  for (const name of ["timestamp", "start", "end"] as const) {
    const moment = options[name];
    if (moment !== undefined) query[name] = moment instanceof Date ? moment.toISOString() : moment;
  }
  return Object.keys(query).length ? query : { mode: "latest" };
}

/** The query of options that are given. */
export const queryOf = (options: Record<string, unknown>): Query =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );

/** A path of parts, escaped. */
export const path = (...parts: string[]): string => parts.map((part) => `/${encodeURIComponent(part)}`).join("");

/** The JSON of a route. */
export async function get<T>(server: Server, route: string, query: Query = {}): Promise<T> {
  const target = `${server.url}${route}?${new URLSearchParams(query)}`;
  const headers = { "x-api-key": server.apiKey, "x-group-name": server.group };
  for (let tried = 1; ; tried++) {
    const answer = await server.fetch(target, { headers }).catch(() => {
      throw unreachable(server.url);
    });
    const body: unknown = await answer.json().catch(() => undefined);
    if (answer.ok && body !== undefined) return body as T;
    const error = errorAnswer(answer.status, body, server.url, secondsIn(answer.headers.get("retry-after")));
    await server.sleep(waitOrThrow(error, server.retries, tried));
  }
}

function waitOrThrow(error: BusSimulatorError, retries: Retries, tried: number): number {
  const { retryAfterS } = error;
  if (retryAfterS === undefined || tried > retries.most || retryAfterS > retries.longestWaitS) throw error;
  return retryAfterS;
}

const secondsIn = (header: string | null): number | undefined =>
  header && /^\d+$/.test(header) ? Number(header) : undefined;

/** A page of a listing or a range. */
interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** The records of a range or a listing, for `for await`; a page is fetched when it is needed. */
export class Pages<T> implements AsyncIterable<T> {
  constructor(
    private readonly server: Server,
    private readonly route: string,
    private readonly query: Query = {},
  ) {}

  /** Pages: arrays of records. */
  async *pages(): AsyncGenerator<T[], void, undefined> {
    let query: Query = { limit: "10000", ...this.query };
    for (;;) {
      const page = await get<Page<T>>(this.server, this.route, query);
      yield page.items;
      if (!page.next_cursor) return;
      query = { ...query, cursor: page.next_cursor };
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const items of this.pages()) yield* items;
  }

  /** All records. */
  async toArray(): Promise<T[]> {
    const found: T[][] = [];
    for await (const items of this.pages()) found.push(items);
    return found.flat();
  }
}
