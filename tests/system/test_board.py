"""The board in a real browser, against the real server."""

# ruff: noqa: RUF001  # apostrophes and dashes of good typography

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from actors.entry.codes import HOLDS
from actors.entry.credentials import new_secret, proof_of, token
from events.domain import DoorPaired, HeadcountChanged, PresencePressed
from events.ids import RoomKey
from events.search import Wish
from events.wire import (
    Challenge,
    CloseRoom,
    Done,
    DoorCodes,
    Find,
    Found,
    GrantAccess,
    Granted,
    Hello,
    Paired,
    PairingCode,
    PostNotice,
    Pressed,
)
from tests.actors.stack import (
    ROOMS,
    DoorClient,
    School,
    Talk,
    free_port,
    greeted,
    local,
    running,
    serving_pages,
    write_school,
)
from tests.actors.stack import (
    page as timetable,
)
from tests.clock import FakeClock
from tests.system.chromium import Page, Pages, pages
from tests.system.processes import Server

AXE = Path(__file__).resolve().parents[2] / "var" / "axe" / "axe.min.js"
BOARD = '[board]\nurl = "http://rooms.example"\n'
MANY = tuple(f"{wing}{floor}{number:02}" for wing in "LV" for floor in range(1, 4) for number in range(1, 21))
BACK_WITHIN = 3.0


@pytest.fixture(scope="module")
def chromium() -> Iterator[Pages]:
    with pages() as running_browser:
        yield running_browser


@pytest.fixture
def browser(chromium: Pages) -> Iterator[Pages]:
    yield chromium
    try:
        assert chromium.errors == []
    finally:
        chromium.forget()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(local(9, 7))


@pytest.fixture
def school(tmp_path: Path, clock: FakeClock) -> Iterator[School]:
    """The busy day at 09:07: L213 is booked from 8 to 10, L227 is free."""
    with serving_pages() as site:
        source = f'name = "oasis"\nurl = "{site.show(timetable())}"\nallow_private = true'
        with running(tmp_path, clock, sources=[source], more=BOARD) as school:
            school.wait_for("timetable-read")
            school.wait_published()
            yield school


def web(school: School) -> str:
    return school.address.replace("ws://", "http://")


def sign(page: Page, room: str) -> str:
    return page.text(f'[data-room="{room}"] .state b')


def shows(room: str, word: str) -> str:
    return f"""document.querySelector('[data-room="{room}"] .state b').textContent === "{word}" """


LISTED = "document.querySelectorAll('.room').length > 0 && !document.body.classList.contains('cut')"


def operator(school: School) -> Hello:
    return Hello(role="operator", token=school.token)


def code_of(school: School, room: str) -> str:
    with DoorClient(room).connect(school.address) as door:
        return door.until(DoorCodes).codes[0].code


def at_the_door(browser: Pages, school: School, room: str, **options: Any) -> Page:
    """A phone that scanned a door's code."""
    phone = browser.open(f"{web(school)}/room/{room}#{code_of(school, room)}", **options)
    phone.until("document.querySelector('.door')")
    return phone


# -- what is shown --------------------------------------------------------------------------------


def test_the_list_shows_every_room_with_its_sign_and_until_when(browser: Pages, school: School) -> None:
    page = browser.open(web(school))
    page.until("document.querySelectorAll('.room').length === 5")
    assert page.run("[...document.querySelectorAll('.room')].map(e => e.dataset.room)") == [
        "L209",
        "L210",
        "L213",
        "L227",
        "V107",
    ]
    assert page.text('[data-room="L213"]').split("\n") == ["L213", "Réservée", "jusqu’à 10\u00a0h"]
    assert sign(page, "L227") == "Libre"
    assert page.text("#clock") == "09:07", "the school's clock, not the phone's in New York"
    assert page.run("document.title") == "Salles · Test"
    assert page.text(".wing h2") == "Aile L 3 libres sur 4"


