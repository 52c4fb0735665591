"""Attacks a server on loopback with damaged frames and floods, while honest clients go on.

``python tests/flood.py --seconds 600``: a server of its own is attacked by another process, from another
address; a door presses and a board follows all the while. Nothing may crash, every press is acknowledged
and shown, memory stays bounded, the server's log is not flooded, and at the end the server is well. The
last line tells how many promises were broken; the exit status is 1 then. Rounds alternate between plain
and TLS; `--seed` repeats a run as far as the network lets it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import random
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from events.examples import CLIENT
from events.places import CERTIFICATE_FILE
from events.tls import fingerprint_of
from events.wire import MAX_INCOMING, Hello, Subscribe, encode
from tests.actors.stack import free_port, write_school
from tests.benchmarks.hall import memory
from tests.benchmarks.load import Door, masked, room_of
from tests.benchmarks.visitor import Refused, Visitor, client_context

ROOT = Path(__file__).resolve().parent.parent
ATTACKER = "127.0.0.2"
AT_ONCE = 24
"""Attacks at a time: more would measure the attacker."""
ROUND = 60.0
QUIET, BETWEEN_PRESSES = 4.0, 0.55
"""Seconds of peace before an attack, to compare with, and between two presses (two a second are taken)."""
GROWTH = 96.0
"""MiB by which the server may grow: every buffer that an attacker can fill is bounded."""
SLOWEST = 3.0
"""Seconds that no press may take, from the door to the board."""
SAID = 200
"""Bytes of log that the server may write for each attack."""

HEAD = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Protocol: toctoc.v1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n"
)
MESSAGES = [encode(message).encode() for message in CLIENT]
NUMBERS = [b"-1", b"0", b"1e308", b"9" * 400, b"NaN", b"null", b"true", b"[]", b"{}", b'""', b'"\\ud800"']


class Target(Struct):
    """Whom to attack."""

    port: int
    devices: int
    tls: bool


# -- attacks --------------------------------------------------------------------------------------


def damaged(chance: random.Random) -> bytes:
    """Spoil an example of a message."""
    message = bytearray(chance.choice(MESSAGES))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(message))
        match chance.randrange(6):
            case 0:
                message[at] = chance.randrange(256)
            case 1:
                del message[at : at + chance.randint(1, 20)]
            case 2:
                message[at:at] = chance.randbytes(chance.randint(1, 20))
            case 3:
                message[at:at] = chance.choice(NUMBERS)
            case 4:
                message[at:at] = b"[" * chance.randint(1, 2000)
            case _:
                message += chance.choice(MESSAGES)
        message = message or bytearray(b"{")
    return bytes(message)


def bad_frames(chance: random.Random) -> list[bytes]:
    """Give frames that the protocol forbids (RFC 6455, 5.2 to 5.5), or nearly."""
    text = damaged(chance)[:125]
    long = chance.choice((MAX_INCOMING + 1, 65535, 2**31, 2**63 - 1, 2**64 - 1))
    return [
        chance.choice(
            (
                bytes([0x81, len(text)]) + text,  # not masked
                masked(text, 0xF1),  # reserved bits
                masked(text, 0x80 | chance.choice((3, 7, 11, 15))),  # no such opcode
                masked(text, 0x80),  # goes on with nothing
                masked(text, 0x01) * 3,  # a second beginning
                masked(b"x", 0x01) + masked(b"x", 0x00) * 3000,  # a message in thousands of pieces
                masked(b"", 0x01) + masked(b"", 0x00) * 3000,  # and of nothing
                masked(b"\xff\xfe\xc3", 0x81),  # no UTF-8
                masked(bytes(200), 0x89),  # a ping that is too long
                masked(text, 0x09),  # a ping in pieces
                masked(b"\x00", 0x88),  # half a close code
                masked(b"\x00\x01bye", 0x88),  # no close code
                bytes([0x81, 0xFF]) + long.to_bytes(8, "big") + bytes(40),  # says that it is huge
                masked(b" " * (MAX_INCOMING + 1)),
                masked(chance.randbytes(chance.randint(0, 4096)), chance.randrange(256)),
                chance.randbytes(chance.randint(1, 4096)),
                masked(b"", 0x89) * 500,  # pings
                masked(b"", 0x8A) * 500,  # pongs that nobody asked for
            )
        )
        for _ in range(chance.randint(1, 6))
    ]


class Attacks:
    """All kinds of them.

    Args:
        target: Whom to attack.
        seed: Of the chance.
    """

    def __init__(self, target: Target, seed: int) -> None:
        self.target = target
        self.chance = random.Random(seed)
        self.counted: Counter[str] = Counter()
        self.kinds: tuple[Callable[[], Awaitable[None]], ...] = (
            self.garbage,
            self.request,
            self.half_request,
            self.frames,
            self.unknown,
            self.messages,
            self.talk,
            self.subscriptions,
            self.churn,
            self.device,
        )

    async def run(self, seconds: float) -> None:
        """Attack."""
        until = time.monotonic() + seconds

        async def attack() -> None:
            while time.monotonic() < until:
                kind = self.chance.choice(self.kinds)
                self.counted[kind.__name__] += 1
                with contextlib.suppress(OSError, Refused, EOFError, asyncio.LimitOverrunError, TimeoutError):
                    async with asyncio.timeout(min(8.0, until - time.monotonic() + 0.1)):
                        await kind()

        await asyncio.gather(*(attack() for _ in range(AT_ONCE)))

    async def _pour(self, *pieces: bytes, port: int = 0, tls: bool = False, wait: float = 0.3) -> None:
        """Send bytes, then hang up, or wait to be hung up on."""
        context = client_context() if tls and self.target.tls else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port or self.target.port, ssl=context, local_addr=(ATTACKER, 0)
        )
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    while await reader.read(65536):
                        pass
        finally:
            writer.transport.abort()

    async def garbage(self) -> None:
        """Send anything, to whatever listens."""
        chance = self.chance
        hello = b"\x16\x03\x01" + chance.randbytes(300) if chance.random() < 0.5 else b""
        await self._pour(hello + chance.randbytes(chance.randint(0, 20_000)))

    async def request(self) -> None:
        """Ask in HTTP as nobody does."""
        chance = self.chance
        head = bytearray(HEAD.encode())
        match chance.randrange(6):
            case 0:
                head[4:7] = b"/" + b"a" * chance.randint(1000, 100_000)
            case 1:
                head[-2:-2] = b"X-Much: " + b"y" * chance.randint(1000, 100_000) + b"\r\n"
            case 2:
                head[-2:-2] = b"X: y\r\n" * chance.randint(100, 5000)
            case 3:
                head[chance.randrange(len(head))] = chance.randrange(256)
            case 4:
                head[:3] = chance.choice((b"PUT", b"POST", b"get", b"\x00\x00\x00"))
            case _:
                head += chance.randbytes(2000)
        await self._pour(bytes(head), tls=True)

    async def half_request(self) -> None:
        """Begin, and say no more."""
        await self._pour(HEAD.encode()[: self.chance.randint(0, len(HEAD) - 1)], tls=True, wait=7)

    async def frames(self) -> None:
        """Send frames that are none."""
        await self._pour(HEAD.encode(), *bad_frames(self.chance), tls=True)

    async def _visitor(self) -> Visitor:
        visitor = Visitor(self.target.port, ATTACKER)
        await visitor.open(client_context() if self.target.tls else None)
        await visitor.hear('"challenge"')
        return visitor

    async def _board(self) -> Visitor:
        visitor = await self._visitor()
        visitor.say(encode(Hello(role="board")))
        await visitor.hear('"welcome"')
        return visitor

    async def unknown(self) -> None:
        """Say anything but who one is."""
        visitor = await self._visitor()
        try:
            for _ in range(self.chance.randint(1, 40)):
                visitor.writer.write(masked(damaged(self.chance)))
            await visitor.hear("never")
        finally:
            visitor.close()

    async def messages(self) -> None:
        """Send damaged messages as a board."""
        visitor = await self._board()
        try:
            for _ in range(self.chance.randint(1, 60)):
                visitor.writer.write(masked(damaged(self.chance)[: MAX_INCOMING + 1]))
            for piece in bad_frames(self.chance):
                visitor.writer.write(piece)
            await visitor.hear("never")
        finally:
            visitor.close()

    async def talk(self) -> None:
        """Send good messages as fast as they go out."""
        visitor = await self._board()
        try:
            while not visitor.reader.at_eof():
                message = masked(self.chance.choice(MESSAGES))
                visitor.writer.write(message * 200)
                await visitor.writer.drain()
        finally:
            visitor.close()

    async def subscriptions(self) -> None:
        """Ask for everything again and again, and read nothing."""
        visitor = await self._board()
        try:
            visitor.writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's own have it
            for _ in range(100):
                visitor.say(encode(Subscribe(topics=("school", f"room/{self.chance.randrange(10**6)}"))))
            await asyncio.sleep(self.chance.uniform(0, 6))
        finally:
            visitor.close()

    async def churn(self) -> None:
        """Come and go."""
        for _ in range(20):
            one = socket.socket()
            one.setblocking(False)
            one.bind((ATTACKER, 0))
            with contextlib.closing(one):
                await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", self.target.port))
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    async def device(self) -> None:
        """Send a small device's frames that are none."""
        chance, body = self.chance, damaged(self.chance)
        header = chance.choice((str(len(body)), "-1", "9" * 64, "", "1e3", "٣", str(len(body) + 9), "0x10"))
        good = str(len(body)).encode().ljust(64) + body
        bad = header.encode()[:64].ljust(64, chance.choice((b" ", b"0", b"\0"))) + body
        pieces = [chance.choice((good, bad, good[:80], b"", chance.randbytes(200))) for _ in range(30)]
        await self._pour(*pieces, port=self.target.devices)


