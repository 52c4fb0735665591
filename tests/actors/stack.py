"""The real server for tests: its configuration, a timetable site beside it, and clients of its gateway."""

from __future__ import annotations

import contextlib
import json
import queue
import random
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import pykka
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from actors.app import App
from actors.gateway import GatewayActor
from actors.live.hub import Hub
from actors.settings import read_school
from events.clock import Clock
from events.domain import Intent, Press, Recorded
from events.ids import EventId, KioskId, RoomKey, press_id
from events.signing import kiosk_id, new_key, public_hex, sign_hello, sign_press
from events.sqlite import SqliteLog
from events.wire import (
    PROTOCOL,
    Challenge,
    ClientMessage,
    Hello,
    RoomDay,
    RoomPresence,
    SendPress,
    ServerMessage,
    SnapshotBegin,
    SnapshotEnd,
    Subscribe,
    Welcome,
    encode,
    read_server_message,
)
from tests.clock import START, FakeClock

PAGES = Path(__file__).resolve().parent.parent / "scraper" / "pages"
TODAY = date(2026, 11, 20)
TIMEOUT = 10.0
"""Seconds after which something that should come does not come."""

M = TypeVar("M")

ROOMS = ("L213", "L209", "L210", "L227", "V107")
"""Of the busy day: at 08:00 L213 is booked, L227 is free all day."""


# -- actors ---------------------------------------------------------------------------------------


