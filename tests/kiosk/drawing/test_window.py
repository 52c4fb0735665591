"""What the loop sleeps on while a window is open."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.drawing import window as window_file
from kiosk.drawing.sdl import pygame
from kiosk.drawing.window import (
    ANEW,
    LINGER,
    LOOK,
    POLL,
    SPINS,
    Window,
    find_descriptors,
    leads_to,
    speaks_of_input,
    wayland_place,
)

NETLINK_KOBJECT_UEVENT = 15


@pytest.fixture
def dummy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """A window that no descriptor tells of."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.display.set_mode((100, 100))
    yield Window()
    pygame.display.quit()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_window_without_a_descriptor_is_looked_at_often(dummy: Window) -> None:
    assert (dummy.descriptors, dummy.patience, dummy.direct) == ((), POLL, False)
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_SPACE))
    assert [event.type for event in dummy.events() if event.type == pygame.KEYDOWN] == [pygame.KEYDOWN]
    assert dummy.events() == []


def test_a_window_with_one_is_looked_at_seldom_and_once_more_after_each_event(
    dummy: Window, pipe: tuple[int, int]
) -> None:
    dummy.descriptors = (pipe[0],)
    dummy.events()
    dummy.events()
    assert dummy.patience == LOOK
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_SPACE))
    dummy.events()
    assert dummy.patience == LINGER
    dummy.events()
    assert dummy.patience == LOOK


def test_a_descriptor_that_sdl_does_not_read_does_not_keep_the_loop_awake(
    dummy: Window, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    os.write(pipe[1], b"x")
    dummy.descriptors = (pipe[0],)
    dummy.events()
    for _ in range(SPINS):
        dummy.events()
    assert not dummy.descriptors
    assert dummy.patience == POLL
    assert "looking without them" in caplog.text
    monkeypatch.setattr(window_file, "find_descriptors", lambda: (pipe[0],))
    for _ in range(ANEW):
        assert not dummy.descriptors
        dummy.events()
    assert dummy.descriptors == (pipe[0],), "it is tried again"


def test_a_descriptor_that_was_closed_is_forgotten(dummy: Window) -> None:
    read, write = os.pipe()
    high = fcntl.fcntl(read, fcntl.F_DUPFD, 500)  # a number that nobody else is given meanwhile
    for end in (read, write, high):
        os.close(end)
    dummy.events()
    dummy.descriptors = (high,)
    dummy.events()
    assert not dummy.descriptors


def test_a_display_that_is_gone_is_an_error(dummy: Window) -> None:
    pygame.display.quit()
    with pytest.raises(pygame.error):
        dummy.events()


def test_input_devices_and_what_tells_of_new_ones_speak_of_input() -> None:
    uevents = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with uevents, other:
        assert speaks_of_input(uevents.fileno(), f"socket:[{os.fstat(uevents.fileno()).st_ino}]")
        assert not speaks_of_input(other.fileno(), f"socket:[{os.fstat(other.fileno()).st_ino}]")
        assert uevents.fileno() != -1, "it was only looked at"
    assert speaks_of_input(3, "/dev/input/event0")
    assert speaks_of_input(3, "anon_inode:inotify")
    assert not speaks_of_input(3, "anon_inode:[eventfd]")
    assert not speaks_of_input(3, "/dev/dri/card0")
    assert not speaks_of_input(99_999, "socket:[1]")


def test_under_kmsdrm_it_is_the_input_devices(
    dummy: Window, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SDL opens the devices itself, and this machine has none: only the finding is real."""
    monkeypatch.setattr(pygame.display, "get_driver", lambda: "KMSDRM")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT) as uevents:
        assert uevents.fileno() in find_descriptors()
        assert pipe[0] not in find_descriptors()


def test_under_wayland_it_is_the_connection_to_the_compositor(tmp_path: Path) -> None:
    place = wayland_place({"XDG_RUNTIME_DIR": str(tmp_path), "WAYLAND_DISPLAY": "wayland-7"})
    assert place == tmp_path / "wayland-7"
    assert wayland_place({"WAYLAND_DISPLAY": "/somewhere/else"}) == Path("/somewhere/else")
    with socket.socket(socket.AF_UNIX) as compositor, socket.socket(socket.AF_UNIX) as client:
        compositor.bind(str(place))
        compositor.listen()
        assert not leads_to(client.fileno(), "socket:[1]", place), "not connected yet"
        client.connect(str(place))
        assert leads_to(client.fileno(), "socket:[1]", place)
        assert not leads_to(client.fileno(), "socket:[1]", tmp_path / "other")
        assert not leads_to(client.fileno(), "/dev/null", place)
        assert not leads_to(compositor.fileno(), "socket:[1]", place)
