"""The page for staying and leaving: it offers what a press will really do, and nothing else."""

# ruff: noqa: RUF001  # texts as people read them

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import Hours
from events.state import Rules
from events.status import closing_time, status_at
from events.wire import DayBooking
from kiosk.door.effect import would_do
from kiosk.door.model import Model
from kiosk.door.update import update
from kiosk.drawing.picture import Column, Shape, ViewModel
from kiosk.inbox import Action, Count, Leave, LinkChanged, OpenPage, Stay, Tapped
from kiosk.pages.stay import DURATIONS, MOST_MINUTES, MOST_PEOPLE, Choice, offer
from kiosk.view import view
from tests.kiosk import scenes
from tests.kiosk.scenes import (
    BOOKINGS,
    ENGLISH,
    PAGES,
    RULES,
    TODAY,
    at,
    booking,
    day,
    door,
    presence,
    received,
    said,
)

SMALL = (800, 480)
MINUTE = timedelta(minutes=1)
TOMORROW = TODAY + timedelta(days=1)


def picture(scene: tuple[Model, datetime], language: str = "fr") -> ViewModel:
    model, now = scene
    return view(model, now, SMALL, language)


def shown(name: str, language: str = "fr") -> list[str]:
    texts = picture(PAGES[name](), language).texts()
    return [text.replace("\u202f", " ").replace("\u00a0", " ") for text in texts]


def actions(scene: tuple[Model, datetime]) -> list[Action]:
    return [target.action for panel in picture(scene).panels for target in panel.targets]


def stays(name: str) -> list[int | None]:
    return [action.minutes for action in actions(PAGES[name]()) if isinstance(action, Stay)]


def choices(
    now: datetime,
    *,
    bookings: tuple[DayBooking, ...] = BOOKINGS,
    until: datetime | None = None,
    rules: Rules = RULES,
) -> tuple[Choice, ...]:
    last = said(now - MINUTE, until) if until else None
    model = door(now, day(now, bookings=bookings), presence(last=last), rules)
    k = model.known(now)
    assert k is not None
    return offer(k, now, here=until is not None).choices


def told(found: tuple[Choice, ...]) -> list[tuple[int, datetime, str]]:
    return [(choice.minutes, choice.until, choice.ends) for choice in found]


# -- for how long -----------------------------------------------------------------------------


def test_durations_that_fit_are_offered_and_the_time_until_the_next_booking() -> None:
    assert told(choices(at(12, 24))) == [
        (15, at(12, 39), ""),
        (30, at(12, 54), ""),
        (60, at(13, 24), ""),
        (120, at(14, 24), ""),
        (126, at(14, 30), "booking"),
    ]


def test_what_would_last_into_the_next_booking_is_not_offered() -> None:
    assert told(choices(at(14, 5))) == [(15, at(14, 20), ""), (25, at(14, 30), "booking")]
    assert told(choices(at(14, 17))) == [(13, at(14, 30), "booking")]


def test_a_duration_that_ends_with_the_booking_is_offered_once() -> None:
    assert told(choices(at(13, 30)))[-1] == (60, at(14, 30), "")


def test_without_a_booking_it_is_until_closing() -> None:
    assert told(choices(at(18, 30), bookings=())) == [
        (15, at(18, 45), ""),
        (30, at(19), ""),
        (60, at(19, 30), ""),
        (90, at(20), "closing"),
    ]


def test_a_school_that_never_closes_has_durations_only() -> None:
    found = choices(at(18, 30), bookings=(scenes.TOMORROW,), rules=Rules(zone="Europe/Paris"))

    assert [choice.minutes for choice in found] == list(DURATIONS)


def test_midnight_is_a_closing_time_of_today() -> None:
    rules = replace(RULES, hours=replace(Hours(), friday="08:00-24:00", saturday=""))
    found = choices(at(23, 10), bookings=(), rules=rules)

    assert told(found)[-1] == (50, at(0, day=TOMORROW), "closing")


def test_whoever_is_here_stays_longer_than_they_said() -> None:
    assert told(choices(at(12, 48), until=at(13, 30))) == [
        (57, at(13, 45), ""),
        (72, at(14), ""),
        (102, at(14, 30), ""),
    ]


def test_seconds_of_the_last_press_do_not_show() -> None:
    found = choices(at(12, 48), until=at(13, 30, 42))

    assert told(found)[0] == (57, at(13, 45), "")


