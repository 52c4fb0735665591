"""A small device for tests: a client in frames over plain TCP."""

from __future__ import annotations

import contextlib
import socket
from typing import Self, TypeVar

from actors.live.framing import Frames, frame
from events.signing import answer_device, device_key
from events.wire import Challenge, ClientMessage, Hello, ServerMessage, Welcome, encode, read_server_message
from tests.actors.stack import TIMEOUT

M = TypeVar("M")


class Device:
    """A client in frames that says what the test tells it to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._frames = Frames(1 << 20)
        self._waiting: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def say(self, message: ClientMessage) -> None:
        self.socket.sendall(frame(encode(message)))

    def hear_raw(self) -> bytes:
        """Wait for the next message; empty when the server has hung up."""
        while not self._waiting:
            data = self.socket.recv(65536)
            if not data:
                return b""
            self._waiting += self._frames.receive(data)
        return self._waiting.pop(0)

    def hear(self) -> ServerMessage:
        return read_server_message(self.hear_raw())

    def until(self, kind: type[M]) -> M:
        while True:
            message = self.hear()
            if isinstance(message, kind):
                return message

    def hello(self, number: int, secret: str) -> Welcome:
        challenge = self.until(Challenge)
        answer = answer_device(device_key(secret), challenge.nonce)
        self.say(Hello(role="device", access=number, signature=answer))
        return self.until(Welcome)

    def ends(self) -> bytes:
        """Wait until the server hangs up; gives the last thing it said."""
        last = b""
        with contextlib.suppress(ConnectionResetError):
            while message := self.hear_raw():
                last = message
        return last
