"""A room's bookings and presences as a calendar that other programs subscribe to (RFC 5545). Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from actors.web.answer import Language
from actors.web.rooms import Room
from events.ids import RoomKey
from events.printable import JOINERS, printable
from events.state import Rules
from events.wire import DayBooking

_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "booking": "Réservation",
        "presence": "Présence sans réservation",
        "confirmed": "Présence confirmée à {at}",
        "nobody": "Personne n’a confirmé",  # noqa: RUF001
        "unsure": "Horaire incertain",
    },
    "en": {
        "booking": "Booking",
        "presence": "Presence without a booking",
        "confirmed": "Presence confirmed at {at}",
        "nobody": "Nobody has confirmed",
        "unsure": "Hours uncertain",
    },
}


def calendar(room: Room, rules: Rules, now: datetime, *, titles: bool, language: Language) -> bytes:
    """Write a room's bookings of today and tomorrow, and who is there now, as iCalendar (RFC 5545).

    That a booking was really used stands in its description and, for programs, in
    ``X-TOCTOC-CONFIRMED``: `STATUS` speaks of what was planned. Of presences without a booking only
    the present one is known here.

    Args:
        room: The room.
        rules: The school's rules.
        now: The time.
        titles: Whether the titles may be seen.
        language: In which language.
    """
    day = room.titled if titles else room.day
    name = day.info.name if day.info and day.info.name else day.room
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//toctoc//toctoc//EN",
        "METHOD:PUBLISH",
        f"NAME:{_escaped(name)}",
        f"X-WR-CALNAME:{_escaped(name)}",
        f"X-WR-TIMEZONE:{rules.zone}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT5M",
        "X-PUBLISHED-TTL:PT5M",
    ]
    for booking in day.bookings:
        confirmed_at = room.presence.confirmed.get(booking.id)
        lines += _booking_event(booking, day.room, name, confirmed_at, rules, now, _WORDS[language])
    lines += _presence_event(room, name, _WORDS[language])
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


def _booking_event(
    booking: DayBooking,
    key: RoomKey,
    name: str,
    confirmed_at: datetime | None,
    rules: Rules,
    now: datetime,
    words: Mapping[str, str],
) -> Iterator[str]:
    zone = ZoneInfo(rules.zone)
    yield "BEGIN:VEVENT"
    yield f"UID:{_escaped(f'{booking.id}.{key}')}"
    yield f"DTSTAMP:{_utc(max(booking.first_seen, confirmed_at or booking.first_seen))}"
    if booking.all_day:
        yield f"DTSTART;VALUE=DATE:{booking.start.astimezone(zone):%Y%m%d}"
        last = (booking.end - timedelta(microseconds=1)).astimezone(zone).date()
        yield f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}"
    else:
        yield f"DTSTART:{_utc(booking.start)}"
        yield f"DTEND:{_utc(booking.end)}"
    yield f"SUMMARY:{_escaped(booking.title or words['booking'])}"
    yield f"LOCATION:{_escaped(name)}"
    told = []
    if booking.unsure:
        told.append(words["unsure"])
    if confirmed_at is not None:
        told.append(words["confirmed"].format(at=f"{confirmed_at.astimezone(zone):%H:%M}"))
        yield f"X-TOCTOC-CONFIRMED:{_utc(confirmed_at)}"
    elif not booking.all_day and not booking.unsure and now >= booking.start:
        told.append(words["nobody"])
    if told:
        yield f"DESCRIPTION:{_escaped('. '.join(told))}"
    if booking.kind:
        yield f"CATEGORIES:{_escaped(booking.kind)}"
    yield "STATUS:CONFIRMED"
    yield "TRANSP:OPAQUE"
    yield "END:VEVENT"


def _presence_event(room: Room, name: str, words: Mapping[str, str]) -> Iterator[str]:
    last, confirmed = room.presence.last, room.presence.confirmed
    if last is None or last.until is None or last.until <= last.pressed_at:
        return
    if any(b.id in confirmed and b.start < last.until and b.end > last.pressed_at for b in room.day.bookings):
        return  # it belongs to that booking
    yield "BEGIN:VEVENT"
    yield f"UID:{_escaped(f'presence.{_utc(last.pressed_at)}.{room.day.room}')}"
    yield f"DTSTAMP:{_utc(last.pressed_at)}"
    yield f"DTSTART:{_utc(last.pressed_at)}"
    yield f"DTEND:{_utc(last.until)}"
    yield f"SUMMARY:{_escaped(words['presence'])}"
    yield f"LOCATION:{_escaped(name)}"
    yield "STATUS:CONFIRMED"
    yield "TRANSP:OPAQUE"
    yield "END:VEVENT"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Write a text as RFC 5545 wants it."""
    # Soft hyphens and the like are never seen; what else does something to a screen is told as U+FFFD.
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf" or letter in JOINERS)
    lines = [printable(line) for line in seen.splitlines()]
    return "\\n".join(re.sub(r"([\\;,])", r"\\\1", line) for line in lines)


def _folded(line: str) -> str:
    """Fold a line after 75 bytes, never inside a letter."""
    pieces, piece, size = [], "", 0
    for letter in line:
        length = len(letter.encode())
        if size + length > 75:
            pieces.append(piece)
            piece, size = " ", 1
        piece += letter
        size += length
    return "\r\n".join([*pieces, piece])
