"""One look at the model: what all panels of a picture ask about it."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from events.decide import present
from events.notices import topics_of
from events.state import Booking
from events.status import Known, Status, day_of, day_span, status_at
from events.wire import Air, Notice
from kiosk.door.model import Model
from kiosk.door.setup import Setup
from kiosk.drawing.palette import THEMES, Sign, Theme, ThemeName, sign_of
from kiosk.drawing.picture import SignName
from kiosk.hours import in_hours
from kiosk.words import Language, duration, hour, near_day, say

_HOUR = re.compile(r"(?<=\d) (?=h\b)|(?<=\dh) (?=\d\d\b)|(?<=\d h) (?=\d\d\b)")

AIR_HOLDS = timedelta(minutes=15)
"""For how long air is shown after it was measured."""


class Scene:
    """One look at the model: what all panels ask about it.

    ``minute`` is the time that texts count from: they change when the clock does, not in between. So
    do the theme, the notices that end and the air that grows old.
    """

    def __init__(self, model: Model, now: datetime, language: Language) -> None:
        self.model, self.now, self.language = model, now, language
        self.best = model.time(now)
        self.minute = self.best.replace(second=0, microsecond=0)
        self.rules = model.rules_shown
        clock = self.minute if model.time_known else None
        self.theme: Theme = THEMES[theme_at(model.setup, self.rules.zone, clock)]
        self.zone = ZoneInfo(self.rules.zone)
        self.today = day_of(self.rules, self.best)
        self.known: Known | None = model.known(now)
        self.status: Status | None = status_at(self.known, self.best) if self.known else None
        self.sign: SignName = sign_of(self.status)
        self.bookings: list[Booking] = (
            sorted(self.known.room.bookings.values(), key=lambda b: (b.start, b.end, b.id))
            if self.known
            else []
        )

    @property
    def look(self) -> Sign:
        """How the sign looks."""
        if self.sign == "booked" and self.status is not None and self.status.warning:
            return self.theme.freeing
        return self.theme.signs[self.sign]

    @property
    def somebody(self) -> bool:
        """Whether somebody is present, as far as presses say."""
        return self.known is not None and present(self.known.room.last, self.best)

    @property
    def pressable(self) -> bool:
        """Whether the button works, as far as the door knows."""
        model = self.model
        return not model.condition.stuck and not any(
            fault.what == "button" for fault in model.condition.faults
        )

    @property
    def headcount(self) -> int | None:
        """How many people are here, where somebody counted those who are here now."""
        return self.model.headcount(self.now) if self.somebody else None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the desk has to say at this door, the newest first."""
        topics = topics_of(self.model.room, self.model.info)
        return tuple(
            notice
            for notice in self.model.told.notices
            if notice.topic in topics and (notice.until is None or notice.until > self.minute)
        )

    @property
    def air(self) -> Air | None:
        """What the door's sensor measured, while that is new enough to be true."""
        measured_at = self.model.condition.air_at
        if measured_at is None or self.minute - self.model.time(measured_at) >= AIR_HOLDS:
            return None
        return self.model.condition.air

    def say(self, name: str, **places: object) -> str:
        """Tell a text in the language of this look."""
        return say(self.language, name, **places)

    def hour(self, instant: datetime) -> str:
        """Write an hour by the clocks of the school."""
        return hour(self.language, instant.astimezone(self.zone))

    def duration(self, length: timedelta) -> str:
        """Write a length of time."""
        return duration(self.language, length)

    def is_today(self, instant: datetime) -> bool:
        """Tell whether an instant is on the school's present day."""
        return day_of(self.rules, instant) == self.today

    def near_day(self, instant: datetime) -> str:
        """Write the day of an instant as people speak of it."""
        return near_day(self.language, day_of(self.rules, instant), self.today)

    def on_day(self, name: str, instant: datetime, **places: object) -> str:
        """Tell a text with an hour, and with its day where that is not today."""
        if instant == day_span(self.rules.zone, self.today)[1]:
            return self.say(name, hour=self.say("midnight"), **places)
        if self.is_today(instant):
            return self.say(name, hour=self.hour(instant), **places)
        return self.say(f"{name}-day", hour=self.hour(instant), day=self.near_day(instant), **places)

    def title(self, booking: Booking) -> str:
        """Tell a booking's title, or what stands for it."""
        day = self.model.day
        of_id = {b.id: b.title for b in day.bookings} if day else {}
        return tidy(of_id.get(booking.id) or "") or self.say("untitled")

    @property
    def running(self) -> Booking | None:
        """The booking that runs now."""
        if self.known is None or self.status is None or self.status.booking is None:
            return None
        return self.known.room.bookings[self.status.booking]


def theme_at(setup: Setup, zone: str, instant: datetime | None) -> ThemeName:
    """Tell in which theme a door is drawn.

    Args:
        setup: How the door is set up.
        zone: The school's time zone.
        instant: When; None where nobody can tell.
    """
    if setup.theme != "auto":
        return setup.theme
    return "dark" if instant is not None and in_hours(setup.dark_hours, zone, instant) else "light"


_SAYING = "\u00ad\u200c\u200d\u200e\u200f\u061c"


def tidy(text: str) -> str:
    """Make one line of a title as people write them: no control characters, no loose signs.

    A blank before a double sign (``:;!?»``) must not break, as French has it, nor one in ``13 h 45``.
    Signs that say where a word may be parted, what is joined and what is read from the right stay.
    """
    kept = "".join(
        " " if char.isspace() and char not in "\u00a0\u202f" else char
        for char in unicodedata.normalize("NFC", text)
    )
    kept = "".join(
        char for char in kept if char in _SAYING or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co")
    )
    kept = " ".join(word for word in kept.split(" ") if word)
    for sign in ":;!?»":
        kept = kept.replace(f" {sign}", ("\u202f" if sign in ";!?" else "\u00a0") + sign)
    return _HOUR.sub("\u00a0", kept.replace("« ", "«\u00a0"))
