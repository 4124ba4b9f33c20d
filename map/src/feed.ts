// Live records over WebSockets: a connection takes 50 lines, so a city has a few.

import type { BusPosition, PeopleCount } from "./records";

const LINES_A_CONNECTION = 50;
const RETRY_MS = 3000;
const POLL_MS = 15_000;

export interface Receiver {
  positions(records: BusPosition[]): void;
  counts(records: PeopleCount[]): void;
  connected(isConnected: boolean): void;
}

/** What brings new records until it is closed. */
export interface Source {
  close(): void;
}

type Message = (BusPosition | PeopleCount) & { stream?: string; type?: string };

/** Asks again and again, where there are no connections that last. */
export class Polling implements Source {
  private readonly timer: number;

  constructor(ask: () => void) {
    this.timer = window.setInterval(ask, POLL_MS);
  }

  close(): void {
    clearInterval(this.timer);
  }
}

export class Feed implements Source {
  private readonly sockets = new Set<WebSocket>();
  private closed = false;
  private readonly chunks: string[][];

  constructor(
    lineIds: string[],
    private readonly receiver: Receiver,
  ) {
    this.chunks = [];
    for (let start = 0; start < lineIds.length; start += LINES_A_CONNECTION) this.chunks.push(lineIds.slice(start, start + LINES_A_CONNECTION));
    this.chunks.forEach((chunk) => this.open(chunk));
  }

  close(): void {
    this.closed = true;
    this.sockets.forEach((socket) => socket.close());
  }

  private open(lineIds: string[]): void {
    const socket = new WebSocket(new URL("ws", location.href.replace(/^http/, "ws")));
    this.sockets.add(socket);
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ action: "subscribe", line_ids: lineIds, streams: ["bus_position", "people_count"], batch: true }));
      this.receiver.connected(true);
    });
    socket.addEventListener("message", (event) => this.receive(JSON.parse(event.data as string) as Message | Message[]));
    socket.addEventListener("close", () => {
      this.sockets.delete(socket);
      if (this.closed) return;
      this.receiver.connected(false);
      setTimeout(() => this.closed || this.open(lineIds), RETRY_MS);
    });
  }

  private receive(message: Message | Message[]): void {
    const records = Array.isArray(message) ? message : [message];
    const first = records[0];
    if (!first || first.type) return;
    if (first.stream === "people_count") this.receiver.counts(records as PeopleCount[]);
    else if (!first.stream) this.receiver.positions(records as BusPosition[]);
  }
}