def test_a_door_presses_and_every_page_changes(browser: Pages, school: School) -> None:
    one, two = browser.open(web(school)), browser.open(f"{web(school)}/room/L227")
    one.until(LISTED)
    two.until("document.querySelector('.sign-free')")
    door = DoorClient("L227")
    with door.connect(school.address) as talk:
        talk.say(door.press())
        talk.until(Pressed)
        one.until(shows("L227", "Occupée"))
        two.until("document.querySelector('.sign-taken')")
        assert two.text(".line") == "jusqu’à 10 h 07".replace("h ", "h\u00a0").replace(" h", "\u00a0h")
        talk.say(door.press("leaving"))
        one.until(shows("L227", "Libre"))
        two.until("document.querySelector('.sign-free')")


def test_a_sign_changes_when_its_time_has_come_and_nobody_says_anything(
    browser: Pages, tmp_path: Path
) -> None:
    with serving_pages() as site:
        source = f'name = "oasis"\nurl = "{site.show(timetable())}"\nallow_private = true'
        with running(tmp_path, FakeClock(local(9, 59) + timedelta(seconds=57)), sources=[source]) as school:
            school.wait_for("timetable-read")
            school.wait_published()
            page = browser.open(web(school))
            page.until(shows("L213", "Réservée"))
            page.until(f"!({shows('L213', 'Réservée')})", within=6)


def test_what_the_page_says_is_what_the_server_says(browser: Pages, school: School) -> None:
    words = {"in_use": "Occupée", "occupied": "Occupée", "booked": "Réservée", "free": "Libre"}
    page = browser.open(web(school))
    page.until(LISTED)
    listed = page.run("fetch('/rooms.json').then(answer => answer.json())")["rooms"]
    assert len(listed) == 5
    for room in listed:
        assert sign(page, room["room"]) == words[room["status"]]


def test_a_room_out_of_order_says_so_and_not_why_and_notices_are_shown(
    browser: Pages, school: School
) -> None:
    page = browser.open(web(school))
    page.until(LISTED)
    with greeted(school.address, operator(school)) as desk:
        desk.say(CloseRoom(id=1, room=RoomKey("L210"), reason="Fuite chez M. Dupont"))
        desk.say(PostNotice(id=2, topic="school", text="Portes ouvertes samedi"))
        desk.say(PostNotice(id=3, topic="room/V107", text="Vidéoprojecteur changé"))
        for ref in (1, 2, 3):
            desk.until(Done, ref=ref)
    page.until(shows("L210", "Hors service"))
    page.until("document.querySelectorAll('#notices p').length === 2")
    assert "Dupont" not in page.run("document.body.innerText")
    page.click('[data-room="L213"]')
    page.until("document.querySelectorAll('#notices p').length === 1")
    assert page.text("#notices") == "Portes ouvertes samedi"


def test_an_hour_of_another_day_says_of_which(browser: Pages, school: School) -> None:
    page = browser.open(web(school))
    page.until(LISTED)
    closed = {
        "L209": local(18, 0) + timedelta(days=1),
        "L210": local(18, 0) + timedelta(days=3),
        "L227": local(18, 0),
    }
    with greeted(school.address, operator(school)) as desk:
        for ref, (room, until) in enumerate(closed.items(), start=1):
            desk.say(CloseRoom(id=ref, room=RoomKey(room), until=until))
            desk.until(Done, ref=ref)
    page.until(shows("L227", "Hors service"))
    told = [page.text(f'[data-room="{room}"] .state span') for room in closed]
    assert [text.replace("\u00a0", " ") for text in told] == [
        "jusqu’à 18 h demain",
        "jusqu’à 18 h lundi 23 novembre",
        "jusqu’à 18 h",
    ]


def test_a_narrow_page_is_never_wider_than_the_phone(browser: Pages, tmp_path: Path) -> None:
    rooms = ("L213", "Amphithéâtre Marguerite-Perey", "X" * 63)
    with running(tmp_path, FakeClock(local(9, 7)), rooms=rooms) as school:
        for path in ("/", "/room/L213", f"/room/{rooms[2]}"):
            page = browser.open(f"{web(school)}{path}", size=(320, 640))
            page.until("document.querySelector('.room, .sign') && !document.body.classList.contains('cut')")
            assert page.run("document.documentElement.scrollWidth") == 320, path


