"""Live positions behind a WebSocket API: the same messages as the local server's, without a server.

Every message of a client is an event of its own, and so is every tick of a line; what is to be known in
between is in DynamoDB. So answer, snapshot and new positions come in any order, and a client that is slow is
API Gateway's affair.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.aws.connections import ConnectionTables, UnknownConnection
from services.errors import ServiceError, Unavailable, Unexpected
from services.lambdas.gateway_sender import GatewaySender, SendCounts
from services.live import messages
from services.live.hub import current_positions
from services.live.messages import LONGEST_MESSAGE_BYTES, MOST_CONNECTIONS
from services.queries.bodies import bus_position_text
from simulator.network import Network
from storage.errors import DependencyError, DependencyUnavailable
from storage.schema import BusPosition
from storage.store import Store

log = logging.getLogger("bus_simulator.live")


@dataclass(frozen=True, slots=True)
class GatewayLive:
    """What events are carried out with. `store`, `network` and `now` are asked for when they are needed."""

    connections: ConnectionTables
    pushes: GatewaySender
    store: Callable[[], Store]
    network: Callable[[], Network]
    now: Callable[[], datetime]
    most_connections: int = MOST_CONNECTIONS

    def connect(self, connection_id: str, group: str) -> None:
        """Take note of a client. Raises `TooManyRequests` where its group has enough connections."""
        if self.connections.count_of_group(group) >= self.most_connections:
            raise messages.too_many_connections(self.most_connections)
        self.connections.connect(connection_id, group)

    def disconnect(self, connection_id: str) -> None:
        """Forget a client."""
        self.connections.disconnect(connection_id)

    def receive(self, connection_id: str, text: str) -> None:
        """Carry out a client's message and answer it. A message too long ends the connection."""
        if len(text.encode("utf-8", "surrogatepass")) > LONGEST_MESSAGE_BYTES:
            self.pushes.close(connection_id)
            return
        try:
            self._obey(connection_id, messages.parse(text))
        except ServiceError as error:
            self.refuse(connection_id, error)
        except UnknownConnection:
            log.warning("connection %s isn't known (any more), and is ended", connection_id)
            self.pushes.close(connection_id)

    def refuse(self, connection_id: str, error: ServiceError) -> None:
        """Answer that a message can't be carried out."""
        self.pushes.send(connection_id, [messages.error_message(error)])

    def broadcast(self, positions: Collection[BusPosition], *, until_s: float = math.inf) -> SendCounts:
        """Send new positions of one line to all who want it: one message a bus, or all as one array.

        No try begins after `until_s`, in the seconds of `pushes`.
        """
        texts = [bus_position_text(position) for position in positions]
        array = [f"[{','.join(texts)}]"]
        wanting = {
            subscriber.connection_id: array if subscriber.batch else texts
            for line_id in {position.line_id for position in positions}
            for subscriber in self.connections.connections_of(line_id)
        }
        return self.pushes.send_all(wanting, until_s=until_s)

    def _obey(self, connection_id: str, command: messages.Command) -> None:
        match command:
            case messages.Ping():
                self.pushes.send(connection_id, [messages.pong()])
            case messages.Subscribe():
                self._subscribe(connection_id, command)
            case messages.Unsubscribe():
                change = self.connections.remove_lines(connection_id, command.line_ids)
                self.pushes.send(connection_id, [messages.unsubscribed(change.after)])

    def _subscribe(self, connection_id: str, command: messages.Subscribe) -> None:
        known = self.network().line

        def check(held: Sequence[str]) -> None:
            messages.check_lines(command.line_ids, held, known)

        change = self.connections.add_lines(connection_id, command.line_ids, batch=command.batch, check=check)
        self.pushes.send(connection_id, [messages.subscribed(change.after)])
        new = [line_id for line_id in command.line_ids if line_id not in change.before]
        if new:
            self.pushes.send(connection_id, self._snapshot(new, batch=command.batch))

    def _snapshot(self, line_ids: Sequence[str], *, batch: bool) -> Sequence[str]:
        """The messages with the latest positions of lines, or why there are none."""
        try:
            positions = current_positions(self.store(), self.network(), line_ids, self.now)
        except DependencyError as error:
            log.error("no snapshot: %s", error)
            unavailable = isinstance(error, DependencyUnavailable)
            return [messages.error_message(Unavailable() if unavailable else Unexpected())]
        texts = [bus_position_text(position) for position in positions]
        return [f"[{','.join(texts)}]"] if batch and texts else texts
