"""The whole server on a port of its own: start, restart, reload, and what dies."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import secrets
import socket
import stat
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed

from actors.app import App, load_token
from actors.entry.tls import TlsFailed
from actors.key import load_key
from actors.messages import Told
from actors.recorder import RecorderActor
from actors.school import RESTARTS
from actors.settings import SchoolSettings, read_school
from events.domain import (
    ClosedDays,
    KioskJoined,
    LogCreated,
    PolicySet,
    PresencePressed,
    RoomDeclared,
    RoomRetired,
    ServerStarted,
)
from events.errors import ConfigError, LogClosed, LogError, LogLocked
from events.ids import SCHOOL_STREAM, EventId, RoomKey, room_stream
from events.replay import replay, verify
from events.report.index import open_index
from events.search import Wish
from events.sqlite import SqliteLog
from events.state import digest_form
from events.state import fold as fold_really
from events.wire import (
    CloseRoom,
    Done,
    Find,
    Found,
    Hello,
    Ping,
    Pong,
    Pressed,
    Refused,
    ReopenRoom,
    RoomDay,
    RoomPresence,
    RulesSet,
    SendPress,
    Stuck,
    Watching,
    Welcome,
)
from tests.actors.stack import (
    ROOMS,
    TIMEOUT,
    DoorClient,
    School,
    Talk,
    eventually,
    greeted,
    name_of,
    running,
    write_school,
)
from tests.clock import START, FakeClock
from tests.conftest import Errors

# -- start and restart ----------------------------------------------------------------------------


def test_a_server_starts_on_an_empty_folder_and_says_all_that_it_is(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        assert school.tags() == [
            "log-created",
            "server-started",
            "policy-set",
            *["room-declared"] * len(ROOMS),
        ]
        created, started = (recorded.event for recorded in school.records()[:2])
        assert isinstance(created, LogCreated)
        assert (created.school, created.zone, created.epoch) == ("Test", "Europe/Paris", 1)
        assert isinstance(started, ServerStarted)
        assert started.alive_until is None
        assert school.app.answers()
    assert school.tags()[-1] == "server-stopped"


def test_a_restart_records_only_that_it_happened(tmp_path: Path) -> None:
    clock = FakeClock()
    with running(tmp_path, clock) as first:
        before = first.tags()
        clock.advance(30)
        first.app.sign_of_life()
        alive = clock.now()
        clock.advance(60)
    with running(tmp_path, clock) as second:
        assert second.tags() == [*before, "server-stopped", "server-started"]
        started = second.records("server-started")[-1].event
        assert isinstance(started, ServerStarted)
        assert started.alive_until == alive, "the last sign of life, not the orderly end"
        assert list(verify(second.log(), second.log().personal)) == []


def test_a_sign_of_life_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    config = write_school(tmp_path)
    data = read_school(config).data
    data.mkdir()
    (data / "alive").write_text("half a li", encoding="ascii")
    school = School(config)
    school.stop()
    started = school.records("server-started")[-1].event
    assert isinstance(started, ServerStarted)
    assert started.alive_until is None


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        token, key = first.token, (first.data / "hash.key").read_bytes()
    with running(tmp_path) as second:
        assert (second.token, (second.data / "hash.key").read_bytes()) == (token, key)
        for name in ("operator.token", "hash.key"):
            assert stat.S_IMODE((second.data / name).stat().st_mode) == 0o600
    assert len(key) == 32


def test_a_token_that_a_power_cut_left_empty_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "operator.token"
    path.touch(mode=0o600)
    token = load_token(path)
    assert len(token) > 30
    assert load_token(path) == token


def test_a_secret_that_a_power_cut_left_empty_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "hash.key"
    path.touch(mode=0o600)
    key = load_key(path)
    assert len(key) == 32
    assert load_key(path) == key
    path.write_bytes(secrets.token_bytes(7))
    with pytest.raises(LogError, match="7 bytes"):
        load_key(path)


def test_a_second_server_on_the_same_folder_is_refused_by_name(tmp_path: Path) -> None:
    with running(tmp_path):
        second = App(read_school(tmp_path / "school.toml"), clock=FakeClock())
        with pytest.raises(LogLocked, match="toctoc serve"):
            second.start()


@pytest.mark.parametrize(
    ("configuration", "key"),
    [
        ({"port": 0}, "[server] port"),
        ({"more": "[board]\nhttp = true\nhttp_port = {port}"}, "[board] http_port"),
        ({"more": "[devices]\nport = {port}"}, "[devices] port"),
    ],
    ids=["of all", "of the board", "of small devices"],
)
def test_a_port_that_is_taken_is_told_by_its_key_and_all_is_stopped_again(
    tmp_path: Path, configuration: dict[str, Any], key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        written = {
            name: port if name == "port" else value.format(port=port) for name, value in configuration.items()
        }
        app = App(read_school(write_school(tmp_path, **written)), clock=FakeClock())
        with pytest.raises(ConfigError) as refused:
            app.start()
    said = f"{key}: cannot listen on 127.0.0.1:{port}: Address already in use; end what listens there "
    assert said in str(refused.value)
    assert "Traceback" not in caplog.text
    with running(tmp_path) as school:
        assert school.app.answers()


def test_an_address_that_is_not_this_machines_is_told_by_its_key(tmp_path: Path) -> None:
    settings = replace(read_school(write_school(tmp_path)), host="192.0.2.1")
    with pytest.raises(ConfigError, match=r"\[server\] host: cannot listen on 192\.0\.2\.1:0: "):
        App(settings, clock=FakeClock()).start()


def test_a_certificate_that_is_none_ends_the_start_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    more = '[tls]\nuse = "always"\ncertificate = "school.crt"\nkey = "school.key"'
    app = App(read_school(write_school(tmp_path, more=more)), clock=FakeClock())
    with pytest.raises(TlsFailed, match=r"\[tls\] certificate: .*school\.crt: No such file"):
        app.start()
    assert "Traceback" not in caplog.text


def test_a_server_that_stopped_can_be_stopped_again(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        school.stop()
    assert school.tags().count("server-stopped") == 1


# -- the configuration becomes events -------------------------------------------------------------


def test_a_restart_with_another_configuration_records_the_difference(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        before = len(first.records())
    rooms = ("L213", "L209", "L210", "L227", "V111")
    with running(tmp_path, rooms=rooms, more="[policy]\nwalk_in = 30") as second:
        events = [recorded.event for recorded in second.records()[before:]]
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["ServerStopped", "ServerStarted", "PolicySet", "RoomDeclared", "RoomRetired"]
    policy, declared, retired = events[2:5]
    assert isinstance(policy, PolicySet)
    assert policy.policy.walk_in == 30
    assert isinstance(declared, RoomDeclared)
    assert declared.room == "V111"
    assert isinstance(retired, RoomRetired)
    assert retired.room == "V107"


def test_a_reload_changes_rooms_and_rules_without_dropping_a_door(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path) as school, door.connect(school.address) as talk:
        talk.snapshot()
        closed = '[policy]\nwalk_in = 20\n[hours]\nfriday = "08:00-18:00"\n[[closed]]\nfirst = 2026-12-24'
        rooms = (*ROOMS, "V111")
        school.reload(rooms=rooms, more=closed)
        rules = talk.until(RulesSet).rules
        assert (rules.policy.walk_in, rules.hours.friday) == (20, "08:00-18:00")
        day = datetime(2026, 12, 24, tzinfo=UTC).date()
        assert rules.closed == (ClosedDays(first=day, last=day),)
        talk.say(door.press())
        pressed = talk.until(Pressed)
        assert pressed.until == START + timedelta(minutes=20)
        school.reload(rooms=tuple(room for room in rooms if room != "L209"), more=closed)
        assert talk.until(RoomDay, room="L209", retired=True).info is not None
        with greeted(school.address, Hello(role="board")) as board:
            whole = board.snapshot()
            assert set(whole.days) >= {"L213", "V111", "L227"}
            board.say(Find(id=1, wish=Wish(origin=RoomKey("L213"))))
            names = {room.room for room in board.until(Found).answer.rooms}
            assert "L209" not in names
        assert [record.event for record in school.records("room-retired")] == [
            RoomRetired(room=RoomKey("L209"))
        ]


def test_a_reload_that_changes_nothing_records_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        before = len(school.records())
        school.app.reload(read_school(school.config))
        assert school.app.answers(), "whatever the reload told is done by now"
        assert school.app.answers()
        assert len(school.records()) == before


def test_a_log_keeps_its_zone(tmp_path: Path, errors: Errors) -> None:
    with running(tmp_path) as school:
        before = len(school.records())
        config = school.config.read_text(encoding="utf-8").replace('"Test"', '"Test"\nzone = "Europe/London"')
        school.config.write_text(config, encoding="utf-8")
        school.app.reload(read_school(school.config))
        assert school.app.answers()
        assert school.app.answers()
        assert len(school.records()) == before
    with pytest.raises(ConfigError, match=r"school\.toml: \[school\] zone: .*a log keeps its zone"):
        App(read_school(school.config), clock=FakeClock()).start()
    assert len(errors.texts()) == 1, "what the reload said; the start says it in its error alone"


def name_everywhere(school: School) -> set[str]:
    """The school's name, wherever the server tells it."""
    with Talk(school.address) as board:
        board.say(Hello(role="board"))
        welcome = board.until(Welcome)
    host, port = school.app.address
    with urllib.request.urlopen(f"http://{host}:{port}/rooms.json", timeout=TIMEOUT) as answer:
        rooms = json.loads(answer.read())
    with contextlib.closing(open_index(school.log(), school.data / "audit.db")) as audited:
        return {welcome.school, rooms["school"], audited.school}


