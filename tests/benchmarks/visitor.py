"""A client in few lines, of which thousands fit into one process."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl

from tests.benchmarks.load import PING, PONG, frames, masked


class Refused(Exception):
    """The server does not want this client now."""


class Visitor:
    """One client.

    Args:
        port: Where to.
        source: From which address.
    """

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.port, self.source = port, source
        self.rest = b""

    async def open(self, context: ssl.SSLContext | None) -> None:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=context, local_addr=(self.source, 0)
        )
        key = base64.b64encode(os.urandom(16)).decode()
        self.writer.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Protocol: toctoc.v1\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise Refused(head.split(b"\r\n", 1)[0].decode())

    def say(self, text: str) -> None:
        """Send a message."""
        self.writer.write(masked(text.encode()))

    async def hear(self, word: str) -> str:
        """Wait for a message with a word in it."""
        while True:
            for first, begin, end in frames(self.rest):
                if first & 0xF == 8:
                    raise Refused(f"closed with {int.from_bytes(self.rest[begin : begin + 2], 'big')}")
                payload, self.rest = self.rest[begin:end], self.rest[end:]
                if first == PING:
                    self.writer.write(masked(payload, PONG))
                    break
                if first & 0x8:
                    break  # a pong, with whatever was sent as ping
                text = payload.decode()
                if word in text:
                    return text
                break
            else:
                data = await self.reader.read(65536)
                if not data:
                    raise Refused("hung up on")
                self.rest += data

    def close(self) -> None:
        """Vanish."""
        self.writer.transport.abort()


def client_context() -> ssl.SSLContext:
    """Trust whoever is there: this measures."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