def test_a_room_or_wing_that_is_not_there_is_said_so(browser: Pages, school: School) -> None:
    page = browser.open(f"{web(school)}/room/X1")
    page.until("document.querySelector('main h1')")
    assert page.text("main h1") == "Il n’y a pas de salle X1 ici."
    page.click(".back a")
    page.until(LISTED)
    page.go(f"{web(school)}/wing/Q")
    page.until("document.querySelector('main h1').textContent.includes('aile Q')")
    assert all("404" in error for error in browser.errors)
    browser.errors.clear()


def test_old_timetables_are_told_loudly(browser: Pages, school: School, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=25))
    page = browser.open(web(school))
    page.until("document.querySelector('.stale')")
    assert "09" not in page.text(".stale")
    assert "9\u00a0h\u00a007" in page.text(".stale")


# -- looking for a room ---------------------------------------------------------------------------


def listed(page: Page) -> list[str]:
    rooms: list[str] = page.run("[...document.querySelectorAll('.room')].map(e => e.dataset.room)")
    return rooms


def choose(page: Page, name: str, value: str) -> None:
    page.run(
        f"(() => {{ const e = document.querySelector('.filters [name={name}]'); e.value = '{value}';"
        "e.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def test_filters_leave_only_what_fits_and_are_kept_in_the_address(browser: Pages, school: School) -> None:
    page = browser.open(web(school), size=(1280, 800))
    page.until(LISTED)
    now, rooms = school.clock.now(), page.run("fetch('/rooms.json').then(answer => answer.json())")["rooms"]
    for minutes in (30, 120, 240):
        free = [
            room["room"]
            for room in rooms
            if room["available"]
            and not any(
                now < datetime.fromisoformat(b["start"]) < now + timedelta(minutes=minutes)
                for b in room["bookings"]
            )
        ]
        assert 0 < len(free) < len(rooms)
        choose(page, "free", str(minutes))
        page.until(f"document.querySelectorAll('.room').length === {len(free)}")
        assert listed(page) == free
    choose(page, "wing", "V")
    page.until("!document.querySelector('[data-room=L227]')")
    assert listed(page) == [room for room in free if room.startswith("V")]
    assert page.run("location.search") == "?free=240&wing=V"
    choose(page, "wing", "")
    page.go(page.run("location.href"))
    page.until(LISTED)
    assert listed(page) == free
    choose(page, "seats", "999")
    page.until("document.querySelector('.none')")
    assert listed(page) == []


def test_the_nearest_free_room_is_found_with_the_reasons_against_nearer_ones(
    browser: Pages, school: School
) -> None:
    with greeted(school.address, Hello(role="board")) as board:
        board.say(Find(id=1, wish=Wish(origin=RoomKey("V107"), minutes=90)))
        answer = board.until(Found).answer
    assert answer.rooms
    assert answer.refused
    page = browser.open(f"{web(school)}/?free=90")
    page.until("document.querySelector('.near select')")
    choose(page, "near", "V107")
    page.click(".near button")
    page.until("document.querySelector('#found')")
    found = page.run("[...document.querySelectorAll('#found ol a')].map(e => e.textContent)")
    assert found == [room.room for room in answer.rooms]
    refused = page.run("[...document.querySelectorAll('#found details li')].map(e => e.textContent)")
    assert [text.split()[0] for text in refused] == [refusal.room for refusal in answer.refused]
    words = {"booked-soon": "réservée dès", "booked": "réservée jusqu’à"}
    for text, refusal in zip(refused, answer.refused, strict=True):
        assert words[refusal.why] in text
    assert page.run("document.activeElement.id") == "found"


# -- at the door ----------------------------------------------------------------------------------


def test_two_phones_at_a_door_count_together(browser: Pages, school: School) -> None:
    one = at_the_door(browser, school, "L227")
    two = at_the_door(browser, school, "L227", language="en-GB")
    assert one.run("document.querySelector('.counter button:last-child').disabled") is True
    one.click(".present")
    for phone in (one, two):
        phone.until("document.querySelector('.sign-taken')")
    # Within one turn of the page: three clicks over the wire may take longer than the 250 ms.
    more = "document.querySelector('.counter button:last-child').click();"
    one.run(f"(() => {{ {3 * more} }})()")
    assert one.text("output") == "3 personnes", "shown at once"
    two.until("document.querySelector('output').textContent === '3 people'")
    two.click(".counter button:first-child")
    one.until("document.querySelector('output').textContent === '2 personnes'")
    counted = [record.event for record in school.wait_for("headcount-changed", 2)]
    assert [(e.count, e.by, e.kiosk) for e in counted if isinstance(e, HeadcountChanged)] == [
        (3, "phone", None),
        (2, "phone", None),
    ], "three taps are one word"
    (press,) = school.records("presence-pressed")
    assert isinstance(press.event, PresencePressed)
    assert (press.event.press.by, press.event.effect, press.event.signature) == ("phone", "walk-in", "")
    one.click(".leaving")
    two.until("document.querySelector('.sign-free')")
    assert two.text("output") == "nobody has counted", "a count ends with the presence it counted"


def test_the_code_is_out_of_the_address_at_once_and_never_in_a_request(
    browser: Pages, school: School
) -> None:
    code = code_of(school, "L227")
    phone = browser.open(f"{web(school)}/room/L227#{code}")
    phone.until("document.querySelector('.door')")
    assert phone.run("location.href") == f"{web(school)}/room/L227"
    assert phone.run("history.length") <= 2
    assert not [url for url in browser.requests if code in urlsplit(url)._replace(fragment="").geturl()]


def test_an_old_code_only_shows_and_says_why(browser: Pages, school: School, clock: FakeClock) -> None:
    code = code_of(school, "L227")
    clock.advance(HOLDS)
    phone = browser.open(f"{web(school)}/room/L227#{code}")
    phone.until("document.querySelector('.stale')")
    assert "scannez de nouveau" in phone.text("main")
    assert phone.run("document.querySelector('.door')") is None
    assert phone.text(".word") == "Libre"


def test_a_phone_without_a_code_only_shows(browser: Pages, school: School) -> None:
    phone = browser.open(f"{web(school)}/room/L227")
    phone.until("document.querySelector('.sign')")
    assert phone.run("[...document.querySelectorAll('main button')].map(b => b.textContent).length") == 1
    assert "scannez le code" in phone.text(".scan")


# -- the line -------------------------------------------------------------------------------------


def test_a_killed_server_is_said_and_its_return_is_noticed_within_3_s(browser: Pages, tmp_path: Path) -> None:
    port = free_port()
    config = write_school(tmp_path, port=port)
    server = Server(config, port)
    try:
        lists = browser.open(f"http://127.0.0.1:{port}/", size=(1280, 800))
        phone = browser.open(f"http://127.0.0.1:{port}/room/L227")
        lists.until(LISTED)
        phone.until("document.querySelector('.sign')")
        lists.run("window.same = true")
        server.kill()
        for page in (lists, phone):
            page.until("document.body.classList.contains('cut')")
            assert "Sans liaison depuis" in page.text("#link")
            assert page.run(
                "['clock', 'language'].every(id => document.getElementById(id).getBoundingClientRect().bottom"
                " <= document.getElementById('link').getBoundingClientRect().top)"
            ), "the warning covers neither the clock nor the language"
        assert len(listed(lists)) == 5, "what was known is still shown"
        assert "grayscale" in lists.run("getComputedStyle(document.querySelector('main')).filter")
        # Long enough for a browser to make WebSockets that fail wait (it would come back in 1 to 5 s).
        browser.browser.listen(6)
        browser.said.clear()
        server = Server(config, port)
        came_back = time.monotonic()
        for page in (lists, phone):
            page.until("!document.body.classList.contains('cut')", within=BACK_WITHIN)
        assert time.monotonic() - came_back < BACK_WITHIN
        assert lists.run("window.same") is True, "the page was not loaded again"
        lists.until("document.querySelector('#link').textContent === 'À jour'")
        subscribed = [message for message in browser.said if message["type"] == "subscribe"]
        assert sorted(message["topics"] for message in subscribed) == [["room/L227"], ["school"]]
        assert all(message["seq"] > 0 for message in subscribed), "only what changed is asked for"
    finally:
        server.close()
    browser.errors.clear()  # connections that were refused, as they should be


def test_only_what_is_on_the_screen_is_asked_for(browser: Pages, school: School) -> None:
    phone = browser.open(f"{web(school)}/room/L227")
    phone.until("document.querySelector('.sign')")
    assert [m["topics"] for m in browser.said if m["type"] == "subscribe"] == [["room/L227"]]
    phone.click(".back a")
    phone.until("document.querySelectorAll('.room').length === 5")
    assert [m["topics"] for m in browser.said if m["type"] == "subscribe"][1:] == [["school"]]
    door = DoorClient("V107")
    with door.connect(school.address) as talk:
        talk.say(door.press())
        talk.until(Pressed)
    phone.until(shows("V107", "Occupée"))


def test_nothing_is_asked_of_anybody_else(browser: Pages, school: School) -> None:
    for path in ("/", "/room/L213", "/wing/L", "/?wall=1"):
        browser.open(web(school) + path).until("document.querySelector('.shape') !== null")
    host = urlsplit(school.address).netloc
    assert len(browser.requests) > 8
    assert {urlsplit(url).netloc for url in browser.requests if url != "about:blank"} == {host}
    refused = browser.open(web(school)).run(
        "fetch('https://elsewhere.example/').then(() => 'sent', error => error.name)"
    )
    assert refused == "TypeError"
    browser.browser.listen(0.1)
    assert any("Content Security Policy" in error for error in browser.errors)
    browser.errors.clear()


# -- languages, hands and eyes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "word", "line"),
    [
        ("fr-CH", "Réservée", "jusqu’à 10\u00a0h"),
        ("en-US", "Booked", "until 10:00"),
        ("de-DE", "Réservée", None),
    ],
)
def test_the_page_speaks_the_language_of_the_phone(
    browser: Pages, school: School, language: str, word: str, line: str | None
) -> None:
    page = browser.open(web(school), language=language)
    page.until(LISTED)
    assert sign(page, "L213") == word
    if line:
        assert page.run("document.querySelector('[data-room=L213] .state span').textContent") == line
    assert page.run("document.documentElement.lang") == ("en" if language == "en-US" else "fr")


