"""Rooms: `/room`, `/find`, `/close`, `/open`, `/count`. Pure."""

from __future__ import annotations

from datetime import datetime

from events.ids import RoomKey
from events.notices import topics_of
from events.search import Wish
from events.wire import CloseRoom, Find, Found, ReopenRoom, SetHeadcount
from kiosk.desk.commands.command import Command, Misused, fixed, needed, rooms, whole
from kiosk.desk.effects import Effect, Show
from kiosk.desk.room import room_lines
from kiosk.desk.session import Session
from kiosk.desk.typed import between, fits, instant, is_time, take_word
from kiosk.desk.words import people, until
from kiosk.find import lines as found_lines

_EQUIPMENT = ("whiteboard", "blackboard", "projector")


def _show(session: Session, rest: str, now: datetime) -> list[Effect]:
    known = session.known
    key = known.places.room(needed(rest))
    mine = topics_of(key, known.rooms[key].day.info)
    notices = [notice for notice in known.standing(now) if notice.topic in mine]
    return [Show(line) for line in room_lines(known.rooms[key], notices, now, known.zone)]


def _find(session: Session, rest: str, now: datetime) -> list[Effect]:
    places = session.known.places
    origin, minutes, seats = session.origin, None, None
    wanted = dict.fromkeys(_EQUIPMENT, False)
    while rest:
        if places.begins_with_room(rest):
            origin, rest = places.take_room(rest)
            continue
        word, rest = take_word(rest)
        if word.isascii() and word.isdecimal():
            minutes = between(whole(word), 1, 24 * 60, "minutes")
        elif word == "seats" and rest:
            number, rest = take_word(rest)
            seats = between(whole(number), 1, 10_000, "seats")
        elif word in wanted:
            wanted[word] = True
        else:
            raise Misused(f"{word!r} is not understood")
    if origin is None:
        raise ValueError("say from where: /find L213 60; toctoc console --room L213 says it once for all")
    session.origin = origin
    wish = Wish(origin=origin, minutes=minutes, seats=seats, **wanted)

    def found(message: Found) -> list[Effect]:
        return [Show(line) for line in found_lines(message.answer, session.known.zone, now)]

    return session.questions.ask("/find", lambda n: Find(id=n, wish=wish), Found, found)


def _take_room(session: Session, rest: str) -> tuple[RoomKey, str]:
    return session.known.places.take_room(needed(rest))


def _close(session: Session, rest: str, now: datetime) -> list[Effect]:
    zone = session.known.zone
    room, rest = _take_room(session, rest)
    first, behind = take_word(rest)
    ends = instant(first, now, zone) if is_time(first) else None
    reason = fits(behind if ends is not None else rest, 200)
    return session.questions.order(
        f"/close {room}",
        lambda n: CloseRoom(id=n, room=room, until=ends, reason=reason),
        f"{room} is out of order{until(ends, now, zone)}",
    )


def _open(session: Session, rest: str, _: datetime) -> list[Effect]:
    room, rest = _take_room(session, rest)
    if rest:
        raise ValueError(f"/open L213 takes nothing more, not {rest!r}")
    return session.questions.order(
        f"/open {room}", lambda n: ReopenRoom(id=n, room=room), f"{room} is back in order"
    )


def _count(session: Session, rest: str, _: datetime) -> list[Effect]:
    room, rest = _take_room(session, rest)
    number = between(whole(rest), 0, 10_000, "people")
    return session.questions.order(
        f"/count {room}", lambda n: SetHeadcount(id=n, room=room, count=number), f"{room}: {people(number)}"
    )


COMMANDS = (
    Command("room", "L213", "a room's day and how it is now", _show, (rooms,)),
    Command(
        "find",
        "[L213] [MINUTES] [seats N] [whiteboard] [blackboard] [projector]",
        "the nearest free room",
        _find,
        (rooms, fixed("seats", *_EQUIPMENT)),
    ),
    Command("close", "L213 [18:00] [REASON]", "put a room out of order", _close, (rooms,)),
    Command("open", "L213", "put it back in order", _open, (rooms,)),
    Command("count", "L213 PEOPLE", "say how many people are in a room", _count, (rooms,)),
)
