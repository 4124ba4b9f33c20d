"""A WebSocket client for shell scripts: `websocket_client.py COUNT`.

From stdin, a line each: the URL, the API key, the group (either may be empty), then the messages to send.
Prints the handshake's status, then a JSON array of the COUNT messages that came, or a refusal's body.
Exit code 1 if no server answers, an answer is not JSON, or fewer messages come within `PATIENCE_S`.
"""

from __future__ import annotations

import json
import sys
from urllib.parse import urlencode

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

PATIENCE_S = 30


def main() -> None:
    """See the module."""
    url, key, group, *messages = sys.stdin.read().split("\n")[:-1]
    query = urlencode({name: text for name, text in (("api_key", key), ("group_name", group)) if text})
    try:
        with connect(f"{url}?{query}", open_timeout=PATIENCE_S, proxy=None) as connection:
            for message in messages:
                connection.send(message)
            received = [json.loads(connection.recv(PATIENCE_S)) for _ in range(int(sys.argv[1]))]
        answer = "101", json.dumps(received)
    except InvalidStatus as refused:
        answer = str(refused.response.status_code), (refused.response.body or b"").decode()
    except (OSError, WebSocketException, ValueError) as error:
        sys.exit(type(error).__name__)  # its text may have the URL, and so the key
    sys.stdout.write("\n".join(answer))


if __name__ == "__main__":
    main()
