"""What is served beside the live channel: pages, health, numbers and feeds, without any socket."""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from datetime import date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import icalendar
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from actors.web.answer import Answer, Request, preferred, segments
from actors.web.calendar import calendar
from actors.web.health import RECORDER_LIMIT, Condition, ails
from actors.web.rooms import Listing, Room, Shown, rooms_json
from actors.web.site import FOLDER, LONGEST_TARGET, OFFICE, Web, load_files
from events.domain import RoomInfo
from events.ids import EventId, RoomKey, SourceName
from events.printable import JOINERS, printable
from events.projection import room_day, room_presence
from events.state import Headcount, LastIntent, Rules
from events.status import Known, status_at
from kiosk import words
from kiosk.drawing import palette
from tests.events.builders import DAY, at, booking, known, room
from tests.events.strategies import instants, knowns

FILES = load_files()
PLACES = [*FOLDER.iterdir(), *OFFICE.iterdir()]
NOON = at("12:00")
OASIS = SourceName("oasis")
WELL = Condition(
    seq=7, began_at=at("06:00"), recorder_age=1.5, sources={OASIS: at("11:58")}, clients={"board": 3}, doors=2
)


def shown(*rooms: Known, now: datetime = NOON, titles: bool = False, version: int = 1) -> Shown:
    texts = {b.text: f"Titre de {b.id}" for k in rooms for b in k.room.bookings.values()}
    return Shown(
        school="Lycée Ada",
        epoch=1,
        seq=7,
        version=version,
        rules=rooms[0].rules if rooms else Rules(zone="Europe/Paris"),
        rooms={k.room.key: travelled(k, now, texts) for k in rooms},
        titles=titles,
    )


def travelled(k: Known, now: datetime, texts: dict[EventId, str] | None = None) -> Room:
    return Room(day=room_day(k, now), titled=room_day(k, now, texts or {}), presence=room_presence(k, now))


def get(
    target: str,
    *,
    of: Shown | None = None,
    condition: Condition = WELL,
    now: datetime = NOON,
    web: Web | None = None,
    **fields: Any,
) -> Answer:
    web = web or Web(FILES)
    return web.answer(Request(target=target, **fields), of or shown(known(room())), condition, now)


def header(answer: Answer, name: str) -> str | None:
    return next((value for known, value in answer.headers if known == name), None)


# -- the page -------------------------------------------------------------------------------------


def test_the_page_is_the_same_at_every_place_of_the_school() -> None:
    k = known(room())
    info = RoomInfo(name="L213", wing="Aile é")
    of = shown(replace(k, room=replace(k.room, info=info)))
    pages = [get(target, of=of) for target in ("/", "/?wall=1", "/room/L213", f"/wing/{quote('Aile é')}")]
    assert {page.status for page in pages} == {HTTPStatus.OK}
    assert {page.body for page in pages} == {(FOLDER / "index.html").read_bytes()}


@pytest.mark.parametrize("target", ["/room/X999", "/room/", "/wing/Q", "/room/L213/"])
def test_a_room_or_wing_that_is_not_there_is_404(target: str) -> None:
    assert get(target).status is HTTPStatus.NOT_FOUND


def test_every_file_is_served_as_what_it_is_and_again_only_when_it_changed() -> None:
    for path, file in FILES.items():
        answer = get(path)
        assert answer.status is HTTPStatus.OK
        assert answer.body == next(place for place in PLACES if place.name == path[1:]).read_bytes()
        assert header(answer, "Content-Type") == file.content_type
        etag = header(answer, "ETag")
        assert etag is not None
        for said in (etag, f'"other", W/{etag}', "*"):
            again = get(path, known=said)
            assert (again.status, again.body) == (HTTPStatus.NOT_MODIFIED, b"")
            assert header(again, "ETag") == etag
        assert get(path, known='"other"').status is HTTPStatus.OK


