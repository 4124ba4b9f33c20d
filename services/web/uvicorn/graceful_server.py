"""A uvicorn server that ends in order even if Ctrl-C is pressed again."""

from __future__ import annotations

from types import FrameType

import uvicorn


class GracefulServer(uvicorn.Server):
    """Ignores signals once it ends, which takes a few seconds at most.

    uvicorn would cancel what is still open, the application included, and log the tracebacks.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take the first signal only."""
        if not self.should_exit:
            super().handle_exit(sig, frame)
