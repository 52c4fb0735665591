"""Any past instant, as the board would have shown it: a replay of the log, off the gateway's loop.

One thread, one answer at a time, few that wait: whoever moves the board's slider costs the doors
nothing that they notice. A replay that takes too long goes on from where it came to when it is asked
for again, and the begin of the day last looked at is kept, so that moving over that day is quick.
Titles are told to operators who are logged in, and to all where the school shows them to all.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from actors.web.answer import Answer, Request, get_only, refuse, served
from events.errors import LogError
from events.ids import EventId
from events.log import EventLog
from events.personal import PersonalStore
from events.projection import room_day, room_presence
from events.replay import texts
from events.state import Rules, SchoolState
from events.status import day_of, day_span, known
from events.wire import RoomDay, RoomPresence

logger = logging.getLogger(__name__)

REPLAY_LIMIT = 5.0
"""Seconds that one answer may take: the WebSocket library waits 10 for a handshake."""
MOST_WAITING = 4
"""Requests that may wait for the one that is being answered."""
_EVENTS_A_LOOK = 2_000
_BEFORE = "that is before the log began"


class Then(Struct, frozen=True, kw_only=True):
    """`/at.json`: all rooms at a past instant, in the messages that would have told of them.

    Attributes:
        seq: Position of the newest event recorded until then.
    """

    at: datetime
    school: str
    seq: int
    rules: Rules
    messages: tuple[RoomDay | RoomPresence, ...]


class TooEarly(ValueError):
    """The instant is before the log."""


class NotYet(Exception):
    """The replay has not come so far; it goes on when it is asked for again.

    Attributes:
        reached: How far it came.
    """

    def __init__(self, reached: datetime | None) -> None:
        super().__init__(reached)
        self.reached = reached


class Past:
    """Replays a log to past instants.

    `answer` belongs to the gateway's loop, all else to one thread of its own.

    Args:
        open_reader: Opens the log for reading; called on that thread.
        open_personal: Opens the personal parts for reading, where there are any; called on that thread.
    """

    def __init__(
        self,
        open_reader: Callable[[], EventLog],
        open_personal: Callable[[], PersonalStore] | None = None,
    ) -> None:
        self._open_reader = open_reader
        self._open_personal = open_personal
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="past")
        self._waiting = 0
        self._base = SchoolState()
        self._reached: datetime | None = None
        self._aim: datetime | None = None

    def close(self) -> None:
        """End the thread; what waits is not answered."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def answer(self, request: Request, now: datetime, *, titles: bool) -> Answer:
        """Answer a request for ``/at.json?at=2026-11-20T14:07Z``.

        Args:
            request: What is wanted.
            now: The time.
            titles: Whether who asks may see titles.
        """
        if request.method != "GET":
            return get_only()
        try:
            moment = _asked(request.target, now)
        except TooEarly as error:
            return refuse(HTTPStatus.NOT_FOUND, str(error))
        except ValueError as error:
            return refuse(HTTPStatus.BAD_REQUEST, str(error))
        if self._waiting > MOST_WAITING:
            return _later("others look at the past just now")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            body = await loop.run_in_executor(self._pool, self._tell, moment, titles)
        except TooEarly as error:
            return refuse(HTTPStatus.NOT_FOUND, str(error))
        except NotYet as error:
            reached = f"{error.reached:%Y-%m-%d}" if error.reached else "its begin"
            return _later(f"the log is long and was read up to {reached}")
        except LogError:
            logger.exception("the log could not be replayed to %s", moment.isoformat())
            return refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "the log could not be read")
        finally:
            self._waiting -= 1
        return served(body, "application/json", request)

    def _tell(self, moment: datetime, titles: bool) -> bytes:  # noqa: FBT001  # crosses threads
        until = time.monotonic() + REPLAY_LIMIT
        reader = self._open_reader()
        try:
            school = self._replayed(reader, moment, until)
        finally:
            reader.close()
        if school.created is None:
            raise TooEarly(_BEFORE)
        found = self._titles(school, moment) if titles else None
        messages: list[RoomDay | RoomPresence] = []
        for key in sorted(school.rooms):
            k = known(school, school.rooms[key])
            if not k.room.retired:
                messages += [room_day(k, moment, found), room_presence(k, moment)]
        then = Then(
            at=moment,
            school=school.created.school,
            seq=school.seq,
            rules=school.rules,
            messages=tuple(messages),
        )
        return msgspec.json.encode(then)

    def _titles(self, school: SchoolState, moment: datetime) -> dict[EventId, str]:
        if self._open_personal is None:
            return {}
        day = day_span(school.rules.zone, day_of(school.rules, moment))[0]
        personal = self._open_personal()
        try:
            return texts(school, personal, ended_after=day)
        finally:
            personal.close()

    def _replayed(self, reader: EventLog, moment: datetime, until: float) -> SchoolState:
        """Fold up to the begin of the day, which is kept, then a copy of that up to the instant."""
        day = day_span(self._base.rules.zone, day_of(self._base.rules, moment))[0]
        if self._aim is not None and day < self._aim:
            self._base, self._reached = SchoolState(), None
        self._aim = day
        for count, recorded in enumerate(reader.read(after=self._base.seq, recorded_until=day), start=1):
            self._base.apply(recorded)
            self._reached = recorded.recorded_at
            if count % _EVENTS_A_LOOK == 0 and time.monotonic() > until:
                raise NotYet(self._reached)
        school = copy.copy(self._base)
        school.rooms, school.sources = dict(school.rooms), dict(school.sources)
        return school.apply_all(reader.read(after=school.seq, recorded_until=moment))


def _asked(target: str, now: datetime) -> datetime:
    values = parse_qs(target.partition("?")[2]).get("at", [])
    allowed = "allowed is one such as /at.json?at=2026-11-20T14:07Z"
    try:
        (text,) = values
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no instant is named; {allowed}") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no zone; {allowed}")
    if moment.year < 1970:  # whose local day may be none of the calendar's
        raise TooEarly(_BEFORE)
    if moment > now + timedelta(minutes=1):
        raise ValueError(f"{text!r} is still to come")
    return moment


def _later(why: str) -> Answer:
    answer = refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"{why}; ask again")
    return msgspec.structs.replace(answer, headers=(*answer.headers, ("Retry-After", "1")))