def test_a_compressed_file_is_the_same_and_is_never_taken_for_the_other() -> None:
    plain, packed = get("/app.js"), get("/app.js", gzip=True)
    assert header(packed, "Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    assert header(packed, "ETag") != header(plain, "ETag")
    assert "Accept-Encoding" in str(header(plain, "Vary"))
    assert get("/app.js", gzip=True, known=str(header(packed, "ETag"))).status is HTTPStatus.NOT_MODIFIED


def test_all_files_of_the_page_are_served_and_are_less_than_60_kilobytes() -> None:
    assert {f"/{path.name}" for path in PLACES} == set(FILES)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 60_000


def test_no_page_may_load_anything_from_elsewhere_or_stand_in_another_site() -> None:
    for target in ("/", "/app.js", "/rooms.json", "/healthz", "/metrics", "/nothing", "/room/L213.ics"):
        policy = str(header(get(target), "Content-Security-Policy"))
        rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert set(rules.values()) <= {"'none'", "'self'"}
        assert header(get(target), "X-Content-Type-Options") == "nosniff"
        assert header(get(target), "Referrer-Policy") == "no-referrer"
    for path in PLACES:
        if path.suffix != ".png":
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://|//[a-z]+\.", text), path


def test_a_page_is_kept_from_its_opener_over_tls_only() -> None:
    """Over plain a browser ignores it, and writes an error of it into everybody's console."""
    for target in ("/", "/desk", "/room/L213"):
        assert header(get(target, secure=True), "Cross-Origin-Opener-Policy") == "same-origin"
        assert header(get(target), "Cross-Origin-Opener-Policy") is None


# -- paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/board/../hub.py",
        "/app.js/../hub.py",
        "//app.js",
        "/app.js/",
        "/.git/config",
        "/web.py",
        "/room/../app.js",
        "/room/..%2fapp.js",
        "/room/L213.ics/x",
        "/APP.JS",
    ],
)
def test_no_path_leads_out_of_the_folder(target: str) -> None:
    assert get(target).status is HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("app.js", "slash"),
        ("http://elsewhere/app.js", "slash"),
        ("*", "slash"),
        ("", "slash"),
        ("/%", "hex"),
        ("/%zz", "hex"),
        ("/room/%C3%28", "UTF-8"),
        ("/room/%00", "written"),
        ("/room/L213%0d%0aSet-Cookie:x", "written"),
    ],
)
def test_a_path_that_cannot_be_understood_is_refused_with_the_reason(target: str, why: str) -> None:
    answer = get(target)
    assert answer.status is HTTPStatus.BAD_REQUEST
    assert why in answer.body.decode()


def test_a_huge_path_is_refused() -> None:
    assert get("/" + "a" * LONGEST_TARGET).status is HTTPStatus.REQUEST_URI_TOO_LONG


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_whatever_is_asked_gets_an_answer(target: str) -> None:
    for start in ("", "/", "/room/", "/room/%"):
        answer = get(start + target)
        assert answer.status in {
            HTTPStatus.OK,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.BAD_REQUEST,
        }, start + target


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=9), min_size=1, max_size=4))
def test_a_path_is_taken_apart_as_it_was_put_together(parts: list[str]) -> None:
    assert segments("/" + "/".join(quote(part, safe="") for part in parts) + "?x=/y") == parts


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "fr"),
        ("en", "en"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("fr;q=0.4, en;q=0.7", "en"),
        ("en;q=0.3,fr-CH", "fr"),
        ("de, *;q=0.5", "fr"),
        ("en;q=0", "fr"),
        (";;,q=,en;q=x", "en"),
    ],
)
def test_the_language_is_the_one_that_people_would_rather_read(accept: str, language: str) -> None:
    assert preferred(accept) == language


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_nothing_but_get_is_served(method: str) -> None:
    answer = get("/", method=method)
    assert answer.status is HTTPStatus.METHOD_NOT_ALLOWED
    assert header(answer, "Allow") == "GET"


# -- how the server is ----------------------------------------------------------------------------


def health(condition: Condition, now: datetime = NOON) -> tuple[HTTPStatus, dict[str, Any]]:
    answer = get("/healthz", condition=condition, now=now)
    return answer.status, json.loads(answer.body)


