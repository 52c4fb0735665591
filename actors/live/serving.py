"""Serves each connection from its challenge to its end: does what its session says follows from a message.

Belongs to the gateway's loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import pykka
from msgspec.structs import replace

from actors.base import tell
from actors.entry.access import Access, Caller
from actors.entry.admission import Admission
from actors.entry.turns import TooMany
from actors.live.actions import (
    Action,
    Await,
    End,
    Forward,
    Greet,
    Leave,
    Send,
    Serve,
    Talk,
    TellAccess,
    Verify,
)
from actors.live.client import Client
from actors.live.connection import Connection, Gone, part
from actors.live.fanout import Fanout
from actors.live.latest import Latest
from actors.live.lobby import ROSTER
from actors.live.roster import Roster
from actors.live.session import Session
from events.clock import Clock
from events.ids import KioskId
from events.wire import Accesses, DoorCodes, Welcome, encode

logger = logging.getLogger(__name__)

TURN_LIMIT = 10.0
"""Seconds for which a client waits for its turn to say who it is."""
HELLO_LIMIT = 5.0
"""Seconds in which a client has to say who it is."""
_PIECE = 100
"""Doors and people listed in one message: each takes 250 bytes at most, but for odd names."""


class Serving:
    """Serves clients.

    Args:
        latest: What they are told.
        fanout: Sends it.
        roster: Tells who is here.
        admission: Lets clients in, or does not.
        school: Who is told what clients say.
        clock: Where the time comes from.
    """

    def __init__(
        self,
        latest: Latest,
        fanout: Fanout,
        roster: Roster,
        admission: Admission,
        school: pykka.ActorRef[Any],
        clock: Clock,
    ) -> None:
        self._latest = latest
        self._fanout = fanout
        self._roster = roster
        self._admission = admission
        self._school = school
        self._clock = clock
        self._numbers = itertools.count(1)
        self._doors: dict[KioskId, Client] = {}
        self._closing = False

    # -- one connection -------------------------------------------------------------------------

    async def attend(self, connection: Connection, caller: Caller) -> None:
        """Serve one client from its challenge to its end."""
        number, admission = next(self._numbers), self._admission
        session = Session(number, admission.access, admission.desk, caller)
        client = Client(connection, session)
        self._fanout.add(client)
        admission.came(caller.address)
        try:
            if self._closing:
                await _part_for_restart(connection)
                return
            async with admission.turns.turn(caller.address, limit=TURN_LIMIT):
                await self._hear_hello(client)
            while True:
                text = await connection.recv()
                await self._perform(client, session.receive(text, self._clock.now()))
                # What it sent ahead waits until everybody else was heard.
                await asyncio.sleep(0)
        except TooMany:
            await part(connection, 1013, "too many say hello just now: try again later")
        except TimeoutError:
            await part(connection, 1008, "no hello in time, or a snapshot that is not read")
        except Gone as gone:
            client.how = "goodbye" if gone.goodbye else "cut off"
        except Exception:
            logger.exception("session %d failed", number)
            await part(connection, 1011, "the server failed")
        finally:
            self._forget(client)
            admission.went(caller.address)

    async def _hear_hello(self, client: Client) -> None:
        async with asyncio.timeout(HELLO_LIMIT):
            # Until the school has spoken there is no epoch, no rule and no room to tell of, and
            # a door would take that for the truth.
            await self._latest.begun.wait()
            await self._perform(client, client.session.open())
            while client.session.who.role is None:
                text = await client.connection.recv()
                await self._perform(client, client.session.receive(text, self._clock.now()))

    def _forget(self, client: Client) -> None:
        self._fanout.remove(client)
        kiosk = client.session.who.kiosk
        if kiosk is not None and self._doors.get(kiosk) is client:
            del self._doors[kiosk]
        self._tell_school(client.session.ended(self._clock.now()))
        self._roster.leave(client, client.how)

    def _tell_school(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Forward):
                tell(self._school, action.command)

    async def _perform(self, client: Client, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(message=message):
                    await client.send(encode(message))
                case Greet():
                    await self._greet(client, action)
                case Verify(proof=proof, secret=secret):
                    right = await self._admission.verify(proof, secret)
                    await self._perform(client, client.session.verified(right, self._clock.now()))
                case TellAccess(ref=ref):
                    for piece in self._accesses(ref):
                        await client.send(encode(piece))
                case Forward(command=command):
                    tell(self._school, command)
                case Await(press=press):
                    self._fanout.expect(press, client)
                case Serve(subscribe=subscribe):
                    await self._fanout.snapshot(client, subscribe, self._clock.now())
                    self._roster.follow(client)
                case Leave(topics=topics):
                    self._fanout.follow(client, client.topics - set(topics))
                    if ROSTER in topics:
                        self._roster.follow(client)
                case Talk(message=message):
                    self._roster.hear(client, message, seq=self._latest.seq, now=self._clock.now())
                case End(code=code, reason=reason):
                    client.push()
                    await part(client.connection, code, reason)

    async def _greet(self, client: Client, greet: Greet) -> None:
        if greet.role == "kiosk" and greet.kiosk is not None:
            older = self._doors.get(greet.kiosk)
            if older is not None:
                self._tell_school(older.session.ended(self._clock.now()))
                self._roster.leave(older, "replaced")
                older.connection.abort()
            self._doors[greet.kiosk] = client
        latest = self._latest
        welcome = Welcome(
            role=greet.role,
            school=latest.school,
            epoch=latest.epoch,
            server_time=self._clock.now(),
            rules=latest.rules,
            kiosk=greet.kiosk,
            room=greet.room,
            board=latest.board_url,
            operator=greet.operator,
            name=greet.name,
        )
        await client.send(encode(welcome))
        now = self._clock.now()
        self._roster.enter(client, greet.role, name=greet.name, room=greet.room, now=now)
        self._send_codes(client)

    def _accesses(self, ref: int) -> Iterator[Accesses]:
        listed = self._admission.access.listed
        sessions = [client.session for client in self._fanout]
        here = {session.who.kiosk for session in sessions if session.who.role == "kiosk"}
        people = {session.who.operator for session in sessions}
        doors = tuple(replace(door, connected=door.kiosk in here) for door in listed.doors)
        accesses = tuple(replace(one, connected=one.access in people) for one in listed.accesses)
        pieces = range(0, max(len(doors), len(accesses), 1), _PIECE)
        for start in pieces:
            end = start + _PIECE
            yield Accesses(
                ref=ref, doors=doors[start:end], accesses=accesses[start:end], more=start != pieces[-1]
            )

    # -- all of them ----------------------------------------------------------------------------

    def send_codes(self) -> None:
        """Tell each door the codes that it shows."""
        for client in self._fanout.keeping_up():
            self._send_codes(client)

    def _send_codes(self, client: Client) -> None:
        room = client.session.who.room
        if client.session.who.role == "kiosk" and room is not None and self._latest.board_url:
            codes = self._admission.desk.gate.codes.of(room, self._clock.now())
            self._fanout.send((client,), encode(DoorCodes(codes=codes)))

    def renew_offers(self) -> None:
        """Tell doors that wait to be paired the codes that follow on those that are too old."""
        for offer in self._admission.desk.pairing.renewed(self._clock.now()):
            self._fanout.send_to((offer.session,), encode(offer.told))

    def admit(self, access: Access) -> None:
        """Go by what was paired, granted and revoked since: who lost their right is cut off at once."""
        self._admission.follow(access)
        for client in self._fanout:
            session = client.session
            if not session.follow(access):
                logger.info("session %d has lost its right and is cut off", session.number)
                client.connection.reset()
                continue
            told = session.paired()
            if told:
                asyncio.get_running_loop().create_task(self._perform_quietly(client, told))
        self.end_logins()

    async def _perform_quietly(self, client: Client, actions: Iterable[Action]) -> None:
        with suppress(Gone):
            await self._perform(client, actions)

    def end_logins(self) -> None:
        """Cut off the pages whose login is over."""
        tickets = {client.session.who.ticket for client in self._fanout} - {""}
        over = self._admission.ended(tickets, self._clock.now())
        if over:
            self._cut(lambda client: client.session.who.ticket in over)

    def log_out(self, ticket: str) -> None:
        """Cut off the pages of a login."""
        self._cut(lambda client: client.session.who.ticket == ticket)

    def _cut(self, which: Callable[[Client], bool]) -> None:
        for client in self._fanout:
            if which(client):
                client.connection.reset()

    async def part_from_all(self) -> None:
        """Say goodbye to everybody, and from now on to whoever still comes."""
        self._closing = True
        self._fanout.write_out()
        parting = [_part_for_restart(client.connection) for client in self._fanout]
        await asyncio.gather(*parting, return_exceptions=True)


async def _part_for_restart(connection: Connection) -> None:
    await part(connection, 1012, "the server restarts")