def test_whoever_stays_until_the_next_booking_cannot_stay_longer() -> None:
    assert choices(at(13, 45), until=at(14, 30)) == ()


def bookings_at(starts: list[int]) -> tuple[DayBooking, ...]:
    return tuple(
        booking(f"b{n}", at(8) + start * MINUTE, at(8) + (start + 25) * MINUTE, None)
        for n, start in enumerate(starts)
    )


@given(
    st.lists(st.integers(0, 11 * 60), max_size=4),
    st.integers(0, 12 * 60 - 1),
    st.one_of(st.none(), st.integers(1, 180)),
    st.integers(0, 19),
)
def test_every_choice_does_what_it_says(
    starts: list[int], minute: int, here_for: int | None, hesitation: int
) -> None:
    """Whatever is booked, and although the finger comes up to twenty seconds after the picture."""
    now = at(8) + minute * MINUTE
    last = said(now - MINUTE, now + here_for * MINUTE) if here_for is not None else None
    model = door(now, day(now, bookings=bookings_at(starts)), presence(last=last))
    k = model.known(now)
    assert k is not None
    here = status_at(k, now).name in ("in_use", "occupied")
    offered = offer(k, now, here=here)
    booked = [b.start for b in k.room.bookings.values() if b.start > now]
    closes_at = closing_time(k, now)

    assert bool(offered.choices) + offered.plain <= 1
    assert here or offered.choices or offered.plain, "somebody can always say that they are here"
    for choice in offered.choices:
        assert 1 <= choice.minutes <= MOST_MINUTES
        assert all(choice.until <= start for start in booked)
        assert closes_at is None or choice.until <= closes_at
        if last is not None and last.until is not None and here:
            assert choice.until > last.until
        assert would_do(k, choice.minutes, now).until == choice.until
        pressed_at = now + timedelta(seconds=hesitation)
        late = would_do(k, choice.minutes, pressed_at).until
        assert late is not None
        assert choice.until <= late <= choice.until + timedelta(seconds=hesitation)
        if choice.ends == "booking" and not would_do(k, choice.minutes, pressed_at).confirms:
            assert late == choice.until
    if offered.plain:
        assert would_do(k, None, now).until == offered.until
    lengths = [choice.until for choice in offered.choices]
    assert lengths == sorted(set(lengths))


# -- what the page says -----------------------------------------------------------------------


def test_the_page_asks_for_how_long() -> None:
    texts = shown("stay_free")

    assert "pour combien de temps ?" in texts
    assert texts[texts.index("15 min") :][:2] == ["15 min", "jusqu’à 12 h 39"]
    assert texts[texts.index("Jusqu’à 14 h 30") :][:2] == ["Jusqu’à 14 h 30", "réservation suivante"]
    assert stays("stay_free") == [15, 30, 60, 120, 126]


def test_in_english_too() -> None:
    assert {"for how long?", "15 min", "until 12:39", "Until 14:30", "next booking"} <= set(
        shown("stay_free", "en")
    )


def test_a_booking_that_nobody_confirmed_has_one_large_button() -> None:
    assert stays("stay_check_in") == [None]
    assert "confirme « Anglais S7 », jusqu’à 16 h" in shown("stay_check_in")


@pytest.mark.parametrize("left", [False, True])
def test_in_the_minute_of_the_press_it_is_the_same_as_later(*, left: bool) -> None:
    pressed_at = at(14, 41, 20)
    last = said(pressed_at, None if left else ENGLISH.end)
    model = door(pressed_at, day(pressed_at), presence(last=last, confirmed={ENGLISH.id: at(14, 33)}))
    k = model.known(pressed_at)
    assert k is not None

    offered = offer(k, at(14, 41), here=not left)

    assert offered == offer(k, at(14, 42), here=not left)
    assert (offered.until, offered.choices) == (ENGLISH.end, ())


def test_whoever_comes_early_confirms_what_comes() -> None:
    scene = scenes.asked(scenes.soon(), OpenPage("stay"))

    assert [action for action in actions(scene) if isinstance(action, Stay)] == [Stay()]
    assert "confirme «\u00a0Anglais S7\u00a0», jusqu’à 16\u00a0h" in picture(scene).texts()


def test_whoever_left_a_booking_can_come_back() -> None:
    scene = scenes.asked(scenes.booked_left(), OpenPage("stay"))

    assert Stay() in actions(scene)
    assert Leave() not in actions(scene)