def test_a_school_that_is_renamed_is_called_so_everywhere_from_the_reload_or_restart_on(
    tmp_path: Path,
) -> None:
    def call(name: str) -> SchoolSettings:
        config = tmp_path / "school.toml"
        text = re.sub(r'(\[school\]\nname = )".*"', rf'\1"{name}"', config.read_text(encoding="utf-8"))
        config.write_text(text, encoding="utf-8")
        return read_school(config)

    with running(tmp_path) as school:
        assert name_everywhere(school) == {"Test"}
        school.app.reload(call("École des Mines"))
        (renamed,) = school.wait_for("school-renamed")
        assert renamed.stream == SCHOOL_STREAM
        school.wait_published()
        assert name_everywhere(school) == {"École des Mines"}
        before = school.tags()
    call("École des Ponts")
    again = School(tmp_path / "school.toml")
    try:
        assert again.tags() == [*before, "server-stopped", "server-started", "school-renamed"]
        assert name_everywhere(again) == {"École des Ponts"}
    finally:
        again.stop()


def test_a_room_that_was_retired_comes_back(tmp_path: Path) -> None:
    door = DoorClient("V107")
    with running(tmp_path) as school:
        school.reload(rooms=ROOMS[:-1])
        school.wait_for("room-retired")
        school.reload(rooms=ROOMS)
        school.wait_for("room-declared", len(ROOMS) + 1)
        eventually(lambda: not replay(school.log()).rooms[RoomKey("V107")].retired)
        with door.connect(school.address) as talk:
            talk.say(door.press())
            assert talk.until(Pressed).effect == "walk-in"


