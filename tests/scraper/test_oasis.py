"""What the timeline reader reads from real pages, and what it refuses."""

from __future__ import annotations

import importlib.util
import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scraper import oasis
from scraper.errors import ScrapeError, Unreadable
from scraper.hours import Drawn, Grid, Written
from scraper.oasis_edges import Edge, Edges
from scraper.reading import Reading, Slot, as_json

PAGES = Path(__file__).parent / "pages"
PARIS = ZoneInfo("Europe/Paris")


def page(name: str) -> str:
    return (PAGES / f"{name}.html").read_text(encoding="utf-8")


def read(text: str, *, day: date | None = None) -> Reading:
    return oasis.parse(text.encode(), zone=PARIS, day=day)


def utc(hour: int, minute: int = 0, *, day: int = 14, month: int = 4) -> datetime:
    return datetime(2023, month, day, hour, minute, tzinfo=UTC)


def acceptance() -> ModuleType:
    spec = importlib.util.spec_from_file_location("acceptance", PAGES.parent.parent / "acceptance.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(path.stem for path in PAGES.glob("*.html")))
def test_a_real_page_gives_its_expected_result(name: str) -> None:
    assert acceptance().check(PAGES / f"{name}.html") == []


def test_rooms_come_in_the_order_of_the_page_and_slots_in_the_order_of_time() -> None:
    reading = read(page("fc3-busy"))
    assert list(reading.rooms)[:3] == ["L019", "L026", "L209"]
    assert all(
        list(slots) == sorted(slots, key=lambda s: (s.start, s.end, s.title))
        for slots in reading.rooms.values()
    )
    assert reading.days == (date(2023, 4, 14),)
    assert reading.shown == (utc(6), utc(18))
    assert reading.rooms["L019"] == (Slot(start=utc(8, 15), end=utc(9, 45), title="Allemand A2"),)


def test_the_second_dialect_reads_the_same_bookings_as_the_first() -> None:
    first, second = (read(page(name)) for name in ("fc3-clipped", "fc6-clipped"))
    assert first.rooms == second.rooms


def test_whole_days_are_all_day_and_the_school_s_day_long() -> None:
    slot = read(page("fc3-allday")).rooms["L019"][0]
    assert (slot.start, slot.end, slot.all_day) == (utc(22, day=7, month=5), utc(22, day=8, month=5), True)


def test_a_day_without_an_hour_is_twenty_three_hours_long() -> None:
    reading = read(page("fc3-dst-spring"))
    assert reading.shown is not None
    assert (reading.shown[1] - reading.shown[0]).total_seconds() == 23 * 3600
    assert reading.rooms["L026"][0].end - reading.rooms["L026"][0].start == (utc(1) - utc(0))


def autumn(hours_written: str) -> Slot:
    """A booking on the day that has 02:00 to 03:00 twice."""
    text = page("fc3-dst-spring").replace("2023-03-26", "2023-10-29")
    return read(text.replace("(01:30-03:30)", hours_written)).rooms["L026"][0]


def test_an_hour_that_comes_twice_is_read_as_widely_as_it_can_be_meant() -> None:
    slot = autumn("(01:30-03:30)")
    assert (slot.start, slot.end) == (utc(23, 30, day=28, month=10), utc(2, 30, day=29, month=10))
    assert (slot.end - slot.start).total_seconds() == 3 * 3600


# One booking changed by hand


def changed(attributes: str, *, name: str = "fc3-busy", words: str = "Allemand A2") -> Reading:
    """The busy page, with other attributes on one booking of L019, from 10:15 to 11:45."""
    text, count = re.subn(
        r'<a class="fc-timeline-event[^>]*>(<div class="fc-content"><span class="fc-title"[^>]*>)Allemand A2',
        lambda found: f"<a {attributes}>{found[1]}{words}",
        page(name),
        count=1,
    )
    assert count == 1
    return read(text)


WHOLE = 'class="fc-timeline-event fc-h-event fc-event fc-start fc-end"'
THERE = 'style="left: 247.5px; right: -412.5px; top: 0px;"'


@pytest.mark.parametrize(
    "tooltip",
    [
        'title="(10:15-11:45) Allemand A2"',
        'title="" data-original-title="(10:15-11:45) Allemand A2"',
        'title="" data-bs-original-title="(10:15-11:45) Allemand A2"',
        'aria-label="(10:15-11:45) Allemand A2"',
        'title="10h15 - 11h45 Allemand"',
        'title="10:15 AM to 11:45 AM, Allemand A2"',
        'title="(10:15\N{EN DASH}11:45) Allemand A2"',
        'title="(10:15-11:45)"',
    ],
)
def test_hours_are_found_wherever_a_tooltip_keeps_them(tooltip: str) -> None:
    reading = changed(f"{WHOLE} {THERE} {tooltip}")
    assert reading.rooms["L019"] == (Slot(start=utc(8, 15), end=utc(9, 45), title="Allemand A2"),)
    assert reading.problems == ()


@pytest.mark.parametrize(
    "tooltip",
    ["", 'title="Allemand A2"', 'title="(??:??-??:??) Allemand A2"', 'title="(25:00-26:00) Allemand A2"'],
)
def test_a_booking_without_usable_hours_is_reported_and_keeps_its_room_where_it_is_drawn(
    tooltip: str,
) -> None:
    reading = changed(f"{WHOLE} {THERE} {tooltip}")
    assert reading.rooms["L019"] == (
        Slot(start=utc(8, 15), end=utc(9, 45), title="Allemand A2", unsure=True),
    )
    (problem,) = reading.problems
    assert (problem.rooms, problem.title, problem.start, problem.end) == (
        ("L019",),
        "Allemand A2",
        utc(8, 15),
        utc(9, 45),
    )
    answer = as_json(reading)
    assert answer["rooms"]["L019"] == []
    assert answer["problems"][0]["title"] == "Allemand A2"
    assert answer["problems"][0]["start"] == "2023-04-14T10:15:00+02:00"


def test_a_booking_with_neither_hours_nor_a_place_keeps_its_room_for_the_whole_day() -> None:
    reading = changed(f'{WHOLE} title="Allemand A2"')
    assert reading.rooms["L019"] == (
        Slot(start=utc(22, day=13), end=utc(22), title="Allemand A2", unsure=True),
    )
    assert reading.problems[0].start is None


def test_hours_that_the_drawing_contradicts_are_unsure_and_cover_both() -> None:
    reading = changed(f'{WHOLE} {THERE} title="(14:00-15:00) Allemand A2"')
    assert reading.rooms["L019"] == (Slot(start=utc(8, 15), end=utc(13), title="Allemand A2", unsure=True),)
    assert "written 14:00 to 15:00, drawn 10:15 to 11:45" in reading.problems[0].what


def test_hours_are_believed_where_nothing_is_drawn_to_scale() -> None:
    text = re.sub(r'style="left: [^"]*"', "", page("fc3-busy"))
    assert read(text).rooms == read(page("fc3-busy")).rooms


def test_a_browser_that_zoomed_is_no_contradiction() -> None:
    def zoomed(found: re.Match[str]) -> str:
        return f"{found[1]}: {float(found[2]) * 1.37:.3f}px"

    text = re.sub(r"\b(left|right): (-?[\d.]+)px", zoomed, page("fc3-busy"))
    reading = read(text)
    assert reading.rooms == read(page("fc3-busy")).rooms
    assert reading.problems == ()


def test_a_page_from_right_to_left_is_measured_from_the_right() -> None:
    text = page("fc3-busy").replace("fc-ltr", "fc-rtl")
    text = re.sub(r"left: ([\d.]+)px; right: -([\d.]+)px", r"right: \1px; left: -\2px", text)
    reading = read(text)
    assert reading.rooms == read(page("fc3-busy")).rooms
    assert reading.problems == ()


def test_a_picture_that_is_being_dragged_is_no_booking() -> None:
    reading = changed(f'{WHOLE[:-1]} fc-helper" {THERE} title="(10:15-11:45) Allemand A2"')
    assert reading.rooms["L019"] == ()


def test_bookings_behind_a_link_to_more_keep_the_room_taken_and_are_reported() -> None:
    reading = changed(f'class="fc-timeline-more-link" {THERE}', words="+2 autres")
    assert [slot.unsure for slot in reading.rooms["L019"]] == [True]
    assert reading.problems[0].rooms == ("L019",)


def test_the_same_words_with_another_end_of_the_drawing_are_not_mixed_up() -> None:
    clipped = WHOLE.replace("fc-end", "fc-not-end")
    reading = changed(f'{clipped} style="left: 247.5px; right: -1333px;" title="(10:15-11:45) Allemand A2"')
    (slot,) = reading.rooms["L019"]
    assert (slot.start, slot.end, slot.cut_at_end) == (utc(8, 15), utc(22), True)


def test_a_heading_that_has_an_id_of_its_own_is_no_room_and_is_told() -> None:
    text = page("fc3-wings").replace(
        '<tr><td class="fc-divider"', '<tr data-resource-id="Aile"><td class="fc-divider"'
    )
    reading = read(text)
    assert "Aile" not in reading.rooms
    assert any(problem.rooms == ("Aile",) for problem in reading.problems)
    assert len(reading.rooms) == 35


def test_a_group_that_is_folded_away_is_told() -> None:
    text = page("fc3-wings").replace("fc-icon-down-triangle", "fc-icon-right-triangle")
    assert any("folded" in problem.what for problem in read(text).problems)


# FullCalendar 7: no class has a name


def test_class_names_that_change_with_each_release_say_nothing() -> None:
    text = re.sub(r'class="fc-[^"]*"', 'class="x"', page("fc7-titles"))
    assert read(text).rooms == read(page("fc7-titles")).rooms


def test_a_background_is_no_booking() -> None:
    inside = '<div title="(10:00-11:00) Ménage">Ménage</div>'
    band = f'<div style="inset-inline-start: 10px; width: 90px;">{inside}</div>'
    text, count = re.subn(
        r'(role="gridcell" data-resource-id="B101"[^>]*>)', rf"\1{band}", page("fc7-clipped")
    )
    assert count == 1
    assert read(text).rooms == read(page("fc7-clipped")).rooms


def test_rows_that_are_folded_away_are_told_and_their_heading_is_no_room() -> None:
    text = page("fc7-0-wings").replace('aria-expanded="true"', 'aria-expanded="false"')
    reading = read(text)
    assert {"w1", "w2", "w11"}.isdisjoint(reading.rooms)
    assert [problem.where for problem in reading.problems] == ["row w1", "row w11", "row w2"]
    assert all("folded" in problem.what for problem in reading.problems)


def test_a_row_that_is_missing_between_others_means_a_window() -> None:
    text = re.sub(
        r'<div role="row" aria-rowindex="4".*?(?=<div role="row" aria-rowindex="5")', "", page("fc7-0-wings")
    )
    assert "virtualization" in refusal(text).found


def test_a_page_of_the_seventh_that_lost_its_area_of_time_is_refused() -> None:
    text = page("fc7-clipped").replace('role="gridcell"', "")
    assert "missing" in refusal(text).found


GRID = Grid((480, 510), 540, (0.0, 50.0, 100.0))


@pytest.mark.parametrize(
    ("classes", "written", "drawn", "cuts"),
    [
        ("a", (490, 520), (16.7, 66.7), (False, False)),
        ("a", (480, 520), (0.0, 66.7), (False, False)),
        ("c", (480, 520), (0.0, 66.7), (True, False)),
        ("a", (400, 520), (0.0, 66.7), (True, False)),
        ("a", (490, 600), (16.7, 100.0), (False, True)),
        ("a", (0, 0), (0.0, 100.0), (True, True)),
        ("a", None, (0.0, 66.7), (True, False)),
        ("a", None, None, (False, False)),
    ],
)
def test_what_is_cut_is_told_by_its_hours_and_where_they_leave_it_open_by_its_style(
    classes: str,
    written: tuple[int, int] | None,
    drawn: tuple[float, float] | None,
    cuts: tuple[bool, bool],
) -> None:
    known = [
        (frozenset({"x", "a"}), Written(490, 520, strict=True), Drawn(16.7, 66.7)),
        (frozenset({"x", "c"}), Written(400, 520, strict=True), Drawn(0.0, 66.7)),
    ]
    edges = Edges.learned(GRID, known)
    assert edges.first == Edge(whole=frozenset("a"), cut=frozenset("c"))
    hours = None if written is None else Written(*written, strict=True)
    assert edges.cuts(frozenset({"x", classes}), hours, None if drawn is None else Drawn(*drawn)) == cuts


def test_where_no_style_is_known_what_begins_with_the_drawing_is_whole() -> None:
    assert Edges(GRID).cuts(frozenset("c"), Written(480, 540, strict=True), Drawn(0.0, 100.0)) == (
        False,
        False,
    )


# Refusals


def refusal(text: str | bytes, *, day: date | None = None, content_type: str | None = None) -> Unreadable:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(Unreadable) as caught:
        oasis.parse(data, zone=PARIS, day=day, content_type=content_type)
    assert caught.value.looked_for
    assert caught.value.found
    assert caught.value.looked_for in str(caught.value)
    return caught.value


def test_another_day_than_asked_is_refused() -> None:
    assert "2023-04-14" in refusal(page("fc3-busy"), day=date(2023, 4, 15)).found


def test_the_page_s_own_message_is_quoted() -> None:
    assert "Une erreur est survenue" in refusal(page("fc3-error")).found


def test_rows_without_bookings_on_a_page_that_still_loads_are_no_free_day() -> None:
    assert "loading" in refusal(page("fc3-loading")).found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<body class="">', '<body class="is-loading">'),
        ('<body class="">', '<body aria-busy="true">'),
        ('id="loading"', 'id="loading" style="display: block"'),
        ("#loading{display:none}", ""),
    ],
)
def test_an_empty_day_is_not_believed_under_any_sign_of_loading(old: str, new: str) -> None:
    assert read(page("fc3-empty")).status == "ok"
    assert "loading" in refusal(page("fc3-empty").replace(old, new, 1)).found


