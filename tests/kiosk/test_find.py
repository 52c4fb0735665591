"""``toctoc find``: what it prints of an answer, and with which status it ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest

import events.local
from events.ids import RoomKey
from events.search import Answer, Refusal, Why, Wish
from kiosk.find import WHY, lines, main
from tests.actors.stack import Site, free_port, page, running, serving_pages
from tests.clock import START, FakeClock

TLS = '[tls]\nuse = "always"'


@pytest.fixture
def site() -> object:
    with serving_pages() as site:
        yield site


def source(site: Site) -> str:
    return f'name = "oasis"\nurl = "{site.show(page())}"\nrefresh = 3600\nallow_private = true'


def test_every_reason_has_words() -> None:
    assert set(WHY) == set(get_args(Why))


def test_the_nearest_room_comes_first_and_nearer_ones_are_explained(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock(START + timedelta(hours=2, minutes=30))
    with running(tmp_path, clock, sources=[source(site)]) as school:
        school.wait_for("timetable-read")
        assert main(["--from", "L213", "--minutes", "60", "--server", school.address]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("→ L227")
    assert "free, nothing booked, 20 seats" in lines[0]
    assert "nearer, but:" in lines
    because = lines[lines.index("nearer, but:") + 1 :]
    assert because == [
        "  L210     is booked (until 11:45)",
        "  L209     is booked (until 11:45)",
    ]


def test_a_room_that_is_free_for_a_while_says_until_when(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, FakeClock(), sources=[source(site)]) as school:
        school.wait_for("timetable-read")
        assert main(["--from", "L213", "--server", school.address]) == 0
    out = capsys.readouterr().out
    assert "→ L210     free until 10:15" in out


def test_the_answer_can_be_read_by_a_program(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, FakeClock(), sources=[source(site)]) as school:
        school.wait_for("timetable-read")
        assert main(["--from", "L213", "--json", "--server", school.address]) == 0
    answer = msgspec.json.decode(capsys.readouterr().out, type=Answer)
    assert [room.room for room in answer.rooms] == ["L210", "L209", "L227"]
    assert answer.wish.origin == "L213"


def test_no_room_at_all_is_told_with_every_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, FakeClock()) as school:
        assert main(["--from", "L213", "--server", school.address]) == 1
    out = capsys.readouterr().out
    assert out.startswith("no room is free for that long\nbecause:\n")
    assert out.count("has no timetable that can be believed now") == 4


def test_what_a_room_must_have_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, FakeClock()) as school:
        for wish, words in (
            (["--whiteboard"], "has no whiteboard"),
            (["--blackboard"], "has no blackboard"),
            (["--projector"], "has no projector and no television"),
            (["--seats", "21"], "has fewer than 21 seats"),
        ):
            assert main(["--from", "L213", *wish, "--server", school.address]) == 1
            assert words in capsys.readouterr().out


def test_an_unknown_room_and_a_server_that_is_not_there_end_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, FakeClock()) as school:
        assert main(["--from", "X999", "--server", school.address]) == 2
        assert "no room 'X999' here" in capsys.readouterr().err
    assert main(["--from", "a/b", "--server", school.address]) == 2
    assert main(["--from", "L213", "--server", f"ws://127.0.0.1:{free_port()}"]) == 2
    assert "no server answers" in capsys.readouterr().err
    assert main(["--from", "L213", "--server", "http://nonsense"]) == 2


@pytest.mark.parametrize("more", ["", TLS], ids=["plain", "tls"])
def test_on_the_servers_machine_its_configuration_says_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    with running(tmp_path, port=free_port(), more=more) as school:
        assert main(["--from", "L213", "--config", str(school.config)]) == 1
        monkeypatch.setattr(events.local, "CONFIG", school.config)
        assert main(["--from", "L213"]) == 1
        assert main(["--from", "L213", "--fingerprint", "ab" * 32]) == (2 if more else 1)
    if more:
        assert "this is another server" in capsys.readouterr().err


def test_an_address_that_is_wrong_in_its_scheme_alone_is_told_with_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, more=TLS) as school:
        plain = school.address.replace("wss://", "ws://")
        assert main(["--from", "L213", "--server", plain]) == 2
        assert f"{plain}: no HTTP is answered there; the server may speak TLS: {school.address}\n" in (
            capsys.readouterr().err
        )
    with running(tmp_path) as school:
        secure = school.address.replace("ws://", "wss://")
        assert main(["--from", "L213", "--server", secure]) == 2
        assert f"{secure}: no TLS is answered there; the server may speak none: {school.address}\n" in (
            capsys.readouterr().err
        )


@pytest.mark.parametrize("minutes", ["0", "-5", "1441", "x", "1.5", "²", "9" * 5000])
def test_minutes_are_whole_and_at_most_a_day(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--from", "L213", "--minutes", minutes])
    assert ended.value.code == 2
    assert "is not a whole number from 1 to 1440" in capsys.readouterr().err


def test_seats_are_not_bounded_by_the_minutes_of_a_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, FakeClock()) as school:
        assert main(["--from", "L213", "--seats", "2000", "--server", school.address]) == 1
    assert "has fewer than 2000 seats" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--from", "L213", "--seats", "10001"])
    assert "is not a whole number from 1 to 10000" in capsys.readouterr().err


def test_a_room_of_another_type_is_refused_as_that() -> None:
    wish = Wish(origin=RoomKey("L213"))
    refused = (Refusal(room=RoomKey("V107"), name="V107", why="too-small"),)
    assert lines(Answer(wish=wish, rooms=(), refused=refused), ZoneInfo("UTC"), START)[-1] == (
        "  V107     of another type, with fewer seats"
    )
