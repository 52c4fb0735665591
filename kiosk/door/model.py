"""All that a door knows, and what follows from it.

Instants that it gives back for showing are in best time, those for sleeping (`Model.next_change`)
are the door's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec import Struct

from events.domain import RoomInfo
from events.ids import RoomKey
from events.projection import restore
from events.state import Rules
from events.status import Known, Stretch, headcount_at, stretch_at
from events.wire import RoomDay
from kiosk.door.condition import Condition
from kiosk.door.effect import foreseen
from kiosk.door.hearing import OTHERS, Hearing
from kiosk.door.presses import Presses
from kiosk.door.setup import Setup
from kiosk.door.told import Told
from kiosk.door.visit import Visit
from kiosk.hours import in_hours, next_turn
from kiosk.search import EVERY


class Model(Struct, frozen=True, kw_only=True):
    """Everything a door knows.

    Attributes:
        room: The room at whose door this hangs; empty for a door that was never paired.
        hearing: How well the server is heard, and with it what time it is.
        setup: How this door is set up.
        told: What the server told.
        presses: What was pressed, and how it is answered.
        visit: What the screen shows to whom.
        condition: How the door itself is.
        today: The school's local day at the last update.
    """

    room: RoomKey
    hearing: Hearing
    setup: Setup = Setup()
    told: Told = Told()
    presses: Presses = Presses()
    visit: Visit = Visit()
    condition: Condition = Condition()
    today: date | None = None

    @property
    def paired(self) -> bool:
        """Whether it is known at which room this hangs, and the server knows it, too."""
        return self.room != "" and self.hearing.pairing is None

    @property
    def day(self) -> RoomDay | None:
        """The own room's day, None when the server has not told it."""
        return self.told.days.get(self.room)

    @property
    def info(self) -> RoomInfo | None:
        """What the own room is, also while the time is not known."""
        return self.day.info if self.day is not None else None

    @property
    def rules_shown(self) -> Rules:
        """The school's rules, or until they are known none but the time zone."""
        return self.told.rules_shown

    @property
    def time_known(self) -> bool:
        """Whether the time can be told: else nothing that depends on it is."""
        return self.hearing.clock_known

    @property
    def next_language(self) -> str:
        """The language after the one that is spoken, round and round."""
        known, spoken = self.setup.languages, self.visit.language
        return known[(known.index(spoken) + 1) % len(known)] if spoken in known else known[0]

    def time(self, now: datetime) -> datetime:
        """Tell the best time there is: the server's clock, as far as it is known."""
        return self.hearing.time(now)

    # -- the room -------------------------------------------------------------------------------

    def known(self, now: datetime) -> Known | None:
        """Tell what is known of the own room, presses without acknowledgement included.

        What they do is decided here as the server will, so that a door that is cut off shows the
        effect of its own button.

        Returns:
            None while the server has not told of the room, or nobody can tell what time it is.
        """
        day, rules = self.day, self.told.rules
        if day is None or rules is None or not self.time_known:
            return None
        k = restore(day, self.told.presences.get(self.room), rules)
        presses = ((noted, self.time(noted.pressed_at)) for noted in self.presses.unconfirmed)
        return foreseen(k, presses, self.time(now))

    def status(self, now: datetime) -> Stretch | None:
        """Tell the own room's status and until when it stays so, in best time.

        Returns:
            None while nothing is known of the room, or not what time it is: its status is unknown.
        """
        k = self.known(now)
        return None if k is None else stretch_at(k, self.time(now))

    def headcount(self, now: datetime) -> int | None:
        """Tell how many people are here, where somebody counted them."""
        if self.visit.counted is not None:
            return self.visit.counted[0]
        k = self.known(now)
        return None if k is None else headcount_at(k, self.time(now))

    def read_at(self, now: datetime) -> datetime | None:
        """Tell when today's timetable was last believed, in best time; None when it never was."""
        return self.told.read_at(self.room, self.time(now))

    def stale(self, now: datetime) -> bool:
        """Tell whether today's timetable was read too long ago to be shown without a word."""
        read_at = self.read_at(now)
        return read_at is not None and self.time(now) - read_at > self.told.stale_after

    def code(self, now: datetime) -> str | None:
        """Tell the code that shows that one stands at this door; None where none holds now."""
        return self.told.code(self.time(now)) if self.time_known else None

    # -- the screen -----------------------------------------------------------------------------

    def is_night(self, now: datetime) -> bool:
        """Tell whether the screen may rest by the school's clocks, as far as they are known."""
        hours = self.setup.night_hours
        return self.time_known and in_hours(hours, self.rules_shown.zone, self.time(now))

    def resting(self, now: datetime) -> bool:
        """Tell whether the screen rests: it is night, and nobody is at the door."""
        return self.presses.feedback is None and self.is_night(now) and not self.visit.lately(now)

    def takes_touch(self, now: datetime) -> bool:
        """Tell whether what a touch means is done; one that wakes the screen means nothing else."""
        return not self.resting(now) and not self.visit.settling(now)

    def next_change(self, now: datetime) -> datetime:
        """Tell when the picture changes by time alone, by the door's clock; later than ``now``."""
        own = (self.hearing.silent_at, *self.presses.turns(now), *self.visit.turns(), *self._found_turns())
        told = (instant - self.hearing.offset for instant in self._best_turns(now))
        return min(instant for instant in (*own, *told) if instant > now)

    def _found_turns(self) -> Iterator[datetime]:
        """Give when what was found grows old, by the door's clock."""
        search, heard_at = self.visit.search, self.hearing.heard_at
        if self.visit.page == "find" and heard_at is not None:
            yield heard_at + OTHERS
        if search is not None and search.outdated:
            yield search.at + EVERY - self.hearing.offset

    def _best_turns(self, now: datetime) -> Iterator[datetime]:
        """Give when what is known turns into something else, in best time."""
        best = self.time(now)
        yield next_minute(best)
        stretch = self.status(now)
        if stretch is not None and stretch.until is not None:
            yield stretch.until
        read_at = self.read_at(now)
        if read_at is not None:
            yield read_at + self.told.stale_after + timedelta(microseconds=1)
        yield from self.told.turns()
        turn = next_turn(self.setup.night_hours, self.rules_shown.zone, best)
        if turn is not None:
            yield turn


_PLAIN = Setup()


def begun(room: RoomKey, since: datetime, setup: Setup = _PLAIN, *, clock_known: bool = True) -> Model:
    """Make what a door knows that was never told anything.

    Args:
        room: The room at whose door it hangs; empty for one that was never paired.
        since: When the program started, by the door's wall clock.
        setup: How the door is set up.
        clock_known: Whether that clock can be believed.
    """
    return Model(
        room=room,
        setup=setup,
        hearing=Hearing(since=since, clock_known=clock_known),
        visit=Visit(language=setup.languages[0]),
    )


def next_minute(instant: datetime) -> datetime:
    """Tell when the minute of an instant ends."""
    return instant.replace(second=0, microsecond=0) + timedelta(minutes=1)