def test_a_reload_cuts_off_the_door_that_lost_its_right_and_only_that_one(tmp_path: Path) -> None:
    kept, lost = DoorClient("L213"), DoorClient("L227")
    doors = [(door.room, door.key) for door in (kept, lost)]
    with (
        running(tmp_path, doors=doors) as school,
        kept.connect(school.address) as stays,
        lost.connect(school.address) as goes,
    ):
        school.reload(doors=doors[:1])
        assert goes.code() is None, "aborted, without a word"
        stays.say(Ping(id=1))
        assert isinstance(stays.until(Pong), Pong)


# -- a room that dies -----------------------------------------------------------------------------


def fail_fold_once(monkeypatch: pytest.MonkeyPatch, room: str, times: int = 1) -> None:
    """Let the fold of one room's actor fail so often, as a fault in it would."""
    real = fold_really
    left = [times]

    def fold(state: Any, recorded: Any) -> Any:
        if state.key == room and isinstance(recorded.event, PresencePressed) and left[0]:
            left[0] -= 1
            raise RuntimeError("a fault was injected")
        return real(state, recorded)

    monkeypatch.setattr("actors.room.fold", fold)


def test_a_room_that_dies_comes_back_by_replay_with_nothing_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: Errors
) -> None:
    door, neighbour = DoorClient("L227"), DoorClient("L213")
    with (
        running(tmp_path) as school,
        door.connect(school.address) as talk,
        neighbour.connect(school.address) as beside,
    ):
        others = {key: ref.actor_urn for key, ref in school_actor(school)._rooms.items()}
        dead = others.pop(door.room)
        fail_fold_once(monkeypatch, door.room)
        first, second = door.press(), door.press(age=-1)
        talk.say(first)
        acknowledged = talk.until(Pressed, ref=name_of(first))
        eventually(lambda: any("room L227 died" in text for text in errors.texts()))
        beside.say(neighbour.press())
        assert beside.until(Pressed).effect == "walk-in"
        eventually(lambda: school_actor(school)._rooms[door.room].actor_urn != dead)
        # What the dead room had in its inbox is still on the door, which sends it again.
        talk.say(first)
        assert talk.until(Pressed, ref=name_of(first)) == acknowledged
        talk.say(second)
        assert talk.until(Pressed, ref=name_of(second)).effect == "renewed", "it knows of the first"
        assert {
            key: ref.actor_urn for key, ref in school_actor(school)._rooms.items() if key != door.room
        } == others, "the others were left alone"
        stream = room_stream(door.room)
        presses = [r for r in school.log().read(stream=stream) if isinstance(r.event, PresencePressed)]
        assert [r.id for r in presses] == [name_of(first), name_of(second)]
        live = school_actor(school)._school
        assert digest_form(replay(school.log(), seq=live.seq)) == digest_form(live)


