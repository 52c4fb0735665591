"""The door's line to the server: one thread, one asyncio loop, one connection at a time.

It owns the outbox, so that no disk is in the draw loop. `Link.submit` is the way in, the inbox the
way out.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from events.client import address
from events.clock import Clock
from events.domain import By, Intent, Press
from events.errors import WireError
from events.ids import EventId, KioskId, RoomKey
from events.signing import kiosk_id, public_hex, sign_hello, sign_press
from events.wire import (
    MAX_OUTGOING,
    PROTOCOL,
    Air,
    Challenge,
    ClientMessage,
    Find,
    Heartbeat,
    Hello,
    Motion,
    Pressed,
    Refused,
    SendPress,
    SendSensed,
    SetHeadcount,
    SnapshotEnd,
    Stuck,
    Subscribe,
    Watching,
    Welcome,
    encode,
    read_server_message,
)
from kiosk.inbox import FaultFound, Input, Kept, LinkChanged, Noted, Received
from kiosk.machine import boot_id, clock_is_synchronised
from kiosk.outbox import Kept as KeptPress
from kiosk.outbox import Outbox

logger = logging.getLogger(__name__)

SILENCE = 30.0
"""Seconds without a message after which the server is given up."""
RESEND = 5.0
"""Seconds after which a press that was not acknowledged is sent again."""
FIRST_WAIT = 0.5
STEADY = 60.0
"""Seconds after `Welcome` from which a connection counts as good and the waits begin anew."""
PROGRAM = "toctoc kiosk"


class Target(Struct, frozen=True, kw_only=True):
    """Where to connect, and as whom.

    Attributes:
        server: ``ws://`` or ``wss://`` address.
        ceiling: Longest mean of the wait between two attempts is half of it, in seconds.
        topics: What the door wishes to be told of.
    """

    server: str
    room: RoomKey
    ceiling: float = 30.0
    topics: tuple[str, ...] = ("school",)


class Put(Protocol):
    """Where inputs go: `kiosk.inbox.Inbox`."""

    def put(self, item: Input) -> None:
        """Add an input. Called from the link's thread."""


class _Refusal(Exception):
    """The server does not let this door in."""


