"""Tells people who is here and what they say: what the lobby decides, sent. Belongs to the gateway's loop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from actors.live.client import Client
from actors.live.fanout import Fanout
from actors.live.lobby import ROSTER, Deliver, How, Lobby
from events.ids import RoomKey
from events.wire import JoinChannel, LeaveChannel, Role, Say, encode


class Roster:
    """All who are here under a name.

    Args:
        fanout: Sends what they are told.
    """

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._lobby = Lobby()

    def enter(self, client: Client, role: Role, *, name: str, room: RoomKey | None, now: datetime) -> None:
        """Let somebody in: see `Lobby.enter`."""
        self._deliver(self._lobby.enter(client.session.number, role, name=name, room=room, now=now))

    def leave(self, client: Client, how: How) -> None:
        """Take note that somebody is gone; doing it twice tells nobody anything."""
        self._deliver(self._lobby.leave(client.session.number, how))

    def hear(
        self, client: Client, message: JoinChannel | LeaveChannel | Say, seq: int, now: datetime
    ) -> None:
        """Follow what a person said, or refuse it: see `Lobby.hear`."""
        self._deliver(self._lobby.hear(client.session.number, message, seq=seq, now=now))

    def follow(self, client: Client) -> None:
        """Tell a client from now on who comes and goes, with a list of all, if that is one of its topics."""
        client.roster_stale = False
        self._deliver(self._lobby.follow(client.session.number, wanted=ROSTER in client.topics))

    def beat(self) -> None:
        """Tell how many boards there are, if that changed."""
        self._deliver(self._lobby.beat())

    def sweep(self) -> None:
        """Send a new list to those who were not told of everybody, and have read what they were."""
        for client in self._fanout:
            if client.roster_stale and client.has_read():
                self.follow(client)

    def _deliver(self, deliveries: Iterable[Deliver]) -> None:
        """Send what the lobby tells to those who keep up; of who is here the others get a new list later."""
        for delivery in deliveries:
            clients = self._fanout.of(delivery.to)
            if not clients:
                continue
            keeping_up = []
            for client in clients:
                if client.is_full():
                    client.roster_stale = True
                else:
                    keeping_up.append(client)
            self._fanout.send(keeping_up, encode(delivery.message))
