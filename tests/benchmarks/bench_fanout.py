"""One press to the last of 200 doors, against a bare `websockets.broadcast` of the same bytes.

The server is a process of its own, the clients are in this one; each press goes through the
signature, school, room, log (FULL) and gateway, the floor only relays.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count

from websockets.asyncio.client import ClientConnection

from events.domain import Press
from events.ids import RoomKey
from events.signing import kiosk_id, new_key, public_hex, sign_hello, sign_press
from events.wire import Hello, SendPress, Subscribe, encode
from tests.benchmarks.load import Crowd
from tests.benchmarks.rounds import compare

DOORS, PRESSES, WARM_UP = 200, 60, 10
ROOM = RoomKey("L001")
KEY = new_key()
NUMBERS = count(1)


def start(program: str, line: str = "") -> tuple[subprocess.Popen[str], str]:
    """Start a server; its process and address."""
    process = subprocess.Popen(
        [sys.executable, "-m", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    return process, f"ws://127.0.0.1:{process.stdout.readline().strip()}/"


def signed() -> str:
    """Make a signed press of now."""
    now, boottime = datetime.now(UTC), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    press = Press(
        kiosk=kiosk_id(public_hex(KEY)), outbox="0123456789abcdef", n=next(NUMBERS), room=ROOM,
        intent="present", boot_id="b", boottime=boottime, wall=now,
    )  # fmt: skip
    message = SendPress(
        press=press, signature=sign_press(KEY, press), boot_id="b", boottime=boottime, wall=now
    )
    return encode(message)


async def greet(connection: ClientConnection, number: int) -> None:
    """Say who we are, and read the snapshot; the first of the crowd is the door that is pressed."""
    presser = number == 0
    challenge = json.loads(await connection.recv())
    hello = Hello(role="board")
    if presser:
        hello = Hello(
            role="kiosk", room=ROOM, key=public_hex(KEY), signature=sign_hello(KEY, challenge["nonce"], ROOM)
        )
    await connection.send(encode(hello))
    await connection.recv()
    await connection.send(encode(Subscribe(topics=("school",))))
    while json.loads(await connection.recv())["type"] != "snapshot-end":
        pass


async def rounds(crowd: Crowd, make: Callable[[], str]) -> tuple[float, str]:
    """Connect, press, leave; median milliseconds to the last door, and the text that came."""
    connections = await crowd.open(DOORS)
    took = []
    for n in range(WARM_UP + PRESSES):
        text = make()

        def send(text: str = text) -> Awaitable[None]:
            return connections[0].send(text)

        seconds = await crowd.measure(send)
        if n >= WARM_UP:
            took.append(seconds)
    await crowd.close(connections)
    return statistics.median(took) * 1000, crowd.sample


def main() -> None:
    """Compare."""
    server, address = start("tests.benchmarks.serve_all")

    def is_presence(text: str) -> bool:
        return text.startswith('{"type":"room-presence"') and '"last"' in text

    def one() -> tuple[float, str]:
        crowd = Crowd(address + "ws", subprotocol="toctoc.v1", greet=greet, counts=is_presence)
        return asyncio.run(rounds(crowd, signed))

    _, text = one()
    bare, bare_address = start("tests.benchmarks.floor_fanout", text)

    async def silent(_connection: ClientConnection, _number: int) -> None:
        """Say nothing."""

    def floor() -> float:
        crowd = Crowd(bare_address, subprotocol=None, greet=silent, counts=lambda _text: True)
        return asyncio.run(rounds(crowd, lambda: "press"))[0]

    compare(f"press to last of {DOORS} doors", "ms", lambda: one()[0], floor, aim="within 1.5")
    for process in (server, bare):
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)


if __name__ == "__main__":
    main()
