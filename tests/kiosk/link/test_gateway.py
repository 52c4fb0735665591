"""The link against the real gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kiosk.link.delivery
import kiosk.link.link
from actors.messages import ActorDied
from events.domain import Policy
from events.search import Wish
from events.wire import Find, Found, Pressed, RoomPresence, RulesSet, SnapshotEnd, Welcome
from kiosk.inbox import LinkChanged
from tests.actors.stack import TIMEOUT, School, eventually, free_port, running, write_school
from tests.clock import START
from tests.kiosk.link.bench import ROOM, Door


def test_a_door_gets_the_schools_state_and_delivers_its_press(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.state("up")
        assert door.box.message(Welcome).school == "Test"
        snapshot = door.box.message(SnapshotEnd)
        assert snapshot.seq >= 8
        (noted,) = door.press()
        pressed = door.box.message(Pressed)
        assert (pressed.ref, pressed.effect) == (noted.press, "walk-in")
        assert door.waiting() == []
        (recorded,) = school.records("presence-pressed")
        assert recorded.id == noted.press


def test_a_door_says_that_it_watches_and_for_how_long(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address):
        (joined,) = school.wait_for("kiosk-joined")
        assert joined.event.watching_since <= START  # type: ignore[union-attr]
    school.wait_for("kiosk-left")


def test_presses_made_while_away_come_in_order_exactly_once_and_before_the_watch(tmp_path: Path) -> None:
    port = free_port()
    config = write_school(tmp_path, port=port)
    with Door(tmp_path, f"ws://127.0.0.1:{port}") as door:
        door.box.state("down")
        noted = door.press(20)
        assert door.waiting() == [item.press for item in noted]
        school = School(config)
        try:
            for item in noted:
                assert door.box.message(Pressed).ref == item.press
            school.wait_for("kiosk-joined")
            recorded = [r.id for r in school.records("presence-pressed")]
            assert recorded == [item.press for item in noted]
            assert school.tags().index("kiosk-joined") > school.tags().index("presence-pressed") + 18
            assert door.waiting() == []
        finally:
            school.stop()


def test_a_server_that_restarts_finds_its_doors_again(tmp_path: Path) -> None:
    config = write_school(tmp_path, port=free_port())
    first = School(config)
    with Door(tmp_path, first.address) as door:
        try:
            door.box.message(SnapshotEnd)
            door.press()
            door.box.message(Pressed)
        finally:
            first.stop()
        door.box.state("down")
        noted = door.press(3)
        second = School(config)
        try:
            assert [door.box.message(Pressed).ref for _ in noted] == [item.press for item in noted]
            second.wait_for("kiosk-joined", 2)
            assert len(second.records("presence-pressed")) == 4
        finally:
            second.stop()


def test_a_reload_reaches_the_door_over_the_same_line(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.message(SnapshotEnd)
        school.reload(more="[policy]\nwalk_in = 7")
        assert door.box.message(RulesSet).rules.policy == Policy(walk_in=7)
        assert not [item for item in door.box.seen if isinstance(item, LinkChanged) and item.state != "up"]


def test_a_door_whose_address_is_wrong_in_its_scheme_alone_is_told_the_other(tmp_path: Path) -> None:
    tls = '[tls]\nuse = "always"'
    with running(tmp_path, more=tls) as school, Door(tmp_path, f"ws:{school.address[4:]}") as door:
        assert f"may speak TLS: {school.address}" in door.box.state("down").why
    with running(tmp_path) as school, Door(tmp_path, f"wss:{school.address[3:]}") as door:
        assert f"may speak none: {school.address}" in door.box.state("down").why


def test_a_door_asks_and_is_answered(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.message(SnapshotEnd)
        door.link.find(Find(id=3, wish=Wish(origin=ROOM)))
        assert door.box.message(Found).ref == 3


def test_a_stuck_button_ends_the_watch_and_begins_it_anew(tmp_path: Path) -> None:
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        school.wait_for("kiosk-joined")
        door.link.report_stuck(stuck=True)
        school.wait_for("button-stuck")
        door.link.report_stuck(stuck=False)
        school.wait_for("button-freed")


def test_a_button_that_came_free_while_nobody_could_be_told_is_told_of_later(tmp_path: Path) -> None:
    config = write_school(tmp_path, port=free_port())
    first = School(config)
    with Door(tmp_path, first.address) as door:
        try:
            door.box.message(SnapshotEnd)
            door.link.report_stuck(stuck=True)
            first.wait_for("button-stuck")
        finally:
            first.stop()
        door.box.state("down")
        door.link.report_stuck(stuck=False)
        second = School(config)
        try:
            second.wait_for("button-freed")
            assert [tag for tag in second.tags() if tag.startswith("button")] == [
                "button-stuck",
                "button-freed",
            ]
        finally:
            second.stop()


def test_a_press_for_a_room_that_died_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kiosk.link.delivery, "RESEND", 0.2)
    with running(tmp_path) as school, Door(tmp_path, school.address) as door:
        door.box.message(SnapshotEnd)
        ref = school.app._actors[1]
        actor: Any = ref._actor_weakref()
        actor._rooms[ROOM].stop(block=True, timeout=TIMEOUT)
        (noted,) = door.press()
        eventually(lambda: "found no room" in caplog.text)
        assert door.waiting() == [noted.press]
        ref.tell(ActorDied(room=ROOM, why="a fault was injected"))
        assert door.box.message(Pressed).ref == noted.press
        assert len(school.records("presence-pressed")) == 1


def test_two_doors_see_each_others_presses(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        running(tmp_path) as school,
        Door(tmp_path / "a", school.address) as one,
        Door(tmp_path / "b", school.address) as two,
    ):
        one.box.message(SnapshotEnd)
        two.box.message(SnapshotEnd)
        (noted,) = one.press()
        presence = two.box.message(RoomPresence, room=ROOM)
        while presence.last is None:
            presence = two.box.message(RoomPresence, room=ROOM)
        assert presence.last.press == noted.press
