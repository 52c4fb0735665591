"""The door as it runs: the main thread's loop between inbox, link, model and screen.

The main thread owns pygame. Nothing here waits for network or disk: the link and the cache do, on
threads of their own. It sleeps on descriptors until something happens, or until the picture changes
by time alone.

A display that is gone, or a picture that cannot be drawn, ends nothing: who presses is still
answered by the light, and the press is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from events.clock import Clock
from events.domain import By, Intent
from events.notify import notify, watchdog_every
from events.wire import Air, Motion
from kiosk.debounce import Contact
from kiosk.door.model import Model
from kiosk.door.update import passed, update
from kiosk.drawing.palette import sign_of
from kiosk.drawing.screen import Screen
from kiosk.drawing.sdl import pygame
from kiosk.drawing.touch import Fingers
from kiosk.drawing.window import Window
from kiosk.hardware.thin import Thin
from kiosk.inbox import (
    AirFelt,
    ClockStepped,
    Edge,
    FaultFound,
    Inbox,
    Input,
    MotionFelt,
    Quit,
    Speak,
    Tapped,
)
from kiosk.machine import missing_display
from kiosk.orders import Order, Recount, Submit, TellSensed, TellStuck, orders
from kiosk.steps import Steps, restamped
from kiosk.view import view

logger = logging.getLogger(__name__)

ALIVE_EVERY = 10.0
"""Seconds at most between two looks at the clocks, and two signs of life to the service manager."""
LINK_ALIVE = 60.0
"""Seconds after which the link's thread, which shows a sign of life every 15 s, counts as dead."""
DISPLAY_AGAIN = 10.0
"""Seconds between two tries to open a display that is gone."""


class Line(Protocol):
    """What the loop needs of `kiosk.link.link.Link`."""

    @property
    def alive_at(self) -> float:
        """When its thread last showed that it lives, seconds on ``CLOCK_BOOTTIME``."""

    def submit(self, intent: Intent, *, at: float, by: By = "button", minutes: int | None = None) -> None:
        """Keep a press and send it."""

    def report_stuck(self, *, stuck: bool) -> None:
        """Tell the server about the button."""

    def recount(self, people: int) -> None:
        """Tell the server how many people are here."""

    def tell_sensed(self, sensed: Motion | Air, *, at: float) -> None:
        """Tell the server what a sensor felt."""


class Parts(Protocol):
    """What the loop needs of `kiosk.hardware.fittings.Fittings`."""

    @property
    def due(self) -> float | None:
        """When `follow` tries something again, seconds on ``CLOCK_BOOTTIME``; None for never."""

    def follow(self, model: Model, now: datetime) -> None:
        """Show and sound what the door knows now, and try again what is missing."""


class Keeper(Protocol):
    """What the loop needs of `kiosk.cache.Cache`."""

    def offer(self, model: Model) -> None:
        """Give it what is to be kept, if anything is new; returns at once."""


Watcher = Callable[[Input, Model, float, float], None]
"""Is shown each input, the model after it, and ``CLOCK_BOOTTIME`` when it was taken in and when
the picture of it was finished."""


