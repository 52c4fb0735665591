"""What the doors saw, put together: which press was noted, acknowledged, seen by whom, and when."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from typing import Any

WAIT = 15.0


class Press:
    """One press, as far as it got.

    Attributes:
        made_at: When the door knew what was meant, seconds on ``CLOCK_BOOTTIME``.
        name: Its name, once it is on the door's disk.
        seq: Its place in the log, once acknowledged.
        everybody: Whether all doors were connected when it was made.
    """

    def __init__(self, room: str, intent: str, made_at: float, *, everybody: bool) -> None:
        self.room = room
        self.intent = intent
        self.made_at = made_at
        self.everybody = everybody
        self.name = ""
        self.seq = 0
        self.effect = ""
        self.answers = 0


class Witness:
    """Takes what doors say, from the threads that read them.

    Args:
        rooms: The doors.
        tell: Told of each thing, in order, for a narrator.
    """

    def __init__(self, rooms: tuple[str, ...], tell: Callable[[str, dict[str, Any]], None]) -> None:
        self.rooms = rooms
        self.presses: list[Press] = []
        self.found: dict[str, dict[str, Any]] = {}
        self.pictures: dict[str, str] = {}
        self.closed: set[str] = set()
        self._links = dict.fromkeys(rooms, "starting")
        self._snapshots = dict.fromkeys(rooms, 0)
        # For each door: for each room what it saw of it, as (seq, when).
        self._seen: dict[str, dict[str, list[tuple[int, float]]]] = {room: {} for room in rooms}
        self._tell = tell
        self._changed = threading.Condition()

    def saw(self, room: str, said: dict[str, Any]) -> None:
        """Take what a door says. From the thread that reads it."""
        with self._changed:
            self._take(room, said)
            self._changed.notify_all()
        self._tell(room, said)

    def wait(self, condition: Callable[[], bool], seconds: float = WAIT) -> bool:
        """Wait until something is so; whether it became so in time."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def connected(self) -> bool:
        """Tell whether every door has the server's state."""
        return all(self._links[room] == "up" and self._snapshots[room] for room in self.rooms)

    def settled(self) -> bool:
        """Tell whether every press was acknowledged."""
        return all(press.seq for press in self.presses)

    def first_seen(self, door: str, press: Press) -> float | None:
        """Tell when a door first showed a state that contains a press."""
        return min((at for seq, at in self._seen[door].get(press.room, ()) if seq >= press.seq), default=None)

    def saw_every_press(self) -> list[str]:
        """List the doors that showed every press."""
        return [
            door
            for door in self.rooms
            if all(press.seq and self.first_seen(door, press) is not None for press in self.presses)
        ]

    def to_last_door_ms(self, press: Press) -> float | None:
        """Measure from the instant the press counts to the last door's finished picture."""
        instants = [self.first_seen(door, press) for door in self.rooms]
        if not press.seq or any(at is None for at in instants):
            return None
        return (max(at for at in instants if at is not None) - press.made_at) * 1000

    def median_ms(self) -> float | None:
        """Take the median over the presses made while all doors were connected."""
        figures = [ms for p in self.presses if p.everybody and (ms := self.to_last_door_ms(p)) is not None]
        return round(statistics.median(figures), 2) if figures else None

    def _take(self, room: str, said: dict[str, Any]) -> None:
        match said["saw"]:
            case "gesture":
                self.presses.append(Press(room, said["intent"], said["taken"], everybody=self.connected()))
            case "noted":
                waiting = next((p for p in self.presses if p.room == room and not p.name), None)
                if waiting is not None:
                    waiting.name = said["press"]
            case "pressed":
                for press in self.presses:
                    if press.name == said["press"]:
                        press.seq, press.effect = said["seq"], said["effect"]
                        press.answers += 1
            case "presence":
                self._seen[room].setdefault(said["room"], []).append((said["seq"], said["at"]))
            case "link":
                self._links[room] = said["state"]
                if said["state"] != "up":
                    self._snapshots[room] = 0
            case "snapshot":
                self._snapshots[room] += 1
            case "found":
                self.found[room] = said["answer"]
            case "picture":
                self.pictures[room] = said["file"]
            case "closed":
                self.closed.add(room)
