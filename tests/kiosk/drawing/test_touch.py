"""From SDL's events to one point for each touch, with the events that SDL really makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.drawing.sdl import pygame
from kiosk.drawing.touch import AFTERWARDS, FORGOTTEN, MOUSE_AS_FINGER, Fingers, Point

SIZE = (800, 480)
Event = pygame.event.Event


def finger(kind: int, x: float = 0.5, y: float = 0.5, *, number: int = 0, device: int = 7) -> Event:
    """A finger as SDL tells of it, in shares of the window."""
    return Event(
        kind, {"touch_id": device, "finger_id": number, "x": x, "y": y, "dx": 0.0, "dy": 0.0, "pressure": 1.0}
    )


def down(x: float = 0.5, y: float = 0.5, *, number: int = 0, device: int = 7) -> Event:
    return finger(pygame.FINGERDOWN, x, y, number=number, device=device)


def up(*, number: int = 0) -> Event:
    return finger(pygame.FINGERUP, number=number)


def mouse(
    x: int = 400, y: int = 240, *, kind: int = pygame.MOUSEBUTTONDOWN, button: int = 1, touch: bool = False
) -> Event:
    return Event(kind, {"pos": (x, y), "button": button, "touch": touch})


def points(*events: Event, every: float = 0.01) -> list[Point]:
    """Take events that come one after the other."""
    fingers = Fingers()
    found = [fingers.point(event, SIZE, 100.0 + n * every) for n, event in enumerate(events)]
    return [point for point in found if point is not None]


def test_a_finger_touches_where_it_is_in_shares_of_the_window() -> None:
    assert points(down(0.25, 0.5), up()) == [(200.0, 240.0)]


def test_a_mouse_touches_where_it_is_in_pixels() -> None:
    assert points(mouse(200, 240), mouse(kind=pygame.MOUSEBUTTONUP)) == [(200.0, 240.0)]


@pytest.mark.parametrize("button", [2, 3, 4, 5])
def test_other_buttons_and_the_wheel_touch_nothing(button: int) -> None:
    assert points(mouse(button=button)) == []


def test_moving_and_letting_go_touch_nothing() -> None:
    moved = Event(pygame.MOUSEMOTION, {"pos": (1, 1), "rel": (1, 1), "buttons": (1, 0, 0), "touch": False})

    assert points(moved, mouse(kind=pygame.MOUSEBUTTONUP), up(), finger(pygame.FINGERMOTION)) == []


def test_a_mouse_that_sdl_made_of_a_finger_is_dropped_before_and_after_it() -> None:
    """Under Wayland and X11 it comes before, as SDL sends it first."""
    assert points(mouse(touch=True), down(), mouse(touch=True), up()) == [(400.0, 240.0)]


def test_an_old_mouse_event_without_the_mark_is_a_mouse() -> None:
    assert points(Event(pygame.MOUSEBUTTONDOWN, {"pos": (10, 20), "button": 1})) == [(10.0, 20.0)]


def test_a_mouse_that_a_driver_made_of_a_finger_is_dropped() -> None:
    assert points(down(), mouse(), up(), mouse()) == [(400.0, 240.0)]
    assert len(points(down(), up(), mouse(), every=AFTERWARDS)) == 2, "later it is a mouse again"


def test_a_finger_that_sdl_made_of_a_mouse_is_dropped() -> None:
    assert points(mouse(5, 6), down(0.1, 0.1, device=MOUSE_AS_FINGER)) == [(5.0, 6.0)]


def test_only_the_first_of_several_fingers_acts() -> None:
    assert points(down(0.5), down(0.9, number=1), up(number=1), down(0.8, number=1), up(), up(number=1)) == [
        (400.0, 240.0)
    ]


def test_the_next_finger_acts_once_all_are_gone() -> None:
    assert points(down(0.5), down(0.9, number=1), up(), up(number=1), down(0.25, number=2)) == [
        (400.0, 240.0),
        (200.0, 240.0),
    ]


def test_a_finger_that_was_never_let_go_is_forgotten() -> None:
    assert len(points(down(), down(number=1), every=FORGOTTEN - 0.1)) == 1
    assert len(points(down(), down(number=1), every=FORGOTTEN)) == 2


def test_a_finger_that_moves_is_still_there() -> None:
    moving = finger(pygame.FINGERMOTION)
    assert len(points(down(), moving, down(number=1), every=FORGOTTEN - 0.1)) == 1


def test_a_finger_that_comes_again_acts_again_though_nobody_heard_it_go() -> None:
    assert len(points(down(), down())) == 2


@pytest.mark.parametrize(("x", "y"), [(1.0, 1.0), (1.01, -0.01)])
def test_the_outer_edge_belongs_to_the_picture(x: float, y: float) -> None:
    ((left, top),) = points(down(x, y))

    assert 0 <= left < SIZE[0]
    assert 0 <= top < SIZE[1]


def test_real_events_of_the_queue_have_what_is_asked_of_them() -> None:
    pygame.display.init()
    pygame.display.set_mode(SIZE)
    pygame.event.clear()
    pygame.event.post(mouse(3, 4))
    pygame.event.post(down(0.5, 0.25, number=1))
    found = points(*pygame.event.get(), every=AFTERWARDS)
    pygame.display.quit()

    assert found == [(3.0, 4.0), (400.0, 120.0)]


MADE = st.sampled_from(["before", "after", "both", "driver", "none"])
TOUCHES = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.integers(0, 7),
        MADE,
        st.integers(0, 3),
        st.integers(0, 2),
        st.floats(0.0, 3.0),
    ),
    max_size=8,
)


@given(TOUCHES)
def test_any_mixture_of_fingers_and_mice_made_of_them_gives_one_touch_each(
    touches: list[tuple[int, int, str, int, int, float]],
) -> None:
    """Each finger comes alone or with others that rest on the glass, with any mouse that was made of it."""
    fingers, at = Fingers(), 50.0
    found: list[Point] = []
    for column, row, made, moves, others, held in touches:
        x, y = column / 8, row / 8
        again = mouse(int(x * SIZE[0]), int(y * SIZE[1]), touch=made != "driver")
        events = [
            *([again] if made in ("before", "both") else []),
            down(x, y),
            *(down(0.99, 0.99, number=n + 1) for n in range(others)),
            *([again] if made in ("after", "both", "driver") else []),
            *(finger(pygame.FINGERMOTION, x, y) for _ in range(moves)),
        ]
        for event in events:
            at += 0.002
            found += [point for point in [fingers.point(event, SIZE, at)] if point is not None]
        at += held
        for number in range(others + 1):
            assert fingers.point(up(number=number), SIZE, at) is None
        at += 0.03

    assert found == [(column / 8 * SIZE[0], row / 8 * SIZE[1]) for column, row, *_ in touches]
