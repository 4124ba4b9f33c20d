"""The writer of a WebSocket's positions."""

from __future__ import annotations

import asyncio
from typing import Any

from services.live.outbox import Outbox
from services.web.websocket import Writer


def test_nothing_is_sent_at_once_while_an_earlier_message_waits_for_the_client() -> None:
    async def main() -> None:
        asked, reads = asyncio.Event(), asyncio.Event()

        async def send(_message: Any) -> None:
            asked.set()
            await reads.wait()

        outbox = Outbox(lambda: None)
        writer = Writer(send, lambda _messages: True)
        assert writer.send_now(("newer",))
        outbox.offer({"B001": "older"}, batch=False)
        writer.something.set()
        writing = asyncio.ensure_future(writer.write_from(outbox))
        await asked.wait()
        assert (len(outbox), writer.send_now(("newer",))) == (0, False)
        reads.set()
        await asyncio.sleep(0)
        assert writer.send_now(("newer",))
        writing.cancel()

    asyncio.run(main())
