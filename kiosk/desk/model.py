"""What the desk's console knows, what it shows, and what follows from each line that is typed. Pure.

`Desk` is told what was typed, what the server said and how the connection is, and answers with what to
show and what to send. It has no clock, no thread and no terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.ids import KioskId, RoomKey, SourceName
from events.notices import one_line, topics_of
from events.printable import printable
from events.search import Wish
from events.wire import (
    Accesses,
    AskAccess,
    AskSources,
    Boards,
    ClientMessage,
    CloseRoom,
    Done,
    Find,
    Found,
    Happened,
    Heartbeat,
    JoinChannel,
    Joined,
    JudgeReading,
    LeaveChannel,
    Left,
    Member,
    Missed,
    Notice,
    Notices,
    Pair,
    Paired,
    PostNotice,
    Refused,
    ReopenRoom,
    RevokeDoor,
    RoomDay,
    RoomPresence,
    Roster,
    RulesSet,
    Said,
    Say,
    ServerMessage,
    SetHeadcount,
    SnapshotBegin,
    SnapshotEnd,
    SourceReport,
    Sources,
    Subscribe,
    TimetablesRead,
    Unsubscribe,
    Welcome,
    WithdrawNotice,
)
from kiosk.desk.feed import Feed, choose
from kiosk.desk.room import Room, room_lines
from kiosk.desk.told import Teller
from kiosk.desk.typed import ALL, Places, instant, is_time, take_until, take_word
from kiosk.find import lines as found_lines

Style = Literal["event", "roster", "chat", "answer", "wrong", "note"]
FOLLOWED = ("school", "roster", "feed")
LATE = timedelta(minutes=1)
"""An event that was written so long after it happened is shown with both times."""
SETTLING = timedelta(seconds=30)
"""For so long after the server came back doors that come are counted and not named: all of them do."""
_MOST_LISTED = 40


class Show(Struct, frozen=True):
    """Show a line."""

    text: str
    style: Style = "answer"


class Send(Struct, frozen=True):
    """Send a message to the server."""

    message: ClientMessage


class Quit(Struct, frozen=True):
    """Leave."""


Effect = Show | Send | Quit
_Then = Callable[[ServerMessage], list[Effect]]


class Command(Struct, frozen=True):
    """What may be typed after a slash.

    Attributes:
        usage: What stands behind it.
        about: What it does.
        takes: What its words may be, for completion.
    """

    usage: str
    about: str
    takes: tuple[str, ...] = ()


COMMANDS: dict[str, Command] = {
    "say": Command(
        "L213|L|all [--until 18:00] TEXT", "put a notice on a door, a wing, or all doors", ("place", "all")
    ),
    "notices": Command("", "list the notices that stand"),
    "withdraw": Command("N", "take a notice away", ("notice",)),
    "room": Command("L213", "a room's day and how it is now", ("room",)),
    "find": Command(
        "[L213] [MINUTES] [seats N] [whiteboard] [blackboard] [projector]",
        "the nearest free room",
        ("room", "wish"),
    ),
    "close": Command("L213 [18:00] [REASON]", "put a room out of order", ("room",)),
    "open": Command("L213", "put it back in order", ("room",)),
    "count": Command("L213 PEOPLE", "say how many people are in a room", ("room",)),
    "sources": Command("", "how the timetables are"),
    "accept": Command("SOURCE", "a suspect reading is right", ("source",)),
    "refuse": Command("SOURCE", "a suspect reading is wrong", ("source",)),
    "pair": Command("CODE L213 [NAME]", "a door that shows this code hangs at this room", ("room",)),
    "doors": Command("", "the doors that are known, and whether they are here"),
    "revoke": Command("DOOR", "take a door's key away; /doors tells which", ()),
    "feed": Command(
        "[off|all|presses|bookings|doors|timetables|desk|server|sensors|L213|L …]",
        "which events are shown",
        ("place", "feed"),
    ),
    "join": Command("CHANNEL", "talk in a channel, such as wing-L", ("channel",)),
    "leave": Command("[CHANNEL]", "leave it", ("channel",)),
    "me": Command("waves", "say what you do", ()),
    "who": Command("[CHANNEL|doors]", "who is here", ("channel", "doors")),
    "help": Command("[COMMAND]", "this list", ("command",)),
    "quit": Command("", "leave"),
}


class Desk:
    """One console.

    Args:
        room: Where the desk stands, for `/find`; None where nobody said.
    """

    def __init__(self, room: RoomKey | None = None) -> None:
        self.online = False
        self.me = ""
        self.channel = ""
        self.channels: tuple[str, ...] = ()
        self.feed = Feed()
        self.members: dict[str, Member] = {}
        self.boards = 0
        self.notices: tuple[Notice, ...] = ()
        self.rooms: dict[RoomKey, Room] = {}
        self._places = Places({})
        self._school = ""
        self._zone = ZoneInfo("UTC")
        self._ahead = timedelta(0)
        self._origin = room
        self._epoch: int | None = None
        self._seq: int | None = None
        self._gone_at: datetime | None = None
        self._heard_until: int | None = None
        self._listing: list[Member] = []
        self._met = False
        self._settled_at: datetime | None = None
        self._came_back = 0
        self._snapshot: set[RoomKey] | None = None
        self._sources: set[str] = set()
        self._doors: tuple[KioskId, ...] = ()
        self._numbers = count(1)
        self._asked: dict[int, tuple[str, _Then]] = {}

    # -- the connection -------------------------------------------------------------------------

    def connected(self, welcome: Welcome, now: datetime) -> list[Effect]:
        """Take note that the server let us in; say what we want to be told."""
        back = self._gone_at is not None
        self.online, self._gone_at = True, None
        self._school, self._zone = welcome.school, ZoneInfo(welcome.rules.zone)
        self._ahead = welcome.server_time - now
        self.me = self.me or welcome.name
        if welcome.epoch != self._epoch:
            self._epoch, self._seq = welcome.epoch, None
        self._heard_until = self._seq if back and self.feed.on else None
        self._met = False
        self._settled_at, self._came_back = (now + SETTLING if back else None), 0
        what = "the server is back" if back else f"connected to {welcome.school or 'the school'}"
        return [
            Show(f"* {what}", "note"),
            self._subscribe(),
            *(self._rejoin(channel) for channel in self.channels),
        ]

    def lost(self, why: str, now: datetime) -> list[Effect]:
        """Take note that the connection is gone, or could not be made."""
        told: list[Effect] = []
        if self._gone_at is None:
            self._gone_at = now
            what = "the server is gone" if self.online else "no server answers"
            told.append(Show(f"* {what} ({why}): trying again until it comes back", "wrong"))
        told += [
            Show(f"{what}: the connection broke before the answer; look whether it was done", "wrong")
            for what, _ in self._asked.values()
        ]
        self.online = False
        self._asked.clear()
        self._snapshot = None
        self._listing.clear()
        return told

    def _subscribe(self) -> Send:
        topics = FOLLOWED if self.feed.on else FOLLOWED[:-1]
        return Send(Subscribe(topics=topics, epoch=self._epoch, seq=self._seq))

    def _rejoin(self, channel: str) -> Send:
        return self._ask(f"/join {channel}", lambda n: JoinChannel(id=n, channel=channel), lambda _: [])

    # -- what the server says -------------------------------------------------------------------

    def heard(self, message: ServerMessage, now: datetime) -> list[Effect]:
        """Take a message of the server.

        Args:
            message: What it said.
            now: The time of this machine.
        """
        match message:
            case RoomDay() | RoomPresence() | TimetablesRead() | SnapshotBegin():
                self._learn(message)
            case SnapshotEnd(seq=seq):
                self._learn(message)
                return self._meanwhile(seq)
            case RulesSet(rules=rules):
                self._zone = ZoneInfo(rules.zone)
            case Notices(notices=notices):
                self.notices = notices
            case Heartbeat(server_time=server_time, seq=seq):
                self._ahead, self._seq = server_time - now, seq
                return self._count_those_back(now)
            case Boards(count=number):
                self.boards = number
            case Roster():
                return self._list(message)
            case Joined(member=member, channel=channel):
                self.members[member.name] = member
                if self._settled_at is not None and member.role == "kiosk":
                    self._came_back += 1
                    return []
                return self._came(member, f"joined {channel}" if channel else "joined")
            case Left(member=member, how=how, channel=channel):
                return self._went(member, how, channel)
            case Said():
                return [self._said(message)]
            case Happened():
                return self._happened(message)
            case Missed(first=first, last=last):
                number = last - first + 1
                what = "1 event was" if number == 1 else f"{number} events were"
                return [Show(f"* {what} not shown: too much came at once", "note")]
            case Refused(ref=None, reason=reason):
                return [Show(f"the server refused: {reason}", "wrong")]
            case _:
                return self._answered(message)
        return []

    def _learn(self, message: RoomDay | RoomPresence | TimetablesRead | SnapshotBegin | SnapshotEnd) -> None:
        match message:
            case SnapshotBegin(whole=whole):
                self._snapshot = set() if whole else None
            case SnapshotEnd(seq=seq):
                self._seq = seq
                if self._snapshot is not None:
                    self.rooms = {key: self.rooms[key] for key in self.rooms if key in self._snapshot}
                self._snapshot = None
                self._places = Places({key: room.day.info for key, room in self.rooms.items()})
            case RoomDay(room=key):
                known = self.rooms.get(key)
                if message.retired:
                    self.rooms.pop(key, None)
                else:
                    self.rooms[key] = Room(message, known.presence if known else None, message.plan)
                if self._snapshot is not None:
                    self._snapshot.add(key)
                elif known is None or message.retired or known.day.info != message.info:
                    self._places = Places({key: room.day.info for key, room in self.rooms.items()})
            case RoomPresence(room=key):
                known = self.rooms.get(key)
                if known is not None:
                    self.rooms[key] = Room(known.day, message, message.plan)
            case TimetablesRead(readings=readings, others=others):
                for key, room in self.rooms.items():
                    self.rooms[key] = room.read(others.get(key, readings))

    def _meanwhile(self, seq: int) -> list[Effect]:
        """Tell how much happened while there was no connection."""
        until, self._heard_until = self._heard_until, None
        if until is None or until >= seq:
            return []
        return [Show(f"* meanwhile: {_number(seq - until, 'event', 'events')}", "note")]

    def _list(self, message: Roster) -> list[Effect]:
        self._listing += message.members
        self.boards, self.me = message.boards, message.you or self.me
        if message.more:
            return []
        self.members = {member.name: member for member in self._listing}
        self._listing.clear()
        met, self._met = self._met, True
        return [] if met else [Show(f"* you are {self.me}; {self._crowd()}", "note")]

    def _count_those_back(self, now: datetime) -> list[Effect]:
        """Tell with each heartbeat how many doors came back with the server."""
        number, self._came_back = self._came_back, 0
        if self._settled_at is not None and now >= self._settled_at:
            self._settled_at = None
        return [Show(f"* {_number(number, 'door is', 'doors are')} back", "roster")] if number else []

    def _crowd(self) -> str:
        people = sum(member.role == "operator" for member in self.members.values())
        doors = sum(member.role == "kiosk" for member in self.members.values())
        others = len(self.members) - people - doors
        parts = [_number(people, "person", "people"), _number(doors, "door", "doors")]
        parts += [_number(others, "device", "devices")] if others else []
        return ", ".join([*parts, _number(self.boards, "board", "boards")])

    def _came(self, member: Member, what: str) -> list[Effect]:
        if member.name == self.me or not self._interesting(member):
            return []
        return [Show(f"* {member.name} {what}", "roster")]

    def _went(self, member: Member, how: str, channel: str) -> list[Effect]:
        if channel:
            self.members[member.name] = member
            return self._came(member, f"left {channel}")
        self.members.pop(member.name, None)
        words = {"cut off": "was cut off", "replaced": "came again by another connection"}
        return self._came(member, words.get(how, "left"))

    def _interesting(self, member: Member) -> bool:
        """People are always told of; doors and devices as far as the feed is about their rooms."""
        if member.role == "operator" or member.room is None:
            return True
        return (
            self.feed.on and "doors" in self.feed.kinds and self.feed.about(member.room, self._places.rooms)
        )

    def _said(self, message: Said) -> Show:
        hour = f"{message.at.astimezone(self._zone):%H:%M}"
        said = f"* {message.name} {message.text}" if message.action else f"<{message.name}> {message.text}"
        return Show(f"{hour} [{message.channel}] {said}", "chat")

    def _happened(self, message: Happened) -> list[Effect]:
        if not self.feed.shows(message.event, self._places.rooms):
            return []
        names = {key: info.name for key, info in self._places.rooms.items() if info is not None}
        teller = Teller(self._zone, names)
        late = message.recorded_at - message.at > LATE
        then = f" (at {teller.hour(message.at, message.recorded_at)})" if late else ""
        hour = f"{message.recorded_at.astimezone(self._zone):%H:%M:%S}"
        told = teller.tell(message.event, message.seq, message.recorded_at)
        # The event has no text, but the notices that stand have.
        text = next((f": {notice.text}" for notice in self.notices if notice.number == message.seq), "")
        return [Show(f"{hour}  {told}{text}{then}", "event")]

    def _answered(self, message: ServerMessage) -> list[Effect]:
        ref = getattr(message, "ref", None)
        asked = self._asked.pop(ref, None) if isinstance(ref, int) else None
        if asked is None:
            return []
        what, then = asked
        if isinstance(message, Refused):
            return [Show(f"{what}: {message.reason}", "wrong")]
        if isinstance(message, Accesses) and message.more:
            self._asked[message.ref] = asked
        return then(message)

    # -- what is typed --------------------------------------------------------------------------

    def typed(self, line: str, now: datetime) -> list[Effect]:
        """Follow a line.

        Args:
            line: What was typed.
            now: The time of this machine.
        """
        line = line.strip()
        if not line:
            return []
        if any("\ud800" <= letter <= "\udfff" for letter in line):  # what a terminal makes of such bytes
            return [Show("that holds bytes that are no text in UTF-8", "wrong")]
        try:
            if not line.startswith("/"):
                return [self._speak(line)]
            name, rest = take_word(line[1:])
            return self._obey(name.casefold(), rest, now + self._ahead)
        except ValueError as error:
            return [Show(str(error), "wrong")]

    def _obey(self, name: str, rest: str, now: datetime) -> list[Effect]:  # noqa: C901, PLR0912  # one each
        match name:
            case "say":
                return [self._post(rest, now)]
            case "notices":
                return self._list_notices(now)
            case "withdraw":
                return [self._withdraw(rest)]
            case "room":
                return self._show_room(rest, now)
            case "find":
                return [self._find(rest, now)]
            case "close" | "open" | "count":
                return [self._set_room(name, rest, now)]
            case "sources":
                _nothing(name, rest)
                return [self._ask("/sources", lambda n: AskSources(id=n), self._show_sources(now))]
            case "accept" | "refuse":
                return [self._judge(name, rest)]
            case "pair":
                return [self._pair(rest)]
            case "doors" | "revoke":
                return [self._manage(name, rest)]
            case "feed":
                return self._choose(rest)
            case "join" | "leave":
                return [self._move(name, rest)]
            case "me":
                return [self._speak(_needed(name, rest), action=True)]
            case "who":
                return self._who(rest)
            case "help":
                return _help(rest)
            case "quit":
                return [Quit()]
            case _:
                raise ValueError(f"there is no command /{name}; /help lists them")

    def _ask(self, what: str, make: Callable[[int], ClientMessage], then: _Then | str) -> Send:
        """Ask the server for something.

        Args:
            what: What was typed, for what has to be said of it later.
            make: Makes the message of its number.
            then: What follows from the answer; or what to show when it is done, with ``{seq}``.

        Raises:
            ValueError: There is no server.
        """
        if not self.online:
            raise ValueError("not sent: there is no connection; the arrow up brings the line back")
        number = next(self._numbers)
        if isinstance(then, str):
            text = then

            def follow(message: ServerMessage) -> list[Effect]:
                seq = str(message.seq) if isinstance(message, Done) else ""
                return [Show(text.replace("{seq}", seq))]

            then = follow
        self._asked[number] = (what, then)
        return Send(make(number))

    def _speak(self, text: str, *, action: bool = False) -> Send:
        channel = self.channel
        if not channel:
            raise ValueError("you are in no channel: /join wing-L, for example; commands begin with /")
        _fits(text, 500)
        return self._ask(
            "not said", lambda n: Say(id=n, channel=channel, text=text, action=action), lambda _: []
        )

    def _post(self, rest: str, now: datetime) -> Send:
        where, text = take_word(rest)
        if where == "--until":  # it may stand first, too
            hour, rest = take_word(text)
            where, text = take_word(rest)
            text = f"{text} --until {hour}"
        text, hour_said = take_until(text)
        if not text:
            raise ValueError(_usage("say"))
        topic, text = self._places.topic(where), one_line(text)
        until = instant(hour_said, now, self._zone) if hour_said is not None else None
        done = f"notice {{seq}} is on {_doors_of(topic)}; /withdraw {{seq}} takes it away"
        return self._ask(
            f"/say {where}", lambda n: PostNotice(id=n, topic=topic, text=text, until=until), done
        )

    def _list_notices(self, now: datetime) -> list[Effect]:
        standing = [n for n in self.notices if n.until is None or now < n.until]
        shown: list[Effect] = []
        for notice in standing:
            until = f" until {notice.until.astimezone(self._zone):%H:%M}" if notice.until else ""
            shown.append(Show(f"{notice.number:>6}  {_doors_of(notice.topic)}{until}: {notice.text}"))
        return shown or [Show("no notice stands")]

    def _withdraw(self, rest: str) -> Send:
        number = _whole(_needed("withdraw", rest), "withdraw")
        done = f"notice {number} is withdrawn"
        return self._ask(f"/withdraw {number}", lambda n: WithdrawNotice(id=n, notice=number), done)

    def _show_room(self, rest: str, now: datetime) -> list[Effect]:
        key = self._places.room(_needed("room", rest))
        room = self.rooms[key]
        mine = topics_of(key, room.day.info)
        notices = [n for n in self.notices if n.topic in mine and (n.until is None or now < n.until)]
        return [Show(line) for line in room_lines(room, notices, now, self._zone)]

    def _find(self, rest: str, now: datetime) -> Send:
        words = rest.split()
        origin, minutes, seats = self._origin, None, None
        wanted = {"whiteboard": False, "blackboard": False, "projector": False}
        while words:
            word = words.pop(0)
            if word.isascii() and word.isdecimal():
                minutes = _between(int(word), 1, 24 * 60, "minutes")
            elif word == "seats" and words:
                seats = _between(_whole(words.pop(0), "find"), 1, 10_000, "seats")
            elif word in wanted:
                wanted[word] = True
            elif self._places.is_room(word):
                origin = self._places.room(word)
            else:
                raise ValueError(f"{word!r} is not understood: {_usage('find')}")
        if origin is None:
            raise ValueError("say from where: /find L213 60; toctoc console --room L213 says it once for all")
        self._origin = origin
        wish = Wish(origin=origin, minutes=minutes, seats=seats, **wanted)

        def follow(message: ServerMessage) -> list[Effect]:
            if not isinstance(message, Found):
                return []
            return [Show(line) for line in found_lines(message.answer, self._zone, now)]

        return self._ask("/find", lambda n: Find(id=n, wish=wish), follow)

    def _set_room(self, name: str, rest: str, now: datetime) -> Send:
        word, rest = take_word(_needed(name, rest))
        room = self._places.room(word)
        what = f"/{name} {word}"
        if name == "open":
            _nothing("open L213", rest)
            return self._ask(what, lambda n: ReopenRoom(id=n, room=room), f"{room} is back in order")
        if name == "count":
            people = _between(_whole(rest, "count"), 0, 10_000, "people")
            done = f"{room}: {_number(people, 'person', 'people')}"
            return self._ask(what, lambda n: SetHeadcount(id=n, room=room, count=people), done)
        first, behind = take_word(rest)
        until = instant(first, now, self._zone) if is_time(first) else None
        reason = behind if until is not None else rest
        _fits(reason, 200)
        done = f"{room} is out of order" + (f" until {until.astimezone(self._zone):%H:%M}" if until else "")
        return self._ask(what, lambda n: CloseRoom(id=n, room=room, until=until, reason=reason), done)

    def _show_sources(self, now: datetime) -> _Then:
        def follow(message: ServerMessage) -> list[Effect]:
            if not isinstance(message, Sources):
                return []
            self._sources = {report.source for report in message.sources}
            shown = [Show(line) for report in message.sources for line in _source_lines(report, now)]
            return [*shown] or [Show("no timetable is configured")]

        return follow

    def _judge(self, name: str, rest: str) -> Send:
        source = SourceName(_needed(name, rest))
        accept = name == "accept"
        done = f"the reading of {source} is {'believed' if accept else 'refused'}"
        return self._ask(
            f"/{name} {source}", lambda n: JudgeReading(id=n, source=source, accept=accept), done
        )

    def _pair(self, rest: str) -> Send:
        words = rest.split()
        # The code is shown in two groups, and is typed so, too.
        split = next((n for n, word in enumerate(words) if n and self._places.is_room(word)), None)
        if split is None or split > 2:
            raise ValueError(_usage("pair"))
        code, room = "".join(words[:split]), self._places.room(words[split])
        name = " ".join(words[split + 1 :])
        _fits(name, 60)

        def follow(message: ServerMessage) -> list[Effect]:
            kiosk = message.kiosk[:8] if isinstance(message, Paired) else ""
            return [Show(f"door {kiosk} hangs at {room} now; it shows the same letters")]

        return self._ask(f"/pair {room}", lambda n: Pair(id=n, code=code[:32], room=room, name=name), follow)

    def _manage(self, name: str, rest: str) -> Send:
        if name == "doors":
            _nothing(name, rest)
            self._doors = ()
            return self._ask("/doors", lambda n: AskAccess(id=n), self._show_doors)
        begin = _needed(name, rest)
        meant = [kiosk for kiosk in self._doors if kiosk.startswith(begin)]
        if len(meant) != 1:
            problem = "several doors" if meant else "no door"
            raise ValueError(f"{problem} of the last /doors begin{'' if meant else 's'} with {begin!r}")
        done = f"the key of door {meant[0][:8]} counts no more"
        return self._ask(f"/revoke {begin}", lambda n: RevokeDoor(id=n, kiosk=meant[0]), done)

    def _show_doors(self, message: ServerMessage) -> list[Effect]:
        if not isinstance(message, Accesses):
            return []
        self._doors += tuple(door.kiosk for door in message.doors)
        shown: list[Effect] = []
        for door in sorted(message.doors, key=lambda door: (door.room, door.kiosk)):
            state = "connected" if door.connected else "NOT CONNECTED"
            name = f"  {door.name}" if door.name else ""
            shown.append(Show(f"{door.kiosk[:8]}  {door.room:8} {state}{name}"))
        return shown or ([] if self._doors else [Show("no door is paired or configured")])

    def _choose(self, rest: str) -> list[Effect]:
        words = rest.split()
        if not words:
            return [Show(f"feed: {self.feed}")]
        before = self.feed.on
        self.feed = choose(words, self._places.rooms, self._places.wings)
        shown: list[Effect] = [Show(f"feed: {self.feed}")]
        if self.online and before != self.feed.on:
            shown.append(self._subscribe() if self.feed.on else Send(Unsubscribe(topics=FOLLOWED[-1:])))
        return shown

    def _move(self, name: str, rest: str) -> Send:
        channel = rest or (self.channel if name == "leave" else "")
        if not channel:
            raise ValueError(_usage(name))
        _fits(channel, 40)

        def joined(_: ServerMessage) -> list[Effect]:
            self.channels = (*(c for c in self.channels if c != channel), channel)
            self.channel = channel
            others = [m.name for m in self.members.values() if channel in m.channels and m.name != self.me]
            return [Show(f"* you are in {channel}, with {', '.join(others) or 'nobody else'}", "roster")]

        def left(_: ServerMessage) -> list[Effect]:
            self.channels = tuple(c for c in self.channels if c != channel)
            self.channel = self.channels[-1] if self.channels else ""
            return [Show(f"* you left {channel}", "roster")]

        if name == "join":
            return self._ask(f"/join {channel}", lambda n: JoinChannel(id=n, channel=channel), joined)
        return self._ask(f"/leave {channel}", lambda n: LeaveChannel(id=n, channel=channel), left)

    def _who(self, rest: str) -> list[Effect]:
        members = sorted(self.members.values(), key=lambda member: member.name)
        if rest and rest != "doors":
            there = [m.name for m in members if rest in m.channels]
            return [Show(f"in {rest}: {', '.join(there) or 'nobody'}")]
        if rest == "doors":
            return [Show(f"{m.name}, since {self._since(m)}") for m in members if m.role != "operator"] or [
                Show("no door is connected")
            ]
        shown = []
        for member in members:
            if member.role == "operator":
                you = " (you)" if member.name == self.me else ""
                talks = f", in {', '.join(member.channels)}" if member.channels else ""
                shown.append(Show(f"{member.name}{you}, since {self._since(member)}{talks}"))
        others = [m.name.removeprefix("door ") for m in members if m.role == "kiosk"]
        if others:
            more = f" and {len(others) - _MOST_LISTED} more" if len(others) > _MOST_LISTED else ""
            shown.append(Show(f"doors: {', '.join(others[:_MOST_LISTED])}{more}"))
        shown += [
            Show(f"{m.name}, since {self._since(m)}") for m in members if m.role in ("device", "unpaired")
        ]
        return [*shown, Show(self._crowd())]

    def _since(self, member: Member) -> str:
        return f"{member.since.astimezone(self._zone):%H:%M}"

    # -- the line below and the words that fit --------------------------------------------------

    def status(self) -> str:
        """Write the line below what is typed: who, where, whether connected."""
        if not self.online:
            since = f" since {self._gone_at.astimezone(self._zone):%H:%M:%S}" if self._gone_at else ""
            return f"not connected{since}: trying again"
        return " · ".join(
            part
            for part in (
                self._school,
                self.me,
                f"talking in {self.channel}" if self.channel else "",
                self._crowd(),
                f"feed: {self.feed}",
            )
            if part
        )

    def completions(self, text: str) -> list[str]:
        """List the words that may stand where the last one stands.

        Args:
            text: What is typed so far, up to the cursor.
        """
        words = text.lstrip().split(" ")
        begun = words[-1].casefold()
        if not words[0].startswith("/"):
            return []
        if len(words) == 1:
            fitting: Iterable[str] = (f"/{name}" for name in COMMANDS)
        else:
            command = COMMANDS.get(words[0][1:].casefold())
            fitting = (word for kind in (command.takes if command else ()) for word in self._words(kind))
        return [word for word in fitting if word.casefold().startswith(begun)]

    def _words(self, kind: str) -> list[str]:
        match kind:
            case "room":
                return list(self._places.rooms)
            case "place":
                return [*sorted(self._places.wings), *self._places.rooms]
            case "notice":
                return [str(notice.number) for notice in self.notices]
            case "source":
                return sorted(self._sources)
            case "channel":
                joined = {channel for member in self.members.values() for channel in member.channels}
                return sorted(joined | {f"wing-{wing}" for wing in self._places.wings})
            case "feed":
                return ["off", ALL, *_FEED_WORDS]
            case "wish":
                return ["seats", "whiteboard", "blackboard", "projector"]
            case "command":
                return list(COMMANDS)
            case _:
                return [kind]


_FEED_WORDS = ("presses", "bookings", "doors", "timetables", "desk", "server", "sensors")


def _doors_of(topic: str) -> str:
    kind, _, name = topic.partition("/")
    return {"room": f"the door of {name}", "wing": f"wing {name}", "type": f"all {name}"}.get(
        kind, "all doors"
    )


def _source_lines(report: SourceReport, now: datetime) -> list[str]:
    because = f": {report.reason}" if report.reason else ""
    if report.read_at is None:
        age = "today was never read"
    else:
        minutes = max(0, round((now - report.read_at).total_seconds() / 60))
        age = f"read {minutes} min ago, {_number(report.bookings, 'booking', 'bookings')}"
    lines = [f"{report.source} ({report.kind}): {report.outcome or 'never tried'}{because}; {age}"]
    if report.outcome == "suspect":
        lines.append(f"  /accept {report.source} or /refuse {report.source} says what is true")
    return lines


def _help(rest: str) -> list[Effect]:
    name = rest.removeprefix("/").casefold()
    if name and name not in COMMANDS:
        raise ValueError(f"there is no command /{name}; /help lists them")
    chosen = [name] if name else list(COMMANDS)
    width = max(len(f"/{key} {COMMANDS[key].usage}") for key in chosen if len(COMMANDS[key].usage) < 40)
    shown: list[Effect] = []
    for key in chosen:
        typed = f"/{key} {COMMANDS[key].usage}".rstrip()
        if len(typed) > width:
            shown.append(Show(f"  {typed}"))
            typed = ""
        shown.append(Show(f"  {typed:{width}}  {COMMANDS[key].about}"))
    if not name:
        shown.append(Show("what does not begin with / is said in your channel; Tab completes"))
    return shown


def _usage(name: str) -> str:
    return f"that is /{name} {COMMANDS[name].usage}"


def _needed(name: str, rest: str) -> str:
    if not rest:
        raise ValueError(_usage(name))
    return rest


def _nothing(name: str, rest: str) -> None:
    if rest:
        raise ValueError(f"/{name} takes nothing more, not {rest!r}")


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise ValueError(f"{text or 'nothing'!r} is no number; {_usage(name)}")
    return int(text)


def _fits(text: str, longest: int) -> None:
    if len(text) > longest:
        raise ValueError(f"that has {len(text)} letters, and {longest} are the most")


def _between(number: int, least: int, most: int, what: str) -> int:
    if not least <= number <= most:
        raise ValueError(f"{what} are {least} to {most}, not {number}")
    return number


def _number(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def shown(show: Show) -> str:
    """Give a line as it may go to a terminal: what came from others may hold anything."""
    return printable(show.text)