def test_a_confirmed_booking_ends_when_it_ends() -> None:
    assert stays("stay_in_use") == []
    assert {"Réservation confirmée", "Jusqu’à 12 h"} <= set(shown("stay_in_use"))
    assert Leave() in actions(PAGES["stay_in_use"]())


def test_whoever_is_here_may_stay_longer_or_leave() -> None:
    texts = shown("stay_longer")

    assert {"Rester plus longtemps", "présence notée jusqu’à 13 h 30", "Je pars"} <= set(texts)
    assert texts[texts.index("Jusqu’à 13 h 45") :][:2] == ["Jusqu’à 13 h 45", "+ 15 min"]
    assert stays("stay_longer") == [57, 72, 102]
    assert Leave() in actions(PAGES["stay_longer"]())


def test_where_nobody_is_nobody_leaves() -> None:
    for name in ("stay_free", "stay_check_in", "stay_closed"):
        assert Leave() not in actions(PAGES[name]())


def test_in_a_closed_room_one_can_still_say_that_one_is_here() -> None:
    assert stays("stay_closed") == [None]
    assert "la salle est fermée" in shown("stay_closed")
    scene = scenes.asked(scenes.out_of_order(), OpenPage("stay"))
    assert "la salle est hors service" in picture(scene).texts()


def test_a_door_that_knows_nothing_takes_what_people_say() -> None:
    found = actions(PAGES["stay_unknown"]())

    assert Stay() in found
    assert Leave() in found
    assert "le serveur dira jusqu’à quand" in shown("stay_unknown")


def test_a_day_that_is_booked_whole_leaves_the_choice() -> None:
    scene = scenes.asked(scenes.booked_all_day(), OpenPage("stay"))

    assert [action.minutes for action in actions(scene) if isinstance(action, Stay)][:4] == [15, 30, 60, 120]


@pytest.mark.parametrize("name", ["stay_free", "stay_longer", "stay_check_in"])
def test_a_touch_of_what_is_offered_is_answered_on_the_sign(name: str) -> None:
    model, now = PAGES[name]()
    vm = view(model, now, SMALL, "fr")
    target = next(
        target for panel in vm.panels for target in panel.targets if isinstance(target.action, Stay)
    )
    x, y = target.box.x + target.box.w / 2, target.box.y + target.box.h / 2
    model = update(model, Tapped(vm.touched(x, y), 1.0), now)

    assert model.visit.page == "sign"
    assert model.presses.feedback is not None
    assert model.presses.feedback.told == "sending"


# -- counting heads ---------------------------------------------------------------------------


def counts(scene: tuple[Model, datetime]) -> list[int]:
    return [action.people for action in actions(scene) if isinstance(action, Count)]


def test_who_was_not_counted_begins_with_one() -> None:
    assert counts(PAGES["stay_longer"]()) == [1, 5]


def test_a_count_goes_up_and_down_by_one_and_five() -> None:
    assert counts(PAGES["stay_counted"]()) == [9, 13, 15, 19]
    assert "14" in shown("stay_counted")


def test_the_last_one_leaves_by_leaving() -> None:
    assert counts(scenes.asked(PAGES["stay_longer"](), Count(1))) == [2, 6]
    assert counts(scenes.asked(PAGES["stay_longer"](), Count(5))) == [4, 6, 10]


def test_no_more_are_counted_than_can_be_sent() -> None:
    scene = scenes.asked(PAGES["stay_longer"](), Count(MOST_PEOPLE))

    assert counts(scene) == [MOST_PEOPLE - 5, MOST_PEOPLE - 1]


def test_what_the_server_counted_is_shown() -> None:
    model, now = PAGES["stay_longer"]()
    there = replace(presence(last=said(at(12, 30), at(13, 30)), seq=60), headcount=7)

    assert "7" in view(received(model, now, there), now, SMALL, "fr").texts()


def test_heads_are_counted_only_where_somebody_is_and_the_server_hears_it() -> None:
    assert counts(PAGES["stay_free"]()) == []
    model, now = PAGES["stay_longer"]()
    model = update(model, LinkChanged(state="down", at=now), now)

    assert counts((model, now)) == []


def test_each_step_has_its_sign() -> None:
    vm = picture(PAGES["stay_counted"]())
    signs = [part.name for panel in vm.panels for part in panel.parts if isinstance(part, Shape)]

    assert (signs.count("plus"), signs.count("minus")) == (2, 2)
    fives = [column for column in vm.columns() if isinstance(column, Column) and column.texts[0].text == "5"]
    assert len(fives) == 2
