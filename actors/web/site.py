"""What is served beside the live channel: the board's page, how the server is, and feeds for others.

Pure: a request and what is known go in, an answer comes out; `actors.live.hub` reads and writes the socket.
Every path is looked up in a table and no file is opened for a request, so no path leads out of the
board's folder. `websockets` serves GET only and closes each connection behind its answer.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Literal
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from events.ids import RoomKey, SourceName
from events.state import Rules
from events.status import Stretch, day_of
from events.wire import DayBooking, RoomDay, RoomPresence

FOLDER = Path(__file__).parent / "board"
OFFICE = Path(__file__).parent / "office"
RECORDER_LIMIT = 30.0
"""Seconds without a sign of life of the recorder after which the server is not well."""
LONGEST_TARGET = 2048
"""Letters of path and query; a longer request is none of ours."""

Language = Literal["fr", "en"]

_FILES = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "link.js": "text/javascript; charset=utf-8",
    "rooms.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "manifest.webmanifest": "application/manifest+json",
    "icon.svg": "image/svg+xml",
    "icon-192.png": "image/png",
}
_OFFICE_FILES = {
    "desk.html": "text/html; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "desk.css": "text/css; charset=utf-8",
}
_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFETY = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    # No school that puts a proxy in front has to wonder: each answer is asked for again, and is short
    # when nothing changed.
    ("Cache-Control", "no-cache"),
)


class Request(Struct, frozen=True, kw_only=True):
    """What is wanted.

    Attributes:
        target: Path and query as they came.
        method: ``GET``, or what we do not do.
        known: The ``If-None-Match`` header: what the client has already.
        gzip: Whether it takes a compressed answer.
        language: Which of our languages it would rather read.
    """

    target: str
    method: str = "GET"
    known: str = ""
    gzip: bool = False
    language: Language = "fr"


class Answer(Struct, frozen=True, kw_only=True):
    """What is sent.

    Attributes:
        headers: Without ``Content-Length``, ``Connection`` and ``Date``, which the rim adds.
    """

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    body: bytes


class File(Struct, frozen=True, kw_only=True):
    """A file of the page, ready to be sent.

    Attributes:
        etag: Names these bytes.
        packed: The body, gzip; empty where that is no shorter.
    """

    content_type: str
    etag: str
    body: bytes
    packed: bytes


class Room(Struct, frozen=True, kw_only=True, gc=False):
    """One room as it travels to clients.

    Attributes:
        day: Its day as those see it who see no titles.
        titled: The same with titles.
    """

    day: RoomDay
    titled: RoomDay
    presence: RoomPresence

    @property
    def plan(self) -> Sequence[Stretch]:
        """The newest plan: both messages bring one, and a press renews that of the presence only."""
        day, presence = self.day.plan, self.presence.plan
        if day and presence:
            return day if day[0].start > presence[0].start else presence
        return presence or day


class Shown(Struct, frozen=True, kw_only=True):
    """What the server knows and the board may see.

    Attributes:
        version: Another number whenever anything else here changed.
        titles: Whether the board may see titles.
    """

    school: str
    epoch: int
    seq: int
    version: int
    rules: Rules
    rooms: Mapping[RoomKey, Room]
    titles: bool


class Condition(Struct, frozen=True, kw_only=True):
    """How the server is.

    Attributes:
        seq: Position of the newest event told to clients.
        began_at: When this run of the gateway began.
        recorder_age: Seconds since the recorder last proved that it takes what is to be written; None
            when the school has not spoken yet.
        sources: For each configured timetable when today was last read and believed.
        clients: Connections by role.
        doors: Doors that are connected and have delivered all they kept.
    """

    version: str = ""
    seq: int
    began_at: datetime
    recorder_age: float | None
    sources: Mapping[SourceName, datetime | None]
    clients: Mapping[str, int]
    doors: int


def load_files(folder: Path = FOLDER, office: Path = OFFICE) -> dict[str, File]:
    """Read the files of the board and of the desk's page once, at the start.

    Returns:
        The files by the path under which they are served.

    Raises:
        OSError: One is missing: the installation is not whole.
    """
    files = {}
    there = [(folder, name, kind) for name, kind in _FILES.items()]
    there += [(office, name, kind) for name, kind in _OFFICE_FILES.items()]
    for place, name, content_type in there:
        body = (place / name).read_bytes()
        packed = gzip.compress(body, mtime=0)
        files[f"/{name}"] = File(
            content_type=content_type,
            etag=_etag(body),
            body=body,
            packed=packed if len(packed) < len(body) else b"",
        )
    return files


class Web:
    """Answers plain GET requests. Belongs to one thread.

    Args:
        files: What `load_files` read.
    """

    def __init__(self, files: Mapping[str, File]) -> None:
        self._files = files
        self._feeds: dict[tuple[str, str], tuple[int, datetime, File]] = {}

    def answer(self, request: Request, shown: Shown, condition: Condition, now: datetime) -> Answer:
        """Answer a request.

        Args:
            request: What is wanted.
            shown: What the board may see.
            condition: How the server is.
            now: The time.
        """
        if request.method != "GET":
            return get_only()
        if len(request.target) > LONGEST_TARGET:
            return refuse(HTTPStatus.REQUEST_URI_TOO_LONG, f"at most {LONGEST_TARGET} letters, please")
        try:
            parts = segments(request.target)
        except ValueError as error:
            return refuse(HTTPStatus.BAD_REQUEST, str(error))
        match parts:
            case [""]:
                return self._file("/index.html", request)
            case ["desk"]:
                return self._file("/desk.html", request)
            case ["healthz"]:
                return _health(condition, shown, now)
            case ["metrics"]:
                return _metrics(condition, shown, now)
            case ["rooms.json"]:
                return self._rooms(request, shown, now)
            case [name] if f"/{name}" in self._files:
                return self._file(f"/{name}", request)
            case ["room", name] if name.endswith(".ics") and RoomKey(name[:-4]) in shown.rooms:
                return self._calendar(RoomKey(name[:-4]), request, shown, now)
            case ["room", name]:
                there = RoomKey(name) in shown.rooms
            case ["wing", name]:
                there = any(room.day.info and room.day.info.wing == name for room in shown.rooms.values())
            case _:
                return refuse(HTTPStatus.NOT_FOUND, "nothing here; the board is /, the live channel /ws")
        # The page itself says that there is no such room: whoever scanned an old code wants a room.
        return self._file("/index.html", request, status=HTTPStatus.OK if there else HTTPStatus.NOT_FOUND)

    def _file(self, path: str, request: Request, *, status: HTTPStatus = HTTPStatus.OK) -> Answer:
        return _sent(self._files[path], request, status=status)

    def _rooms(self, request: Request, shown: Shown, now: datetime) -> Answer:
        known = self._feeds.get(("rooms", ""))
        if known is None or known[0] != shown.version or now >= known[1]:
            body, until = rooms_json(shown, now)
            known = shown.version, until, _made(body, _JSON)
            self._feeds["rooms", ""] = known
        return _sent(known[2], request)

    def _calendar(self, key: RoomKey, request: Request, shown: Shown, now: datetime) -> Answer:
        cached = self._feeds.get((key, request.language))
        if cached is None or cached[0] != shown.version or now >= cached[1]:
            room = shown.rooms[key]
            body = calendar(room, shown.rules, now, titles=shown.titles, language=request.language)
            until = now + timedelta(minutes=1)  # "nobody has confirmed" becomes true by time alone
            cached = shown.version, until, _made(body, "text/calendar; charset=utf-8")
            self._feeds[key, request.language] = cached
        answer = _sent(cached[2], request)
        return msgspec.structs.replace(answer, headers=(*answer.headers, ("Vary", "Accept-Language")))


# -- requests and answers -----------------------------------------------------------------------


def segments(target: str) -> list[str]:
    """Take the path of a request apart and decode it.

    Args:
        target: Path and query as they came, such as ``/room/L213?lang=en``.

    Returns:
        What stands between the slashes; ``[""]`` for ``/``.

    Raises:
        ValueError: It cannot be understood.
    """
    if not target.startswith("/"):
        raise ValueError("the path has to begin with a slash")
    path = target.partition("?")[0]
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise ValueError("a % in the path is not followed by two hex digits")
    try:
        parts = [unquote_to_bytes(part).decode() for part in path[1:].split("/")]
    except UnicodeDecodeError:
        raise ValueError("the path is not UTF-8") from None
    if any(not letter.isprintable() for part in parts for letter in part):
        raise ValueError("the path holds a character that cannot be written")
    return parts


def preferred(accept: str) -> Language:
    """Tell which of our languages somebody would rather read, by their ``Accept-Language``."""
    best: tuple[float, Language] = (0.0, "fr")
    for part in accept.split(","):
        name, _, quality = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        match = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", quality)
        weight = float(match[1]) if match else 1.0
        if language == "en" and weight > best[0]:
            best = weight, "en"
        elif language == "fr" and weight > best[0]:
            best = weight, "fr"
    return best[1]


def _sent(file: File, request: Request, *, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    packed = request.gzip and bool(file.packed)
    etag = f'"{file.etag}{"-gzip" if packed else ""}"'
    headers = [("Content-Type", file.content_type), ("ETag", etag), *_SAFETY]
    if file.packed:
        headers.append(("Vary", "Accept-Encoding"))
    if status is HTTPStatus.OK and _matches(request.known, etag):
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers=tuple(headers[1:]), body=b"")
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    return Answer(status=status, headers=tuple(headers), body=file.packed if packed else file.body)


def _matches(known: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    return etag in tags or "*" in tags


def _made(body: bytes, content_type: str) -> File:
    return File(content_type=content_type, etag=_etag(body), body=body, packed=b"")


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:20]


def served(body: bytes, content_type: str, request: Request) -> Answer:
    """Answer with a text that was made for this request, or say that the client has it already."""
    return _sent(_made(body, content_type), request)


def refuse(status: HTTPStatus, why: str) -> Answer:
    """Answer with a reason in words."""
    return Answer(status=status, headers=(("Content-Type", _TEXT), *_SAFETY), body=f"{why}\n".encode())


def get_only() -> Answer:
    """Answer any other method."""
    answer = refuse(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is served; what changes something goes over /ws")
    return msgspec.structs.replace(answer, headers=(*answer.headers, ("Allow", "GET")))


# -- how the server is --------------------------------------------------------------------------


def ails(condition: Condition, rules: Rules, now: datetime) -> list[str]:
    """Tell what is wrong with the server; nothing when it is well.

    A timetable has `Policy.stale_after` minutes from the server's start to be read for the first time.

    Args:
        condition: How it is.
        rules: The school's rules.
        now: The time.
    """
    if condition.recorder_age is None:
        return ["the log is still being read"]
    wrong = []
    if condition.recorder_age > RECORDER_LIMIT:
        wrong.append(f"the recorder has not answered for {condition.recorder_age:.0f} s")
    oldest = timedelta(minutes=rules.policy.stale_after)
    for name, read_at in sorted(condition.sources.items()):
        if now - max(read_at or condition.began_at, condition.began_at) > oldest:
            since = f"since {read_at.isoformat()}" if read_at else "today"
            wrong.append(f"timetable {name} was not read {since}")
    return wrong


def _health(condition: Condition, shown: Shown, now: datetime) -> Answer:
    wrong = ails(condition, shown.rules, now)
    body = msgspec.json.encode(
        {
            "well": not wrong,
            "wrong": wrong,
            "seq": condition.seq,
            "rooms": len(shown.rooms),
            "doors": condition.doors,
            "clients": sum(condition.clients.values()),
            "recorder_age": condition.recorder_age,
            "timetables": dict(sorted(condition.sources.items())),
        }
    )
    status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
    return Answer(status=status, headers=(("Content-Type", _JSON), *_SAFETY), body=body)


class _Numbers(Collector):
    """The server's numbers at one instant, for Prometheus."""

    def __init__(self, condition: Condition, shown: Shown, now: datetime) -> None:
        self._condition, self._shown, self._now = condition, shown, now

    def collect(self) -> Iterator[GaugeMetricFamily | InfoMetricFamily]:
        """List the numbers."""
        condition, shown, now = self._condition, self._shown, self._now
        well = GaugeMetricFamily("toctoc_well", "1 when nothing is wrong: see /healthz")
        well.add_metric([], 0 if ails(condition, shown.rules, now) else 1)
        yield well
        seq = GaugeMetricFamily("toctoc_log_seq", "Position of the newest event told to clients")
        seq.add_metric([], condition.seq)
        yield seq
        if condition.recorder_age is not None:
            age = GaugeMetricFamily(
                "toctoc_recorder_age_seconds", "Seconds since the recorder last proved that it writes"
            )
            age.add_metric([], condition.recorder_age)
            yield age
        read = GaugeMetricFamily(
            "toctoc_timetable_age_seconds",
            "Seconds since today was last read and believed; none where it was not read",
            labels=["source"],
        )
        for name, read_at in sorted(condition.sources.items()):
            if read_at is not None:
                read.add_metric([name], (now - read_at).total_seconds())
        yield read
        rooms = GaugeMetricFamily(
            "toctoc_rooms", "Rooms by what their doors show; closed ones apart", labels=["status"]
        )
        for status, count in sorted(_counted(shown, now).items()):
            rooms.add_metric([status], count)
        yield rooms
        clients = GaugeMetricFamily("toctoc_clients", "Connections by role", labels=["role"])
        for role, count in sorted(condition.clients.items()):
            clients.add_metric([role], count)
        yield clients
        doors = GaugeMetricFamily("toctoc_doors", "Doors that are connected and have delivered all they kept")
        doors.add_metric([], condition.doors)
        yield doors


