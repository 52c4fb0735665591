"""What is wrong with the door's disk, told once by all who write on it."""

from __future__ import annotations

import threading
from typing import Protocol

from kiosk.inbox import FaultFound, Input


class Put(Protocol):
    """Where inputs go: `kiosk.inbox.Inbox`."""

    def put(self, item: Input) -> None:
        """Add an input. Called from any thread."""


class Disk:
    """Gathers what those who write say, so that one who succeeds does not hide another's failure.

    Args:
        inbox: Is told when the first fails, and when none fails any more.
    """

    def __init__(self, inbox: Put) -> None:
        self._inbox = inbox
        self._lock = threading.Lock()
        self._faults: dict[str, str] = {}

    def tell(self, who: str, why: str) -> None:
        """Say how it went. Called from any thread.

        Args:
            who: Who writes.
            why: What went wrong; empty when it went well.
        """
        with self._lock:
            was_well = not self._faults
            if why:
                self._faults[who] = why
                if was_well:
                    self._inbox.put(FaultFound("disk", why))
            elif self._faults.pop(who, None) is not None and not self._faults:
                self._inbox.put(FaultFound("disk", "", gone=True))