def test_the_other_language_is_one_press_away_and_remembered(browser: Pages, school: School) -> None:
    page = browser.open(web(school))
    page.until(LISTED)
    page.click("#language")
    page.until(shows("L213", "Booked"))
    page.go(f"{web(school)}/room/L213")
    page.until("document.querySelector('.word').textContent === 'Booked'")
    assert page.text("#language") == "Français"


def test_all_of_it_can_be_done_by_keyboard(browser: Pages, school: School) -> None:
    page = browser.open(web(school))
    page.until(LISTED)
    focused = []
    for _ in range(12):
        page.key("Tab", 9)
        focused.append(page.run("(e => e.id || e.name || e.tagName)(document.activeElement)"))
        if page.run("document.activeElement.dataset.room") is not None:
            break
    assert focused == ["skip", "school", "language", "near", "BUTTON", "SUMMARY", "A"]
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.ask("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r", windowsVirtualKeyCode=13)
    page.until("document.querySelector('.sign')")
    assert page.run("document.activeElement.id") == "main"
    page.run("history.back()")
    page.until(LISTED)


def axe(page: Page) -> list[str]:
    if not AXE.exists():
        if os.environ.get("TOCTOC_NO_SKIP"):
            pytest.fail("axe-core is missing: make var/axe/axe.min.js")
        pytest.skip("needs axe-core: make var/axe/axe.min.js")
    page.run(AXE.read_text(encoding="utf-8") + ";0")
    found = page.run("axe.run(document).then(result => result.violations)")
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:150]} {node.get('failureSummary', '')}"
        for fault in found
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(browser: Pages, school: School, *, dark: bool) -> None:
    door = at_the_door(browser, school, "L227", dark=dark)
    assert axe(door) == []
    door.click(".present")
    door.until("document.querySelector('.sign-taken')")
    assert axe(door) == []
    for path, ready in (
        ("/", LISTED),
        ("/room/L213", "document.querySelector('.sign')"),
        ("/?wall=1", LISTED),
        (f"/?at={past(school)}", "document.querySelector('.room')"),
    ):
        page = browser.open(web(school) + path, dark=dark, size=(1280, 800))
        page.until(ready)
        page.run("new Promise(done => setTimeout(done, 300))")  # colours fade in
        if path == "/":
            page.click(".near button")
            page.until("document.querySelector('#found')")
        assert axe(page) == [], path


