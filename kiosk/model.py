"""What a door knows: a value that each input turns into the next one.

Wherever a ``now`` is asked for it is the door's own wall clock, timezone-aware; `Model.time` makes
of it the best time there is, the server's. Instants that the model gives back for showing are in
that best time, those for sleeping (`Model.next_change`) are the door's own again.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from events.decide import decide
from events.domain import Effect, Intent, PresencePressed, Press, Recorded
from events.ids import EventId, KioskId, RoomKey, room_stream
from events.projection import restore
from events.search import Answer
from events.state import RoomState, Rules, fold
from events.status import Known, Stretch, day_of, day_span, stretch_at
from events.wire import (
    HEARTBEAT,
    Air,
    Challenge,
    Code,
    Heartbeat,
    Notice,
    Notices,
    Pressed,
    Refused,
    RoomDay,
    RoomPresence,
    RulesSet,
    ServerMessage,
    SnapshotBegin,
    SnapshotEnd,
    TimetablesRead,
    Welcome,
)
from kiosk.debounce import HOLD
from kiosk.inbox import (
    AirFelt,
    ClockStepped,
    Edge,
    FaultFound,
    Gesture,
    Input,
    Kept,
    LinkChanged,
    MotionFelt,
    Noted,
    Page,
    Quit,
    Received,
    SavePicture,
    Speak,
    StuckChanged,
    Tapped,
    Touched,
)

SILENCE = timedelta(seconds=3 * HEARTBEAT)
"""A server not heard for so long is told loudly."""
FEEDBACK = timedelta(seconds=6)
"""How long the answer to a press stays on the screen."""
HOLD_STEPS = 30
"""In how many steps the ring fills while the button is held."""
KEEP_PENDING = 200
"""Presses without acknowledgement that the model remembers; older ones no longer matter for presence."""
KEEP_ANSWERED = 20
"""Acknowledged presses that may wait for the presence that contains them."""

_FINAL: frozenset[Code] = frozenset({"bad-message", "not-allowed", "unknown-room"})
"""Refusals after which a press will never be recorded."""

Told = Literal["touched", "sending", "noted", "kept", "recorded", "refused"]
Link = Literal["starting", "up", "down", "refused"]


class Setup(Struct, frozen=True, kw_only=True):
    """How this door is set up, as `kiosk.toml` says.

    Attributes:
        languages: The languages it can show, by code; the first is shown first and comes back.
        theme: ``auto`` is light by day and dark in ``dark_hours``.
        dark_hours: ``HH:MM-HH:MM`` by the school's clocks; empty for never.
        night_hours: When the screen rests, likewise.
        night: How: a dim clock, or nothing at all.
        touch: Whether the display can be touched.
        rises: To which side of this door the room numbers grow, as seen by who stands before it;
            empty where nobody said.
    """

    languages: tuple[str, ...] = ("fr", "en")
    theme: Literal["auto", "light", "dark", "mono"] = "auto"
    dark_hours: str = "19:00-07:00"
    night_hours: str = ""
    night: Literal["dim", "blank"] = "dim"
    touch: bool = True
    rises: Literal["", "left", "right"] = ""


class Search(Struct, frozen=True, kw_only=True):
    """What somebody asks for on the page that finds rooms.

    Attributes:
        answer: What the search found in what the door knows, its wish included.
        at: When, in best time.
    """

    answer: Answer
    at: datetime


class Feedback(Struct, frozen=True, kw_only=True):
    """What the screen answers to the person at the button.

    Attributes:
        told: ``touched`` while the contact is closed, ``sending`` until the press is on disk,
            ``noted`` once it is, or ``kept`` where the link is down; then the server's word.
        intent: What the person meant, once that is clear.
        since: When it was first shown.
        until: When it goes away.
        press: The press it is about.
        effect: What the press did, once recorded.
        present_until: Until when somebody is present, in best time, once recorded.
        code: Why it was refused.
    """

    told: Told
    since: datetime
    until: datetime
    intent: Intent | None = None
    press: EventId | None = None
    effect: Effect | None = None
    present_until: datetime | None = None
    code: Code | None = None


class Model(Struct, frozen=True, kw_only=True):
    """Everything a door knows.

    Attributes:
        room: The room at whose door this hangs.
        since: When the program started.
        zone: Time zone to show until the server has told the school's.
        school: Name of the school.
        rules: What the school has decided; None until the server told.
        epoch: With ``seq``: position of the server's log that is contained here.
        days: The days of all rooms received; only the own one with titles.
        presences: Who is where, likewise.
        named: The rooms named so far by the whole snapshot that is coming in; None when none is.
        link: The connection to the server.
        link_since: Since when it has been so.
        link_why: Why it went down.
        heard_at: When anything last came from the server.
        offset: The server's clock minus the door's.
        pending: Presses on the door's disk without acknowledgement, oldest first.
        answered: Acknowledged presses with their position in the log, until the room's presence
            that contains them comes: the picture must not fall back in between.
        feedback: What is answered to the person at the button.
        held_since: Since when the contact has been closed without having counted as a gesture.
        stuck: The button is stuck.
        faults: What else is wrong with the door.
        today: The school's local day at the last update.
        setup: How this door is set up.
        language: In which language it speaks now.
        page: What the screen shows.
        page_since: Since when.
        touched_at: When the screen was last touched, or the button pressed.
        search: What was last asked for on the page that finds rooms.
        notices: What the desk put on doors, the newest first; not only on this one.
        board: Address of the school's board; empty where there is none.
        air: What the door's own sensor last measured.
        air_at: When.
    """

    room: RoomKey
    since: datetime
    zone: str = "Europe/Paris"
    school: str = ""
    rules: Rules | None = None
    epoch: int | None = None
    seq: int = 0
    days: dict[RoomKey, RoomDay] = {}
    presences: dict[RoomKey, RoomPresence] = {}
    named: frozenset[RoomKey] | None = None
    link: Link = "starting"
    link_since: datetime | None = None
    link_why: str = ""
    heard_at: datetime | None = None
    offset: timedelta = timedelta(0)
    pending: tuple[Noted, ...] = ()
    answered: tuple[tuple[Noted, int], ...] = ()
    feedback: Feedback | None = None
    held_since: datetime | None = None
    stuck: bool = False
    faults: tuple[FaultFound, ...] = ()
    today: date | None = None
    setup: Setup = Setup()
    language: str = "fr"
    page: Page = "sign"
    page_since: datetime | None = None
    touched_at: datetime | None = None
    search: Search | None = None
    notices: tuple[Notice, ...] = ()
    board: str = ""
    air: Air | None = None
    air_at: datetime | None = None

    @property
    def day(self) -> RoomDay | None:
        """The own room's day, None when the server has not told it."""
        return self.days.get(self.room)

    @property
    def stale_after(self) -> timedelta:
        """How old a timetable may be before its age is told loudly."""
        return timedelta(minutes=self.rules_shown.policy.stale_after)

    @property
    def next_language(self) -> str:
        """The language after the one that is spoken, round and round."""
        known = self.setup.languages
        return known[(known.index(self.language) + 1) % len(known)] if self.language in known else known[0]

    @property
    def rules_shown(self) -> Rules:
        """The school's rules, or until they are known none but the time zone."""
        return self.rules if self.rules is not None else Rules(zone=self.zone)

    def time(self, now: datetime) -> datetime:
        """Tell the best time there is: the server's clock, as far as it is known."""
        return now + self.offset

    def known(self, now: datetime) -> Known | None:
        """Tell what is known of the own room, presses without acknowledgement included.

        What they do is decided here as the server will, so that a door that is cut off shows the
        effect of its own button.

        Returns:
            None while the server has not told of the room.
        """
        day = self.day
        if day is None or self.rules is None:
            return None
        k = restore(day, self.presences.get(self.room), self.rules)
        room = k.room
        for noted in (*(noted for noted, _seq in self.answered), *self.pending):
            pressed_at = self.time(noted.pressed_at)
            if pressed_at > self.time(now) or (room.last is not None and room.last.press == noted.press):
                continue
            room = _pressed(room, noted, pressed_at, self.rules)
        return replace(k, room=room)

    def status(self, now: datetime) -> Stretch | None:
        """Tell the own room's status and until when it stays so, in best time.

        Returns:
            None while the server has not told of the room: its status is unknown.
        """
        k = self.known(now)
        return None if k is None else stretch_at(k, self.time(now))

    def connected(self, now: datetime) -> bool:
        """Tell whether the server is there: the link is up, and it was heard lately."""
        return self.link == "up" and self.heard_at is not None and now - self.heard_at < SILENCE

    def cut_off_since(self, now: datetime) -> datetime | None:
        """Tell since when the server has been silent, in best time, where that is worth telling."""
        last = self.heard_at or self.since
        if self.link == "refused":
            return self.time(self.link_since or last)
        return self.time(last) if now - last >= SILENCE else None

    def read_at(self, now: datetime) -> datetime | None:
        """Tell when today's timetable was last believed, in best time; None when it never was."""
        day = self.day
        if day is None or self.rules is None:
            return None
        return day.readings.get(day_of(self.rules, self.time(now)))

    def stale(self, now: datetime) -> bool:
        """Tell whether today's timetable was read too long ago to be shown without a word."""
        read_at = self.read_at(now)
        return read_at is not None and self.time(now) - read_at > self.stale_after

    def held(self, now: datetime) -> float:
        """Tell which share of the hold that means ``leaving`` is done, 0 to 1, in even steps."""
        if self.held_since is None:
            return 0.0
        share = (now - self.held_since) / timedelta(seconds=HOLD)
        return min(HOLD_STEPS, max(0, int(share * HOLD_STEPS))) / HOLD_STEPS

    def next_change(self, now: datetime) -> datetime:
        """Tell when the picture changes by time alone, by the door's clock; later than ``now``."""
        best = self.time(now)
        instants = [_next_minute(best) - self.offset]
        stretch = self.status(now)
        if stretch is not None and stretch.until is not None:
            instants.append(stretch.until - self.offset)
        if self.feedback is not None:
            instants.append(self.feedback.until)
        if self.held_since is not None:
            done = int((now - self.held_since) / timedelta(seconds=HOLD) * HOLD_STEPS)
            if done < HOLD_STEPS:
                instants.append(self.held_since + timedelta(seconds=HOLD) * (done + 1) / HOLD_STEPS)
        instants.append((self.heard_at or self.since) + SILENCE)
        read_at = self.read_at(now)
        if read_at is not None:
            instants.append(read_at + self.stale_after + timedelta(microseconds=1) - self.offset)
        return min(instant for instant in instants if instant > now)


