"""Live positions behind a WebSocket API: the messages of the local server, without a server.

Each message of a client and each tick of a line is an event of its own; the state between events is in
DynamoDB. So answers, snapshots and new positions may come in any order. API Gateway copes with slow clients.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.aws.connections import ConnectionTables, UnknownConnection
from services.errors import ServiceError, Unavailable, Unexpected
from services.lambdas.fan_out import Chunk, ChunkQueue, chunks_of
from services.lambdas.gateway_sender import GatewaySender, SendCounts
from services.live import messages
from services.live.messages import LONGEST_MESSAGE_BYTES, MOST_CONNECTIONS
from services.live.snapshots import current_positions
from services.queries.bodies import bus_position_text
from simulator.network import Network
from storage.errors import DependencyError, DependencyUnavailable
from storage.schema import BusPosition
from storage.store import Store

log = logging.getLogger("bus_simulator.live")


@dataclass(frozen=True, slots=True)
class GatewayLive:
    """Handles the events of a WebSocket API. `store`, `network` and `now` are called when needed."""

    connections: ConnectionTables
    sender: GatewaySender
    store: Callable[[], Store]
    network: Callable[[], Network]
    now: Callable[[], datetime]
    most_connections: int = MOST_CONNECTIONS
    queue: ChunkQueue | None = None

    def connect(self, connection_id: str, group: str) -> None:
        """Add a connection. Raises `TooManyRequests` if its group has the most it may have."""
        if self.connections.count_of_group(group) >= self.most_connections:
            raise messages.too_many_connections(self.most_connections)
        self.connections.connect(connection_id, group)

    def disconnect(self, connection_id: str) -> None:
        """Delete a connection."""
        self.connections.disconnect(connection_id)

    def receive(self, connection_id: str, text: str) -> None:
        """Carry out a client's message and answer it. Too long a message ends the connection."""
        if len(text.encode("utf-8", "surrogatepass")) > LONGEST_MESSAGE_BYTES:
            self.sender.close(connection_id)
            return
        try:
            self._obey(connection_id, messages.parse(text))
        except ServiceError as error:
            self.refuse(connection_id, error)
        except UnknownConnection:
            log.warning("closing unknown connection %s", connection_id)
            self.sender.close(connection_id)

    def refuse(self, connection_id: str, error: ServiceError) -> None:
        """Send a refusal to a client."""
        self.sender.send(connection_id, [messages.error_message(error)])

    def broadcast(self, positions: Collection[BusPosition], *, until_s: float = math.inf) -> SendCounts:
        """Send new positions of one line to its subscribers: a message per bus, or all as one array.

        With a `queue` other invocations send a large tick's further chunks, which aren't counted here. No
        attempt begins after `until_s`, in seconds of the sender's clock.
        """
        network = self.network()
        texts = [bus_position_text(position, network) for position in positions]
        subscribers = {
            subscriber.connection_id: subscriber
            for line_id in {position.line_id for position in positions}
            for subscriber in self.connections.connections_of(line_id)
        }
        chunks: Sequence[Chunk] = chunks_of(texts, subscribers.values())
        if self.queue is not None:
            chunks = self.queue.hand_over(chunks)
        return self.send_chunks(chunks, until_s=until_s)

    def send_chunks(self, chunks: Sequence[Chunk], *, until_s: float) -> SendCounts:
        """Send chunks of a tick to their connections."""
        wanting = {name: texts for chunk in chunks for name, texts in chunk.texts_of().items()}
        return self.sender.send_all(wanting, until_s=until_s)

    def _obey(self, connection_id: str, command: messages.Command) -> None:
        match command:
            case messages.Ping():
                self.sender.send(connection_id, [messages.pong()])
            case messages.Subscribe():
                self._subscribe(connection_id, command)
            case messages.Unsubscribe():
                messages.check_streams(command.streams or (), messages.ONLY_POSITIONS)
                change = self.connections.remove_lines(connection_id, command.line_ids)
                self.sender.send(connection_id, [messages.unsubscribed(change.after)])

    def _subscribe(self, connection_id: str, command: messages.Subscribe) -> None:
        known = self.network().line
        messages.check_streams(command.streams, messages.ONLY_POSITIONS)

        def check(held: Sequence[str]) -> None:
            messages.check_lines(command.line_ids, held, known)

        change = self.connections.add_lines(connection_id, command.line_ids, batch=command.batch, check=check)
        self.sender.send(connection_id, [messages.subscribed(change.after)])
        new = [line_id for line_id in command.line_ids if line_id not in change.before]
        if new:
            self.sender.send(connection_id, self._snapshot(new, batch=command.batch))

    def _snapshot(self, line_ids: Sequence[str], *, batch: bool) -> Sequence[str]:
        """Messages with the latest positions of lines, or one refusal if the store can't be read."""
        try:
            network = self.network()
            positions = current_positions(self.store(), network, line_ids, self.now)
        except DependencyError as error:
            log.error("snapshot not sent: %s", error)
            unavailable = isinstance(error, DependencyUnavailable)
            return [messages.error_message(Unavailable() if unavailable else Unexpected())]
        texts = [bus_position_text(position, network) for position in positions]
        return [f"[{','.join(texts)}]"] if batch and texts else texts
