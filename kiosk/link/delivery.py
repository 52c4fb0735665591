"""What the door has to say until the server has answered: presses, counts, what was felt.

Presses lie in the outbox; what may be lost with the program, as what a sensor felt, waits in memory.
All of it on the link's thread.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterator
from itertools import count

from msgspec.structs import replace

from events.clock import Clock
from events.ids import EventId, RoomKey
from events.wire import (
    Air,
    ClientMessage,
    Code,
    Done,
    Find,
    Found,
    Motion,
    Pressed,
    Refused,
    RequestId,
    SendPress,
    SendSensed,
    ServerMessage,
    SetHeadcount,
    Stuck,
    Watching,
)
from kiosk.disk import Disk
from kiosk.machine import boot_id
from kiosk.outbox import Kept, Outbox

logger = logging.getLogger(__name__)

RESEND = 5.0
"""Seconds after which what was not acknowledged is sent again."""
KEEP_SENSED = 200
"""So much of what was felt waits for the server; of more the oldest is dropped."""

_LATER: frozenset[Code] = frozenset({"too-fast", "server"})
"""Refusals after which the same message may be taken."""


class Delivery:
    """Says everything, in order, until it is answered.

    Args:
        outbox: Keeps the presses.
        clock: Where the time comes from.
        disk: Is told how the outbox fares.
        say: Sends a message over the line that is up.

    Attributes:
        sensed: What was felt and not acknowledged.
        counted: The last word on how many people are here, until it is acknowledged.
    """

    def __init__(
        self, outbox: Outbox, *, clock: Clock, disk: Disk, say: Callable[[ClientMessage], None]
    ) -> None:
        self.sensed: dict[RequestId, SendSensed] = {}
        self.counted: SetHeadcount | None = None
        self._outbox = outbox
        self._clock = clock
        self._disk = disk
        self._say_now = say
        self._up = False
        self._sent: dict[EventId | RequestId, float] = {}
        self._sending = asyncio.Event()
        self._stuck = False
        self._watching_since = clock.boottime()
        self._told_watching = False
        self._run_name = secrets.token_hex(8)
        self._numbers = count(1)
        self._asked: dict[RequestId, RequestId] = {}

    # -- the line -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Say all that waits: the line is up."""
        self._up = True
        # Also that it is free: it may have come free while nobody could be told.
        self._say(Stuck(stuck=self._stuck))
        for kept in self._outbox.waiting():
            self.deliver(kept)
        for message in self._told():
            self._send_told(message)
        self._tell_watching()

    def end(self) -> None:
        """Wait: the line is down."""
        self._up = self._told_watching = False
        self._sent.clear()
        self._asked.clear()

    async def resend(self) -> None:
        """Send again what was not acknowledged: the room it was for may have died meanwhile."""
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
                    self.deliver(kept)
            for message in self._told() if late else ():
                if message.id in late:
                    self._send_told(message)

    def tell_fault(self) -> None:
        """Tell how the outbox's disk fares."""
        self._disk.tell("outbox", self._outbox.fault)

    # -- what is to be said ---------------------------------------------------------------------

    def deliver(self, kept: Kept) -> None:
        """Send a press that the outbox has taken; while the line is down it waits there."""
        if not self._up:
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

    def tell_stuck(self, *, stuck: bool) -> None:
        """Tell of the button."""
        self._stuck = stuck
        if not stuck:
            self._watching_since = self._clock.boottime()
        self._say(Stuck(stuck=stuck))
        self._tell_watching()

    def recount(self, room: RoomKey, people: int) -> None:
        """Tell how many people are here; the last word wins."""
        if self.counted is not None:
            self._sent.pop(self.counted.id, None)
        self.counted = SetHeadcount(id=next(self._numbers), room=room, count=people)
        self._send_told(self.counted)

    def tell_sensed(self, sensed: Motion | Air, at: float) -> None:
        """Tell what a sensor felt.

        Args:
            sensed: What.
            at: When, seconds on ``CLOCK_BOOTTIME``.
        """
        message = SendSensed(
            id=next(self._numbers),
            run=self._run_name,
            boot_id=boot_id(),
            at=round(at * 1000),
            boottime=round(self._clock.boottime() * 1000),
            sensed=sensed,
        )
        while len(self.sensed) >= KEEP_SENSED:
            dropped = next(iter(self.sensed))
            self._is_done(dropped)
            logger.warning("what was felt first is dropped: the server does not answer")
        self.sensed[message.id] = message
        self._send_told(message)

    def find(self, request: Find) -> None:
        """Ask under a number of our own: those of the callers may be the same as others of ours."""
        number = next(self._numbers)
        self._asked[number] = request.id
        self._say(replace(request, id=number))

    # -- what the server answers ----------------------------------------------------------------

    def answered(self, message: ServerMessage) -> ServerMessage:
        """Take an answer.

        Returns:
            The message, with the number under which its caller asked.
        """
        match message:
            case Pressed(ref=name):
                self._outbox.remove(name)
                self._sent.pop(name, None)
                self.tell_fault()
                self._tell_watching()
            case Refused(ref=str() as name, code=code, reason=reason):
                self._refused(EventId(name), code, reason)
            case Done(ref=number):
                self._is_done(number)
            case Refused(ref=int() as number, code=code, reason=reason) if number not in self._asked:
                if code not in _LATER:
                    logger.warning("what the door felt was refused: %s", reason)
                    self._is_done(number)
            case Found(ref=number) | Refused(ref=int() as number) if number in self._asked:
                return replace(message, ref=self._asked.pop(number))
        return message

    def _refused(self, name: EventId, code: Code, reason: str) -> None:
        logger.warning("press %s was refused: %s", name, reason)
        if code in _LATER:
            return  # it is sent again with the others
        self._sent.pop(name, None)
        self._outbox.set_aside(name, f"{code}: {reason}")
        self._tell_watching()

    def _is_done(self, number: RequestId) -> None:
        self._sent.pop(number, None)
        self.sensed.pop(number, None)
        if self.counted is not None and self.counted.id == number:
            self.counted = None

    # -- saying it ------------------------------------------------------------------------------

    def _told(self) -> Iterator[SendSensed | SetHeadcount]:
        """Give what waits for the server's word and is no press."""
        yield from list(self.sensed.values())
        if self.counted is not None:
            yield self.counted

    def _send_told(self, message: SendSensed | SetHeadcount) -> None:
        if not self._up:
            return
        self._is_sent(message.id)
        if isinstance(message, SendSensed):
            # When it was felt never changes; how long ago that is does.
            message = replace(message, boottime=round(self._clock.boottime() * 1000))
        self._say(message)

    def _is_sent(self, name: EventId | RequestId) -> None:
        self._sent[name] = self._clock.boottime()
        self._sending.set()

    def _tell_watching(self) -> None:
        if self._told_watching or not self._up or self._stuck or self._outbox.waiting():
            return
        self._told_watching = True
        self._say(Watching(for_seconds=max(0.0, self._clock.boottime() - self._watching_since)))

    def _say(self, message: ClientMessage) -> None:
        if self._up:
            self._say_now(message)
