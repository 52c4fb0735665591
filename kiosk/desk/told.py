"""Every event as one line for people. Pure.

An event holds no title and no name: what the desk reads here is what the log may be shown to anybody as.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from events import domain as e
from events.ids import KioskId, RoomKey
from kiosk.desk.words import doors_of, hour, people, until

BY: dict[e.By, str] = {
    "button": "",
    "touch": ", on the door's screen",
    "phone": ", on a phone",
    "desk": ", at the desk",
    "device": ", on a small device",
}
_EFFECT: dict[e.Effect, str] = {
    "walk-in": "somebody came, without a booking",
    "check-in": "somebody came for the booking",
    "renewed": "somebody is still here",
    "left": "they left",
    "none": "a press that changes nothing",
    "superseded": "an older press came late and changes nothing",
}
_CORRECTION: dict[e.Correction, str] = {
    "present": "somebody was there although nobody pressed",
    "door-broken": "the door could not be believed",
    "note": "a remark",
    "withdrawn": "an annotation is taken back",
}


class Teller:
    """Writes events for people.

    Args:
        zone: The school's.
        names: What people call the rooms.
    """

    def __init__(self, zone: ZoneInfo, names: Mapping[RoomKey, str]) -> None:
        self._zone = zone
        self._names = names

    def tell(self, event: e.AnyEvent, seq: int, at: datetime) -> str:
        """Write an event as one line, with the room it is about at its beginning.

        Args:
            event: What happened.
            seq: Its position in the log, which is a notice's number.
            at: When it happened; hours of another day are told with their date.
        """
        if isinstance(
            event, e.BookingAdded | e.BookingChanged | e.BookingRemoved | e.RoomDeclared | e.RoomRetired
        ):
            return f"{self._room(event.room)}: {self._timetable(event, at)}"
        room: RoomKey | None = getattr(event, "room", None)
        if room is not None:
            return f"{self._room(room)}: {self._in_room(event, at)}"
        return self._school(event, seq, at)

    def hour(self, instant: datetime, at: datetime) -> str:
        """Write an instant as people read it at another one: with its date only where that is another."""
        return hour(instant, at, self._zone)

    def _room(self, key: RoomKey) -> str:
        name = self._names.get(key, key)
        return name if name == key else f"{name} ({key})"

    def _span(self, start: datetime, end: datetime, at: datetime) -> str:
        return f"{self.hour(start, at)}–{self.hour(end, start)}"  # noqa: RUF001  # a span

    def _until(self, end: datetime | None, at: datetime, *, comma: bool = False) -> str:
        told = until(end, at, self._zone)
        return f",{told}" if comma and told else told

    def _timetable(
        self,
        event: e.BookingAdded | e.BookingChanged | e.BookingRemoved | e.RoomDeclared | e.RoomRetired,
        at: datetime,
    ) -> str:
        match event:
            case e.BookingAdded():
                kind = f", {event.kind}" if event.kind else ""
                unsure = ", hours unsure" if event.unsure else ", all day" if event.all_day else ""
                came = f", moved from {self._room(event.moved_from)}" if event.moved_from else ""
                return f"booked {self._span(event.start, event.end, at)}{kind}{unsure}{came} ({event.source})"
            case e.BookingChanged():
                was = self._span(event.was.start, event.was.end, at)
                now = self._span(event.start, event.end, at)
                return f"the booking of {was} " + (f"is now {now}" if was != now else "has another title")
            case e.BookingRemoved():
                where = f"moved to {self._room(event.moved_to)}" if event.moved_to else "is gone"
                return f"a booking {where} ({event.booking})"
            case e.RoomDeclared(info=info):
                seats = f", {info.seats} seats" if info.seats else ""
                return f"the room is declared{f' as {info.type}' if info.type else ''}{seats}"
            case e.RoomRetired():
                return "the room is no longer used"

    def _in_room(self, event: e.AnyEvent, at: datetime) -> str:
        match event:
            case e.PresencePressed(effect=effect, until=until, press=press):
                return f"{_EFFECT[effect]}{self._until(until, at, comma=True)}{BY[press.by]}"
            case e.HeadcountChanged(count=count, by=by):
                where = BY[by] or ", at the door"
                return f"{people(count)}{where}"
            case e.MotionSeen(effect=effect, until=until):
                what = "" if effect == "none" else f": {_EFFECT[effect]}{self._until(until, at, comma=True)}"
                return f"somebody moved{what}"
            case e.AirMeasured():
                return f"air {_air(event)}"
            case e.RoomClosed(until=until, operator=operator):
                return f"out of order{self._until(until, at)}{_who(operator)}"
            case e.RoomReopened(operator=operator):
                return f"back in order{_who(operator)}"
            case e.KioskJoined(kiosk=kiosk, watching_since=since):
                return f"its door {_short(kiosk)} watches since {self.hour(since, at)}"
            case e.KioskLeft(kiosk=kiosk):
                return f"its door {_short(kiosk)} is gone"
            case e.ButtonStuck(kiosk=kiosk):
                return f"the button of door {_short(kiosk)} is stuck"
            case e.ButtonFreed(kiosk=kiosk):
                return f"the button of door {_short(kiosk)} is free again"
            case e.RoomAnnotated(what=what, start=start, end=end):
                return f"annotated for {self._span(start, end, at)}: {_CORRECTION[what]}"
            case _:
                return f"something this console does not know: {type(event).__name__}"

    def _school(self, event: e.AnyEvent, seq: int, at: datetime) -> str:
        match event:
            case e.LogCreated(school=school):
                return f"the log of {school} begins"
            case e.SchoolRenamed(name=name):
                return f"the school is called {name} from now on"
            case e.ServerStarted(version=version, alive_until=alive):
                before = f"; the run before lived until {self.hour(alive, at)}" if alive else ""
                return f"the server started (toctoc {version}){before}"
            case e.ServerStopped():
                return "the server stopped"
            case e.PolicySet():
                return "the school's rules are set"
            case e.TimetableRead(sources=sources):
                return "timetables read: " + "; ".join(_read(source) for source in sources)
            case e.ReadingAccepted(source=source, operator=operator):
                return f"the suspect reading of {source} is believed{_who(operator)}"
            case e.ReadingRefused(source=source, operator=operator):
                return f"the suspect reading of {source} is refused{_who(operator)}"
            case e.NoticePosted(topic=topic, until=until, operator=operator):
                return f"notice {seq} on {doors_of(topic)}{self._until(until, at)}{_who(operator)}"
            case e.NoticeWithdrawn(notice=notice, operator=operator):
                return f"notice {notice} is withdrawn{_who(operator)}"
            case e.DoorPaired(hangs_at=room, kiosk=kiosk, name=name, operator=operator):
                called = f" ({name})" if name else ""
                return f"door {_short(kiosk)}{called} is paired with {self._room(room)}{_who(operator)}"
            case e.DoorRevoked(kiosk=kiosk, operator=operator):
                return f"the key of door {_short(kiosk)} is revoked{_who(operator)}"
            case e.AccessGranted(access=access, role=role, speaks_for=room):
                where = f" for {self._room(room)}" if room else ""
                return f"access {access} is granted to {'an' if role == 'operator' else 'a'} {role}{where}"
            case e.AccessRevoked(access=access):
                return f"access {access} is revoked"
            case _:
                return f"something this console does not know: {type(event).__name__}"


def _who(operator: int) -> str:
    return f", by operator {operator}" if operator else ""


def _short(kiosk: KioskId) -> str:
    return kiosk[:8]


def _air(event: e.AirMeasured) -> str:
    parts = [
        f"{event.temperature:.1f} °C" if event.temperature is not None else "",
        f"{event.humidity:.0f} %" if event.humidity is not None else "",
        f"{event.co2} ppm CO₂" if event.co2 is not None else "",
    ]
    return ", ".join(filter(None, parts)) or "not measured"


def _read(source: e.SourceRead) -> str:
    because = f": {source.reason}" if source.reason else ""
    held = f", {source.bookings} bookings" if source.outcome in ("changed", "unchanged") else ""
    return f"{source.source} {source.outcome}{held}{because}"
