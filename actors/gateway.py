"""The one live channel: turns the school's states into messages for doors, boards and the desk.

The actor encodes each message once, on its own thread; `actors.live.hub` runs the loop that moves it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pykka

from actors import messages as m
from actors.base import BaseActor
from actors.entry.access import Access, Holder
from actors.entry.admission import Admission
from actors.entry.codes import Codes, Gate
from actors.entry.credentials import ACCESS_FILE, Credentials, CredentialsBroken
from actors.entry.listing import listed
from actors.entry.sockets import listen_all
from actors.entry.tls import Tls, TlsFailed, proxy_fingerprint
from actors.live.hub import Hub
from actors.live.latest import Frame, Latest, Update
from actors.live.outgoing import day_text, fits, presence_text, reply_text
from actors.live.ports import Ports
from actors.settings import SchoolSettings
from actors.web.past import Past
from actors.web.rooms import Room
from events.clock import Clock
from events.ids import EventId, RoomKey
from events.notices import topics_of
from events.personal import PersonalStore
from events.projection import notices, room_day, room_presence
from events.signing import kiosk_id
from events.sqlite import SqliteLog
from events.state import StandingNotice
from events.status import Known
from events.wire import Notices, RulesSet, TimetablesRead, encode

logger = logging.getLogger(__name__)


class WhereAreYou(m.Message, frozen=True, kw_only=True, gc=False):
    """Asked by the program, with a timeout: the host and port that are listened on."""


class GatewayActor(BaseActor):
    """Serves WebSockets.

    Its ports are opened where it is made, on the caller's thread: what is wrong with them or with the
    certificate is the caller's to say. An ``on_start`` that fails has nobody to say it but Pykka, with a
    traceback.

    Args:
        settings: What the administrator wrote.
        school: Who is told what clients say.
        operator_token: What an operator has to know.
        clock: Where the time comes from.
        ended: Told why, when the process has to end.

    Raises:
        ConfigError: A port cannot be listened on.
        TlsFailed: There is no certificate to serve with.
    """

    name = "gateway"

    def __init__(
        self,
        settings: SchoolSettings,
        *,
        school: pykka.ActorRef[Any],
        operator_token: str,
        clock: Clock,
        ended: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._settings = settings
        self._school = school
        self._operator_token = operator_token
        self._clock = clock
        self._ended = ended
        self._known: dict[RoomKey, Known] = {}
        self._frames: dict[RoomKey, Frame] = {}
        self._texts: dict[EventId, str] = {}
        self._posted: tuple[StandingNotice, ...] = ()
        self._seq = 0
        self._admitted: m.KnownAccess | None = None
        self._open = False
        self._tls = Tls(settings.tls, settings.data) if settings.tls.serve else None
        proxy = proxy_fingerprint(settings.tls)
        listener, board, devices = listen_all(settings)
        data = settings.data
        past = Past(
            lambda: SqliteLog(data, read_only=True), lambda: PersonalStore(data / "personal", read_only=True)
        )
        gate = Gate(Codes(secrets.token_bytes(32)))
        admission = Admission(self._access(), gate, settings.limits, proxy)
        self._ports = Ports(listener, admission, clock, tls=self._tls, board=board, devices=devices)
        latest = Latest(board_titles=settings.board_titles, board_url=settings.board_url)
        self._hub = Hub(self._ports, admission, self.actor_ref, school, clock, past, latest)

    def on_start(self) -> None:
        """Serve whoever comes."""
        self._hub.start()
        self._school.tell(self.actor_ref)

    def on_stop(self) -> None:
        """Close every connection, then the loop."""
        self._hub.stop()

    def died(self, why: str) -> None:
        """End the process."""
        self.on_stop()
        self._ended(f"the gateway died: {why}")

    def on_receive(self, message: Any) -> Any:
        """Tell where it listens, when asked; else see `BaseActor`."""
        if isinstance(message, WhereAreYou):
            return self._ports.address
        return super().on_receive(message)

    def receive(self, message: Any) -> None:
        """Publish what is new."""
        match message:
            case m.Publish():
                self._publish(message)
            case m.Reply(session=session, message=reply):
                self._cross(Update(seq=self._seq, replies=((session, reply_text(reply)),)))
            case m.DayBegan():
                self._begin_day()
            case m.Proved(sent=sent, sources=sources):
                self._hub.call(self._hub.proved, sent, sources)
            case m.Reload(settings=settings):
                self._reload(settings)
            case _:
                raise TypeError(f"the gateway knows no {type(message).__name__}")

    def _reload(self, settings: SchoolSettings) -> None:
        """Follow a new configuration, and a certificate that was renewed."""
        self._settings = settings
        if self._tls is not None:
            try:
                self._tls.renew(settings.tls)
            except TlsFailed as error:
                logger.error("the certificate stays as it was: %s", error)  # noqa: TRY400  # the text says all
        self._hub.call(self._hub.reload, settings.board_titles, settings.board_url, settings.limits)
        self._admit()

    def _admit(self) -> None:
        access = self._access()
        if access.open and not self._open:
            logger.warning("until a door is known every door is let in, and only from this machine")
        self._open = access.open
        self._hub.call(self._hub.admit, access)

    def _access(self) -> Access:
        """Put together what the configuration says, the log, and the file of credentials."""
        settings, log = self._settings, self._admitted
        doors = {door.key: door.room for door in settings.doors}
        if log is None:
            # Until the school has told, nobody is let in: a door may have been revoked.
            return Access(doors={}, rooms=frozenset(settings.rooms), operator_token=self._operator_token)
        # A door that was paired after it had been revoked has its room from there.
        doors |= {door.key: door.room for door in log.doors.values()}
        doors = {key: room for key, room in doors.items() if kiosk_id(key) not in log.revoked}
        known = bool(settings.doors or log.doors or log.revoked)
        holders = self._holders(log)
        return Access(
            doors=doors,
            rooms=frozenset(settings.rooms),
            operator_token=self._operator_token,
            open=settings.local and not settings.tls.proxy and not known,
            holders=holders,
            listed=listed(settings.doors, log, {number: holder.name for number, holder in holders.items()}),
        )

    def _holders(self, log: m.KnownAccess) -> dict[int, Holder]:
        try:
            credentials = Credentials(self._settings.data / ACCESS_FILE).read()
        except (CredentialsBroken, OSError) as error:
            logger.error("nobody who was granted access can come in: %s", error)  # noqa: TRY400  # likewise
            return {}
        return {
            number: Holder(
                name=credentials[number].name,
                role=access.role,
                proof=credentials[number].proof,
                room=access.room,
            )
            for number, access in log.accesses.items()
            if number in credentials and credentials[number].role == access.role
        }

    def _cross(self, update: Update) -> None:
        self._hub.call(self._hub.update, update)

    def _publish(self, message: m.Publish) -> None:
        self._seq = message.seq
        self._texts.update(message.texts)
        if message.access is not None:
            # Before all else: whoever was revoked is told nothing any more.
            self._admitted = message.access
            self._admit()
        now = self._clock.now()
        read = encode(self._timetables_read(message.readings)) if message.readings is not None else None
        read_for_all = read is not None and fits(read)
        frames = []
        for changed in message.changed:
            self._known[changed.known.room.key] = changed.known
            # Whoever comes later is owed the new ages also of a room where somebody pressed just now.
            frame = self._frame(changed.known, now, day=changed.day or read is not None)
            frames.append((frame, changed.day or (read is not None and not read_for_all)))
        everyone: list[tuple[str, str]] = []
        kept: list[Frame] = []
        if message.rules is not None:
            everyone.append(("rules", encode(RulesSet(rules=message.rules))))
        standing: Notices | None = None
        if message.notices is not None:
            self._posted = message.notices
            standing = notices(self._posted, now, self._texts)
            everyone.append(("notices", encode(standing)))
        if read is not None:
            told = {frame.room for frame, _ in frames}
            others = [known for key, known in self._known.items() if key not in told]
            if read_for_all:
                everyone.append(("timetables", read))
                for known in others:
                    self._renew(known, now, frames, kept)
            else:
                frames += [(self._frame(known, now, day=True), True) for known in others]
        self._cross(
            Update(
                seq=message.seq,
                frames=tuple(frames),
                kept=tuple(kept),
                everyone=tuple(everyone),
                answers=tuple((press, encode(answer)) for press, answer in message.answers),
                replies=tuple((session, reply_text(reply)) for session, reply in message.replies),
                created=message.created,
                rules=message.rules,
                notices=standing.notices if standing is not None else None,
                happened=message.happened,
            )
        )

    def _frame(self, k: Known, now: datetime, *, day: bool) -> Frame:
        key = k.room.key
        present = room_presence(k, now)
        presence = presence_text(present)
        before = self._frames.get(key)
        if before is not None and not day:
            shown = msgspec.structs.replace(before.shown, presence=present)
            frame = msgspec.structs.replace(
                before, presence=presence, shown=shown, touched=self._seq, planned_at=now
            )
        else:
            plain, titled = room_day(k, now), room_day(k, now, self._texts)
            frame = Frame(
                room=key,
                topics=topics_of(key, k.room.info),
                plain=day_text(plain),
                titled=day_text(titled),
                presence=presence,
                shown=Room(day=plain, titled=titled, presence=present),
                touched=self._seq,
                planned_at=now,
            )
        self._frames[key] = frame
        return frame

    def _timetables_read(self, readings: Mapping[RoomKey, dict[date, datetime]]) -> TimetablesRead:
        """Keep the ages, and say them in one small message instead of one a room."""
        for key, ages in readings.items():
            known = self._known.get(key)
            if known is not None:
                self._known[key] = msgspec.structs.replace(known, readings=ages)
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

        Nobody needs to be told (`TimetablesRead` says it), unless the plan that they have would
        soon say that the timetable is too old.
        """
        before = self._frames[known.room.key]
        frame = self._frame(known, now, day=True)
        if now - before.planned_at > timedelta(minutes=known.rules.policy.unknown_after) / 2:
            frames.append((frame, True))
            return
        frame = msgspec.structs.replace(frame, touched=before.touched, planned_at=before.planned_at)
        self._frames[frame.room] = frame
        kept.append(frame)

    def _begin_day(self) -> None:
        now = self._clock.now()
        shown = {b.text for known in self._known.values() for b in known.room.all_bookings.values()}
        shown |= {known.room.closure.text for known in self._known.values() if known.room.closure}
        shown |= {notice.text for notice in self._posted}
        self._texts = {event: text for event, text in self._texts.items() if event in shown}
        frames = []
        for known in self._known.values():
            # One past the seq: whoever resumes from this seq was last here before midnight.
            frame = msgspec.structs.replace(self._frame(known, now, day=True), touched=self._seq + 1)
            self._frames[frame.room] = frame
            frames.append((frame, True))
        self._cross(Update(seq=self._seq, frames=tuple(frames)))
