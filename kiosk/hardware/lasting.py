"""A part of the door that is tried again until it is there: what is plugged in late works, too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from events.clock import Clock
from kiosk.inbox import FaultFound, FaultName, Inbox

logger = logging.getLogger(__name__)

AGAIN = 30.0
"""Seconds until a part that is missing is tried again."""


class Closable(Protocol):
    """What can be given back."""

    def close(self) -> None:
        """Give back what it holds."""


T = TypeVar("T", bound=Closable)


class Lasting(Generic[T]):
    """A part that may be missing, at the start or later. Used by the main thread alone.

    Args:
        name: What the log calls it.
        make: Makes it; whatever it raises means that it is missing. The GPIO library's errors have
            no common base.
        inbox: Is told when it is missing, and when it is there again.
        clock: Tells when to try again.
        fault: Which fault people are told of meanwhile; None where the log is enough.

    Attributes:
        part: The part; None while it is missing.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], T],
        *,
        inbox: Inbox,
        clock: Clock,
        fault: FaultName | None,
    ) -> None:
        self._name = name
        self._fault = fault
        self._make = make
        self._inbox = inbox
        self._clock = clock
        self._told = ""
        self._due: float | None = None
        self.part: T | None = None

    @property
    def due(self) -> float | None:
        """When `tick` does something, seconds on ``CLOCK_BOOTTIME``; None while it is there.

        None before `start` as well.
        """
        return self._due

    def start(self) -> None:
        """Make it, or tell that it is missing."""
        self._due = self._clock.boottime()
        self.tick()

    def tick(self) -> None:
        """Make it, where it is missing and the time has come."""
        if self._due is None or self._clock.boottime() < self._due:
            return
        try:
            self.part = self._make()
        except Exception as error:  # noqa: BLE001  # see `make`
            self._missing(error)
            return
        self._due = None
        if self._told:
            self._told = ""
            logger.info("the %s is there again", self._name)
            if self._fault is not None:
                self._inbox.put(FaultFound(what=self._fault, why="", gone=True))

    def use(self, action: Callable[[T], None]) -> None:
        """Do something with it, if it is there; where that fails it is given back and missing."""
        if self.part is None:
            return
        try:
            action(self.part)
        except Exception as error:  # noqa: BLE001  # see `make`
            self.close()
            self._missing(error)

    def close(self) -> None:
        """Give it back, if it is there."""
        part, self.part, self._due = self.part, None, None
        if part is not None:
            try:
                part.close()
            except Exception:
                logger.exception("the %s could not be given back", self._name)

    def _missing(self, error: Exception) -> None:
        why = str(error) or type(error).__name__
        self._due = self._clock.boottime() + AGAIN
        if why != self._told:
            self._told = why
            logger.warning("the %s is missing, and tried again every %.0f s: %s", self._name, AGAIN, why)
            if self._fault is not None:
                self._inbox.put(FaultFound(what=self._fault, why=why))