# -- the hall's big screen and the past -----------------------------------------------------------


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1280, 720)])
def test_the_wall_shows_all_rooms_at_once_without_anything_to_touch(
    browser: Pages, school: School, size: tuple[int, int]
) -> None:
    page = browser.open(f"{web(school)}/?wall=1", size=size)
    page.until(LISTED)
    controls = "[...document.querySelectorAll('button, input, select, summary')]"
    assert page.run(f"{controls}.filter(e => e.offsetParent).length") == 0
    assert page.run("document.documentElement.scrollHeight <= innerHeight")
    assert page.run(
        "[...document.querySelectorAll('.room')].every(e => { const r = e.getBoundingClientRect();"
        "return r.bottom <= innerHeight && r.right <= innerWidth && r.height > 40; })"
    )


def test_a_wall_that_warns_of_old_timetables_still_shows_all_rooms(browser: Pages, tmp_path: Path) -> None:
    rooms = (*MANY, "Amphithéâtre Marguerite-Perey et salle de conférences")
    with running(tmp_path, FakeClock(local(9, 7)), rooms=rooms) as school:
        page = browser.open(f"{web(school)}/?wall=1", size=(1920, 1080))
        page.until(f"document.querySelectorAll('.room').length === {len(rooms)}")
        page.until("document.querySelector('.stale')")
        assert page.run(
            "[...document.querySelectorAll('.room, .room .mark, .room .name, .room .state')]"
            ".every(e => e.getBoundingClientRect().bottom <= innerHeight)"
        )


