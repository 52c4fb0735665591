"""The sockets that are listened on, and the connections that come in by them, to the last one's end.

Belongs to the gateway's loop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from actors.entry.access import Caller
from actors.entry.admission import Admission
from actors.entry.listener import BACKLOG, TlsListener
from actors.entry.tls import Tls, use_small_buffers
from actors.live.arrivals import Arrivals, DeviceVisit, Visit
from actors.live.connection import Connection, WebSocket, part
from actors.live.devices import READ, Framed
from events.clock import Clock
from events.wire import MAX_INCOMING, PROTOCOL, Refused, encode

# At DEBUG the library writes every header, and with them tokens and cookies.
_quiet = logging.getLogger("websockets.gateway")
_quiet.setLevel(logging.WARNING)
# Before websockets 16 every handshake that a stranger breaks off is an error with its traceback: whoever
# likes could fill the disk with them.
_quiet.addFilter(lambda record: record.getMessage() != "opening handshake failed")

TLS_LIMIT = 5.0
"""Seconds that the handshake of TLS may take."""

Attend = Callable[[Connection, Caller], Awaitable[None]]
"""Serves a connection to its end."""


class Answers(Protocol):
    """Answers plain HTTP: see `actors.live.plain`."""

    async def answer(
        self, connection: ServerConnection, request: Request, *, board_only: bool
    ) -> Response | None:
        """Give None where a WebSocket may open."""


class Ports:
    """The listening sockets.

    Args:
        listener: For all clients but small devices.
        admission: Lets clients in, or does not.
        clock: Where the time comes from.
        tls: What the listener speaks; None for plain.
        board: On which the board alone is served, without TLS.
        devices: For small devices: see `actors.live.devices`.
    """

    def __init__(
        self,
        listener: socket.socket,
        admission: Admission,
        clock: Clock,
        *,
        tls: Tls | None = None,
        board: socket.socket | None = None,
        devices: socket.socket | None = None,
    ) -> None:
        if tls is not None:
            listener = TlsListener(fileno=listener.detach())
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._listener = listener
        self._admission = admission
        self._clock = clock
        self._tls = tls
        self._board = board
        self._devices = devices
        self._listeners = [one for one in (listener, board, devices) if one is not None]
        self._servers: list[Server | asyncio.Server] = []
        self._arrivals = Arrivals()
        self._tending: set[asyncio.Task[Any]] = set()

    async def open(self, attend: Attend, answers: Answers) -> None:
        """Accept connections from now on.

        Args:
            attend: Serves each that is let in.
            answers: Answers what is no WebSocket.
        """
        use_small_buffers()
        self._servers.append(await self._serve(self._listener, self._tls, attend, answers, board_only=False))
        if self._board is not None:
            self._servers.append(await self._serve(self._board, None, attend, answers, board_only=True))
        if self._devices is not None:
            loop = asyncio.get_running_loop()
            visit = partial(DeviceVisit, self._arrivals, partial(self._welcome_device, attend), READ)
            self._servers.append(await loop.create_server(visit, sock=self._devices, backlog=BACKLOG))

    async def _serve(
        self, listener: socket.socket, tls: Tls | None, attend: Attend, answers: Answers, *, board_only: bool
    ) -> Server:
        secured: dict[str, Any] = {}
        if tls is not None:
            secured = {"ssl": tls.context, "ssl_handshake_timeout": TLS_LIMIT}
        return await serve(
            partial(self._welcome, attend, board_only=board_only),
            sock=listener,
            subprotocols=[Subprotocol(PROTOCOL)],
            process_request=partial(answers.answer, board_only=board_only),
            create_connection=cast("type[ServerConnection]", partial(Visit, self._arrivals)),
            compression=None,
            backlog=BACKLOG,
            max_size=MAX_INCOMING,
            ping_interval=20,
            ping_timeout=20,
            server_header=None,
            logger=_quiet,
            **secured,
        )

    async def _welcome(self, attend: Attend, raw: ServerConnection, *, board_only: bool) -> None:
        caller = self._admission.caller(raw, self._clock.now(), board_only=board_only)
        await attend(WebSocket(raw), caller)

    async def _welcome_device(
        self, attend: Attend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tending.add(task)
        task.add_done_callback(self._tending.discard)
        connection = Framed(reader, writer)
        later = self._admission.full(connection.address, self._clock.now())
        if later is None:
            caller = Caller(address=connection.address, framed=True, crowded=self._admission.crowded)
            await attend(connection, caller)
        else:
            connection.write(encode(Refused(code="too-fast", reason=f"{later[1]}: try again later")))
        await part(connection, 1013, "")

    def release(self) -> None:
        """Let go of the ports, whether or not they were ever opened. Called from the actor's thread."""
        for listener in self._listeners:
            listener.close()

    async def refuse(self) -> None:
        """Let nobody in any more."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.remove_reader(listener)
        # Who was accepted in this turn is attached to the server in the next. One that is closed in between
        # fails to attach them, in silence, and their sockets stay open.
        await asyncio.sleep(0)
        for server in self._servers:
            if isinstance(server, Server):
                server.close(close_connections=False)
            else:
                server.close()
        await self._arrivals.turn_away()

    async def close(self) -> None:
        """End the connections that are left, and wait until each has let go of its socket."""
        await self._arrivals.end()
        for server in self._servers:
            await server.wait_closed()
        if self._tending:
            await asyncio.wait(self._tending)
