"""What the door last knew, on its own disk, so that it starts with that and says how old it is.

One file, written whole: beside it first, then renamed over it, so that a kill or a power cut leaves
the old one or the new one. It is written by a thread of its own: an SD card takes hundreds of
milliseconds for an fsync, in which the main loop would answer nobody.
"""

from __future__ import annotations

import logging
import os
import threading
from datetime import timedelta
from pathlib import Path

from kiosk.disk import Disk
from kiosk.door.model import Model
from kiosk.memory import Memory, NotRemembered, decode, encode, remembered

logger = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds that lie at least between two writes: an SD card wears out."""
AGE = timedelta(minutes=5)
"""When nothing is new but that the server still says so, that is written as seldom as this."""
AGAIN = 15.0
"""Seconds until a disk that failed is tried again."""


class Cache:
    """Keeps what the door knows in one file.

    Args:
        path: The file.
        disk: Is told how writing goes.
        every: See `EVERY`.
    """

    def __init__(self, path: Path, *, disk: Disk, every: float = EVERY) -> None:
        self._path = path
        self._disk = disk
        self._every = every
        self._newest: Model | None = None
        self._asked: Model | None = None
        self._written: Memory | None = None
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cache", daemon=True)

    def read(self) -> Memory | None:
        """Read what is kept. Before `start`.

        Returns:
            None where nothing is, or what is cannot be read: that is set aside, in place of what
            was set aside before.
        """
        try:
            kept = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("what the door knew cannot be read: %s", error)
            return None
        try:
            self._written = decode(kept)
        except NotRemembered as error:
            aside = self._path.with_name(f"{self._path.name}.unreadable")
            logger.warning("%s; it is set aside as %s", error, aside.name)
            try:
                self._path.replace(aside)
            except OSError as problem:
                logger.warning("it cannot be set aside: %s", problem)
        return self._written

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is not written yet, and end the thread."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def offer(self, model: Model) -> None:
        """Give what is known now; it is written when the time has come. From the main thread.

        Costs a few comparisons where nothing is new.
        """
        self._newest = model
        if self._asked is None or _differs(self._asked, model):
            self._asked = model
            self._wanted.set()

    # -- on the cache's thread ------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            rest = self._write()
            if self._stopping.is_set():
                return
            self._stopping.wait(rest)

    def _write(self) -> float:
        """Write the newest; tells for how many seconds to leave the disk alone then."""
        model = self._newest
        memory = remembered(model) if model is not None else None
        if memory is None or memory == self._written:
            return 0.0
        try:
            write_whole(self._path, encode(memory))
        except OSError as error:
            logger.warning("what the door knows cannot be kept: %s", error)
            self._disk.tell("cache", str(error))
            self._wanted.set()
            return min(AGAIN, self._every)
        self._written = memory
        self._disk.tell("cache", "")
        return self._every


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file by another one, or leave it as it is: nothing in between, whatever happens.

    Only its owner may read it.

    Raises:
        OSError: It is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    # Else the name may still be that of the old file after a power cut.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _differs(asked: Model, model: Model) -> bool:
    """Whether there is anything new to be kept. The same objects hold the same: none is changed."""
    was, told = asked.told, model.told
    if told.receiving:
        return False  # half a snapshot is no knowledge
    if (
        was.days is not told.days
        or was.presences is not told.presences
        or was.rules is not told.rules
        or was.notices is not told.notices
        or was.epoch != told.epoch
    ):
        return True
    last, heard_at = asked.hearing.heard_at, model.hearing.heard_at
    return heard_at is not None and (last is None or abs(heard_at - last) >= AGE)