def _counted(shown: Shown, now: datetime) -> dict[str, int]:
    counted = dict.fromkeys(("in_use", "occupied", "booked", "unknown", "soon", "free", "closed"), 0)
    for room in shown.rooms.values():
        stretch = stretch_at(room.plan, now)
        if stretch is None:
            counted["unknown"] += 1
        else:
            counted["closed" if stretch.status.closed else stretch.status.name] += 1
    return counted


def _metrics(condition: Condition, shown: Shown, now: datetime) -> Answer:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(condition, shown, now))
    return Answer(
        status=HTTPStatus.OK,
        headers=(("Content-Type", CONTENT_TYPE_LATEST), *_SAFETY),
        body=generate_latest(registry),
    )


# -- feeds --------------------------------------------------------------------------------------


class ListedBooking(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A booking of today or tomorrow in `/rooms.json`.

    Attributes:
        confirmed_at: When somebody pressed for it.
        title: Only where the school shows titles to everybody.
    """

    start: datetime
    end: datetime
    all_day: bool = False
    unsure: bool = False
    kind: str = ""
    confirmed_at: datetime | None = None
    title: str | None = None


class Listed(Struct, frozen=True, kw_only=True):
    """A room in `/rooms.json`.

    Attributes:
        status: One of ``in_use occupied booked unknown soon free``.
        available: Whether somebody may take it now.
        until: Until when all of this holds, as far as is known; None where no end is known.
        then: The status after that.
        read_at: When its timetables of today were last believed; None when they were not.
        people: How many people are there, where somebody counted.
    """

    room: RoomKey
    name: str
    wing: str
    type: str
    seats: int
    equipment: tuple[str, ...]
    status: str
    available: bool
    closed: bool
    out_of_order: bool
    released: bool
    until: datetime | None
    then: str | None
    read_at: datetime | None
    people: int | None
    bookings: tuple[ListedBooking, ...]


class Listing(Struct, frozen=True, kw_only=True):
    """`/rooms.json`: all rooms.

    Attributes:
        as_of: When it was made; it holds until ``until`` unless something new happens.
    """

    school: str
    zone: str
    epoch: int
    seq: int
    as_of: datetime
    until: datetime | None
    rooms: tuple[Listed, ...]


def stretch_at(plan: Sequence[Stretch], now: datetime) -> Stretch | None:
    """Find what a plan says of an instant; None behind its end, where nothing is known.

    An instant before its beginning, by a clock that was set back, is taken for the beginning.
    """
    number = max(0, bisect_right(plan, now, key=lambda stretch: stretch.start) - 1)
    if not plan or (plan[number].until is not None and now >= plan[number].until):  # type: ignore[operator]
        return None
    return plan[number]


def rooms_json(shown: Shown, now: datetime) -> tuple[bytes, datetime]:
    """Write all rooms as the board sees them.

    Args:
        shown: What the board may see.
        now: The time.

    Returns:
        The text, and when it is over: at the next change that is known by now.
    """
    rooms = tuple(_listed(shown.rooms[key], shown, now) for key in sorted(shown.rooms))
    ends = [room.until for room in rooms if room.until is not None]
    counted = [
        room.presence.headcount_until
        for room in shown.rooms.values()
        if room.presence.headcount_until is not None and room.presence.headcount_until > now
    ]
    until = min([*ends, *counted], default=None)
    listing = Listing(
        school=shown.school,
        zone=shown.rules.zone,
        epoch=shown.epoch,
        seq=shown.seq,
        as_of=now,
        until=until,
        rooms=rooms,
    )
    return msgspec.json.encode(listing), until or now + timedelta(minutes=1)


def _listed(room: Room, shown: Shown, now: datetime) -> Listed:
    day, presence, info = room.titled if shown.titles else room.day, room.presence, room.day.info
    stretch = stretch_at(room.plan, now)
    status = stretch.status if stretch else None
    until = stretch.until if stretch else None
    then = stretch_at(room.plan, until) if until is not None else None
    counted = presence.headcount_until is not None and now < presence.headcount_until
    return Listed(
        room=day.room,
        name=info.name if info else day.room,
        wing=info.wing if info else "",
        type=info.type if info else "",
        seats=info.seats if info else 0,
        equipment=tuple(
            name
            for name in ("whiteboard", "blackboard", "projector", "tv")
            if info is not None and getattr(info, name)
        ),
        status=status.name if status else "unknown",
        available=status.available if status else False,
        closed=status.closed if status else False,
        out_of_order=status.out_of_order if status else False,
        released=status.released if status else False,
        until=until,
        then=then.status.name if then else None,
        read_at=day.readings.get(day_of(shown.rules, now)),
        people=presence.headcount if counted else None,
        bookings=tuple(
            ListedBooking(
                start=b.start,
                end=b.end,
                all_day=b.all_day,
                unsure=b.unsure,
                kind=b.kind,
                confirmed_at=presence.confirmed.get(b.id),
                title=b.title,
            )
            for b in day.bookings
        ),
    )


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
    """Write a text as RFC 5545 wants it; what no calendar can show is left out."""
    shown = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
    for letter in ("\\", ";", ","):
        shown = shown.replace(letter, f"\\{letter}")
    return shown.replace("\n", "\\n")


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
