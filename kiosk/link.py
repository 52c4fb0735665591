"""The door's line to the server: one thread, one asyncio loop, one connection at a time.

It owns the outbox, so that no disk is in the draw loop. `Link.submit` is the way in, the inbox the
way out. What may be lost with the program, as what a sensor felt, waits in memory until the server
has it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from msgspec.structs import replace
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from events.client import address
from events.clock import Clock
from events.domain import By, Intent, Press
from events.errors import WireError
from events.ids import EventId, KioskId, RoomKey
from events.signing import kiosk_id, public_hex, sign_hello, sign_press
from events.tls import check, client_context, seen_by
from events.wire import (
    MAX_OUTGOING,
    PROTOCOL,
    Air,
    Challenge,
    ClientMessage,
    Code,
    Done,
    Find,
    Found,
    Heartbeat,
    Hello,
    Motion,
    Paired,
    PairingCode,
    Pressed,
    Refused,
    RequestId,
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
from kiosk.disk import Disk, Put
from kiosk.inbox import Kept, LinkChanged, Noted, Received, Unpaired
from kiosk.machine import boot_id, clock_is_synchronised
from kiosk.outbox import Kept as KeptPress
from kiosk.outbox import Outbox
from kiosk.pairing import Pairing, keep_pairing

logger = logging.getLogger(__name__)

SILENCE = 30.0
"""Seconds without a message after which the server is given up."""
RESEND = 5.0
"""Seconds after which a press that was not acknowledged is sent again."""
FIRST_WAIT = 0.5
"""Seconds that the first wait lasts at most; each further one at most twice as long."""
STEADY = 60.0
"""Seconds after `Welcome` from which a connection counts as good."""
SPREAD = 3
"""With so many doublings the waits begin where a good connection was lost: all doors lose it at
once, and a thousand within half a second is more than a small server's handshakes; within 4 s it
is 250 a second."""
PING = 20.0
"""Seconds between two pings, and until one that is not answered ends the connection."""
ALIVE_EVERY = 15.0
"""Seconds between two signs of life of the link's thread, and two tries of a disk that failed."""
KEEP_SENSED = 200
"""So much of what was felt waits for the server; of more the oldest is dropped."""
PROGRAM = "toctoc kiosk"

_LATER: frozenset[Code] = frozenset({"too-fast", "server"})
"""Refusals after which the same message may be taken."""


class Target(Struct, frozen=True, kw_only=True):
    """Where to connect, and as whom.

    Attributes:
        server: ``ws://`` or ``wss://`` address.
        room: At whose door it hangs; None for a door that has to be paired.
        pin: Fingerprint of the server's key, by which alone it is then known; empty for none.
        pairing: File that keeps the server's word on room and fingerprint; None for nowhere.
        ceiling: Longest mean of the wait between two attempts is half of it, in seconds.
        topics: What the door wishes to be told of.
    """

    server: str
    room: RoomKey | None
    pin: str = ""
    pairing: Path | None = None
    ceiling: float = 30.0
    topics: tuple[str, ...] = ("school",)


def pause(failures: int, ceiling: float, uniform: Callable[[float, float], float]) -> float:
    """Tell for how many seconds to wait before the next attempt: exponential, with full jitter.

    Args:
        failures: Failures in a row, this one included.
        ceiling: The wait is never longer.
        uniform: Draws evenly between two numbers.
    """
    return uniform(0.0, min(ceiling, FIRST_WAIT * 2 ** min(failures, 16)))


class _Refusal(Exception):
    """The server does not let this door in."""


class _Paired(Exception):
    """The server knows the door now: it has to come again as what it is."""