def test_a_server_that_is_well_says_so_with_its_numbers() -> None:
    status, told = health(WELL)
    assert status is HTTPStatus.OK
    assert told == {
        "well": True,
        "wrong": [],
        "seq": 7,
        "rooms": 1,
        "doors": 2,
        "clients": 3,
        "recorder_age": 1.5,
        "timetables": {"oasis": "2026-11-20T10:58:00Z"},
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"recorder_age": None}, "being read"),
        ({"recorder_age": RECORDER_LIMIT + 1}, "recorder has not answered for 31 s"),
        ({"sources": {OASIS: at("11:49")}}, "timetable oasis was not read since 2026-11-20T10:49"),
        ({"sources": {OASIS: None}}, "timetable oasis was not read today"),
    ],
)
def test_a_server_that_ails_is_503_and_says_of_what(changes: dict[str, Any], why: str) -> None:
    status, told = health(replace(WELL, **changes))
    assert status is HTTPStatus.SERVICE_UNAVAILABLE
    assert not told["well"]
    assert why in " ".join(told["wrong"])


def test_a_timetable_has_a_while_after_the_start_to_be_read() -> None:
    late = replace(WELL, sources={OASIS: None}, began_at=NOON)
    grace = timedelta(minutes=Rules().policy.stale_after)
    assert ails(late, Rules(), NOON + grace) == []
    assert ails(late, Rules(), NOON + grace + timedelta(seconds=1)) != []


def test_a_school_without_timetables_is_well() -> None:
    assert ails(replace(WELL, sources={}), Rules(), NOON) == []


def test_the_numbers_are_what_prometheus_reads() -> None:
    taken = known(room(booking("11:00", "13:00", confirmed_at="11:02"), key=RoomKey("L1")))
    of = shown(taken, known(room(key=RoomKey("L2"))), known(room(key=RoomKey("L3")), read_at=None))
    answer = get("/metrics", of=of)
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }
    assert told["toctoc_well",] == 1
    assert told["toctoc_log_seq",] == 7
    assert told["toctoc_recorder_age_seconds",] == 1.5
    assert told["toctoc_timetable_age_seconds", "oasis"] == 120
    assert told["toctoc_clients", "board"] == 3
    assert told["toctoc_doors",] == 2
    counted = {labels[0]: value for (name, *labels), value in told.items() if name == "toctoc_rooms"}
    assert {name: value for name, value in counted.items() if value} == {"in_use": 1, "free": 1, "unknown": 1}


# -- all rooms ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(k=knowns(), now=instants(), later=instants())
def test_rooms_json_tells_the_status_of_the_server_until_it_says(
    k: Known, now: datetime, later: datetime
) -> None:
    moment = max(now, later)
    of = shown(k, now=now)
    body, until = rooms_json(of, moment)
    (listed,) = msgspec.json.decode(body, type=Listing).rooms
    status = status_at(k, moment)
    assert (listed.status, listed.available, listed.closed) == (status.name, status.available, status.closed)
    assert (listed.out_of_order, listed.released) == (status.out_of_order, status.released)
    assert until > moment
    if listed.until is not None and listed.then is not None:
        assert status_at(k, listed.until).name == listed.then
        assert status_at(k, listed.until - timedelta(microseconds=1)).name == listed.status


def test_rooms_json_shows_titles_only_where_everybody_may_see_them() -> None:
    k = known(room(booking("11:00", "13:00")))
    for titles in (False, True):
        body, _ = rooms_json(shown(k, titles=titles), NOON)
        assert (b"Titre de b1" in body) is titles


def test_rooms_json_counts_people_while_their_presence_lasts() -> None:
    last = LastIntent(pressed_at=at("11:30"), press=EventId("p"), intent="present", until=at("12:30"))
    state = replace(room(), last=last, headcount=Headcount(count=12, at=at("11:40"), stands_at=at("11:40")))
    of = shown(known(state))
    (there,) = msgspec.json.decode(rooms_json(of, NOON)[0], type=Listing).rooms
    (gone,) = msgspec.json.decode(rooms_json(of, at("12:30"))[0], type=Listing).rooms
    assert (there.people, there.status) == (12, "occupied")
    assert (gone.people, gone.status) == (None, "free")


