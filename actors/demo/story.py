"""The demo that runs by itself: at least 30 presses, two deaths of the server, and the checks."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.demo.stage import Cable, DemoFailed, DoorProcess, ServerProcess, program
from actors.demo.witness import Witness
from events.client import Conversation, converse
from events.domain import BookingAdded, BookingRemoved
from events.ids import RoomKey
from events.projection import restore
from events.sqlite import SqliteLog
from events.status import status_at
from events.wire import RoomDay, RoomPresence, SnapshotBegin, SnapshotEnd, Subscribe

PRESSES = 30
WAIT = 15.0

Say = Callable[[str], None]


class Story:
    """What happens, in order.

    Args:
        doors: The first is connected by the cable.
        seconds: Over how long the presses are spread, about.
        say: Tells people what happens.
    """

    def __init__(
        self,
        server: ServerProcess,
        address: str,
        doors: list[DoorProcess],
        cable: Cable,
        witness: Witness,
        log: SqliteLog,
        *,
        seconds: float,
        say: Say,
    ) -> None:
        self._server = server
        self._address = address
        self._doors = doors
        self._cable = cable
        self._witness = witness
        self._log = log
        self._pause = max(0.05, (seconds - 8) / PRESSES - 0.2)
        self._say = say

    def run(self) -> dict[str, Any]:
        """Let it happen, and tell what came of it; ``problems`` lists what is not as it should be."""
        doors, witness = self._doors, self._witness
        half = PRESSES // 2
        for n in range(half):
            self._press(n)
        self._say(f"{doors[1].room} asks for a free room for 60 minutes.")
        doors[1].say("find 60")
        witness.wait(lambda: doors[1].room in witness.found)
        self._press_while_dead()
        self._press_without_answer()
        for n in range(half, PRESSES - 4):
            self._press(n)
        self._say(f"{doors[2].room}: the button is held: somebody leaves.")
        self._counted(lambda: doors[2].press(held=1.7))
        self._counted(lambda: doors[0].press(bounces=4))
        witness.wait(witness.settled)
        witness.wait(lambda: len(witness.saw_every_press()) == len(doors))
        return self._verdict()

    def _press(self, n: int) -> None:
        door = self._doors[n % len(self._doors)]
        bounces = 3 if n % 4 == 1 else 0
        if bounces:
            self._say(f"{door.room}: the contact bounces {bounces} times while it closes: one press.")
        self._counted(lambda: door.press(bounces=bounces))
        if n % 5 == 2:
            self._say(f"{door.room}: a second person of the group presses, too.")
            self._counted(door.press)
        time.sleep(self._pause)

    def _counted(self, press: Callable[[], None]) -> None:
        """Press, and wait until the door knows what was meant."""
        before = len(self._witness.presses)
        press()
        if not self._witness.wait(lambda: len(self._witness.presses) > before):
            raise DemoFailed("a door did not notice its button")

    def _press_while_dead(self) -> None:
        witness, door = self._witness, self._doors[2]
        self._say("The server is killed (kill -9).")
        self._server.kill()
        self._counted(door.press)
        witness.wait(lambda: bool(witness.presses[-1].name))
        self._say(f"{door.room} was pressed meanwhile: the door keeps the press on its own disk.")
        self._server.start()
        self._say("The server is back.")
        witness.wait(witness.connected)
        witness.wait(witness.settled)

    def _press_without_answer(self) -> None:
        witness, door = self._witness, self._doors[0]
        self._cable.lose_answers()
        self._counted(door.press)
        press = witness.presses[-1]
        press.everybody = False
        witness.wait(lambda: bool(press.name))
        until = time.monotonic() + WAIT
        while not self._is_recorded(press.name) and time.monotonic() < until:
            time.sleep(0.002)
        self._server.kill()
        self._cable.plug_in()
        self._say(f"{door.room}: its press is in the log, but the server was killed before the answer came.")
        self._server.start()
        witness.wait(witness.connected)
        witness.wait(witness.settled)
        self._say("The server is back; the door sent the press again and got the answer.")

    def _is_recorded(self, name: str) -> bool:
        return any(recorded.id == name for recorded in self._log.read(tag="presence-pressed"))

    def _verdict(self) -> dict[str, Any]:
        witness = self._witness
        live_at, live_seq, live = self._live()
        recorded = [r.id for r in self._log.read(tag="presence-pressed")]
        names = {press.name for press in witness.presses}
        found = witness.found.get(self._doors[1].room, {}).get("rooms", [])
        differing = _differing(live, self._replayed(live_seq, live_at))
        answer: dict[str, Any] = {
            "rooms": len(live),
            "bookings": self._bookings(),
            "doors": len(self._doors),
            "presses_sent": len(witness.presses),
            "presses_recorded": len(recorded),
            "presses_acknowledged": sum(bool(press.seq) for press in witness.presses),
            "doors_that_saw_every_press": len(witness.saw_every_press()),
            "press_to_last_door_ms": witness.median_ms(),
            "server_restarts": self._server.restarts,
            "events": self._log.head(),
            "found_room": found[0]["room"] if found else None,
            "replay_equals_live": not differing,
            "differing": differing,
        }
        checks = {
            "the timetable was read": answer["bookings"] > 0,
            f"at least {PRESSES} presses were made": answer["presses_sent"] >= PRESSES,
            "every press is in the log": names == set(recorded),
            "no press is there twice": len(recorded) == len(names),
            "every press was acknowledged": answer["presses_acknowledged"] == answer["presses_sent"],
            "every door saw every press": answer["doors_that_saw_every_press"] == len(self._doors),
            "the time to the last door was measured": answer["press_to_last_door_ms"] is not None,
            "the server was restarted": self._server.restarts > 0,
            "somebody who asked got a room, or a reason": self._doors[1].room in witness.found,
            "a replay equals the live state": answer["replay_equals_live"],
        }
        return {**answer, "problems": [what for what, is_so in checks.items() if not is_so]}

    def _bookings(self) -> int:
        bookings: set[str] = set()
        for recorded in self._log.read():
            if isinstance(recorded.event, BookingAdded):
                bookings.add(recorded.event.booking)
            elif isinstance(recorded.event, BookingRemoved) and recorded.event.moved_to is None:
                bookings.discard(recorded.event.booking)
        return len(bookings)

    def _live(self) -> tuple[datetime, int, dict[str, Any]]:
        """Fetch the state through the gateway, at an exact seq."""
        with converse(self._address) as conversation:
            conversation.say(Subscribe(topics=("school",)))
            return _snapshot(conversation)

    def _replayed(self, seq: int, at: datetime) -> dict[str, Any]:
        """Let another process replay the log file up to that seq."""
        command = program(
            "replay", "--data", str(self._log.folder), "--seq", str(seq), "--at", at.isoformat(), "--json"
        )
        done = subprocess.run(  # noqa: S603  # our own program
            command, capture_output=True, check=True, timeout=60
        )
        answer = json.loads(done.stdout)
        return {
            key: {
                "status": room["status"]["status"],
                "day": _bare(room["day"]),
                "presence": _bare(room["presence"]),
            }
            for key, room in answer["rooms"].items()
        }


def _snapshot(conversation: Conversation) -> tuple[datetime, int, dict[str, Any]]:
    until = time.monotonic() + WAIT
    seq = 0
    days: dict[RoomKey, RoomDay] = {}
    presences: dict[RoomKey, RoomPresence] = {}
    while True:
        match conversation.hear(until=until):
            case SnapshotBegin(seq=begun):
                seq = begun
            case RoomDay() as day:
                days[day.room] = day
            case RoomPresence() as presence:
                presences[presence.room] = presence
            case SnapshotEnd():
                break
    at = datetime.now(UTC)
    rules = conversation.welcome.rules
    return (
        at,
        seq,
        {
            key: {
                "status": _plain(status_at(restore(day, presences[key], rules), at)),
                "day": _bare(_plain(day)),
                "presence": _bare(_plain(presences[key])),
            }
            for key, day in days.items()
            if not day.retired
        },
    )


def _bare(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says when the message was made: the begin of the plan, the seq of the day.

    The status stands for the plan, and the seq of the presence, which every event renews, for both.
    """
    left_out = {"plan", "type"} | ({"seq"} if "bookings" in message else set())
    return {key: value for key, value in message.items() if key not in left_out}


def _differing(live: dict[str, Any], replayed: dict[str, Any]) -> list[str]:
    """Name what of which rooms is not the same."""
    return [
        f"{key}: {what}"
        for key in sorted(live.keys() | replayed.keys())
        for what in ("status", "day", "presence")
        if live.get(key, {}).get(what) != replayed.get(key, {}).get(what)
    ]


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    """Write a value as it looks after a journey as JSON."""
    plain: dict[str, Any] = json.loads(msgspec.json.encode(value))
    return plain