class Link:
    """Delivers presses and receives the school's state.

    Args:
        target: Where to connect.
        key: The door's key.
        outbox: Path of the file that keeps presses.
        inbox: Where everything goes that the door has to know.
        clock: Where the time comes from.
        wait: Sleeps for so many seconds; tests put another in its place.
    """

    def __init__(
        self,
        target: Target,
        *,
        key: Ed25519PrivateKey,
        outbox: Path,
        inbox: Put,
        clock: Clock,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._target = target
        self._key = key
        self._kiosk: KioskId = kiosk_id(public_hex(key))
        self._outbox_path = outbox
        self._inbox = inbox
        self._clock = clock
        self._wait = wait
        self._watching_since = clock.boottime()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._outbox: Outbox | None = None
        self._connection: ClientConnection | None = None
        self._sent: dict[EventId, float] = {}
        self._epoch: int | None = None
        self._seq: int | None = None
        self._told_watching = False
        self._stuck = False
        self._fault_told = False
        self._run_name = secrets.token_hex(8)
        self._requests = 0

    # -- from the main thread -------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread; returns when `submit` may be called."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the link did not start")

    def stop(self) -> None:
        """Close the connection and end the thread; presses stay in the outbox."""
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def submit(self, intent: Intent, *, at: float, by: By = "button", minutes: int | None = None) -> None:
        """Keep a press and send it. Called from the main thread; returns at once.

        Args:
            intent: What the person meant.
            at: When the contact closed, seconds on ``CLOCK_BOOTTIME``.
            by: How they said it.
            minutes: For how long, where they chose.
        """
        self._call(self._press, intent, at, by, minutes)

    def report_stuck(self, *, stuck: bool) -> None:
        """Tell the server about the button. Called from the main thread."""
        self._call(self._tell_stuck, stuck)

    def recount(self, people: int) -> None:
        """Tell the server how many people are here. Called from the main thread."""
        self._call(self._recount, people)

    def tell_sensed(self, sensed: Motion | Air, *, at: float) -> None:
        """Tell the server what a sensor felt. Called from the main thread.

        Args:
            sensed: What.
            at: When, seconds on ``CLOCK_BOOTTIME``.
        """
        self._call(self._tell_sensed, sensed, at)

    def find(self, request: Find) -> None:
        """Ask for a free room; the answer comes as `Received`. Called from the main thread."""
        self._call(self._say, request)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    # -- on the link's thread -------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._outbox = Outbox(self._outbox_path, self._clock.now)
        self._tell_fault()
        kept = self._outbox.waiting()
        if kept:
            self._inbox.put(Kept(tuple(_noted(item, self._clock) for item in kept)))
        self._ready.set()
        stopping = asyncio.create_task(self._stopping.wait())
        staying = asyncio.create_task(self._stay_connected())
        await asyncio.wait({stopping, staying}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, staying):
            task.cancel()
        await asyncio.gather(stopping, staying, return_exceptions=True)
        self._outbox.close()

    async def _stay_connected(self) -> None:
        """Connect, and again whenever the connection ends, with full jitter between attempts."""
        failures = 0
        while True:
            began = self._clock.boottime()
            state, why = "down", ""
            try:
                await self._converse()
            except _Refusal as error:
                state, why = "refused", str(error)
            except TimeoutError:
                why = f"nothing heard for {SILENCE:.0f} s"
            except (OSError, ConnectionClosed, InvalidHandshake, InvalidURI, WireError) as error:
                why = f"{type(error).__name__}: {error}"
            except Exception as error:
                # A thread that ended here would leave a door that never connects again.
                logger.exception("the line failed")
                why = f"{type(error).__name__}: {error}"
            finally:
                was_up = self._connection is not None
                self._connection = None
                self._sent.clear()
                self._told_watching = False
            if was_up or failures == 0:
                logger.info("the line is down: %s", why)
            self._inbox.put(LinkChanged("refused" if state == "refused" else "down", self._clock.now(), why))
            failures = 0 if was_up and self._clock.boottime() - began > STEADY else failures + 1
            ceiling = min(self._target.ceiling, FIRST_WAIT * 2 ** min(failures, 16))
            await self._wait(random.uniform(0, ceiling))  # noqa: S311  # jitter, no secret

    async def _converse(self) -> None:
        async with connect(
            address(self._target.server),
            subprotocols=[Subprotocol(PROTOCOL)],
            compression=None,
            max_size=4 * MAX_OUTGOING,
            open_timeout=10,
            ping_interval=20,
            ping_timeout=20,
            close_timeout=1,
            user_agent_header=None,
            proxy=None,
        ) as connection:
            async with asyncio.timeout(SILENCE):
                await self._say_hello(connection)
            self._connection = connection
            self._say(Subscribe(topics=self._target.topics, epoch=self._epoch, seq=self._seq))
            # Also that it is free: it may have come free while nobody could be told.
            self._say(Stuck(stuck=self._stuck))
            self._deliver()
            resending = asyncio.create_task(self._resend())
            try:
                while True:
                    async with asyncio.timeout(SILENCE):
                        text = await connection.recv()
                    self._take(text)
            finally:
                resending.cancel()

    async def _say_hello(self, connection: ClientConnection) -> None:
        challenge = read_server_message(await connection.recv())
        if not isinstance(challenge, Challenge):
            raise WireError("the server did not begin with a challenge")
        room = self._target.room
        hello = Hello(
            role="kiosk",
            key=public_hex(self._key),
            room=room,
            signature=sign_hello(self._key, challenge.nonce, room),
            program=PROGRAM,
        )
        await connection.send(encode(hello))
        answer = read_server_message(await connection.recv())
        if isinstance(answer, Refused):
            raise _Refusal(answer.reason)
        if not isinstance(answer, Welcome):
            raise WireError("the server did not answer hello")
        if answer.epoch != self._epoch:
            self._epoch, self._seq = answer.epoch, None
        now = self._clock.now()
        self._inbox.put(LinkChanged("up", now))
        self._inbox.put(Received(answer, now))

    def _take(self, text: str | bytes) -> None:
        message = read_server_message(text)
        match message:
            case Pressed(ref=name):
                self._acknowledged(name)
            case Refused(ref=str() as name, code=code, reason=reason):
                self._refused(EventId(name), code, reason)
            case SnapshotEnd(seq=seq) | Heartbeat(seq=seq):
                # The heartbeat's seq is known only once nothing older is on its way: it is sent
                # behind what changed, on the same connection.
                self._seq = seq
        self._inbox.put(Received(message, self._clock.now()))

    def _acknowledged(self, name: EventId) -> None:
        assert self._outbox is not None
        self._outbox.remove(name)
        self._sent.pop(name, None)
        self._tell_watching()

    def _refused(self, name: EventId, code: str, reason: str) -> None:
        assert self._outbox is not None
        logger.warning("press %s was refused: %s", name, reason)
        if code in ("too-fast", "server"):
            return  # it is sent again with the others
        self._sent.pop(name, None)
        self._outbox.set_aside(name, f"{code}: {reason}")
        self._tell_watching()

    def _press(self, intent: Intent, at: float, by: By, minutes: int | None) -> None:
        assert self._outbox is not None

        def make(outbox: str, n: int) -> tuple[Press, str]:
            press = Press(
                kiosk=self._kiosk,
                outbox=outbox,
                n=n,
                room=self._target.room,
                intent=intent,
                by=by,
                minutes=minutes,
                boot_id=boot_id(),
                boottime=round(at * 1000),
                wall=self._wall_at(at),
                wall_synchronised=clock_is_synchronised(),
            )
            return press, sign_press(self._key, press)

        kept = self._outbox.add(make)
        self._tell_fault()
        self._inbox.put(_noted(kept, self._clock))
        self._send(kept)

    def _wall_at(self, boottime: float) -> datetime:
        return self._clock.now() - timedelta(seconds=self._clock.boottime() - boottime)

    def _deliver(self) -> None:
        """Send everything that waits, in order."""
        assert self._outbox is not None
        for kept in self._outbox.waiting():
            self._send(kept)
        self._tell_watching()

    def _send(self, kept: KeptPress) -> None:
        if self._connection is None:
            return
        self._sent[kept.name] = self._clock.boottime()
        self._say(
            SendPress(
                press=kept.press,
                signature=kept.signature,
                boot_id=boot_id(),
                boottime=round(self._clock.boottime() * 1000),
                wall=self._clock.now(),
            )
        )

    async def _resend(self) -> None:
        """Send again what was not acknowledged: the room it was for may have died meanwhile."""
        while True:
            await asyncio.sleep(RESEND / 5)
            assert self._outbox is not None
            now = self._clock.boottime()
            late = {name for name, sent in self._sent.items() if now - sent >= RESEND}
            for kept in self._outbox.waiting() if late else ():
                if kept.name in late:
                    self._send(kept)

    def _tell_watching(self) -> None:
        assert self._outbox is not None
        if self._told_watching or self._connection is None or self._stuck or self._outbox.waiting():
            return
        self._told_watching = True
        self._say(Watching(for_seconds=max(0.0, self._clock.boottime() - self._watching_since)))

    def _tell_stuck(self, stuck: bool) -> None:  # noqa: FBT001  # crosses threads
        self._stuck = stuck
        if not stuck:
            self._watching_since = self._clock.boottime()
        self._say(Stuck(stuck=stuck))
        self._tell_watching()

    def _recount(self, people: int) -> None:
        self._requests += 1
        self._say(SetHeadcount(id=self._requests, room=self._target.room, count=people))

    def _tell_sensed(self, sensed: Motion | Air, at: float) -> None:
        self._requests += 1
        message = SendSensed(
            id=self._requests,
            run=self._run_name,
            boot_id=boot_id(),
            at=round(at * 1000),
            boottime=round(self._clock.boottime() * 1000),
            sensed=sensed,
        )
        self._say(message)

    def _tell_fault(self) -> None:
        assert self._outbox is not None
        if self._outbox.fault and not self._fault_told:
            self._fault_told = True
            self._inbox.put(FaultFound("disk", self._outbox.fault))

    def _say(self, message: ClientMessage) -> None:
        """Send a message if the line is up, in the order of the calls."""
        if self._connection is None:
            return
        assert self._loop is not None
        self._loop.create_task(_send_quietly(self._connection, encode(message)))


async def _send_quietly(connection: ClientConnection, text: str) -> None:
    try:
        await connection.send(text)
    except ConnectionClosed:
        logger.debug("the line went down while sending")


def _noted(kept: KeptPress, clock: Clock) -> Noted:
    press = kept.press
    if press.boot_id == boot_id():
        pressed_at = clock.now() - timedelta(seconds=clock.boottime() - press.boottime / 1000)
    else:
        pressed_at = press.wall
    return Noted(press=kept.name, intent=press.intent, pressed_at=pressed_at, minutes=press.minutes)