def test_a_view_of_several_days_is_refused() -> None:
    text = page("fc3-busy").replace("2023-04-14T19:30", "2023-04-17T19:30")
    assert "2023-04-17" in refusal(text).found


def test_a_calendar_without_rooms_is_named() -> None:
    text = re.sub(r' data-resource-id="[^"]*"', "", page("fc3-busy"))
    assert "fc-timelineDay-view" in refusal(text).found


def test_a_room_that_is_missing_from_one_of_the_two_columns_means_a_damaged_page() -> None:
    text = page("fc3-busy")
    at = text.rindex('<tr data-resource-id="V119">')
    end = text.index("</tr>", at)
    assert "V119" in refusal(text[:at] + text[end:]).found


def test_a_booking_outside_of_any_row_means_a_page_we_do_not_understand() -> None:
    stray = '<a class="fc-timeline-event fc-start fc-end" title="(09:00-10:00) X">X</a>'
    text = page("fc3-busy").replace('<div class="fc-slats">', f'<div class="fc-slats">{stray}', 1)
    assert "outside" in refusal(text).found


@pytest.mark.parametrize("share", [0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.999])
def test_a_page_that_breaks_off_is_refused(share: float) -> None:
    text = page("fc3-busy")
    assert refusal(text[: int(len(text) * share)]).looked_for


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(page("fc3-clipped").encode()) - 1))
def test_a_page_that_breaks_off_anywhere_is_refused_or_whole(cut: int) -> None:
    whole = page("fc3-clipped").encode()
    if b"</html>" in whole[:cut]:
        assert oasis.parse(whole[:cut], zone=PARIS).rooms == oasis.parse(whole, zone=PARIS).rooms
    else:
        refusal(whole[:cut])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_page_that_lost_a_piece_never_frees_a_room_in_silence(data: st.DataObject) -> None:
    """A piece cut out of the rows costs at most what it held, and then something is reported or refused."""
    whole = page("fc3-busy")
    low = data.draw(st.integers(whole.index("<body"), len(whole) - 20))
    high = data.draw(st.integers(low, min(low + 3000, len(whole) - 10)))
    try:
        reading = read(whole[:low] + whole[high:])
    except ScrapeError:
        return
    assert reading.status == "ok"
    assert reading.days == (date(2023, 4, 14),)


