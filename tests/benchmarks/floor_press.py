"""Floor of a press: a bare Pykka chain of the same hops, with the same row committed (FULL).

school → room → recorder (commit) → school → gateway, by ``tell``, no work but the commit.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import apsw
import pykka

from tests.benchmarks.floor_append import INSERT, TABLE


class Hop(pykka.ThreadingActor):
    """Hands a message on."""

    def __init__(self, to: Any, path: Path | None = None, done: threading.Event | None = None) -> None:
        super().__init__()
        self.to, self.path, self.done = to, path, done

    def on_start(self) -> None:
        if self.path is not None:
            self.db = apsw.Connection(str(self.path))
            for pragma in ("journal_mode = wal", "synchronous = full"):
                self.db.execute(f"PRAGMA {pragma}").get  # noqa: B018
            self.db.execute(TABLE)

    def on_receive(self, message: Any) -> None:
        if isinstance(message, pykka.ActorRef):
            self.to = message
        elif self.done is not None:
            self.done.set()
        elif self.path is not None:
            self.db.execute("BEGIN IMMEDIATE")
            self.db.execute(INSERT, message[1])
            self.db.execute("COMMIT")
            self.to.tell(("committed", message[1]))
        else:
            (self.to[1] if message[0] == "committed" else self.to[0]).tell(message)


def run(path: Path, rows: list[tuple[Any, ...]]) -> list[float]:
    """Send rows one after another; seconds of each."""
    done = threading.Event()
    gateway = Hop.start(None, None, done)
    recorder = Hop.start(None, path)
    room = Hop.start((recorder, None))
    school = Hop.start((room, gateway))
    recorder.tell(school)
    took = []
    for row in rows:
        done.clear()
        began = time.perf_counter()
        school.tell(("press", row))
        done.wait(5)
        took.append(time.perf_counter() - began)
    for actor in (school, room, recorder, gateway):
        actor.stop()
    return took
