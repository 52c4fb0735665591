"""Doors that the tests of what a door knows begin with."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.ids import EventId, RoomKey
from kiosk.door.model import Model
from kiosk.door.update import update
from kiosk.inbox import Action, LinkChanged, Noted, Tapped
from tests.kiosk import scenes
from tests.kiosk.scenes import at, day, door, presence, received, said

NOW = at(12, 24)
OTHER = RoomKey("L214")
PRESS = EventId("me.x.1")


def press(n: int = 1, *, pressed_at: datetime = NOW, intent: str = "present") -> Noted:
    return Noted(
        press=EventId(f"me.x.{n}"),
        intent="leaving" if intent == "leaving" else "present",
        pressed_at=pressed_at,
    )


def connected() -> Model:
    return door(NOW, day(NOW), presence())


def cut() -> Model:
    return update(connected(), LinkChanged(state="down", at=NOW, why="gone"), NOW)


def name_of(model: Model, now: datetime) -> str:
    stretch = model.status(now)
    assert stretch is not None
    return stretch.status.name


def tap(model: Model, action: Action | None, now: datetime = NOW) -> Model:
    return update(model, Tapped(action, 1.0), now)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def neighbours() -> Model:
    return scenes.school(connected(), NOW, free=scenes.FREE_ROOMS)


def people_here() -> Model:
    there = replace(presence(last=said(at(12, 20), at(13, 20)), seq=50), headcount=3)
    return received(connected(), NOW, there)
