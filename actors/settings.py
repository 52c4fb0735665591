"""The server's configuration: `school.toml` and the inventory beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from events.config import load, nearest, place
from events.domain import ClosedDays, Hours, Policy, RoomInfo
from events.errors import ConfigError
from events.ids import KioskId, RoomKey, SourceName
from events.inventory import read_rooms
from events.local import LocalServer, TlsUse, address_of, is_loopback, speaks_tls
from events.places import CERTIFICATE_FILE, DATA, HOST, PORT
from events.signing import kiosk_id
from events.status import parse_hours

_DAY = 24 * 60
_WEEK = 7 * _DAY
# Minutes: lowest and highest; what is not listed goes from 0 to a day.
_MINUTES = {
    "walk_in": (1, _DAY),
    "search": (1, _DAY),
    "stale_after": (1, _WEEK),
    "unknown_after": (1, _WEEK),
    "release_exempt_seen": (0, _WEEK),
}

Text = Annotated[str, Meta(min_length=1, description="a text in quotes, not empty")]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[limits]`.

    Attributes:
        connections: Live connections at once; beyond, a quarter more of doors, devices and operators.
        per_address: Of these from one address.
        unauthenticated: Connections that may say who they are at once; the others wait for their turn.
    """

    connections: Annotated[int, Meta(ge=10, le=100_000)] = 4000
    per_address: Annotated[int, Meta(ge=1, le=100_000)] = 3000
    unauthenticated: Annotated[int, Meta(ge=1, le=10_000)] = 50


class SchoolSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[school]`.

    Attributes:
        name: As people read it.
        zone: Time zone of the wall clocks.
        rooms: The inventory, beside this file unless it begins with a slash.
    """

    name: Text = "École"
    zone: str = "Europe/Paris"
    rooms: Text = "rooms.toml"


class ServerSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`.

    Attributes:
        host: Address to listen on.
        port: TCP port; 0 lets the system choose.
        data: Folder of the log and its personal parts.
    """

    host: Text = HOST
    port: Annotated[int, Meta(ge=0, le=65535)] = PORT
    data: Text = str(DATA)


class Closed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[closed]]`: days on which the school, or some of its rooms, are closed.

    Attributes:
        first: First closed day.
        last: Last closed day, included; None for the first.
        rooms: The rooms that are closed; empty means all.
    """

    first: date
    last: date | None = None
    rooms: tuple[RoomKey, ...] = ()


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[source]]`: a timetable. Of two that disagree about a room the one written first is right.

    Attributes:
        name: Short and permanent: it is part of every booking's name.
        kind: How to read it.
        url: Where it is. `{day}` stands for the day asked for, as 2026-11-20; in what holds many days
            `{start}` and `{end}` stand for the first day and the day after the last.
        resources: Where a `fullcalendar-json` feed lists its rooms, if it does.
        refresh: Seconds between two readings.
        timeout: Seconds after which a reading is given up.
        max_megabytes: A longer answer is refused.
        contact: Who may be written to about our reading; goes into the User-Agent.
        rooms: The rooms it speaks of; empty means all.
        aliases: What it calls a room, to the room's key, beside the inventory's aliases.
        patterns: Where it writes its rooms, when it does not simply name them: `FIELD=REGEX`, the field
            being `location`, `summary` or `description`.
        not_rooms: What stands where a room would and is none, such as `Distanciel`.
        separator: What parts several rooms in one field; empty when nothing does, `auto` to go by who wrote
            the feed.
        days_ahead: How many days after today are read as well; of a page only where `url` has `{day}`.
        render: Who runs the scripts of a page: nobody, or Chromium.
        allow_private: Whether it may be on a private, loopback or link-local address.
        user: Who we are there, with `password_file` or `password_env`.
        password_file: File with the password.
        password_env: Variable of the environment with the password.
        token_file: File with a bearer token.
        token_env: Variable of the environment with a bearer token.
        proxy: What leads to the web; the environment's is never used.
        ca_file: PEM file with the authorities to trust instead of the public ones.
    """

    name: Annotated[
        SourceName,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$",
            description="1 to 32 letters, digits, - and _, such as oasis",
        ),
    ]
    kind: Literal["oasis", "ics", "fullcalendar-json", "table"] = "oasis"
    url: str
    resources: str = ""
    refresh: Annotated[int, Meta(ge=1, le=86_400)] = 300
    timeout: Annotated[int, Meta(ge=1, le=600)] = 20
    max_megabytes: Annotated[int, Meta(ge=1, le=1024)] = 8
    contact: Annotated[str, Meta(pattern="^[ -~]*$", description="a text in plain ASCII on one line")] = ""
    rooms: tuple[RoomKey, ...] = ()
    aliases: dict[str, RoomKey] = {}
    patterns: tuple[str, ...] = ()
    not_rooms: tuple[str, ...] = ()
    separator: str = "auto"
    days_ahead: Annotated[int, Meta(ge=0, le=31)] = 1
    render: Literal["none", "chromium"] = "none"
    allow_private: bool = False
    user: str = ""
    password_file: str = ""
    password_env: str = ""
    token_file: str = ""
    token_env: str = ""
    proxy: str = ""
    ca_file: str = ""

    def speaks_of(self, room: RoomKey) -> bool:
        """Tell whether a room is in this timetable."""
        return not self.rooms or room in self.rooms


class Kind(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[kind]]`: bookings whose title has this pattern are of this kind.

    Attributes:
        name: The kind, such as ``exam``; it may stand in several tables.
        pattern: Regular expression, searched anywhere in the title, whatever the case.
    """

    name: Text
    pattern: Text


class Door(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[door]]`: a door that may report presses for a room; a room may have several.

    Attributes:
        room: Its room.
        key: Its public key, 64 hex digits, as `toctoc kiosk --show-key` prints it.
        name: Where it hangs, for people.
    """

    room: RoomKey
    key: Annotated[
        str,
        Meta(
            pattern="^[0-9A-Fa-f]{64}$",
            description="64 hex digits, as `toctoc kiosk --show-key` prints them",
        ),
    ]
    name: str = ""

    @property
    def kiosk(self) -> KioskId:
        """The fingerprint under which the door presses."""
        return kiosk_id(self.key)


class BoardSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[board]`.

    Attributes:
        titles: Whether the anonymous board in the browser shows the titles of bookings.
        url: Where phones find the board; empty where they cannot.
        http: Whether the board alone is also served without TLS, on a port of its own.
        http_port: That port; 0 lets the system choose.
    """

    titles: bool = False
    url: str = ""
    http: bool = False
    http_port: Annotated[int, Meta(ge=0, le=65535)] = 8080


class TlsSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tls]`.

    Attributes:
        use: ``auto`` is TLS unless the server listens on its own machine only; ``proxy`` is plain behind a
            proxy that shows ``certificate``; ``never`` is plain wherever it listens.
        certificate: The school's, PEM with its chain; empty for one that the server makes for itself.
        key: Its private key, PEM without a password.
        names: Names and addresses of the server, for the certificate that it makes.
    """

    use: TlsUse = "auto"
    certificate: str = ""
    key: str = ""
    names: tuple[Text, ...] = ()


class TlsSettings(Struct, frozen=True, kw_only=True):
    """`[tls]`, checked and resolved.

    Attributes:
        serve: Whether the server speaks TLS itself.
        proxy: Whether a proxy does, in front of it, with ``certificate``.
        certificate: The school's, absolute; None for one that the server makes for itself.
        key: Its private key; None where a proxy has it, and for the server's own.
        names: Names and addresses for the certificate that it makes.
    """

    serve: bool = False
    proxy: bool = False
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()


class DevicesSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[devices]`: small devices without a WebSocket stack.

    Attributes:
        port: TCP port on which they are listened to, without TLS; 0 for none.
    """

    port: Annotated[int, Meta(ge=0, le=65535)] = 0


class SchoolFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`school.toml` as it is written, one field for each section."""

    school: SchoolSection = SchoolSection()
    server: ServerSection = ServerSection()
    policy: Policy = Policy()
    hours: Hours = Hours()
    board: BoardSection = BoardSection()
    tls: TlsSection = TlsSection()
    limits: Limits = Limits()
    devices: DevicesSection = DevicesSection()
    closed: tuple[Closed, ...] = ()
    source: tuple[Source, ...] = ()
    kind: tuple[Kind, ...] = ()
    door: tuple[Door, ...] = ()


class SchoolSettings(Struct, frozen=True, kw_only=True):
    """All that the server is told, checked and resolved.

    Attributes:
        path: The file it was read from.
        name: The school, as people read it.
        zone: Its time zone.
        host: Address to listen on.
        port: TCP port; 0 lets the system choose.
        data: Folder of the log and its personal parts, absolute.
        rooms: The rooms by key, in the order of the inventory. `RoomInfo.sources` names the timetables
            that speak of a room, empty for all of them (also when none does: it stays unknown).
        policy: The school's rules.
        hours: When it is open.
        closed: When it, or some of its rooms, are closed.
        sources: Its timetables; names are unique.
        kinds: Patterns of titles; the first that matches names the kind.
        doors: The doors' keys; none is twice there.
        tls: How the port is protected.
        limits: How many may be connected.
        devices_port: Where small devices are listened to; None for nowhere.
        board_titles: Whether the anonymous board shows titles.
        http_port: Where the board alone is served without TLS; None for nowhere.
        board_url: Where phones find the board, without a slash at its end; empty where they cannot.
    """

    path: Path
    name: str
    zone: str
    host: str
    port: int
    data: Path
    rooms: dict[RoomKey, RoomInfo]
    policy: Policy
    hours: Hours
    closed: tuple[ClosedDays, ...]
    sources: tuple[Source, ...]
    kinds: tuple[Kind, ...]
    doors: tuple[Door, ...]
    tls: TlsSettings
    limits: Limits
    devices_port: int | None
    board_titles: bool
    board_url: str
    http_port: int | None

    @property
    def local(self) -> bool:
        """Whether the server listens on its own machine only."""
        return is_loopback(self.host)

    @property
    def address(self) -> str:
        """Where a program on the same machine reaches the server."""
        return address_of(self.host, self.port, tls=self.tls.serve)

    @property
    def certificate(self) -> Path:
        """What the server shows where it speaks TLS itself."""
        return self.tls.certificate or self.data / CERTIFICATE_FILE

    @property
    def local_server(self) -> LocalServer:
        """What a program on the same machine has to know of the server."""
        certificate = self.certificate if self.tls.serve else None
        return LocalServer(address=self.address, data=self.data, certificate=certificate)

    def kind_patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Give each kind with what its titles match, in order: the first that does names the kind."""
        return tuple((kind.name, re.compile(kind.pattern, re.IGNORECASE)) for kind in self.kinds)


def read_school(path: Path) -> SchoolSettings:
    """Read the server's configuration and the inventory it names.

    Args:
        path: `school.toml`; relative paths inside it start at its folder.

    Raises:
        ConfigError: One of the two files cannot be followed.
    """
    written = load(path, SchoolFile)
    inventory = _folder(path) / written.school.rooms
    rooms = read_rooms(inventory)
    for where, problem in _problems(written, rooms, inventory.name):
        raise ConfigError(str(path), where, problem)
    sources = written.source
    return SchoolSettings(
        path=path,
        name=written.school.name,
        zone=written.school.zone,
        host=written.server.host,
        port=written.server.port,
        data=_folder(path) / written.server.data,
        rooms={key: replace(info, sources=_speaking(key, sources)) for key, info in rooms.items()},
        policy=written.policy,
        hours=written.hours,
        closed=tuple(
            ClosedDays(first=days.first, last=days.last or days.first, rooms=days.rooms)
            for days in written.closed
        ),
        sources=sources,
        kinds=written.kind,
        doors=tuple(replace(door, key=door.key.lower()) for door in written.door),
        tls=_tls(written, _folder(path)),
        limits=written.limits,
        devices_port=written.devices.port or None,
        board_titles=written.board.titles,
        board_url=written.board.url.rstrip("/"),
        http_port=written.board.http_port if written.board.http else None,
    )


def _tls(written: SchoolFile, folder: Path) -> TlsSettings:
    tls = written.tls
    return TlsSettings(
        serve=speaks_tls(tls.use, host=written.server.host, certificate=tls.certificate),
        proxy=tls.use == "proxy",
        certificate=folder / tls.certificate if tls.certificate else None,
        key=folder / tls.key if tls.key else None,
        names=tls.names,
    )