def test_a_wall_too_small_for_all_rooms_turns_its_sheets(browser: Pages, tmp_path: Path) -> None:
    with running(tmp_path, FakeClock(local(9, 0) + timedelta(seconds=13)), rooms=MANY) as school:
        page = browser.open(f"{web(school)}/?wall=1", size=(640, 480))
        page.until(LISTED)
        first = listed(page)
        assert 0 < len(first) < len(MANY)
        page.until(f"document.querySelector('.room').dataset.room !== '{first[0]}'")
        second = listed(page)

        def behind(sheet: list[str]) -> str:
            begin = MANY.index(sheet[0])
            assert sheet == list(MANY[begin : begin + len(sheet)])
            return (*MANY, *MANY)[begin + len(sheet)]

        # This clock stands still, and heartbeats set the page's by it: a slow browser sees them turn back.
        assert behind(first) == second[0] or behind(second) == first[0]
        assert set(second).isdisjoint(first)


def past(school: School) -> str:
    return f"{school.clock.now().astimezone(UTC):%Y-%m-%dT%H:%M}Z"


def test_a_past_instant_is_shown_as_it_was(browser: Pages, school: School, clock: FakeClock) -> None:
    door = DoorClient("L227")
    clock.advance(timedelta(minutes=3))
    with door.connect(school.address) as talk:
        talk.say(door.press())
        talk.until(Pressed)
    clock.advance(timedelta(minutes=30))
    page = browser.open(f"{web(school)}/?at=2026-11-20T08:08Z", size=(1280, 800))
    page.until("document.querySelectorAll('.room').length === 5")
    assert sign(page, "L227") == "Libre"
    assert page.text(".past p") == "État du vendredi 20 novembre, 9\u00a0h\u00a008"
    assert int(page.run("document.querySelector('[type=range]').value")) == 9 * 60 + 10, "the school's hour"
    page.run(
        "(() => { const e = document.querySelector('[type=range]'); e.value = 9 * 60 + 15;"
        "e.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    page.until(shows("L227", "Occupée"))
    assert page.run("location.search") == "?at=2026-11-20T08%3A15Z"
    page.go(f"{web(school)}/?at=2026-11-20T03:00Z")
    page.until("document.querySelector('.past p').textContent.includes('avant le début')")
    assert not [m for m in browser.said if m["type"] == "subscribe"], "the past asks for nothing live"
    browser.errors.clear()  # the browser tells of the 404


def test_the_board_is_silent_about_titles_unless_the_school_says_so(browser: Pages, school: School) -> None:
    page = browser.open(f"{web(school)}/room/L213")
    page.until("document.querySelector('.bookings')")
    titles = page.run("[...document.querySelectorAll('.bookings span')].map(e => e.textContent)")
    assert set(titles) == {"Réservation"}


# -- the desk's page ------------------------------------------------------------------------------


def logged_in(browser: Pages, school: School, **options: Any) -> Page:
    """Somebody of the front desk, who was granted access and types their token."""
    secret = new_secret()
    with greeted(school.address, operator(school)) as desk:
        desk.say(GrantAccess(id=1, name="Marie", role="operator", proof=proof_of("operator", secret)))
        number = desk.until(Granted).access
    school.wait_published()
    page = browser.open(f"{web(school)}/desk", **options)
    page.until("!document.getElementById('login').hidden")
    page.click("#login input")
    page.write(token(number, secret))
    page.click("#login button")
    page.until("!document.getElementById('inside').hidden")
    assert page.text("#who") == "Vous êtes Marie."
    return page


def test_the_desk_lets_a_door_in_by_the_code_that_it_shows(browser: Pages, school: School) -> None:
    desk = logged_in(browser, school)
    door = DoorClient("L213")
    with Talk(school.address) as waits:
        waits.say(door.unpaired(waits.until(Challenge).nonce, waits.server))
        code = waits.until(PairingCode).code
        for field, text in (("code", "BCDF-GHJK"), ("room", "L213"), ("name", "porte nord")):
            desk.click(f"#pair [name={field}]")
            desk.write(text)
        desk.click("#pair button")
        desk.until("document.getElementById('said').textContent.startsWith('Aucune porte n’affiche ce code')")
        desk.run("document.querySelector('#pair [name=room]').value = 'l213'")
        desk.click("#pair button")
        desk.until("document.getElementById('said').textContent === 'Il n’y a pas de salle l213 ici.'")
        offered = desk.run("[...document.querySelectorAll('#rooms option')].map(e => e.value)")
        assert sorted(offered) == sorted(ROOMS), "which rooms there are can be looked up"
        desk.run("document.querySelector('#pair [name=code]').value = ''")
        desk.run("document.querySelector('#pair [name=room]').value = 'L213'")
        desk.click("#pair [name=code]")
        desk.write(code.lower())
        desk.click("#pair button")
        assert waits.until(Paired).room == "L213"
    desk.until("document.getElementById('said').textContent.includes('associée à L213')")
    shown = " ".join(door.kiosk[n : n + 4] for n in range(0, 16, 4))
    assert shown in desk.text("#said"), "what is compared with the door's screen"
    (paired,) = school.records("door-paired")
    assert isinstance(paired.event, DoorPaired)
    assert (paired.event.kiosk, paired.event.name, paired.event.operator) == (door.kiosk, "porte nord", 1)


def test_who_is_logged_in_sees_the_titles_of_the_past_and_nobody_else(browser: Pages, school: School) -> None:
    titles = "[...document.querySelectorAll('.bookings span')].map(e => e.textContent)"
    at = f"{web(school)}/room/L213?at={past(school)}"
    stranger = browser.open(at)
    stranger.until("document.querySelector('.bookings')")
    assert set(stranger.run(titles)) == {"Réservation"}
    desk = logged_in(browser, school)
    desk.go(at)
    desk.until("document.querySelector('.bookings')")
    seen = set(desk.run(titles))
    assert seen
    assert "Réservation" not in seen
    desk.go(f"{web(school)}/desk")
    desk.until("!document.getElementById('inside').hidden")
    desk.click("#logout")
    desk.until("!document.getElementById('login').hidden")
    desk.go(at)
    desk.until("document.querySelector('.bookings')")
    assert set(desk.run(titles)) == {"Réservation"}


def test_who_has_no_token_stays_outside_and_is_told_why(browser: Pages, school: School) -> None:
    page = browser.open(f"{web(school)}/desk", language="en-GB")
    page.until("!document.getElementById('login').hidden")
    page.click("#login input")
    page.write("1.wrong")
    page.click("#login button")
    page.until("document.getElementById('said').textContent.includes('token is not valid')")
    assert page.run("document.getElementById('inside').hidden")
    browser.errors.clear()  # the browser tells of the 401


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_at_the_desk(browser: Pages, school: School, *, dark: bool) -> None:
    page = browser.open(f"{web(school)}/desk", dark=dark)
    page.until("!document.getElementById('login').hidden")
    assert axe(page) == []
    assert axe(logged_in(browser, school, dark=dark)) == []
