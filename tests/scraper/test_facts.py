"""From changes to facts: what is recorded, and what is kept apart."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from events.domain import BookingAdded, BookingChanged, BookingRemoved, Span
from events.ids import BookingId, EventId, RoomKey, SourceName, parse_room_key
from events.log import Draft
from events.personal import commitment, read_text
from events.state import Booking
from scraper.diff import Added, Change, Changed, Known, Removed, Seen
from scraper.facts import Lens
from scraper.reading import Reading, Slot

L213, L218 = RoomKey("L213"), RoomKey("L218")
NINE = datetime(2026, 11, 20, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
READ_AT = NINE - 3 * HOUR
LENS = Lens(
    source=SourceName("oasis"),
    key=b"k" * 32,
    kinds=(("exam", re.compile("examen|partiel", re.IGNORECASE)), ("course", re.compile("^CM "))),
    rooms={"L213": L213, "Salle 213": L213, "L218": L218},
)
SLOT = Slot(start=NINE, end=NINE + HOUR, title="CM Algèbre, Mme Dupont")


def seen(slot: Slot = SLOT, room: RoomKey = L213) -> Seen:
    return Seen(room=room, slot=slot, series=LENS.series_of(slot.title), name=LENS.name_of(slot))


KNOWN = Known(
    room=L213,
    booking=Booking(
        id=BookingId("oasis:1"),
        source=LENS.source,
        start=NINE - HOUR,
        end=NINE,
        first_seen=NINE,
        text=EventId("e"),
        month="2026-11",
    ),
    title="x",
)


def drafted(change: Change) -> Draft:
    (one,) = LENS.facts([change], READ_AT)
    return one


# -- kinds and series -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Examen de rattrapage", "exam"),
        ("CM PARTIEL", "exam"),
        ("CM Algèbre", "course"),
        ("TD et CM ", ""),
        ("", ""),
    ],
)
def test_the_kind_of_a_booking_is_the_first_whose_pattern_matches(title: str, kind: str) -> None:
    assert LENS.kind_of(title) == kind


@pytest.mark.parametrize(
    "title", ["cm algèbre", "  CM   Algèbre ", "CM\u00a0Algèbre", "CM Alge\u0300bre", "CM\nALGÈBRE"]
)
def test_a_series_is_the_same_however_its_title_is_spelled(title: str) -> None:
    assert LENS.series_of(title) == LENS.series_of("CM Algèbre")


def test_series_tell_titles_apart_and_nothing_more() -> None:
    one = LENS.series_of("CM Algèbre")
    assert one != LENS.series_of("CM Algebre")
    assert re.fullmatch("[0-9a-f]{16}", one)
    assert LENS.series_of("") == LENS.series_of("  ") == ""
    other_school = replace(LENS, key=b"l" * 32)
    assert other_school.series_of("CM Algèbre") != one, "nobody can make a table of hashes"


def test_a_booking_is_named_by_the_hash_of_the_sources_id() -> None:
    name = LENS.name_of(replace(SLOT, source_id="uid-mme-dupont@ecole"))
    assert name is not None
    assert re.fullmatch("oasis:[0-9a-f]{16}", name)
    assert LENS.name_of(replace(SLOT, source_id="uid-mme-dupont@ecole")) == name
    assert LENS.name_of(SLOT) is None
    assert LENS.name_of(replace(SLOT, source_id="CM")) != f"oasis:{LENS.series_of('CM')}"
    other = replace(LENS, source=SourceName("exams"))
    assert other.name_of(replace(SLOT, source_id="uid")) != LENS.name_of(replace(SLOT, source_id="uid"))


def test_a_reading_is_seen_through_the_names_that_we_know() -> None:
    reading = Reading(
        status="ok",
        days=(date(2026, 11, 20),),
        zone="Europe/Paris",
        rooms={"L213": (SLOT,), "Salle 213": (SLOT,), "L218": (), "Gymnase": (SLOT,)},
    )
    assert LENS.seen(reading) == [seen()], "a room that stands there under two names is one room"
    assert LENS.seen(replace(reading, rooms={})) == []


def test_a_room_that_is_booked_twice_for_the_same_is_booked_twice() -> None:
    reading = Reading(
        status="ok", days=(date(2026, 11, 20),), zone="Europe/Paris", rooms={"L213": (SLOT, SLOT)}
    )
    assert LENS.seen(reading) == [seen(), seen()]


# -- facts ----------------------------------------------------------------------------------------


def test_an_added_booking_is_recorded_in_the_stream_of_its_room() -> None:
    draft = drafted(Added(seen=seen()))
    event = draft.event
    assert isinstance(event, BookingAdded)
    assert (draft.stream, draft.at) == ("room/L213", READ_AT)
    assert (event.room, event.source, event.start, event.end) == (L213, "oasis", NINE, NINE + HOUR)
    assert (event.kind, event.series) == ("course", LENS.series_of(SLOT.title))
    assert (event.all_day, event.unsure, event.moved_from) == (False, False, None)
    assert re.fullmatch("oasis:[0-9a-f]{16}", event.booking)


def test_two_bookings_that_are_all_the_same_get_names_of_their_own() -> None:
    one, two = LENS.facts([Added(seen=seen()), Added(seen=seen())], READ_AT)
    assert isinstance(one.event, BookingAdded)
    assert isinstance(two.event, BookingAdded)
    assert one.event.booking != two.event.booking
    assert one.id != two.id


def test_a_booking_of_a_source_with_ids_has_their_name_in_every_room() -> None:
    slot = replace(SLOT, source_id="uid")
    drafts = LENS.facts([Added(seen=seen(slot)), Added(seen=seen(slot, L218))], READ_AT)
    assert [draft.stream for draft in drafts] == ["room/L213", "room/L218"]
    assert {draft.event.booking for draft in drafts if isinstance(draft.event, BookingAdded)} == {
        LENS.name_of(slot)
    }


@pytest.mark.parametrize("mark", ["all_day", "unsure", "cut_at_start", "cut_at_end"])
def test_what_nobody_can_be_expected_to_confirm_says_so(mark: str) -> None:
    event = drafted(Added(seen=seen(replace(SLOT, **{mark: True})))).event
    assert isinstance(event, BookingAdded)
    assert (event.all_day, event.unsure) == (mark == "all_day", mark != "all_day")


def test_a_changed_booking_keeps_its_name_and_says_what_its_hours_were() -> None:
    draft = drafted(Changed(known=KNOWN, seen=seen(replace(SLOT, title="Partiel", all_day=True))))
    event = draft.event
    assert isinstance(event, BookingChanged)
    assert (draft.stream, event.booking) == ("room/L213", "oasis:1")
    assert (event.start, event.end, event.was) == (NINE, NINE + HOUR, Span(start=NINE - HOUR, end=NINE))
    assert (event.kind, event.series, event.all_day) == ("exam", LENS.series_of("partiel"), True)


def test_a_removed_booking_has_no_part() -> None:
    draft = drafted(Removed(known=KNOWN))
    assert draft.event == BookingRemoved(room=L213, booking=BookingId("oasis:1"), source=LENS.source)
    assert draft.text is None


def test_a_move_to_another_room_keeps_the_name_and_is_told_in_both() -> None:
    there = seen(replace(SLOT, source_id="another id"), L218)
    gone, came = LENS.facts([Removed(known=KNOWN, moved_to=L218), Added(seen=there, moved=KNOWN)], READ_AT)
    assert (gone.stream, came.stream) == ("room/L213", "room/L218")
    assert isinstance(gone.event, BookingRemoved)
    assert isinstance(came.event, BookingAdded)
    assert gone.event.moved_to == L218
    assert came.event.moved_from == L213
    assert gone.event.booking == came.event.booking == "oasis:1"


# -- what is personal -----------------------------------------------------------------------------


@pytest.mark.parametrize("change", [Added(seen=seen()), Changed(known=KNOWN, seen=seen())])
def test_titles_and_the_sources_ids_are_in_the_part_and_never_in_the_event(change: Added | Changed) -> None:
    slot = replace(SLOT, source_id="uid-mme-dupont@ecole")
    draft = drafted(replace(change, seen=seen(slot)))
    assert draft.text is not None
    text = read_text(draft.text)
    assert (text.title, text.source_id) == (slot.title, "uid-mme-dupont@ecole")
    recorded = msgspec.json.encode(draft.event).decode()
    assert not re.search("dupont|alg|uid", recorded, re.IGNORECASE)
    assert isinstance(draft.event, BookingAdded | BookingChanged)
    assert draft.event.part.commitment == commitment(draft.text)


def test_a_part_lies_in_the_month_in_which_the_booking_ends() -> None:
    last_night = replace(SLOT, end=datetime(2026, 12, 1, 2, tzinfo=UTC))
    event = drafted(Added(seen=seen(last_night))).event
    assert isinstance(event, BookingAdded)
    assert event.part.month == "2026-12"


def test_a_booking_without_a_title_has_a_part_all_the_same() -> None:
    draft = drafted(Added(seen=seen(replace(SLOT, title=""))))
    assert draft.text is not None
    assert read_text(draft.text).title == ""


# -- keys of rooms --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["L213", "Salle 213", "é", "L", "x" * 63, "a:b"])
def test_a_room_may_have_any_short_name(text: str) -> None:
    assert parse_room_key(text) == text


@pytest.mark.parametrize(
    "text", ["", " ", " L213", "L213 ", "L213\u00a0", "a/b", "x" * 64, "a\nb", "\x00", "L213\n"]
)
def test_what_cannot_name_a_stream_names_no_room(text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be a room's key: .*, not starting or ending with a blank"):
        parse_room_key(text)
