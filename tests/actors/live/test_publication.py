"""What is published is the replay, for whoever follows, lags, returns or comes, however it was committed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import actors.live.client
from actors import news
from actors.live.client import Client
from actors.live.connection import Connection, Gone, Packed
from actors.live.fanout import Fanout
from actors.live.latest import Latest, Update
from actors.live.publication import Publication
from actors.live.session import Session
from events.domain import NoticePosted, Policy, Recorded, RoomDeclared, RoomInfo, ServerStarted
from events.ids import EventId, RoomKey
from events.state import SchoolState
from events.status import known
from events.wire import HEARTBEAT, Heartbeat, Subscribe, encode, read_server_message
from tests.events.builders import OASIS, ROOM
from tests.events.report.diary import ICS, OTHER, Diary, eventful
from tests.follower import Follower, gaps, notice_gaps

FOLLOWED = (("school",), ("school",), (f"room/{ROOM}",), (f"room/{OTHER}",))
SMALL = 4000
"""Bytes that may wait for a client here, so that clients that read slowly lag."""


class Line:
    """A connection whose other end reads only when it is told to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.over = False
        self._read = asyncio.Event()

    def waiting_bytes(self) -> int:
        return sum(map(len, self.texts))

    def write_all(self, messages: Sequence[Packed]) -> int:
        if not self.over:
            self.texts += [message.text for message in messages]
        return self.waiting_bytes()

    async def send(self, text: str) -> None:
        self.texts.append(text)
        while self.waiting_bytes() > SMALL // 2 and not self.over:
            self._read.clear()
            await self._read.wait()
        if self.over:
            raise Gone(goodbye=False)

    def read(self, count: int) -> list[str]:
        read, self.texts = self.texts[:count], self.texts[count:]
        self._read.set()
        return read

    def reset(self) -> None:
        self.over = True
        self._read.set()


class Nobody:
    """A session of a board."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.who = self
        self.role = "board"


class Server:
    """A gateway without sockets: what the school commits goes through it to its clients, all on one loop."""

    def __init__(self, school: SchoolState, texts: dict[EventId, str], now: datetime) -> None:
        self.school, self.now = school, now
        self.numbers = itertools.count(1)
        self.publication = Publication()
        self.latest = Latest(board_titles=False, board_url="")
        self.fanout = Fanout(self.latest)
        self._tell(self.publication.take(replace(news.all_of(school), texts=texts), now))

    def commits(self, batch: list[Recorded], texts: dict[EventId, str]) -> None:
        self.now = batch[-1].recorded_at
        started = any(isinstance(recorded.event, ServerStarted) for recorded in batch)
        publish = news.take(self.school, batch, started=started).publish
        self._tell(self.publication.take(replace(publish, texts=texts), self.now))

    def waits(self, until: datetime) -> None:
        """Let time pass, with its heartbeats."""
        while self.now + timedelta(seconds=HEARTBEAT) < until:
            self.now += timedelta(seconds=HEARTBEAT)
            renewed = self.publication.renewed(self.now)
            if renewed is not None:
                self._tell(renewed)
        beat = Heartbeat(server_time=self.now, epoch=self.latest.epoch, seq=self.latest.seq)
        self.fanout.send(self.fanout.keeping_up(), encode(beat))

    def _tell(self, update: Update) -> None:
        self.latest.take(update)
        self.fanout.publish(update)


class Peer:
    """A client of the school's, which comes, follows something, and comes back when its line broke."""

    def __init__(self, school: Server, topics: tuple[str, ...]) -> None:
        self.topics = topics
        self.follower = Follower()
        self.come(school)

    def come(self, school: Server) -> None:
        self._school = school
        self.line = Line()
        session = cast("Session", Nobody(next(self._school.numbers)))
        self.client = Client(cast("Connection", self.line), session)
        self._school.fanout.add(self.client)
        self.follower.rules = self._school.latest.rules  # which the welcome tells
        self.subscribe()

    def subscribe(self) -> None:
        known = self.follower
        subscribe = Subscribe(topics=self.topics, epoch=known.epoch, seq=known.seq)
        self.snapshot = asyncio.create_task(self._send_snapshot(subscribe))

    async def _send_snapshot(self, subscribe: Subscribe) -> None:
        with contextlib.suppress(Gone):
            await self._school.fanout.snapshot(self.client, subscribe, self._school.now)

    def read(self, count: int = 10**6) -> None:
        for text in self.line.read(count):
            self.follower.hears(read_server_message(text))

    def breaks(self) -> None:
        """Lose the line with all that was on it."""
        self.line.reset()
        self._school.fanout.remove(self.client)

    def is_settled(self) -> bool:
        return (
            self.snapshot.done()
            and not self.line.texts
            and not self.client.pending
            and self.client.lagging_since is None
        )


