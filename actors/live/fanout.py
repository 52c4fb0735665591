"""Who follows what, and what each is sent: snapshots, what changes, and what a client missed.

A client is owed the newest state of each room, not a backlog: `websockets` never drops one that stops
reading (152 MB after 40 s measured), so here it is skipped once 64 KiB wait for it, gets what changed
when it has read them, and is cut off after 10 s.

Belongs to the gateway's loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

from actors.live.awaited import Awaited
from actors.live.client import Client
from actors.live.connection import Packed, pack
from actors.live.latest import Frame, Latest, Update
from actors.live.lobby import FEED
from actors.live.outgoing import fits
from actors.live.writes import Writes
from actors.messages import Session
from events.domain import Recorded
from events.ids import EventId, RoomKey
from events.wire import (
    Happened,
    Missed,
    SnapshotBegin,
    SnapshotEnd,
    Subscribe,
    encode,
)

logger = logging.getLogger(__name__)

LAG_LIMIT = 10.0
"""Seconds after which a client that does not read is cut off."""
SNAPSHOT_LIMIT = 60.0
"""Seconds in which a client has to have read its snapshot."""
SNAPSHOT_WRITE = 4 * 1024
"""Bytes of a snapshot that are gathered before they are written. Under TLS a connection keeps a buffer as
large as what was ever written at once: with 16 KiB it took 61 KiB of memory, with 4 it takes 47."""


class Fanout:
    """The clients.

    Args:
        latest: What they are told.
    """

    def __init__(self, latest: Latest) -> None:
        self._latest = latest
        self._awaited = Awaited()
        self._writes = Writes(self._awaited)
        self._clients: dict[Session, Client] = {}
        # By what they follow: those of one group are told the same, but for titles.
        self._groups: dict[frozenset[str], dict[Session, Client]] = {}

    # -- who is there ---------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Client]:
        """List all clients as they are now."""
        return iter(list(self._clients.values()))

    def add(self, client: Client) -> None:
        """Take note of a client; it follows nothing yet."""
        self._clients[client.session.number] = client

    def remove(self, client: Client) -> None:
        """Forget a client."""
        self._clients.pop(client.session.number, None)
        self.follow(client, frozenset())
        self._awaited.forget(client.session.number)

    def follow(self, client: Client, topics: frozenset[str]) -> None:
        """Note what a client follows from now on."""
        number = client.session.number
        group = self._groups.get(client.topics)
        if group is not None and group.pop(number, None) is not None and not group:
            del self._groups[client.topics]
        client.topics = topics
        if topics:
            self._groups.setdefault(topics, {})[number] = client

    def keeping_up(self) -> list[Client]:
        """List who follows something and has read what it was sent."""
        return [
            client
            for client in self._clients.values()
            if client.topics and client.lagging_since is None and not client.snapshotting
        ]

    # -- what they are sent ---------------------------------------------------------------------

    def send(self, clients: Iterable[Client], text: str) -> None:
        """Send a message to some clients, with what else is pending for them."""
        self._writes.text(clients, text)

    def send_to(self, sessions: Iterable[Session], text: str) -> None:
        """Send a message to some sessions; those that are over get nothing."""
        self.send(self.of(sessions), text)

    def of(self, sessions: Iterable[Session]) -> list[Client]:
        """List the clients of some sessions, without those that are over."""
        return [client for number in sessions if (client := self._clients.get(number)) is not None]

    def expect(self, press: EventId, client: Client) -> None:
        """Note that a client waits for the answer to a press."""
        self._awaited.expect(press, client.session.number)

    def publish(self, update: Update) -> None:
        """Send what is new, and part of `Latest` by now, to whom it concerns."""
        for frame, day in update.frames:
            self._send_frame(frame, day=day)
        for about, text in update.everyone:
            for client in self._clients.values():
                client.missed.add(about)
            keeping_up = self.keeping_up()
            for client in keeping_up:
                client.missed.discard(about)
            self.send(keeping_up, text)
        for press, answer in update.answers:
            self.send_to(self._awaited.answered(press), answer)
        for number, reply in update.replies:
            self.send_to((number,), reply)
        self._feed(update.happened)
        self._writes.hurry()

    def write_out(self) -> None:
        """Write what is pending now."""
        self._writes.out()

    def _send_frame(self, frame: Frame, *, day: bool) -> None:
        """Send a room's messages to all who follow it and keep up; mark it for those who do not."""
        presence, room = pack(frame.presence), frame.room
        for topics, group in self._groups.items():
            if topics.isdisjoint(frame.topics):
                continue
            keeping_up = []
            for client in group.values():
                if client.snapshotting or client.lagging_since is not None:
                    client.dirty[room] = day or client.dirty.get(room, False)
                else:
                    keeping_up.append(client)
            if day:
                self._send_day(keeping_up, frame, presence)
            else:
                self._writes.frames(keeping_up, (presence,))

    def _send_day(self, clients: Iterable[Client], frame: Frame, presence: Packed) -> None:
        by_titles: dict[bool, list[Client]] = {}
        for client in clients:
            by_titles.setdefault(self._titled(client, frame.room), []).append(client)
        for titled, those in by_titles.items():
            self._writes.frames(those, (pack(frame.titled if titled else frame.plain), presence))

    def _titled(self, client: Client, room: RoomKey) -> bool:
        return client.sees_titles(room, board_titles=self._latest.board_titles)

    def _day_for(self, client: Client, frame: Frame) -> str:
        return frame.titled if self._titled(client, frame.room) else frame.plain

    # -- snapshots ------------------------------------------------------------------------------

    async def snapshot(self, client: Client, subscribe: Subscribe, now: datetime) -> None:
        """Send what a client asked for, in pieces as it reads; what changes meanwhile follows.

        Args:
            client: Who asked.
            subscribe: For what.
            now: The time.

        Raises:
            Gone: The connection is over.
            TimeoutError: It was not read.
        """
        self.follow(client, frozenset(subscribe.topics))
        client.unfed = None
        latest = self._latest
        known = subscribe.seq if subscribe.epoch == latest.epoch else None
        whole = known is None or not latest.begun_at <= known <= latest.seq
        for_all, owed = latest.since(None if whole else known)
        frames = [frame for frame in owed if not client.topics.isdisjoint(frame.topics)]
        seq = latest.seq
        client.snapshotting, client.lagging_since = True, None
        client.missed &= {"rules"}  # which no snapshot brings
        try:
            async with asyncio.timeout(SNAPSHOT_LIMIT):
                await client.send(encode(SnapshotBegin(epoch=latest.epoch, seq=seq, whole=whole)))
                for text in for_all:
                    await client.send(text)
                await self._send_frames(client, frames)
                await client.send(latest.notices(now))
                await client.send(encode(SnapshotEnd(seq=seq)))
        finally:
            client.snapshotting = False
        self._catch_up(client)

    async def _send_frames(self, client: Client, frames: Iterable[Frame]) -> None:
        size = 0
        for frame in frames:
            day = pack(self._day_for(client, frame))
            client.pending.append(day)
            size += len(day) + len(frame.presence)
            if size > SNAPSHOT_WRITE:
                await client.send(frame.presence)
                size = 0
            else:
                client.pending.append(pack(frame.presence))

    # -- those who do not keep up ---------------------------------------------------------------

    def sweep(self) -> None:
        """Look after those who lag: tell those who have read what they missed, cut off those who do not."""
        now = asyncio.get_running_loop().time()
        for client in self:
            self._tell_missed(client)
            if client.lagging_since is None or client.snapshotting:
                continue
            if client.has_read():
                self._catch_up(client)
            elif now - client.lagging_since > LAG_LIMIT:
                logger.warning("session %d does not read and is cut off", client.session.number)
                client.connection.reset()

    def _catch_up(self, client: Client) -> None:
        """Send the newest state of what a client missed."""
        client.lagging_since = None
        for about in sorted(client.missed):
            self.send((client,), self._latest.everyone[about])
        client.missed.clear()
        dirty, client.dirty = client.dirty, {}
        for room, day in dirty.items():
            frame = self._latest.frames[room]
            if client.topics.isdisjoint(frame.topics):
                continue
            if day:
                self.send((client,), self._day_for(client, frame))
            self.send((client,), frame.presence)

    # -- the feed -------------------------------------------------------------------------------

    def _feed(self, happened: Iterable[Recorded]) -> None:
        """Send every event to those who follow the feed; what is too much for one is told as missed."""
        followers = [client for client in self._clients.values() if FEED in client.topics]
        if not followers:
            return
        for recorded in happened:
            text = encode(
                Happened(
                    seq=recorded.seq,
                    at=recorded.at,
                    recorded_at=recorded.recorded_at,
                    stream=recorded.stream,
                    event=recorded.event,
                )
            )
            short = fits(text)
            for client in followers:
                self._tell_missed(client)
                if short and client.takes_events():
                    self.send((client,), text)
                else:
                    first = client.unfed[0] if client.unfed else recorded.seq
                    client.unfed = first, recorded.seq

    def _tell_missed(self, client: Client) -> None:
        """Tell a client which events it was not sent, once it can take some again."""
        if client.unfed is None or client.snapshotting or not client.has_read():
            return
        first, last = client.unfed
        client.unfed = None
        self.send((client,), encode(Missed(first=first, last=last)))
