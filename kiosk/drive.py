"""A door driven by lines, for demos and tests that need real doors in processes of their own.

Standard input: ``down`` and ``up`` are edges of the contact, ``find MINUTES`` asks for a room,
``picture FILE`` saves what is shown, as a picture (``.png``) or, with its texts, its QR codes and
the places that can be touched, described (``.json``), ``quit`` ends. Standard output: a JSON object
a line for what the door sees, with ``taken`` and ``at``, the instants on ``CLOCK_BOOTTIME`` at
which it was taken in and at which the picture of it was finished; all processes of a machine share
that clock.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from events.clock import Clock
from events.wire import Found, Pressed, Refused, RoomPresence, SnapshotEnd
from kiosk.door.model import Model
from kiosk.drawing.picture import Code, ViewModel
from kiosk.drawing.screen import Screen
from kiosk.inbox import (
    Edge,
    FaultFound,
    Gesture,
    Inbox,
    Input,
    LinkChanged,
    Noted,
    Quit,
    Received,
    SavePicture,
    Tapped,
    Touched,
)


class Driver:
    """Turns lines into inputs, and inputs into lines.

    Args:
        inbox: The door's.
        clock: What edges are stamped with.
        find: Asks the server for a room for so many minutes.
    """

    def __init__(self, inbox: Inbox, clock: Clock, *, find: Callable[[int], None]) -> None:
        self._inbox = inbox
        self._clock = clock
        self._find = find
        self._screen: Callable[[], Screen | None] = lambda: None
        self._thread = threading.Thread(target=self._read, name="drive", daemon=True)

    def start(self, screen: Callable[[], Screen | None]) -> None:
        """Begin to read lines, on a thread of their own.

        Args:
            screen: Gives what the door draws on. Called on the main thread.
        """
        self._screen = screen
        self._thread.start()

    def watch(self, item: Input, model: Model, taken_at: float, drawn_at: float) -> None:
        """Tell what the door took in. Runs on the main thread, when the picture is drawn."""
        if isinstance(item, SavePicture):
            self._save(Path(item.path))
            return
        said = _described(item)
        if said is not None:
            _print({**said, "taken": taken_at, "at": drawn_at, "link": model.hearing.link})

    def _save(self, path: Path) -> None:
        screen = self._screen()
        if screen is None or screen.shown is None:
            _print({"saw": "no picture"})
            return
        if path.suffix == ".json":
            path.write_text(json.dumps(_picture(screen.shown)), encoding="utf-8")
        else:
            screen.save(path)
        _print({"saw": "picture", "file": str(path)})

    def _read(self) -> None:
        for line in sys.stdin:
            word, _, rest = line.strip().partition(" ")
            match word:
                case "down" | "up":
                    self._inbox.put(Edge(word == "down", self._clock.boottime()))
                case "find":
                    self._find(int(rest))
                case "picture":
                    self._inbox.put(SavePicture(rest))
                case "quit":
                    break
        self._inbox.put(Quit())


def _picture(shown: ViewModel) -> dict[str, Any]:
    """Say what can be read and what can be touched."""
    targets = [target for panel in shown.panels for target in panel.targets]
    return {
        "sign": shown.sign,
        "word": shown.word,
        "texts": shown.texts(),
        "codes": [part.text for panel in shown.panels for part in panel.parts if isinstance(part, Code)],
        "targets": [
            {
                "box": [target.box.x, target.box.y, target.box.w, target.box.h],
                "action": type(target.action).__name__,
                **to_builtins(target.action),
            }
            for target in targets
        ],
    }


def _described(item: Input) -> dict[str, Any] | None:
    match item:
        case Touched(at=at):
            return {"saw": "touched", "contact": at}
        case Gesture(intent=intent, at=at):
            return {"saw": "gesture", "intent": intent, "contact": at}
        case Noted(press=press):
            return {"saw": "noted", "press": press}
        case LinkChanged(state=state, why=why):
            return {"saw": "link", "state": state, "why": why}
        case FaultFound(what=what, why=why, gone=gone):
            return {"saw": "fault", "what": what, "why": why, "gone": gone}
        case Tapped(action=action):
            return {"saw": "tapped", "action": type(action).__name__}
        case Received(message=RoomPresence() as presence):
            last = presence.last.press if presence.last else None
            return {"saw": "presence", "room": presence.room, "seq": presence.seq, "last": last}
        case Received(message=Pressed() as pressed):
            return {"saw": "pressed", "press": pressed.ref, "seq": pressed.seq, "effect": pressed.effect}
        case Received(message=Refused() as refused):
            return {"saw": "refused", "ref": refused.ref, "code": refused.code, "reason": refused.reason}
        case Received(message=Found() as found):
            return {"saw": "found", "answer": to_builtins(found.answer)}
        case Received(message=SnapshotEnd(seq=seq)):
            return {"saw": "snapshot", "seq": seq}
    return None


def _print(said: dict[str, Any]) -> None:
    print(json.dumps(said), flush=True)
