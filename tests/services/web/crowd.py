"""`python -m tests.services.web.crowd PORT LAST`: a thousand event streams and a thousand WebSockets.

Half a hundred of each subscribe to line L2 and then never read; the others subscribe to L1 and read until
`LAST` has come. It prints `ready` when all have their snapshots and `done` at the end, and stays until it is
killed. It runs beside the server's process, so that the server's CPU time and memory are its own.
"""

from __future__ import annotations

import asyncio
import socket
import sys

TEAMS, EACH, DEAF = 20, 50, 50
"""Teams; clients of each kind of a team; clients of each kind that never read, the first ones."""
AT_ONCE = 100
LITTLE = 4096
"""Receive buffer of a client that doesn't read."""
CREDENTIALS = "api_key=key-{team}&group_name=team-{team}"
UPGRADE = (
    "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "sec-websocket-version: 13\r\n"
)


def frame(line_id: str) -> bytes:
    """A subscription as a masked WebSocket frame."""
    text = f'{{"action":"subscribe","line_ids":["{line_id}"]}}'.encode()
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


async def opened(
    port: int, number: int, *, events: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that has the snapshot of its line."""
    deaf = number < DEAF
    line_id, credentials = "L2" if deaf else "L1", CREDENTIALS.format(team=number % TEAMS)
    raw = socket.socket()
    if deaf:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=LITTLE if deaf else 2**18)
    target, headers = (
        (f"/live?line_ids={line_id}&{credentials}", "") if events else (f"/ws?{credentials}", UPGRADE)
    )
    writer.write(f"GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not events:
        # A client may send only after the handshake.
        writer.write(frame(line_id))
    assert head.startswith(b"HTTP/1.1 200" if events else b"HTTP/1.1 101"), head
    await reader.readuntil(b'"bus_id"')
    return reader, writer


def say(word: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(port: int, last: bytes) -> None:
    """Open all clients, and read."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, *, events: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with turns:
            return await opened(port, number, events=events)

    clients = await asyncio.gather(
        *(one(number, events=events) for number in range(TEAMS * EACH) for events in (True, False))
    )
    say("ready")
    await asyncio.gather(*(reader.readuntil(last) for reader, _ in clients[2 * DEAF :]))
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2].encode()))
