"""How bright the display is: full by day, little or nothing at night.

The kernel has a folder for each display whose light can be set, as that of the Pi's own touch
displays (sysfs-class-backlight). A display at HDMI has none.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from kiosk.door.model import Model

logger = logging.getLogger(__name__)

CLASS = Path("/sys/class/backlight")
NIGHT = 0.1
"""Share of the brightness when the screen rests and is not blank."""

_ON, _OFF = 0, 4
"""``bl_power``: FB_BLANK_UNBLANK and FB_BLANK_POWERDOWN of linux/fb.h."""


def brightness(model: Model, now: datetime) -> float:
    """Tell how bright the display is, as a share of what is set for the day: pure.

    Args:
        model: What the door knows.
        now: The door's wall clock.
    """
    if not model.resting(now):
        return 1.0
    return 0.0 if model.setup.night == "blank" else NIGHT


class Backlight:
    """The light behind one display. Used by the main thread.

    Args:
        folder: Its folder in sysfs.
        full: Share of the greatest brightness that is meant by full.
    """

    def __init__(self, folder: Path, *, full: float = 1.0) -> None:
        self._folder = folder
        self._full = full
        self._share: float | None = None

    @classmethod
    def find(cls, root: Path = CLASS, *, full: float = 1.0) -> Backlight | None:
        """Find the display whose light can be set; None where there is none.

        Args:
            root: The kernel's folder of them.
            full: Share of the greatest brightness that is meant by full.
        """
        try:
            folders = sorted(folder for folder in root.iterdir() if (folder / "max_brightness").is_file())
        except OSError:
            folders = []
        return cls(folders[0], full=full) if folders else None

    def set(self, share: float) -> None:
        """Set the light. Does nothing where it is set already.

        What cannot be written is told once in the log, and tried again when another share is
        asked for.

        Args:
            share: Of full, 0 to 1; 0 switches it off.
        """
        if share == self._share:
            return
        self._share = share
        try:
            greatest = int((self._folder / "max_brightness").read_text(encoding="ascii"))
            # The least that is not nothing: a dim display still shows.
            level = max(1, round(greatest * self._full * share)) if share else 0
            self._write("brightness", level)
            self._write("bl_power", _ON if share else _OFF)
        except (OSError, ValueError) as error:
            logger.warning("the display's light cannot be set: %s", error)

    def close(self) -> None:
        """Leave the light on: whoever comes next finds a display that shows."""
        self.set(1.0)

    def _write(self, name: str, number: int) -> None:
        (self._folder / name).write_text(f"{number}\n", encoding="ascii")
