"""The door as it runs: the main thread's loop between inbox, link, model and screen.

The main thread owns pygame. Nothing here waits for network or disk: the link does, on its own
thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from events.clock import Clock
from events.domain import By, Intent
from events.notify import notify
from events.wire import Air, Motion
from kiosk.debounce import Contact
from kiosk.inbox import Edge, Inbox, Input, Quit, Speak, Tapped
from kiosk.model import Model, passed, update
from kiosk.orders import Order, Recount, Submit, TellSensed, TellStuck, orders
from kiosk.screen import Screen
from kiosk.sdl import pygame
from kiosk.touch import point_of
from kiosk.view import view

logger = logging.getLogger(__name__)

EVENTS_EVERY = 0.04
"""Seconds between two looks for the window's events, while there is a window."""
ALIVE_EVERY = 10.0
"""Seconds between two signs of life to the service manager."""


class Line(Protocol):
    """What the loop needs of `kiosk.link.Link`."""

    def submit(self, intent: Intent, *, at: float, by: By = "button", minutes: int | None = None) -> None:
        """Keep a press and send it."""

    def report_stuck(self, *, stuck: bool) -> None:
        """Tell the server about the button."""

    def recount(self, people: int) -> None:
        """Tell the server how many people are here."""

    def tell_sensed(self, sensed: Motion | Air, *, at: float) -> None:
        """Tell the server what a sensor felt."""


Watcher = Callable[[Input, Model, float, float], None]
"""Is shown each input, the model after it, and ``CLOCK_BOOTTIME`` when it was taken in and when
the picture of it was finished."""


class Door:
    """One door.

    Args:
        model: What it knows at its start.
        inbox: Where everything comes in.
        link: The line to the server.
        screen: What it draws on.
        clock: Where the time comes from.
        windowed: Whether there is a window whose events have to be taken.
        keyboard: Whether its space bar is the button.
        open_at_start: Whether the contact is known to be open, as that of a keyboard is.
        watcher: Is shown everything that happens.
    """

    def __init__(
        self,
        model: Model,
        *,
        inbox: Inbox,
        link: Line,
        screen: Screen,
        clock: Clock,
        windowed: bool,
        keyboard: bool = False,
        open_at_start: bool = False,
        watcher: Watcher | None = None,
    ) -> None:
        self.model = model
        self._inbox = inbox
        self._link = link
        self._screen = screen
        self._clock = clock
        self._windowed = windowed
        self._keyboard = keyboard
        self._watcher = watcher
        self._contact = Contact(open_at_start=open_at_start)
        self._alive_at = clock.boottime()

    def run(self) -> None:
        """Run until somebody quits. On the thread that made the screen."""
        self._draw()
        notify("READY=1")
        while self.step():
            pass
        notify("STOPPING=1")

    def step(self) -> bool:
        """Sleep until something happens, then take it in and draw what changed.

        Returns:
            False when the door is to end.
        """
        items = self._inbox.wait(self._sleep())
        if self._windowed:
            items += self._window_events()
        taken_at = self._clock.boottime()
        going_on = True
        shown: list[Input] = []
        for item in [*self._due(), *items]:
            if isinstance(item, Edge):
                shown += self._contact.feed(item.closed, item.at)
            else:
                shown.append(item)
                going_on = going_on and not isinstance(item, Quit)
        for item in shown:
            self._take(item)
        self._draw()
        if self._watcher is not None:
            drawn_at = self._clock.boottime()
            for item in shown:
                self._watcher(item, self.model, taken_at, drawn_at)
        self._tell_alive()
        return going_on

    def _due(self) -> list[Input]:
        deadline = self._contact.deadline
        if deadline is None or self._clock.boottime() < deadline:
            return []
        return list(self._contact.tick(self._clock.boottime()))

    def _take(self, item: Input) -> None:
        now = self._clock.now()
        for order in orders(self.model, item, now):
            self._follow(order)
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

    def _draw(self) -> None:
        now = self._clock.now()
        self.model = passed(self.model, now)
        self._screen.draw(view(self.model, now, self._screen.size, self.model.language))

    def _sleep(self) -> float:
        """Tell for how many seconds nothing will happen by time alone."""
        now: datetime = self._clock.now()
        seconds = (self.model.next_change(now) - now) / timedelta(seconds=1)
        if self._contact.deadline is not None:
            seconds = min(seconds, self._contact.deadline - self._clock.boottime())
        if self._windowed:
            seconds = min(seconds, EVENTS_EVERY)
        return max(0.0, min(seconds, ALIVE_EVERY))

    def _window_events(self) -> list[Input]:
        found: list[Input] = []
        for event in pygame.event.get():
            at = self._clock.boottime()
            if event.type == pygame.QUIT:
                found.append(Quit())
            elif event.type in (pygame.KEYDOWN, pygame.KEYUP):
                closed = event.type == pygame.KEYDOWN
                if event.key == pygame.K_SPACE and self._keyboard:
                    found.append(Edge(closed, at))
                elif event.key == pygame.K_ESCAPE and self._keyboard and closed:
                    found.append(Quit())
                elif event.key == pygame.K_l and closed:
                    found.append(Tapped(Speak(self.model.next_language), at))
            elif (point := point_of(event, self._screen.size)) is not None:
                shown = self._screen.shown
                found.append(Tapped(shown.touched(*point) if shown else None, at))
            elif event.type in (pygame.VIDEOEXPOSE, pygame.WINDOWEXPOSED):
                self._screen.redraw()
        return found

    def _tell_alive(self) -> None:
        now = self._clock.boottime()
        if now - self._alive_at >= ALIVE_EVERY:
            self._alive_at = now
            notify("WATCHDOG=1")
