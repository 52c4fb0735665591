"""What is heard of a press, where there is a buzzer: pure. `kiosk.hardware.buzzer` makes it heard.

Who hits the button without looking at the screen hears that it was noted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from kiosk.door.model import Model

Beep = Literal["noted", "kept", "refused"]


class Note(Struct, frozen=True):
    """A sound and the silence after it.

    Attributes:
        high: A high sound; else a low one, where there is a difference.
        length: Seconds.
        rest: Seconds.
    """

    high: bool
    length: float
    rest: float = 0.0


BEEPS: dict[Beep, tuple[Note, ...]] = {
    "noted": (Note(high=True, length=0.08),),
    "kept": (Note(high=True, length=0.08, rest=0.12), Note(high=True, length=0.08)),
    "refused": (Note(high=False, length=0.8),),
}
"""One short one: noted. Two: noted, and kept for later. A long low one: refused."""


def beep(before: Model, after: Model, now: datetime) -> Beep | None:
    """Tell what is to be heard of what happened.

    A press is heard once: that the server agrees with what was noted makes no second sound.

    Args:
        before: What the door knew when this was last asked.
        after: What it knows now.
        now: The door's wall clock.

    Returns:
        None for silence, as always at night.
    """
    feedback, was = after.presses.feedback, before.presses.feedback
    if feedback is None or after.is_night(now):
        return None
    heard = was is not None and was.press == feedback.press
    match feedback.told:
        case "noted" | "kept":
            return None if heard else feedback.told
        case "refused":
            return None if heard and was is not None and was.told == "refused" else "refused"
        case "recorded":
            # Noted and recorded before anybody asked what is to be heard.
            return "noted" if was is not None and was.press is None else None
        case _:
            return None
