"""Many timetables at once, how they are, and an operator's word on a suspect reading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from actors.commands import sources
from actors.settings import read_school
from actors.source_reader import SourceReader
from events.domain import BookingRemoved, ReadingAccepted, ReadingRefused
from events.ids import RoomKey, SourceName
from events.replay import replay
from events.wire import AskSources, Done, Hello, JudgeReading, Refused, Sources
from tests.actors.stack import (
    School,
    Site,
    eventually,
    free_port,
    greeted,
    page,
    running,
    serving_pages,
    without_bookings,
    without_rooms,
    write_school,
)
from tests.actors.test_timetable import read_again, rounds, source, wait_for_round
from tests.clock import START, FakeClock

OASIS = SourceName("oasis")
FEED = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:exam-1
DTSTAMP:20261101T080000Z
DTSTART:{start:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
SUMMARY:Partiel
LOCATION:{room}
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with serving_pages() as site:
        yield site


def feed(room: str, hour: int, until: int) -> bytes:
    day = START.replace(hour=0, minute=0, second=0, microsecond=0)
    text = FEED.format(room=room, start=day + timedelta(hours=hour), end=day + timedelta(hours=until))
    return text.replace("\n", "\r\n").encode()


def desk(school: School) -> Hello:
    return Hello(role="operator", token=school.token)


def doubted(school: School, site: Site, url: str) -> None:
    """Let a reading be suspect."""
    wait_for_round(school, 1)
    site.show(without_bookings(page()))
    assert read_again(school, url, 2)[0].outcome == "suspect"


def test_an_operator_can_say_that_a_suspect_reading_is_right(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        doubted(school, site, url)
        with greeted(school.address, desk(school)) as talk:
            talk.say(JudgeReading(id=5, source=OASIS, accept=True))
            assert talk.until(Done).ref == 5
        assert [type(r.event) for r in school.records("reading-accepted")] == [ReadingAccepted]
        assert len(school.records("booking-removed")) == 14
        assert rounds(school)[-1][0].outcome == "changed"


def test_an_operator_can_say_that_a_suspect_reading_is_wrong_however_often_it_comes(
    tmp_path: Path, site: Site
) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        doubted(school, site, url)
        with greeted(school.address, desk(school)) as talk:
            talk.say(JudgeReading(id=6, source=OASIS, accept=False))
            assert talk.until(Done).ref == 6
        assert [type(r.event) for r in school.records("reading-refused")] == [ReadingRefused]
        for count in (3, 4):
            (read,) = read_again(school, url, count)
            assert (read.outcome, read.reason) == ("suspect", "an operator refused it")
        assert school.records("booking-removed") == []
        site.show(page())
        assert read_again(school, url, 5)[0].outcome == "unchanged"


def test_a_word_on_a_reading_that_nobody_doubts_is_refused(tmp_path: Path, site: Site) -> None:
    with running(tmp_path, sources=[source(site.show(page()))]) as school:
        wait_for_round(school, 1)
        with greeted(school.address, desk(school)) as talk:
            talk.say(JudgeReading(id=7, source=OASIS, accept=True))
            refused = talk.until(Refused)
            assert (refused.ref, refused.reason) == (7, "oasis: no reading of it is suspect")


def test_a_source_that_hangs_does_not_delay_another(tmp_path: Path, site: Site) -> None:
    site.show(b"", "/hangs", status=0)
    hangs = f"http://127.0.0.1:{site.server_port}/hangs"
    tables = [source(hangs, "slow"), source(site.show(page()))]
    with running(tmp_path, sources=tables) as school:
        (read,) = wait_for_round(school, 1)
        assert (read.source, read.outcome) == ("oasis", "changed")
        site.released.set()
        (late,) = wait_for_round(school, 2)
        assert (late.source, late.outcome) == ("slow", "failed")


def test_a_page_and_a_feed_are_read_side_by_side(tmp_path: Path, site: Site) -> None:
    exams = site.show(feed("V107", 20, 22), "/exams.ics")
    tables = [source(site.show(page())), source(exams, "exams", 'kind = "ics"\nrooms = ["V107"]')]
    with running(tmp_path, sources=tables) as school:
        eventually(lambda: sum(len(reads) for reads in rounds(school)) == 2)
        rooms = replay(school.log()).rooms
        assert {b.source for b in rooms[RoomKey("V107")].bookings.values()} >= {"exams"}
        assert {b.source for b in rooms[RoomKey("L213")].bookings.values()} == {"oasis"}


def test_where_two_timetables_disagree_the_first_counts_and_the_other_is_counted(
    tmp_path: Path, site: Site
) -> None:
    exams = source(site.show(feed("L213", 8, 20), "/exams.ics"), "exams", 'kind = "ics"\nrooms = ["L213"]')
    with running(tmp_path, sources=[source(site.show(page())), exams]) as school:
        eventually(lambda: sum(len(reads) for reads in rounds(school)) == 2)
        room = replay(school.log()).rooms[RoomKey("L213")]
        assert {b.source for b in room.bookings.values()} == {"oasis"}
        assert {b.source for b in room.shadowed.values()} == {"exams"}
        with greeted(school.address, desk(school)) as talk:
            talk.say(AskSources(id=1))
            assert [one.shadowed for one in talk.until(Sources).sources] == [0, 1]


def test_a_source_that_is_no_longer_configured_takes_its_coming_bookings_with_it(
    tmp_path: Path, site: Site
) -> None:
    with running(tmp_path, sources=[source(site.show(page()))]) as school:
        wait_for_round(school, 1)
        coming = [
            b
            for room in replay(school.log()).rooms.values()
            for b in room.bookings.values()
            if b.end > school.clock.now()
        ]
        school.reload()
        removed = school.wait_for("booking-removed", len(coming))
        assert {r.event.booking for r in removed if isinstance(r.event, BookingRemoved)} == {
            b.id for b in coming
        }


def test_an_empty_feed_cancels_nothing(tmp_path: Path, site: Site) -> None:
    url = site.show(feed("V107", 20, 22), "/exams.ics")
    kind = 'kind = "ics"\nrooms = ["V107"]\ncontact = "https://example.org/{}"'
    with running(tmp_path, sources=[source(url, "exams", kind.format(1))]) as school:
        assert wait_for_round(school, 1)[0].bookings == 1
        site.show(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n", "/exams.ics")
        school.reload(sources=[source(url, "exams", kind.format(2))])
        (read,) = wait_for_round(school, 2)
        assert (read.outcome, read.reason) == ("failed", "it holds nothing at all")
        assert school.records("booking-removed") == []


def test_a_private_address_is_refused_unless_the_source_allows_it(tmp_path: Path, site: Site) -> None:
    open_to_all = source(site.show(page())).replace("allow_private = true", "")
    with running(tmp_path, sources=[open_to_all]) as school:
        (read,) = wait_for_round(school, 1)
        assert read.outcome == "failed"
        assert "127.0.0.1" in read.reason
        assert site.asked.empty()


def test_a_password_is_read_from_a_file_or_the_environment(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = site.show(page())
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    monkeypatch.setenv("TIMETABLE_TOKEN", "t0ken")
    tables = [
        source(url, "file", 'user = "toctoc"\npassword_file = "secret"'),
        source(url, "variable", 'token_env = "TIMETABLE_TOKEN"'),
        source(url, "missing", 'user = "toctoc"\npassword_file = "nowhere"'),
    ]
    settings = read_school(write_school(tmp_path, sources=tables))
    taken = [SourceReader(one, settings, FakeClock()).read() for one in settings.sources]
    assert [one.reading is not None for one in taken] == [True, True, False]
    assert "nowhere" in taken[2].reason
    assert "s3cret" not in repr(taken)


# -- toctoc sources -------------------------------------------------------------------------------


def test_the_command_tells_how_the_timetables_are(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    url = site.show(without_rooms(page(), ["L209"]))
    port = free_port()
    with running(tmp_path, sources=[source(url)], port=port) as school:
        wait_for_round(school, 1)
        arguments = ["--config", str(school.config)]
        assert sources.main(arguments) == 0
        told = capsys.readouterr().out
        assert told.startswith("oasis (oasis): changed\n  read at ")
        assert "rooms that it does not speak of: L209" in told
        assert "rooms that are not in the inventory: " in told
        assert "next try at" in told
        assert sources.main([*arguments, "--json"]) == 0
        (one,) = json.loads(capsys.readouterr().out)
        assert (one["source"], one["missing"]) == ("oasis", ["L209"])
    assert sources.main(arguments) == 0
    assert "no server runs: this is what the log says" in capsys.readouterr().out


def test_the_command_says_an_operators_word(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    url = site.show(page())
    port = free_port()
    with running(tmp_path, sources=[source(url)], port=port) as school:
        wait_for_round(school, 1)
        site.show(without_bookings(page()))
        again = 'refresh = 3600\ncontact = "https://example.org/2"'
        school.reload(sources=[source(url, more=again)], port=port)
        assert wait_for_round(school, 2)[0].outcome == "suspect"
        arguments = ["--config", str(school.config)]
        assert sources.main(arguments) == 1
        assert "toctoc sources accept oasis, or refuse oasis" in capsys.readouterr().out
        assert sources.main(["accept", "oasis", *arguments]) == 0
        assert "is believed" in capsys.readouterr().out
        assert sources.main(["accept", "oasis", *arguments]) == 2
        assert sources.main(["accept", "nothing", *arguments]) == 2
        assert "'nothing' is no source; there are oasis" in capsys.readouterr().err
