"""2,000 boards that come back at once when the server does, while a door presses.

The server is killed and started again on its log. The clients connect in the instant in which it
listens, all from one address; who is refused tries again as a board does (within 3 s, at random).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from events.places import CERTIFICATE_FILE
from events.tls import fingerprint_of
from events.wire import Hello, Subscribe, encode
from tests.actors.stack import free_port, write_school
from tests.benchmarks.bench_gateway_fanout import LOAD_CORE, ROOT, SERVER_CORE
from tests.benchmarks.load import Door, room_of
from tests.benchmarks.visitor import Refused, Visitor, client_context

CLIENTS, ROUNDS = 2000, 5
BETWEEN_PRESSES = 0.6
PATIENCE = 60.0


async def board(port: int, context: ssl.SSLContext | None, again: list[str]) -> tuple[Visitor, float]:
    """Come back until the whole school is there; when it was."""
    while True:
        visitor = Visitor(port)
        try:
            await visitor.open(context)
            await visitor.hear('"challenge"')
            visitor.say(encode(Hello(role="board")))
            await visitor.hear('"welcome"')
            visitor.say(encode(Subscribe(topics=("school",))))
            await visitor.hear('"snapshot-end"')
            return visitor, time.monotonic()
        except (Refused, OSError, asyncio.IncompleteReadError) as error:
            again.append(str(error))
            await asyncio.sleep(random.uniform(0, 3))


async def press(door: Door, port: int, fingerprint: str, took: list[float]) -> None:
    """Press for as long as this runs; seconds from each press to its acknowledgement, lost time included."""
    context = client_context() if fingerprint else None
    while True:
        visitor = Visitor(port)
        began = time.monotonic()
        try:
            await visitor.open(context)
            nonce = json.loads(await visitor.hear('"challenge"'))["nonce"]
            visitor.say(door.hello(nonce, fingerprint))
            await visitor.hear('"welcome"')
            while True:
                visitor.say(door.press())
                await visitor.hear('"type":"pressed"')
                took.append(time.monotonic() - began)
                await asyncio.sleep(BETWEEN_PRESSES)
                began = time.monotonic()
        except (Refused, OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(random.uniform(0, 0.5))


def serve(config: Path, errors: int) -> subprocess.Popen[bytes]:
    """Start the server."""
    program = [sys.executable, str(ROOT / "toctoc.py"), "serve", "--config", str(config)]
    server = subprocess.Popen(program, stderr=errors, env={**os.environ, "PYTHONPATH": str(ROOT)})
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(server.pid, {SERVER_CORE})
    return server


async def listening(port: int) -> float:
    """Wait until somebody listens; since when."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.transport.abort()
        return time.monotonic()
    raise RuntimeError("the server did not come back")


async def come_back(config: Path, port: int, errors: int, door: Door, *, tls: bool) -> dict[str, float]:
    """Start the server, have everybody come at once, and kill it."""
    server = serve(config, errors)
    try:
        began = await listening(port)
        fingerprint = fingerprint_of(config.parent / "data" / CERTIFICATE_FILE) if tls else ""
        context = client_context() if tls else None
        again: list[str] = []
        took: list[float] = []
        pressing = asyncio.create_task(press(door, port, fingerprint, took))
        boards = await asyncio.gather(*(board(port, context, again) for _ in range(CLIENTS)))
        in_storm = list(took) or [time.monotonic() - began]
        pressing.cancel()
        for visitor, _ in boards:
            visitor.close()
        times = sorted(at - began for _, at in boards)
        return {
            "half": times[CLIENTS // 2],
            "last": times[-1],
            "acks": statistics.median(in_storm),
            "worst ack": max(in_storm),
            "presses": len(in_storm),
            "again": len(again),
        }
    finally:
        server.kill()
        server.wait()


def measure(*, tls: bool) -> None:
    """Print medians of all rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        more = f'[tls]\nuse = "{"always" if tls else "never"}"'
        rooms = [room_of(number) for number in range(35)]
        config = write_school(folder, rooms=rooms, more=more, port=port)
        door = Door(0)
        with (folder / "said").open("wb") as errors:
            rounds = [
                asyncio.run(come_back(config, port, errors.fileno(), door, tls=tls)) for _ in range(ROUNDS)
            ]
    medians = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
    worst = max(one["last"] for one in rounds)
    print(
        f"{CLIENTS} boards at once, {'TLS' if tls else 'plain'}: half served after {medians['half']:.1f} s",
        end="",
    )
    print(f", the last after {medians['last']:.1f} s (worst round {worst:.1f} s); aim: 10 s")
    print(f"  {medians['again']:.0f} had to try again; presses meanwhile {medians['presses']:.0f}", end="")
    print(f", acknowledged after {medians['acks'] * 1000:.0f} ms", end="")
    print(f", the slowest after {max(one['worst ack'] for one in rounds) * 1000:.0f} ms", flush=True)


def main() -> None:
    """Measure both."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {LOAD_CORE})
    for tls in (False, True):
        measure(tls=tls)


if __name__ == "__main__":
    main()
