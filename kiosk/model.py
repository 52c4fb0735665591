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

from events.decide import Decision, decide
from events.domain import Effect, Intent, PresencePressed, Press, Recorded, RoomInfo
from events.ids import EventId, KioskId, RoomKey, room_stream
from events.projection import restore
from events.search import Wish
from events.state import RoomState, Rules, fold
from events.status import Known, Stretch, day_of, day_span, headcount_at, stretch_at
from events.wire import (
    HEARTBEAT,
    Air,
    Challenge,
    Code,
    DoorCode,
    DoorCodes,
    Heartbeat,
    Notice,
    Notices,
    Paired,
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
from kiosk.hardware.debounce import HOLD
from kiosk.hours import in_hours, next_turn
from kiosk.inbox import (
    Action,
    AirFelt,
    Ask,
    ClockStepped,
    Count,
    Edge,
    FaultFound,
    Gesture,
    Input,
    Kept,
    Leave,
    LinkChanged,
    MotionFelt,
    Noted,
    OpenPage,
    Page,
    Quit,
    Received,
    SavePicture,
    Speak,
    Stay,
    StuckChanged,
    Tapped,
    Touched,
    Unpaired,
)
from kiosk.search import EVERY, Search, search

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
PAGE = timedelta(seconds=20)
"""A page that nobody touches for so long gives way to the sign."""
LANGUAGE = timedelta(seconds=60)
"""So long after the last touch the first language comes back."""
AWAKE = timedelta(seconds=30)
"""For so long a touch or a press keeps a door awake at night."""
SETTLING = timedelta(seconds=0.3)
"""A touch so soon after the page changed was meant for what was there before, or is the same finger's
second contact (a finger that trembles lifts for less than 0.2 s)."""
OTHERS = timedelta(seconds=90)
"""What is known of other rooms is old when the server was not heard for so long."""
COUNTED = timedelta(seconds=6)
"""How long a head count made here is shown before the server has said the same."""

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
        room: The room at whose door this hangs; empty for a door that was never paired.
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
        clock_known: Whether the door's clock, or the server's, can be believed.
        corrected: Whether ``offset`` was heard from the server since the program started.
        settled: Position of the log up to which all is contained, whatever is on its way; None
            where that is not known. From here a connection may be taken up again.
        receiving: A snapshot is coming in.
        counted: How many people somebody has just counted here by touch, and when.
        codes: The codes that the QR code carries for a while, the server's newest word.
        pairing: What an operator has to type, while the server does not know this door.
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
    clock_known: bool = True
    corrected: bool = False
    settled: int | None = None
    receiving: bool = False
    counted: tuple[int, datetime] | None = None
    codes: tuple[DoorCode, ...] = ()
    pairing: Unpaired | None = None

    @property
    def paired(self) -> bool:
        """Whether it is known at which room this hangs, and the server knows it, too."""
        return self.room != "" and self.pairing is None

    @property
    def time_known(self) -> bool:
        """Whether the time can be told: else nothing that depends on it is."""
        return self.clock_known

    @property
    def info(self) -> RoomInfo | None:
        """What the own room is, also while the time is not known."""
        return self.day.info if self.day is not None else None

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
            None while the server has not told of the room, or nobody can tell what time it is.
        """
        day = self.day
        if day is None or self.rules is None or not self.time_known:
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
            None while nothing is known of the room, or not what time it is: its status is unknown.
        """
        k = self.known(now)
        return None if k is None else stretch_at(k, self.time(now))

    def headcount(self, now: datetime) -> int | None:
        """Tell how many people are here, where somebody counted them."""
        if self.counted is not None:
            return self.counted[0]
        k = self.known(now)
        return None if k is None else headcount_at(k, self.time(now))

    def connected(self, now: datetime) -> bool:
        """Tell whether the server is there: the link is up, and it was heard lately."""
        return self.link == "up" and self.heard_at is not None and now - self.heard_at < SILENCE

    def cut_off_since(self, now: datetime) -> datetime | None:
        """Tell since when the server has been silent, in best time, where that is worth telling.

        A door that remembers a server from before its start gives it the same time to answer.
        """
        last = self.heard_at or self.since
        if self.link == "refused":
            return self.time(self.link_since or last)
        return self.time(last) if now - self._silent_from >= SILENCE else None

    @property
    def _silent_from(self) -> datetime:
        """The server's last sign of life in this run, by the door's clock; else the start."""
        return self.heard_at if self.corrected and self.heard_at is not None else self.since

    def others_since(self, now: datetime) -> datetime | None:
        """Tell of when that is which is known of other rooms, in best time, where it is old.

        Returns:
            None while the server tells of them, and where it never did.
        """
        if self.heard_at is None:
            return None
        # What a run before heard is as old as it is, whatever a wrong clock makes of it.
        old = not self.corrected or now - self.heard_at >= OTHERS
        return self.time(self.heard_at) if old else None

    def is_night(self, now: datetime) -> bool:
        """Tell whether the screen may rest by the school's clocks, as far as they are known."""
        hours = self.setup.night_hours
        return self.time_known and in_hours(hours, self.rules_shown.zone, self.time(now))

    def resting(self, now: datetime) -> bool:
        """Tell whether the screen rests: it is night, and nobody is at the door."""
        if self.feedback is not None or not self.is_night(now):
            return False
        return self.touched_at is None or now - self.touched_at >= AWAKE

    def takes_touch(self, now: datetime) -> bool:
        """Tell whether what a touch means is done; one that wakes the screen means nothing else."""
        if self.resting(now):
            return False
        return self.page_since is None or not timedelta(0) <= now - self.page_since < SETTLING

    def code(self, now: datetime) -> str | None:
        """Tell the code that shows that one stands at this door; None where none holds now."""
        best = self.time(now)
        holding = [known for known in self.codes if known.since <= best < known.until]
        return max(holding, key=lambda known: known.since).code if holding and self.time_known else None

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
        instants.append(self._silent_from + SILENCE)
        read_at = self.read_at(now)
        if read_at is not None:
            instants.append(read_at + self.stale_after + timedelta(microseconds=1) - self.offset)
        instants += self._touch_instants(now)
        ends = [notice.until for notice in self.notices if notice.until is not None]
        instants += [instant - self.offset for instant in ends]
        instants += [instant - self.offset for known in self.codes for instant in (known.since, known.until)]
        return min(instant for instant in instants if instant > now)

    def page_ends(self) -> datetime | None:
        """Tell when the page gives way to the sign, by the door's clock; None where it is the sign."""
        if self.page == "sign":
            return None
        touches = [at for at in (self.page_since, self.touched_at) if at is not None]
        return max(touches, default=self.since) + PAGE

    def _touch_instants(self, now: datetime) -> list[datetime]:
        """List when the picture changes because nobody touches it."""
        instants = []
        page_ends = self.page_ends()
        if page_ends is not None:
            instants.append(page_ends)
        if self.page == "find" and self.heard_at is not None:
            instants.append(self.heard_at + OTHERS)
        if self.search is not None and self.search.outdated:
            instants.append(self.search.at + EVERY - self.offset)
        if self.touched_at is not None:
            instants += [self.touched_at + LANGUAGE, self.touched_at + AWAKE]
        if self.counted is not None:
            instants.append(self.counted[1] + COUNTED)
        turn = next_turn(self.setup.night_hours, self.rules_shown.zone, self.time(now))
        if turn is not None:
            instants.append(turn - self.offset)
        return instants


def update(model: Model, item: Input, now: datetime) -> Model:
    """Take an input.

    Args:
        model: What is known.
        item: What came out of the inbox.
        now: The door's wall clock.

    Returns:
        What is known then.
    """
    if isinstance(item, ClockStepped):
        # First of all: by the new clock everything looks long ago, or still to come.
        return passed(_stepped(model, timedelta(seconds=item.by)), now)
    return _searched(_taken(passed(model, now), item, now), now)


def passed(model: Model, now: datetime) -> Model:
    """Let time pass: forget what was shown long enough, and at midnight past titles.

    Args:
        model: What is known.
        now: The door's wall clock.
    """
    if model.feedback is not None and now >= model.feedback.until:
        model = replace(model, feedback=None)
    if model.counted is not None and now >= model.counted[1] + COUNTED:
        model = replace(model, counted=None)
    page_ends = model.page_ends()
    if page_ends is not None and now >= page_ends:
        model = _turned(model, "sign", now)
    first = model.setup.languages[0]
    touched_at = model.touched_at
    if model.language != first and touched_at is not None and now >= touched_at + LANGUAGE:
        model = replace(model, language=first)
    return _searched(_dated(model, now), now)


def _dated(model: Model, now: datetime) -> Model:
    """Notice that it is another day."""
    if not model.time_known:
        return model
    today = day_of(model.rules_shown, model.time(now))
    if today == model.today:
        return model
    model = replace(model, today=today)
    if model.day is None:
        return model
    day = _without_past_titles(model, model.day)
    return model if day == model.day else replace(model, days={**model.days, model.room: day})


def _taken(model: Model, item: Input, now: datetime) -> Model:
    match item:
        case Received(message=message, at=at):
            return _received(model, message, at, now)
        case Touched():
            feedback = Feedback(told="touched", since=now, until=now + timedelta(seconds=HOLD) + FEEDBACK)
            return replace(_pressing(model, now), held_since=now, feedback=feedback)
        case Gesture(intent=intent):
            return replace(_sending(_pressing(model, now), intent, now), held_since=None)
        case Noted():
            return _noted(model, item, now)
        case Kept(presses=presses):
            known = {noted.press for noted in model.pending}
            added = tuple(noted for noted in presses if noted.press not in known)
            return replace(model, pending=(added + model.pending)[-KEEP_PENDING:])
        case LinkChanged(state=state, at=at, why=why):
            # The rest of a snapshot never comes over another connection.
            # Nor does a code of another connection hold.
            return replace(
                model, link=state, link_since=at, link_why=why, named=None, receiving=False, pairing=None
            )
        case Unpaired():
            return replace(model, pairing=item)
        case StuckChanged(stuck=stuck):
            return replace(model, stuck=stuck, held_since=None)
        case FaultFound(what=what, gone=gone):
            others = tuple(fault for fault in model.faults if fault.what != what)
            return replace(model, faults=others if gone else (*others, item))
        case AirFelt(air=air):
            return replace(model, air=air, air_at=now)
        case Tapped(action=action):
            counts = model.takes_touch(now)
            model = _woken(model, now)
            return _done(model, action, now) if counts and action is not None else model
        case Edge() | MotionFelt() | SavePicture() | Quit() | ClockStepped():
            return model


def _woken(model: Model, now: datetime) -> Model:
    """Notice that somebody is at the door."""
    woke = model.resting(now)
    return replace(model, touched_at=now, page_since=now if woke else model.page_since)


def _pressing(model: Model, now: datetime) -> Model:
    """Notice that somebody uses the button: the answer stands on the sign."""
    return _turned(_woken(model, now), "sign", now)


def _turned(model: Model, page: Page, now: datetime) -> Model:
    """Show a page."""
    if page == model.page:
        return model
    return replace(model, page=page, page_since=now, search=None)


def _sending(model: Model, intent: Intent, now: datetime) -> Model:
    return replace(model, feedback=Feedback(told="sending", intent=intent, since=now, until=now + FEEDBACK))


def _done(model: Model, action: Action, now: datetime) -> Model:
    """Do what a touch means."""
    match action:
        case OpenPage(page=page):
            return _turned(model, page, now)
        case Speak(language=language):
            # A second contact of the same finger must not turn it back either.
            known = language in model.setup.languages
            return replace(model, language=language, page_since=now) if known else model
        case Stay():
            return _sending(replace(_turned(model, "sign", now), page_since=now), "present", now)
        case Leave():
            return _sending(replace(_turned(model, "sign", now), page_since=now), "leaving", now)
        case Ask(wish=wish):
            return model if model.page != "find" else _sought(model, wish, now)
        case Count(people=people):
            return replace(model, counted=(people, now))


def _searched(model: Model, now: datetime) -> Model:
    """Search where the page that finds rooms is open, and what it shows may no longer be so."""
    if model.page != "find":
        return model
    last, best = model.search, model.time(now)
    if last is None:
        return _sought(model, Wish(origin=model.room), now)
    same_minute = _next_minute(last.at) == _next_minute(best)
    due = last.outdated and not timedelta(0) <= best - last.at < EVERY
    if model.receiving or (same_minute and not due):
        return model
    return _sought(model, last.wish, now)


def _sought(model: Model, wish: Wish, now: datetime) -> Model:
    own, rules = model.day, model.rules
    if own is None or own.info is None or own.retired or rules is None or not model.time_known:
        return model if model.search is None else replace(model, search=None)
    return replace(model, search=search(wish, model.days, model.presences, rules, model.time(now)))


def _stepped(model: Model, by: timedelta) -> Model:
    """Move every instant on the door's own clock along with that clock; best time stays as it was."""
    corrected = model.corrected

    def moved(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant + by

    def pressed(noted: Noted) -> Noted:
        # A press of a run before was stamped by another clock, which this step says nothing of.
        own = corrected or noted.pressed_at >= model.since
        return replace(noted, pressed_at=noted.pressed_at + by) if own else noted

    feedback = model.feedback
    if feedback is not None:
        feedback = replace(feedback, since=feedback.since + by, until=feedback.until + by)
    return replace(
        model,
        since=model.since + by,
        link_since=moved(model.link_since),
        # What was heard in a run before is remembered in best time.
        heard_at=moved(model.heard_at) if corrected else model.heard_at,
        held_since=moved(model.held_since),
        page_since=moved(model.page_since),
        touched_at=moved(model.touched_at),
        air_at=moved(model.air_at),
        # A clock that no server has corrected yet is now right, and was wrong before.
        offset=model.offset - by if corrected else model.offset,
        clock_known=True,
        feedback=feedback,
        pending=tuple(pressed(noted) for noted in model.pending),
        answered=tuple((pressed(noted), seq) for noted, seq in model.answered),
        counted=(model.counted[0], model.counted[1] + by) if model.counted is not None else None,
        search=replace(model.search, outdated=True) if model.search is not None else None,
    )


def _received(model: Model, message: ServerMessage, at: datetime, now: datetime) -> Model:
    if isinstance(message, Challenge):
        return model
    before = model
    model = _told(replace(model, heard_at=at), message, at, now)
    changed = (
        model.days is not before.days
        or model.presences is not before.presences
        or model.rules is not before.rules
    )
    if changed and model.search is not None and model.search is before.search:
        return replace(model, search=replace(model.search, outdated=True))
    return model


def _told(model: Model, message: ServerMessage, at: datetime, now: datetime) -> Model:
    match message:
        case Welcome(school=school, rules=rules, server_time=server_time, board=board):
            model = _set(model, server_time - at)
            # The snapshot follows: what comes before it is not all that happened meanwhile.
            return replace(
                model, school=school, rules=rules, link="up", board=board, receiving=True, pairing=None
            )
        case Paired(room=room):
            return replace(model, room=room, pairing=None)
        case Notices(notices=notices):
            return replace(model, notices=notices)
        case DoorCodes(codes=codes):
            return replace(model, codes=codes)
        case Heartbeat(server_time=server_time, seq=seq):
            model = replace(_set(model, server_time - at), seq=max(seq, model.seq))
            return model if model.receiving else replace(model, settled=seq)
        case RulesSet(rules=rules):
            return replace(model, rules=rules)
        case SnapshotBegin(epoch=epoch, seq=seq, whole=whole):
            named = frozenset[RoomKey]() if whole else None
            # Which rooms a whole snapshot drops is known at its end only.
            settled = None if whole else model.settled
            return replace(model, epoch=epoch, seq=seq, named=named, settled=settled, receiving=True)
        case RoomDay():
            return _day_received(model, message)
        case RoomPresence():
            return _presence_received(model, message)
        case SnapshotEnd(seq=seq):
            model = _snapshot_ended(model, seq)
            return model if model.search is None else _sought(model, model.search.wish, now)
        case TimetablesRead():
            return _read_again(model, message)
        case Pressed():
            return _acknowledged(model, message, now)
        case Refused(ref=str(ref)):
            return _refused(model, message, EventId(ref), now)
        case _:
            return model


def _set(model: Model, offset: timedelta) -> Model:
    """Take the server's clock."""
    return replace(model, offset=offset, corrected=True, clock_known=True)


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
    if message.room != model.room:
        return model
    if model.counted is not None and message.headcount == model.counted[0]:
        model = replace(model, counted=None)
    if model.answered:
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
    model = replace(model, seq=max(seq, model.seq), settled=seq, receiving=False)
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
    press = _press(room, noted.intent, noted.minutes, pressed_at)
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


def would_do(k: Known, minutes: int | None, at: datetime) -> Decision:
    """Tell what a touch that says ``present`` would do.

    Args:
        k: What is known of the room.
        minutes: For how long; None for the school's default.
        at: When, in best time.
    """
    press = _press(k.room, "present", minutes, at)
    # Later than any other press of the same instant.
    return decide(k.room, press, name=EventId("~"), pressed_at=at, policy=k.rules.policy)


def _press(room: RoomState, intent: Intent, minutes: int | None, pressed_at: datetime) -> Press:
    return Press(
        kiosk=KioskId(""),
        outbox="",
        n=0,
        room=room.key,
        intent=intent,
        minutes=minutes,
        boot_id="",
        boottime=0,
        wall=pressed_at,
    )


def _next_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0) + timedelta(minutes=1)
