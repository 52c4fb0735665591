"""Whoever connects while the server stops: no socket is left open, and nobody holds it up."""

from __future__ import annotations

import asyncio
import gc
import queue
import socket
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

import actors.live.arrivals
import actors.live.connection
import actors.live.ports
from actors.live.arrivals import Arrivals
from actors.live.framing import DISCONNECT, frame
from actors.live.hub import Hub
from events.tls import client_context
from events.wire import PROTOCOL, Hello, encode
from tests.actors.stack import TIMEOUT, Talk, eventually, free_port, running

TLS = '[tls]\nuse = "always"'
HALF = b"GET /rooms.json HTTP/1.1\r\nHo"
WHOLE = b"GET /rooms.json HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = (
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n"
).encode()
TLS_HELLO = b"\x16\x03\x01"
"""How a client's first message of TLS begins."""


def after_turns(turns: int, function: Callable[[], object]) -> None:
    """Call a function so many turns of the loop from now. On the loop."""
    loop = asyncio.get_running_loop()
    if turns:
        loop.call_soon(after_turns, turns - 1, function)
    else:
        function()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers who do not hang up are given less time to."""
    monkeypatch.setattr(actors.live.arrivals, "CLOSE_LIMIT", 0.05)
    monkeypatch.setattr(actors.live.connection, "CLOSE_LIMIT", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("turns", range(8))
@pytest.mark.parametrize("more", ["", TLS], ids=["plain", "tls"])
def test_whoever_comes_in_the_last_turns_is_let_go(tmp_path: Path, more: str, turns: int) -> None:
    port = free_port()
    with ExitStack() as strangers, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")

        def come_and_stop(hub: Hub) -> None:
            for address in (hub._ports.address, ("127.0.0.1", port)):
                for said in (b"", TLS_HELLO, HALF, WHOLE, UPGRADE):
                    stranger = strangers.enter_context(socket.create_connection(address))
                    stranger.sendall(said)
            after_turns(turns, hub._stopping.set)

        with running(tmp_path, more=f"{more}\n[devices]\nport = {port}") as school:
            school.hub.call(come_and_stop, school.hub)
            school.hub._thread.join(TIMEOUT)
        gc.collect()
    assert [str(warning.message) for warning in told if warning.category is ResourceWarning] == []


class Stranger:
    """A connection that ends when it is cut off."""

    def __init__(self, arrivals: Arrivals, *, silent: bool) -> None:
        self.arrivals = arrivals
        self.silent = silent
        self.aborted = False

    def is_silent(self) -> bool:
        return self.silent

    def abort(self) -> None:
        self.aborted = True
        asyncio.get_running_loop().call_soon(self.arrivals.lost, self)


def test_whoever_has_said_nothing_whole_is_cut_off_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.arrivals, "CLOSE_LIMIT", 1000 * TIMEOUT)

    async def run() -> None:
        arrivals = Arrivals()
        silent, served = Stranger(arrivals, silent=True), Stranger(arrivals, silent=False)
        for stranger in (silent, served):
            arrivals.made(stranger)
        async with asyncio.timeout(TIMEOUT):
            ending = asyncio.create_task(arrivals.end())
            await asyncio.sleep(0)
            assert (silent.aborted, served.aborted) == (True, False)
            arrivals.lost(served)
            await ending
        assert not served.aborted

    asyncio.run(run())


def test_whose_tls_is_agreed_on_while_they_are_turned_away_is_cut_off() -> None:
    async def run() -> None:
        arrivals = Arrivals()
        stranger = Stranger(arrivals, silent=False)

        async def begin() -> None:
            arrivals.began(stranger)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                arrivals.made(stranger)

        beginning = asyncio.create_task(begin())
        await asyncio.sleep(0)
        async with asyncio.timeout(TIMEOUT):
            await arrivals.turn_away()
            assert beginning.cancelled()
            assert stranger.aborted
            await arrivals.end()

    asyncio.run(run())


def test_whose_tls_is_not_agreed_on_yet_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which asyncio does from Python 3.12 on.
    monkeypatch.setattr(actors.live.ports, "TLS_LIMIT", 1000 * TIMEOUT)
    with running(tmp_path, more=TLS) as school, socket.create_connection(school.app.address) as stranger:
        stranger.sendall(TLS_HELLO)
        hub = school.hub
        eventually(lambda: bool(hub._ports._arrivals._beginning))
        school.stop()
        assert not hub._thread.is_alive()


def test_whoever_is_let_in_after_the_goodbye_is_told_it_too(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        hub = school.hub
        parted = queue.Queue[asyncio.Task[None]]()
        hub.call(lambda: parted.put(asyncio.get_running_loop().create_task(hub._serving.part_from_all())))
        parted.get(timeout=TIMEOUT)
        assert Talk(school.address).code() == 1012


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("more", ["", TLS], ids=["plain", "tls"])
def test_whoever_does_not_hang_up_is_waited_for_a_little(tmp_path: Path, more: str) -> None:
    with running(tmp_path, more=more) as school, socket.create_connection(school.app.address) as plain:
        tls, hub = client_context(school.address, verify=False), school.hub
        with tls.wrap_socket(plain) if tls is not None else plain as stranger:
            stranger.sendall(WHOLE)
            assert stranger.recv(12) == b"HTTP/1.1 200"
            school.stop()
            assert not hub._thread.is_alive()


def test_a_device_may_go_on_talking_after_the_goodbye_until_it_hangs_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    for module in (actors.live.arrivals, actors.live.connection):
        monkeypatch.setattr(module, "CLOSE_LIMIT", 1000 * TIMEOUT)
    with running(tmp_path, more=f"[devices]\nport = {port}") as school:
        hub = school.hub
        with ThreadPoolExecutor() as pool, socket.create_connection(("127.0.0.1", port)) as device:
            device.settimeout(TIMEOUT)
            assert b"challenge" in device.recv(4096)
            stopping = pool.submit(school.stop)
            assert b"".join(iter(partial(device.recv, 4096), b"")).endswith(DISCONNECT)
            device.sendall(frame(encode(Hello(role="board"))))
            device.close()
            stopping.result()
        assert not hub._thread.is_alive()