def _folder(path: Path) -> Path:
    return path.absolute().parent


def _speaking(room: RoomKey, sources: tuple[Source, ...]) -> tuple[SourceName, ...]:
    names = tuple(source.name for source in sources if source.speaks_of(room))
    return () if len(names) == len(sources) else names


# -- what the types cannot say: each yields (where, problem) ------------------------------------

_Problems = Iterator[tuple[str, str]]


def _problems(written: SchoolFile, rooms: Mapping[RoomKey, RoomInfo], inventory: str) -> _Problems:
    def unknown_rooms(named: Iterable[RoomKey]) -> Iterator[str]:
        for room in named:
            if room not in rooms:
                yield f'"{room}" is no room of {inventory}{nearest(room, rooms)}'

    yield from _school_problems(written.school)
    yield from _policy_problems(written)
    for problem in unknown_rooms(written.policy.release_exempt_rooms):
        yield place("policy", "release_exempt_rooms"), problem
    for day, text in asdict(written.hours).items():
        try:
            parse_hours(text)
        except ValueError as error:
            yield place("hours", day), str(error)
    for number, days in enumerate(written.closed, start=1):
        if days.last is not None and days.last < days.first:
            yield place("closed", "last", number=number), f"{days.last} is before first, {days.first}"
        for problem in unknown_rooms(days.rooms):
            yield place("closed", "rooms", number=number), problem
    if (wrong := _board_problem(written.board.url)) is not None:
        yield place("board", "url"), wrong
    yield from _source_problems(written.source, unknown_rooms)
    for number, kind in enumerate(written.kind, start=1):
        try:
            re.compile(kind.pattern)
        except re.error as error:
            where = place("kind", "pattern", number=number, name=kind.name)
            yield where, f"is no regular expression: {error}"
    yield from _tls_problems(written)
    yield from _door_problems(written, unknown_rooms)


