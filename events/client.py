"""A conversation with a gateway, one message at a time: for programs that ask and leave.

A door that stays has `kiosk.link`. Runs on the caller's thread; nothing here reconnects.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidURI
from websockets.typing import Subprotocol

from events.errors import ToctocError, WireError
from events.ids import RoomKey
from events.signing import public_hex, sign_hello
from events.tls import WrongServer, check, client_context, seen_by
from events.wire import (
    MAX_OUTGOING,
    PROTOCOL,
    Challenge,
    ClientMessage,
    Code,
    Hello,
    Refused,
    ServerMessage,
    Welcome,
    encode,
    read_server_message,
)

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection


class GatewayError(ToctocError, OSError):
    """The server cannot be reached, or the conversation broke.

    Attributes:
        server: Its address.
    """

    def __init__(self, server: str, why: str) -> None:
        super().__init__(server, why)
        self.server, self.why = server, why

    def __str__(self) -> str:
        return f"{self.server}: {self.why}"


class NotWelcome(GatewayError):
    """The server does not let us in.

    Attributes:
        code: Its reason as a code.
    """

    def __init__(self, server: str, code: Code, why: str) -> None:
        super().__init__(server, why)
        self.code = code


class Conversation:
    """An open conversation.

    Attributes:
        welcome: What the server said at its begin.
    """

    def __init__(self, server: str, connection: ClientConnection, welcome: Welcome) -> None:
        self._server = server
        self._connection = connection
        self.welcome = welcome

    def say(self, message: ClientMessage) -> None:
        """Send a message.

        Raises:
            GatewayError: The conversation broke.
        """
        _say(self._server, self._connection, message)

    def hear(self, *, until: float) -> ServerMessage:
        """Wait for the next message.

        Args:
            until: Give up at this time of ``time.monotonic()``.

        Raises:
            GatewayError: Nothing came in time, or the conversation broke.
        """
        return _hear(self._server, self._connection, until)


def address(server: str) -> str:
    """Name the live channel of a server."""
    bare = server.rstrip("/")
    return bare if bare.endswith("/ws") else f"{bare}/ws"


def other_scheme(server: str, error: Exception) -> str:
    """Tell whether an address may be wrong in its scheme alone.

    Args:
        server: ``ws://`` or ``wss://`` address.
        error: Why no connection to it could be made.

    Returns:
        What to try, for people; empty where the error says nothing about it.
    """
    if server.startswith("ws:") and isinstance(error, InvalidMessage):
        return f"no HTTP is answered there; the server may speak TLS: wss:{server.removeprefix('ws:')}"
    # A plain server hangs up on TLS, which asyncio tells as a reset, or answers in plain.
    no_tls = isinstance(error, ssl.SSLEOFError | ConnectionResetError) or (
        isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER"
    )
    if server.startswith("wss:") and no_tls:
        return f"no TLS is answered there; the server may speak none: ws:{server.removeprefix('wss:')}"
    return ""


@contextmanager
def converse(
    server: str,
    *,
    token: str | None = None,
    door: tuple[RoomKey, Ed25519PrivateKey] | None = None,
    pin: str | None = None,
    timeout: float = 10.0,
) -> Iterator[Conversation]:
    """Open a conversation.

    Args:
        server: ``ws://`` or ``wss://`` address.
        token: An operator's; without it and without a door we are a board.
        door: A room and the key of a door.
        pin: Fingerprint of the server's key, by which alone it is then known; without it a ``wss://``
            server has to have a certificate that this machine trusts.
        timeout: Seconds for opening it.

    Raises:
        GatewayError: The server cannot be reached.
        NotWelcome: It does not let us in.
    """
    from websockets.sync.client import connect  # noqa: PLC0415  # a door that stays spares its 1 MiB

    until = time.monotonic() + timeout
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(
                connect(
                    address(server),
                    ssl=client_context(server, verify=pin is None),
                    subprotocols=[Subprotocol(PROTOCOL)],
                    compression=None,
                    max_size=4 * MAX_OUTGOING,
                    open_timeout=timeout,
                    close_timeout=1,
                    user_agent_header=None,
                    proxy=None,
                )
            )
        except ssl.SSLCertVerificationError as error:
            why = (
                f"its certificate is not trusted here ({error.verify_message}); give its fingerprint, "
                "sha256:…, which the server tells at its start (journalctl -u toctoc-server)"
            )
            raise GatewayError(server, why) from error
        # Whoever hangs up in the midst of it is told as a closed connection.
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError, ConnectionClosed) as error:
            why = other_scheme(server, error) or f"no server answers: {error}"
            raise GatewayError(server, why) from error
        seen = _seen(server, connection, pin)
        challenge = _hear(server, connection, until)
        if not isinstance(challenge, Challenge):
            raise GatewayError(server, "it did not begin with a challenge; is this a toctoc server?")
        _say(server, connection, _hello(challenge.nonce, token, door, seen))
        answer = _hear(server, connection, until)
        if isinstance(answer, Refused):
            raise NotWelcome(server, answer.code, answer.reason)
        if not isinstance(answer, Welcome):
            raise GatewayError(server, "it did not answer hello")
        yield Conversation(server, connection, answer)


def _seen(server: str, connection: ClientConnection, pin: str | None) -> str:
    """Look at the key that the server showed, before anything is said to it."""
    tls = connection.socket
    try:
        seen = seen_by(tls if isinstance(tls, ssl.SSLSocket) else None)
        if pin is not None and seen:
            check(seen, pin)
    except (WrongServer, ValueError) as error:
        raise GatewayError(server, str(error)) from error
    return seen


def _hello(nonce: str, token: str | None, door: tuple[RoomKey, Ed25519PrivateKey] | None, seen: str) -> Hello:
    if token is not None:
        return Hello(role="operator", token=token)
    if door is None:
        return Hello(role="board")
    room, key = door
    return Hello(role="kiosk", room=room, key=public_hex(key), signature=sign_hello(key, nonce, room, seen))


def _say(server: str, connection: ClientConnection, message: ClientMessage) -> None:
    try:
        connection.send(encode(message))
    except (ConnectionClosed, OSError) as error:
        raise GatewayError(server, f"the connection broke: {error}") from error


def _hear(server: str, connection: ClientConnection, until: float) -> ServerMessage:
    try:
        return read_server_message(connection.recv(timeout=max(0.0, until - time.monotonic())))
    except TimeoutError:
        raise GatewayError(server, "no answer in time") from None
    except (ConnectionClosed, OSError, WireError) as error:
        raise GatewayError(server, f"the connection broke: {error}") from error
