"""The gateway's loop: one thread that moves messages, with no school logic in it.

There are two crossings only: in by ``call_soon_threadsafe`` (`Hub.call`), out by ``tell``. A client
is owed the newest state of each room, not a backlog: `websockets` never drops one that stops
reading (152 MB after 40 s measured), so here it is skipped once 64 KiB wait for it, gets what
changed when it has read them, and is cut off after 10 s.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
import pykka
from msgspec.structs import replace
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from actors import messages as m
from actors.base import Broken, tell
from actors.entry.access import Access, Caller
from actors.entry.admission import Admission
from actors.entry.codes import next_change
from actors.entry.limits import Limits
from actors.entry.listener import BACKLOG
from actors.entry.tls import Tls, use_small_buffers
from actors.entry.turns import TooMany
from actors.live.connection import Connection, Gone, Packed, WebSocket, pack, part
from actors.live.devices import READ, Framed
from actors.live.lobby import FEED, ROSTER, Deliver, How, Lobby
from actors.live.session import (
    Action,
    Await,
    End,
    Forward,
    Greet,
    Leave,
    Send,
    Serve,
    Session,
    Talk,
    TellAccess,
    Verify,
)
from actors.web.answer import Answer, preferred
from actors.web.answer import Request as WebRequest
from actors.web.health import Condition
from actors.web.past import Past
from actors.web.rooms import Room, Shown
from actors.web.site import Web, load_files
from events.clock import Clock
from events.domain import LogCreated, Recorded
from events.ids import EventId, RoomKey, SourceName
from events.state import Rules
from events.status import day_of
from events.wire import (
    HEARTBEAT,
    MAX_INCOMING,
    MAX_OUTGOING,
    PROTOCOL,
    Accesses,
    DoorCodes,
    Happened,
    Heartbeat,
    Missed,
    Notice,
    Notices,
    Refused,
    SnapshotBegin,
    SnapshotEnd,
    Subscribe,
    Welcome,
    encode,
)

logger = logging.getLogger(__name__)
# At DEBUG the library writes every header, and with them tokens and cookies.
_quiet = logging.getLogger("websockets.gateway")
_quiet.setLevel(logging.WARNING)
# Before websockets 16 every handshake that a stranger breaks off is an error with its traceback: whoever
# likes could fill the disk with them.
_quiet.addFilter(lambda record: record.getMessage() != "opening handshake failed")

LAG = 64 * 1024
"""Bytes waiting for a client above which it is sent nothing more."""
LAG_LIMIT = 10.0
"""Seconds after which a client that does not read is cut off."""
TURN_LIMIT = 10.0
"""Seconds for which a client waits for its turn to say who it is."""
HELLO_LIMIT = 5.0
"""Seconds in which a client has to say who it is."""
SNAPSHOT_LIMIT = 60.0
"""Seconds in which a client has to have read its snapshot."""
GATHER = 0.01
"""Seconds for which what is new waits at most for presses that are on their way, so that all of it is one
write. It waits no longer than writing took the last time, so that nothing takes twice as long for it."""
GATHER_AFTER = 0.05
"""Seconds after which a press is no longer waited for: it met something slow."""
WRITE = 16 * 1024
"""Bytes that are gathered for one client before they are written."""
SNAPSHOT_WRITE = 4 * 1024
"""The same for snapshots. Under TLS a connection keeps a buffer as large as what was ever written at once:
with 16 KiB it took 61 KiB of memory, with 4 it takes 47."""
_SWEEP = 0.25
_PIECE = 100
"""Doors and people listed in one message: each takes 250 bytes at most, but for odd names."""


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The encoded messages of one room; each is encoded once, whatever the number of clients.

    Attributes:
        topics: What one may subscribe to in order to be told of it.
        shown: The same before it was encoded, for feeds.
        touched: The seq of the log when one of them last changed.
        planned_at: When the plan was made.
    """

    room: RoomKey
    topics: frozenset[str]
    plain: str
    titled: str
    presence: str
    shown: Room
    touched: int
    planned_at: datetime