# -- the honest ones ------------------------------------------------------------------------------


async def follow(board: Visitor, shown: asyncio.Queue[float]) -> None:
    """Note when each press is shown."""
    while True:
        await board.hear('"type":"room-presence"')
        shown.put_nowait(time.monotonic())


class Honest:
    """A door that presses, and a board that shows it.

    Args:
        target: Where to.
        fingerprint: Of the server's key; empty for plain.
    """

    def __init__(self, target: Target, fingerprint: str) -> None:
        self.target, self.fingerprint = target, fingerprint
        self.door = Door(0)

    async def come(self) -> None:
        """Connect both."""
        context = client_context() if self.target.tls else None
        self.board, self.presser = Visitor(self.target.port), Visitor(self.target.port)
        for visitor in (self.board, self.presser):
            await visitor.open(context)
        await self.board.hear('"challenge"')
        self.board.say(encode(Hello(role="board")))
        await self.board.hear('"welcome"')
        self.board.say(encode(Subscribe(topics=("school",))))
        await self.board.hear('"snapshot-end"')
        nonce = json.loads(await self.presser.hear('"challenge"'))["nonce"]
        self.presser.say(self.door.hello(nonce, self.fingerprint))
        await self.presser.hear('"welcome"')
        self.shown: asyncio.Queue[float] = asyncio.Queue()
        self.following = asyncio.create_task(follow(self.board, self.shown))

    async def press(self, seconds: float, peak: Callable[[], None]) -> list[float]:
        """Press for some time; seconds from each press until it is acknowledged and shown."""
        until, took = time.monotonic() + seconds, []
        while time.monotonic() < until:
            began = time.monotonic()
            async with asyncio.timeout(30):
                self.presser.say(self.door.press())
                await self.presser.hear('"type":"pressed"')
                acknowledged = time.monotonic()
                took.append(max(acknowledged, await self.shown.get()) - began)
            peak()
            await asyncio.sleep(max(0.0, began + BETWEEN_PRESSES - time.monotonic()))
        return took

    def go(self) -> None:
        """Hang up."""
        self.following.cancel()
        for visitor in (self.board, self.presser):
            visitor.close()


