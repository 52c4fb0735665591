"""What the light beside the button shows: pure. `kiosk.hardware.light` gives it to the hardware.

A `Glow` is told once, when it changes, and describes what goes on by itself until the next one: the
light never needs the main loop to move. The light says again what the screen says, to who is near
the button or still far down the corridor; nothing is told by the light alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from events.status import status_at
from kiosk.door.model import Model
from kiosk.drawing.palette import sign_of
from kiosk.drawing.picture import SignName

Kind = Literal["rgb", "three"]
"""One light of three colours, or a green, an orange and a red lamp."""

Shares = tuple[float, float, float]
"""How bright each of three lights is, 0 to 1: red, green, blue; or green, orange, red."""

Pattern = Literal["off", "steady", "pulse", "wink", "touched", "noted", "kept", "refused"]
"""What the light does.

``steady`` and ``off`` speak for themselves; ``pulse`` swells and fades slowly: the server is not
there; ``wink`` goes out for an instant every two seconds: something is wrong with the door itself.
The others answer to the person at the button, over the colour of the state, which stays when they
are done: ``touched`` is white while the contact is closed, ``noted`` three quick white flashes,
``kept`` two long blue ones (it was noted, and will be sent later), ``refused`` one long red one.
"""

_ANSWERS: dict[str, Pattern] = {
    "touched": "touched",
    "sending": "touched",
    "noted": "noted",
    # The same glow as before: what was answered is not answered again when the server agrees.
    "recorded": "noted",
    "kept": "kept",
    "refused": "refused",
}
_BROKEN = frozenset({"disk", "button", "display"})
"""Faults because of which the door cannot do its work, told by the light: the screen may be dark."""
DIM = 0.1
"""How bright the light is at night while nobody is there, as a share."""
EVENING = 0.5
"""How bright it is at night while somebody is there. A light that cannot be dimmed is off below."""
_EBB = 0.15
"""How bright a pulse is at its darkest, as a share of its brightest."""


class Colour(Struct, frozen=True, kw_only=True):
    """What a light shows of one sign.

    Attributes:
        mixed: Red, green and blue, where each can be dimmed (PWM). An LED's green is far brighter
            than its red, so that yellow and orange have less of it than a screen's.
        plain: Red, green and blue, where each is on or off.
        three: A green, an orange and a red lamp.
    """

    mixed: Shares
    plain: Shares
    three: Shares


ColourName = SignName | Literal["white", "later", "no"]

COLOURS: dict[ColourName, Colour] = {
    "free": Colour(mixed=(0, 1, 0), plain=(0, 1, 0), three=(1, 0, 0)),
    # May be taken, but look at the screen: two lamps of three.
    "soon": Colour(mixed=(1, 0.6, 0), plain=(0, 1, 1), three=(1, 1, 0)),
    "released": Colour(mixed=(0.5, 1, 0), plain=(0, 1, 1), three=(1, 1, 0)),
    "booked": Colour(mixed=(1, 0.2, 0), plain=(1, 1, 0), three=(0, 1, 0)),
    "taken": Colour(mixed=(1, 0, 0), plain=(1, 0, 0), three=(0, 0, 1)),
    "out-of-order": Colour(mixed=(0.6, 0, 1), plain=(1, 0, 1), three=(0, 1, 1)),
    # Grey light is white light that is dim; a lamp that is out would look like a free socket.
    "unknown": Colour(mixed=(0.2, 0.2, 0.2), plain=(0, 0, 1), three=(1, 1, 1)),
    "closed": Colour(mixed=(0, 0, 0), plain=(0, 0, 0), three=(0, 0, 0)),
    "white": Colour(mixed=(1, 1, 1), plain=(1, 1, 1), three=(1, 1, 1)),
    "later": Colour(mixed=(0, 0, 1), plain=(0, 0, 1), three=(0, 1, 0)),
    "no": Colour(mixed=(1, 0, 0), plain=(1, 0, 0), three=(0, 0, 1)),
}
"""Colours of the signs, and of the answers to a press."""


class Glow(Struct, frozen=True, kw_only=True):
    """What the light does from now on.

    Attributes:
        sign: Whose colour it has.
        dim: Share of its full brightness: 1 by day, little at night.
    """

    sign: SignName
    pattern: Pattern
    dim: float = 1.0


def light(model: Model, now: datetime) -> Glow:
    """Tell what the light does.

    Args:
        model: What the door knows.
        now: The door's wall clock.
    """
    known = model.known(now)
    sign = sign_of(status_at(known, model.time(now)) if known else None)
    if model.presses.feedback is not None:
        return Glow(sign=sign, pattern=_ANSWERS[model.presses.feedback.told])
    dim = 1.0
    if model.resting(now):
        if model.setup.night == "blank":
            return Glow(sign=sign, pattern="off", dim=0.0)
        dim = DIM
    elif model.is_night(now):
        dim = EVENING
    if any(fault.what in _BROKEN for fault in model.condition.faults) or model.condition.stuck:
        return Glow(sign=sign, pattern="wink", dim=dim)
    if model.hearing.cut_off_since(now) is not None:
        return Glow(sign=sign, pattern="pulse", dim=dim)
    return Glow(sign=sign, pattern="steady", dim=dim)


class Play(Struct, frozen=True, kw_only=True):
    """What three lights do together, told once.

    Attributes:
        on: How bright they are, when on.
        off: How bright they are in between, and when all is played.
        on_time: Seconds.
        off_time: Seconds.
        fade: Seconds of each change from one to the other.
        times: How often; None for ever, 0 for never: it stays at ``off``.
    """

    off: Shares
    on: Shares = (0, 0, 0)
    on_time: float = 0.0
    off_time: float = 0.0
    fade: float = 0.0
    times: int | None = 0


def play(glow: Glow, kind: Kind, *, pwm: bool) -> Play:
    """Tell what the three lights do to show a glow.

    Args:
        glow: What to show.
        kind: What lights they are.
        pwm: Whether they can be dimmed.
    """

    def shares(name: ColourName, dim: float) -> Shares:
        colour = COLOURS[name]
        wanted = colour.three if kind == "three" else colour.mixed if pwm else colour.plain
        if not pwm:
            dim = 1.0 if dim >= EVENING else 0.0
        return wanted[0] * dim, wanted[1] * dim, wanted[2] * dim

    def flash(name: ColourName) -> Shares:
        # What is red already cannot flash red: it goes out instead.
        colour = shares(name, glow.dim)
        return dark if colour == rest else colour

    dark = (0.0, 0.0, 0.0)
    rest = shares(glow.sign, glow.dim)
    # A closed room has no light, and what is wrong with its door is told all the same.
    lit = rest if any(rest) else shares("unknown", glow.dim)
    match glow.pattern:
        case "off":
            return Play(off=dark)
        case "steady":
            return Play(off=rest)
        case "pulse" if pwm:
            ebb = (lit[0] * _EBB, lit[1] * _EBB, lit[2] * _EBB)
            return Play(on=lit, off=ebb, fade=1.5, times=None)
        case "pulse":
            return Play(on=lit, off=dark, on_time=1.5, off_time=1.5, times=None)
        case "wink":
            return Play(on=lit, off=dark, on_time=1.8, off_time=0.2, times=None)
        case "touched":
            return Play(off=flash("white"))
        case "noted":
            return Play(on=flash("white"), off=rest, on_time=0.12, off_time=0.12, times=3)
        case "kept":
            return Play(on=flash("later"), off=rest, on_time=0.7, off_time=0.4, times=2)
        case "refused":
            return Play(on=flash("no"), off=rest, on_time=1.5, off_time=0.1, times=1)