# Arbitrary bytes

PIECES = st.sampled_from(
    [
        b"<html>",
        b"</html>",
        b"<body class='is-loading'>",
        b"<div class='fc-view fc-timeline'>",
        b"<td class='fc-time-area'>",
        b"<td class='fc-resource-area'>",
        b"<table>",
        b"<tr data-resource-id='L1'>",
        b"<td data-resource-id='' class='fc-timeline-lane'>",
        b"<td data-date='2023-04-14T08:00:00'>",
        b"<td data-date='0001-01-01'>",
        b"<td data-date='9999-12-31T23:30'>",
        b"<td data-date='2023-13-41'>",
        b"<a class='fc-timeline-event fc-start' style='left: 1e9px; right: -px' title='(24:00-00:00)'>",
        b"<a class='fc-timeline-event fc-start fc-end' style='left: 0px; right: -5px' title='(08:00-08:30)'>",
        b"<a class='fc-timeline-more-link'>",
        b"<meta charset='utf-7'>",
        b"<meta charset='unicode_escape'>",
        b"<!DOCTYPE html [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>",
        b"&b;&#0;&#xD800;&#1114112;",
        b"\xff\xfe",
        b"\x00",
        b"<span class='fc-expander'>",
        b"<div role='treegrid' aria-rowcount='3'>",
        b"<div role='row' aria-rowindex='2' aria-expanded='true'>",
        b"<div role='gridcell' data-resource-id='L1'>",
        b"<div role='rowheader' data-resource-id='L1'>",
        b"<i data-date='2023-04-14T08:30' style='width: 9px'></i>",
        b"<p><b style='inset-inline-start: 0px; width: 9px'><i title='(08:00-08:30) x'>",
        b"</div></td></tr></table>",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=40).map(b"".join),
    st.sampled_from([b"", b"</html>"]),
)
def test_any_bytes_give_a_reading_or_a_scrape_error(data: bytes, end: bytes) -> None:
    try:
        oasis.parse(data + end, zone=PARIS)
    except ScrapeError:
        return


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=30), st.integers(0, 30))
def test_a_damaged_page_gives_a_reading_or_a_scrape_error(at: int, junk: bytes, lost: int) -> None:
    data = (PAGES / "fc3-clipped.html").read_bytes()
    at %= len(data)
    try:
        as_json(oasis.parse(data[:at] + junk + data[at + lost :], zone=PARIS))
    except ScrapeError:
        return