# -- one round ------------------------------------------------------------------------------------


def ask(port: int, path: str, *, tls: bool) -> bytes:
    """Ask the server for a page."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        asked: socket.socket = client_context().wrap_socket(plain) if tls else plain
        asked.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answer = b""
        with contextlib.suppress(ssl.SSLError):  # an end without a farewell
            while data := asked.recv(65536):
                answer += data
    return answer


async def wait_until_well(server: subprocess.Popen[bytes], target: Target) -> None:
    """Wait until the server serves."""
    until = time.monotonic() + 30
    while True:
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError("the server did not start")
        try:
            if b" 200 " in (await asyncio.to_thread(ask, target.port, "/healthz", tls=target.tls))[:20]:
                return
        except OSError:
            pass
        await asyncio.sleep(0.05)


def _ms(took: list[float]) -> str:
    return f"{statistics.median(took) * 1000:.0f} ms, the slowest {took[-1] * 1000:.0f}"


async def fight(
    folder: Path, server: subprocess.Popen[bytes], target: Target, seconds: float, seed: int
) -> list[str]:
    """Attack a server that runs; what it did wrong."""
    await wait_until_well(server, target)
    certificate = folder / "data" / CERTIFICATE_FILE
    honest = Honest(target, fingerprint_of(certificate) if target.tls else "")
    await honest.come()
    broken: list[str] = []
    most = 0.0

    def peak() -> None:
        nonlocal most
        most = max(most, memory(server.pid))

    before = sorted(await honest.press(QUIET, peak))
    rest, most, said = memory(server.pid), 0.0, (folder / "said").stat().st_size
    order = [str(target.port), str(target.devices), str(int(target.tls)), str(seconds), str(seed)]
    attacker = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--attack", *order, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        took = sorted(await honest.press(seconds, peak))
    except (Refused, OSError, EOFError, TimeoutError) as error:
        return [f"an honest client was let down: {error!r}"]
    finally:
        counted: dict[str, int] = json.loads((await attacker.communicate())[0] or "{}")
    attacks = sum(counted.values())
    honest.go()
    said = (folder / "said").stat().st_size - said
    kinds = ", ".join(f"{number} {kind}" for kind, number in counted.items())
    print(f"{'TLS' if target.tls else 'plain'}: {attacks:,} attacks ({kinds})")
    print(f"  {len(took)} presses shown after {_ms(took)}; in peace after {_ms(before)}")
    print(f"  memory {rest:.0f} MiB, at most {most:.0f}; ", end="")
    print(f"{said / max(1, attacks):.0f} bytes of log for each attack", flush=True)
    if not attacks:
        broken.append("the attacker did nothing")
    if took[-1] > SLOWEST:
        broken.append(f"a press took {took[-1]:.1f} s")
    if most - rest > GROWTH:
        broken.append(f"the server grew by {most - rest:.0f} MiB")
    if said > SAID * attacks:
        last = (folder / "said").read_text(encoding="utf-8", errors="replace")[-2000:]
        broken.append(f"the server wrote {said:,} bytes of log, last\n{last}")
    text = (folder / "said").read_text(encoding="utf-8", errors="replace")
    if "Traceback" in text:
        broken.append("the server's log has a traceback:\n" + text[text.index("Traceback") :][:2000])
    if server.poll() is not None:
        broken.append(f"the server ended with {server.returncode}")
    else:
        await wait_until_well(server, target)
    return broken


def one_round(seconds: float, seed: int, *, tls: bool) -> list[str]:
    """Start a server, attack it, end it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = Target(free_port(), free_port(), tls)
        more = f'[tls]\nuse = "{"always" if tls else "never"}"\n[devices]\nport = {target.devices}'
        rooms = [room_of(number) for number in range(35)]
        config = write_school(folder, rooms=rooms, more=more, port=target.port)
        with (folder / "said").open("wb") as said:
            server = subprocess.Popen(
                [sys.executable, str(ROOT / "toctoc.py"), "serve", "--config", str(config)],
                stdout=said, stderr=said, env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        try:
            return asyncio.run(fight(folder, server, target, seconds, seed))
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def main(argv: list[str]) -> int:
    """Run for as long as told and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--only", choices=("plain", "tls"), help="do not alternate")
    parser.add_argument("--attack", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.attack:
        port, devices, tls, seconds, seed = options.attack
        logging.disable()  # asyncio tells of each connection that was cut off
        attacks = Attacks(Target(int(port), int(devices), tls == "1"), int(seed))
        asyncio.run(attacks.run(float(seconds)))
        print(json.dumps(attacks.counted))
        return 0
    print(f"seed {options.seed}", flush=True)
    broken: list[str] = []
    left, seed, tls = options.seconds, options.seed, options.only == "tls"
    while left > 0:
        for what in one_round(min(left, ROUND), seed, tls=tls):
            broken.append(what)
            print(f"BROKEN (seed {seed}): {what}", flush=True)
        left, seed, tls = left - ROUND, seed + 1, tls if options.only else not tls
    print(f"{len(broken)} promises broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