def test_rooms_json_is_made_again_when_something_changed_or_time_did_it() -> None:
    web, k = Web(FILES), known(room(booking("13:00", "14:00")))
    of = shown(k)
    first = get("/rooms.json", of=of, web=web)
    assert get("/rooms.json", of=of, web=web, now=at("12:49:59")) == first
    known_by = str(header(first, "ETag"))
    assert get("/rooms.json", of=of, web=web, known=known_by).status is HTTPStatus.NOT_MODIFIED
    soon = get("/rooms.json", of=of, web=web, now=at("12:50"), known=known_by)
    assert json.loads(soon.body)["rooms"][0]["status"] == "soon"
    changed = get("/rooms.json", of=shown(known(room()), version=2), web=web)
    assert json.loads(changed.body)["rooms"][0]["bookings"] == []


# -- a room's calendar ----------------------------------------------------------------------------


def events(body: bytes) -> list[icalendar.Event]:
    read = icalendar.Calendar.from_ical(body)
    assert read.errors == []
    found = [event for event in read.walk("VEVENT") if isinstance(event, icalendar.Event)]
    assert all(event.errors == [] for event in found)
    return found


def test_a_calendar_tells_what_was_planned_and_what_became_of_it() -> None:
    used = booking("08:00", "10:00", "b1", confirmed_at="08:04", kind="exam")
    missed = booking("10:00", "11:30", "b2")
    coming = booking("14:00", "15:00", "b3")
    body = get("/room/L213.ics", of=shown(known(room(used, missed, coming)), titles=True)).body
    told = [(str(e["SUMMARY"]), e.start, e.end, str(e.get("DESCRIPTION", ""))) for e in events(body)]
    assert told == [
        ("Titre de b1", at("08:00"), at("10:00"), "Présence confirmée à 08:04"),
        ("Titre de b2", at("10:00"), at("11:30"), "Personne n’a confirmé"),  # noqa: RUF001
        ("Titre de b3", at("14:00"), at("15:00"), ""),
    ]
    assert str(events(body)[0]["X-TOCTOC-CONFIRMED"]) == "20261120T070400Z"


def test_a_calendar_has_no_titles_where_not_everybody_may_see_them() -> None:
    of = shown(known(room(booking("08:00", "10:00"))))
    assert [str(e["SUMMARY"]) for e in events(get("/room/L213.ics", of=of).body)] == ["Réservation"]
    english = get("/room/L213.ics", of=of, language="en")
    assert [str(e["SUMMARY"]) for e in events(english.body)] == ["Booking"]
    assert header(english, "Vary") == "Accept-Language"


def test_a_calendar_holds_who_is_there_without_a_booking() -> None:
    last = LastIntent(pressed_at=at("11:30"), press=EventId("p"), intent="present", until=at("12:30"))
    walk_in = shown(known(replace(room(), last=last)))
    (event,) = events(get("/room/L213.ics", of=walk_in).body)
    assert (event.start, event.end) == (at("11:30"), at("12:30"))
    confirmed = room(booking("11:30", "12:30", confirmed_at="11:30"))
    (event,) = events(get("/room/L213.ics", of=shown(known(replace(confirmed, last=last)))).body)
    assert str(event["SUMMARY"]) == "Réservation", "that presence is this booking's"


