"""Calendar feeds: what school programs export, what goes wrong with it, and what is meant to do harm."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scraper import ics
from scraper.errors import ScrapeError, Unreadable
from scraper.ics_lines import Component, Line
from scraper.ics_zones import FeedZone, UnknownZone, Zones
from scraper.reading import Reading, as_json
from scraper.rooms import Pattern, RoomFinder, guessed_separator, named

PARIS = ZoneInfo("Europe/Paris")
FEEDS = Path(__file__).parent / "feeds"
NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))
AT_NINE = "DTSTART:20261116T080000Z\nDTEND:20261116T090000Z"


def event(*lines: str, uid: str = "one", room: str = "L213", title: str = "Cours") -> str:
    return "\n".join(
        ["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{title}", f"LOCATION:{room}", *lines, "END:VEVENT"]
    )


def feed(*components: str, producer: str = "-//test//FR") -> bytes:
    body = "\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{producer}", *components, "END:VCALENDAR", ""]
    )
    return body.replace("\n", "\r\n").encode()


def read(*components: str, producer: str = "-//test//FR", days: tuple[date, date] | None = None) -> Reading:
    return ics.parse(feed(*components, producer=producer), zone=PARIS, days=days)


def hours(reading: Reading, room: str = "L213") -> list[str]:
    return [
        f"{slot.start.astimezone(PARIS):%d %H:%M}-{slot.end.astimezone(PARIS):%H:%M}"
        for slot in reading.rooms.get(room, ())
    ]


# What programs export


def test_ade() -> None:
    reading = ics.parse((FEEDS / "ade.ics").read_bytes(), zone=PARIS)
    assert list(reading.rooms) == ["Pas de salle", "V106A", "V107"]
    assert [slot.title for slot in reading.rooms["V107"]] == ["TD Géométrie - G1", "TP Réseaux"]
    assert hours(reading, "V107") == ["16 08:00-10:00", "16 14:00-16:00"]
    # The row without rooms is no second booking, and it is not hidden either.
    assert [entry.title for entry in reading.without_room] == ["TP Réseaux"]
    assert reading.problems == ()
    assert reading.rooms["V106A"][0].source_id == "ADE6074657374312d302d30"


def test_stamps_and_the_order_of_components_change_nothing() -> None:
    first = (FEEDS / "ade.ics").read_bytes()
    parts = first.replace(b"20261101T060000Z", b"20261102T070000Z").split(b"BEGIN:VEVENT")
    last = parts[-1].removesuffix(b"END:VCALENDAR\r\n")
    again = b"BEGIN:VEVENT".join([parts[0], last, *reversed(parts[1:-1])]) + b"END:VCALENDAR\r\n"
    assert ics.parse(again, zone=PARIS) == ics.parse(first, zone=PARIS)


def test_exchange() -> None:
    reading = ics.parse((FEEDS / "exchange.ics").read_bytes(), zone=PARIS, days=NOVEMBER)
    assert hours(reading, "Salle 2") == ["03 14:00-15:00", "05 09:00-10:00", "07 00:00-00:00"]
    assert [slot.all_day for slot in reading.rooms["Salle 2"]] == [False, False, True]
    assert "Salle 1, rue du Parc" not in reading.rooms
    assert [(entry.title, f"{entry.start:%d %H:%M}") for entry in reading.cancelled] == [
        ("Comité", "09 08:00")
    ]
    assert [problem.title for problem in reading.problems] == ["Illisible"]
    assert reading.problems[0].where == "VEVENT 5, line 55"
    answer = as_json(reading)
    assert answer["all_day"] == [
        {"start": "2026-11-07", "end": "2026-11-08", "title": "Journée portes ouvertes", "rooms": ["Salle 2"]}
    ]
    assert [row["title"] for row in answer["rooms"]["Salle 2"] if row.get("transparent")] == ["Rappel"]
    assert "Rappel" not in {slot.title for slot in reading.rooms["Salle 2"]}
    assert reading.days == tuple(date(2026, 11, day) for day in range(1, 31))


def test_each_occurrence_keeps_its_id_when_it_is_moved() -> None:
    rule = event(
        "DTSTART;TZID=Europe/Paris:20261102T090000",
        "DTEND;TZID=Europe/Paris:20261102T100000",
        "RRULE:FREQ=WEEKLY;COUNT=3",
    )
    moved = event(
        "RECURRENCE-ID;TZID=Europe/Paris:20261109T090000",
        "DTSTART;TZID=Europe/Paris:20261110T140000",
        "DTEND;TZID=Europe/Paris:20261110T150000",
    )
    before, after = read(rule), read(rule, moved)
    assert hours(after) == ["02 09:00-10:00", "10 14:00-15:00", "16 09:00-10:00"]
    ids = [[slot.source_id for slot in reading.rooms["L213"]] for reading in (before, after)]
    assert ids[0] == ids[1] == [f"one\n202611{day}T080000Z" for day in ("02", "09", "16")]


def test_whole_day_series_with_a_day_moved_by_a_date_time() -> None:
    rule = event(
        "DTSTART;VALUE=DATE:20261102", "DTEND;VALUE=DATE:20261103", "RRULE:FREQ=WEEKLY;UNTIL=20261115T230000Z"
    )
    moved = event("RECURRENCE-ID;TZID=Romance Standard Time:20261109T000000", "DTSTART;VALUE=DATE:20261111")
    reading = read(rule, moved)
    assert [f"{slot.start.astimezone(PARIS):%d}" for slot in reading.rooms["L213"]] == ["02", "11", "16"]
    assert [slot.source_id for slot in reading.rooms["L213"]] == [
        "one\n20261102",
        "one\n20261109",
        "one\n20261116",
    ]


def test_an_hour_named_by_its_day_is_replaced_all_the_same() -> None:
    rule = event("DTSTART:20261102T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    moved = event("RECURRENCE-ID;VALUE=DATE:20261109", "DTSTART:20261110T140000", "DURATION:PT1H")
    assert hours(read(rule, moved)) == ["02 09:00-10:00", "10 14:00-15:00"]


def test_this_and_later_ones() -> None:
    rule = event("DTSTART:20261102T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4")
    later = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261116T090000", "DTSTART:20261116T110000", "DURATION:PT2H"
    )
    assert hours(read(rule, later)) == [
        "02 09:00-10:00",
        "09 09:00-10:00",
        "16 11:00-13:00",
        "23 11:00-13:00",
    ]


def test_dates_added_and_taken_away() -> None:
    series = event(
        "DTSTART:20261102T090000",
        "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;COUNT=3",
        "RDATE:20261105T130000,20261106T130000",
        "RDATE;VALUE=PERIOD:20261120T130000/PT3H",
        "EXDATE:20261109T090000,20261106T130000",
    )
    assert hours(read(series)) == ["02 09:00-10:00", "05 13:00-14:00", "16 09:00-10:00", "20 13:00-16:00"]


def test_recurrences_follow_the_wall_clock_over_the_change_of_hour() -> None:
    series = event(
        "DTSTART;TZID=Europe/Paris:20261022T080000",
        "DTEND;TZID=Europe/Paris:20261022T100000",
        "RRULE:FREQ=WEEKLY;COUNT=2",
    )
    assert [slot.start.hour for slot in read(series).rooms["L213"]] == [6, 7]


def test_endless_recurrences_need_days() -> None:
    series = event("DTSTART:20200106T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY")
    far = event(
        "DTSTART:20200106T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z", uid="far"
    )
    everything = read(series, far, event(AT_NINE, uid="two"))
    assert hours(everything) == ["16 09:00-10:00"]
    assert [problem.what for problem in everything.problems] == [
        "it recurs without an end and no days were asked"
    ] * 2
    asked = read(series, days=(date(2026, 11, 9), date(2026, 11, 17)))
    assert hours(asked) == ["09 09:00-10:00", "16 09:00-10:00"]


def test_days_take_what_touches_them_and_cut_nothing() -> None:
    days = (date(2026, 11, 16), date(2026, 11, 17))
    events = [
        event("DTSTART:20261115T220000", "DTEND:20261116T000000", uid="before"),
        event("DTSTART:20261115T230000", "DTEND:20261116T010000", uid="into"),
        event("DTSTART:20261117T000000", "DTEND:20261117T010000", uid="after"),
        event("DTSTART;VALUE=DATE:20261114", "DTEND;VALUE=DATE:20261120", uid="long"),
    ]
    assert hours(read(*events, days=days)) == ["14 00:00-00:00", "15 23:00-01:00"]


@pytest.mark.parametrize(
    ("start", "hour"),
    [
        ("DTSTART:20260716T080000Z", 8),
        ("DTSTART:20260716T080000", 6),
        ("DTSTART;VALUE=DATE-TIME:20260716T080000", 6),
        ("DTSTART;TZID=America/New_York:20260716T080000", 12),
        ("DTSTART;TZID=W. Europe Standard Time:20260716T080000", 6),
        ('DTSTART;TZID="Europe/Paris":20260716T080000', 6),
        ("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Paris:20260716T080000", 6),
        ("DTSTART;TZID= 1:20260716T080000", 4),
    ],
)
def test_zones(start: str, hour: int) -> None:
    own = "\n".join(
        [
            *("BEGIN:VTIMEZONE", "TZID: 1", "BEGIN:STANDARD", "DTSTART:16010101T000000"),
            *("TZOFFSETFROM:+0400", "TZOFFSETTO:+0400", "END:STANDARD", "END:VTIMEZONE"),
        ]
    )
    reading = read(event(start, "DURATION:PT1H"), own)
    assert [slot.start for slot in reading.rooms["L213"]] == [datetime(2026, 7, 16, hour, tzinfo=UTC)]


def test_a_zone_of_one_feed_is_not_the_next_ones() -> None:
    def zone(offset: str) -> str:
        return (
            "BEGIN:VTIMEZONE\nTZID:Campus\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
            f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE"
        )

    at = event("DTSTART;TZID=Campus:20261116T090000", "DURATION:PT1H")
    assert hours(read(zone("+0100"), at)) == ["16 09:00-10:00"]
    assert hours(read(zone("-0500"), at)) == ["16 15:00-16:00"]
    with pytest.raises(Unreadable, match="no time zone is known as 'Campus'"):
        read(at)


def test_a_feeds_own_zone_agrees_with_ianas_at_every_hour_of_a_year() -> None:
    start, end = datetime(2026, 1, 1), datetime(2027, 1, 1)  # noqa: DTZ001  # wall clock

    def part(kind: str, begin: str, before: str, after: str, rule: str) -> Component:
        values = {"DTSTART": begin, "TZOFFSETFROM": before, "TZOFFSETTO": after, "RRULE": rule}
        return Component(kind, 1, 1, [Line(name, {}, value, 1) for name, value in values.items()])

    component = Component("VTIMEZONE", 1, 1, [Line("TZID", {}, "own", 1)])
    component.parts = [
        part("STANDARD", "16010101T030000", "+0200", "+0100", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"),
        part(
            "DAYLIGHT",
            "16010101T020000",
            "+0100",
            "+0200",
            "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3;UNTIL=20991231T000000Z",
        ),
    ]
    own = Zones([component]).find("own")
    assert isinstance(own, FeedZone)
    bare = start
    while bare < end:
        for fold in (0, 1):
            local = bare.replace(fold=fold)
            assert local.replace(tzinfo=own).utcoffset() == local.replace(tzinfo=PARIS).utcoffset(), local
        there = bare.replace(tzinfo=UTC).astimezone(own)
        assert (there.replace(tzinfo=None), there.fold) == (
            (paris := bare.replace(tzinfo=UTC).astimezone(PARIS)).replace(tzinfo=None),
            paris.fold,
        )
        bare += timedelta(minutes=30)
    with pytest.raises(UnknownZone):
        Zones([]).find("../../etc/passwd")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYDAY=1SU;BYMONTHDAY=28",
        "YEARLY",
        "FREQ=YEARLY;BYEASTER=1",
    ],
)
def test_a_zone_with_a_rule_that_none_has_is_unknown(rule: str) -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        f"TZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nRRULE:{rule}\nEND:STANDARD\nEND:VTIMEZONE"
    )
    begun = time.monotonic()
    reading = read(zone, event("DTSTART;TZID=X:20261116T090000", uid="x"), event(AT_NINE))
    assert time.monotonic() - begun < 2
    assert [problem.what for problem in reading.problems] == ["no time zone is known as 'X'"]


def test_encodings() -> None:
    text = feed(event(AT_NINE, title="Économie à l\u2019étranger")).decode()
    twice = text.replace("\r\n", "\r\r\n").encode("cp1252")
    readings = [
        ics.parse(text.encode(), zone=PARIS),
        ics.parse(twice, zone=PARIS),
        ics.parse(text.encode("utf-8-sig"), zone=PARIS),
        ics.parse(text.encode("utf-16"), zone=PARIS),
        ics.parse(text.replace("\r\n", "\r").encode(), zone=PARIS),
        ics.parse(text.encode("cp1252"), zone=PARIS, content_type="text/calendar; charset=ISO-8859-1"),
        ics.parse(text.encode(), zone=PARIS, content_type="text/calendar; charset=utf-16"),
    ]
    assert {reading.rooms["L213"][0].title for reading in readings} == {"Économie à l\u2019étranger"}
    latin9 = ics.parse(
        text.replace("\u2019", "œ").encode("iso8859-15"),
        zone=PARIS,
        content_type="text/calendar; charset=iso-8859-15",
    )
    assert latin9.rooms["L213"][0].title == "Économie à lœétranger"
    with pytest.raises(Unreadable, match="utf-8 or cp1252"):
        ics.parse(text.encode("cp1252").replace(b"\x92", b"\x81"), zone=PARIS)


def test_titles_are_one_line_without_escapes() -> None:
    reading = read(event(AT_NINE, title="  TP\\, G1\\; salle\\\\B \\n\\n suite\\N "))
    assert reading.rooms["L213"][0].title == "TP, G1; salle\\B suite"
    broken = event(AT_NINE).replace("SUMMARY:Cours", "SUMMARY:Cours\nde langue")
    assert read(broken).rooms["L213"][0].title == "Cours de langue"
    assert list(read(event(AT_NINE, room="C206\\n")).rooms) == ["C206"]


# Rooms


@pytest.mark.parametrize(
    ("producer", "separator", "rooms"),
    [
        ("-//ADE/version 6.0", None, ["A", "B"]),
        ("Copyright Index-Education - HYPERPLANNING 2024", None, ["A", "B"]),
        ("-//Google Inc//Google Calendar 70.9054//EN", None, ["A, B"]),
        ("-//Google Inc//Google Calendar 70.9054//EN", ",", ["A", "B"]),
        ("-//ADE/version 6.0", "", ["A, B"]),
        ("-//GRADE//", None, ["A, B"]),
    ],
)
def test_what_parts_rooms(producer: str, separator: str | None, rooms: list[str]) -> None:
    data = feed(event(AT_NINE, room="A\\, B"), producer=producer)
    assert list(ics.parse(data, zone=PARIS, separator=separator).rooms) == rooms


def test_ades_own_ids_tell_who_wrote_a_feed_that_was_passed_on() -> None:
    assert guessed_separator("-//other//", ["ADE604144455f494e53415f32303235"]) == ","
    assert guessed_separator("-//other//", ["ADELE@example.org"]) is None


def test_rooms_by_inventory_alias_and_pattern() -> None:
    finder = RoomFinder(
        names=named([("L213", ("Salle L 213", "Bât. L, salle 213")), ("V107", ())]),
        patterns=(Pattern(field="summary", find=re.compile(r"\b[sS](?:alle|\.) ?([A-Z]\d+)")),),
        not_rooms=frozenset({"pas de salle"}),
    )
    data = feed(
        event(AT_NINE, uid="1", room="SALLE  L 213", title="a"),
        event(AT_NINE, uid="2", room="bât. L\\, salle 213", title="b"),
        event(AT_NINE, uid="3", room="", title="c s. V107"),
        event(AT_NINE, uid="4", room="Pas de salle", title="d"),
        event(AT_NINE, uid="5", room="Gymnase", title="e"),
        producer="-//ADE/version 6.0",
    )
    reading = ics.parse(data, zone=PARIS, rooms=finder, answers_for=["V107", "L213", "L999"])
    found = {room: [slot.title for slot in slots] for room, slots in reading.rooms.items()}
    assert found == {"V107": ["c s. V107"], "L213": ["a", "b"], "L999": [], "Gymnase": ["e"]}
    assert list(found) == ["V107", "L213", "L999", "Gymnase"]
    assert [entry.title for entry in reading.without_room] == ["d"]
    assert reading.unmentioned == ("L999",)


def test_a_room_of_the_inventory_that_is_booked_another_day_is_free_today() -> None:
    finder = RoomFinder(names=named([("L213", ()), ("V107", ())]))
    days = (date(2026, 11, 18), date(2026, 11, 19))
    assert ics.parse(feed(event(AT_NINE)), zone=PARIS, days=days, rooms=finder).rooms == {"L213": ()}
    assert ics.parse(feed(event(AT_NINE)), zone=PARIS, days=days).rooms == {}


# What is no booking


def test_equal_rows_stand_once_and_unequal_ones_have_ids_of_their_own() -> None:
    reading = read(
        event(AT_NINE),
        event(AT_NINE, uid="other"),
        event(AT_NINE, title="Autre"),
        event("DTSTART:20261117T080000Z", "DTEND:20261117T090000Z"),
    )
    assert [slot.title for slot in reading.rooms["L213"]] == ["Autre", "Cours", "Cours"]
    assert len({slot.source_id for slot in reading.rooms["L213"]}) == 3


def test_cancelled_transparent_and_without_length() -> None:
    reading = read(
        event(AT_NINE, "STATUS:CANCELLED", uid="1"),
        event(AT_NINE, "TRANSP:TRANSPARENT", uid="2"),
        event("DTSTART:20261116T080000Z", uid="3"),
        event(AT_NINE, "STATUS:TENTATIVE", uid="4", room="V107"),
    )
    assert list(reading.rooms) == ["V107"]
    rows = as_json(reading)
    assert len(rows["cancelled"]) == 1
    assert [set(row) - {"start", "end", "title"} for row in rows["rooms"]["L213"]] == [
        {"no_length"},
        {"transparent"},
    ]


def test_a_malformed_event_harms_no_other() -> None:
    wrong = {
        "no DTSTART": [],
        "DTSTART is no date": ["DTSTART:2026-11-16T08:00:00Z"],
        "DTSTART is in the year 9999": ["DTSTART:99990101T000000Z"],
        "DTSTART is in the year 1": ["DTSTART:00010101T000000Z"],
        "ends before": ["DTSTART:20261116T080000Z", "DTEND:20261116T070000Z"],
        "the other an hour": ["DTSTART:20261116T080000Z", "DTEND;VALUE=DATE:20261117"],
        "DURATION": ["DTSTART:20261116T080000Z", "DURATION:tomorrow"],
        "no time zone": ["DTSTART;TZID=Mars/Olympus:20261116T080000"],
        "cannot be taken apart": ['DTSTART;TZID="Europe/Paris:20261116T080000"'],
        "no frequency": [AT_NINE, "RRULE:FREQ=FORTNIGHTLY"],
        "not understood": [AT_NINE, "RRULE:FREQ=DAILY;BYEASTER=1"],
        "COUNT": [AT_NINE, "RRULE:FREQ=DAILY;COUNT=-1"],
        "never comes true": [AT_NINE, "RRULE:FREQ=DAILY;COUNT=3;BYMONTH=2;BYMONTHDAY=30"],
        "its UNTIL|an UNTIL": [AT_NINE, "RRULE:FREQ=DAILY;UNTIL=someday"],
        "EXRULE": [AT_NINE, "EXRULE:FREQ=DAILY"],
        "without its BEGIN": [AT_NINE, "END:VTODO"],
    }
    for what, lines in wrong.items():
        reading = read(event(*lines, uid="bad", title="Douteux", room="V107"), event(AT_NINE))
        assert hours(reading) == ["16 09:00-10:00"], what
        assert [problem.title for problem in reading.problems] == ["Douteux"], what
        assert re.search(what, reading.problems[0].what), reading.problems
        assert reading.problems[0].rooms == ("V107",)
        assert "V107" not in as_json(reading)["rooms"] or as_json(reading)["rooms"]["V107"] == []


def test_a_booking_without_a_known_end_blocks_its_room_for_the_day() -> None:
    reading = read(event("DTSTART:20261116T080000Z", "DTEND:20261116T07"), event(AT_NINE, room="V107"))
    (slot,) = reading.rooms["L213"]
    assert slot.unsure
    assert hours(reading) == ["16 09:00-00:00"]
    assert as_json(reading)["rooms"]["L213"] == []


def test_an_event_without_its_end_is_told_and_the_next_one_is_read() -> None:
    lost = event(AT_NINE, uid="lost", title="Perdu").removesuffix("\nEND:VEVENT")
    reading = read(lost, event(AT_NINE))
    assert [slot.title for slot in reading.rooms["L213"]] == ["Cours"]
    assert [problem.what for problem in reading.problems] == ["it has no END:VEVENT"]


# Feeds that are down


def test_an_empty_calendar_says_nothing_of_any_room() -> None:
    reading = ics.parse(feed(), zone=PARIS, days=NOVEMBER, answers_for=["L213"])
    assert (reading.status, reading.rooms, reading.unmentioned) == ("empty", {}, ("L213",))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty body"),
        (b" \r\n\r\n", "an empty body"),
        (b"Exception: The file path or URL does not exist", "other text"),
        (b"<html><body>503</body></html>", "a web page"),
        (b'{"error": 1}', "JSON"),
        ((FEEDS / "down.ics").read_bytes(), "a web page or an error text in HTML"),
        (b"Warning: no such host\n" + feed(event(AT_NINE)), "other text"),
        (feed(event(AT_NINE))[:-20], "no end"),
        (b"BEGIN:VEVENT\nEND:VEVENT\n", "BEGIN:VEVENT"),
        (feed("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT"), "1 that cannot"),
        (b"\xff\xfe\x00", "bytes that are not"),
    ],
)
def test_what_is_no_whole_calendar_is_refused(data: bytes, found: str) -> None:
    with pytest.raises(Unreadable, match=found):
        ics.parse(data, zone=PARIS)


def test_text_after_the_calendar_is_told() -> None:
    reading = ics.parse(feed(event(AT_NINE)) + b"<!-- served in 3 ms -->\n", zone=PARIS)
    assert hours(reading) == ["16 09:00-10:00"]
    assert [problem.what for problem in reading.problems] == ["text after the end of the calendar"]


# What is meant to do harm


def costs(seconds: float, data: bytes, days: tuple[date, date] | None = NOVEMBER) -> Reading | None:
    begun = time.monotonic()
    try:
        return ics.parse(data, zone=PARIS, days=days)
    except ScrapeError:
        return None
    finally:
        assert time.monotonic() - begun < seconds


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=1000000",
        "FREQ=MINUTELY;COUNT=1000000",
        "FREQ=DAILY;COUNT=1000000",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=7",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=5SU",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))),
        "FREQ=DAILY;INTERVAL=9999999",
        "FREQ=YEARLY;COUNT=9999999",
        "FREQ=DAILY;INTERVAL=" + "9" * 5000,
    ],
)
def test_no_rule_takes_long(rule: str) -> None:
    hostile = event("DTSTART:19010107T080000Z", "DURATION:PT1H", f"RRULE:{rule}", uid="bad", room="V107")
    for days in (NOVEMBER, None):
        reading = costs(5, feed(hostile, event(AT_NINE)), days)
        assert reading is not None
        assert hours(reading) == ["16 09:00-10:00"]


def test_many_rules_are_refused_together() -> None:
    never = [
        event(
            "DTSTART:20260907T080000Z",
            "DURATION:PT1H",
            "RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
            uid=f"{i}",
        )
        for i in range(200)
    ]
    assert costs(20, feed(*never)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"BEGIN:VCALENDAR\n" * 200_000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VALARM\n" * 200_000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 200_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"END:X\n" * 200_000 + b"END:VEVENT\nEND:VCALENDAR\n",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"DTSTART:20261116\n" * 200_000 + b"END:VEVENT\nEND:VCALENDAR\n",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"\n a" * 500_000 + b"\nEND:VEVENT\nEND:VCALENDAR\n",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART" + b";A=b" * 60_000 + b"\nEND:VEVENT\nEND:VCALENDAR\n",
        b"BEGIN:VCALENDAR\n" + b"\n" * 3_100_000 + b"END:VCALENDAR\n",
        b"x" * (32 * 1024 * 1024 + 1),
    ],
    ids=["calendars", "alarms", "events", "ends", "starts", "folds", "parameters", "blanks", "size"],
)
def test_no_shape_takes_long(data: bytes) -> None:
    costs(10, data)


def test_more_rooms_than_a_school_has_are_no_booking() -> None:
    names = "\\,".join(f"R{i}" for i in range(5000))
    reading = read(event(AT_NINE, room=names, uid="bad"), event(AT_NINE), producer="-//ADE/version 6.0")
    assert (list(reading.rooms), [problem.what for problem in reading.problems]) == (
        ["L213"],
        ["it names 5,000 rooms"],
    )


def test_days_are_checked() -> None:
    for days in ((date(2026, 1, 2), date(2026, 1, 2)), (date(1, 1, 1), date(9999, 1, 1))):
        with pytest.raises(ValueError, match="days are a span"):
            ics.parse(feed(), zone=PARIS, days=days)


MOMENTS = [
    "20261116T080000Z",
    "20261116",
    "20261116T080000",
    "99991231T235959Z",
    "00010101",
    "20261301",
    "x",
    "",
]
LINES = st.one_of(
    st.builds(
        "{}{}:{}".format,
        st.sampled_from(["DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "DTSTAMP"]),
        st.sampled_from(
            ["", ";VALUE=DATE", ";TZID=Europe/Paris", ";TZID=1", ';TZID="x', ";RANGE=THISANDFUTURE"]
        ),
        st.lists(st.sampled_from(MOMENTS), min_size=1, max_size=3).map(",".join),
    ),
    st.builds(
        "RRULE:FREQ={}{}".format,
        st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY", "SECONDLY", "X"]),
        st.lists(
            st.sampled_from(
                [
                    *(";COUNT=3", ";COUNT=1000000", ";UNTIL=20261201", ";UNTIL=20261201T000000Z"),
                    *(";INTERVAL=2", ";BYDAY=MO", ";BYDAY=-1FR", ";BYMONTHDAY=31", ";BYMONTH=2"),
                    *(";BYSETPOS=-1", ";BYWEEKNO=53", ";BYYEARDAY=366", ";BYHOUR=25"),
                    *(";WKST=SU", ";WKST=XX", ";=", ";INTERVAL=0"),
                ]
            ),
            max_size=3,
        ).map("".join),
    ),
    st.sampled_from(
        [
            *("BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "END:VCALENDAR"),
            *("BEGIN:VTIMEZONE", "END:VTIMEZONE", "BEGIN:STANDARD", "END:STANDARD"),
            *("TZID:1", "TZOFFSETFROM:+0100", "TZOFFSETTO:-9959", "SEQUENCE:-7", "SEQUENCE:x"),
            *("UID:1", "UID:2", "SUMMARY:a\\", "LOCATION:A\\,B", "STATUS:CANCELLED", "TRANSP:TRANSPARENT"),
            *("DURATION:PT1H", "DURATION:P99999999999D", "DURATION:-PT1H", "EXRULE:FREQ=DAILY"),
            *(" folded", "no property", "\ttab", ""),
        ]
    ),
    st.text(max_size=20),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=st.lists(LINES, max_size=40),
    end=st.sampled_from([None, -1, -40]),
    days=st.sampled_from([NOVEMBER, None]),
)
def test_any_lines_give_a_reading_or_one_error(
    lines: list[str], end: int | None, days: tuple[date, date] | None
) -> None:
    body = [*lines, "END:VEVENT", event(AT_NINE, room="Z"), "END:VCALENDAR", ""]
    data = "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *body]).encode("utf-8", "replace")
    try:
        reading = ics.parse(data[:end], zone=PARIS, days=days, explain=True)
    except ScrapeError:
        return
    json.dumps(as_json(reading))
    assert all(slot.start < slot.end for slots in reading.rooms.values() for slot in slots)
    assert replace(reading, explained=()) == ics.parse(data, zone=PARIS, days=days) or end


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_to_a_feed_gives_a_reading_or_one_error(data: st.DataObject) -> None:
    whole = (FEEDS / data.draw(st.sampled_from(["ade.ics", "exchange.ics"]))).read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=30))
    lost = data.draw(st.integers(0, 200))
    with suppress(ScrapeError):
        as_json(ics.parse(whole[:at] + junk + whole[at + lost :], zone=PARIS, days=NOVEMBER))


@given(st.binary(max_size=300))
def test_any_bytes_give_a_reading_or_one_error(data: bytes) -> None:
    for feed_of_it in (data, b"BEGIN:VCALENDAR\n" + data + b"\nEND:VCALENDAR\n"):
        with suppress(ScrapeError):
            ics.parse(feed_of_it, zone=PARIS)
