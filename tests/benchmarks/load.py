"""The load of the gateway's benchmarks: many clients in one process, on bare sockets.

A WebSocket library on this side would take more of the clock than the servers that are measured, so
frames are taken apart here by hand. Run as a program, it reads one JSON line that says whom to load and
how (`Target`), then one command a line, and answers each with a line of JSON.
"""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import ssl
import statistics
import struct
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct
from msgspec import json as msgspec_json

from events.domain import Press
from events.ids import RoomKey
from events.signing import kiosk_id, new_key, public_hex, sign_hello, sign_press
from events.wire import Hello, SendPress, Subscribe, encode

DOORS = 8
"""Of the clients, those that press; each hangs at a room of its own."""
PATIENCE = 30.0
PRESSED_AHEAD = 8000
COMMANDS = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 -- what is read ahead would not be polled
PONG, PING = 0x8A, 0x89
"""First bytes of such frames (RFC 6455, 5.2)."""


class Target(Struct, kw_only=True):
    """Whom to load.

    Attributes:
        speaks: ``toctoc``, ``relay`` (what comes goes to all) or ``socketio``.
        port: On this machine.
        clients: How many.
        server: Fingerprint of the server's key; empty for plain.
        text: What a relay is sent, with the name of the first room in it.
    """

    speaks: str
    port: int
    clients: int
    server: str = ""
    text: str = ""


class LoadFailed(RuntimeError):
    """The server did not do what it should."""


def room_of(door: int) -> str:
    """Name the room at which a door hangs."""
    return f"L{door:03}"


def masked(payload: bytes, opcode: int = 0x81) -> bytes:
    """Write a client's frame; a mask of zeros is one, too."""
    if len(payload) < 126:
        return struct.pack("!BB4x", opcode, 0x80 | len(payload)) + payload
    return struct.pack("!BBH4x", opcode, 0x80 | 126, len(payload)) + payload