class RecordingRef:
    """Stands for an actor: remembers what it was told."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def tell(self, message: object) -> None:
        self.sent.append(message)

    def of(self, kind: type[M]) -> list[M]:
        return [message for message in self.sent if isinstance(message, kind)]

    @property
    def ref(self) -> pykka.ActorRef[Any]:
        return cast("pykka.ActorRef[Any]", self)


class Listener(pykka.ThreadingActor):
    """An actor that passes on what it is told."""

    def __init__(self, told: queue.Queue[Any]) -> None:
        super().__init__()
        self._told = told

    def on_receive(self, message: Any) -> None:
        self._told.put(message)


class Ear:
    """A running actor in the place of another one; what it is told can be waited for."""

    def __init__(self) -> None:
        self._told: queue.Queue[Any] = queue.Queue()
        self.ref: pykka.ActorRef[Any] = Listener.start(self._told)

    def hear(self, kind: type[M]) -> M:
        """Wait for the next message of a kind; others are passed over."""
        until = time.monotonic() + TIMEOUT
        while True:
            message = self._told.get(timeout=max(0.0, until - time.monotonic()))
            if isinstance(message, kind):
                return message

    def close(self) -> None:
        self.ref.stop(block=True, timeout=TIMEOUT)


def eventually(what: Callable[[], bool], *, within: float = TIMEOUT) -> None:
    """Wait for what no message tells."""
    until = time.monotonic() + within
    moment = threading.Event()
    while not what():
        assert time.monotonic() < until, "it did not come about"
        moment.wait(0.01)


# -- the timetable site ---------------------------------------------------------------------------


class Asked(BaseHTTPRequestHandler):
    """One request for a page."""

    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        site = self.server
        site.asked.put(self.path)
        status, body = site.pages.get(self.path, (404, b"not here"))
        if status == 0:
            site.released.wait(TIMEOUT)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Site(ThreadingHTTPServer):
    """A real web server on loopback; each path answers what the test says, 0 means never."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.pages: dict[str, tuple[int, bytes]] = {}
        self.asked: queue.Queue[str] = queue.Queue()
        self.released = threading.Event()

    def show(self, body: bytes, path: str = "/", *, status: int = 200) -> str:
        """Answer with a body from now on; gives the address."""
        self.pages[path] = (status, body)
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up has a reason."""


@contextlib.contextmanager
def serving_pages() -> Iterator[Site]:
    """Run a timetable site."""
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.released.set()
            site.shutdown()
            thread.join()


def page(name: str = "fc3-busy", *, drawn_for: str = "2023-04-14", day: date = TODAY) -> bytes:
    """Take a page as the real timetable rendered it, for another day."""
    text = (PAGES / f"{name}.html").read_text(encoding="utf-8")
    assert drawn_for in text
    return text.replace(drawn_for, day.isoformat()).encode()


def without_bookings(body: bytes, keep: Sequence[str] = ()) -> bytes:
    """Take the bookings out of a page, except those whose title has one of some words."""
    from lxml import etree

    root = etree.fromstring(body, etree.HTMLParser(encoding="utf-8"))
    marked = "//*[contains(concat(' ', @class, ' '), ' fc-timeline-event ')]"
    for element in cast("list[etree._Element]", root.xpath(marked)):
        parent = element.getparent()
        text = "".join(map(str, element.itertext())) + "".join(map(str, element.attrib.values()))
        if parent is not None and not any(word in text for word in keep):
            parent.remove(element)
    return bytes(etree.tostring(root, method="html", encoding="utf-8"))


def without_rooms(body: bytes, rooms: Sequence[str]) -> bytes:
    """Take the rows of some rooms out of a page."""
    from lxml import etree

    root = etree.fromstring(body, etree.HTMLParser(encoding="utf-8"))
    for room in rooms:
        for row in cast("list[etree._Element]", root.xpath(f"//*[@data-resource-id='{room}']")):
            parent = row.getparent()
            assert parent is not None
            parent.remove(row)
    return bytes(etree.tostring(root, method="html", encoding="utf-8"))


# -- the server -----------------------------------------------------------------------------------


def write_school(
    folder: Path,
    *,
    rooms: Sequence[str] = ROOMS,
    sources: Sequence[str] = (),
    doors: Sequence[tuple[str, Ed25519PrivateKey]] = (),
    more: str = "",
    port: int = 0,
) -> Path:
    """Write a configuration and its inventory.

    Args:
        folder: Where to.
        rooms: The keys of the rooms; wing and number are in them.
        sources: The bodies of ``[[source]]`` tables.
        doors: Rooms with their doors' keys.
        more: Further sections.
        port: Where to listen; 0 lets the system choose.
    """
    tables = [f'[school]\nname = "Test"\n[server]\nport = {port}\ndata = "data"', more]
    tables += [f"[[source]]\n{source}" for source in sources]
    tables += [f'[[door]]\nroom = "{room}"\nkey = "{public_hex(key)}"' for room, key in doors]
    inventory = []
    for room in rooms:
        number = int("".join(letter for letter in room if letter.isdigit()) or 0)
        inventory.append(
            f'[[room]]\nid = "{room}"\ntype = "petit"\nseats = 20\nwing = "{room[0]}"\nnumber = {number}'
        )
    (folder / "rooms.toml").write_text("\n".join(inventory), encoding="utf-8")
    path = folder / "school.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    return path


class School:
    """A running server on a folder, with a clock that the test moves."""

    def __init__(self, config: Path, clock: Clock | None = None) -> None:
        self.config = config
        self.clock = clock or FakeClock()
        self.app = App(read_school(config), clock=self.clock)
        self.app.start()

    @property
    def data(self) -> Path:
        return self.app.settings.data

    @property
    def address(self) -> str:
        host, port = self.app.address
        return f"{'wss' if self.app.settings.tls.serve else 'ws'}://{host}:{port}"

    @property
    def fingerprint(self) -> str:
        """Of the key that the server shows."""
        from events.places import CERTIFICATE_FILE
        from events.tls import fingerprint_of

        return fingerprint_of(self.app.settings.tls.certificate or self.data / CERTIFICATE_FILE)

    @property
    def token(self) -> str:
        return (self.data / "operator.token").read_text(encoding="ascii").strip()

    @property
    def hub(self) -> Hub:
        """Of the gateway; its loop runs on a thread of its own."""
        for ref in self.app._actors:
            actor = ref._actor_weakref()
            if isinstance(actor, GatewayActor):
                return actor._hub
        raise AssertionError("there is no gateway")

    def reload(self, **changes: Any) -> None:
        """Write the configuration anew and follow it, as SIGHUP does."""
        write_school(self.config.parent, **changes)
        self.app.reload(read_school(self.config))

    def log(self) -> SqliteLog:
        return SqliteLog(self.data, read_only=True)

    def records(self, tag: str | None = None) -> list[Recorded]:
        return list(self.log().read(tag=tag))

    def tags(self) -> list[str]:
        from events.codec import tag_of

        return [tag_of(recorded.event) for recorded in self.records()]

    def wait_for(self, tag: str, count: int = 1) -> list[Recorded]:
        """Wait until so many events of a kind are in the log."""
        eventually(lambda: len(self.records(tag)) >= count)
        return self.records(tag)

    def wait_published(self) -> None:
        """Wait until the gateway has told what is in the log: it comes behind the commit."""
        host, port = self.app.address
        head = self.log().head()

        def published() -> bool:
            try:
                answer = urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=TIMEOUT)
            except urllib.error.HTTPError as ill:  # it tells all the same
                answer = ill
            with answer:
                return bool(json.loads(answer.read())["seq"] >= head)

        eventually(published)

    def stop(self) -> None:
        self.app.stop()


@contextlib.contextmanager
def running(folder: Path, clock: Clock | None = None, **configuration: Any) -> Iterator[School]:
    """Run a server until the end of the block."""
    school = School(write_school(folder, **configuration), clock)
    try:
        yield school
    finally:
        school.stop()


# -- clients --------------------------------------------------------------------------------------


class Talk:
    """A client of the gateway that says what the test tells it to."""

    def __init__(self, address: str, **options: Any) -> None:
        from events.tls import client_context, seen_by

        settings: dict[str, Any] = {
            "ssl": client_context(address, verify=False),
            "subprotocols": [Subprotocol(PROTOCOL)],
            "compression": None,
            "max_size": None,
            "proxy": None,
            "ping_interval": None,
            "close_timeout": 1,
        }
        self._opened = connect(f"{address}/ws", **{**settings, **options})
        self.connection: ClientConnection = self._opened.__enter__()
        tls = self.connection.socket
        self.server = seen_by(tls if isinstance(tls, ssl.SSLSocket) else None)
        self.heard: list[ServerMessage] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.connection.close()

    def say(self, message: ClientMessage) -> None:
        self.connection.send(encode(message))

    def say_raw(self, text: str | bytes) -> None:
        self.connection.send(text)

    def to_the_end(self) -> None:
        """Hear all that still comes; ends with the `ConnectionClosed` of the connection's end."""
        while True:
            self.hear()

    def hear(self, *, within: float = TIMEOUT) -> ServerMessage:
        """Wait for the next message, whatever it is."""
        message = read_server_message(self.connection.recv(timeout=within))
        self.heard.append(message)
        return message

    def until(self, kind: type[M], *, within: float = TIMEOUT, **fields: object) -> M:
        """Wait for a message of a kind whose fields are so; others are passed over."""
        end = time.monotonic() + within
        while True:
            message = self.hear(within=max(0.0, end - time.monotonic()))
            if isinstance(message, kind) and all(getattr(message, k) == v for k, v in fields.items()):
                return message

    def code(self) -> int | None:
        """Wait until the server closes; tells the code of the close frame."""
        from websockets.exceptions import ConnectionClosed

        end = time.monotonic() + TIMEOUT
        try:
            while True:
                self.hear(within=max(0.0, end - time.monotonic()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else None

    def snapshot(self, *topics: str, epoch: int | None = None, seq: int | None = None) -> Snapshot:
        """Subscribe and take the snapshot."""
        self.say(Subscribe(topics=topics or ("school",), epoch=epoch, seq=seq))
        begin = self.until(SnapshotBegin)
        first = len(self.heard)
        end = self.until(SnapshotEnd)
        between = self.heard[first:-1]
        return Snapshot(begin, end, between)


class Snapshot:
    """What a subscription was answered with."""

    def __init__(self, begin: SnapshotBegin, end: SnapshotEnd, between: Sequence[ServerMessage]) -> None:
        self.begin, self.end = begin, end
        self.days = {m.room: m for m in between if isinstance(m, RoomDay)}
        self.presences = {m.room: m for m in between if isinstance(m, RoomPresence)}
        self.others = [m for m in between if not isinstance(m, RoomDay | RoomPresence)]


def greeted(address: str, hello: Hello, **options: Any) -> Talk:
    """Connect as a board or an operator."""
    talk = Talk(address, **options)
    assert isinstance(talk.hear(), Challenge)
    talk.say(hello)
    talk.until(Welcome)
    return talk


class DoorClient:
    """What a door needs for talking: a key, and presses with their numbers."""

    def __init__(self, room: str, key: Ed25519PrivateKey | None = None, outbox: str = "00ff") -> None:
        self.room = RoomKey(room)
        self.key = key or new_key()
        self.outbox = outbox
        self.n = 0

    @property
    def public(self) -> str:
        return public_hex(self.key)

    @property
    def kiosk(self) -> KioskId:
        return kiosk_id(self.public)

    def hello(self, nonce: str, server: str = "") -> Hello:
        return Hello(
            role="kiosk",
            key=self.public,
            room=self.room,
            signature=sign_hello(self.key, nonce, self.room, server),
        )

    def unpaired(self, nonce: str, server: str = "") -> Hello:
        """The hello of a door that asks to be paired."""
        signature = sign_hello(self.key, nonce, "", server)
        return Hello(role="unpaired", key=self.public, signature=signature)

    def connect(self, address: str, **options: Any) -> Talk:
        talk = Talk(address, **options)
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        talk.say(self.hello(challenge.nonce, talk.server))
        talk.until(Welcome)
        return talk

    def press(self, intent: Intent = "present", *, age: float = 0.0, **fields: Any) -> SendPress:
        """Make the next press, made so many seconds ago, as it is delivered."""
        self.n += 1
        values: dict[str, Any] = {
            "kiosk": self.kiosk,
            "outbox": self.outbox,
            "n": self.n,
            "room": self.room,
            "intent": intent,
            "boot_id": "this-run",
            "boottime": 100_000,
            "wall": START,
        }
        press = Press(**{**values, **fields})
        return SendPress(
            press=press,
            signature=sign_press(self.key, press),
            boot_id="this-run",
            boottime=100_000 + round(age * 1000),
            wall=START,
        )


def name_of(delivery: SendPress) -> EventId:
    """The name under which a press is recorded."""
    press = delivery.press
    return press_id(press.kiosk, press.outbox, press.n)


def free_port() -> int:
    """A port that nobody listens on.

    Below those that the system gives out by itself, or a test that runs beside this one may be given it
    before a server has begun to listen on it.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def local(hour: int, minute: int = 0) -> datetime:
    """An instant of the day of the tests, by the clocks on the wall in Paris."""
    from zoneinfo import ZoneInfo

    return datetime(2026, 11, 20, hour, minute, tzinfo=ZoneInfo("Europe/Paris"))
