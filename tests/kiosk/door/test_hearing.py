"""How well the server is heard, and a clock that is set or cannot be believed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.ids import EventId
from events.wire import Air, Heartbeat, Pressed
from kiosk.door.hearing import SILENCE
from kiosk.door.model import Model, begun
from kiosk.door.presses import FEEDBACK
from kiosk.door.setup import Setup
from kiosk.door.update import passed, update
from kiosk.door.visit import COUNTED
from kiosk.inbox import (
    AirFelt,
    ClockStepped,
    Count,
    Gesture,
    Input,
    LinkChanged,
    Noted,
    OpenPage,
    Received,
    Speak,
    Stay,
    StuckChanged,
    Tapped,
    Touched,
)
from tests.kiosk import scenes
from tests.kiosk.door.doors import (
    NOW,
    PRESS,
    connected,
    cut,
    name_of,
    neighbours,
    people_here,
    press,
    seconds,
    tap,
)
from tests.kiosk.scenes import ROOM, at, received

# -- the link --------------------------------------------------------------------------------------


def test_a_server_silent_for_half_a_minute_is_cut_off() -> None:
    model = connected()

    assert model.hearing.connected(NOW + timedelta(seconds=29))
    assert model.hearing.cut_off_since(NOW + timedelta(seconds=29)) is None
    assert not model.hearing.connected(NOW + SILENCE)
    assert model.hearing.cut_off_since(NOW + SILENCE) == NOW


def test_a_short_break_is_not_yet_told_loudly() -> None:
    model = cut()

    assert not model.hearing.connected(NOW)
    assert model.hearing.cut_off_since(NOW + timedelta(seconds=5)) is None


def test_a_door_that_is_refused_says_so_at_once() -> None:
    model = update(connected(), LinkChanged(state="refused", at=NOW, why="unknown-key"), NOW)

    assert model.hearing.cut_off_since(NOW) == NOW


def test_a_door_that_never_found_its_server_counts_from_its_start() -> None:
    model = begun(ROOM, NOW)

    assert model.hearing.cut_off_since(NOW + timedelta(seconds=29)) is None
    assert model.hearing.cut_off_since(NOW + timedelta(seconds=31)) == NOW


# -- a clock that is set ---------------------------------------------------------------------------


def stepped(model: Model, now: datetime, by: timedelta) -> Model:
    """The door's clock is set; ``now`` is what it said before."""
    return update(model, ClockStepped(by.total_seconds()), now + by)


@pytest.mark.parametrize("by", [timedelta(hours=6), timedelta(days=-3), timedelta(seconds=-40)])
def test_the_best_time_stays_as_it_was_where_the_server_was_heard(by: timedelta) -> None:
    before = connected()
    after = stepped(before, NOW, by)

    assert after.time(NOW + by) == before.time(NOW)
    assert after.hearing.connected(NOW + by)


def test_a_clock_that_no_server_has_corrected_is_right_once_it_is_set() -> None:
    model = begun(ROOM, NOW, clock_known=False)
    after = stepped(model, NOW, timedelta(hours=6))

    assert after.time_known
    assert after.time(NOW + timedelta(hours=6)) == NOW + timedelta(hours=6)
    assert after.hearing.since == NOW + timedelta(hours=6)


@pytest.mark.parametrize("by", [timedelta(hours=6), timedelta(hours=-6)])
def test_an_answer_and_a_page_are_shown_for_as_long_as_without_the_step(by: timedelta) -> None:
    pressed = update(connected(), press(), NOW)
    pressed = tap(pressed, OpenPage("find"), NOW + seconds(1))
    after = stepped(tap(pressed, Speak("en"), NOW + seconds(2)), NOW + seconds(3), by)

    assert after.presses.feedback is not None
    assert passed(after, NOW + FEEDBACK - seconds(0.1) + by).presses.feedback is not None
    assert passed(after, NOW + FEEDBACK + by).presses.feedback is None
    assert passed(after, NOW + seconds(21.9) + by).visit.page == "find"
    assert passed(after, NOW + seconds(22) + by).visit.page == "sign"
    assert passed(after, NOW + seconds(61.9) + by).visit.language == "en"
    assert passed(after, NOW + seconds(62) + by).visit.language == "fr"


@pytest.mark.parametrize("by", [timedelta(hours=6), timedelta(hours=-6)])
def test_a_count_is_shown_for_as_long_as_without_the_step(by: timedelta) -> None:
    counted = stepped(tap(people_here(), Count(12)), NOW + seconds(1), by)

    assert passed(counted, NOW + COUNTED - seconds(0.1) + by).visit.counted is not None
    assert passed(counted, NOW + COUNTED + by).visit.counted is None


def test_the_hold_goes_on_filling() -> None:
    held = update(connected(), Touched(at=1.0), NOW)
    by = timedelta(hours=-2)

    assert stepped(held, NOW + seconds(0.75), by).presses.held(NOW + seconds(0.75) + by) == pytest.approx(0.5)


INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.sampled_from(
        [
            Tapped(OpenPage("find"), 1.0),
            Tapped(OpenPage("stay"), 1.0),
            Tapped(Speak("en"), 1.0),
            Tapped(Stay(30), 1.0),
            Tapped(Count(4), 1.0),
            Touched(at=1.0),
            Gesture(intent="present", at=1.0),
            AirFelt(air=Air(co2=600), at=1.0),
            StuckChanged(stuck=True, at=1.0),
        ]
    ),
    st.sampled_from(["up", "down"]).map(lambda state: LinkChanged(state=state, at=NOW)),  # type: ignore[arg-type]
    st.integers(1, 4).map(press),
    st.integers(1, 4).map(
        lambda n: Received(message=Pressed(ref=EventId(f"me.x.{n}"), seq=60 + n, effect="walk-in"), at=NOW)
    ),
    st.just(Received(message=Heartbeat(server_time=NOW, epoch=1, seq=70), at=NOW)),
)


@given(
    st.lists(st.tuples(INPUTS, st.floats(0, 12)), max_size=10),
    st.floats(-3e5, 3e5),
    st.floats(-3600, 3600),
    st.floats(0, 100),
    st.booleans(),
)
def test_a_step_of_the_clock_changes_nothing_that_anybody_sees(
    happened: list[tuple[Input, float]],
    by: float,
    offset: float,
    wait: float,
    night: bool,  # noqa: FBT001
) -> None:
    """Two doors live through the same; the clock of one is set in between. They show the same ever after."""
    step = timedelta(seconds=round(by, 3))
    now = NOW
    model = replace(neighbours(), setup=Setup(night_hours="12:24-12:26" if night else ""))
    model = received(model, now, Heartbeat(server_time=now + timedelta(seconds=offset), epoch=1, seq=50))
    for item, pause in happened:
        now += timedelta(seconds=pause)
        match item:
            case Received(message=Heartbeat() as beat):
                beat = replace(beat, server_time=now + timedelta(seconds=offset))
                item = Received(message=beat, at=now)  # noqa: PLW2901
            case Received() | LinkChanged():
                item = replace(item, at=now)  # noqa: PLW2901
            case Noted():
                item = replace(item, pressed_at=now)  # noqa: PLW2901
        model = update(model, item, now)
    set_door = stepped(model, now, step)

    for later in (now, now + timedelta(seconds=wait)):
        one, other = passed(model, later), passed(set_door, later + step)
        shown = later + step
        assert other.time(shown) == one.time(later)
        assert other.status(shown) == one.status(later)
        assert other.known(shown) == one.known(later)
        assert other.hearing.connected(shown) == one.hearing.connected(later)
        assert other.hearing.cut_off_since(shown) == one.hearing.cut_off_since(later)
        assert other.hearing.others_since(shown) == one.hearing.others_since(later)
        assert other.read_at(shown) == one.read_at(later)
        assert other.presses.held(shown) == one.presses.held(later)
        assert other.resting(shown) == one.resting(later)
        assert other.takes_touch(shown) == one.takes_touch(later)
        assert other.headcount(shown) == one.headcount(later)
        assert (other.visit.page, other.visit.language, other.today) == (
            one.visit.page,
            one.visit.language,
            one.today,
        )
        there, here = other.presses.feedback, one.presses.feedback
        assert (there is None) == (here is None)
        if there is not None and here is not None:
            assert there.until - there.since == here.until - here.since
            assert there.until - shown == here.until - later
        if other.visit.search is not None and one.visit.search is not None:
            assert other.visit.search.answer == one.visit.search.answer
        if other.visit.search is None or not other.visit.search.outdated:
            assert other.next_change(shown) - shown == one.next_change(later) - later


# -- a clock that cannot be believed ---------------------------------------------------------------


def timeless() -> Model:
    return scenes.timeless(connected())


def test_a_door_that_does_not_know_the_time_tells_no_status() -> None:
    model = timeless()

    assert not model.time_known
    assert model.status(NOW) is None
    assert model.known(NOW) is None
    assert model.headcount(NOW) is None
    assert model.code(NOW) is None
    assert model.info is not None, "but which room it is"
    assert tap(model, OpenPage("find")).visit.search is None
    assert model.next_change(NOW) > NOW


def test_it_does_not_drop_titles_by_a_time_that_is_none() -> None:
    model = passed(timeless(), NOW + timedelta(days=30))

    assert model.day is not None
    assert len([b for b in model.day.bookings if b.title]) == len(scenes.BOOKINGS)


def test_the_server_tells_the_time() -> None:
    model = received(timeless(), NOW, scenes.welcome(at(13)))

    assert model.time_known
    assert model.time(NOW) == at(13)
    assert name_of(model, NOW) == "free"


def test_a_press_counts_although_nobody_knows_when_it_was() -> None:
    model = update(timeless(), press(), NOW)
    assert model.presses.feedback is not None
    assert [noted.press for noted in model.presses.pending] == [PRESS]

    assert name_of(received(model, NOW, scenes.welcome(NOW)), NOW) == "occupied"
