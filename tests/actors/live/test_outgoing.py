"""No message is longer than the protocol allows, and what is cut stays true."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.live.outgoing import day_text, fits, presence_text, reply_text
from events.ids import BookingId, RoomKey, SourceName
from events.status import Status, Stretch
from events.wire import (
    MAX_OUTGOING,
    DayBooking,
    Pong,
    Refused,
    RoomDay,
    RoomPresence,
    SourceReport,
    Sources,
    encode,
    read_server_message,
)
from tests.clock import START


def day(bookings: int, title: str | None, stretches: int = 2) -> RoomDay:
    return RoomDay(
        room=RoomKey("L213"),
        seq=1,
        info=None,
        bookings=tuple(
            DayBooking(
                id=BookingId(f"oasis:{n:032x}"),
                start=START + timedelta(minutes=n),
                end=START + timedelta(minutes=n + 1),
                first_seen=START,
                title=title,
            )
            for n in range(bookings)
        ),
        readings={START.date(): START},
        plan=tuple(
            Stretch(
                start=START + timedelta(minutes=n),
                until=START + timedelta(minutes=n + 1),
                status=Status(name="booked", booking=BookingId(f"oasis:{n:032x}")),
            )
            for n in range(stretches)
        ),
    )


def read_day(text: str) -> RoomDay:
    message = read_server_message(text)
    assert isinstance(message, RoomDay)
    return message


def test_what_fits_is_sent_as_it_is() -> None:
    long = day(40, "é" * 400)
    assert len(encode(long).encode()) < MAX_OUTGOING
    assert day_text(long) == encode(long)


def test_titles_are_cut_before_any_booking_is() -> None:
    cut = read_day(day_text(day(200, "Algèbre linéaire " * 40)))
    assert len(cut.bookings) == 200
    assert {booking.title for booking in cut.bookings} == {("Algèbre linéaire " * 40)[:79] + "…"}


def test_the_plan_goes_before_any_booking_for_it_comes_again_with_the_presence() -> None:
    many = day(300, None, 1000)
    cut = read_day(day_text(many))
    assert (cut.plan, cut.bookings) == ((), many.bookings)


def test_of_too_many_bookings_the_nearest_stay() -> None:
    many = day(1000, "Algèbre", 300)
    cut = read_day(day_text(many))
    assert cut.bookings
    assert [booking.id for booking in cut.bookings] == [b.id for b in many.bookings[: len(cut.bookings)]]
    assert {booking.title for booking in cut.bookings} == {None}


@settings(max_examples=30, deadline=None)
@given(
    st.integers(min_value=0, max_value=2000),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=3000),
    st.integers(min_value=0, max_value=2000),
)
def test_whatever_the_day_is_its_message_is_short_enough_and_can_be_read(
    bookings: int, title: str | None, stretches: int
) -> None:
    text = day_text(day(bookings, title, stretches))
    assert len(text.encode()) <= MAX_OUTGOING
    read_day(text)


def test_a_presence_loses_the_end_of_its_plan_first() -> None:
    plan = day(0, None, 2000).plan
    confirmed = {BookingId(f"oasis:{n:032x}"): START for n in range(100)}
    text, told = presence_text(RoomPresence(room=RoomKey("L213"), seq=1, confirmed=confirmed, plan=plan))
    assert fits(text)
    read = read_server_message(text)
    assert isinstance(read, RoomPresence)
    assert read.confirmed == confirmed
    assert read.plan == told == plan[: len(told)]
    assert read.plan


def test_an_answer_that_is_too_long_is_refused_under_its_name() -> None:
    pong = Pong(ref=3, server_time=START)
    assert reply_text(pong) == encode(pong)
    strangers = tuple(f"Salle {n} du bâtiment" for n in range(5000))
    report = SourceReport(source=SourceName("oasis"), kind="oasis", strangers=strangers)
    refused = read_server_message(reply_text(Sources(ref=12, sources=(report,))))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.ref) == ("server", 12)
