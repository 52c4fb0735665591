"""The console's line to the server: connects as operator, and again whenever the connection ends.

Runs in the terminal's loop, on one thread; what it hears goes to a `Desk` by `Ears`.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from events.client import address
from events.errors import WireError
from events.tls import WrongServer, check, client_context, seen_by
from events.wire import (
    MAX_OUTGOING,
    PROTOCOL,
    Challenge,
    ClientMessage,
    Hello,
    Refused,
    ServerMessage,
    Welcome,
    encode,
    read_server_message,
)

SILENCE = 30.0
"""Seconds without a message after which the server is given up: its heart beats every 10 s."""
FIRST_WAIT, CEILING = 0.5, 3.0
"""Seconds: the first wait lasts at most so long, each further one at most twice as long, to the ceiling."""
STEADY = 60.0
"""Seconds from which a connection counts as good: one that ends before makes the next wait longer, too."""
PROGRAM = "toctoc console"


class TurnedAway(Exception):
    """The server does not let this operator in: trying again would change nothing."""


class Target(Struct, frozen=True, kw_only=True):
    """Where to connect, and as whom.

    Attributes:
        server: ``ws://`` or ``wss://`` address.
        token: The operator's.
        name: What the others are to see; of somebody who was granted access it has to be that name.
        pin: Fingerprint of the server's key; None to trust the machine's authorities.
    """

    server: str
    token: str
    name: str
    pin: str | None = None


class Ears(Protocol):
    """Who is told what happens on the line."""

    def connected(self, welcome: Welcome) -> None:
        """The server let us in."""

    def lost(self, why: str) -> None:
        """The connection ended, or none could be made."""

    def heard(self, message: ServerMessage) -> None:
        """A message came."""

    def odd(self, why: str) -> None:
        """Something came that this program does not understand."""


class Line:
    """The connection.

    Args:
        target: Where to connect.
        ears: Who is told.
        wait: Sleeps for so many seconds; tests put another in its place.
    """

    def __init__(
        self, target: Target, ears: Ears, *, wait: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._target = target
        self._ears = ears
        self._wait = wait
        self._connection: ClientConnection | None = None
        self._outgoing: asyncio.Queue[ClientMessage] = asyncio.Queue()

    def say(self, message: ClientMessage) -> None:
        """Send a message, if there is a connection; what waits when it ends is not sent later."""
        if self._connection is not None:
            self._outgoing.put_nowait(message)

    async def run(self) -> None:
        """Stay connected until cancelled; says goodbye then.

        Raises:
            TurnedAway: The server does not let us in.
        """
        failures = 0
        while True:
            why, began = "", asyncio.get_running_loop().time()
            try:
                await self._converse()
            except TimeoutError:
                why = f"nothing heard for {SILENCE:.0f} s"
            except ssl.SSLCertVerificationError as error:
                why = f"its certificate is not trusted here ({error.verify_message}): give --fingerprint"
            except ConnectionClosed as error:
                why = error.rcvd.reason if error.rcvd is not None and error.rcvd.reason else "cut off"
            except (OSError, InvalidHandshake, InvalidURI, WireError, WrongServer, ValueError) as error:
                why = str(error) or type(error).__name__
            finally:
                was_up, self._connection = self._connection is not None, None
            self._ears.lost(why)
            steady = was_up and asyncio.get_running_loop().time() - began > STEADY
            failures = 0 if steady else failures + 1
            longest = min(CEILING, FIRST_WAIT * 2 ** min(failures, 8))
            await self._wait(random.uniform(0.0, longest))  # noqa: S311  # jitter, no secret

    async def _converse(self) -> None:
        target = self._target
        async with connect(
            address(target.server),
            ssl=client_context(target.server, verify=target.pin is None),
            subprotocols=[Subprotocol(PROTOCOL)],
            compression=None,
            max_size=4 * MAX_OUTGOING,
            open_timeout=10,
            close_timeout=1,
            user_agent_header=None,
            proxy=None,
        ) as connection:
            seen = seen_by(connection.transport.get_extra_info("ssl_object"))
            if target.pin is not None and seen:
                check(seen, target.pin)
            async with asyncio.timeout(SILENCE):
                welcome = await self._be_let_in(connection)
            self._outgoing = asyncio.Queue()
            self._connection = connection
            self._ears.connected(welcome)
            sending = asyncio.create_task(self._send(connection))
            try:
                while True:
                    async with asyncio.timeout(SILENCE):
                        text = await connection.recv()
                    self._take(text)
            finally:
                sending.cancel()

    async def _be_let_in(self, connection: ClientConnection) -> Welcome:
        challenge = read_server_message(await connection.recv())
        if not isinstance(challenge, Challenge):
            raise WireError("it did not begin with a challenge; is this a toctoc server?")
        target = self._target
        hello = Hello(role="operator", token=target.token, name=target.name, program=PROGRAM)
        await connection.send(encode(hello))
        answer = read_server_message(await connection.recv())
        if isinstance(answer, Refused):
            if answer.code in ("too-fast", "server"):
                raise WireError(answer.reason)
            raise TurnedAway(answer.reason)
        if not isinstance(answer, Welcome):
            raise WireError("it did not answer hello")
        return answer

    def _take(self, text: str | bytes) -> None:
        try:
            message = read_server_message(text)
        except WireError as error:
            # A newer server may say what this program does not know; the next message may be known.
            self._ears.odd(str(error))
            return
        self._ears.heard(message)

    async def _send(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(encode(await self._outgoing.get()))
