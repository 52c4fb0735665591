"""One thread, one asyncio loop, one connection at a time.

It owns the outbox, so that no disk is in the draw loop. `Link.submit` is the way in, the inbox the
way out.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from events.client import address, other_scheme
from events.clock import Clock
from events.domain import By, Intent, Press
from events.errors import WireError
from events.signing import sign_press
from events.tls import client_context, seen_by
from events.wire import (
    MAX_OUTGOING,
    PROTOCOL,
    Air,
    ClientMessage,
    Find,
    Heartbeat,
    Motion,
    SnapshotEnd,
    Subscribe,
    Welcome,
    encode,
    read_server_message,
)
from kiosk.disk import Disk, Put
from kiosk.inbox import Kept, LinkChanged, Noted, Received
from kiosk.link.delivery import Delivery
from kiosk.link.entry import Entry, NotLetIn, NowPaired, Target
from kiosk.link.pauses import failures_then, pause
from kiosk.machine import boot_id, clock_is_synchronised
from kiosk.outbox import Kept as KeptPress
from kiosk.outbox import Outbox

logger = logging.getLogger(__name__)

SILENCE = 30.0
"""Seconds without a message after which the server is given up."""
PING = 20.0
"""Seconds between two pings, and until one that is not answered ends the connection."""
ALIVE_EVERY = 15.0
"""Seconds between two signs of life of the link's thread, and two tries of a disk that failed."""


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
        self._inbox = inbox
        self._clock = clock
        self._disk = disk or Disk(inbox)
        self._entry = Entry(target, key, inbox=inbox, clock=clock, disk=self._disk)
        self._outbox_path = outbox
        # Made on the link's thread, to which the outbox's file belongs.
        self._outbox: Outbox
        self._delivery: Delivery
        self._wait = wait
        # Of its own, so that a thousand doors that start from one image draw differently.
        self._uniform = uniform or random.Random().uniform  # noqa: S311  # jitter, no secret
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._epoch: int | None = resume[0] if resume is not None else None
        self._seq: int | None = resume[1] if resume is not None else None
        self._alive_at = clock.boottime()

    # -- from the main thread -------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread; returns when `submit` may be called."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the link did not start")

    def stop(self) -> None:
        """Close the connection and end the thread; presses stay in the outbox."""
        self._call(self._stopping.set)
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
        self._call(lambda: self._press(intent, at, by, minutes))

    def report_stuck(self, *, stuck: bool) -> None:
        """Tell the server about the button. Called from the main thread."""
        self._call(lambda: self._delivery.tell_stuck(stuck=stuck))

    def recount(self, people: int) -> None:
        """Tell the server how many people are here; the last word wins. Called from the main thread."""
        self._call(lambda: self._recount(people))

    def tell_sensed(self, sensed: Motion | Air, *, at: float) -> None:
        """Tell the server what a sensor felt. Called from the main thread.

        Args:
            sensed: What.
            at: When, seconds on ``CLOCK_BOOTTIME``.
        """
        self._call(lambda: self._delivery.tell_sensed(sensed, at))

    def find(self, request: Find) -> None:
        """Ask for a free room; the answer comes as `Received`. Called from the main thread."""
        self._call(lambda: self._delivery.find(request))

    def _call(self, do: Callable[[], object]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(do)

    # -- on the link's thread -------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._outbox = Outbox(self._outbox_path, self._clock.now)
        self._delivery = Delivery(self._outbox, clock=self._clock, disk=self._disk, say=self._say)
        self._delivery.tell_fault()
        self._loop = asyncio.get_running_loop()
        kept = self._outbox.waiting()
        if kept:
            self._inbox.put(Kept(tuple(_noted(item, self._clock) for item in kept)))
        self._ready.set()
        tasks = {
            asyncio.create_task(self._stopping.wait()),
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
        while True:
            self._alive_at = self._clock.boottime()
            if self._outbox.fault:
                self._outbox.recover()
                self._delivery.tell_fault()
            await asyncio.sleep(ALIVE_EVERY)

    async def _stay_connected(self) -> None:
        """Connect, and again whenever the connection ends, with full jitter between attempts."""
        failures = 0
        while True:
            began = self._clock.boottime()
            state: Literal["down", "refused"] = "down"
            why = ""
            try:
                await self._converse()
            except NotLetIn as error:
                state, why = "refused", str(error)
            except NowPaired:
                why, failures = "paired", -1
            except (OSError, ConnectionClosed, InvalidHandshake, InvalidURI, WireError) as error:
                why = _why(self._target.server, error)
            except Exception as error:
                # A thread that ended here would leave a door that never connects again.
                logger.exception("the line failed")
                why = _why(self._target.server, error)
            finally:
                was_up = self._connection is not None
                self._connection = None
                self._delivery.end()
            if was_up or failures == 0:
                logger.info("the line is down: %s", why)
            self._inbox.put(LinkChanged(state, self._clock.now(), why))
            failures = failures_then(failures, self._clock.boottime() - began if was_up else None)
            await self._wait(pause(failures, self._target.ceiling, self._uniform))

    async def _converse(self) -> None:
        server, entry = self._target.server, self._entry
        async with connect(
            address(server),
            ssl=client_context(server, verify=entry.verifies),
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
            entry.check(seen)
            if entry.stranger:
                async with asyncio.timeout(SILENCE):
                    await entry.greet(connection, "unpaired", seen)
                self._inbox.put(LinkChanged("refused", self._clock.now(), "this door is not paired"))
                await entry.wait_to_be_paired(connection, seen)
            async with asyncio.timeout(SILENCE):
                welcome = await entry.greet(connection, "kiosk", seen)
            self._welcomed(welcome)
            self._connection = connection
            self._say(Subscribe(topics=self._target.topics, epoch=self._epoch, seq=self._seq))
            self._delivery.begin()
            resending = asyncio.create_task(self._delivery.resend())
            try:
                while True:
                    async with asyncio.timeout(SILENCE):
                        text = await connection.recv()
                    self._take(text)
            finally:
                resending.cancel()

    def _welcomed(self, welcome: Welcome) -> None:
        if welcome.epoch != self._epoch:
            self._epoch, self._seq = welcome.epoch, None
        now = self._clock.now()
        self._inbox.put(LinkChanged("up", now))
        self._inbox.put(Received(welcome, now))

    def _take(self, text: str | bytes) -> None:
        message = self._delivery.answered(read_server_message(text))
        if isinstance(message, SnapshotEnd | Heartbeat):
            # The heartbeat's seq is known only once nothing older is on its way: it is sent
            # behind what changed, on the same connection.
            self._seq = message.seq
        self._inbox.put(Received(message, self._clock.now()))

    def _press(self, intent: Intent, at: float, by: By, minutes: int | None) -> None:
        entry, room = self._entry, self._entry.room
        if room is None:
            return  # what somebody presses at a door without a room says nothing

        def make(outbox: str, n: int) -> tuple[Press, str]:
            press = Press(
                kiosk=entry.kiosk,
                outbox=outbox,
                n=n,
                room=room,
                intent=intent,
                by=by,
                minutes=minutes,
                boot_id=boot_id(),
                boottime=round(at * 1000),
                wall=self._clock.now() - timedelta(seconds=self._clock.boottime() - at),
                wall_synchronised=clock_is_synchronised(),
            )
            return press, sign_press(entry.key, press)

        kept = self._outbox.add(make)
        self._delivery.tell_fault()
        self._inbox.put(_noted(kept, self._clock))
        self._delivery.deliver(kept)

    def _recount(self, people: int) -> None:
        if self._entry.room is not None:
            self._delivery.recount(self._entry.room, people)

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


def _why(server: str, error: Exception) -> str:
    """Say in words why a connection ended, or could not be made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the server's certificate is not trusted here ({error.verify_message}): write its "
            "fingerprint to kiosk.toml, or leave the room out there and pair the door"
        )
    if isinstance(error, TimeoutError):
        return f"nothing heard for {SILENCE:.0f} s"
    return other_scheme(server, error) or f"{type(error).__name__}: {error}"


def _noted(kept: KeptPress, clock: Clock) -> Noted:
    press = kept.press
    if press.boot_id == boot_id():
        pressed_at = clock.now() - timedelta(seconds=clock.boottime() - press.boottime / 1000)
    else:
        pressed_at = press.wall
    return Noted(press=kept.name, intent=press.intent, pressed_at=pressed_at, minutes=press.minutes)