class Day:
    """A random day: what is recorded, and what clients do meanwhile.

    Args:
        records: The log.
        chance: What decides.
    """

    def __init__(self, records: list[Recorded], chance: random.Random) -> None:
        self._records, self._chance = records, chance
        self._texts = {r.id: "words" for r in records if isinstance(r.event, NoticePosted)}
        self._replayed = SchoolState()
        self._server = Server(SchoolState(), {}, records[0].recorded_at)
        self._peers: list[Peer] = []

    async def passes(self, batches: Iterable[list[Recorded]]) -> None:
        for number, batch in enumerate(batches):
            if number and isinstance(batch[0].event, ServerStarted):
                await self._restart(batch[0])
            self._server.waits(batch[-1].recorded_at)
            if self._chance.random() < 0.3:
                await self._settle()
                self._compare(self._server.now, "just before", number)
            self._server.commits(batch, {r.id: self._texts[r.id] for r in batch if r.id in self._texts})
            self._replayed.apply_all(batch)
            for _ in range(self._chance.randint(0, 4)):
                await self._act()
            if self._chance.random() < 0.3:
                await self._settle()
                self._compare(self._server.now, "just after", number)
        await self._settle()
        self._compare(self._server.now, "at the end", 0)
        for peer in self._peers:
            peer.breaks()
        await asyncio.sleep(0)

    async def _act(self) -> None:
        kind = self._chance.random()
        peer = self._chance.choice(self._peers) if self._peers else None
        if peer is None or (kind < 0.2 and len(self._peers) < 5):
            self._peers.append(Peer(self._server, self._chance.choice(FOLLOWED)))
        elif kind < 0.35:
            peer.breaks()
            await asyncio.sleep(0)
            peer.come(self._server)
        elif kind < 0.45 and peer.snapshot.done():
            peer.subscribe()
        elif kind < 0.8:
            peer.read(self._chance.randint(1, 4))
        elif kind < 0.9:
            self._server.fanout.write_out()
        else:
            self._server.fanout.sweep()
        if self._chance.random() < 0.5:
            await asyncio.sleep(0)

    async def _restart(self, started: Recorded) -> None:
        """Begin anew from the log; the server's clients come back by themselves."""
        for peer in self._peers:
            peer.breaks()
        await asyncio.sleep(0)
        before = SchoolState().apply_all(self._records[: started.seq - 1])
        self._server = Server(before, dict(self._texts), started.recorded_at)
        for peer in self._peers:
            peer.come(self._server)

    async def _settle(self) -> None:
        """Let everybody read all there is."""
        while True:
            for peer in self._peers:
                peer.read()
            await asyncio.sleep(0)
            self._server.fanout.write_out()
            self._server.fanout.sweep()
            if all(peer.is_settled() for peer in self._peers):
                return

    def _compare(self, now: datetime, when: str, number: int) -> None:
        school = self._replayed
        for peer in self._peers:
            for room in school.rooms.values():
                if not {"school", f"room/{room.key}"}.isdisjoint(peer.topics):
                    wrong = gaps(peer.follower, known(school, room), now)
                    assert wrong == {}, f"{when} commit {number}, {peer.topics}, {room.key}"
            assert notice_gaps(peer.follower, school, now) is None, f"{when} commit {number}, {peer.topics}"


def batches(records: list[Recorded], cuts: list[int]) -> Iterator[list[Recorded]]:
    """Cut a log into commits; a start is never committed with what was before it."""
    starts = [n for n, recorded in enumerate(records) if isinstance(recorded.event, ServerStarted)]
    edges = sorted({0, len(records), *(cut % len(records) for cut in cuts), *starts[1:]})
    for begin, end in pairwise(edges):
        yield records[begin:end]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.client, "LAG", SMALL)


@pytest.mark.usefixtures("small_windows")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1_000_000),
    cuts=st.lists(st.integers(0, 400), min_size=10, max_size=150),
)
def test_however_events_are_committed_everybody_knows_what_a_replay_tells(seed: int, cuts: list[int]) -> None:
    records = list(eventful(seed, 90).log.read())

    async def day() -> None:
        await Day(records, random.Random(seed)).passes(batches(records, cuts))

    asyncio.run(day())


def tell(who: Follower, *texts: str) -> None:
    for text in texts:
        who.hears(read_server_message(text))


def follow(who: Follower, update: Update) -> None:
    """Tell whoever is here."""
    for frame, day in update.frames:
        tell(who, *([frame.plain] if day else []), frame.presence)
    tell(who, *(text for _, text in update.everyone))
    who.seq = update.seq


def resume(who: Follower, latest: Latest) -> None:
    """Tell whoever comes back."""
    for_all, frames = latest.since(who.seq)
    tell(who, *for_all)
    for frame in frames:
        tell(who, frame.plain, frame.presence)
    who.seq = latest.seq