def update(model: Model, item: Input, now: datetime) -> Model:
    """Take an input.

    Args:
        model: What is known.
        item: What came out of the inbox.
        now: The door's wall clock.

    Returns:
        What is known then.
    """
    model = passed(model, now)
    match item:
        case Received(message=message, at=at):
            return _received(model, message, at, now)
        case Touched():
            feedback = Feedback(told="touched", since=now, until=now + timedelta(seconds=HOLD) + FEEDBACK)
            return replace(model, held_since=now, feedback=feedback)
        case Gesture(intent=intent):
            return replace(
                model,
                held_since=None,
                feedback=Feedback(told="sending", intent=intent, since=now, until=now + FEEDBACK),
            )
        case Noted():
            return _noted(model, item, now)
        case Kept(presses=presses):
            known = {noted.press for noted in model.pending}
            added = tuple(noted for noted in presses if noted.press not in known)
            return replace(model, pending=(added + model.pending)[-KEEP_PENDING:])
        case LinkChanged(state=state, at=at, why=why):
            # The rest of a snapshot never comes over another connection.
            return replace(model, link=state, link_since=at, link_why=why, named=None)
        case StuckChanged(stuck=stuck):
            return replace(model, stuck=stuck, held_since=None)
        case FaultFound(what=what, gone=gone):
            others = tuple(fault for fault in model.faults if fault.what != what)
            return replace(model, faults=others if gone else (*others, item))
        case AirFelt(air=air):
            return replace(model, air=air, air_at=now)
        case ClockStepped(by=by):
            return _stepped(model, timedelta(seconds=by))
        case Tapped(action=Speak(language=language)):
            return replace(model, language=language)
        case Edge() | MotionFelt() | SavePicture() | Quit() | Tapped():
            return model


