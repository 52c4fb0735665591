"""What changed on a door of 1920x1080, against bare pygame that draws all of it for each frame.

Once without a display (SDL's dummy) and once on an X server that nobody sees (Xvfb), both without
a GPU as on a plain door.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import cycle

from msgspec.structs import replace

from events.wire import Heartbeat
from kiosk.door.model import Model
from kiosk.drawing.fonts import FILES, FOLDER
from kiosk.drawing.picture import Box, Column, Fill, Ring, Shape, ViewModel
from kiosk.drawing.screen import Screen
from kiosk.view import view
from tests.benchmarks.floor_draw import Bar, Naive, Words
from tests.benchmarks.rounds import compare
from tests.kiosk import scenes

SIZE = (1920, 1080)
FRAMES = 60
AIM = "at most 0.06"


def main() -> None:
    """Compare, each driver in a process of its own."""
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    for driver, wrapper in (("dummy", []), ("x11", ["xvfb-run", "-a", "-s", "-screen 0 1920x1080x24"])):
        environment = {
            **os.environ,
            "SDL_VIDEODRIVER": driver,
            "SDL_FRAMEBUFFER_ACCELERATION": "0",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [*wrapper, sys.executable, __file__, driver]
        subprocess.run(command, env=environment, check=True)


def measure(driver: str) -> None:
    """Compare with one driver."""
    screen = Screen(SIZE)
    model, now = scenes.in_use()
    here = _later(model, now, 0)
    naive = Naive(*_content(screen, here))

    def floor() -> float:
        return _median(naive.frame)

    def ours(pictures: Iterator[ViewModel]) -> float:
        screen.redraw()
        screen.draw(next(pictures))
        spent = []
        for picture, _ in zip(pictures, range(FRAMES), strict=False):
            began = time.perf_counter()
            screen.draw(picture)
            spent.append(time.perf_counter() - began)
        return 1e3 * sorted(spent)[len(spent) // 2]

    minutes = [_later(model, now, n) for n in range(70)]
    clocks = [_with(here, later, "clock") for later in minutes]
    quiet, then = scenes.free()
    free = view(quiet, then, SIZE, "fr")
    there = scenes.presence(last=scenes.said(then, then + timedelta(hours=1)), seq=42)
    taken = view(scenes.received(quiet, then, there), then, SIZE, "fr")
    touched = view(*scenes.touched(), SIZE, "fr")
    sending = view(*scenes.sending(), SIZE, "fr")
    updates: dict[str, Callable[[], Iterator[ViewModel]]] = {
        "the clock": lambda: iter(clocks),
        "a minute: clock, bar of the day, age of the data": lambda: iter(minutes),
        "a press: the answer at the side": lambda: cycle([touched, sending]),
        "the state: the field and more": lambda: cycle([free, taken]),
    }
    for what, pictures in updates.items():

        def drawn(pictures: Callable[[], Iterator[ViewModel]] = pictures) -> float:
            return ours(pictures())

        compare(f"{driver}, {what}", "ms", drawn, floor, aim=AIM)
    # A state has a colour of its own: most of the picture is another one, and this is the least of it.
    field, colours = _place(free.panels[0].box), cycle([free.colour, taken.colour])

    def least() -> float:
        return _median(lambda: naive.ground(field, next(colours)))

    states = updates["the state: the field and more"]
    aim = "none; what is not the colour itself"
    compare(f"{driver}, the state against its colour alone", "ms", lambda: ours(states()), least, aim=aim)
    screen.close()


def _median(frame: Callable[[], None]) -> float:
    spent = []
    for _ in range(FRAMES):
        began = time.perf_counter()
        frame()
        spent.append(time.perf_counter() - began)
    return 1e3 * sorted(spent)[len(spent) // 2]


def _later(model: Model, now: datetime, minutes: int) -> ViewModel:
    later = now + timedelta(minutes=minutes)
    return view(
        scenes.received(model, later, Heartbeat(server_time=later, epoch=1, seq=41)), later, SIZE, "fr"
    )


def _with(picture: ViewModel, other: ViewModel, name: str) -> ViewModel:
    """Take one panel from another picture."""
    panels = {panel.name: panel for panel in other.panels}
    return replace(picture, panels=tuple(panels[it.name] if it.name == name else it for it in picture.panels))


def _content(screen: Screen, picture: ViewModel) -> tuple[list[Bar], list[Bar], list[Words]]:
    """Tell bare pygame what is in a picture."""
    bars: list[Bar] = []
    discs: list[Bar] = []
    words: list[Words] = []
    for panel in picture.panels:
        bars.append((_place(panel.box), panel.ground, 0))
        for part in panel.parts:
            match part:
                case Fill(box=box, colour=colour, radius=radius):
                    bars.append((_place(box), colour, radius))
                case Shape(box=box, colour=colour) | Ring(box=box, colour=colour):
                    discs.append((_place(box), colour, 0))
                case Column():
                    pass
    for _, lines in screen.lines(picture):
        for line in lines:
            top = line.base - round(line.size * 0.95)
            words.append((line.text, str(FOLDER / FILES[line.font]), line.size, line.colour, (line.x, top)))
    return bars, discs, words


def _place(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.w, box.h


if __name__ == "__main__":
    main()