def test_a_booking_over_whole_days_is_one_in_the_calendar() -> None:
    whole = booking(at("00:00"), at("00:00", DAY + timedelta(days=1)), all_day=True)
    (event,) = events(get("/room/L213.ics", of=shown(known(room(whole)))).body)
    assert (event.start, event.end) == (date(2026, 11, 20), date(2026, 11, 21))


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Conseil\u00a0: 9\u202fh", "Conseil : 9 h"),
        ("fête 👨\u200d👩\u200d👧", "fête 👨\u200d👩\u200d👧"),
        ("deux\r\nlignes, \\ et ;", "deux\nlignes, \\ et ;"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("Maths\u00ad avancées\ufeff", "Maths avancées"),
    ],
)
def test_a_title_is_told_in_letters_that_a_calendar_shows(title: str, told: str) -> None:
    k = known(room(booking("14:00", "15:00", "b3")))
    there = travelled(k, NOON, {b.text: title for b in k.room.bookings.values()})
    (event,) = events(calendar(there, k.rules, NOON, titles=True, language="fr"))
    assert str(event["SUMMARY"]) == told


@settings(deadline=None, max_examples=200)
@given(k=knowns(), now=instants(), title=st.text(max_size=200), name=st.text(min_size=1, max_size=40))
def test_every_calendar_can_be_read_back(k: Known, now: datetime, title: str, name: str) -> None:
    k = replace(k, room=replace(k.room, info=RoomInfo(name=name)))
    texts = {b.text: title for b in k.room.bookings.values()}
    shown_room = travelled(k, now, texts)
    body = calendar(shown_room, k.rules, now, titles=True, language="fr")
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    read = events(body)
    said = {str(event["UID"]).rpartition(".")[0]: event for event in read}
    for b in shown_room.titled.bookings:
        event = said[b.id]
        if not b.all_day:
            assert (event.start, event.end) == (b.start, b.end)
        kept = "".join(x for x in b.title or "" if unicodedata.category(x) != "Cf" or x in JOINERS)
        legible = "\n".join(printable(line) for line in kept.splitlines())
        if legible.strip():
            assert str(event["SUMMARY"]) == legible
    assert len({str(event["UID"]) for event in read}) == len(read)


def test_a_calendar_is_sent_again_only_when_something_changed() -> None:
    web, of = Web(FILES), shown(known(room(booking("11:00", "13:00"))))
    first = get("/room/L213.ics", of=of, web=web)
    again = get(
        "/room/L213.ics", of=of, web=web, now=NOON + timedelta(hours=1), known=str(header(first, "ETag"))
    )
    assert again.status is HTTPStatus.NOT_MODIFIED


# -- one look everywhere --------------------------------------------------------------------------


def board_words() -> dict[str, list[str]]:
    text = (FOLDER / "words.js").read_text(encoding="utf-8")
    told: dict[str, list[str]] = json.loads(re.sub(r"(?s).*export const WORDS = (\{.*\});\s*", r"\1", text))
    return told


def test_the_signs_are_called_as_on_the_doors() -> None:
    told = board_words()
    for sign in palette.LIGHT.signs.values():
        assert told[sign.word] == [words.say("fr", sign.word), words.say("en", sign.word)]


def test_every_word_has_both_languages_with_the_same_places() -> None:
    for name, (french, english) in board_words().items():
        assert re.findall(r"\{\w+\}", french) == re.findall(r"\{\w+\}", english), name
        assert french, name
        assert english, name


def test_the_signs_have_the_doors_colours() -> None:
    style = (FOLDER / "style.css").read_text(encoding="utf-8").replace("#fff;", "#ffffff;")
    for name, sign in palette.LIGHT.signs.items():
        assert f"--{name}: #{bytes(sign.ground).hex()};" in style
        assert f".sign-{name} {{ --ground: var(--{name}); --on: #{bytes(sign.ink).hex()}; }}" in style


def test_the_icons_are_as_large_as_the_manifest_says() -> None:
    manifest = json.loads((FOLDER / "manifest.webmanifest").read_text(encoding="utf-8"))
    for icon in manifest["icons"]:
        body = FILES[icon["src"]].body
        if icon["type"] == "image/png":
            width, height = int.from_bytes(body[16:20]), int.from_bytes(body[20:24])
            assert icon["sizes"] == f"{width}x{height}"
    assert manifest["start_url"] == "/"


def test_a_folder_that_is_not_whole_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"index\.html"):
        load_files(tmp_path)
