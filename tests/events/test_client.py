"""A conversation with a gateway that goes away."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from events.client import GatewayError, converse
from events.state import Rules
from events.wire import PROTOCOL, Challenge, Ping, Welcome, encode
from tests.clock import START

AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: what is closed is reset."""


@contextlib.contextmanager
def accepting(hang_up: Callable[[socket.socket], None]) -> Iterator[str]:
    """Listen, and do this with whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    hang_up(caller)
                    caller.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def reset(caller: socket.socket) -> None:
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)


def read_and_close(caller: socket.socket) -> None:
    caller.recv(4096)


def half_an_answer(caller: socket.socket) -> None:
    caller.recv(4096)
    caller.sendall(b"HTTP/1.1 101 Switching")


@pytest.mark.parametrize("hang_up", [reset, read_and_close, half_an_answer])
def test_a_server_that_hangs_up_while_one_is_let_in_is_told_as_one_that_does_not_answer(
    hang_up: Callable[[socket.socket], None],
) -> None:
    with accepting(hang_up) as server:
        for _ in range(20):  # the line breaks before, while or after something is said
            with pytest.raises(GatewayError), converse(server, timeout=5):
                pass


@contextlib.contextmanager
def speaking(talk: Callable[[ServerConnection], None]) -> Iterator[str]:
    """Serve the protocol's first steps, then do this."""
    with serve(talk, "127.0.0.1", 0, subprotocols=[Subprotocol(PROTOCOL)], compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("step", ["before hello", "after the welcome"])
def test_a_line_that_breaks_in_the_midst_of_a_conversation_is_told(step: str) -> None:
    def talk(connection: ServerConnection) -> None:
        connection.send(encode(Challenge(nonce="00")))
        if step == "after the welcome":
            connection.recv()
            welcome = Welcome(role="board", school="École", epoch=1, server_time=START, rules=Rules())
            connection.send(encode(welcome))
        connection.socket.shutdown(socket.SHUT_RDWR)

    with speaking(talk) as server:
        for _ in range(20):
            with pytest.raises(GatewayError):
                talk_on(server)


def talk_on(server: str) -> None:
    with converse(server, timeout=5) as conversation:
        while True:
            conversation.say(Ping(id=1))
