"""From the state of a room to what travels, and back.

`room_day` and `room_presence` are what the gateway sends; `restore` is what a door makes of them:
enough of the room's state to tell its status, and to decide its own presses while it is cut off.
For every instant of the days shown, both sides tell the same status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from events.ids import EventId, KioskId, SourceName
from events.notices import standing
from events.state import Booking, Closure, Headcount, RoomState, Rules, StandingNotice
from events.status import Known, day_of, day_span, headcount_at, headcount_until, plan
from events.wire import DayBooking, DayClosure, Notice, Notices, RoomDay, RoomPresence

Texts = Mapping[EventId, str]
"""Titles, reasons and notices, by the event whose personal part holds them."""

_LONGEST_TITLE = 160
"""Letters of a title that travel: no door shows more, and no message may outgrow its limit."""
_THE_SERVER = KioskId("server")
_SOME_SOURCE = SourceName("")


def days_shown(rules: Rules, now: datetime) -> tuple[datetime, datetime]:
    """Tell which bookings travel: those of today and tomorrow, in the school's zone, in UTC.

    Those that begin right after belong to it, as far as they show before their start.
    """
    today = day_of(rules, now)
    early = timedelta(minutes=max(rules.policy.soon, rules.policy.check_in_before, 1))
    return day_span(rules.zone, today)[0], day_span(rules.zone, today + timedelta(days=1))[1] + early


def room_day(k: Known, now: datetime, texts: Texts | None = None) -> RoomDay:
    """Tell what a room's day looks like.

    Args:
        k: What is known of the room.
        now: The time.
        texts: Titles and reasons; None for those who may not see them.
    """
    room = k.room
    begin, end = days_shown(k.rules, now)
    bookings = sorted(
        (b for b in room.bookings.values() if b.end > begin and b.start < end),
        key=lambda b: (b.start, b.end, b.id),
    )
    closure = room.closure
    return RoomDay(
        room=room.key,
        seq=room.seq,
        info=room.info,
        bookings=tuple(
            DayBooking(
                id=b.id,
                start=b.start,
                end=b.end,
                first_seen=b.first_seen,
                all_day=b.all_day,
                unsure=b.unsure,
                kind=b.kind,
                title=_cut(texts.get(b.text)) if texts is not None else None,
            )
            for b in bookings
        ),
        readings=dict(sorted(k.readings.items())),
        closure=DayClosure(
            since=closure.since,
            until=closure.until,
            reason=texts.get(closure.text) if texts is not None else None,
        )
        if closure
        else None,
        retired=room.retired,
        plan=tuple(plan(k, now)),
    )


def room_presence(k: Known, now: datetime) -> RoomPresence:
    """Tell who said what in a room."""
    begin, end = days_shown(k.rules, now)
    joined = [at for at in k.room.kiosks.values() if k.started_at is None or at >= k.started_at]
    return RoomPresence(
        room=k.room.key,
        seq=k.room.seq,
        last=k.room.last,
        confirmed={
            b.id: b.confirmed_at
            for b in k.room.bookings.values()
            if b.confirmed_at is not None and b.end > begin and b.start < end
        },
        watched_since=min(joined, default=None),
        headcount=(headcount := headcount_at(k, now)),
        headcount_until=headcount_until(k) if headcount is not None else None,
        plan=tuple(plan(k, now)),
    )


def notices(posted: Iterable[StandingNotice], now: datetime, texts: Texts) -> Notices:
    """Tell which notices stand, the newest first.

    Args:
        posted: Those that nobody has withdrawn.
        now: The time.
        texts: Their texts; one whose text was forgotten or lost says nothing and is left out.
    """
    return Notices(
        notices=tuple(
            Notice(
                number=notice.number,
                topic=notice.topic,
                text=text,
                posted_at=notice.posted_at,
                until=notice.until,
            )
            for notice in standing(posted, now)
            if (text := texts.get(notice.text)) is not None
        )
    )


def restore(day: RoomDay, presence: RoomPresence | None, rules: Rules) -> Known:
    """Make of what travelled what a status is told from.

    Args:
        day: The room's day.
        presence: Its presence; None when it has not come yet.
        rules: The school's rules.
    """
    confirmed = presence.confirmed if presence else {}
    watched_since = presence.watched_since if presence else None
    room = RoomState(
        key=day.room,
        info=day.info,
        retired=day.retired,
        bookings={
            b.id: Booking(
                id=b.id,
                source=_SOME_SOURCE,
                start=b.start,
                end=b.end,
                first_seen=b.first_seen,
                text=EventId(""),
                month="",
                all_day=b.all_day,
                unsure=b.unsure,
                kind=b.kind,
                confirmed_at=confirmed.get(b.id),
            )
            for b in day.bookings
        },
        last=presence.last if presence else None,
        closure=Closure(since=day.closure.since, until=day.closure.until, text=EventId(""))
        if day.closure
        else None,
        kiosks={_THE_SERVER: watched_since} if watched_since is not None else {},
        headcount=_headcount(presence) if presence else None,
        seq=max(day.seq, presence.seq if presence else 0),
    )
    return Known(room=room, rules=rules, readings=day.readings)


def _headcount(presence: RoomPresence) -> Headcount | None:
    """Take a count back: the server knew that it stood when it made the plan."""
    if presence.headcount is None:
        return None
    if presence.plan:
        stood_at = presence.plan[0].start
    elif presence.last is not None:
        stood_at = presence.last.pressed_at
    else:
        return None
    return Headcount(count=presence.headcount, at=stood_at, stands_at=stood_at)


def _cut(title: str | None) -> str | None:
    if title is None or len(title) <= _LONGEST_TITLE:
        return title
    return title[: _LONGEST_TITLE - 1] + "…"
