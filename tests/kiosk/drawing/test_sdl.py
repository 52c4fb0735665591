"""What of pygame a door loads."""

from __future__ import annotations

import subprocess
import sys

_LOADED = """
import sys
from kiosk.drawing.screen import Screen
from kiosk.drawing.sdl import pygame
Screen((320, 240)).close()
print(*sorted(name for name, module in sys.modules.items() if module and name.startswith("pygame.")))
"""


def test_a_door_opens_its_window_without_sound_and_without_a_word_about_it() -> None:
    """No warning either: each is an error here."""
    door = subprocess.run(
        [sys.executable, "-W", "error", "-c", _LOADED],
        capture_output=True,
        text=True,
        check=True,
        env={"SDL_VIDEODRIVER": "dummy", "PYTHONPATH": ":".join(sys.path)},
    )
    loaded = set(door.stdout.split())
    assert {"pygame.display", "pygame.font", "pygame.draw"} <= loaded
    assert not {"pygame.mixer", "pygame.mixer_music", "pygame.pkgdata"} & loaded
    assert not door.stderr
