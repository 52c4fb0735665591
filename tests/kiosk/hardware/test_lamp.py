"""What the light beside the button shows."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from events.status import Status
from kiosk.door.model import begun
from kiosk.door.setup import Setup
from kiosk.door.update import update
from kiosk.drawing.palette import sign_of
from kiosk.drawing.picture import SignName
from kiosk.hardware.lamp import COLOURS, DIM, Glow, Kind, Pattern, light, play
from kiosk.inbox import FaultFound, StuckChanged
from tests.kiosk import scenes
from tests.kiosk.scenes import Scene, at, day, door, presence

SIGNS: tuple[SignName, ...] = get_args(SignName)
KINDS: list[tuple[Kind, bool]] = [("rgb", True), ("rgb", False), ("three", True), ("three", False)]


def glow_of(scene: Scene) -> Glow:
    return light(*scene)


@pytest.mark.parametrize(
    ("scene", "sign"),
    [
        (scenes.free, "free"),
        (scenes.soon, "soon"),
        (scenes.in_use, "taken"),
        (scenes.occupied, "taken"),
        (scenes.booked, "booked"),
        (scenes.released, "released"),
        (scenes.unknown, "unknown"),
        (scenes.starting, "unknown"),
        (scenes.closed, "closed"),
        (scenes.out_of_order, "out-of-order"),
    ],
)
def test_the_light_has_the_meaning_of_the_sign(scene: type, sign: SignName) -> None:
    assert glow_of(scene()) == Glow(sign=sign, pattern="steady")


def test_the_light_says_the_same_as_the_sign_whenever_nobody_is_answered() -> None:
    for _, scene in sorted(vars(scenes).items()):
        if getattr(scene, "__annotations__", {}).get("return") == "Scene" and not scene.__code__.co_argcount:
            model, now = scene()
            status = model.status(now)
            assert light(model, now).sign == sign_of(status.status if status else None)


@pytest.mark.parametrize(
    ("scene", "pattern"),
    [
        (scenes.touched, "touched"),
        (scenes.holding, "touched"),
        (scenes.sending, "touched"),
        (scenes.noted, "noted"),
        (scenes.kept, "kept"),
        (scenes.recorded, "noted"),
        (scenes.refused, "refused"),
    ],
)
def test_a_press_is_answered(scene: type, pattern: Pattern) -> None:
    assert glow_of(scene()).pattern == pattern


def test_what_is_noted_and_then_recorded_flashes_once() -> None:
    # The light plays a glow when it changes: the room is shown as taken from "noted" on.
    assert glow_of(scenes.noted()) == glow_of(scenes.recorded())


def test_when_the_answer_is_over_the_state_is_back() -> None:
    model, now = scenes.recorded()
    assert light(model, now).pattern == "noted"
    later = now + timedelta(seconds=7)
    assert light(update(model, StuckChanged(stuck=False, at=1.0), later), later).pattern == "steady"


def test_a_door_that_is_cut_off_pulses_in_the_colour_it_knows() -> None:
    assert glow_of(scenes.cut_off()) == Glow(sign="free", pattern="pulse")
    assert glow_of(scenes.cut_off_while_booked()) == Glow(sign="booked", pattern="pulse")
    assert glow_of(scenes.short_cut()).pattern == "steady"


@pytest.mark.parametrize("what", ["disk", "button", "display"])
def test_a_door_that_cannot_do_its_work_winks(what: str) -> None:
    model, now = scenes.free()
    broken = update(model, FaultFound(what=what, why="gone"), now)  # type: ignore[arg-type]  # one of its names
    assert light(broken, now) == Glow(sign="free", pattern="wink")
    assert light(update(broken, FaultFound(what=what, why="", gone=True), now), now).pattern == "steady"  # type: ignore[arg-type]


def test_a_sensor_that_is_silent_is_no_reason_to_wink() -> None:
    model, now = scenes.free()
    assert light(update(model, FaultFound(what="sensor", why="silent"), now), now).pattern == "steady"


def at_night(setup: Setup) -> Scene:
    now = at(21)
    model = door(now, day(now), presence())
    return replace(model, setup=setup), now


def test_at_night_the_light_is_dim_or_off_until_somebody_comes() -> None:
    dim, now = at_night(Setup(night_hours="20:30-06:00"))
    assert light(dim, now) == Glow(sign="closed", pattern="steady", dim=DIM)
    blank, now = at_night(Setup(night_hours="20:30-06:00", night="blank"))
    assert light(blank, now).pattern == "off"
    woken = replace(blank, visit=replace(blank.visit, touched_at=now - timedelta(seconds=5)))
    assert DIM < light(woken, now).dim < 1


def test_a_press_at_night_is_answered_in_full() -> None:
    model, now = scenes.noted()
    model = replace(model, setup=Setup(night_hours="00:00-24:00", night="blank"))
    assert light(model, now).pattern == "noted"
    assert light(model, now).dim == 1


def test_free_is_the_only_sign_that_is_all_green_and_only_what_may_be_taken_has_green_in_front() -> None:
    assert [sign for sign in SIGNS if COLOURS[sign].plain == (0, 1, 0)] == ["free"]
    assert [sign for sign in SIGNS if COLOURS[sign].three[0] and not COLOURS[sign].three[2]] == [
        "free",
        "soon",
        "released",
    ]


@pytest.mark.parametrize(("kind", "pwm"), KINDS)
def test_signs_of_different_meaning_look_different_on_every_light(kind: Kind, *, pwm: bool) -> None:
    seen: dict[object, set[str]] = {}
    for sign in SIGNS:
        seen.setdefault(play(Glow(sign=sign, pattern="steady"), kind, pwm=pwm).off, set()).add(sign)
    # Both may be taken for a while, and the screen says why.
    assert [names for names in seen.values() if len(names) > 1] in ([], [{"soon", "released"}])


@pytest.mark.parametrize(("kind", "pwm"), KINDS)
def test_every_answer_and_every_trouble_looks_different(kind: Kind, *, pwm: bool) -> None:
    for sign in SIGNS:
        patterns = [pattern for pattern in get_args(Pattern) if pattern != "off"]
        plays = [play(Glow(sign=sign, pattern=pattern), kind, pwm=pwm) for pattern in patterns]
        assert all(plays.count(one) == 1 for one in plays)


@pytest.mark.parametrize(("kind", "pwm"), KINDS)
@pytest.mark.parametrize("pattern", ["noted", "kept", "refused"])
def test_an_answer_is_seen_on_every_colour_which_then_stays(
    pattern: Pattern, kind: Kind, *, pwm: bool
) -> None:
    for sign in SIGNS:
        answer = play(Glow(sign=sign, pattern=pattern), kind, pwm=pwm)
        assert answer.times
        assert answer.on != answer.off
        assert answer.off == play(Glow(sign=sign, pattern="steady"), kind, pwm=pwm).off
        # Over before the picture's answer is, and "noted" in less than a second.
        length = answer.times * (answer.on_time + answer.off_time)
        assert length < (1.0 if pattern == "noted" else 6.0)


@pytest.mark.parametrize("kind", ["rgb", "three"])
def test_a_light_without_pwm_is_only_ever_on_or_off(kind: Kind) -> None:
    for sign in SIGNS:
        for pattern in get_args(Pattern):
            for dim in (1.0, 0.5, DIM, 0.0):
                played = play(Glow(sign=sign, pattern=pattern, dim=dim), kind, pwm=False)
                assert {*played.on, *played.off} <= {0, 1}
                assert played.fade == 0


@pytest.mark.parametrize(("kind", "pwm"), KINDS)
@pytest.mark.parametrize("pattern", ["pulse", "wink"])
def test_trouble_is_seen_at_a_closed_room_as_well(pattern: Pattern, kind: Kind, *, pwm: bool) -> None:
    assert any(play(Glow(sign="closed", pattern=pattern), kind, pwm=pwm).on)


def test_nothing_that_a_light_shows_is_out_of_range() -> None:
    for sign in COLOURS:
        colour = COLOURS[sign]
        assert all(0 <= share <= 1 for share in (*colour.mixed, *colour.plain, *colour.three))


def test_a_room_that_may_not_be_taken_is_never_shown_as_one_that_may() -> None:
    statuses = [
        Status(name="in_use"),
        Status(name="booked"),
        Status(name="unknown"),
        Status(name="free", closed=True),
        Status(name="free", closed=True, out_of_order=True),
    ]
    takeable = {COLOURS[sign].plain for sign in ("free", "soon", "released")}
    assert not takeable & {COLOURS[sign_of(status)].plain for status in statuses if not status.available}


def test_the_model_of_a_door_that_just_started_has_a_light() -> None:
    now = at(9)
    assert light(begun(scenes.ROOM, now), now) == Glow(sign="unknown", pattern="steady")