def school_actor(school: School) -> Any:
    """Look into the running school."""
    return school.app._actors[1]._actor_weakref()


def test_presses_that_waited_in_a_room_that_died_are_recorded_when_they_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: Errors
) -> None:
    door = DoorClient("L227")
    with running(tmp_path) as school, door.connect(school.address) as talk:
        dead = school_actor(school)._rooms[door.room].actor_urn
        fail_fold_once(monkeypatch, door.room)
        deliveries = [door.press(age=-n / 10) for n in range(30)]
        for delivery in deliveries:
            talk.say(delivery)
        eventually(lambda: any("room L227 died" in text for text in errors.texts()))
        wanted = {name_of(delivery) for delivery in deliveries}
        eventually(lambda: school_actor(school)._rooms[door.room].actor_urn != dead)
        for delivery in deliveries:
            talk.say(delivery)
        acknowledged: set[EventId] = set()
        while acknowledged != wanted:
            acknowledged.add(talk.until(Pressed).ref)
        recorded = [r.id for r in school.records("presence-pressed")]
        assert len(recorded) == len(set(recorded)) == 30
        assert list(verify(school.log())) == []


def test_five_deaths_of_a_room_in_a_row_end_the_process(tmp_path: Path, errors: Errors) -> None:
    with running(tmp_path) as school:
        rooms = school_actor(school)._rooms
        for death in range(1, RESTARTS + 1):
            assert not school.app.ended.is_set()
            dying = rooms[RoomKey("L213")]
            declared = school.records("room-declared")[0]
            dying.tell(Told(records=(replace(declared, version=99),)))
            if death < RESTARTS:
                eventually(lambda gone=dying: rooms[RoomKey("L213")] is not gone)  # type: ignore[misc]
        assert school.app.ended.wait(TIMEOUT)
        assert "room L213 died 5 times" in school.app.why
        assert "version 99 came after 1" in school.app.why
    assert any("room L213 died 5 times" in text for text in errors.texts())


