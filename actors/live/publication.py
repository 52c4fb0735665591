"""What the school publishes, as the messages that travel: each is encoded once, for whoever follows. Pure.

Belongs to the gateway's actor: encoding a day for 500 doors is not for the loop that moves the messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from actors import messages as m
from actors.live.latest import Frame, Update
from actors.live.outgoing import day_text, fits, presence_text, reply_text
from actors.web.rooms import Room, stretch_at
from events.ids import EventId, RoomKey
from events.notices import topics_of
from events.projection import notices, room_day, room_presence
from events.state import StandingNotice
from events.status import Known, Stretch
from events.wire import RulesSet, TimetablesRead, encode

AHEAD = timedelta(minutes=1)
"""So long before the plan that clients have would be wrong they are told another."""
_ALL = datetime.min.replace(tzinfo=UTC)
"""An instant at which every notice stands."""


class Publication:
    """Knows what was published last.

    Attributes:
        seq: The position of the log up to which it was.
    """

    def __init__(self) -> None:
        self.seq = 0
        self._known: dict[RoomKey, Known] = {}
        self._frames: dict[RoomKey, Frame] = {}
        self._texts: dict[EventId, str] = {}
        self._posted: tuple[StandingNotice, ...] = ()
        # Until when the plan of each room that everybody has is right; None for always.
        self._right_until: datetime | None = None

    def take(self, message: m.Publish, now: datetime) -> Update:
        """Make of what is new what everybody is told, and what those who come later are owed.

        Args:
            message: What is new.
            now: The time, where the plans begin.
        """
        self.seq = message.seq
        self._texts.update(message.texts)
        read = encode(self._timetables_read(message.readings)) if message.readings is not None else None
        too_long = read is not None and not fits(read)
        frames = []
        for changed in message.changed:
            self._known[changed.known.room.key] = changed.known
            # Whoever comes later is owed the new ages also of a room where somebody pressed just now.
            frame = self._frame(changed.known, now, day=changed.day or read is not None)
            self._is_right_until(_wrong_from(frame.plan, frame.shown.presence.plan, now))
            frames.append((frame, changed.day or too_long))
        everyone: list[tuple[str, str]] = []
        kept: list[Frame] = []
        if message.rules is not None:
            everyone.append(("rules", encode(RulesSet(rules=message.rules))))
        if message.notices is not None:
            self._posted = message.notices
            everyone.append(("notices", encode(notices(self._posted, now, self._texts))))
        if read is not None:
            told = {frame.room for frame, _ in frames}
            others = [known for key, known in self._known.items() if key not in told]
            if too_long:
                frames += [(self._frame(known, now, day=True), True) for known in others]
            else:
                everyone.append(("timetables", read))
                for known in others:
                    self._renew(known, now, frames, kept)
        return Update(
            seq=message.seq,
            frames=tuple(frames),
            kept=tuple(kept),
            everyone=tuple(everyone),
            answers=tuple((press, encode(answer)) for press, answer in message.answers),
            replies=tuple((session, reply_text(reply)) for session, reply in message.replies),
            created=message.created,
            rules=message.rules,
            at=now,
            # Also those that ended by now: a clock that is set back lets them stand again.
            notices=notices(message.notices, _ALL, self._texts).notices
            if message.notices is not None
            else None,
            happened=message.happened,
        )

    def begin_day(self, now: datetime) -> Update:
        """Show another day's bookings, and forget the titles of those that are shown no more."""
        shown = {b.text for known in self._known.values() for b in known.room.all_bookings.values()}
        shown |= {known.room.closure.text for known in self._known.values() if known.room.closure}
        shown |= {notice.text for notice in self._posted}
        self._texts = {event: text for event, text in self._texts.items() if event in shown}
        frames = [(self._anew(known, now, day=True), True) for known in self._known.values()]
        return Update(seq=self.seq, frames=tuple(frames))

    def renewed(self, now: datetime) -> Update | None:
        """Tell new plans where those that clients have will soon be wrong; to be asked every few seconds.

        Args:
            now: The time.

        Returns:
            What is to be told; None for nothing.
        """
        if self._right_until is None or now < self._right_until - AHEAD:
            return None
        self._right_until = None
        frames: list[tuple[Frame, bool]] = []
        for key, known in self._known.items():
            frame = self._frames[key]
            wrong = _wrong_from(frame.plan, frame.shown.presence.plan, now)
            if wrong is not None and wrong <= now + AHEAD:
                frames.append((self._anew(known, now, day=False), False))
            else:
                self._is_right_until(wrong)
        return Update(seq=self.seq, frames=tuple(frames))

    def _frame(self, k: Known, now: datetime, *, day: bool) -> Frame:
        key = k.room.key
        present = room_presence(k, now)
        presence, plan = presence_text(present)
        before = self._frames.get(key)
        if before is not None and not day:
            shown = replace(before.shown, presence=present)
            frame = replace(before, presence=presence, shown=shown, touched=self.seq, plan=plan)
        else:
            plain, titled = room_day(k, now), room_day(k, now, self._texts)
            frame = Frame(
                room=key,
                # One that was moved to another wing is told to those who follow the old one, too.
                topics=topics_of(key, k.room.info) | (before.topics if before is not None else frozenset()),
                plain=day_text(plain),
                titled=day_text(titled),
                presence=presence,
                shown=Room(day=plain, titled=titled, presence=present),
                touched=self.seq,
                plan=plan,
            )
        self._frames[key] = frame
        return frame

    def _anew(self, known: Known, now: datetime, *, day: bool) -> Frame:
        """Make the messages of a room anew because time went on."""
        # One past the seq: whoever resumes from this seq was last here before.
        frame = replace(self._frame(known, now, day=day), touched=self.seq + 1)
        self._frames[frame.room] = frame
        return frame

    def _timetables_read(self, readings: Mapping[RoomKey, dict[date, datetime]]) -> TimetablesRead:
        """Keep the ages, and say them in one small message instead of one a room."""
        for key, ages in readings.items():
            known = self._known.get(key)
            if known is not None:
                self._known[key] = replace(known, readings=ages)
        counted: dict[tuple[tuple[date, datetime], ...], int] = {}
        for ages in readings.values():
            form = tuple(sorted(ages.items()))
            counted[form] = counted.get(form, 0) + 1
        most = dict(max(counted.items(), key=lambda item: item[1])[0]) if counted else {}
        others = {key: ages for key, ages in sorted(readings.items()) if ages != most}
        return TimetablesRead(readings=most, others=others)

    def _renew(
        self, known: Known, now: datetime, frames: list[tuple[Frame, bool]], kept: list[Frame]
    ) -> None:
        """Make the messages of a room anew whose timetable was read again.

        Nobody needs to be told (`TimetablesRead` says it), unless the plan that they have is wrong by
        now, or soon: it says from when on the timetable would be too old.
        """
        before = self._frames[known.room.key]
        frame = self._frame(known, now, day=True)
        wrong = _wrong_from(before.plan, frame.shown.presence.plan, now)
        if wrong is not None and wrong <= now + AHEAD:
            frames.append((frame, False))
            return
        self._is_right_until(wrong)
        # Whoever comes later has the same plan as those who are here: it is told anew to all at once.
        frame = replace(frame, touched=before.touched, presence=before.presence, plan=before.plan)
        self._frames[frame.room] = frame
        kept.append(frame)

    def _is_right_until(self, wrong: datetime | None) -> None:
        if wrong is not None:
            self._right_until = min(wrong, self._right_until or wrong)


def _wrong_from(told: Sequence[Stretch], right: Sequence[Stretch], now: datetime) -> datetime | None:
    """Find the first instant, now or later, at which two plans tell different statuses."""
    if told is right:
        return None
    edges = {edge for plan in (told, right) for s in plan for edge in (s.start, s.until) if edge is not None}
    for instant in (now, *sorted(edge for edge in edges if edge > now)):
        one, other = stretch_at(told, instant), stretch_at(right, instant)
        if (one and one.status) != (other and other.status):
            return instant
    return None