class Door:
    """One door.

    Args:
        model: What it knows at its start.
        inbox: Where everything comes in.
        link: The line to the server.
        screen: What it draws on; None where there is no display, at first.
        clock: Where the time comes from.
        reopen: Opens a window when the display is gone, or was at the start; None where nothing
            is drawn in a window. It raises `pygame.error` while there is no display.
        keyboard: Whether its space bar is the button.
        closable: Whether the door ends when somebody closes its window.
        open_at_start: Whether the contact is known to be open, as that of a keyboard is.
        parts: What is fitted beside the screen.
        cache: Keeps what it knows.
        watcher: Is shown everything that happens.

    Attributes:
        model: What it knows.
        screen: What it draws on; None while there is no display.
    """

    def __init__(
        self,
        model: Model,
        *,
        inbox: Inbox,
        link: Line,
        screen: Screen | None,
        clock: Clock,
        reopen: Callable[[], Screen] | None = None,
        keyboard: bool = False,
        closable: bool = False,
        open_at_start: bool = False,
        parts: Parts | None = None,
        cache: Keeper | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.model = model
        self.screen = screen
        self._inbox = inbox
        self._link = link
        self._clock = clock
        self._reopen = reopen
        self._window = Window() if screen is not None and reopen is not None else None
        self._reopen_at = clock.boottime()
        self._keyboard = keyboard
        self._closable = closable
        self._parts = parts
        self._cache = cache
        self._watcher = watcher
        self._contact = Contact(open_at_start=open_at_start)
        self._fingers = Fingers()
        self._thin = Thin()
        self._steps = Steps(clock.now(), clock.boottime())
        self._draw_at: datetime | None = None
        self._cannot_draw = ""
        self._unplugged = ""
        self._alive_every = min(ALIVE_EVERY, watchdog_every() or ALIVE_EVERY)
        self._alive_at = clock.boottime()
        self._status = ""

    def run(self) -> None:
        """Run until somebody quits. On the thread that made the screen."""
        self.ready()
        while self.step():
            pass
        notify("STOPPING=1")

    def ready(self) -> None:
        """Show the first picture, and tell the service manager that the door is there."""
        if self.screen is None and self._reopen is not None:
            self._lose("there is no display")
        self._react()
        self._status = self._described()
        notify(f"READY=1\nSTATUS={self._status}")

    def step(self) -> bool:
        """Sleep until something happens, then take it in and draw what changed.

        Returns:
            False when the door is to end.
        """
        # What SDL read off the connection while something was drawn wakes nobody any more.
        early = self._window_events()
        items = [*early, *self._slept(0.0 if early else self._sleep()), *self._window_events()]
        taken_at = self._clock.boottime()
        shown, going_on = self._sorted(items)
        for item in shown:
            self._take(item)
        if shown or self._draw_at is None or self._clock.now() >= self._draw_at:
            self._react()
        if self._watcher is not None:
            drawn_at = self._clock.boottime()
            for item in shown:
                self._watcher(item, self.model, taken_at, drawn_at)
        self._look_after()
        return going_on

    # -- what comes in --------------------------------------------------------------------------

    def _slept(self, seconds: float) -> list[Input]:
        descriptors = self._window.descriptors if self._window is not None else ()
        try:
            items = self._inbox.wait(seconds, descriptors)
        except (OSError, ValueError):
            # A touch display was unplugged, and SDL closed it.
            assert self._window is not None
            self._window.descriptors = ()
            return []
        if not items and self._window is not None:
            self._window.look_again()
        return items

    def _sorted(self, items: list[Input]) -> tuple[list[Input], bool]:
        """Make gestures of edges, and set right what was stamped by a clock that was just set."""
        wall = self._clock.now()
        self._steps, stepped = self._steps.look(wall, self._clock.boottime())
        shown: list[Input] = []
        if stepped is not None:
            logger.info("the wall clock was set by %.1f s", stepped.by)
            shown.append(stepped)
            items = [restamped(item, stepped, wall) for item in items]
        going_on = True
        for item in [*self._due(), *items]:
            if isinstance(item, Edge):
                shown += self._contact.feed(item.closed, item.at)
            else:
                shown.append(item)
                going_on = going_on and not isinstance(item, Quit)
        return shown, going_on

    def _due(self) -> list[Input]:
        deadline = self._contact.deadline
        if deadline is None or self._clock.boottime() < deadline:
            return []
        return list(self._contact.tick(self._clock.boottime()))

    def _take(self, item: Input) -> None:
        now = self._clock.now()
        if not isinstance(item, ClockStepped):
            for order in orders(self.model, item, now):
                self._follow(order)
        if isinstance(item, MotionFelt | AirFelt) and (felt := self._thin.feel(item)) is not None:
            self._follow(felt)
        self.model = update(self.model, item, now)

    def _follow(self, order: Order) -> None:
        match order:
            case Submit(intent=intent, at=at, by=by, minutes=minutes):
                self._link.submit(intent, at=at, by=by, minutes=minutes)
            case TellStuck(stuck=stuck):
                self._link.report_stuck(stuck=stuck)
            case Recount(people=people):
                self._link.recount(people)
            case TellSensed(sensed=sensed, at=at):
                self._link.tell_sensed(sensed, at=at)

    def _window_events(self) -> list[Input]:
        if self._window is None or self.screen is None:
            return []
        try:
            events = self._window.events()
        except pygame.error as error:
            self._lose(str(error))
            return []
        found: list[Input] = []
        for event in events:
            at = self._clock.boottime()
            if event.type == pygame.QUIT:
                if self._closable:
                    found.append(Quit())
                else:
                    # Nobody closes a door's screen: under Wayland the compositor has ended.
                    self._lose("the window was closed")
                    self._reopen_at = at
                    break
            elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
                found += self._key(event.key, closed=event.type == pygame.KEYDOWN, at=at)
            elif (point := self._fingers.point(event, self.screen.size, at)) is not None:
                shown = self.screen.shown
                found.append(Tapped(shown.touched(*point) if shown else None, at))
            elif event.type in (pygame.VIDEOEXPOSE, pygame.WINDOWEXPOSED):
                self.screen.redraw()
                self._draw_at = None
        return found

    def _key(self, key: int, *, closed: bool, at: float) -> list[Input]:
        if key == pygame.K_SPACE and self._keyboard:
            return [Edge(closed, at)]
        if key == pygame.K_ESCAPE and self._closable and closed:
            return [Quit()]
        if key == pygame.K_l and closed:
            return [Tapped(Speak(self.model.next_language), at)]
        return []

    # -- what goes out --------------------------------------------------------------------------

    def _react(self) -> None:
        """Let light, sound and picture say what is known now."""
        now = self._clock.now()
        self.model = passed(self.model, now)
        if self._parts is not None:
            self._parts.follow(self.model, now)
        self._draw(now)
        self._draw_at = self.model.next_change(now)
        if self._cache is not None:
            self._cache.offer(self.model)

    def _draw(self, now: datetime) -> None:
        if self.screen is None:
            return
        try:
            self.screen.draw(view(self.model, now, self.screen.size, self.model.visit.language))
        except pygame.error as error:
            if self._reopen is None:
                raise
            self._lose(str(error))
        except Exception as error:
            # A title that nobody thought of must not cost a press: the light still answers.
            self.screen.redraw()
            why = f"{type(error).__name__}: {error}"
            if why != self._cannot_draw:
                logger.exception("the picture cannot be drawn")
                self._cannot_draw = why
                self._fault(FaultFound("display", why))
        else:
            if self._cannot_draw:
                self._cannot_draw = ""
                self._fault(FaultFound("display", "", gone=True))

    def _fault(self, fault: FaultFound) -> None:
        self._inbox.put(fault)

    def _sleep(self) -> float:
        """Tell for how many seconds nothing will happen by time alone."""
        boottime = self._clock.boottime()
        seconds = self._alive_at + self._alive_every - boottime
        if self._draw_at is not None:
            seconds = min(seconds, (self._draw_at - self._clock.now()) / timedelta(seconds=1))
        else:
            seconds = 0.0
        instants = [self._contact.deadline, self._parts.due if self._parts is not None else None]
        if self.screen is None and self._reopen is not None:
            instants.append(self._reopen_at)
        seconds = min(seconds, *(at - boottime for at in instants if at is not None), ALIVE_EVERY)
        if self._window is not None:
            seconds = min(seconds, self._window.patience)
        return max(0.0, seconds)

    # -- faults and signs of life ---------------------------------------------------------------

    def _look_after(self) -> None:
        """Do what is due by time, whatever happens."""
        boottime = self._clock.boottime()
        if self._parts is not None and self._parts.due is not None and boottime >= self._parts.due:
            self._parts.follow(self.model, self._clock.now())
        if self.screen is None and self._reopen is not None and boottime >= self._reopen_at:
            self._open_again(self._reopen)
        if boottime - self._alive_at >= self._alive_every:
            self._alive_at = boottime
            self._watch_display()
            self._tell_alive(boottime)

    def _lose(self, why: str) -> None:
        """Go on without a display."""
        logger.warning("the display is gone: %s", why)
        screen, self.screen, self._window = self.screen, None, None
        if screen is not None:
            try:
                screen.close()
            except pygame.error:
                logger.debug("it could not be closed either")
        self._cannot_draw = ""
        self._reopen_at = self._clock.boottime() + DISPLAY_AGAIN
        self._fault(FaultFound("display", why))

    def _open_again(self, reopen: Callable[[], Screen]) -> None:
        try:
            self.screen = reopen()
            self._window = Window()
        except pygame.error as error:
            logger.debug("still no display: %s", error)
            self.screen = self._window = None
            self._reopen_at = self._clock.boottime() + DISPLAY_AGAIN
            return
        logger.info("the display is there again")
        self._draw_at = None
        self._fault(FaultFound("display", "", gone=True))

    def _watch_display(self) -> None:
        """Notice that the display's cable was pulled out, which no drawing tells."""
        if self._window is None or not self._window.direct:
            return
        before, self._unplugged = self._unplugged, missing_display()
        if self._unplugged and not before:
            self._fault(FaultFound("display", self._unplugged))
        elif before and not self._unplugged:
            # Another display may be there now, of another size.
            self._lose("the display was plugged in again")
            self._reopen_at = self._clock.boottime()

    def _tell_alive(self, boottime: float) -> None:
        described = self._described()
        if described != self._status:
            self._status = described
            notify(f"STATUS={described}")
        if boottime - self._link.alive_at > LINK_ALIVE:
            logger.error("the link's thread does not answer: the service manager may restart the door")
        elif not self._cannot_draw:
            notify("WATCHDOG=1")

    def _described(self) -> str:
        """Say in a line how the door is, for whoever looks at the service."""
        model = self.model
        stretch = model.status(self._clock.now())
        said: list[str] = [
            str(model.room),
            sign_of(stretch.status if stretch is not None else None),
            {"up": "connected", "down": "not connected", "starting": "connecting", "refused": "refused"}[
                model.hearing.link
            ],
            f"{len(model.presses.pending)} presses kept",
        ]
        said += [f"{fault.what}: {fault.why}" for fault in model.condition.faults]
        if model.condition.stuck:
            said.append("the button is stuck")
        return ", ".join(said).replace("\n", " ")
