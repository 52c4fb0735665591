"""From a real page over real HTTP to facts in the log, and what is kept when that fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

import actors.live.hub
from events.codec import tag_of
from events.domain import BookingAdded, BookingRemoved, SourceRead, TimetableRead
from events.ids import RoomKey
from events.replay import replay, verify
from events.status import known, status_at
from events.wire import Hello, RoomDay, TimetablesRead
from tests.actors.stack import (
    ROOMS,
    TIMEOUT,
    TODAY,
    School,
    Site,
    eventually,
    greeted,
    page,
    running,
    serving_pages,
    without_bookings,
    without_rooms,
)
from tests.clock import START, FakeClock

SLOW = 'refresh = 3600\ncontact = "https://example.org"'
"""So that a page is read again only when the test says so."""


@pytest.fixture
def site() -> Iterator[Site]:
    with serving_pages() as site:
        yield site


def source(url: str, name: str = "oasis", more: str = SLOW) -> str:
    return f'name = "{name}"\nurl = "{url}"\nallow_private = true\n{more}'


def rounds(school: School) -> list[tuple[SourceRead, ...]]:
    return [r.event.sources for r in school.records("timetable-read") if isinstance(r.event, TimetableRead)]


def wait_for_round(school: School, count: int) -> tuple[SourceRead, ...]:
    school.wait_for("timetable-read", count)
    school.wait_published()
    return rounds(school)[count - 1]


def read_again(school: School, url: str, count: int, name: str = "oasis") -> tuple[SourceRead, ...]:
    """Let the source be read once more: another contact makes another reader, which is due at once."""
    again = f'refresh = 3600\ncontact = "https://example.org/{count}"'
    school.reload(sources=[source(url, name, again)])
    return wait_for_round(school, count)


def status(school: School, room: str) -> str:
    state = replay(school.log())
    return status_at(known(state, state.rooms[RoomKey(room)]), school.clock.now()).name


def test_a_page_becomes_bookings_and_one_line_about_the_round(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        (read,) = wait_for_round(school, 1)
        assert (read.source, read.outcome, read.days) == ("oasis", "changed", (TODAY,))
        assert read.missing == ()
        added = [r.event for r in school.records("booking-added") if isinstance(r.event, BookingAdded)]
        assert {event.room for event in added} == {"L213", "L209", "L210", "V107"}
        assert len(added) == 14
        l213 = sorted((e.start, e.end) for e in added if e.room == "L213")
        assert l213[0] == (START, START + timedelta(hours=2))
        assert tag_of(school.records()[-1].event) == "timetable-read", "behind what it found"
        assert [status(school, room) for room in ("L213", "L227")] == ["booked", "free"]
        assert list(verify(school.log(), school.log().personal)) == []


def test_titles_reach_the_gateway_and_never_the_log(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        with greeted(school.address, Hello(role="operator", token=school.token)) as desk:
            titles = {b.title for day in desk.snapshot().days.values() for b in day.bookings}
        assert "Soutenance stage 2A" in titles
    with (
        running(tmp_path, sources=[source(url)]) as school,
        greeted(school.address, Hello(role="operator", token=school.token)) as desk,
    ):
        again = {b.title for day in desk.snapshot().days.values() for b in day.bookings}
        assert again == titles, "read back from the personal parts"
    raw = b"".join(path.read_bytes() for path in school.data.glob("log.db*"))
    assert b"Soutenance" not in raw


def test_an_unchanged_page_renews_the_age_and_adds_one_event(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    clock = FakeClock()
    with running(tmp_path, clock, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        before = len(school.records())
        with greeted(school.address, Hello(role="board")) as board:
            board.snapshot()
            clock.advance(timedelta(minutes=5))
            (read,) = read_again(school, url, 2)
            assert read.outcome == "unchanged"
            assert board.until(TimetablesRead).readings == {TODAY: clock.now()}
        assert len(school.records()) == before + 1


def test_who_resumes_is_told_the_age_of_the_timetables_that_were_read_meanwhile(
    tmp_path: Path, site: Site
) -> None:
    """No room changed, so no room is sent: without this a door would show an old age as true."""
    url = site.show(page())
    clock = FakeClock()
    with running(tmp_path, clock, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        with greeted(school.address, Hello(role="board")) as board:
            first = board.snapshot()
        clock.advance(timedelta(minutes=5))
        read_again(school, url, 2)
        with greeted(school.address, Hello(role="board")) as board:
            resumed = board.snapshot(epoch=first.begin.epoch, seq=first.end.seq)
        assert not resumed.begin.whole
        assert resumed.days == {}
        (told,) = [message for message in resumed.others if isinstance(message, TimetablesRead)]
        assert told.readings == {TODAY: clock.now()}


def test_a_booking_that_is_gone_from_the_page_is_removed(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        body = page().replace(b"Soutenance stage 2A", b"A title nobody has")
        site.show(without_bookings(body, keep=[t for t in _titles(school) if not t.startswith("Soutenance")]))
        (read,) = read_again(school, url, 2)
        assert read.outcome == "changed"
        removed = [r.event for r in school.records("booking-removed") if isinstance(r.event, BookingRemoved)]
        assert [event.room for event in removed] == ["L213"]
        assert status(school, "L213") == "free"


def _titles(school: School) -> list[str]:
    with greeted(school.address, Hello(role="operator", token=school.token)) as desk:
        days = desk.snapshot().days
    return [b.title for day in days.values() for b in day.bookings if b.title]


def test_a_page_that_lost_most_bookings_is_believed_the_second_time(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        site.show(without_bookings(page(), keep=["Soutenance"]))
        (suspect,) = read_again(school, url, 2)
        assert suspect.outcome == "suspect"
        assert suspect.reason == "only 1 bookings, where 14 were known"
        assert school.records("booking-removed") == []
        (believed,) = read_again(school, url, 3)
        assert believed.outcome == "changed"
        assert len(school.records("booking-removed")) == 13


def test_a_page_that_found_its_bookings_again_was_never_believed(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        site.show(without_bookings(page()))
        assert read_again(school, url, 2)[0].outcome == "suspect"
        site.show(page())
        assert read_again(school, url, 3)[0].outcome == "unchanged"
        site.show(without_bookings(page()))
        assert read_again(school, url, 4)[0].outcome == "suspect", "doubt begins anew"
        assert school.records("booking-removed") == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("404", "404"), ("500", "500"), ("error", ""), ("loading", ""), ("other day", "2023-04-14")],
)
def test_a_source_that_fails_leaves_what_was_known_and_its_age(
    tmp_path: Path, site: Site, name: str, words: str
) -> None:
    url = site.show(page())
    clock = FakeClock()
    bodies = {
        "404": (404, b"gone"),
        "500": (500, b"<html>Internal error</html>"),
        "error": (200, page("fc3-error", drawn_for="<html")),
        "loading": (200, page("fc3-loading", drawn_for="<html")),
        "other day": (200, page(day=date(2023, 4, 14))),
    }
    if name in ("error", "loading"):
        folder = Path(__file__).resolve().parent.parent / "scraper" / "pages"
        bodies[name] = (200, (folder / f"fc3-{name}.html").read_bytes())
    with running(tmp_path, clock, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        before = {r.id for r in school.records()}
        clock.advance(timedelta(minutes=5))
        code, body = bodies[name]
        site.show(body, status=code)
        (read,) = read_again(school, url, 2)
        assert read.outcome == "failed"
        assert read.reason
        assert words in read.reason
        assert "Soutenance" not in read.reason
        new = [tag_of(r.event) for r in school.records() if r.id not in before]
        assert new == ["timetable-read"]
        state = replay(school.log())
        assert state.readings(state.rooms[RoomKey("L213")]) == {TODAY: START}
        clock.advance(timedelta(hours=4))
        assert [status(school, room) for room in ("L227", "L213")] == ["unknown", "unknown"]


def test_a_source_that_never_answers_is_given_up_and_holds_up_nobody(tmp_path: Path, site: Site) -> None:
    silent, good = site.show(b"", "/silent", status=0), site.show(page(), "/good")
    sources = [
        source(silent, "silent", f'timeout = 1\nrooms = ["V107"]\n{SLOW}'),
        source(good, "good", f'rooms = ["L213", "L209", "L210", "L227"]\n{SLOW}'),
    ]
    with running(tmp_path, sources=sources) as school:
        outcomes = {read.source: read.outcome for read in wait_for_round(school, 1)}
        assert outcomes == {"silent": "failed", "good": "changed"}
        assert [status(school, room) for room in ("L227", "V107")] == ["free", "unknown"]


def test_a_source_that_never_answers_does_not_hold_up_a_stop(tmp_path: Path, site: Site) -> None:
    silent = site.show(b"", "/silent", status=0)
    with running(tmp_path, sources=[source(silent)]) as school:
        assert site.asked.get(timeout=TIMEOUT) == "/silent"
        began = time.monotonic()
        school.stop()
        assert time.monotonic() - began < 5
        assert school.tags()[-1] == "server-stopped"
        site.released.set()


def test_a_server_with_nobody_behind_the_address_starts_all_the_same(tmp_path: Path) -> None:
    with running(tmp_path, sources=[source("http://127.0.0.1:9/")]) as school:
        (read,) = wait_for_round(school, 1)
        assert read.outcome == "failed"
        assert status(school, "L213") == "unknown"


def test_two_sources_speak_of_their_own_rooms_in_one_round(tmp_path: Path, site: Site) -> None:
    left, right = site.show(page(), "/left"), site.show(page(), "/right")
    sources = [
        source(left, "left", f'rooms = ["L213", "L209"]\n{SLOW}'),
        source(right, "right", f'rooms = ["L209", "L210", "L227", "V107"]\n{SLOW}'),
    ]
    with running(tmp_path, sources=sources) as school:
        reads = {read.source: read for read in wait_for_round(school, 1)}
        assert {name: read.outcome for name, read in reads.items()} == {"left": "changed", "right": "changed"}
        by_source: dict[str, set[str]] = {}
        for recorded in school.records("booking-added"):
            assert isinstance(recorded.event, BookingAdded)
            by_source.setdefault(recorded.event.source, set()).add(recorded.event.room)
        assert by_source == {"left": {"L213", "L209"}, "right": {"L209", "L210", "V107"}}


def test_a_room_is_as_old_as_the_oldest_of_its_sources(tmp_path: Path, site: Site) -> None:
    left, right = site.show(page(), "/left"), site.show(b"", "/right", status=500)
    sources = [source(left, "left"), source(right, "right", f'rooms = ["L227"]\n{SLOW}')]
    with running(tmp_path, sources=sources) as school:
        wait_for_round(school, 1)
        state = replay(school.log())
        assert state.readings(state.rooms[RoomKey("L213")]) == {TODAY: START}
        assert state.readings(state.rooms[RoomKey("L227")]) == {}
        assert status(school, "L227") == "unknown"


def test_a_room_that_the_page_does_not_speak_of_is_said_to_be_missing(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, rooms=(*ROOMS, "X001"), sources=[source(url)]) as school:
        (read,) = wait_for_round(school, 1)
        assert read.missing == ("X001",)
        assert [status(school, room) for room in ("L227", "X001")] == ["free", "unknown"]


def test_a_room_that_vanishes_from_the_page_keeps_its_bookings_and_grows_old(
    tmp_path: Path, site: Site
) -> None:
    url = site.show(page())
    clock = FakeClock()
    with running(tmp_path, clock, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        clock.advance(timedelta(minutes=5))
        site.show(without_rooms(page(), ["L213"]))
        (read,) = read_again(school, url, 2)
        assert (read.outcome, read.missing) == ("unchanged", ("L213",))
        state = replay(school.log())
        assert len(state.rooms[RoomKey("L213")].bookings) == 3
        assert state.readings(state.rooms[RoomKey("L213")]) == {TODAY: START}
        assert state.readings(state.rooms[RoomKey("L209")]) == {TODAY: clock.now()}


def test_a_page_that_lost_most_rooms_is_suspect(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        site.show(without_rooms(page(), ["L213", "L209", "L227"]))
        (read,) = read_again(school, url, 2)
        assert read.outcome == "suspect"
        assert read.reason == "says nothing of 3 of 5 rooms"
        assert school.records("booking-removed") == []


def test_a_room_that_is_new_is_looked_up_at_once(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        school.reload(rooms=(*ROOMS, "V111"), sources=[source(url)])
        assert wait_for_round(school, 2)[0].outcome == "changed"
        added = [r.event for r in school.records("booking-added") if isinstance(r.event, BookingAdded)]
        assert [event.room for event in added[14:]] == ["V111", "V111"]


def test_a_source_is_read_again_when_it_is_due(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url, more="refresh = 1")]) as school:
        assert wait_for_round(school, 2)[0].outcome == "unchanged"
        assert site.asked.get(timeout=TIMEOUT) == site.asked.get(timeout=TIMEOUT) == "/"


def test_a_source_that_was_taken_out_is_read_no_more(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url, more="refresh = 1")]) as school:
        wait_for_round(school, 1)
        school.reload(sources=[])
        eventually(school.app.answers)
        before = len(rounds(school))
        other = site.show(page(), "/other")
        school.reload(sources=[source(other, "other")])
        eventually(lambda: any(read.source == "other" for sources in rounds(school) for read in sources))
        assert {read.source for sources in rounds(school)[before:] for read in sources} == {"other"}


def test_a_source_for_each_day_is_read_for_today_and_tomorrow(tmp_path: Path, site: Site) -> None:
    tomorrow = TODAY + timedelta(days=1)
    site.show(page(), f"/?day={TODAY}")
    url = site.show(page(day=tomorrow), f"/?day={tomorrow}").replace(tomorrow.isoformat(), "{day}")
    with running(tmp_path, sources=[source(url)]) as school:
        (read,) = wait_for_round(school, 1)
        assert read.days == (TODAY, tomorrow)
        assert len(school.records("booking-added")) == 28
        state = replay(school.log())
        assert set(state.readings(state.rooms[RoomKey("L213")])) == {TODAY, tomorrow}


def test_a_page_for_tomorrow_that_fails_takes_nothing_from_today(tmp_path: Path, site: Site) -> None:
    tomorrow = TODAY + timedelta(days=1)
    url = site.show(page(), f"/?day={TODAY}").replace(TODAY.isoformat(), "{day}")
    with running(tmp_path, sources=[source(url)]) as school:
        (read,) = wait_for_round(school, 1)
        assert (read.outcome, read.days) == ("changed", (TODAY,))
        assert tomorrow.isoformat() in read.reason


def test_a_restart_with_an_unchanged_page_adds_no_booking(tmp_path: Path, site: Site) -> None:
    url = site.show(page())
    with running(tmp_path, sources=[source(url)]) as school:
        wait_for_round(school, 1)
    with running(tmp_path, sources=[source(url)]) as school:
        assert wait_for_round(school, 2)[0].outcome == "unchanged"
        assert len(school.records("booking-added")) == 14


def test_at_midnight_everyone_is_sent_the_new_day(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.hub, "HEARTBEAT", 0.02)
    tomorrow = TODAY + timedelta(days=1)
    site.show(page(), f"/?day={TODAY}")
    url = site.show(page(day=tomorrow), f"/?day={tomorrow}").replace(tomorrow.isoformat(), "{day}")
    clock = FakeClock()
    with running(tmp_path, clock, sources=[source(url)]) as school:
        wait_for_round(school, 1)
        with greeted(school.address, Hello(role="board")) as board:
            before = board.snapshot()
            assert len(before.days[RoomKey("L213")].bookings) == 6
            clock.advance(timedelta(hours=16, minutes=1))
            day = board.until(RoomDay, room="L213")
            assert len(day.bookings) == 3, "yesterday's are no longer shown"
            assert day.plan[-1].until == START + timedelta(hours=40), "to the next midnight"
        with greeted(school.address, Hello(role="board")) as late:
            resumed = late.snapshot(epoch=before.begin.epoch, seq=before.end.seq)
        assert set(resumed.days) == set(ROOMS), "whoever was away over midnight is sent it, too"
