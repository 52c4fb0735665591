"""The running server: what starts in which order, what ends it, and how it stops."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pykka

from actors.base import tell
from actors.configured import other_zone
from actors.entry.credentials import write_secret
from actors.gateway import GatewayActor, WhereAreYou
from actors.key import load_key
from actors.messages import AreYouThere, Reload
from actors.recorder import RecorderActor
from actors.school import SchoolActor
from actors.settings import SchoolSettings
from actors.timetable import TimetableActor
from events.clock import Clock, SystemClock
from events.config import place
from events.domain import LogCreated
from events.errors import ConfigError, ToctocError
from events.log import EventLog
from events.personal import PersonalStore
from events.places import TOKEN_FILE
from events.sqlite import SqliteLog

logger = logging.getLogger(__name__)

VERSION = "0.1.0"
START_LIMIT = 60.0
"""Seconds in which the log has to be replayed and every actor has to answer."""
SIGN_OF_LIFE = 30.0
"""Seconds between two signs of life, which are kept outside the log."""


class StartFailed(ToctocError):
    """The server could not start; the text says which part and why."""


class App:
    """The actors of one school, in the order in which they need each other.

    Args:
        settings: What the administrator wrote.
        clock: Where the time comes from.
        on_end: Called, from any thread, when the process has to end; `why` says why.
    """

    def __init__(
        self,
        settings: SchoolSettings,
        *,
        clock: Clock | None = None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self._on_end = on_end
        self.ended = threading.Event()
        self.why = ""
        self._clock = clock or SystemClock()
        self._alive = settings.data / "alive"
        self._actors: list[pykka.ActorRef[Any]] = []
        self.address = ("", 0)

    def start(self) -> None:
        """Start everything; returns when the gateway listens.

        Raises:
            StartFailed: A part did not come up. What had started is stopped again.
            LogError: The log cannot be opened, or is held by another process.
            ConfigError: A port cannot be listened on, or the log was begun in another zone.
            TlsFailed: There is no certificate to serve with.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        settings, clock = self.settings, self._clock
        data = settings.data
        data.mkdir(parents=True, exist_ok=True)
        # Opened here, so that whatever is wrong with it is said in the caller's words; used by
        # the recorder's thread alone from then on.
        log = SqliteLog(data, who="toctoc serve", clock=clock)
        try:
            _check_zone(settings, log)
        except BaseException:
            log.close()
            raise
        recorder = self._begin(lambda: RecorderActor.start(lambda: log, self._end), "recorder")
        ready = threading.Event()
        personal = PersonalStore(data / "personal", read_only=True)
        alive_until = _read_sign_of_life(self._alive)
        school = self._begin(
            lambda: SchoolActor.start(
                settings,
                open_reader=lambda: SqliteLog(data, read_only=True),
                personal=personal,
                key=load_key(data / "hash.key"),
                recorder=recorder,
                clock=clock,
                version=VERSION,
                alive_until=alive_until,
                ready=ready.set,
                ended=self._end,
            ),
            "school",
        )
        while not ready.wait(0.05):
            if self.ended.is_set() or not school.is_alive():
                raise StartFailed(self.why or "the school did not start; the log says why")
        gateway = self._begin(
            lambda: GatewayActor.start(
                settings,
                school=school,
                operator_token=load_token(data / TOKEN_FILE),
                clock=clock,
                ended=self._end,
            ),
            "gateway",
        )
        self.address = gateway.ask(WhereAreYou(), block=True, timeout=5)
        self._begin(lambda: TimetableActor.start(settings, school, clock, self._end), "timetable")
        self.sign_of_life()

    def stop(self) -> None:
        """Stop everything, the recorder last; waits for each."""
        for actor in reversed(self._actors):
            # Asked with a timeout: an actor may be dead, or stuck in what killed another one.
            with contextlib.suppress(pykka.ActorDeadError, pykka.Timeout):
                actor.stop(block=True, timeout=15)
        self._actors.clear()

    def reload(self, settings: SchoolSettings) -> None:
        """Follow a new configuration without dropping a door.

        Host, port and data folder stay what they were; they need a restart.
        """
        self.settings = settings
        for actor in self._actors[1:]:
            tell(actor, Reload(settings=settings))

    def sign_of_life(self) -> None:
        """Note outside the log that the server lives."""
        self._alive.write_text(self._clock.now().isoformat(), encoding="ascii")

    def answers(self) -> bool:
        """Ask every actor whether it is there."""
        try:
            return all(actor.ask(AreYouThere(), block=True, timeout=5) for actor in self._actors)
        except (pykka.Timeout, pykka.ActorDeadError):
            return False

    def _begin(self, start: Callable[[], pykka.ActorRef[Any]], name: str) -> pykka.ActorRef[Any]:
        """Start an actor and wait until it answers: an ``on_start`` that fails says nothing."""
        actor = start()
        self._actors.append(actor)
        try:
            actor.ask(AreYouThere(), block=True, timeout=START_LIMIT)
        except (pykka.ActorDeadError, pykka.Timeout) as error:
            raise StartFailed(self.why or f"the {name} did not start: {error}; the log says why") from error
        return actor

    def _end(self, why: str) -> None:
        """Note why the process has to end. Called from any thread."""
        if not self.ended.is_set():
            self.why = why
            logger.critical("%s", why)
            self.ended.set()
            self._on_end()


def _check_zone(settings: SchoolSettings, log: EventLog) -> None:
    first = next(log.read(until=1), None)
    if first is not None and isinstance(first.event, LogCreated) and first.event.zone != settings.zone:
        problem = other_zone(first.event.zone, settings.zone)
        raise ConfigError(str(settings.path), place("school", "zone"), problem)


def load_token(path: Path) -> str:
    """Read the operator's token, which is made with the data folder and readable by its owner only."""
    with contextlib.suppress(FileNotFoundError):
        token = path.read_text(encoding="ascii").strip()
        if token:
            return token  # else an older version was cut short while it wrote
    token = secrets.token_urlsafe(32)
    write_secret(path, f"{token}\n".encode())
    return token


def _read_sign_of_life(path: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(path.read_text(encoding="ascii")).astimezone(UTC)
    except (FileNotFoundError, ValueError):
        return None