def frames(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Take whole frames of a server apart: first byte, begin and end of each payload."""
    at, size = 0, len(data)
    while at + 2 <= size:
        length, begin = data[at + 1], at + 2
        if length == 126:
            length, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        elif length == 127:
            length, begin = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
        if begin + length > size or (begin > at + 2 and at + 4 > size):
            return
        yield data[at], begin, begin + length
        at = begin + length


class Client:
    """One connection.

    Args:
        target: Whom to connect to.
        path: What to ask for.
        protocol: Which subprotocol to offer; empty for none.
    """

    def __init__(self, target: Target, path: str, protocol: str = "") -> None:
        self.socket = socket.create_connection(("127.0.0.1", target.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls: ssl.SSLSocket | None = None
        if target.server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = self.tls = context.wrap_socket(self.socket)
        self.rest = b""
        offer = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nUpgrade: websocket\r\n{offer}"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, self.rest = answer.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise LoadFailed(head.decode(errors="replace"))

    def _more(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise LoadFailed("the server closed")
        return data

    def say(self, text: str) -> None:
        """Send a message."""
        self.socket.sendall(masked(text.encode()))

    def hear(self) -> str:
        """Wait for the next message; only before `take` is used."""
        while True:
            for _, begin, end in frames(self.rest):
                text, self.rest = self.rest[begin:end].decode(errors="replace"), self.rest[end:]
                return text
            self.rest += self._more()

    def take(self) -> bytes:
        """Take whole frames of what has come, without waiting."""
        data = self.rest + self._more()
        while self.tls is not None and self.tls.pending():
            data += self.tls.recv(65536)
        end = max((end for _, _, end in frames(data)), default=0)
        self.rest = data[end:]
        return data[:end]


class Door:
    """What presses; of a relay only its name.

    Args:
        number: Its number.
    """

    def __init__(self, number: int) -> None:
        self.room = RoomKey(room_of(number))
        self.key = new_key()
        self.public = public_hex(self.key)
        self.kiosk = kiosk_id(self.public)
        self.n = 0
        self.ready: list[bytes] = []

    def hello(self, nonce: str, server: str) -> str:
        """Say who it is."""
        signature = sign_hello(self.key, nonce, self.room, server)
        return encode(Hello(role="kiosk", room=self.room, key=self.public, signature=signature))

    def press(self) -> str:
        """Make a signed press of now."""
        self.n += 1
        now, boottime = datetime.now(UTC), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        press = Press(
            kiosk=self.kiosk, outbox="0123456789abcdef", n=self.n, room=self.room, intent="present",
            boot_id="b", boottime=boottime, wall=now,
        )  # fmt: skip
        signature = sign_press(self.key, press)
        return encode(SendPress(press=press, signature=signature, boot_id="b", boottime=boottime, wall=now))


class Crowd:
    """The clients, of which the first `DOORS` press.

    Args:
        target: Whom to load.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.doors = [Door(number) for number in range(DOORS)]
        self.clients = [self._open(number) for number in range(target.clients)]
        self.rooms = {door.room.encode(): number for number, door in enumerate(self.doors)}
        self.left = [0] * DOORS
        self.done: list[int] = []
        self.offset = -1
        self.sample = ""
        self._poll = select.epoll()
        self._by_fd = {client.socket.fileno(): client for client in self.clients}
        for fd in self._by_fd:
            self._poll.register(fd, select.EPOLLIN)
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)

    def _open(self, number: int) -> Client:
        target = self.target
        if target.speaks == "socketio":
            client = Client(target, "/socket.io/?EIO=4&transport=websocket")
            client.hear()
            client.say("40")
            client.hear()
            return client
        if target.speaks == "relay":
            return Client(target, "/ws")
        client = Client(target, "/ws", "toctoc.v1")
        nonce = json.loads(client.hear())["nonce"]
        presses = number < DOORS
        client.say(self.doors[number].hello(nonce, target.server) if presses else encode(Hello(role="board")))
        said = json.loads(client.hear())
        if said["type"] != "welcome":
            raise LoadFailed(str(said))
        client.say(encode(Subscribe(topics=("school",))))
        while '"type":"snapshot-end"' not in client.hear():
            pass
        return client

    def prepare(self, presses: int) -> None:
        """Have every door sign presses ahead: that is no work of the server's."""
        for door in self.doors:
            while len(door.ready) < presses:
                text = door.press() if self.target.speaks == "toctoc" else self._relayed(door.room)
                door.ready.append(masked(text.encode()))
            door.ready.reverse()

    def _relayed(self, room: str) -> str:
        text = self.target.text.replace(room_of(0), room)
        return f'42["press",{text}]' if self.target.speaks == "socketio" else text

    def press(self, number: int) -> None:
        """Have a door press."""
        self.left[number] = self.target.clients
        self.clients[number].socket.sendall(self.doors[number].ready.pop())

    def listen(self, seconds: float) -> bool:
        """Read what comes; tells whether there is a command."""
        commanded = False
        for fd, _ in self._poll.poll(seconds):
            client = self._by_fd.get(fd)
            if client is None:
                commanded = True
                continue
            self._take(client)
        return commanded

    def _take(self, client: Client) -> None:
        data, left, rooms = client.take(), self.left, self.rooms
        for first, begin, end in frames(data):
            if first == PING:
                client.socket.sendall(masked(data[begin:end], PONG))
                continue
            if self.offset < 0:
                self._learn(data[begin:end])
            at = begin + self.offset
            number = rooms.get(data[at : at + 4])
            if number is not None:
                left[number] -= 1
                if left[number] == 0:
                    self.done.append(number)

    def _learn(self, payload: bytes) -> None:
        """Find out where in a press the room stands: comparing four bytes is all there is time for."""
        if self.target.speaks == "toctoc" and not payload.startswith(b'{"type":"room-presence"'):
            return
        self.offset = payload.find(room_of(0).encode())
        self.sample = payload.decode()

    def one_by_one(self, presses: int) -> dict[str, float]:
        """Press when all is quiet; milliseconds until the last client has it."""
        took = []
        for one in range(presses):
            began = time.perf_counter()
            self.press(one % DOORS if self.offset >= 0 else 0)
            self._wait()
            took.append((time.perf_counter() - began) * 1000)
            quiet = time.monotonic() + 0.004
            while time.monotonic() < quiet:
                self.listen(0.001)
        took.sort()
        return {"median": statistics.median(took), "p99": took[len(took) * 99 // 100]}

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self.done:
            self.listen(1)
            if time.monotonic() > until:
                raise LoadFailed(f"a press did not reach all: {self.left}")
        self.done.clear()

    def in_flight(self, seconds: float) -> dict[str, float]:
        """Keep as many presses in flight as there are doors; how many reached everybody, and how fast."""
        began, pressed = time.perf_counter(), 0
        sent = [0.0] * DOORS
        took = []
        for number in range(DOORS):
            sent[number] = time.perf_counter()
            self.press(number)
        flying = DOORS
        while flying:
            self.listen(PATIENCE)
            now = time.perf_counter()
            for number in self.done:
                took.append(now - sent[number])
                pressed += 1
                if now - began < seconds and self.doors[number].ready:
                    sent[number] = now
                    self.press(number)
                else:
                    flying -= 1
            self.done.clear()
            if now - began > seconds + PATIENCE:
                raise LoadFailed(f"presses did not reach all: {self.left}")
        return {
            "presses": pressed,
            "seconds": time.perf_counter() - began,
            "median": statistics.median(took) * 1000,
        }


def main() -> None:
    """Serve commands: ``one N``, ``many SECONDS``."""
    target = msgspec_json.decode(COMMANDS.readline(), type=Target)
    crowd = Crowd(target)
    print(json.dumps({"clients": len(crowd.clients)}), flush=True)
    while True:
        if not crowd.listen(1):
            continue
        words = COMMANDS.readline().split()
        if not words:
            return
        answer: dict[str, float | str] = {}
        if words[0] == b"one":
            crowd.prepare(int(words[1]))
            answer |= crowd.one_by_one(int(words[1]))
        else:
            crowd.prepare(PRESSED_AHEAD // DOORS)
            answer |= crowd.in_flight(float(words[1]))
        answer["text"] = crowd.sample
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
