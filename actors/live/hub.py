"""The life of the gateway's loop: one thread that moves messages, with no school logic in it.

There are two crossings only: in by ``call_soon_threadsafe`` (`Hub.call`), out by ``tell``. What the loop
does is told by its parts: `ports` accepts connections, `serving` serves each, `plain` answers plain HTTP,
`fanout` sends what is new (`latest`) to all.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pykka

from actors import messages as m
from actors.base import Broken, tell
from actors.entry.access import Access
from actors.entry.admission import Admission
from actors.entry.codes import next_change
from actors.live.fanout import Fanout
from actors.live.latest import Latest, Update
from actors.live.plain import Plain
from actors.live.ports import Ports
from actors.live.pulse import Pulse
from actors.live.roster import Roster
from actors.live.serving import Serving
from actors.settings import Limits
from actors.web.past import Past
from events.clock import Clock
from events.ids import SourceName
from events.status import day_of
from events.wire import HEARTBEAT, Heartbeat, encode

logger = logging.getLogger(__name__)

_SWEEP = 0.25


class Hub:
    """The loop, its thread and its beats.

    Args:
        ports: What is listened on.
        admission: Lets clients in, or does not.
        gateway: The actor that owns this.
        school: Who is told what clients say.
        clock: Where the time comes from.
        past: Replays the log.
        latest: What is told.
    """

    def __init__(
        self,
        ports: Ports,
        admission: Admission,
        gateway: pykka.ActorRef[Any],
        school: pykka.ActorRef[Any],
        clock: Clock,
        past: Past,
        latest: Latest,
    ) -> None:
        self._ports = ports
        self._admission = admission
        self._gateway = gateway
        self._clock = clock
        self._past = past
        self.latest = latest
        self.fanout = Fanout(latest)
        self._roster = Roster(self.fanout)
        self._serving = Serving(latest, self.fanout, self._roster, admission, school, clock)
        self._pulse = Pulse(latest, self.fanout, school, clock.now())
        self._plain = Plain(
            latest, admission, past, clock, condition=self._pulse.condition, log_out=self._serving.log_out
        )
        self._day: date | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-loop", daemon=True)

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
        self.call(self._stopping.set)
        self._thread.join(10)
        self._past.close()
        self._ports.release()

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Run a function on the loop. Called from any thread."""
        if self._loop is None or self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            logger.debug("the loop was closed meanwhile")

    # -- on the loop's thread -------------------------------------------------------------------

    def update(self, update: Update) -> None:
        """Take what is new and send it to whom it concerns."""
        self.latest.take(update)
        if update.created is not None:
            self._pulse.begin()
        if update.rules is not None and update.at is not None:
            # The day of its plans, which midnight may have ended on their way here.
            self._day = day_of(update.rules, update.at)
        self.fanout.publish(update)

    def reload(self, board_titles: bool, board_url: str, limits: Limits) -> None:  # noqa: FBT001  # crosses threads
        """Follow a new configuration."""
        self.latest.configure(board_titles=board_titles, board_url=board_url)
        self._admission.limit(limits)

    def admit(self, access: Access) -> None:
        """Go by what was paired, granted and revoked since: who lost their right is cut off at once."""
        self._serving.admit(access)

    def proved(self, sent: float, sources: Mapping[SourceName, datetime | None]) -> None:
        """Take a sign of life of the school and the recorder: see `Pulse.proved`."""
        self._pulse.proved(sent, sources)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._ports.open(self._serving.attend, self._plain)
        beats = [asyncio.create_task(beat) for beat in (self._heartbeat(), self._sweep(), self._tell_codes())]
        self._ready.set()
        await self._stopping.wait()
        for beat in beats:
            beat.cancel()
        await self._ports.refuse()
        await self._serving.part_from_all()
        await self._ports.close()

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            now = self._clock.now()
            beat = Heartbeat(server_time=now, epoch=self.latest.epoch, seq=self.latest.seq)
            self.fanout.send(self.fanout.keeping_up(), encode(beat))
            self._roster.beat()
            self._pulse.probe()
            today = day_of(self.latest.rules, now)
            if self._day is not None and today != self._day:
                self._day = today
                tell(self._gateway, m.DayBegan())

    async def _sweep(self) -> None:
        """Look after those who do not read, and after what is over."""
        while True:
            await asyncio.sleep(_SWEEP)
            self._serving.end_logins()
            self._serving.renew_offers()
            self._roster.sweep()
            self.fanout.sweep()

    async def _tell_codes(self) -> None:
        """Tell each door its codes whenever a minute begins."""
        while True:
            now = self._clock.now()
            # A wall clock that is set back meanwhile makes this late, which the codes told ahead bear.
            await asyncio.sleep((next_change(now) - now).total_seconds() + 0.001)
            self._serving.send_codes()
