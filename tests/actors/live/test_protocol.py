"""A client written from the protocol's description alone: no code of ours, only a validator."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from websockets.sync.client import ClientConnection, connect

from events.replay import replay
from events.status import day_span, known, status_at
from events.wire import Pressed
from tests.actors.stack import TODAY, DoorClient, Site, page, running, serving_pages
from tests.clock import START, FakeClock


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    command = [sys.executable, "-m", "toctoc", "protocol", "--asyncapi"]
    printed = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    described: dict[str, Any] = json.loads(printed)
    return described


class Stranger:
    """A board that knows the description and nothing else."""

    def __init__(self, document: dict[str, Any], address: str) -> None:
        live = document["channels"]["live"]
        headers = live["bindings"]["ws"]["headers"]["properties"]
        path = document["servers"]["school"]["pathname"]
        self._document = document
        self._said = {
            name for name, operation in document["operations"].items() if operation["action"] == "send"
        }
        self._opened = connect(
            address + path, subprotocols=[headers["Sec-WebSocket-Protocol"]["const"]], proxy=None
        )
        self._connection: ClientConnection = self._opened.__enter__()
        self.plans: dict[str, list[dict[str, Any]]] = {}
        self.rooms: dict[str, dict[str, Any]] = {}

    def close(self) -> None:
        self._connection.close()

    def say(self, message: dict[str, Any]) -> None:
        self._validate(message)
        self._connection.send(json.dumps(message))

    def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv(timeout=10))
        assert message["type"] in self._said
        self._validate(message)
        if message["type"] in ("room-day", "room-presence"):
            self.plans[message["room"]] = message["plan"]
            self.rooms[message["room"]] = message
        return message

    def until(self, kind: str) -> dict[str, Any]:
        while True:
            message = self.hear()
            if message["type"] == kind:
                return message

    def example(self, kind: str) -> dict[str, Any]:
        example: dict[str, Any] = self._document["components"]["messages"][kind]["examples"][0]["payload"]
        return example

    def status(self, room: str, now: datetime) -> dict[str, Any]:
        for stretch in self.plans[room]:
            until = stretch["until"]
            if _instant(stretch["start"]) <= now and (until is None or now < _instant(until)):
                status: dict[str, Any] = stretch["status"]
                return status
        raise AssertionError(f"{room} has no status at {now}")

    def _validate(self, message: dict[str, Any]) -> None:
        payload = self._document["components"]["messages"][message["type"]]["payload"]
        jsonschema.Draft202012Validator({**payload, **self._document}).validate(message)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving_pages() as site:
        yield site


def test_it_shows_the_right_status_of_every_room_all_day(
    document: dict[str, Any], site: Site, tmp_path: Path
) -> None:
    address = site.show(page())
    source = f'name = "oasis"\nkind = "oasis"\nurl = "{address}"\nallow_private = true\nrefresh = 86400'
    clock = FakeClock()
    with running(tmp_path, clock, sources=[source]) as school:
        school.wait_for("timetable-read")
        school.wait_published()
        stranger = Stranger(document, school.address)
        try:
            assert stranger.until("challenge")
            stranger.say(stranger.example("hello"))
            assert stranger.until("welcome")["role"] == "board"
            stranger.say(stranger.example("subscribe"))
            stranger.until("snapshot-end")
            door = DoorClient("L213")
            midnight = day_span("Europe/Paris", TODAY)[1]
            seen: set[str] = set()
            while (now := clock.advance(timedelta(minutes=5))) < midnight:
                if (now - START) % timedelta(hours=2) == timedelta(minutes=30):
                    with door.connect(school.address) as talk:
                        talk.say(door.press())
                        talk.until(Pressed)
                    stranger.until("room-presence")
                truth = replay(school.log())
                for key, room in truth.rooms.items():
                    right = status_at(known(truth, room), now)
                    shown = stranger.status(key, now)
                    assert shown["name"] == right.name, (key, now)
                    assert shown.get("closed", False) == right.closed
                    seen.add(shown["name"])
            assert seen == {"free", "soon", "booked", "in_use", "occupied", "unknown"}
        finally:
            stranger.close()
