"""The school: routes presses to rooms, turns readings into facts, and knows every room's state.

It folds what the recorder commits in the order of seq, tells each room its own events and the
gateway the rooms that changed, so that a snapshot has an exact seq and a search needs to ask
nobody.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pykka
from msgspec.structs import replace

from actors import messages as m
from actors import news
from actors.base import BaseActor, tell
from actors.configured import config_drafts, other_zone, start_drafts
from actors.entry.credentials import ACCESS_FILE, Credentials
from actors.intake import Intake, judge, report
from actors.ordered import Order, Orders, draft, is_there, no_room
from actors.replies import answers, ref_of, replies
from actors.room import RoomActor
from actors.settings import SchoolSettings
from events import domain as e
from events.clock import Clock
from events.errors import LogConflict
from events.ids import (
    EventId,
    KioskId,
    RoomKey,
    SourceName,
    room_stream,
)
from events.log import Batch, Draft, EventLog
from events.personal import PersonalStore, read_text
from events.replay import replay, texts
from events.search import UnknownRoom, find
from events.state import RoomState, SchoolState, fold
from events.status import day_of, known
from events.wire import Air, Found, Refused, Sources

logger = logging.getLogger(__name__)

RESTARTS = 5
"""How often one room may die within `RESTART_SPAN` before the whole process ends."""
RESTART_SPAN = 60.0
_TEXTS_KEPT = timedelta(days=2)


class SchoolActor(BaseActor):
    """Models the school.

    Args:
        settings: What the administrator wrote.
        open_reader: Opens the log for reading.
        personal: Where titles lie; None where there are none, in tests.
        key: Secret of this log, for the hashes of titles and of the sources' ids.
        recorder: Who appends.
        clock: Where the time comes from.
        version: Of this program.
        alive_until: Last sign of life of the server's run before.
        ready: Called when the start is in the log and all rooms live.
        ended: Told why, when the process has to end.
    """

    name = "school"

    def __init__(
        self,
        settings: SchoolSettings,
        *,
        open_reader: Callable[[], EventLog],
        personal: PersonalStore | None,
        key: bytes,
        recorder: pykka.ActorRef[Any],
        clock: Clock,
        version: str,
        alive_until: datetime | None,
        ready: Callable[[], None],
        ended: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._settings = settings
        self._open_reader = open_reader
        self._personal = personal
        self._key = key
        self._recorder = recorder
        self._clock = clock
        self._version = version
        self._alive_until = alive_until
        self._ready = ready
        self._ended = ended
        self._gateway: pykka.ActorRef[Any] | None = None
        self._school = SchoolState()
        self._rooms: dict[RoomKey, pykka.ActorRef[Any]] = {}
        self._texts: dict[EventId, str] = {}
        self._deaths: dict[RoomKey, deque[float]] = {}
        self._readings: deque[m.TakeReadings] = deque()
        self._reading_in_flight = False
        self._orders = Orders(Credentials(settings.data / ACCESS_FILE))
        self._stuck: dict[tuple[RoomKey, KioskId], bool] = {}
        self._doubted: dict[SourceName, m.Taken] = {}
        self._strangers: dict[SourceName, tuple[str, ...]] = {}
        self._next_try: dict[SourceName, datetime] = {}
        self._proved: m.Proved | None = None

    # -- life -----------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Replay the log, then record the start and what the configuration changed."""
        self._recorder.tell(self.actor_ref)
        reader = self._open_reader()
        self._school = replay(reader)
        now = self._clock.now()
        if self._personal is not None:
            self._texts = texts(self._school, self._personal, ended_after=now - _TEXTS_KEPT)
        drafts = start_drafts(
            self._settings, self._school, now, version=self._version, alive_until=self._alive_until
        )
        self._recorder.tell(m.Append(batch=Batch(drafts=tuple(drafts)), ref="start"))

    def on_stop(self) -> None:
        """Stop the rooms and record the orderly end: the recorder stops after this actor."""
        for room in self._rooms.values():
            room.stop(block=False)
        with suppress(pykka.ActorDeadError):
            self._append([self._draft(e.ServerStopped())])

    def died(self, why: str) -> None:
        """End the process."""
        for room in self._rooms.values():
            room.stop(block=False)
        self._ended(f"the school died: {why}")

    def receive(self, message: Any) -> None:  # one line for each message
        """Handle what the gateway, the recorder, the rooms and the program say."""
        match message:
            case m.Committed():
                self._committed(message)
            case m.RecordPress():
                self._press(message)
            case m.RecordSensed():
                self._sensed(message)
            case m.Probe() | m.Proved():
                self._probed(message)
            case m.Search():
                self._search(message)
            case m.TakeReadings():
                self._next_try.update(message.next_try)
                self._readings.append(message)
                self._next_reading()
            case m.AskSources():
                self._report(message)
            case m.JudgeReading():
                self._judged(message)
            case m.KioskWatches() | m.KioskGone():
                self._watched(message)
            case m.ReportStuck():
                self._report_stuck(message)
            case (
                m.SetClosure()
                | m.Annotate()
                | m.SetHeadcount()
                | m.PostNotice()
                | m.WithdrawNotice()
                | m.PairDoor()
                | m.RevokeDoor()
                | m.GrantAccess()
                | m.RevokeAccess()
            ):
                self._follow(message)
            case m.Reload(settings=settings):
                self._reload(settings)
            case m.ActorDied():
                self._restart(message)
            case m.PressRefused(name=name, reason=reason):
                self._refuse(name, Refused(code="bad-message", reason=reason, ref=ref_of(name)))
            case pykka.ActorRef():
                self._gateway = message
                self._publish(replace(news.all_of(self._school), texts=self._texts))
            case _:
                raise TypeError(f"the school knows no {type(message).__name__}")

    # -- what is recorded -----------------------------------------------------------------------

    def _committed(self, message: m.Committed) -> None:
        started = any(append.ref == "start" for append, _ in message.results)
        brought = news.take(self._school, message.new, started=started)
        new_texts = self._learn_texts(message)
        if any(
            append.ref == "reading" or isinstance(append.ref, m.JudgeReading) for append, _ in message.results
        ):
            self._reading_in_flight = False
        self._orders.settled(append.ref for append, _ in message.results)
        if started:
            self._start_rooms()
        settled = {
            append.room: result if isinstance(result, LogConflict) else None
            for append, result in message.results
            if append.room is not None
        }
        for key in brought.rooms.keys() | settled.keys():
            self._tell_room(
                key,
                m.Told(
                    records=tuple(brought.rooms.get(key, ())),
                    settled=key in settled,
                    conflict=settled.get(key),
                ),
            )
        if brought.rules_changed:
            for ref in self._rooms.values():
                tell(ref, m.FollowRules(rules=self._school.rules))
        self._publish(
            replace(brought.publish, texts=new_texts, answers=answers(message), replies=replies(message))
        )
        if brought.read:
            self._tell_ages()  # the next sign of life may be a heartbeat away
        if started:
            self._ready()
        self._next_reading()

    def _learn_texts(self, message: m.Committed) -> dict[EventId, str]:
        new: dict[EventId, str] = {}
        for append, result in message.results:
            if isinstance(result, LogConflict):
                continue
            for sent in append.batch.drafts:
                if sent.text is not None:
                    text = read_text(sent.text)
                    new[sent.id] = text.title or text.reason
        self._texts.update(new)
        return new

    def _append(self, drafts: Iterable[Draft], ref: object = None) -> None:
        batch = Batch(drafts=tuple(drafts))
        if batch.drafts:
            self._recorder.tell(m.Append(batch=batch, ref=ref))

    def _draft(self, event: e.AnyEvent, at: datetime | None = None) -> Draft:
        return draft(event, at or self._clock.now())

    def _publish(self, message: m.Publish) -> None:
        if self._gateway is not None:
            tell(self._gateway, message)

    # -- rooms ----------------------------------------------------------------------------------

    def _start_rooms(self) -> None:
        for key, state in self._school.rooms.items():
            if key not in self._rooms and not state.retired:
                self._start_room(state)

    def _start_room(self, state: RoomState) -> None:
        self._rooms[state.key] = RoomActor.start(state, self._school.rules, self._recorder, self.actor_ref)

    def _tell_room(self, key: RoomKey, message: m.Told) -> None:
        room = self._rooms.get(key)
        retired = self._school.rooms[key].retired
        if room is not None:
            tell(room, message)
            if retired:
                del self._rooms[key]
                room.stop(block=False)
        elif not retired:
            self._start_room(self._school.rooms[key])

    def _restart(self, message: m.ActorDied) -> None:
        deaths = self._deaths.setdefault(message.room, deque(maxlen=RESTARTS))
        deaths.append(time.monotonic())
        if len(deaths) == RESTARTS and deaths[-1] - deaths[0] < RESTART_SPAN:
            self._ended(f"room {message.room} died {RESTARTS} times in {RESTART_SPAN:.0f} s: {message.why}")
            return
        state = RoomState(key=message.room)
        for recorded in self._open_reader().read(stream=room_stream(message.room)):
            state = fold(state, recorded)
        logger.warning("room %s is back, replayed to version %d", message.room, state.version)
        self._start_room(state)

    def _press(self, message: m.RecordPress) -> None:
        room = self._rooms.get(message.press.room)
        if room is None or not tell(room, message):
            # The door keeps it and sends it again.
            logger.warning("a press for %s found no room", message.press.room)

    def _sensed(self, message: m.RecordSensed) -> None:
        """Record what a sensor felt; a motion that counts is decided by its room, as a press is."""
        if not is_there(self._school, message.room):
            refused = Refused(code="unknown-room", reason=no_room(message.room), ref=ref_of(message.name))
            self._refuse(message.name, refused)
            return
        event: e.AirMeasured | e.MotionSeen
        if isinstance(message.sensed, Air):
            air = message.sensed
            event = e.AirMeasured(
                room=message.room,
                kiosk=message.kiosk,
                temperature=air.temperature,
                humidity=air.humidity,
                co2=air.co2,
            )
        elif not self._school.rules.policy.motion_counts_for:
            event = e.MotionSeen(room=message.room, kiosk=message.kiosk)
        else:
            room = self._rooms.get(message.room)
            if room is None or not tell(room, message):
                logger.warning("a motion in %s found no room; its door sends it again", message.room)
            return
        draft = Draft(id=message.name, stream=room_stream(message.room), at=message.at, event=event)
        self._append([draft], ref=message)

    def _watched(self, message: m.KioskWatches | m.KioskGone) -> None:
        room, kiosk = message.room, message.kiosk
        event: e.AnyEvent
        if isinstance(message, m.KioskWatches):
            event = e.KioskJoined(room=room, kiosk=kiosk, watching_since=message.since)
        else:
            event = e.KioskLeft(room=room, kiosk=kiosk)
        self._append([self._draft(event, message.at)])

    def _report_stuck(self, message: m.ReportStuck) -> None:
        """Record what a door says of its button, if that is new: it says so at each connection."""
        button = message.room, message.kiosk
        # What was told last may not be folded yet.
        room = self._school.rooms.get(message.room)
        was = self._stuck.get(button, room is not None and message.kiosk in room.stuck)
        if was == message.stuck:
            return
        self._stuck[button] = message.stuck
        kind = e.ButtonStuck if message.stuck else e.ButtonFreed
        self._append([self._draft(kind(room=message.room, kiosk=message.kiosk), message.at)])

    # -- questions and orders -------------------------------------------------------------------

    def _search(self, message: m.Search) -> None:
        try:
            rooms = [known(self._school, room) for room in self._school.rooms.values()]
            answer = find(rooms, message.wish, message.at)
        except UnknownRoom as error:
            reply: Any = Refused(code="unknown-room", reason=str(error), ref=message.ref)
        else:
            reply = Found(ref=message.ref, answer=answer)
        self._reply(message.session, reply)

    def _follow(self, order: Order) -> None:
        """Record what somebody ordered, or say why not."""
        decided = self._orders.decide(order, self._school)
        if isinstance(decided, Refused):
            self._reply(order.session, decided)
        else:
            self._append([decided], ref=order)

    # -- configuration --------------------------------------------------------------------------

    def _reload(self, settings: SchoolSettings) -> None:
        zone = self._school.rules.zone
        if settings.zone != zone:
            logger.error("%s; all else is followed", other_zone(zone, settings.zone))
            settings = replace(settings, zone=zone)
        self._settings = settings
        self._append(config_drafts(settings, self._school, self._clock.now()))

    # -- timetables -----------------------------------------------------------------------------

    def _next_reading(self) -> None:
        """Turn the next round of readings into facts, one round at a time.

        The difference is made on the folded state, so a round waits until the one before is in.
        """
        if self._reading_in_flight or not self._readings or self._school.created is None:
            return
        drafts: list[Draft] = []
        reads: list[e.SourceRead] = []
        for taken in self._readings.popleft().readings:
            if not any(source.name == taken.source for source in self._settings.sources):
                continue  # the configuration dropped it meanwhile
            intake = self._judge(taken)
            if intake.read.outcome == "suspect":
                self._doubted[taken.source] = taken
            elif intake.read.outcome != "failed":
                self._doubted.pop(taken.source, None)
            if intake.read.outcome != "failed":
                self._strangers[taken.source] = intake.strangers
            reads.append(intake.read)
            drafts += intake.drafts
        if not reads:
            return
        drafts.append(self._draft(e.TimetableRead(sources=tuple(reads))))
        self._reading_in_flight = True
        self._append(drafts, ref="reading")

    def _judge(self, taken: m.Taken, *, accepted: bool = False) -> Intake:
        return judge(
            taken,
            school=self._school,
            settings=self._settings,
            texts=self._texts,
            key=self._key,
            accepted=accepted,
        )

    def _judged(self, message: m.JudgeReading) -> None:
        """Record an operator's word on a suspect reading, and if it is right what it says."""
        taken = self._doubted.get(message.source)
        if taken is None or self._reading_in_flight:
            known = any(source.name == message.source for source in self._settings.sources)
            reason = f"{message.source}: no reading of it is suspect"
            if taken is not None:
                reason = f"{message.source}: it is being read just now, try again"
            elif not known:
                reason = f"no timetable {message.source!r} here"
            refused = Refused(
                code="server" if taken is not None else "bad-message", reason=reason, ref=message.ref
            )
            self._reply(message.session, refused)
            return
        if not message.accept:
            word: e.AnyEvent = e.ReadingRefused(
                source=message.source, digest=taken.digest, operator=message.operator
            )
            self._append([self._draft(word, message.at)], ref=message)
            return
        del self._doubted[message.source]
        intake = self._judge(taken, accepted=True)
        word = e.ReadingAccepted(source=message.source, digest=taken.digest, operator=message.operator)
        read = self._draft(e.TimetableRead(sources=(intake.read,)), taken.at)
        self._reading_in_flight = True
        self._append([self._draft(word, message.at), *intake.drafts, read], ref=message)

    def _report(self, message: m.AskSources) -> None:
        """Tell an operator how the timetables are."""
        reports = tuple(
            report(
                source,
                school=self._school,
                settings=self._settings,
                at=message.at,
                strangers=self._strangers.get(source.name, ()),
                next_try=self._next_try.get(source.name),
            )
            for source in self._settings.sources
        )
        self._reply(message.session, Sources(ref=message.ref, sources=reports))

    def _probed(self, message: m.Probe | m.Proved) -> None:
        """Hand on the question whether we live; the answer with the ages of the timetables."""
        if isinstance(message, m.Probe):
            self._recorder.tell(message)
            return
        self._proved = message
        self._tell_ages()

    def _tell_ages(self) -> None:
        """Tell the gateway the ages of the timetables, beside the last sign of life."""
        if self._gateway is None or self._proved is None:
            return
        today = day_of(self._school.rules, self._clock.now())
        states = {source.name: self._school.sources.get(source.name) for source in self._settings.sources}
        ages = {name: state.read_at.get(today) if state else None for name, state in states.items()}
        tell(self._gateway, replace(self._proved, sources=ages))

    def _refuse(self, name: EventId, refused: Refused) -> None:
        self._publish(m.Publish(seq=self._school.seq, answers=((name, refused),)))

    def _reply(self, session: m.Session, message: Any) -> None:
        if self._gateway is not None:
            tell(self._gateway, m.Reply(session=session, message=message))
