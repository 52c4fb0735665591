"""What time alone changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import Effect
from events.state import Rules
from events.wire import Heartbeat, Pressed
from kiosk.door.model import begun
from kiosk.door.told import Told
from kiosk.door.update import passed, update
from tests.kiosk import scenes
from tests.kiosk.door.doors import NOW, connected, cut, name_of, press
from tests.kiosk.scenes import ROOM, at, booking, day, door, presence, received


def test_the_picture_changes_at_the_next_full_minute() -> None:
    model = received(connected(), NOW + timedelta(seconds=7), Heartbeat(server_time=NOW, epoch=1, seq=41))
    model = replace(model, hearing=replace(model.hearing, offset=timedelta(seconds=-7)))
    now = NOW + timedelta(seconds=40)

    assert model.next_change(NOW + timedelta(seconds=17)) == NOW + timedelta(seconds=37), "silence"
    assert model.next_change(now) == NOW + timedelta(seconds=67)


def test_the_picture_changes_when_the_status_does() -> None:
    shortly = booking("s", NOW + timedelta(minutes=10, seconds=20), at(14), "x")
    model = door(NOW, day(NOW, bookings=(shortly,)), presence())

    assert model.next_change(NOW) == NOW + timedelta(seconds=20)
    assert name_of(model, NOW + timedelta(seconds=20)) == "soon"


@given(st.integers(min_value=0, max_value=2 * 24 * 3600), st.sampled_from(sorted(scenes.SCENES)))
def test_the_next_change_is_always_later_and_never_more_than_a_minute_away(seconds: int, name: str) -> None:
    model, now = scenes.SCENES[name]()
    now += timedelta(seconds=seconds)
    model = passed(model, now)

    assert now < model.next_change(now) <= now + timedelta(minutes=1)


@given(st.lists(st.sampled_from(["present", "leaving"]), min_size=1, max_size=5), st.integers(0, 5))
def test_predicting_and_being_told_come_to_the_same(intents: list[str], known_to_server: int) -> None:
    """The server decides presses in order; whatever part it has told, the picture is the same."""
    model = cut()
    presses = [
        press(n, pressed_at=NOW + timedelta(minutes=n), intent=intent) for n, intent in enumerate(intents)
    ]
    end = NOW + timedelta(minutes=9)
    for noted in presses:
        model = update(model, noted, end)
    expected = model.status(end)
    effect: Effect = "none"
    for seq, noted in enumerate(presses[:known_to_server], start=50):
        model = received(model, end, Pressed(ref=noted.press, seq=seq, effect=effect))

    assert model.status(end) == expected


def test_rooms_of_a_school_without_rules_show_the_configured_zone() -> None:
    model = replace(begun(ROOM, NOW), told=Told(zone="Indian/Reunion"))

    assert model.rules_shown == Rules(zone="Indian/Reunion")
    assert passed(model, datetime(2026, 11, 20, 21, tzinfo=UTC)).today == date(2026, 11, 21)