def test_a_press_for_a_room_without_an_actor_waits_on_its_door(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    door = DoorClient("L227")
    with running(tmp_path) as school, door.connect(school.address) as talk:
        school_actor(school)._rooms[door.room].stop(block=True, timeout=TIMEOUT)
        with caplog.at_level(logging.WARNING, logger="actors"):
            talk.say(door.press())
            eventually(lambda: "found no room" in caplog.text)
        assert school.records("presence-pressed") == []


# -- what ends the process ------------------------------------------------------------------------


def test_a_recorder_that_dies_ends_the_process_with_a_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: Errors
) -> None:
    ended = threading.Event()
    config = write_school(tmp_path)
    app = App(read_school(config), clock=FakeClock(), on_end=ended.set)
    app.start()
    try:

        def full(_log: object, _records: object) -> None:
            raise LogClosed("the disk is full; the log has to be opened anew")

        monkeypatch.setattr(SqliteLog, "_write", full)
        door = DoorClient("L227")
        with door.connect(f"ws://{app.address[0]}:{app.address[1]}") as talk:
            talk.say(door.press())
            assert ended.wait(TIMEOUT)
        assert app.why.startswith("the recorder died")
        assert "the disk is full" in app.why
        assert not app.answers()
    finally:
        monkeypatch.undo()
        app.stop()
    with running(tmp_path) as school:
        assert school.tags()[-1] == "server-started"
        assert school.records("presence-pressed") == [], "and nobody was told that it was"


def test_a_message_that_the_school_does_not_know_kills_nothing(tmp_path: Path, errors: Errors) -> None:
    with running(tmp_path) as school:
        for ref in school.app._actors:
            ref.tell("hello?")
        eventually(lambda: len(errors.records) == len(school.app._actors))
        assert school.app.answers()


def test_a_press_that_reaches_a_recorder_that_stopped_is_lost_to_nobody(
    tmp_path: Path, errors: Errors
) -> None:
    """The door has it still, for it was never acknowledged."""
    with running(tmp_path) as school:
        recorder = school.app._actors[0]
        assert isinstance(recorder._actor_weakref(), RecorderActor)
        recorder.stop(block=True, timeout=TIMEOUT)
        door = DoorClient("L227")
        with door.connect(school.address) as talk:
            talk.say(door.press())
            eventually(lambda: any("ActorDeadError" in text for text in errors.texts()))
            talk.say(Ping(id=1))
            talk.until(Pong)
            assert not [message for message in talk.heard if isinstance(message, Pressed)]
    assert school.records("presence-pressed") == []


# -- doors ----------------------------------------------------------------------------------------


def test_a_door_that_watches_is_in_the_log_until_it_goes(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path) as school:
        with door.connect(school.address) as talk:
            talk.snapshot()
            talk.say(Watching(for_seconds=60))
            assert talk.until(RoomPresence, room="L227").watched_since == START
            (joined,) = school.records("kiosk-joined")
            assert isinstance(joined.event, KioskJoined)
            assert joined.event.watching_since == START - timedelta(minutes=1)
        school.wait_for("kiosk-left")


def test_a_stopped_server_says_that_its_doors_are_gone(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path) as school:
        talk = door.connect(school.address)
        talk.say(Watching(for_seconds=1))
        school.wait_for("kiosk-joined")
        school.stop()
        with pytest.raises(ConnectionClosed):
            talk.to_the_end()
        talk.connection.close()
    assert school.tags()[-2:] == ["kiosk-left", "server-stopped"]


def test_a_stuck_button_is_recorded_once_however_often_it_is_told(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path) as school, door.connect(school.address) as talk:
        talk.say(Stuck(stuck=False))
        for stuck in (True, True, False, False):
            talk.say(Stuck(stuck=stuck))
            school.wait_for("button-stuck")
        school.wait_for("button-freed")
        talk.say(door.press())
        talk.until(Pressed)
        assert school.tags()[-3:] == ["button-stuck", "button-freed", "presence-pressed"]


