"""Through the whole server: what sensors feel, how many people there are, and the desk's notices."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.commands import notice, room
from actors.settings import read_school
from events import command, wire
from events.domain import AirMeasured, HeadcountChanged, MotionSeen, NoticePosted, NoticeWithdrawn
from events.ids import RoomKey, sensed_id
from events.notices import LIMIT
from events.replay import replay, verify
from events.state import digest_form
from events.status import headcount_at, known
from events.wire import (
    Air,
    Done,
    Hello,
    Motion,
    Notices,
    Ping,
    Pong,
    PostNotice,
    Pressed,
    Refused,
    RoomPresence,
    SendSensed,
    SetHeadcount,
    Welcome,
    WithdrawNotice,
)
from tests.actors.stack import (
    ROOMS,
    TIMEOUT,
    DoorClient,
    School,
    Snapshot,
    Talk,
    eventually,
    free_port,
    greeted,
    name_of,
    running,
    write_school,
)
from tests.clock import START, FakeClock

L213, L227 = RoomKey("L213"), RoomKey("L227")
BOARD = Hello(role="board")
RUN = "0123abcd"
COUNTING = "[policy]\nmotion_counts_for = 10"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with running(tmp_path) as school:
        yield school


def felt(n: int, what: Motion | Air | None = None, *, age: float = 0.0) -> SendSensed:
    """Make what a sensor felt so many seconds ago, as it is delivered."""
    now = 100_000
    return SendSensed(
        id=n, run=RUN, boot_id="run", at=now - round(age * 1000), boottime=now, sensed=what or Motion()
    )


def operator(school: School) -> Talk:
    return greeted(school.address, Hello(role="operator", token=school.token))


def school_actor(school: School) -> Any:
    return school.app._actors[1]._actor_weakref()


def agrees_with_its_log(school: School) -> bool:
    """Whether the running server knows what a replay of its log would."""
    live = school_actor(school)._school
    school.wait_published()
    return digest_form(replay(school.log(), seq=live.seq)) == digest_form(live)


# -- sensors --------------------------------------------------------------------------------------


def test_what_a_sensor_felt_is_recorded_once_and_each_delivery_gets_the_same_answer(school: School) -> None:
    door = DoorClient("L227")
    air = felt(2, Air(temperature=21.5, humidity=48.25, co2=812))
    with door.connect(school.address) as talk:
        first = {}
        for message in (felt(1, age=30), air):
            talk.say(message)
            first[message.id] = talk.until(Done)
    assert isinstance(school.clock, FakeClock)
    school.clock.advance(60)
    with door.connect(school.address) as talk:
        for message in (air, felt(1, age=90), felt(1, age=95)):
            talk.say(message)
            assert talk.until(Done) == first[message.id]
    (motion,) = school.records("motion-seen")
    assert motion.event == MotionSeen(room=L227, kiosk=door.kiosk)
    assert (motion.id, motion.seq) == (sensed_id(door.kiosk, RUN, 1), first[1].seq)
    assert motion.at == START - timedelta(seconds=30)
    (measured,) = school.records("air-measured")
    assert measured.event == AirMeasured(
        room=L227, kiosk=door.kiosk, temperature=21.5, humidity=48.25, co2=812
    )
    assert agrees_with_its_log(school)


def test_another_reading_under_a_name_that_is_known_is_refused_by_its_number(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk:
        talk.say(felt(1, Air(co2=800)))
        assert talk.until(Done).ref == 1
        for other in (Air(co2=801), Motion()):
            talk.say(felt(1, other))
            refused = talk.until(Refused)
            assert (refused.code, refused.ref) == ("bad-message", 1)
        talk.say(felt(2, Air(co2=801)))
        assert talk.until(Done).ref == 2
    assert len(school.records("air-measured")) == 2


def test_a_motion_that_does_not_count_and_air_disturb_nobody(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk, greeted(school.address, BOARD) as board:
        board.snapshot()
        seen = len(board.heard)
        for message in (felt(1), felt(2, Air(co2=800))):
            talk.say(message)
            talk.until(Done)
        school.wait_published()
        board.say(Ping(id=1))
        board.until(Pong)
        assert [type(message) for message in board.heard[seen:]] == [Pong]
        talk.say(door.press())
        assert talk.until(Pressed).effect == "walk-in", "and the room goes on from what was recorded"


def test_a_motion_that_counts_is_a_presence_for_all_to_see(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with (
        running(tmp_path, more=COUNTING) as school,
        door.connect(school.address) as talk,
        greeted(school.address, BOARD) as board,
    ):
        board.snapshot()
        talk.say(felt(1, age=60))
        done = talk.until(Done, ref=1)
        shown = board.until(RoomPresence, room="L227")
        assert shown.last is not None
        assert (shown.last.press, shown.last.until) == (
            sensed_id(door.kiosk, RUN, 1),
            START + timedelta(minutes=9),
        )
        assert shown.plan[0].status.name == "occupied"
        talk.say(door.press())
        assert talk.until(Pressed).effect == "renewed"
        talk.say(felt(1, age=61))
        assert talk.until(Done) == done, "sent again, decided anew, and still what it was"
        assert len(school.records("motion-seen")) == 1
        assert agrees_with_its_log(school)


def test_another_reading_under_the_name_of_a_motion_that_counts_is_refused(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path, more=COUNTING) as school, door.connect(school.address) as talk:
        talk.say(felt(1, Air(co2=800)))
        assert talk.until(Done).ref == 1
        talk.say(felt(1))
        assert talk.until(Refused).ref == 1
        talk.say(felt(2))
        assert talk.until(Done).ref == 2


def test_presses_and_motions_in_a_burst_are_all_recorded_and_answered(tmp_path: Path) -> None:
    door = DoorClient("L227")
    with running(tmp_path, more=COUNTING) as school, door.connect(school.address) as talk:
        deliveries = [door.press(age=n) for n in range(20)]
        for n, delivery in enumerate(deliveries):
            talk.say(delivery)
            talk.say(felt(n, age=n + 0.5))
        answered: set[object] = set()
        while len(answered) < 40:
            message = talk.hear()
            if isinstance(message, Pressed | Done):
                answered.add(message.ref)
        assert answered == {*range(20), *(name_of(delivery) for delivery in deliveries)}
        assert list(verify(school.log())) == []
        assert agrees_with_its_log(school)


def test_a_rule_about_motion_holds_from_its_reload_on(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk:
        talk.say(felt(1, age=60))
        talk.until(Done)
        school.reload(more=COUNTING)
        school.wait_for("policy-set", 2)
        school.wait_published()
        talk.say(felt(2))
        talk.until(Done)
    assert [r.event.effect for r in school.records("motion-seen")] == ["none", "walk-in"]  # type: ignore[union-attr]


def test_what_is_felt_in_a_room_that_was_retired_is_refused(school: School) -> None:
    door = DoorClient("V107")
    with door.connect(school.address) as talk:
        talk.snapshot()
        actor = school_actor(school)
        gone = actor._school.rooms[RoomKey("V107")]
        actor._school.rooms[RoomKey("V107")] = replace(gone, retired=True)
        for message in (felt(1), SetHeadcount(id=2, room=RoomKey("V107"), count=3)):
            talk.say(message)
            refused = talk.until(Refused)
            assert (refused.code, refused.ref) == ("unknown-room", message.id)


def test_a_motion_for_a_room_without_an_actor_waits_on_its_door(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    door = DoorClient("L227")
    with running(tmp_path, more=COUNTING) as school, door.connect(school.address) as talk:
        school_actor(school)._rooms[L227].stop(block=True, timeout=TIMEOUT)
        with caplog.at_level(logging.WARNING, logger="actors"):
            talk.say(felt(1))
            eventually(lambda: "a motion in L227 found no room" in caplog.text)
    assert school.records("motion-seen") == []


# -- how many there are ---------------------------------------------------------------------------


def test_a_count_is_shown_to_all_until_they_leave(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk, greeted(school.address, BOARD) as board:
        board.snapshot()
        talk.say(door.press(age=60))
        talk.until(Pressed)
        assert board.until(RoomPresence, room="L227").headcount is None
        talk.say(SetHeadcount(id=3, room=L227, count=12))
        done = talk.until(Done, ref=3)
        shown = board.until(RoomPresence, room="L227")
        assert (shown.headcount, shown.headcount_until) == (12, START + timedelta(minutes=59))
        with operator(school) as at_desk:
            at_desk.say(SetHeadcount(id=9, room=L227, count=14))
            assert at_desk.until(Done, ref=9).seq == done.seq + 1
        assert board.until(RoomPresence, room="L227").headcount == 14
        talk.say(door.press("leaving"))
        assert board.until(RoomPresence, room="L227").headcount is None
    assert [record.event for record in school.records("headcount-changed")] == [
        HeadcountChanged(room=L227, count=12, by="touch", kiosk=door.kiosk),
        HeadcountChanged(room=L227, count=14, by="desk"),
    ]
    assert agrees_with_its_log(school)


def test_a_count_of_an_empty_room_is_in_the_log_and_shown_nowhere(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk, greeted(school.address, BOARD) as board:
        board.snapshot()
        talk.say(SetHeadcount(id=3, room=L227, count=12))
        talk.until(Done, ref=3)
        assert board.until(RoomPresence, room="L227").headcount is None
        assert isinstance(school.clock, FakeClock)
        school.clock.advance(1)
        talk.say(door.press())
        assert board.until(RoomPresence, room="L227").headcount is None
    assert len(school.records("headcount-changed")) == 1


def test_a_count_is_still_known_after_a_restart(tmp_path: Path) -> None:
    door, clock = DoorClient("L227"), FakeClock()
    with running(tmp_path, clock) as school, door.connect(school.address) as talk:
        talk.say(door.press())
        talk.until(Pressed)
        talk.say(SetHeadcount(id=3, room=L227, count=12))
        talk.until(Done)
    with running(tmp_path, clock) as school, greeted(school.address, BOARD) as board:
        assert board.snapshot().presences[L227].headcount == 12


# -- notices --------------------------------------------------------------------------------------


def shown(snapshot: Snapshot) -> list[tuple[str, str]]:
    (message,) = (other for other in snapshot.others if isinstance(other, Notices))
    return [(one.topic, one.text) for one in message.notices]


def test_a_notice_goes_to_everyone_when_it_is_posted_and_when_it_is_withdrawn(school: School) -> None:
    door = DoorClient("L227")
    with (
        operator(school) as at_desk,
        door.connect(school.address) as talk,
        greeted(school.address, BOARD) as board,
    ):
        for client in (talk, board):
            assert shown(client.snapshot("room/L227")) == []
        until = START + timedelta(hours=2)
        at_desk.say(PostNotice(id=4, topic="wing/V", text="Exercice\n incendie ", until=until))
        posted = at_desk.until(Done, ref=4)
        expected = wire.Notice(
            number=posted.seq, topic="wing/V", text="Exercice incendie", posted_at=START, until=until
        )
        for client in (talk, board):
            assert client.until(Notices).notices == (expected,), "whatever it follows"
        at_desk.say(PostNotice(id=5, topic="school", text="Grève"))
        second = at_desk.until(Done, ref=5)
        for client in (talk, board):
            assert [one.number for one in client.until(Notices).notices] == [second.seq, posted.seq]
        at_desk.say(WithdrawNotice(id=6, notice=posted.seq))
        at_desk.until(Done, ref=6)
        for client in (talk, board):
            assert [one.text for one in client.until(Notices).notices] == ["Grève"]
        assert shown(at_desk.snapshot("room/none")) == [("school", "Grève")]
        (record,) = school.records("notice-withdrawn")
        assert record.event == NoticeWithdrawn(notice=posted.seq)
        assert agrees_with_its_log(school)


def test_the_text_of_a_notice_is_personal_and_comes_back_after_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    with running(tmp_path, clock) as school, operator(school) as at_desk:
        at_desk.say(PostNotice(id=1, topic="room/L213", text="Mme Durand est absente"))
        at_desk.until(Done)
    raw = b"".join(path.read_bytes() for path in school.data.glob("log.db*"))
    assert b"Durand" not in raw
    clock.advance(timedelta(days=90))
    with running(tmp_path, clock) as school, greeted(school.address, BOARD) as board:
        assert shown(board.snapshot()) == [("room/L213", "Mme Durand est absente")]
        assert list(verify(school.log(), school.log().personal)) == []


def test_a_log_with_all_of_this_is_shown_exported_and_replayed(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk, operator(school) as at_desk:
        talk.say(door.press())
        talk.until(Pressed)
        for message in (felt(1), felt(2, Air(co2=800)), SetHeadcount(id=3, room=L227, count=12)):
            talk.say(message)
            talk.until(Done, ref=message.id)
        at_desk.say(PostNotice(id=4, topic="school", text="Grève"))
        number = at_desk.until(Done, ref=4).seq

    def told(*arguments: str) -> str:
        assert command.main([*arguments, "--data", str(school.data)]) == 0
        return capsys.readouterr().out

    for tag in ("motion-seen", "air-measured", "headcount-changed", "notice-posted"):
        assert f" {tag} " in told("log", "show")
        assert f'"type":"toctoc.{tag}"' in told("log", "export")
    at = f"{START + timedelta(minutes=1):%Y-%m-%dT%H:%MZ}"
    for options, text in (([], None), (["--titles"], "Grève")):
        answer = json.loads(told("replay", "--json", "--at", at, *options))
        (standing,) = answer["notices"]
        assert (standing["number"], standing["topic"], standing["text"]) == (number, "school", text)
        assert answer["rooms"]["L227"]["presence"]["headcount"] == 12


def test_a_notice_outlives_midnight_and_is_left_out_once_it_has_ended(school: School) -> None:
    from actors.messages import DayBegan

    assert isinstance(school.clock, FakeClock)
    with operator(school) as at_desk, greeted(school.address, BOARD) as board:
        at_desk.say(PostNotice(id=1, topic="school", text="Grève", until=START + timedelta(hours=20)))
        at_desk.until(Done)
        school.clock.advance(timedelta(hours=18))
        school.app._actors[2].tell(DayBegan())
        assert school.app.answers()
        assert shown(board.snapshot()) == [("school", "Grève")]
        at_desk.say(PostNotice(id=2, topic="wing/L", text="Peinture"))
        at_desk.until(Done)
        assert [one.text for one in board.until(Notices).notices] == ["Peinture", "Grève"]
        school.clock.advance(timedelta(hours=2))
        assert shown(board.snapshot()) == [("wing/L", "Peinture")]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (PostNotice(id=1, topic="wing/X", text="x"), "no door belongs to 'wing/X'"),
        (PostNotice(id=1, topic="school", text="x", until=START), "until has to be in the future"),
        (PostNotice(id=1, topic="school", text="a\x1b[2Jb"), "U+001B, which no door can show"),
        (PostNotice(id=1, topic="school", text=" \n"), "a notice has 1 to 200 letters, this has 0"),
        (WithdrawNotice(id=1, notice=42), "no notice 42 stands"),
        (SetHeadcount(id=1, room=RoomKey("X999"), count=1), "no room 'X999' here"),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused_with_its_reason(
    school: School, order: wire.ClientMessage, reason: str
) -> None:
    before = school.log().head()
    with operator(school) as at_desk:
        at_desk.say(order)
        refused = at_desk.until(Refused)
        assert (refused.ref, reason in refused.reason) == (1, True)
    assert school.log().head() == before


def test_so_many_notices_may_stand_and_no_more_however_fast_they_are_posted(school: School) -> None:
    with operator(school) as at_desk:
        for n in range(LIMIT + 5):
            at_desk.say(PostNotice(id=n, topic="school", text=f"n° {n}"))
        heard = [at_desk.hear() for _ in range(LIMIT + 5)]
        assert sum(isinstance(message, Done) for message in heard) == LIMIT
        refused = {message.ref for message in heard if isinstance(message, Refused)}
        assert refused == set(range(LIMIT, LIMIT + 5))
        done = next(message for message in heard if isinstance(message, Done))
        at_desk.say(WithdrawNotice(id=99, notice=done.seq))
        at_desk.until(Done, ref=99)
        at_desk.say(PostNotice(id=100, topic="school", text="encore"))
        assert at_desk.until(Done).ref == 100


# -- the board ------------------------------------------------------------------------------------


def welcome(school: School) -> Welcome:
    with greeted(school.address, BOARD) as board:
        return next(message for message in board.heard if isinstance(message, Welcome))


def test_everyone_is_told_where_the_board_is(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        assert welcome(school).board == ""
        school.reload(more='[board]\nurl = "https://rooms.school.example/"')
        eventually(lambda: welcome(school).board == "https://rooms.school.example")


# -- the desk's commands --------------------------------------------------------------------------


def room_count(config: Path, *arguments: str) -> int:
    return room.main(["count", *arguments, "--config", str(config)])


def test_the_desk_counts_through_the_running_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    door = DoorClient("L213")
    with running(tmp_path, port=free_port()) as school, door.connect(school.address) as talk:
        talk.say(door.press())
        talk.until(Pressed)
        assert room_count(school.config, "L213", "12") == 0
        assert "L213 has 12 people in it (event " in capsys.readouterr().out
        assert room_count(school.config, "L213", "1") == 0
        assert "L213 has 1 person in it (event " in capsys.readouterr().out
        state = replay(school.log())
        assert headcount_at(known(state, state.rooms[L213]), START) == 1


@pytest.mark.parametrize("people", [[], ["many"], ["12.5"], ["10001"]])
def test_a_count_that_is_no_number_of_people_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], people: list[str]
) -> None:
    config = write_school(tmp_path)
    assert room_count(config, "L213", *people) == 1
    said = repr(people[0]) if people else "nothing"
    assert f"from 0 to 10000, not {said}" in capsys.readouterr().err


def test_only_a_count_takes_a_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_school(tmp_path)
    assert room.main(["reopen", "L213", "12", "--config", str(config)]) == 1
    assert "reopen takes a room and nothing behind it, not '12'" in capsys.readouterr().err


def test_the_desk_counts_and_posts_by_hand_when_no_server_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    config = write_school(tmp_path, port=port)
    assert room_count(config, "L213", "12") == 1
    assert "start the server once" in capsys.readouterr().err
    with running(tmp_path, port=port) as school:
        before = school.log().head()
    assert room_count(config, "L213", "12") == 0
    said = ["post", "wing/L", "Peinture  fraîche", "--until", "2999-11-21T18:00", "--config", str(config)]
    assert notice.main(said) == 0
    number = before + 3  # the server stopped, and the count
    assert f"notice {number} is on the doors of wing/L\n" in capsys.readouterr().out
    assert notice.main(["post", "wing/X", "x", "--config", str(config)]) == 1
    assert "no door belongs to 'wing/X'" in capsys.readouterr().err
    assert notice.main(["list", "--config", str(config)]) == 0
    listed = capsys.readouterr().out
    assert f"{number}  wing/L  since " in listed
    assert ", until 2999-11-21 18:00  Peinture fraîche" in listed
    assert notice.main(["withdraw", "1", "--config", str(config)]) == 1
    assert "no notice 1 stands" in capsys.readouterr().err
    assert notice.main(["withdraw", str(number), "--config", str(config)]) == 0
    assert f"notice {number} is withdrawn (event {number + 1})" in capsys.readouterr().out
    assert notice.main(["list", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "no notice stands\n"
    assert list(verify(school.log(), school.log().personal)) == []


def test_a_room_that_is_not_out_of_order_is_not_reopened_by_hand_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    config = write_school(tmp_path, port=port)
    with running(tmp_path, port=port) as school:
        before = school.log().head() + 1  # the server stops
    for what, status in (("reopen", 1), ("close", 0), ("reopen", 0), ("reopen", 1)):
        assert room.main([what, "L213", "--config", str(config)]) == status
    assert capsys.readouterr().err == "toctoc room: L213 is not out of order\n" * 2
    assert school.log().head() == before + 2
    config = write_school(tmp_path, port=port, rooms=(*ROOMS, "L300"))
    assert room.main(["reopen", "L300", "--config", str(config)]) == 1
    assert capsys.readouterr().err == "toctoc room: L300 is not out of order\n", "no server has met it yet"


def test_the_desk_posts_lists_and_withdraws_through_the_running_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, port=free_port()) as school, greeted(school.address, BOARD) as board:
        board.snapshot()
        options = ["--config", str(school.config)]
        assert notice.main(["post", "school", "Grève", *options]) == 0
        (posted,) = school.records("notice-posted")
        assert isinstance(posted.event, NoticePosted)
        assert capsys.readouterr().out == f"notice {posted.seq} is on the doors of school\n"
        assert [one.text for one in board.until(Notices).notices] == ["Grève"]
        assert notice.main(["list", *options]) == 0
        assert capsys.readouterr().out.endswith(f"{posted.seq}  school  since 2026-11-20 08:00  Grève\n")
        assert notice.main(["post", "room/X999", "x", *options]) == 1
        assert "no door belongs to 'room/X999'" in capsys.readouterr().err
        assert notice.main(["withdraw", str(posted.seq), *options]) == 0
        assert board.until(Notices).notices == ()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["post", "school", "x", "--until", "demain"],
            "--until 'demain' is no time; allowed is 2026-11-21T18",
        ),
        (["post", "school", "\x07"], "U+0007, which no door can show"),
        (["post", "school", " "], "1 to 200 letters, this has 0"),
        (["list"], "there is no log here"),
        (["post", "school", "x"], "start the server once"),
    ],
)
def test_what_the_desk_cannot_post_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    config = write_school(tmp_path, port=free_port())
    assert notice.main([*arguments, "--config", str(config)]) == 1
    assert problem in capsys.readouterr().err
    assert not (read_school(config).data / "log.db").exists()
