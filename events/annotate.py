"""``toctoc log annotate``: an operator sets right what the log says, by a fact that is added to it."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from events.config import nearest
from events.domain import Correction, RoomAnnotated
from events.ids import BookingId, RoomKey, new_event_id, room_stream
from events.log import Batch, Draft, EventLog
from events.personal import new_part
from events.report.asked import parse_day, parse_span
from events.sqlite import SqliteLog
from events.state import SchoolState, zone_of
from events.wire import AnnotateRoom


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("room", metavar="ROOM")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--present", action="store_true", help="somebody was there, though nobody pressed")
    kind.add_argument("--door-broken", action="store_true", help="the door could not be believed")
    kind.add_argument("--note", action="store_true", help="a remark, which changes no figure")
    kind.add_argument("--withdraw", type=int, metavar="SEQ", help="take an earlier annotation back")
    parser.add_argument("--day", metavar="DAY", help="the day it is about, such as 2026-11-20")
    parser.add_argument("--time", metavar="10:00-12:00", help="from when to when")
    parser.add_argument("--booking", metavar="ID", help="the booking it is about")
    parser.add_argument("--text", required=True, help="why")
    parser.add_argument("--by", required=True, metavar="NAME", help="who says so")
    parser.add_argument(
        "--config", type=Path, metavar="school.toml", help="goes through the server that runs with it"
    )


def annotation(
    log: EventLog, school: SchoolState, arguments: argparse.Namespace, now: datetime
) -> AnnotateRoom:
    """Read what is to be annotated.

    Args:
        log: The log.
        school: Its state.
        arguments: What `add_arguments` declared.
        now: The time.

    Raises:
        ValueError: There is no such room, day, time or annotation; it is about what is still to come; or
            nobody says so, or why.
    """
    for option in ("by", "text"):
        if not vars(arguments)[option].strip():
            raise ValueError(f"--{option} is empty: an annotation says who says so, and why")
    room = RoomKey(arguments.room)
    if room not in school.rooms:
        raise ValueError(f"there is no room {room!r} in this log{nearest(room, school.rooms)}")
    start, end, booking = _about(log, school, arguments)
    if start > max(now, _newest(log, now)):
        raise ValueError(f"{start.astimezone(zone_of(school.rules)):%Y-%m-%d %H:%M} is still to come")
    return AnnotateRoom(
        id=1,
        room=room,
        what=_what(arguments),
        start=start,
        end=end,
        text=f"{arguments.by}: {arguments.text}",
        booking=booking,
        withdraws=arguments.withdraw or 0,
    )


def by_hand(log: SqliteLog, order: AnnotateRoom, now: datetime) -> int:
    """Add an annotation to a log that no server holds.

    Args:
        log: The log, open for writing.
        order: What `annotation` read.
        now: The time.

    Returns:
        Its position in the log.
    """
    part, text = new_part(order.end, reason=order.text)
    event = RoomAnnotated(
        room=order.room,
        what=order.what,
        start=order.start,
        end=order.end,
        part=part,
        booking=order.booking,
        withdraws=order.withdraws,
    )
    draft = Draft(id=new_event_id(), stream=room_stream(order.room), at=now, event=event, text=text)
    return log.append(Batch(drafts=(draft,)))[0].seq


def _newest(log: EventLog, now: datetime) -> datetime:
    """Tell when the log was written last: the clock of a machine that only reads it may be behind."""
    newest = next(log.read(after=log.head() - 1), None)
    return newest.recorded_at if newest is not None else now


def _what(arguments: argparse.Namespace) -> Correction:
    if arguments.withdraw is not None:
        return "withdrawn"
    if arguments.present:
        return "present"
    return "door-broken" if arguments.door_broken else "note"


def _about(
    log: EventLog, school: SchoolState, arguments: argparse.Namespace
) -> tuple[datetime, datetime, BookingId | None]:
    """Tell from when to when it is about, and which booking."""
    if arguments.withdraw is not None:
        seq = arguments.withdraw
        known = next(log.read(after=seq - 1, until=seq), None)
        if known is None or not isinstance(known.event, RoomAnnotated) or known.event.room != arguments.room:
            raise ValueError(f"--withdraw {seq}: event {seq} is no annotation of {arguments.room}")
        return known.event.start, known.event.end, known.event.booking
    if arguments.booking is not None:
        booking = school.rooms[RoomKey(arguments.room)].all_bookings.get(BookingId(arguments.booking))
        if booking is not None and arguments.time is None:
            return booking.start, booking.end, booking.id
        if arguments.time is None:
            raise ValueError(
                f"--booking {arguments.booking!r} is not among the newest of {arguments.room}: say --day and "
                "--time too"
            )
    if arguments.day is None or arguments.time is None:
        raise ValueError("say when: --day 2026-11-20 --time 10:00-12:00, or --booking ID")
    day = parse_day(arguments.day, "--day")
    start, end = parse_span(arguments.time, day, school.rules.zone, "--time")
    return start, end, BookingId(arguments.booking) if arguments.booking else None
