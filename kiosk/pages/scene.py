"""One look at the model: what all panels of a picture ask about it."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from events.state import Booking
from events.status import Known, Status, day_of, day_span, status_at
from kiosk.model import Model
from kiosk.palette import THEMES, Theme, sign_of
from kiosk.picture import SignName
from kiosk.words import Language, duration, hour, near_day, say


class Scene:
    """One look at the model: what all panels ask about it.

    ``minute`` is the time that texts count from: they change when the clock does, not in between.
    """

    def __init__(self, model: Model, now: datetime, language: Language) -> None:
        self.model, self.now, self.language = model, now, language
        self.theme: Theme = THEMES["light"]
        self.best = model.time(now)
        self.minute = self.best.replace(second=0, microsecond=0)
        self.rules = model.rules_shown
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


def tidy(text: str) -> str:
    """Make one line of a title as people write them: no control characters, no loose signs.

    A blank before a double sign (``:;!?»``) must not break, as French has it.
    """
    kept = "".join(" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    kept = "".join(char for char in kept if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    kept = " ".join(kept.split())
    for sign in ":;!?»":
        kept = kept.replace(f" {sign}", f"\u00a0{sign}")
    return kept.replace("« ", "«\u00a0")
