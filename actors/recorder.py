"""The only writer of the log: commits in groups, tells the school."""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pykka

from actors.base import BaseActor, Broken, tell
from actors.messages import Append, Committed, Probe, Proved
from events.errors import LogClosed, LogConflict
from events.log import EventLog


class RecorderActor(BaseActor):
    """Appends to the log; every append that waits when a commit ends shares the next one.

    Args:
        open_log: Opens the log; called on the actor's thread, which alone uses it.
        ended: Told why, when writing failed: the process has to end and open the log anew.
    """

    name = "recorder"

    def __init__(self, open_log: Callable[[], EventLog], ended: Callable[[str], None]) -> None:
        super().__init__()
        self._open_log = open_log
        self._ended = ended
        self._log: EventLog | None = None
        self._school: pykka.ActorRef[Any] | None = None

    def on_start(self) -> None:
        """Open the log."""
        self._log = self._open_log()

    def on_stop(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()

    def receive(self, message: Any) -> None:
        """Record what is asked, or learn who the school is."""
        match message:
            case Append():
                self._append([message, *self._waiting()])
            case Probe(sent=sent):
                if self._school is not None:
                    tell(self._school, Proved(sent=sent))
            case pykka.ActorRef():
                self._school = message
            case _:
                raise TypeError(f"the recorder knows no {type(message).__name__}")

    def died(self, why: str) -> None:
        """End the process."""
        self.on_stop()
        self._ended(f"the recorder died: {why}")

    def _waiting(self) -> list[Append]:
        """Take the appends that wait in the inbox; all else is put back, behind them."""
        appends: list[Append] = []
        others: list[Any] = []
        inbox: Any = self.actor_inbox  # a queue.SimpleQueue, which Pykka's protocol shows only in part
        while True:
            try:
                envelope = inbox.get_nowait()
            except queue.Empty:
                break
            if isinstance(envelope.message, Append):
                appends.append(envelope.message)
            else:
                others.append(envelope)
        for envelope in others:
            inbox.put(envelope)
        return appends

    def _append(self, appends: list[Append]) -> None:
        log, school = self._log, self._school
        if log is None or school is None:
            raise Broken("an append came before the log was open and the school known")
        head = log.head()
        try:
            results = log.append_group([append.batch for append in appends])
        except LogClosed as error:
            raise Broken(str(error)) from error
        except Exception as error:
            # A personal part, or a look-up: nothing of the group is in the log. Whoever told these
            # appends waits for their outcome, so going on without one would leave rooms stuck.
            raise Broken(f"nothing was recorded: {error}") from error
        new = [
            recorded
            for result in results
            if not isinstance(result, LogConflict)
            for recorded in result
            if recorded.seq > head
        ]
        committed = Committed(new=tuple(_once(new)), results=tuple(zip(appends, results, strict=True)))
        with suppress(pykka.ActorDeadError):  # the school stops before the recorder, with a last word
            school.tell(committed)


def _once(records: list[Any]) -> list[Any]:
    """Leave out the second mention of a record that two appends of one group share."""
    reached = 0
    once = []
    for recorded in records:
        if recorded.seq > reached:
            once.append(recorded)
            reached = recorded.seq
    return once
