"""The JSON feeds behind FullCalendar: what is read, what is told, and what is refused."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import fullcalendar, oasis
from scraper.errors import ScrapeError, Unreadable
from scraper.reading import Reading, as_json
from scraper.rooms import Pattern, RoomFinder, named

PARIS = ZoneInfo("Europe/Paris")
TABLES = Path(__file__).parent / "tables"
EVENTS, RESOURCES = (TABLES / "events.json").read_bytes(), (TABLES / "resources.json").read_bytes()
WEEK = (date(2026, 11, 16), date(2026, 11, 23))


def event(**more: Any) -> dict[str, Any]:
    return {"id": "1", "resourceId": "L213", "title": "Cours", "start": "2026-11-16T08:30:00", **more}


def read(*events: Any, days: tuple[date, date] | None = None, **options: Any) -> Reading:
    return fullcalendar.parse(json.dumps(events).encode(), zone=PARIS, days=days, **options)


def hours(reading: Reading, room: str = "L213") -> list[str]:
    return [
        f"{slot.start.astimezone(PARIS):%d %H:%M}-{slot.end.astimezone(PARIS):%d %H:%M}"
        for slot in reading.rooms.get(room, ())
    ]


def problems(reading: Reading) -> list[tuple[str, str]]:
    return [(problem.where, problem.what) for problem in reading.problems]


# What is read


def test_a_feed_with_its_resources() -> None:
    reading = fullcalendar.parse(EVENTS, zone=PARIS, days=WEEK, resources=RESOURCES)
    assert (reading.status, len(reading.days), reading.zone) == ("ok", 7, "Europe/Paris")
    assert list(reading.rooms) == ["1", "4", "2", "3", "9", "Foyer"]
    assert [slot.title for slot in reading.rooms["1"] if not slot.unsure] == [
        "Analyse",
        "Sans fin",
        "Travaux",
    ]
    assert hours(reading, "2") == ["16 13:30-16 15:00", "16 18:00-16 20:00", "18 18:00-18 20:00"]
    assert hours(reading, "3") == ["16 13:30-16 15:00"]
    assert reading.rooms["4"] == ()
    assert [slot.source_id for slot in reading.rooms["2"]] == ["b2", "b6\n20261116", "b6\n20261118"]
    assert [(entry.title, entry.transparent) for entry in reading.unbooked] == [("Ouvert", True)]
    assert [entry.title for entry in reading.all_day] == ["Travaux"]
    assert problems(reading) == [
        ("event 7", "its start has an hour that no clock shows"),
        ("event 9", "the resources do not have this room"),
    ]


def test_rooms_by_their_ids_or_titles() -> None:
    finder = RoomFinder(
        names=named([("L213", []), ("AMPHI", ["v107"]), ("S3", ["3"])]), not_rooms=frozenset({"l218", "9"})
    )
    reading = fullcalendar.parse(
        EVENTS, zone=PARIS, days=WEEK, resources=RESOURCES, rooms=finder, answers_for=["L213", "X1"]
    )
    assert list(reading.rooms) == ["L213", "AMPHI", "S3", "X1", "Foyer"]
    assert [slot.title for slot in reading.rooms["S3"]] == ["Amphi"]
    assert reading.unmentioned == ("X1",)
    assert [entry.title for entry in reading.without_room] == ["Ailleurs"]


def test_one_object_may_hold_both() -> None:
    both = {"date": "2026-11-16", "events": json.loads(EVENTS), "resources": json.loads(RESOURCES)}
    reading = fullcalendar.parse(json.dumps(both).encode(), zone=PARIS, days=WEEK)
    assert reading == fullcalendar.parse(EVENTS, zone=PARIS, days=WEEK, resources=RESOURCES)
    wrapped = json.dumps({"data": json.loads(EVENTS)}).encode()
    told = json.dumps({"resources": json.loads(RESOURCES)}).encode()
    assert fullcalendar.parse(wrapped, zone=PARIS, days=WEEK, resources=told) == reading
    marked = b"\xef\xbb\xbf" + EVENTS
    assert fullcalendar.parse(marked, zone=PARIS, days=WEEK, resources=RESOURCES) == reading


def test_a_group_that_is_booked_is_a_room() -> None:
    resources = [{"id": "L", "children": [{"id": "L213", "children": []}]}, {"id": "V", "title": "Aile V"}]
    reading = read(event(resourceId="L"), resources=json.dumps(resources).encode())
    assert list(reading.rooms) == ["L", "L213", "V"]
    assert list(read(event(), resources=json.dumps(resources).encode()).rooms) == ["L213", "V"]


@pytest.mark.parametrize(
    ("more", "expected", "whole"),
    [
        ({"end": "2026-11-16T10:00:00"}, "16 08:30-16 10:00", False),
        ({"end": "2026-11-16T09:00:00Z"}, "16 08:30-16 10:00", False),
        ({"end": "2026-11-16T10:00:00.000+0100"}, "16 08:30-16 10:00", False),
        ({"end": "2026-11-16 10:00"}, "16 08:30-16 10:00", False),
        ({"start": 1794814200000, "end": 1794819600000}, "16 08:30-16 10:00", False),
        ({"start": "2026-11-16T08:30+01", "end": "20261116T1000"}, "16 08:30-16 10:00", False),
        ({}, "16 08:30-16 09:30", False),
        ({"end": None, "allDay": None}, "16 08:30-16 09:30", False),
        ({"end": "2026-11-16T08:30:00"}, "16 08:30-16 09:30", False),
        ({"end": "2026-11-17T00:00:00"}, "16 08:30-17 00:00", False),
        ({"end": "2026-11-16T24:00:00"}, "16 08:30-17 00:00", False),
        ({"start": "2026-11-16"}, "16 00:00-17 00:00", True),
        ({"start": None, "date": "2026-11-16"}, "16 00:00-17 00:00", True),
        ({"start": "2026-11-16", "end": "2026-11-18"}, "16 00:00-18 00:00", True),
        ({"start": "2026-11-16", "end": "2026-11-16"}, "16 00:00-17 00:00", True),
        ({"start": "2026-11-16", "end": "2026-11-16T10:00:00"}, "16 00:00-16 10:00", False),
        ({"start": "2026-11-16", "allDay": False}, "16 00:00-16 01:00", False),
        ({"allDay": True, "end": "2026-11-18T12:00:00"}, "16 00:00-18 00:00", True),
        ({"allDay": 1, "start": "2026-11-15T23:00:00Z"}, "16 00:00-17 00:00", True),
    ],
)
def test_how_long_an_event_lasts(more: dict[str, Any], expected: str, whole: bool) -> None:  # noqa: FBT001
    reading = read(event(**more))
    assert hours(reading) == [expected]
    assert problems(reading) == []
    assert reading.rooms["L213"][0].all_day is whole
    assert reading.rooms["L213"][0].source_id == "1"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"daysOfWeek": [1, "4"], "startTime": "18:00", "endTime": "20:00"}, ["16 18", "19 18"]),
        ({"startTime": "18:00:00", "startRecur": "2026-11-21"}, ["21 18", "22 18"]),
        ({"startTime": {"hours": 18}, "endRecur": "2026-11-17"}, ["16 18"]),
        ({"startTime": 64800000, "endRecur": "2026-11-16T12:00:00"}, ["16 18"]),
        ({"daysOfWeek": [0]}, ["22 00"]),
        ({"daysOfWeek": [0], "startTime": "22:00", "endTime": "26:00"}, ["15 22", "22 22"]),
        ({"daysOfWeek": [1], "startTime": "08:00", "startRecur": "2026-11-17"}, []),
        ({"daysOfWeek": [1], "startTime": "08:00", "endRecur": "2026-11-16"}, []),
    ],
)
def test_simple_recurrences(more: dict[str, Any], expected: list[str]) -> None:
    reading = read({"id": 7, "resourceId": "L213", **more}, days=WEEK)
    slots = reading.rooms.get("L213", ())
    assert [f"{slot.start.astimezone(PARIS):%d %H}" for slot in slots] == expected
    assert [slot.source_id for slot in slots] == [f"7\n202611{start[:2]}" for start in expected]
    assert problems(reading) == []


def test_how_long_a_recurrence_lasts() -> None:
    recurs = {"resourceId": "L213", "daysOfWeek": [1]}
    monday = (date(2026, 11, 16), date(2026, 11, 17))
    assert hours(read({**recurs, "startTime": "18:00"}, days=monday)) == ["16 18:00-16 19:00"]
    assert hours(read({**recurs, "startTime": "18:00", "duration": "1:30"}, days=monday)) == [
        "16 18:00-16 19:30"
    ]
    assert hours(read({**recurs, "duration": {"days": 2}}, days=monday)) == ["16 00:00-18 00:00"]
    assert hours(read({**recurs, "endTime": "10:00"}, days=monday)) == ["16 00:00-16 10:00"]
    sunday_night = {"resourceId": "L213", "daysOfWeek": [0], "startTime": "22:00", "endTime": "26:00"}
    assert hours(read(sunday_night, days=monday)) == ["15 22:00-16 02:00"]
    winter = (date(2026, 10, 24), date(2026, 10, 27))
    at_eight = {"resourceId": "L213", "startTime": "08:00", "endTime": "09:00"}
    assert hours(read(at_eight, days=winter)) == [f"{day} 08:00-{day} 09:00" for day in (24, 25, 26)]


def test_a_recurrence_without_an_end_needs_days() -> None:
    reading = read(
        {"id": 7, "resourceId": "L213", "startTime": "18:00"}, event(resourceId="V107"), explain=True
    )
    assert problems(reading) == [("event 1", "it recurs without an end and no days were asked")]
    assert list(reading.rooms) == ["V107"]
    assert "ask for days" in reading.explained[0].why
    ended = {"resourceId": "L213", "startTime": "18:00", "startRecur": "2026-11-16", "endRecur": "2026-11-18"}
    assert len(read(ended).rooms["L213"]) == 2


def test_events_of_one_id_are_told_apart() -> None:
    several = [
        event(),
        event(start="2026-11-17T08:30:00"),
        event(resourceId="V107"),
        event(),
        event(title="x"),
    ]
    reading = read(*several)
    ids = [slot.source_id for slot in reading.rooms["L213"]]
    assert ids == ["1\n20261116T073000Z", "1\n20261116T073000Z\n2", "1\n20261117T073000Z"]
    assert reading.rooms["V107"][0].source_id == ids[0]
    assert read(event(id=None)).rooms["L213"][0].source_id is None


def test_a_room_may_be_booked_twice_at_once() -> None:
    assert len(read(event(id=1), event(id=2)).rooms["L213"]) == 2


def test_an_event_without_resource_may_say_where_it_is() -> None:
    patterns = (Pattern(field="summary", find=re.compile(r"en (\w+)")),)
    texts = (Pattern(field="description", find=re.compile(r"salle (\w+)")),)
    nowhere = event(resourceId=None, title="TD en L213", extendedProps={"description": "salle V107"})
    assert list(read(nowhere, rooms=RoomFinder(patterns=patterns)).rooms) == ["L213"]
    assert list(read(nowhere, rooms=RoomFinder(patterns=texts)).rooms) == ["V107"]
    assert [entry.title for entry in read(nowhere).without_room] == ["TD en L213"]
    assert list(read(event(resourceId="", room=" B  12 ")).rooms) == ["B 12"]


@pytest.mark.parametrize(
    "more", [{"rendering": "background"}, {"display": "inverse-background"}, {"display": "none"}]
)
def test_what_is_not_drawn_books_nothing(more: dict[str, Any]) -> None:
    reading = read(event(**more), explain=True)
    assert reading.rooms == {}
    assert [entry.title for entry in reading.unbooked] == ["Cours"]
    assert "drawn" in reading.explained[0].why
    assert list(read(event(display="block")).rooms) == ["L213"]


def test_hours_that_the_clocks_repeat_or_skip_are_unsure() -> None:
    reading = read(
        event(start="2026-10-25T02:30:00", end="2026-10-25T04:00:00"),
        event(start="2026-10-25T02:30:00+01:00", end="2026-10-25T04:00:00", resourceId="V107", id="2"),
    )
    slot, sure = reading.rooms["L213"][0], reading.rooms["V107"][0]
    at = datetime(2026, 10, 25, tzinfo=UTC)
    assert (slot.start, slot.end, slot.unsure) == (at + timedelta(minutes=30), at + timedelta(hours=3), True)
    assert (sure.start, sure.unsure) == (at + timedelta(minutes=90), False)
    assert problems(reading) == [("event 1", "it starts or ends in an hour that the clocks repeat or skip")]


# What is told


@pytest.mark.parametrize(
    ("wrong", "says", "kept"),
    [
        (5, "it is a number, no object", None),
        (event(start=None), "it has no start", None),
        (event(start="demain"), "its start is no time such as", None),
        (event(start="2026-02-30"), "its start is a day that no calendar has", None),
        (event(start="0001-01-01"), "its start is in the year 1", None),
        (event(start="2026-11-16T08:61"), "its start has an hour that no clock shows", None),
        (event(start="2026-11-16T08:30+19:00"), "its start has an offset that no place has", None),
        (event(start=1794810600), "its start is a number, but not of milliseconds since 1970", None),
        (event(start=True), "its start is no time such as", None),
        (event(end="2026-11-16T07:00:00"), "it ends before it starts", "16 08:30-17 00:00"),
        (event(end="tard"), "its end is no time such as", "16 08:30-17 00:00"),
        (event(start="2026-11-16", end="2026-11-15"), "it ends before it starts", "16 00:00-17 00:00"),
        (event(allDay="false"), "its allDay is a text, not true or false", "16 00:00-17 00:00"),
        (event(allDay=[]), "its allDay is an array, not true or false", "16 08:30-17 00:00"),
        (event(id={}), "its id is an empty object, no text", "16 08:30-17 00:00"),
        (event(resourceId=True), "its resourceId is true or false, no text", None),
        (event(resourceId="x" * 3000), "its resourceId is longer than 2,000 letters", None),
        (event(resourceIds="L213"), "its resourceIds are a text, no array", None),
        (event(resourceIds=list(range(501))), "it names 501 rooms", None),
        (event(rrule={"freq": "weekly"}), "it recurs by rrule, which is not read", None),
        (event(daysOfWeek=[7]), "its daysOfWeek are no array of numbers from 0 to 6", None),
        (event(daysOfWeek=[True]), "its daysOfWeek are no array of numbers from 0 to 6", None),
        (event(daysOfWeek="1"), "its daysOfWeek are no array of numbers from 0 to 6", None),
        (event(daysOfWeek=[], startTime="8:00"), "its daysOfWeek are no array of numbers from 0 to 6", None),
        (event(startTime="midi"), "its startTime is no time of day and no duration", None),
        (event(startTime={"months": 1}), "its startTime is no time of day and no duration", None),
        (event(startTime={"hours": -1}), "its startTime is no time of day and no duration", None),
        (event(startTime="12:00", endTime="10:00"), "it ends before it starts", None),
        (event(startTime="12:00", allDay="no"), "its allDay is a text, not true or false", None),
    ],
)
def test_what_is_wrong_with_an_event(wrong: Any, says: str, kept: str | None) -> None:
    reading = read(event(resourceId="V107"), wrong, days=WEEK)
    assert [where for where, _ in problems(reading)] == ["event 2"]
    assert says in problems(reading)[0][1]
    assert hours(reading, "V107") == ["16 08:30-16 09:30"]
    assert hours(reading) == ([] if kept is None else [kept])
    assert all(slot.unsure for slot in reading.rooms.get("L213", ()))


def test_a_title_that_is_no_text_harms_no_booking() -> None:
    reading = read(event(title={"fr": "Cours"}), event(id=2, title=12), event(id=3, title="a\n \ud800b"))
    assert [slot.title for slot in reading.rooms["L213"]] == ["", "12", "a ?b"]
    assert problems(reading) == [("event 1", "its title is an object with the keys fr, no text")]


def test_what_is_wrong_with_resources() -> None:
    resources = [
        {"id": "L213", "title": 5},
        {"title": "sans id"},
        {"id": "L213"},
        {"id": "V", "children": "x"},
        {"id": "W", "children": ["x"]},
        7,
    ]
    reading = read(event(), resources=json.dumps(resources).encode())
    assert list(reading.rooms) == ["L213"]
    assert problems(reading) == [
        ("resource 2", "it has no id, so nothing can be booked in it"),
        ("resource 3", "its id is that of a resource before it"),
        ("resource 4", "its children are a text, no array"),
        ("resource 5.1", "it is a text, no object"),
        ("resource 6", "it is a number, no object"),
    ]


# What is refused


def test_a_feed_without_events() -> None:
    assert read().status == "empty"
    assert read(answers_for=["L213"]).unmentioned == ("L213",)
    with_rooms = read(resources=RESOURCES)
    assert with_rooms.status == "ok"
    assert with_rooms.rooms == {"1": (), "4": (), "2": (), "3": ()}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty body"),
        (b"<!DOCTYPE html><p>Erreur", "a web page or an error text in HTML"),
        (b"BEGIN:VCALENDAR", "an iCalendar feed"),
        (b"Erreur 500", "no JSON"),
        (EVENTS[:700], "no end: it breaks off after 700 bytes"),
        (EVENTS[:-3], "no end: it breaks off"),
        (EVENTS + b"[]", "no JSON (Extra data)"),
        (b'[{"id": 1, "start": "2026-11-16", "id": 2}]', "an object that has the key 'id' twice"),
        (b'{"error": "session expired"}', "an object with the keys error"),
        (b'{"events": null}', "an object with the keys events"),
        (b"null", "null"),
        (b'"x"', "a text"),
        (b"[1, 2, 3]", "an array of 3, the first of which is a number"),
        (b'[{"id": "1", "title": "L213"}]', "1 that cannot"),
        (b'[{"start": Infinity}]', "Infinity, which is no JSON"),
        (b'{"a":' * 200_000, "JSON nested beyond reason"),
        (b"[" + b"{}," * 100_000 + b"{}]", "100,001"),
        (b"[" + b"{}," * 1_500_000 + b"{}]", "more"),
        (b" " * 34_000_000 + b"[]", "34,000,002 bytes"),
    ],
)
def test_what_is_no_feed_says_what_was_found(body: bytes, found: str) -> None:
    with pytest.raises(Unreadable) as caught:
        fullcalendar.parse(body, zone=PARIS)
    assert found in caught.value.found
    assert caught.value.looked_for


@pytest.mark.parametrize("body", [b"[1]", b"{}", b"<p>", b"[", b'[{"title": "x"}]'])
def test_resources_that_are_none_are_refused(body: bytes) -> None:
    with pytest.raises(Unreadable, match="resources"):
        fullcalendar.parse(EVENTS, zone=PARIS, resources=body)


def test_the_content_type_is_told_when_it_is_another() -> None:
    with pytest.raises(Unreadable, match="it came as text/html"):
        fullcalendar.parse(b"Erreur", zone=PARIS, content_type="text/html; charset=utf-8")


def test_a_timetable_has_bounds() -> None:
    ten_years = (date(2020, 1, 1), date(2029, 12, 31))
    recurring = [{"id": n, "resourceId": "A", "daysOfWeek": [1]} for n in range(1000)]
    with pytest.raises(Unreadable, match="days"):
        read(*recurring, days=ten_years)
    with pytest.raises(Unreadable, match="300,000 rows"):
        read(
            *[{"id": n, "resourceIds": list(range(300)), "startTime": "8:00"} for n in range(10)],
            days=ten_years,
        )
    with pytest.raises(Unreadable, match="20,000 rooms"):
        read(event(), resources=json.dumps([{"id": n} for n in range(20_001)]).encode())
    with pytest.raises(ValueError, match="span"):
        read(event(), days=(date(2000, 1, 1), date(2026, 1, 1)))


def test_the_largest_feed_takes_bounded_time() -> None:
    many = [
        event(id=n, resourceId=f"R{n % 500}", start=f"2026-11-{1 + n % 28:02}T08:30:00")
        for n in range(99_999)
    ]
    body = json.dumps(many).encode()
    before = time.perf_counter()
    reading = fullcalendar.parse(body, zone=PARIS)
    assert time.perf_counter() - before < 30
    assert sum(map(len, reading.rooms.values())) == 99_999


def test_a_page_and_the_feed_behind_it_say_the_same() -> None:
    page = oasis.parse((Path(__file__).parent / "pages" / "fc3-busy.html").read_bytes(), zone=PARIS)
    events = [
        {
            "id": f"{room}/{n}",
            "resourceId": room,
            "title": slot.title,
            "start": slot.start.astimezone(PARIS).replace(tzinfo=None).isoformat(),
            "end": slot.end.astimezone(PARIS).isoformat(),
        }
        for room, slots in page.rooms.items()
        for n, slot in enumerate(slots)
    ]
    day = page.days[0]
    resources = json.dumps([{"id": room, "title": room} for room in page.rooms]).encode()
    feed = read(*events, days=(day, day + timedelta(days=1)), resources=resources)
    assert as_json(feed) == as_json(page)


def test_what_looks_like_a_feed() -> None:
    assert fullcalendar.is_feed(EVENTS)
    assert not fullcalendar.is_feed(b'[{"room": "L213", "start": "2026-11-16T08:30"}]')


# Any bytes at all

VALUES = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 1.5, 1e300, 10**30, "", "x", "\ud800", "false", "background"),
        *("2026-11-16", "2026-11-16T08:00", "2026-11-16T08:00:00+01:00", "2026-10-25T02:30", "0001-01-01"),
        *("9999-12-31", "2199-12-31T24:00", "1901-01-01T00:00+18:00", "08:00", "26:00", 1794810600000),
        *([], {}, ["L213", 5], [1, 3], {"hours": 2}, {"weeks": 10**8 - 1}, [{"id": "L213"}]),
    ]
)
KEYS = st.sampled_from(
    [
        *("id", "title", "start", "end", "allDay", "resourceId", "resourceIds", "display", "rendering"),
        *("daysOfWeek", "startTime", "endTime", "startRecur", "endRecur", "duration", "rrule"),
        *("extendedProps", "location", "children", "parentId", "date"),
    ]
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=8)
DAYS = st.sampled_from(
    [
        None,
        (date.min, date(5, 1, 1)),
        WEEK,
        (date(2195, 1, 1), date(2205, 1, 1)),
        (date(9995, 1, 1), date.max),
    ]
)


def read_anything(body: bytes, days: tuple[date, date] | None, resources: bytes | None = None) -> None:
    try:
        reading = fullcalendar.parse(body, zone=PARIS, days=days, resources=resources, explain=True)
    except ScrapeError as error:
        str(error).encode()
        return
    json.dumps(as_json(reading), ensure_ascii=False).encode()
    for slots in reading.rooms.values():
        assert all(slot.start < slot.end for slot in slots)
        ids = [slot.source_id for slot in slots if slot.source_id is not None]
        assert len(ids) == len(set(ids))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), DAYS)
def test_any_bytes(body: bytes, days: tuple[date, date] | None) -> None:
    read_anything(body, days)
    read_anything(EVENTS, days, body)
    fullcalendar.is_feed(body)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(EVENTS) - 1), st.binary(max_size=3), DAYS)
def test_any_damage(at: int, instead: bytes, days: tuple[date, date] | None) -> None:
    with suppress(UnicodeDecodeError):
        read_anything(EVENTS[:at] + instead + EVENTS[at + 1 :], days)


@settings(max_examples=200, deadline=None)
@given(st.lists(OBJECTS, max_size=5), st.lists(OBJECTS, max_size=3), DAYS)
def test_any_objects(
    events: list[dict[str, Any]], resources: list[dict[str, Any]], days: tuple[date, date] | None
) -> None:
    read_anything(json.dumps([event(), *events]).encode(), days, json.dumps(resources).encode())
