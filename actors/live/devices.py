"""The second listener, for small devices without a WebSocket stack: the same messages in frames.

See `actors.live.framing` for the form. Whoever comes here is a session like any other. A connection whose
other end has vanished is found by TCP's own keepalive; one whose program hangs by its silence.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from actors.live.connection import Gone, Packed, reset
from actors.live.framing import DISCONNECT, Frames, frame
from events.wire import MAX_INCOMING, Refused, encode

IDLE = 60.0
"""Seconds in which a device has to say something whole, if only `ping`."""
ALIVE_AFTER, ALIVE_EVERY, ALIVE_TRIES = 20, 5, 3
"""Seconds of quiet before TCP asks whether the other end is there, between two questions, and how often."""
READ = 4096
"""Bytes taken from the network at once."""
KERNEL = 32 * 1024
"""Bytes that the kernel keeps for a device that does not read: left alone it takes up to 4 MiB, and only
then is it noticed that the device lags."""


class Framed:
    """A device's connection: fits `actors.live.connection.Connection`.

    Args:
        reader: What comes.
        writer: Where to write.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = Frames(MAX_INCOMING)
        self._messages: deque[bytes] = deque()
        self._reading = asyncio.Lock()
        self._parted = False
        self._heard_at = asyncio.get_running_loop().time()
        peer = writer.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        set_up(writer.get_extra_info("socket"))

    async def recv(self) -> bytes:
        """Wait for the next message; whether it is UTF-8 and JSON is for whoever reads it.

        Raises:
            Gone: There will be none: the device said goodbye, vanished, was silent for too long, or sends
                what is no frame; then it was told so.
        """
        while not self._messages:
            if self._frames.problem:
                self.write(encode(Refused(code="bad-message", reason=self._frames.problem)))
                raise Gone(goodbye=False)
            self._messages.extend(self._frames.receive(await self._read()))
        self._heard_at = asyncio.get_running_loop().time()
        message = self._messages.popleft()
        if message == DISCONNECT:
            raise Gone(goodbye=True)
        return message

    async def _read(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._heard_at + IDLE) as limit, self._reading:
                data = await self._reader.read(READ)
        except OSError as error:  # a TimeoutError is one, too
            if isinstance(error, TimeoutError) and limit.expired():
                self.write(encode(Refused(code="bad-message", reason=_SILENT)))
            raise Gone(goodbye=False) from error
        if not data:
            raise Gone(goodbye=False)
        return data

    async def send(self, text: str) -> None:
        """See `actors.live.connection.Connection`."""
        if self._parted:
            raise Gone(goodbye=False)
        self.write(text)
        try:
            await self._writer.drain()
        except OSError as error:
            raise Gone(goodbye=False) from error

    def write(self, text: str) -> None:
        """Send a message without waiting; to a device that is gone it goes nowhere."""
        if not self._is_over():
            self._writer.write(frame(text))

    def write_all(self, messages: Sequence[Packed]) -> int:
        """See `actors.live.connection.Connection`."""
        if not self._is_over():
            self._writer.write(b"".join(frame(message.text) for message in messages))
        return self.waiting_bytes()

    def _is_over(self) -> bool:
        return self._parted or self._writer.is_closing()

    def waiting_bytes(self) -> int:
        """See `actors.live.connection.Connection`."""
        return self._writer.transport.get_write_buffer_size()

    async def close(self, code: int, reason: str) -> None:  # noqa: ARG002  # frames have no place for them
        """Say goodbye as devices do, and end when the other end has hung up, too."""
        self.write(DISCONNECT.decode())
        self._parted = True
        with suppress(OSError):
            if not self._writer.is_closing():
                self._writer.write_eof()
                # To close over bytes that nobody read resets the connection (RFC 1122, 4.2.2.13), and the
                # other end would lose what it was told last. Its session may be waiting for some, too.
                async with self._reading:
                    while await self._reader.read(READ):
                        pass
            self._writer.close()
            await self._writer.wait_closed()

    def abort(self) -> None:
        """See `actors.live.connection.Connection`."""
        self._writer.transport.abort()

    def reset(self) -> None:
        """See `actors.live.connection.Connection`."""
        reset(self._writer.transport)


_SILENT = f"nothing was said for {IDLE:.0f} s: say ping now and then"


def set_up(connected: socket.socket) -> None:
    """Have the kernel keep little, and find out when the other end is gone, as far as this system can."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    settings = {
        "TCP_KEEPIDLE": ALIVE_AFTER,
        "TCP_KEEPINTVL": ALIVE_EVERY,
        "TCP_KEEPCNT": ALIVE_TRIES,
        "TCP_USER_TIMEOUT": 1000 * (ALIVE_AFTER + ALIVE_EVERY * ALIVE_TRIES),
    }
    for name, value in settings.items():
        option = getattr(socket, name, None)
        if option is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)
