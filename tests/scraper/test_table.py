"""Tables that somebody's ten-line script writes: what is read, what is told, and what is refused."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import table
from scraper.errors import ScrapeError, Unreadable
from scraper.listing import Listing, Malformed, Said
from scraper.reading import Reading, as_json
from scraper.rooms import Pattern, RoomFinder, named
from scraper.table import COLUMNS, is_table

PARIS = ZoneInfo("Europe/Paris")
TABLES = Path(__file__).parent / "tables"
HEAD = "room;start;end;title;id;all_day;cancelled"


def written(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


def read(*lines: str, head: str = HEAD, days: tuple[date, date] | None = None) -> Reading:
    return table.parse(written(*lines, head=head), zone=PARIS, days=days)


def hours(reading: Reading, room: str = "L213") -> list[str]:
    return [
        f"{slot.start.astimezone(PARIS):%d %H:%M}-{slot.end.astimezone(PARIS):%d %H:%M}"
        for slot in reading.rooms.get(room, ())
    ]


def problems(reading: Reading) -> list[tuple[str, str]]:
    return [(problem.where, problem.what) for problem in reading.problems]


# What is read


def test_a_table_as_excel_saves_it_in_france() -> None:
    reading = table.parse((TABLES / "salles.csv").read_bytes(), zone=PARIS)
    assert reading.status == "ok"
    assert list(reading.rooms) == ["L026", "L213", "V106A", "V107"]
    assert hours(reading) == ["16 08:30-16 10:00"]
    assert reading.rooms["L213"][0].source_id == "4711"
    assert reading.rooms["V107"] == reading.rooms["V106A"]
    assert reading.rooms["V107"][0].title == 'Amphi "Hermite"'
    assert hours(reading, "L026") == ["16 00:00-19 00:00"]
    assert reading.rooms["L026"][0].all_day
    assert [entry.title for entry in reading.all_day] == ["Travaux"]
    assert [entry.title for entry in reading.cancelled] == ["Algèbre"]
    assert [entry.title for entry in reading.without_room] == ["Réunion"]
    assert problems(reading) == [("line 1", "not understood and ignored: the columns enseignant")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(encoding: str, delimiter: str, ending: str) -> None:
    lines = ["Salle;Début;Fin;Intitulé", "Été;2026-11-16 08:30;2026-11-16 10:00;Noël", ""]
    body = ending.join(lines).replace(";", delimiter).encode(encoding)
    assert is_table(body)
    reading = table.parse(body, zone=PARIS)
    assert [slot.title for slot in reading.rooms["Été"]] == ["Noël"]
    assert reading.problems == ()


def test_the_content_type_says_which_encoding() -> None:
    body = "room;start;end;title\nŁódź;2026-11-16 08:30;2026-11-16 10:00;x".encode("cp1250")
    said = table.parse(body, zone=PARIS, content_type="text/csv; charset=windows-1250")
    assert list(said.rooms) == ["Łódź"]
    unknown = table.parse(
        b"room;start;end\nA;2026-11-16 08:30;10:00", zone=PARIS, content_type="x; charset=zip"
    )
    assert list(unknown.rooms) == ["A"]


def test_the_line_by_which_excel_names_the_delimiter() -> None:
    body = b'"sep=,"\r\nroom,start,end\r\n"a,b",2026-11-16 08:30,2026-11-16 10:00\r\n'
    assert is_table(body)
    assert list(table.parse(body, zone=PARIS).rooms) == ["a,b"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-16T08:30", "2026-11-16T10:00", "16 08:30-16 10:00"),
        ("2026-11-16 08:30:15", "2026-11-16 10:00:00.000", "16 08:30-16 10:00"),
        ("2026-11-16T07:30:00Z", "2026-11-16T10:00:00+0100", "16 08:30-16 10:00"),
        ("16/11/2026 08:30", "16/11/2026 10:00", "16 08:30-16 10:00"),
        ("16/11/2026 à 8h30", "16/11/2026 10 h", "16 08:30-16 10:00"),
        ("16/11/2026 8:30", "10:00", "16 08:30-16 10:00"),
        ("2026-11-16 20:00", "24:00", "16 20:00-17 00:00"),
        ("2026-11-16 20:00", "00:00", "16 20:00-17 00:00"),
        ("2026-11-16 20:00", "2026-11-17 02:00", "16 20:00-17 02:00"),
        ("2026-11-16 00:00", "2026-11-17 00:00", "16 00:00-17 00:00"),
    ],
)
def test_how_times_may_be_written(start: str, end: str, expected: str) -> None:
    reading = read(f"L213;{start};{end};Cours")
    assert hours(reading) == [expected]
    assert problems(reading) == []
    assert not reading.rooms["L213"][0].all_day


def test_days_may_stand_apart_from_hours() -> None:
    reading = read(
        "L213;16/11/2026;08:30;10:00;",
        "L213;2026-11-17;22:00;2h;18/11/2026",
        head="Salle;Date;Heure de début;Heure de fin;Date de fin",
    )
    assert hours(reading) == ["16 08:30-16 10:00", "17 22:00-18 02:00"]
    assert problems(reading) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("L213;2026-11-16;;Férié", "16 00:00-17 00:00"),
        ("L213;2026-11-16;2026-11-16;Férié", "16 00:00-17 00:00"),
        ("L213;2026-11-16;2026-11-18;Travaux", "16 00:00-19 00:00"),
        ("L213;2026-11-16 08:00;2026-11-18 18:00;Travaux;;oui", "16 00:00-19 00:00"),
        ("L213;2026-11-16 00:00;2026-11-18 00:00;Travaux;;1", "16 00:00-18 00:00"),
        ("L213;2026-11-16;2026-11-18 00:00;Travaux", "16 00:00-18 00:00"),
    ],
)
def test_whole_days_end_with_the_last_one(line: str, expected: str) -> None:
    reading = read(line)
    assert hours(reading) == [expected]
    assert reading.rooms["L213"][0].all_day


def test_a_table_of_whole_days_needs_no_end() -> None:
    reading = read("L213;2026-11-16;x", "L213;2026-11-17;", head="salle;date;journée")
    assert hours(reading) == ["16 00:00-17 00:00", "17 00:00-18 00:00"]
    assert problems(reading) == [("line 3", "it has no start")]
    assert [slot.unsure for slot in reading.rooms["L213"]] == [False, True]


def test_several_rooms_in_one_cell() -> None:
    line = '"A, B;C";2026-11-16 08:30;2026-11-16 10:00;Cours'
    body = f"{HEAD}\n{line}".encode()
    assert list(read(line).rooms) == ["A, B", "C"]
    assert list(table.parse(body, zone=PARIS, separator=",").rooms) == ["A", "B;C"]
    assert list(table.parse(body, zone=PARIS, separator="").rooms) == ["A, B;C"]


def test_rooms_are_called_as_the_school_does() -> None:
    finder = RoomFinder(
        names=named([("L213", ["Salle 213"])]),
        patterns=(Pattern(field="summary", find=re.compile(r"en (\w+)")),),
        not_rooms=frozenset({"aucune"}),
    )
    body = written(
        "salle  213;2026-11-16 08:30;2026-11-16 10:00;Cours",
        "aucune;2026-11-16 08:30;2026-11-16 10:00;Nulle part",
        ";2026-11-16 08:30;2026-11-16 10:00;TD en V107",
    )
    reading = table.parse(body, zone=PARIS, rooms=finder, answers_for=["L213", "X1"])
    assert list(reading.rooms) == ["L213", "X1", "V107"]
    assert reading.unmentioned == ("X1",)
    assert [entry.title for entry in reading.without_room] == ["Nulle part"]


def test_an_array_of_objects() -> None:
    rows = [
        {"room": ["V107", "V106A"], "start": "2026-11-16T13:30", "end": "2026-11-16T15:00", "title": "Amphi"},
        {"Salle": "L213", "Début": "2026-11-16T08:30", "Fin": "2026-11-16T10:00", "id": 7, "annulé": False},
        {"room": 213, "start": "2026-11-16T08:30", "end": "2026-11-16T10:00", "note": "x", "title": None},
        {"room": "L213", "start": "2026-11-16", "all_day": True},
        {"room": "L213", "start": 5, "end": "2026-11-16T10:00"},
        ["L213"],
    ]
    reading = table.parse(json.dumps(rows).encode(), zone=PARIS)
    assert list(reading.rooms) == ["213", "L213", "V106A", "V107"]
    assert hours(reading) == ["16 00:00-17 00:00", "16 08:30-16 10:00"]
    assert reading.rooms["L213"][1].source_id == "7"
    assert problems(reading) == [
        ("all rows", "not understood and ignored: the columns note"),
        ("row 5", "its start is no time such as 2026-11-16 08:30 or 16/11/2026 08:30"),
        ("row 6", "it is an array, no object"),
    ]
    wrapped = table.parse(json.dumps({"bookings": rows}).encode(), zone=PARIS)
    assert wrapped == reading


def test_only_the_days_asked_are_read() -> None:
    lines = (
        "L213;2026-11-15 22:00;2026-11-16 01:00;Nuit",
        "L213;2026-11-17 00:00;2026-11-17 01:00;Après",
        "V107;2026-11-20 08:00;2026-11-20 09:00;Plus tard",
    )
    reading = read(*lines, days=(date(2026, 11, 16), date(2026, 11, 17)))
    assert reading.days == (date(2026, 11, 16),)
    assert hours(reading) == ["15 22:00-16 01:00"]
    assert reading.rooms.keys() == {"L213"}
    with pytest.raises(ValueError, match="span"):
        read(*lines, days=(date(2026, 11, 16), date(2026, 11, 16)))


def test_ids_stay_with_their_bookings() -> None:
    one = read("L213;2026-11-16 08:00;2026-11-16 09:00;a;7")
    moved = read("V107;2026-11-17 08:00;2026-11-17 09:00;b;7")
    assert one.rooms["L213"][0].source_id == moved.rooms["V107"][0].source_id == "7"
    several = read(
        "L213;2026-11-16 08:00;2026-11-16 09:00;a;7",
        "V107;2026-11-16 08:00;2026-11-16 09:00;a;7",
        "L213;2026-11-17 08:00;2026-11-17 09:00;a;7",
        "L213;2026-11-16 08:00;2026-11-16 10:00;a;7",
        "L213;2026-11-16 08:00;2026-11-16 10:00;a;7",
    )
    ids = [slot.source_id for slot in several.rooms["L213"]]
    assert ids == ["7\n20261116T070000Z", "7\n20261116T070000Z\n2", "7\n20261117T070000Z"]
    assert several.rooms["V107"][0].source_id == ids[0]


def test_hours_that_the_clocks_repeat_or_skip_are_unsure() -> None:
    reading = read(
        "L213;2026-10-25 02:30;2026-10-25 04:00;a",
        "V107;2026-03-29 02:30;2026-03-29 04:00;b",
        "L026;2026-10-25 02:30+02:00;2026-10-25 02:30+01:00;c",
    )
    spans = {room: (slots[0].start, slots[0].end, slots[0].unsure) for room, slots in reading.rooms.items()}
    at = datetime(2026, 10, 25, tzinfo=UTC)
    assert spans["L213"] == (at + timedelta(minutes=30), at + timedelta(hours=3), True)
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    assert spans["V107"] == (spring + timedelta(minutes=30), spring + timedelta(hours=2), True)
    assert spans["L026"] == (at + timedelta(minutes=30), at + timedelta(minutes=90), False)
    assert [where for where, _ in problems(reading)] == ["line 2", "line 3"]


# What is told


def test_each_wrong_line_is_told_with_its_number_and_keeps_its_room() -> None:
    reading = table.parse((TABLES / "wrong.csv").read_bytes(), zone=PARIS, explain=True)
    assert problems(reading) == [
        ("line 3", "its date is a day that no calendar has"),
        ("line 4", "it has no end"),
        ("line 5", "it ends before it starts"),
        ("line 6", "its start has an hour that no clock shows"),
        ("line 7", "it has 6 fields, and the first line names 5 columns"),
        ("line 8", "its quotes are not closed, or closed too early"),
    ]
    sure = [slot for slot in reading.rooms["L213"] if not slot.unsure]
    assert [slot.title for slot in sure] == ["Analyse", "To midnight"]
    unsure = {
        slot.title: f"{slot.start:%H:%M}-{slot.end:%H:%M}" for slot in reading.rooms["L213"] if slot.unsure
    }
    assert unsure == {
        "No end": "09:15-23:00",
        "Backwards": "10:00-23:00",
    }
    assert [it.where for it in reading.explained if it.what == "booked"] == ["line 2", "line 9"]
    assert len(as_json(reading)["rooms"]["L213"]) == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("L213;;2026-11-16 10:00;x", "it has no day"),
        ("L213;08:30;2026-11-16 10:00;x", "it has no day"),
        ("L213;2026-11-16;2026-11-16 10:00;x", "its start has no hours"),
        ("L213;2026-11-16 08:00;2026-11-16;x", "its end has no hours"),
        ("L213;2026-11-16;2026-11-15;x", "it ends before it starts"),
        ("L213;1850-11-16 08:00;2026-11-16 10:00;x", "its start is in the year 1850"),
        ("L213;11/16/2026 08:00;2026-11-16 10:00;x", "its start is a day that no calendar has"),
        ("L213;16/11/26 08:00;2026-11-16 10:00;x", "its start is no time such as"),
        ("L213;2026-11-16 08:61;2026-11-16 10:00;x", "its start has an hour that no clock shows"),
        ("L213;2026-11-16 08:00+25:00;2026-11-16 10:00;x", "its start has an offset that no place has"),
        ("L213;2026-11-16 08:00;2026-11-16 10:00;x;;maybe", "its all_day is neither yes nor no"),
        ("L213;2026-11-16 08:00;2026-11-16 10:00;x;;;maybe", "its cancelled is neither yes nor no"),
        ("L213;2026-11-16;2026-11-16;x;;non", "its start has no hours"),
        (f"{'L' * 30_000};2026-11-16 08:00;2026-11-16 10:00;x", "its room is longer than any name"),
        (f'"{";".join(map(str, range(501)))}";2026-11-16 08:00;10:00;x', "it names 501 rooms"),
        (f"L213;2026-11-16 08:00;2026-11-16 10:00;{'x' * 100_001}", "it is longer than"),
    ],
)
def test_what_is_wrong_with_a_line(line: str, says: str) -> None:
    reading = read("L213;2026-11-01 08:00;2026-11-01 10:00;right", line)
    assert [where for where, _ in problems(reading)] == ["line 3"]
    assert says in problems(reading)[0][1]
    assert "right" in {slot.title for slot in reading.rooms["L213"]}


def test_what_takes_no_time() -> None:
    reading = read("L213;2026-11-16 08:00;2026-11-16 08:00;Rappel")
    assert reading.rooms == {}
    assert [(entry.title, entry.no_length) for entry in reading.unbooked] == [("Rappel", True)]


def test_a_wrong_line_that_is_cancelled_takes_no_room() -> None:
    reading = read("L213;2026-11-16 08:00;;x;;;oui", "V107;2026-11-16 08:00;2026-11-16 09:00;y")
    assert list(reading.rooms) == ["V107"]


def test_what_is_explained() -> None:
    body = written(
        "L213;2026-11-16 08:00;2026-11-16 09:00;a",
        "L213;2026-11-16 08:00;2026-11-16 09:00;a",
        "L213;2026-11-18 08:00;2026-11-18 09:00;b",
        "L213;2026-11-16 08:00;2026-11-16 09:00;c;;;oui",
    )
    days = (date(2026, 11, 16), date(2026, 11, 17))
    reading = table.parse(body, zone=PARIS, days=days, explain=True)
    assert {(it.where, it.what, it.why) for it in reading.explained} == {
        ("line 2", "booked", ""),
        ("line 3", "left out", "the same stands in the source already"),
        ("line 4", "left out", "it is not in the days asked"),
        ("line 5", "left out", "it is cancelled"),
    }


# What is refused


def test_a_table_without_bookings_says_nothing() -> None:
    for body in (HEAD.encode(), b"[]", b'{"rows": []}'):
        reading = table.parse(body, zone=PARIS, answers_for=["L213"])
        assert (reading.status, reading.rooms, reading.unmentioned) == ("empty", {}, ("L213",))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "an empty body"),
        (b" \r\n\t", "nothing but white space"),
        ("\u2003".encode(), "the columns (no name)"),
        (b"<!DOCTYPE html><p>Erreur", "a web page or an error text in HTML"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04....", "save it as CSV"),
        (b"BEGIN:VCALENDAR\r\n", "an iCalendar feed"),
        (b"room;start;title\nA;2026-11-16;x", "the columns room, start, title"),
        (b"salle;debut\nA;2026-11-16", "the columns salle, debut"),
        (b"nom;prenom\nA;B", "the columns nom, prenom"),
        (b"\x81\x8d;\x8f", "bytes that are no text in utf-8 or cp1252"),
        (b"room;start;end\0", "bytes that are no text in"),
        (b"room;start;end\nA;x;y\nB;x;y", "2 that cannot"),
        (b'[{"room": "A", "start": "2026-11-16T08:00"}', "no end: it breaks off after 43 bytes"),
        (b'[{"room": "A", "start": "2026-', "no end: it breaks off after 30 bytes"),
        (b'[{"room": "A" "start": 1}]', "no JSON (Expecting ',' delimiter)"),
        (b'[{"room": "A", "room": "B"}]', "an object that has the key 'room' twice"),
        (b'[{"room": NaN}]', "NaN, which is no JSON"),
        (b'[{"room": "\xe9"}]', "bytes that are no UTF-8"),
        (b"[" * 200_000, "JSON nested beyond reason"),
        (b"[" + b"1" * 5000 + b"]", "a number beyond any timetable"),
        (b"{}", "an empty object"),
        (b'{"error": "down", "code": 5}', "an object with the keys error, code"),
        (b"[1, 2]", "an array of a number"),
        (b'[{"name": "A"}]', "the columns name"),
        (b";" * 2000, "one with more"),
        (b"\n" * 500_000 + b"x", "one with more"),
        (b"[" + b"1," * 2_500_000 + b"1]", "more"),
    ],
)
def test_what_is_no_table_says_what_was_found(body: bytes, found: str) -> None:
    with pytest.raises(Unreadable) as caught:
        table.parse(body, zone=PARIS)
    assert found in f"{caught.value.found} {caught.value.where}"
    assert caught.value.looked_for


def test_missing_columns_are_named() -> None:
    with pytest.raises(Unreadable, match="looked for the columns room, end or all_day, under these or other"):
        read("x;2026-11-16", head="lieux;start")


def test_a_timetable_has_bounds() -> None:
    rooms = ";".join(f"R{n}" for n in range(400))
    lines = [f'"{rooms}";2026-11-{1 + n % 28:02} {n % 24:02}:{n % 60:02};24:00;{n}' for n in range(800)]
    with pytest.raises(Unreadable, match="300,000 rows"):
        read(*lines)
    with pytest.raises(Unreadable, match="100,000 bookings"):
        read(*["A;2026-11-16 08:00;9h;x"] * 100_001)


@pytest.mark.parametrize(
    "line",
    ["A;2026-11-16 08:00;9h;x", '"', '"x', 'A;"\n', "x" * 90, ";;;", '"a"b;c', "A;2026-10-25 02:30;9h;x;1"],
)
def test_much_of_the_same_takes_bounded_time(line: str) -> None:
    body = written(*[line] * 40_000)
    before = time.perf_counter()
    with suppress(Unreadable):
        table.parse(body, zone=PARIS)
    assert time.perf_counter() - before < 20


def test_what_looks_like_a_table() -> None:
    assert is_table((TABLES / "salles.csv").read_bytes())
    assert is_table(b'[{"salle": "L213", "d\xc3\xa9but": "x"}]')
    assert not is_table(b'[{"resourceId": "L213", "start": "x"}]')
    assert not is_table(b"<html>room;start;end")
    assert not is_table(b"")
    assert not is_table(b"BEGIN:VCALENDAR")


def test_each_name_of_a_column_is_one_columns() -> None:
    names = [name for synonyms in COLUMNS.values() for name in synonyms]
    assert len(names) == len(set(names))
    for column, synonyms in COLUMNS.items():
        assert column in (table.__doc__ or "")
        assert synonyms[0].replace(" ", "_") == column


def test_the_documented_example_is_read() -> None:
    assert table.__doc__
    _, csv, rows, *_ = table.__doc__.partition("::")[2].split("\n\n")
    text = "\n".join(line.strip() for line in csv.splitlines())
    reading = table.parse(text.encode(), zone=PARIS)
    assert problems(reading) == []
    assert list(reading.rooms) == ["L026", "L213", "V106A", "V107"]
    of_json = table.parse(rows.strip().encode(), zone=PARIS)
    assert of_json.rooms["V107"] == of_json.rooms["V106A"]


# Any bytes at all

CELLS = st.sampled_from(
    [
        *("", "L213", "A;B", '"A;B"', '"', "2026-11-16", "16/11/2026 8h30", "2026-11-16T08:30Z"),
        *("2026-10-25 02:30", "0001-01-01", "2199-12-31 24:00", "1901-01-01 00:00+18:00", "24:00", "00:00"),
        *("oui", "non", "x\ny"),
    ]
)
HEADS = st.lists(st.sampled_from([name for names in COLUMNS.values() for name in names]), max_size=8)
DAYS = st.sampled_from(
    [None, (date.min, date(5, 1, 1)), (date(2026, 11, 16), date(2026, 11, 17)), (date(9995, 1, 1), date.max)]
)


def read_anything(body: bytes, days: tuple[date, date] | None) -> None:
    try:
        reading = table.parse(body, zone=PARIS, days=days, explain=True)
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
    read_anything(b"room;start;end\n" + body, days)
    is_table(body)


@settings(max_examples=150, deadline=None)
@given(HEADS, st.lists(st.lists(CELLS, max_size=9), max_size=6), DAYS)
def test_any_cells(head: list[str], rows: list[list[str]], days: tuple[date, date] | None) -> None:
    lines = [["room", "start", "end", *head], *rows]
    read_anything("\n".join(";".join(row) for row in lines).encode(), days)
    objects = [dict(zip(lines[0], row, strict=False)) for row in rows]
    read_anything(json.dumps(objects).encode(), days)


def test_a_listing_is_asked_for_days_and_hours_that_are() -> None:
    listing = Listing(zone=PARIS, days=None, rooms=RoomFinder(), explain=False)
    at = datetime(2026, 11, 16, 8, tzinfo=UTC)
    with pytest.raises(Malformed, match="ends before"):
        listing.timed(Said(where="here"), (at, at), (at - timedelta(hours=1), at - timedelta(hours=1)))
    assert not listing.understood