def test_a_plan_that_would_call_a_timetable_too_old_too_early_is_renewed_in_time() -> None:
    """Clients that have no clock for ages of their own show the plan: it has to be right to the minute."""
    diary = Diary(policy=Policy(unknown_after=60), began="07:00")
    school, publication = SchoolState(), Publication()
    latest = Latest(board_titles=False, board_url="")
    present, absent = Follower(), Follower()

    def goes_on(clock: str) -> Update:
        update = publication.take(
            news.take(school, list(diary.log.read(after=school.seq))).publish, diary.at(clock)
        )
        latest.take(update)
        for who in (present, absent):
            follow(who, update)
        return update

    diary.reads("08:00")
    goes_on("08:00")
    diary.reads("08:29", outcome="unchanged")
    assert goes_on("08:29").frames == (), "nobody needs to be told yet"
    assert publication.renewed(diary.at("08:58:59")) is None
    renewed = publication.renewed(diary.at("08:59:01"))
    assert renewed is not None
    latest.take(renewed)
    follow(present, renewed)
    resume(absent, latest)
    for who in (present, absent):
        plan = who.presences[ROOM].plan
        assert [s.status.name for s in plan] == ["free", "unknown"]
        assert timedelta() <= plan[1].start - diary.at("09:29") < timedelta(seconds=1)
    assert publication.renewed(diary.at("09:30")) is None, "it is too old by now, as the plan says"


# -- what chance meets rarely ---------------------------------------------------------------------


class Hand:
    """A server whose commits are told one by one, and its clients."""

    def __init__(self, *rooms: RoomKey) -> None:
        self.diary = Diary(*rooms, began="06:00")
        self.replayed = SchoolState()
        self.server = Server(SchoolState(), {}, self.diary.at("06:00"))
        self.commits()

    def commits(self) -> None:
        records = list(self.diary.log.read(after=self.replayed.seq))
        self.server.commits(records, {})
        self.replayed.apply_all(records)

    def restarts(self) -> None:
        self.server = Server(SchoolState().apply_all(self.diary.log.read()), {}, self.diary.clock.now())

    def gaps(self, peer: Peer, room: RoomKey) -> dict[str, tuple[object, object]]:
        return gaps(peer.follower, known(self.replayed, self.replayed.rooms[room]), self.server.now)

    def moves_to_wing(self, wing: str) -> None:
        info = RoomInfo(name=ROOM, wing=wing, sources=(OASIS,))
        self.diary.tell(RoomDeclared(room=ROOM, info=info))
        self.commits()


async def read_all(server: Server, peer: Peer) -> None:
    while not peer.is_settled():
        server.fanout.write_out()
        await asyncio.sleep(0)
        peer.read()


@pytest.mark.usefixtures("small_windows")
def test_who_lags_and_subscribes_again_is_not_told_the_past_at_the_end() -> None:
    async def day() -> None:
        hand = Hand(*(RoomKey(f"L{n}") for n in range(100, 130)))
        peer = Peer(hand.server, ("school",))
        await read_all(hand.server, peer)
        peer.client.lagging_since = 0.0
        peer.follower.seq = None
        peer.subscribe()
        await asyncio.sleep(0)  # it waits for the client to read
        hand.diary.presses("06:10", room=RoomKey("L129"))
        hand.commits()
        peer.read()
        hand.server.fanout.sweep()
        await read_all(hand.server, peer)
        assert hand.gaps(peer, RoomKey("L129")) == {}

    asyncio.run(day())


@pytest.mark.parametrize("restarted", ["while it runs", "at a restart"])
def test_a_room_that_moves_to_another_wing_is_told_to_those_who_follow_the_old_one(restarted: str) -> None:
    async def day() -> None:
        hand = Hand()
        hand.moves_to_wing("L")
        peer = Peer(hand.server, ("wing/L",))
        await read_all(hand.server, peer)
        if restarted == "at a restart":
            peer.breaks()
            await asyncio.sleep(0)
            hand.moves_to_wing("V")
            hand.restarts()
            peer.come(hand.server)
        else:
            hand.moves_to_wing("V")
            hand.diary.presses("06:10")
            hand.commits()
        await read_all(hand.server, peer)
        if restarted == "at a restart":
            assert ROOM not in peer.follower.days, "it is not there any more"
        else:
            assert hand.gaps(peer, ROOM) == {}

    asyncio.run(day())


def test_who_resumes_is_not_told_ages_from_before_a_room_was_declared_anew() -> None:
    async def day() -> None:
        hand = Hand()
        hand.diary.reads("06:10", outcome="unchanged")
        hand.commits()
        other_sources = RoomInfo(name=ROOM, sources=(OASIS, ICS))
        hand.diary.tell(RoomDeclared(room=ROOM, info=other_sources), at="06:20")
        hand.commits()
        peer = Peer(hand.server, ("school",))
        await read_all(hand.server, peer)
        peer.breaks()
        await asyncio.sleep(0)
        peer.come(hand.server)
        await read_all(hand.server, peer)
        assert hand.gaps(peer, ROOM) == {}

    asyncio.run(day())