class Link:
    """Delivers presses and receives the school's state.

    Args:
        target: Where to connect.
        key: The door's key.
        outbox: Path of the file that keeps presses.
        inbox: Where everything goes that the door has to know.
        clock: Where the time comes from.
        disk: Is told how the outbox fares; None for one that tells the inbox.
        resume: Epoch and position of the server's log that the door knows already.
        wait: Sleeps for so many seconds; tests put another in its place.
        uniform: Draws the jitter.
    """

    def __init__(
        self,
        target: Target,
        *,
        key: Ed25519PrivateKey,
        outbox: Path,
        inbox: Put,
        clock: Clock,
        disk: Disk | None = None,
        resume: tuple[int, int] | None = None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] | None = None,
    ) -> None:
        self._target = target
        self._room = target.room
        self._pin = target.pin
        self._stranger = target.room is None
        self._key = key
        self._kiosk: KioskId = kiosk_id(public_hex(key))
        self._outbox_path = outbox
        self._inbox = inbox
        self._clock = clock
        self._disk = disk or Disk(inbox)
        self._wait = wait
        # Of its own, so that a thousand doors that start from one image draw differently.
        self._uniform = uniform or random.Random().uniform  # noqa: S311  # jitter, no secret
        self._watching_since = clock.boottime()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._outbox: Outbox | None = None
        self._connection: ClientConnection | None = None
        self._sent: dict[EventId | RequestId, float] = {}
        self._sending: asyncio.Event | None = None
        self._epoch: int | None = resume[0] if resume is not None else None
        self._seq: int | None = resume[1] if resume is not None else None
        self._told_watching = False
        self._stuck = False
        self._run_name = secrets.token_hex(8)
        self._numbers = count(1)
        self._sensed: dict[RequestId, SendSensed] = {}
        self._count: SetHeadcount | None = None
        self._asked: dict[RequestId, RequestId] = {}
        self._alive_at = clock.boottime()

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

    @property
    def alive_at(self) -> float:
        """When the thread last showed that it lives, seconds on ``CLOCK_BOOTTIME``."""
        return self._alive_at

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
        """Tell the server how many people are here; the last word wins. Called from the main thread."""
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
        self._call(self._find, request)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    # -- on the link's thread -------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._sending = asyncio.Event(), asyncio.Event()
        self._outbox = Outbox(self._outbox_path, self._clock.now)
        self._tell_fault()
        kept = self._outbox.waiting()
        if kept:
            self._inbox.put(Kept(tuple(_noted(item, self._clock) for item in kept)))
        self._ready.set()
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = {
            stopping,
            asyncio.create_task(self._stay_connected()),
            asyncio.create_task(self._stay_alive()),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._outbox.close()

    async def _stay_alive(self) -> None:
        """Show that the loop turns, and try whether a disk that failed works again."""
        assert self._outbox is not None
        while True:
            self._alive_at = self._clock.boottime()
            if self._outbox.fault:
                self._outbox.recover()
                self._tell_fault()
            await asyncio.sleep(ALIVE_EVERY)

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
            except _Paired:
                why, failures = "paired", -1
            except ssl.SSLCertVerificationError as error:
                why = (
                    f"the server's certificate is not trusted here ({error.verify_message}): write its "
                    "fingerprint to kiosk.toml, or leave the room out there and pair the door"
                )
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
                self._asked.clear()
                self._told_watching = False
            if was_up or failures == 0:
                logger.info("the line is down: %s", why)
            self._inbox.put(LinkChanged("refused" if state == "refused" else "down", self._clock.now(), why))
            failures = SPREAD if was_up and self._clock.boottime() - began > STEADY else failures + 1
            await self._wait(pause(failures, self._target.ceiling, self._uniform))

    async def _converse(self) -> None:
        server = self._target.server
        # A door that was never paired has nothing to lose to a wrong server but its code.
        verify = not self._pin and self._room is not None
        async with connect(
            address(server),
            ssl=client_context(server, verify=verify),
            subprotocols=[Subprotocol(PROTOCOL)],
            compression=None,
            max_size=4 * MAX_OUTGOING,
            open_timeout=10,
            ping_interval=PING,
            ping_timeout=PING,
            close_timeout=1,
            user_agent_header=None,
            proxy=None,
        ) as connection:
            if connection.subprotocol != PROTOCOL:
                raise WireError(f"the server does not speak the subprotocol {PROTOCOL}")
            seen = seen_by(connection.transport.get_extra_info("ssl_object"))
            if self._pin:
                check(seen, self._pin)
            if self._stranger:
                await self._wait_to_be_paired(connection, seen)
            async with asyncio.timeout(SILENCE):
                await self._say_hello(connection, seen)
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

    async def _greet(
        self, connection: ClientConnection, role: Literal["kiosk", "unpaired"], seen: str
    ) -> Welcome:
        """Answer the challenge, for this room and the server whose key was seen."""
        challenge = read_server_message(await connection.recv())
        if not isinstance(challenge, Challenge):
            raise WireError("the server did not begin with a challenge")
        room = self._room if role == "kiosk" else None
        hello = Hello(
            role=role,
            key=public_hex(self._key),
            room=room,
            signature=sign_hello(self._key, challenge.nonce, room or "", seen),
            program=PROGRAM,
        )
        await connection.send(encode(hello))
        answer = read_server_message(await connection.recv())
        if isinstance(answer, Refused):
            # Its key is not known, or no longer: the next attempt asks to be paired.
            self._stranger = self._stranger or answer.code == "unknown-key"
            raise _Refusal(answer.reason)
        if not isinstance(answer, Welcome):
            raise WireError("the server did not answer hello")
        return answer

    async def _wait_to_be_paired(self, connection: ClientConnection, seen: str) -> None:
        """Show the code that the server gives, until an operator has confirmed it."""
        async with asyncio.timeout(SILENCE):
            await self._greet(connection, "unpaired", seen)
        self._inbox.put(LinkChanged("refused", self._clock.now(), "this door is not paired"))
        while True:
            # Nothing comes while nobody types the code; whether the server lives, pings tell.
            message = read_server_message(await connection.recv())
            if isinstance(message, PairingCode):
                self._inbox.put(Unpaired(self._kiosk, message.code, message.until))
            elif isinstance(message, Paired):
                self._be_paired(message, seen)
                self._inbox.put(Received(message, self._clock.now()))
                raise _Paired

    def _be_paired(self, message: Paired, seen: str) -> None:
        if message.kiosk != self._kiosk or message.server != seen:
            raise WireError("the server paired another door, or is another server")
        self._room, self._stranger = message.room, False
        self._pin = self._target.pin or seen
        if self._target.pairing is not None:
            try:
                keep_pairing(self._target.pairing, Pairing(room=message.room, server=seen))
            except OSError as error:
                # Until the next start the door knows it all the same.
                self._disk.tell("pairing", str(error))
        logger.info("paired with %s, sha256:%s", message.room, seen or "(no TLS)")

    async def _say_hello(self, connection: ClientConnection, seen: str) -> None:
        answer = await self._greet(connection, "kiosk", seen)
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
            case Done(ref=number):
                self._is_done(number)
            case Refused(ref=int() as number, code=code, reason=reason) if number not in self._asked:
                self._not_done(number, code, reason)
            case Found(ref=number) | Refused(ref=int() as number) if number in self._asked:
                message = replace(message, ref=self._asked.pop(number))
            case SnapshotEnd(seq=seq) | Heartbeat(seq=seq):
                # The heartbeat's seq is known only once nothing older is on its way: it is sent
                # behind what changed, on the same connection.
                self._seq = seq
        self._inbox.put(Received(message, self._clock.now()))

    def _is_done(self, number: RequestId) -> None:
        self._sent.pop(number, None)
        self._sensed.pop(number, None)
        if self._count is not None and self._count.id == number:
            self._count = None

    def _not_done(self, number: RequestId, code: Code, reason: str) -> None:
        if code in _LATER:
            return
        logger.warning("what the door felt was refused: %s", reason)
        self._is_done(number)

    def _acknowledged(self, name: EventId) -> None:
        assert self._outbox is not None
        self._outbox.remove(name)
        self._sent.pop(name, None)
        self._tell_fault()
        self._tell_watching()

    def _refused(self, name: EventId, code: Code, reason: str) -> None:
        assert self._outbox is not None
        logger.warning("press %s was refused: %s", name, reason)
        if code in _LATER:
            return  # it is sent again with the others
        self._sent.pop(name, None)
        self._outbox.set_aside(name, f"{code}: {reason}")
        self._tell_watching()

    def _press(self, intent: Intent, at: float, by: By, minutes: int | None) -> None:
        assert self._outbox is not None
        room = self._room
        if room is None:
            return  # what somebody presses at a door without a room says nothing

        def make(outbox: str, n: int) -> tuple[Press, str]:
            press = Press(
                kiosk=self._kiosk,
                outbox=outbox,
                n=n,
                room=room,
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
        for message in self._told():
            self._send_told(message)
        self._tell_watching()

    def _send(self, kept: KeptPress) -> None:
        if self._connection is None:
            return
        self._is_sent(kept.name)
        self._say(
            SendPress(
                press=kept.press,
                signature=kept.signature,
                boot_id=boot_id(),
                boottime=round(self._clock.boottime() * 1000),
                wall=self._clock.now(),
            )
        )

    def _told(self) -> Iterator[SendSensed | SetHeadcount]:
        """Give what else waits for the server's word."""
        yield from list(self._sensed.values())
        if self._count is not None:
            yield self._count

    def _send_told(self, message: SendSensed | SetHeadcount) -> None:
        if self._connection is None:
            return
        self._is_sent(message.id)
        if isinstance(message, SendSensed):
            # When it was felt never changes; how long ago that is does.
            message = replace(message, boottime=round(self._clock.boottime() * 1000))
        self._say(message)

    def _is_sent(self, name: EventId | RequestId) -> None:
        assert self._sending is not None
        self._sent[name] = self._clock.boottime()
        self._sending.set()

    async def _resend(self) -> None:
        """Send again what was not acknowledged: the room it was for may have died meanwhile."""
        assert self._outbox is not None
        assert self._sending is not None
        while True:
            # Nothing to wait for: nothing to wake for.
            await self._sending.wait()
            await asyncio.sleep(RESEND / 5)
            if not self._sent:
                self._sending.clear()
                continue
            now = self._clock.boottime()
            late = {name for name, sent in self._sent.items() if now - sent >= RESEND}
            for kept in self._outbox.waiting() if late else ():
                if kept.name in late:
                    self._send(kept)
            for message in self._told() if late else ():
                if message.id in late:
                    self._send_told(message)

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

    def _find(self, request: Find) -> None:
        """Ask under a number of our own: those of the callers may be the same as others of ours."""
        number = next(self._numbers)
        self._asked[number] = request.id
        self._say(replace(request, id=number))

    def _recount(self, people: int) -> None:
        if self._count is not None:
            self._sent.pop(self._count.id, None)
        if self._room is None:
            return
        self._count = SetHeadcount(id=next(self._numbers), room=self._room, count=people)
        self._send_told(self._count)

    def _tell_sensed(self, sensed: Motion | Air, at: float) -> None:
        message = SendSensed(
            id=next(self._numbers),
            run=self._run_name,
            boot_id=boot_id(),
            at=round(at * 1000),
            boottime=round(self._clock.boottime() * 1000),
            sensed=sensed,
        )
        while len(self._sensed) >= KEEP_SENSED:
            dropped = next(iter(self._sensed))
            self._is_done(dropped)
            logger.warning("what was felt first is dropped: the server does not answer")
        self._sensed[message.id] = message
        self._send_told(message)

    def _tell_fault(self) -> None:
        assert self._outbox is not None
        self._disk.tell("outbox", self._outbox.fault)

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