def _school_problems(school: SchoolSection) -> _Problems:
    try:
        ZoneInfo(school.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield (
            place("school", "zone"),
            f'"{school.zone}" is no time zone; allowed is one such as "Europe/Paris"',
        )


def _policy_problems(written: SchoolFile) -> _Problems:
    policy = written.policy
    for key, value in asdict(policy).items():
        if type(value) is int:
            low, high = _MINUTES.get(key, (0, _DAY))
            if not low <= value <= high:
                yield (
                    place("policy", key),
                    f"{value} is not allowed; allowed is an integer from {low} to {high} (minutes)",
                )
    if policy.release_warning > policy.release_after:
        yield (
            place("policy", "release_warning"),
            f"{policy.release_warning} is after release_after, {policy.release_after}",
        )
    if policy.unknown_after < policy.stale_after:
        yield (
            place("policy", "unknown_after"),
            f"{policy.unknown_after} is before stale_after, {policy.stale_after}: nobody would be warned",
        )
    kinds = {kind.name for kind in written.kind}
    if policy.release_exempt_kinds != Policy().release_exempt_kinds:
        for kind in policy.release_exempt_kinds:
            if kind not in kinds:
                yield (
                    place("policy", "release_exempt_kinds"),
                    f'no [[kind]] is named "{kind}"{nearest(kind, kinds)}',
                )


def _board_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        secret = parts.username is not None
    except ValueError:
        sound = secret = False
    # Doors show it, with the path of a room's page behind it.
    if not url or (sound and not secret and not re.search(r"[\s?#]", url)):
        return None
    return (
        f'"{url}" is not allowed; allowed is "" or an http:// or https:// address without a query, such as '
        '"https://rooms.school.example"'
    )


def _source_problems(
    sources: tuple[Source, ...], unknown_rooms: Callable[[Iterable[RoomKey]], Iterator[str]]
) -> _Problems:
    seen: dict[str, int] = {}
    for number, source in enumerate(sources, start=1):
        name = source.name
        if name in seen:
            where = place("source", "name", number=number, name=name)
            yield where, f'"{name}" is already the name of [[source]] no. {seen[name]}'
        seen[name] = number
        if (problem := _url_problem(source.url)) is not None:
            yield place("source", "url", number=number, name=name), problem
        for problem in unknown_rooms(source.rooms):
            yield place("source", "rooms", number=number, name=name), problem
        for problem in unknown_rooms(source.aliases.values()):
            yield place("source", "aliases", number=number, name=name), problem
        for key, problem in _kind_problems(source):
            yield place("source", key, number=number, name=name), problem


def _kind_problems(source: Source) -> _Problems:
    """What does not go together; yields (key, problem)."""
    kind = source.kind
    if source.resources:
        if kind != "fullcalendar-json":
            yield "resources", f'only a source of the kind "fullcalendar-json" has it, this is "{kind}"'
        elif (problem := _url_problem(source.resources)) is not None:
            yield "resources", problem
    if source.render != "none" and kind != "oasis":
        yield "render", f'only a page ("oasis") is rendered, this is "{kind}"'
    for key in ("patterns", "not_rooms"):
        if getattr(source, key) and kind == "oasis":
            yield key, 'a page ("oasis") names its rooms itself; use aliases'
    if source.separator != "auto" and kind in ("oasis", "fullcalendar-json"):
        yield "separator", f'rooms are never written in one field of a "{kind}" source'
    for pattern in source.patterns:
        field, equals, regex = pattern.partition("=")
        if not equals or field not in ("location", "summary", "description"):
            yield (
                "patterns",
                f'"{pattern}" is not allowed; allowed is location=, summary= or description=REGEX',
            )
            continue
        try:
            re.compile(regex)
        except re.error as error:
            yield "patterns", f'"{regex}" is no regular expression: {error}'
    ways = [
        key for key in ("password_file", "password_env", "token_file", "token_env") if getattr(source, key)
    ]
    if len(ways) > 1:
        yield ways[1], f"it is one of {', '.join(ways)}, not several"
    if bool(source.user) != any(key.startswith("password") for key in ways):
        yield "user", "user goes with password_file or password_env"


def _url_problem(url: str) -> str | None:
    allowed = "allowed is an http:// or https:// address, in which {day}, {start} and {end} may stand"
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"\s", url):
        return f'"{url}" is not allowed; {allowed}'
    bare = url.replace("{day}", "").replace("{start}", "").replace("{end}", "")
    if braces := re.search(r"\{[^}]*\}?|\}", bare):
        return f'"{braces.group()}" is not allowed; {allowed}'
    return None


def _door_problems(
    written: SchoolFile, unknown_rooms: Callable[[Iterable[RoomKey]], Iterator[str]]
) -> _Problems:
    seen: dict[str, int] = {}
    for number, door in enumerate(written.door, start=1):
        name = door.name or door.room
        for problem in unknown_rooms([door.room]):
            yield place("door", "room", number=number, name=name), problem
        key = door.key.lower()
        try:
            kiosk_id(key)
        except ValueError as error:
            yield place("door", "key", number=number, name=name), str(error)
        if key in seen:
            where = place("door", "key", number=number, name=name)
            yield where, f"is already the key of [[door]] no. {seen[key]}; each door has its own"
        seen[key] = number


def _tls_problems(written: SchoolFile) -> _Problems:
    tls, board = written.tls, written.board
    if tls.key and not tls.certificate:
        yield place("tls", "certificate"), "is missing; needed is the file that goes with key"
    if tls.certificate and not tls.key and tls.use in ("auto", "always"):
        yield place("tls", "key"), "is missing; needed is the file with the certificate's private key"
    if tls.use == "proxy" and not tls.certificate:
        problem = "is missing; needed is the proxy's certificate (not its key): doors answer for it"
        yield place("tls", "certificate"), problem
    for name in tls.names:
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+", name):
            allowed = 'allowed is a host name or an address, such as "rooms.school.example"'
            yield place("tls", "names"), f'"{name}" is not allowed; {allowed}'
    devices = written.devices.port
    if devices and devices in (written.server.port, board.http_port if board.http else 0):
        yield place("devices", "port"), f"{devices} is already the port of [server] or [board]"
    if board.http and board.http_port and board.http_port == written.server.port:
        yield place("board", "http_port"), f"{board.http_port} is already the port of [server]"