def test_two_doors_of_one_room_press_for_the_same_room(tmp_path: Path) -> None:
    left, right = DoorClient("L227"), DoorClient("L227")
    with (
        running(tmp_path) as school,
        left.connect(school.address) as one,
        right.connect(school.address) as two,
    ):
        one.say(left.press(age=2))
        assert one.until(Pressed).effect == "walk-in"
        two.say(right.press())
        assert two.until(Pressed).effect == "renewed"


def test_two_hundred_presses_at_one_room_are_all_acknowledged_in_few_commits(tmp_path: Path) -> None:
    doors = [DoorClient("L227") for _ in range(4)]
    with running(tmp_path) as school:
        talks = [door.connect(school.address) for door in doors]
        try:
            sent: list[list[SendPress]] = [[door.press() for _ in range(50)] for door in doors]
            for talk, deliveries in zip(talks, sent, strict=True):
                for delivery in deliveries:
                    talk.say(delivery)
            for talk, deliveries in zip(talks, sent, strict=True):
                acknowledged = [talk.until(Pressed).ref for _ in deliveries]
                assert acknowledged == [name_of(delivery) for delivery in deliveries], "in order"
        finally:
            for talk in talks:
                talk.connection.close()
        presses = school.records("presence-pressed")
        assert len(presses) == 200
        assert len({r.recorded_at for r in presses}) == 1  # the clock stands still
        assert list(verify(school.log())) == []


def test_the_desk_closes_a_room_and_the_reason_is_personal(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        operator = Hello(role="operator", token=school.token)
        with greeted(school.address, operator) as desk:
            desk.snapshot()
            desk.say(CloseRoom(id=1, room=RoomKey("L213"), reason="Dégât des eaux"))
            closed = desk.until(RoomDay, room="L213")
            assert closed.closure is not None
            assert closed.closure.reason == "Dégât des eaux"
            done = desk.until(Done, ref=1)
            desk.say(ReopenRoom(id=2, room=RoomKey("L213")))
            assert desk.until(RoomDay, room="L213").closure is None
            assert desk.until(Done, ref=2).seq == done.seq + 1
    raw = b"".join(path.read_bytes() for path in school.data.glob("log.db*"))
    assert "Dégât".encode() not in raw


def test_a_room_that_is_not_out_of_order_is_not_reopened(tmp_path: Path) -> None:
    clock, room = FakeClock(), RoomKey("L213")
    with running(tmp_path, clock) as school:
        operator = Hello(role="operator", token=school.token)
        with greeted(school.address, operator) as desk:
            desk.say(ReopenRoom(id=1, room=room))
            assert desk.until(Refused, ref=1).reason == "L213 is not out of order"
            # All at once: each is decided on those before it, which are not in the log yet.
            desk.say(CloseRoom(id=2, room=room, until=clock.now() + timedelta(hours=1)))
            desk.say(ReopenRoom(id=3, room=room))
            desk.say(ReopenRoom(id=4, room=room))
            desk.say(CloseRoom(id=5, room=room, until=clock.now() + timedelta(hours=1)))
            desk.until(Done, ref=5)
            refs = {message.ref for message in desk.heard if isinstance(message, Refused)}
            assert refs == {1, 4}
            clock.advance(3600)
            desk.say(ReopenRoom(id=6, room=room))
            assert desk.until(Refused, ref=6).reason == "L213 is not out of order", "it ended by itself"
        assert school.tags()[-3:] == ["room-closed", "room-reopened", "room-closed"]


def test_the_desk_that_closes_a_room_twice_is_recorded_twice(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        operator = Hello(role="operator", token=school.token)
        with greeted(school.address, operator) as desk:
            for n in (1, 2):
                desk.say(CloseRoom(id=n, room=RoomKey("L213"), reason="Peinture"))
                desk.until(Done, ref=n)
        assert school.tags()[-2:] == ["room-closed", "room-closed"]


def test_a_press_is_recorded_with_the_time_that_its_age_tells(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path) as school, door.connect(school.address) as talk:
        talk.say(door.press(age=600))
        talk.until(Pressed)
        (recorded,) = school.records("presence-pressed")
        assert recorded.at == START - timedelta(minutes=10)
        assert recorded.recorded_at == START