def passed(model: Model, now: datetime) -> Model:
    """Let time pass: forget an answer that was shown long enough, and at midnight past titles.

    Args:
        model: What is known.
        now: The door's wall clock.
    """
    if model.feedback is not None and now >= model.feedback.until:
        model = replace(model, feedback=None)
    today = day_of(model.rules_shown, model.time(now))
    if today == model.today:
        return model
    model = replace(model, today=today)
    if model.day is None:
        return model
    day = _without_past_titles(model, model.day)
    return model if day == model.day else replace(model, days={**model.days, model.room: day})


def _stepped(model: Model, by: timedelta) -> Model:
    """Move every instant on the door's own clock along with that clock; best time stays as it was."""

    def moved(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant + by

    feedback = model.feedback
    if feedback is not None:
        feedback = replace(feedback, since=feedback.since + by, until=feedback.until + by)
    return replace(
        model,
        since=model.since + by,
        link_since=moved(model.link_since),
        heard_at=moved(model.heard_at),
        held_since=moved(model.held_since),
        page_since=moved(model.page_since),
        touched_at=moved(model.touched_at),
        air_at=moved(model.air_at),
        # A clock that no server has corrected yet is now right, and was wrong before.
        offset=model.offset - by if model.heard_at is not None else model.offset,
        feedback=feedback,
        pending=tuple(replace(noted, pressed_at=noted.pressed_at + by) for noted in model.pending),
        answered=tuple(
            (replace(noted, pressed_at=noted.pressed_at + by), seq) for noted, seq in model.answered
        ),
    )


def _received(model: Model, message: ServerMessage, at: datetime, now: datetime) -> Model:
    if isinstance(message, Challenge):
        return model
    model = replace(model, heard_at=at)
    match message:
        case Welcome(school=school, rules=rules, server_time=server_time, board=board):
            offset = server_time - at
            return replace(model, school=school, rules=rules, offset=offset, link="up", board=board)
        case Notices(notices=notices):
            return replace(model, notices=notices)
        case Heartbeat(server_time=server_time, seq=seq):
            return replace(model, offset=server_time - at, seq=max(seq, model.seq))
        case RulesSet(rules=rules):
            return replace(model, rules=rules)
        case SnapshotBegin(epoch=epoch, seq=seq, whole=whole):
            return replace(model, epoch=epoch, seq=seq, named=frozenset() if whole else None)
        case RoomDay():
            return _day_received(model, message)
        case RoomPresence():
            return _presence_received(model, message)
        case SnapshotEnd(seq=seq):
            return _snapshot_ended(model, seq)
        case TimetablesRead():
            return _read_again(model, message)
        case Pressed():
            return _acknowledged(model, message, now)
        case Refused(ref=str(ref)):
            return _refused(model, message, EventId(ref), now)
        case _:
            return model


def _read_again(model: Model, message: TimetablesRead) -> Model:
    """Take the new ages; nothing else of the days has changed."""
    days = {
        room: replace(day, readings=message.others.get(room, message.readings))
        for room, day in model.days.items()
    }
    return replace(model, days=days)


def _day_received(model: Model, message: RoomDay) -> Model:
    model = replace(_named(model, message.room), seq=max(message.seq, model.seq))
    if message.room == model.room:
        message = _without_past_titles(model, message)
    elif message.retired:
        days = {room: day for room, day in model.days.items() if room != message.room}
        presences = {room: there for room, there in model.presences.items() if room != message.room}
        return replace(model, days=days, presences=presences)
    else:
        closure = replace(message.closure, reason=None) if message.closure else None
        bookings = tuple(replace(b, title=None) if b.title is not None else b for b in message.bookings)
        message = replace(message, bookings=bookings, closure=closure)
    return replace(model, days={**model.days, message.room: message})


def _presence_received(model: Model, message: RoomPresence) -> Model:
    model = replace(
        _named(model, message.room),
        presences={**model.presences, message.room: message},
        seq=max(message.seq, model.seq),
    )
    if message.room == model.room and model.answered:
        later = tuple((noted, seq) for noted, seq in model.answered if seq > message.seq)
        return replace(model, answered=later)
    return model


def _without_past_titles(model: Model, day: RoomDay) -> RoomDay:
    if model.today is None:
        return day
    midnight = day_span(model.rules_shown.zone, model.today)[0]
    if not any(b.title is not None and b.end <= midnight for b in day.bookings):
        return day
    bookings = tuple(replace(b, title=None) if b.end <= midnight else b for b in day.bookings)
    return replace(day, bookings=bookings)


def _named(model: Model, room: RoomKey) -> Model:
    return model if model.named is None else replace(model, named=model.named | {room})


def _snapshot_ended(model: Model, seq: int) -> Model:
    model = replace(model, seq=max(seq, model.seq))
    named = model.named
    if named is None:
        return model
    return replace(
        model,
        named=None,
        days={room: day for room, day in model.days.items() if room in named},
        presences={room: presence for room, presence in model.presences.items() if room in named},
    )


def _noted(model: Model, noted: Noted, now: datetime) -> Model:
    told: Told = "noted" if model.connected(now) else "kept"
    feedback = Feedback(told=told, intent=noted.intent, press=noted.press, since=now, until=now + FEEDBACK)
    pending = (*(known for known in model.pending if known.press != noted.press), noted)
    return replace(model, pending=pending[-KEEP_PENDING:], feedback=feedback)


def _acknowledged(model: Model, answer: Pressed, now: datetime) -> Model:
    noted = next((known for known in model.pending if known.press == answer.ref), None)
    if noted is None:
        # The same answer to another delivery: it was told already.
        return model
    pending = tuple(known for known in model.pending if known.press != answer.ref)
    answered = model.answered
    presence = model.presences.get(model.room)
    if presence is None or presence.seq < answer.seq:
        answered = (*answered, (noted, answer.seq))[-KEEP_ANSWERED:]
    feedback = model.feedback
    if _still_cares(model, noted, now):
        feedback = Feedback(
            told="recorded",
            intent=noted.intent,
            press=noted.press,
            effect=answer.effect,
            present_until=answer.until,
            since=now,
            until=now + FEEDBACK,
        )
    return replace(model, pending=pending, answered=answered, feedback=feedback)


def _refused(model: Model, answer: Refused, press: EventId, now: datetime) -> Model:
    noted = next((known for known in model.pending if known.press == press), None)
    if noted is None:
        return model
    pending = model.pending
    if answer.code in _FINAL:
        pending = tuple(known for known in pending if known.press != press)
    feedback = model.feedback
    if _still_cares(model, noted, now):
        feedback = Feedback(
            told="refused",
            intent=noted.intent,
            press=press,
            code=answer.code,
            since=now,
            until=now + FEEDBACK,
        )
    return replace(model, pending=pending, feedback=feedback)


def _still_cares(model: Model, noted: Noted, now: datetime) -> bool:
    """Whether who pressed may still stand there, and nobody has pressed since."""
    if model.feedback is not None:
        return model.feedback.press == noted.press
    return model.pending[-1].press == noted.press and now - noted.pressed_at < 3 * FEEDBACK


def _pressed(room: RoomState, noted: Noted, pressed_at: datetime, rules: Rules) -> RoomState:
    press = Press(
        kiosk=KioskId(""),
        outbox="",
        n=0,
        room=room.key,
        intent=noted.intent,
        minutes=noted.minutes,
        boot_id="",
        boottime=0,
        wall=pressed_at,
    )
    decision = decide(room, press, name=noted.press, pressed_at=pressed_at, policy=rules.policy)
    event = PresencePressed(
        room=room.key,
        press=press,
        signature="",
        pressed_at=pressed_at,
        earliest=pressed_at,
        received_at=pressed_at,
        effect=decision.effect,
        until=decision.until,
        confirms=decision.confirms,
    )
    recorded = Recorded(
        seq=room.seq,
        id=noted.press,
        stream=room_stream(room.key),
        version=room.version,
        at=pressed_at,
        recorded_at=pressed_at,
        event=event,
    )
    return fold(room, recorded)


def _next_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0) + timedelta(minutes=1)