DATES = st.sampled_from(
    [
        "2023-04-14",
        "2023-04-15",
        "2023-10-29",
        "0001-01-02",
        "9999-12-29",
        "9999-12-31",
        "٢٠٢٣-٠٤-١٤",
        "2023-4-1",
    ]
)
TIMES = st.sampled_from(
    ["", "T00:00:00", "T08:00:00", "T08:30:00", "T12:00", "T23:30:00", "T23:59:59", "T99:99"]
)
NUMBERS = st.sampled_from(
    ["0", "-0", "1", "55.5", "-55.5", "-110", "-1333", "1e5", "1.2.3", "999999999999", ""]
)
CLASSES = st.sampled_from(
    [
        "fc-timeline-event fc-start fc-end",
        "fc-timeline-event",
        "fc-timeline-event fc-helper",
        "fc-timeline-more-link",
    ]
)
TIPS = st.one_of(
    st.from_regex(r"\(\d\d:\d\d-\d\d:\d\d\)[a-z]?", fullmatch=True),
    st.from_regex(r"\d{1,2}h\d{0,2} - \d{1,2}[h:]\d\d ?([ap]m)?", fullmatch=True),
    st.text(alphabet="(0123456789:-h) x", max_size=16),
)
EVENTS = st.lists(st.tuples(CLASSES, NUMBERS, NUMBERS, TIPS), max_size=4)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(DATES, TIMES), max_size=5), EVENTS, NUMBERS)
@example(  # a link to more that lies behind midnight
    [("2023-04-14", "T23:59:59")],
    [
        ("fc-timeline-event fc-start fc-end", "0", "-55.5", "(00:00-00:00)"),
        ("fc-timeline-more-link", "0", "-55.5", ""),
    ],
    "0",
)
def test_any_timeline_gives_slots_within_its_day_or_a_scrape_error(
    slots: list[tuple[str, str]], events: list[tuple[str, str, str, str]], width: str
) -> None:
    row = '<tr data-resource-id="L1"><td>'
    cells = "".join(f'<td data-date="{day}{time}"></td>' for day, time in slots)
    bookings = "".join(
        f'<a class="{classes}" style="left: {left}px; right: {right}px" title="{tip}">x</a>'
        for classes, left, right, tip in events
    )
    text = (
        '<html><body><div class="fc-view fc-timeline"><table><tr>'
        f'<td class="fc-resource-area"><table>{row}</td></tr></table></td>'
        f'<td class="fc-time-area"><table>{row}{bookings}</td></tr></table>'
        f'<div style="width: {width}px"><table><tr>{cells}</tr></table></div>'
        "</td></tr></table></div></body></html>"
    )
    try:
        reading = read(text)
    except ScrapeError:
        return
    as_json(reading)
    drawn = [tip for classes, _, _, tip in events if "fc-helper" not in classes]
    told = sum("next day" in problem.what for problem in reading.problems)
    assert len(reading.rooms["L1"]) + told == len(drawn)
    for slot in reading.rooms["L1"]:
        assert slot.start < slot.end
        assert (slot.end - slot.start).total_seconds() <= 25 * 3600


def test_deep_nesting_is_refused_and_not_half_read() -> None:
    text = page("fc3-busy").replace('<div id="calendar"', "<div>" * 100_000 + '<div id="calendar"')
    refusal(text)
