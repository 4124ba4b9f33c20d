// Requests to the simulator. The session's cookie goes along by itself; no script sees the key. Behind API Gateway,
// which has no sessions, key and group go along as headers, and are forgotten with the page.

export class SignedOut extends Error {}
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Session {
  group: string | null;
  may_control_clock: boolean;
  may_intervene: boolean;
  map_tiles: Tiles | null;
  /** There are no sessions and no live connections here: send key and group with each request, and ask again. */
  by_headers?: boolean;
}

/** Tiles under the lines: a URL with {z}, {x} and {y}, and the source to show. */
export interface Tiles {
  url: string;
  credit: string;
}

export type Query = Record<string, string | number | undefined>;

export function url(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  return pairs.length ? `${path}?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}` : path;
}

let credentials: Record<string, string> = {};

/** Send these with every request from now on. */
export function sendAlways(key: string, group: string): void {
  credentials = { "x-api-key": key, "x-group-name": group };
}

export async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = { ...credentials, ...(options.headers as Record<string, string> | undefined) };
  const answer = await fetch(path, { ...options, headers, credentials: "same-origin" });
  if (answer.ok) return answer;
  const message = await answer
    .json()
    .then((body: { message?: string }) => body.message ?? "")
    .catch(() => "");
  if (answer.status === 401) throw new SignedOut(message);
  throw new Refused(answer.status, message || `HTTP ${answer.status}`);
}

export async function get<T>(path: string, query: Query = {}): Promise<T> {
  return (await ask(url(path, query))).json() as Promise<T>;
}

export async function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await ask(path, { method, ...content });
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** Every item of a range, page by page. */
export async function getAll<T>(path: string, query: Query): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { items: T[]; next_cursor: string | null } = await get(path, { ...query, limit: 10_000, cursor: cursor || undefined });
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

/** The rows of a CSV file as the API writes it, by column name. */
export async function getCsv(path: string, query: Query): Promise<Map<string, string[]>> {
  const text = await (await ask(url(path, query))).text();
  const lines = text.split(/\r?\n/);
  const names = cells(lines[0], 0);
  const columns = names.map((): string[] => []);
  for (let row = 1; row < lines.length; row += 1) {
    if (!lines[row]) continue;
    const found = cells(lines[row], names.length);
    for (let column = 0; column < names.length; column += 1) columns[column].push(found[column] ?? "");
  }
  return new Map(names.map((name, index) => [name, columns[index]]));
}

/** A line's cells. Almost all lines have as many as there are commas, and one: those take the short way. */
function cells(line: string, expected: number): string[] {
  const found = line.split(",");
  if (found.length === expected || expected === 0) return found.map((cell) => (cell[0] === '"' ? cell.slice(1, -1) : cell));
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((found) => (found[1] ?? found[2]).replaceAll('""', '"'));
}