class Update(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What crosses from the actor into the loop.

    Attributes:
        frames: Rooms that changed, and whether their day did.
        kept: Rooms whose messages are newer, but that nobody needs to be told of.
        everyone: For all clients, by what it is about.
        notices: Those that stand, when they changed.
        happened: What was recorded, for those who follow all of it.
    """

    seq: int
    frames: tuple[tuple[Frame, bool], ...] = ()
    kept: tuple[Frame, ...] = ()
    everyone: tuple[tuple[str, str], ...] = ()
    answers: tuple[tuple[EventId, str], ...] = ()
    replies: tuple[tuple[m.Session, str], ...] = ()
    created: LogCreated | None = None
    rules: Rules | None = None
    notices: tuple[Notice, ...] | None = None
    happened: tuple[Recorded, ...] = ()


class Client:
    """One connection, as the loop sees it. Used by the loop's thread only."""

    __slots__ = (
        "connection",
        "dirty",
        "how",
        "lagging_since",
        "missed",
        "pending",
        "roster_stale",
        "session",
        "snapshotting",
        "topics",
        "unfed",
    )

    def __init__(self, connection: Connection, session: Session) -> None:
        self.connection = connection
        self.session = session
        self.topics: frozenset[str] = frozenset()
        self.pending: list[Packed] = []
        self.dirty: dict[RoomKey, bool] = {}
        self.missed: set[str] = set()
        self.snapshotting = False
        self.lagging_since: float | None = None
        self.unfed: tuple[int, int] | None = None
        self.roster_stale = False
        self.how: How = "cut off"

    def waiting_bytes(self) -> int:
        """Tell how much was written and not yet taken by the network."""
        return self.connection.waiting_bytes()

    def push(self) -> None:
        """Write what is pending, in one piece."""
        if self.pending:
            pending, self.pending = self.pending, []
            self.connection.write_all(pending)

    async def send(self, text: str) -> None:
        """Send a message behind all that is pending; waits while the client does not read.

        Raises:
            Gone: The connection is over.
        """
        self.push()
        await self.connection.send(text)

    def sees_titles(self, room: RoomKey, *, board_titles: bool) -> bool:
        """Tell whether this client may see the titles of a room's bookings."""
        role = self.session.role
        if role == "kiosk":
            return self.session.room == room
        return role == "operator" or board_titles


class Hub:
    """The loop and what it moves.

    Args:
        listener: A listening socket.
        admission: Lets clients in, or does not.
        gateway: The actor that owns this.
        school: Who is told what clients say.
        clock: Where the time comes from.
        past: Replays the log.
        tls: What the listener speaks; None for plain.
        board: A listening socket on which the board alone is served, without TLS.
        devices: A listening socket for small devices: see `actors.live.devices`.
    """

    def __init__(
        self,
        listener: socket.socket,
        admission: Admission,
        gateway: pykka.ActorRef[Any],
        school: pykka.ActorRef[Any],
        clock: Clock,
        past: Past,
        *,
        tls: Tls | None = None,
        board: socket.socket | None = None,
        devices: socket.socket | None = None,
    ) -> None:
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self.board_address: tuple[str, int] | None = board.getsockname()[:2] if board is not None else None
        self.board_titles = False
        self.board_url = ""
        self._listener = listener
        self._admission = admission
        self._tls = tls
        self._board = board
        self._devices = devices
        self._lobby = Lobby()
        self._gateway = gateway
        self._school = school
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._begun = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-loop", daemon=True)
        self._numbers = itertools.count(1)
        self._clients: dict[m.Session, Client] = {}
        # By what they follow: those of one group are told the same, but for titles.
        self._groups: dict[frozenset[str], dict[m.Session, Client]] = {}
        self._waiting: list[Client] = []
        self._queued = 0
        self._due: asyncio.Handle | None = None
        self._asked_at = 0.0
        self._write_took = 0.0
        self._doors: dict[str, Client] = {}
        self._awaiting: dict[EventId, set[m.Session]] = {}
        self._frames: dict[RoomKey, Frame] = {}
        self._everyone: dict[str, str] = {}
        self._seq = 0
        self._created: LogCreated | None = None
        self._rules = Rules()
        self._notices: tuple[Notice, ...] = ()
        self._day: date | None = None
        self._gate = admission.desk.gate
        self._web = Web(load_files())
        self._past = past
        self._began_at = clock.now()
        self._proved_at: float | None = None
        self._sources: Mapping[SourceName, datetime | None] = {}
        self._shown: Shown | None = None
        self._versions = itertools.count()

    # -- from the actor's thread ----------------------------------------------------------------

    def start(self) -> None:
        """Start the loop's thread. Called from the actor's thread.

        Raises:
            Broken: It did not come up.
        """
        self._thread.start()
        if not self._ready.wait(5):
            raise Broken("the gateway's loop did not start within 5 s")

    def stop(self) -> None:
        """Close all connections and end the loop's thread. Called from the actor's thread."""
        if self._stopping is not None:
            self.call(self._stopping.set)
        self._thread.join(10)
        self._past.close()
        self._listener.close()
        for further in (self._board, self._devices):
            if further is not None:
                further.close()

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Run a function on the loop. Called from any thread."""
        if self._loop is None or self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            logger.debug("the loop was closed meanwhile")

    # -- on the loop's thread -------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        use_small_buffers()
        servers = [await self._listen(self._listener, self._tls, board_only=False)]
        if self._board is not None:
            servers.append(await self._listen(self._board, None, board_only=True))
        devices = None
        if self._devices is not None:
            devices = await asyncio.start_server(
                self._serve_device, sock=self._devices, limit=READ, backlog=BACKLOG
            )
        tasks = (self._heartbeat(), self._sweep(), self._tell_codes())
        beats = [asyncio.create_task(task) for task in tasks]
        self._ready.set()
        await self._stopping.wait()
        for beat in beats:
            beat.cancel()
        if devices is not None:
            devices.close()
        await self._close(servers)

    async def _listen(self, listener: socket.socket, tls: Tls | None, *, board_only: bool) -> Server:
        secured: dict[str, Any] = {}
        if tls is not None:
            secured = {"ssl": tls.context, "ssl_handshake_timeout": HELLO_LIMIT}
        return await serve(
            partial(self._serve, board_only=board_only),
            sock=listener,
            subprotocols=[Subprotocol(PROTOCOL)],
            process_request=partial(self._process_request, board_only=board_only),
            compression=None,
            backlog=BACKLOG,
            max_size=MAX_INCOMING,
            ping_interval=20,
            ping_timeout=20,
            server_header=None,
            logger=_quiet,
            **secured,
        )

    async def _close(self, servers: Iterable[Server]) -> None:
        for server in servers:
            server.close(close_connections=False)
        self._write_out()
        clients = list(self._clients.values())
        parting = [part(client.connection, 1012, "the server restarts") for client in clients]
        await asyncio.gather(*parting, return_exceptions=True)
        # Whoever was accepted in the last turn is known to the server only some turns later, and a transport
        # that was closed lets go of its socket likewise.
        await _turns()
        for server in servers:
            server.close()
            await server.wait_closed()
        await _turns()

    async def _process_request(
        self, connection: ServerConnection, request: Request, *, board_only: bool
    ) -> Response | None:
        """Answer plain HTTP, and refuse what can be refused before a WebSocket is open."""
        path = request.path.partition("?")[0]
        if path in ("/login", "/logout"):
            now = self._clock.now()
            answer, ended = await self._admission.answer(
                connection, request, now, board_url=self.board_url, board_only=board_only
            )
            self._cut(lambda client: ended != "" and client.session.ticket == ended)
            return _response(answer, now)
        if path != "/ws":
            return await self._answer(connection, request, board_only=board_only)
        return self._admission.refusal(connection, request, self._clock.now(), self.board_url)

    async def _answer(self, connection: ServerConnection, request: Request, *, board_only: bool) -> Response:
        headers = request.headers
        wanted = WebRequest(
            target=request.path,
            method=getattr(request, "method", "GET"),  # before 17 the library refuses others itself
            known=", ".join(headers.get_all("If-None-Match")),
            gzip="gzip" in ", ".join(headers.get_all("Accept-Encoding")),
            language=preferred(", ".join(headers.get_all("Accept-Language"))),
        )
        now = self._clock.now()
        if request.path.partition("?")[0] == "/at.json":
            known = not board_only and self._admission.is_logged_in(connection, request, now)
            titles = known or self.board_titles
            return _response(await self._past.answer(wanted, now, titles=titles), now)
        return _response(self._web.answer(wanted, self._shown_now(), self._condition(), now), now)

    def _shown_now(self) -> Shown:
        """Tell what the board may see; made anew only when something changed."""
        if self._shown is None:
            created = self._created
            self._shown = Shown(
                school=created.school if created else "",
                epoch=created.epoch if created else 0,
                seq=self._seq,
                version=next(self._versions),
                rules=self._rules,
                rooms={
                    key: frame.shown for key, frame in self._frames.items() if not frame.shown.day.retired
                },
                titles=self.board_titles,
            )
        return self._shown

    def _condition(self) -> Condition:
        proved_at = self._proved_at
        age = None
        if self._created is not None and proved_at is not None:
            age = asyncio.get_running_loop().time() - proved_at
        sessions = [client.session for client in self._clients.values()]
        return Condition(
            seq=self._seq,
            began_at=self._began_at,
            recorder_age=age,
            sources=self._sources,
            clients=Counter(session.role or "unknown" for session in sessions),
            doors=sum(session.watching for session in sessions),
        )

    def proved(self, sent: float, sources: Mapping[SourceName, datetime | None]) -> None:
        """Take a sign of life of all who stand between a press and the log.

        Args:
            sent: When it was asked for, in seconds of the loop.
            sources: For each timetable when today was last read and believed.
        """
        self._proved_at, self._sources = sent, sources

    async def _tell_codes(self) -> None:
        """Tell each door its codes whenever a minute begins."""
        while True:
            now = self._clock.now()
            # A wall clock that is set back meanwhile makes this late, which the codes told ahead bear.
            await asyncio.sleep((next_change(now) - now).total_seconds() + 0.001)
            for client in self._ready_clients():
                self._send_codes(client)

    def _send_codes(self, client: Client) -> None:
        room = client.session.room
        if client.session.role == "kiosk" and room is not None and self.board_url:
            codes = self._gate.codes.of(room, self._clock.now())
            self._write([client], encode(DoorCodes(codes=codes)))

    async def _serve(self, raw: ServerConnection, *, board_only: bool) -> None:
        caller = self._admission.caller(raw, self._clock.now(), board_only=board_only)
        await self._attend(WebSocket(raw), caller)

    async def _serve_device(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Framed(reader, writer)
        later = self._admission.full(connection.address, self._clock.now())
        if later is None:
            await self._attend(
                connection, Caller(address=connection.address, framed=True, crowded=self._admission.crowded)
            )
        else:
            connection.write(encode(Refused(code="too-fast", reason=f"{later[1]}: try again later")))
        await part(connection, 1013, "")

    async def _attend(self, connection: Connection, caller: Caller) -> None:
        """Serve one client from its challenge to its end."""
        number, admission = next(self._numbers), self._admission
        session = Session(number, admission.access, admission.desk, caller)
        client = Client(connection, session)
        self._clients[number] = client
        admission.came(caller.address)
        try:
            async with admission.turns.turn(caller.address, limit=TURN_LIMIT):
                await self._hear_hello(client)
            while True:
                text = await connection.recv()
                await self._perform(client, client.session.receive(text, self._clock.now()))
                # What it sent ahead waits until everybody else was heard.
                await asyncio.sleep(0)
        except TooMany:
            await part(connection, 1013, "too many say hello just now: try again later")
        except TimeoutError:
            await part(connection, 1008, "no hello in time, or a snapshot that is not read")
        except Gone as gone:
            client.how = "goodbye" if gone.goodbye else "cut off"
        except Exception:
            logger.exception("session %d failed", number)
            await part(connection, 1011, "the server failed")
        finally:
            self._forget(client)
            admission.went(caller.address)

    async def _hear_hello(self, client: Client) -> None:
        async with asyncio.timeout(HELLO_LIMIT):
            # Until the school has spoken there is no epoch, no rule and no room to tell of, and
            # a door would take that for the truth.
            await self._begun.wait()
            await self._perform(client, client.session.open())
            while client.session.role is None:
                text = await client.connection.recv()
                await self._perform(client, client.session.receive(text, self._clock.now()))

    def _cut(self, which: Callable[[Client], bool]) -> None:
        for client in list(self._clients.values()):
            if which(client):
                client.connection.reset()

    def _forget(self, client: Client) -> None:
        self._clients.pop(client.session.number, None)
        self._follow(client, frozenset())
        for press, waiting in list(self._awaiting.items()):
            waiting.discard(client.session.number)
            if not waiting:
                del self._awaiting[press]
        for key, door in list(self._doors.items()):
            if door is client:
                del self._doors[key]
        self._tell_all(client.session.ended(self._clock.now()))
        self._deliver(self._lobby.leave(client.session.number, client.how))

    def _tell_all(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Forward):
                tell(self._school, action.command)

    async def _perform(self, client: Client, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(message=message):
                    await client.send(encode(message))
                case Greet():
                    await self._greet(client, action)
                case Verify(proof=proof, secret=secret):
                    right = await self._admission.verify(proof, secret)
                    await self._perform(client, client.session.verified(right, self._clock.now()))
                case TellAccess(ref=ref):
                    for piece in self._accesses(ref):
                        await client.send(encode(piece))
                case Forward(command=command):
                    tell(self._school, command)
                case Await(press=press):
                    self._awaiting.setdefault(press, set()).add(client.session.number)
                    self._asked_at = asyncio.get_running_loop().time()
                case Serve(subscribe=subscribe):
                    await self._snapshot(client, subscribe)
                case Leave(topics=topics):
                    self._follow(client, client.topics - set(topics))
                    if ROSTER in topics:
                        self._follow_roster(client)
                case Talk(message=message):
                    number, now = client.session.number, self._clock.now()
                    self._deliver(self._lobby.hear(number, message, seq=self._seq, now=now))
                case End(code=code, reason=reason):
                    client.push()
                    await part(client.connection, code, reason)

    async def _greet(self, client: Client, greet: Greet) -> None:
        if greet.role == "kiosk" and greet.kiosk is not None:
            older = self._doors.get(greet.kiosk)
            if older is not None:
                self._tell_all(older.session.ended(self._clock.now()))
                self._deliver(self._lobby.leave(older.session.number, "replaced"))
                older.connection.abort()
            self._doors[greet.kiosk] = client
        created = self._created
        welcome = Welcome(
            role=greet.role,
            school=created.school if created else "",
            epoch=created.epoch if created else 0,
            server_time=self._clock.now(),
            rules=self._rules,
            kiosk=greet.kiosk,
            room=greet.room,
            board=self.board_url,
            operator=greet.operator,
            name=greet.name,
        )
        await client.send(encode(welcome))
        number, now = client.session.number, self._clock.now()
        self._deliver(self._lobby.enter(number, greet.role, name=greet.name, room=greet.room, now=now))
        self._send_codes(client)

    async def _snapshot(self, client: Client, subscribe: Subscribe) -> None:
        """Send what the client asked for, in pieces as it reads; what changes meanwhile follows."""
        self._follow(client, frozenset(subscribe.topics))
        client.unfed = None
        epoch = self._created.epoch if self._created else 0
        known = subscribe.seq if subscribe.epoch == epoch else None
        whole = known is None or known > self._seq
        frames = [
            frame
            for frame in self._frames.values()
            if not client.topics.isdisjoint(frame.topics)
            and (whole or known is None or frame.touched > known)
        ]
        seq = self._seq
        client.snapshotting = True
        client.missed.clear()
        try:
            async with asyncio.timeout(SNAPSHOT_LIMIT):
                await client.send(encode(SnapshotBegin(epoch=epoch, seq=seq, whole=whole)))
                size = 0
                for frame in frames:
                    day = pack(self._day_for(client, frame))
                    client.pending.append(day)
                    size += len(day) + len(frame.presence)
                    if size > SNAPSHOT_WRITE:
                        await client.send(frame.presence)
                        size = 0
                    else:
                        client.pending.append(pack(frame.presence))
                if not whole and "timetables" in self._everyone:
                    # A reading that found nothing new changed no room, but it renewed every age.
                    await client.send(self._everyone["timetables"])
                await client.send(self._notices_now())
                await client.send(encode(SnapshotEnd(seq=seq)))
        finally:
            client.snapshotting = False
        self._catch_up(client)
        self._follow_roster(client)

    def _follow_roster(self, client: Client) -> None:
        client.roster_stale = False
        number = client.session.number
        self._deliver(self._lobby.follow(number, wanted=ROSTER in client.topics))

    def _deliver(self, deliveries: Iterable[Deliver]) -> None:
        """Send what the lobby tells to those who keep up; of who is here the others get a new list later."""
        for delivery in deliveries:
            clients = [client for number in delivery.to if (client := self._clients.get(number)) is not None]
            if not clients:
                continue
            keep_up = []
            for client in clients:
                if client.waiting_bytes() > LAG:
                    client.roster_stale = True
                else:
                    keep_up.append(client)
            self._write(keep_up, encode(delivery.message))

    def _feed(self, happened: Iterable[Recorded]) -> None:
        """Send every event to those who follow the feed; what is too much for one is told as missed."""
        followers = [client for client in self._clients.values() if FEED in client.topics]
        if not followers:
            return
        for recorded in happened:
            text = encode(
                Happened(
                    seq=recorded.seq,
                    at=recorded.at,
                    recorded_at=recorded.recorded_at,
                    stream=recorded.stream,
                    event=recorded.event,
                )
            )
            long = len(text) * 4 > MAX_OUTGOING and len(text.encode()) > MAX_OUTGOING
            for client in followers:
                self._tell_missed(client)
                # Half of what makes a client lag: the states of rooms come before events.
                if long or client.snapshotting or client.unfed or client.waiting_bytes() > LAG // 2:
                    first = client.unfed[0] if client.unfed else recorded.seq
                    client.unfed = first, recorded.seq
                else:
                    self._write([client], text)

    def _tell_missed(self, client: Client) -> None:
        """Tell a client which events it was not sent, once it can take some again."""
        if client.unfed is None or client.snapshotting or client.waiting_bytes() > LAG // 4:
            return
        first, last = client.unfed
        client.unfed = None
        self._write([client], encode(Missed(first=first, last=last)))

    def _day_for(self, client: Client, frame: Frame) -> str:
        titled = client.sees_titles(frame.room, board_titles=self.board_titles)
        return frame.titled if titled else frame.plain

    def _notices_now(self) -> str:
        now = self._clock.now()
        return encode(Notices(notices=tuple(n for n in self._notices if n.until is None or now < n.until)))

    def update(self, update: Update) -> None:
        """Take what is new and send it to whom it concerns."""
        self._seq = update.seq
        self._shown = None
        if update.created is not None:
            self._created = update.created
            self._proved_at = asyncio.get_running_loop().time()  # it has just written the start
            self._begun.set()
            self._probe()
        if update.rules is not None:
            self._rules = update.rules
            self._day = day_of(update.rules, self._clock.now())
        if update.notices is not None:
            self._notices = update.notices
        for frame, day in update.frames:
            self._frames[frame.room] = frame
            self._send_frame(frame, day=day)
        for frame in update.kept:
            self._frames[frame.room] = frame
        for about, text in update.everyone:
            self._everyone[about] = text
            for client in self._clients.values():
                client.missed.add(about)
            ready = self._ready_clients()
            for client in ready:
                client.missed.discard(about)
            self._write(ready, text)
        for press, answer in update.answers:
            for number in self._awaiting.pop(press, ()):
                self._send_to(number, answer)
        for number, reply in update.replies:
            self._send_to(number, reply)
        self._feed(update.happened)
        if not self._more_is_coming():
            # Not at once: of the updates that have come by now, all go out in one write.
            self._hurry()

    def reload(self, board_titles: bool, board_url: str, limits: Limits) -> None:  # noqa: FBT001  # crosses threads
        """Follow a new configuration."""
        self.board_titles, self.board_url = board_titles, board_url
        self._admission.limit(limits)
        self._shown = None

    def admit(self, access: Access) -> None:
        """Go by what was paired, granted and revoked since: who lost their right is cut off at once."""
        self._admission.follow(access)
        for client in list(self._clients.values()):
            session = client.session
            if not session.follow(access):
                logger.info("session %d has lost its right and is cut off", session.number)
                client.connection.reset()
                continue
            told = session.paired()
            if told:
                assert self._loop is not None
                self._loop.create_task(self._perform_quietly(client, told))
        self._end_logins()

    async def _perform_quietly(self, client: Client, actions: Iterable[Action]) -> None:
        with suppress(Gone):
            await self._perform(client, actions)

    def _end_logins(self) -> None:
        """Cut off the pages whose login is over."""
        tickets = {client.session.ticket for client in self._clients.values()} - {""}
        over = self._admission.ended(tickets, self._clock.now())
        if over:
            self._cut(lambda client: client.session.ticket in over)

    def _accesses(self, ref: int) -> Iterator[Accesses]:
        listed = self._admission.access.listed
        sessions = [client.session for client in self._clients.values()]
        here = {session.kiosk for session in sessions if session.role == "kiosk"}
        people = {session.operator for session in sessions}
        doors = tuple(replace(door, connected=door.kiosk in here) for door in listed.doors)
        accesses = tuple(replace(one, connected=one.access in people) for one in listed.accesses)
        pieces = range(0, max(len(doors), len(accesses), 1), _PIECE)
        for start in pieces:
            end = start + _PIECE
            yield Accesses(
                ref=ref, doors=doors[start:end], accesses=accesses[start:end], more=start != pieces[-1]
            )

    def _ready_clients(self) -> list[Client]:
        return [
            client
            for client in self._clients.values()
            if client.topics and client.lagging_since is None and not client.snapshotting
        ]

    def _send_to(self, number: m.Session, text: str) -> None:
        client = self._clients.get(number)
        if client is not None:
            self._write([client], text)

    def _follow(self, client: Client, topics: frozenset[str]) -> None:
        """Note what a client follows."""
        number = client.session.number
        group = self._groups.get(client.topics)
        if group is not None and group.pop(number, None) is not None and not group:
            del self._groups[client.topics]
        client.topics = topics
        if topics:
            self._groups.setdefault(topics, {})[number] = client

    def _write(self, clients: Iterable[Client], text: str) -> None:
        """Have a message written with all else that is pending for some clients."""
        packed = pack(text)
        waiting = self._waiting
        for client in clients:
            pending = client.pending
            if not pending:
                waiting.append(client)
            pending.append(packed)
        self._count(len(packed))

    def _count(self, size: int) -> None:
        """Note that so many bytes more may wait for one client."""
        self._queued += size
        if self._queued > WRITE:
            self._write_out()
        elif self._waiting:
            self._write_soon()

    def _more_is_coming(self) -> bool:
        """Tell whether presses are on their way through the log that will soon be told of, too."""
        return bool(self._awaiting) and asyncio.get_running_loop().time() - self._asked_at < GATHER_AFTER

    def _write_soon(self) -> None:
        """Write what is pending when the loop comes round, or a little later if more is coming."""
        if self._due is None:
            loop, due = asyncio.get_running_loop(), self._write_out
            seconds = min(GATHER, self._write_took) if self._more_is_coming() else 0.0
            self._due = loop.call_later(seconds, due)

    def _hurry(self) -> None:
        """Wait for no press any longer."""
        if self._due is not None:
            self._due.cancel()
            self._due = asyncio.get_running_loop().call_soon(self._write_out)

    def _write_out(self) -> None:
        """Write what is pending, to each client in one piece, and see who does not read."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._queued = 0
        waiting, self._waiting = self._waiting, []
        now = asyncio.get_running_loop().time()
        for client in waiting:
            pending, client.pending = client.pending, []
            if pending and client.connection.write_all(pending) > LAG and not client.snapshotting:
                client.lagging_since = client.lagging_since or now
        self._write_took = asyncio.get_running_loop().time() - now

    def _send_frame(self, frame: Frame, *, day: bool) -> None:
        """Send a room's messages to all who follow it and keep up; mark it for those who do not."""
        presence, waiting, packed = pack(frame.presence), self._waiting, dict[bool, Packed]()
        for topics, group in self._groups.items():
            if topics.isdisjoint(frame.topics):
                continue
            for client in group.values():
                if client.snapshotting or client.lagging_since is not None:
                    client.dirty[frame.room] = day or client.dirty.get(frame.room, False)
                    continue
                pending = client.pending
                if not pending:
                    waiting.append(client)
                if day:
                    titled = client.sees_titles(frame.room, board_titles=self.board_titles)
                    if titled not in packed:
                        packed[titled] = pack(frame.titled if titled else frame.plain)
                    pending.append(packed[titled])
                pending.append(presence)
        self._count(len(presence) + sum(map(len, packed.values())))

    def _catch_up(self, client: Client) -> None:
        """Send the newest state of what a client missed."""
        client.lagging_since = None
        for about in sorted(client.missed):
            self._write([client], self._everyone[about])
        client.missed.clear()
        dirty, client.dirty = client.dirty, {}
        for room, day in dirty.items():
            frame = self._frames[room]
            if client.topics.isdisjoint(frame.topics):
                continue
            if day:
                self._write([client], self._day_for(client, frame))
            self._write([client], frame.presence)

    async def _sweep(self) -> None:
        """Look after those who lag: flush those who have read, cut off those who do not."""
        while True:
            await asyncio.sleep(_SWEEP)
            now = asyncio.get_running_loop().time()
            self._end_logins()
            for offer in self._admission.desk.pairing.renewed(self._clock.now()):
                self._send_to(offer.session, encode(offer.told))
            for client in list(self._clients.values()):
                self._tell_missed(client)
                if client.roster_stale and client.waiting_bytes() < LAG // 4:
                    self._follow_roster(client)
                if client.lagging_since is None:
                    continue
                if client.waiting_bytes() < LAG // 4:
                    self._catch_up(client)
                elif now - client.lagging_since > LAG_LIMIT:
                    logger.warning("session %d does not read and is cut off", client.session.number)
                    client.connection.reset()

    def _probe(self) -> None:
        tell(self._school, m.Probe(sent=asyncio.get_running_loop().time()))

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            now = self._clock.now()
            epoch = self._created.epoch if self._created else 0
            text = encode(Heartbeat(server_time=now, epoch=epoch, seq=self._seq))
            self._write(self._ready_clients(), text)
            self._deliver(self._lobby.beat())
            self._probe()
            today = day_of(self._rules, now)
            if self._day is not None and today != self._day:
                self._day = today
                tell(self._gateway, m.DayBegan())


def _response(answer: Answer, now: datetime) -> Response:
    headers = Headers(answer.headers)
    headers["Date"] = format_datetime(now.astimezone(UTC), usegmt=True)
    headers["Connection"] = "close"
    if answer.status is not HTTPStatus.NOT_MODIFIED:
        headers["Content-Length"] = str(len(answer.body))
    return Response(answer.status.value, answer.status.phrase, headers, answer.body)


async def _turns() -> None:
    """Let the loop go round until what it has begun is done."""
    for _ in range(10):
        await asyncio.sleep(0)
