"""What is told loudly: a cut line, a fault of the door, an old timetable."""

from __future__ import annotations

from msgspec import Struct

from kiosk.drawing.picture import Box, Column, Panel, Shape, Size, Text
from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene


class Loud(Struct, frozen=True):
    """What has to be told loudly.

    Attributes:
        title: What is wrong.
        more: What follows from it.
        others: What else is wrong.
    """

    title: str
    more: str
    others: tuple[str, ...] = ()


def banner_lines(loud: Loud, notice: float, size: Size) -> int:
    """Tell how many lines a banner needs.

    Args:
        loud: What it tells.
        notice: Height of the notices above it, in units.
        size: Width and height of the screen in pixels.
    """
    if not loud.others:
        return 2
    # A wide screen has room for the others behind what follows, where its height is used up.
    return 2 if size[0] > size[1] and notice > 5 else 3


def told_loudly(scene: Scene) -> Loud | None:
    """Say what has to be told loudly, the most serious first; None where all is well.

    Most serious is what loses presses, then what keeps them from the server, then what makes the
    picture doubtful. A light or a sensor that is out of order changes neither: it is told quietly.
    """
    model = scene.model
    faults = {fault.what for fault in model.condition.faults}
    told: list[tuple[str, str]] = []
    if "disk" in faults:
        told.append((scene.say("disk"), scene.say("disk.more")))
    broken = "button.touch" if model.setup.touch else None
    if "button" in faults:
        told.append((scene.say("button"), scene.say(broken or "button.more")))
    elif model.condition.stuck:
        told.append((scene.say("stuck"), scene.say(broken or "stuck.more")))
    told += _cut_off(scene)
    if "display" in faults:
        told.append((scene.say("display"), scene.say("display.more")))
    read_at = model.read_at(scene.now)
    if read_at is not None and model.stale(scene.now):
        told.append((scene.on_day("stale", read_at), scene.say("stale.more")))
    if not told:
        return None
    others = [title for title, _more in told[1:]]
    return Loud(*told[0], tuple(others))


def told_quietly(scene: Scene) -> list[str]:
    """Name what is out of order, and what nobody at the door needs."""
    faults = {fault.what for fault in scene.model.condition.faults}
    return [scene.say(what) for what in ("light", "sensor") if what in faults]


def _cut_off(scene: Scene) -> list[tuple[str, str]]:
    model = scene.model
    since = model.hearing.cut_off_since(scene.now)
    if since is None:
        return []
    if model.hearing.link == "refused":
        return [(scene.say("refused-door"), scene.say("refused-door.more"))]
    count = len(model.presses.pending)
    more = scene.say("cut-off.pending", count=count) if count else scene.say("cut-off.more")
    if model.hearing.heard_at is None:
        return [(scene.say("cut-off.never"), more)]
    # The line is there, and nobody answers at its other end.
    return [(scene.on_day("silent" if model.hearing.link == "up" else "cut-off", since), more)]


def banner_panel(scene: Scene, frame: Frame, box: Box, loud: Loud) -> Panel:
    """Show it."""
    theme = scene.theme
    px = frame.px
    side = px(3.4)
    icon = Box(frame.margin, box.y + (box.h - side) // 2, side, side)
    x = icon.right + px(1.6)
    others = scene.say("others", faults=" · ".join(loud.others)) if loud.others else ""
    below = [loud.more, others] if others else [loud.more]
    if others and box.h < px(6):
        below = [f"{loud.more} · {others}"]
    texts = [
        Text(text=loud.title, font="strong", size=px(2.2), least=px(1.5), shrink=True, colour=theme.on_loud)
    ]
    texts += [
        Text(
            text=line,
            font="text",
            size=px(1.75),
            least=px(1.25),
            shrink=True,
            before=px(0.95),
            colour=theme.on_loud,
        )
        for line in below
    ]
    words = Column(
        box=Box(x, box.y + px(0.8), box.w - frame.margin - x, box.h - px(1.6)),
        ground=theme.loud,
        down="middle",
        texts=tuple(texts),
    )
    return Panel(
        name="banner",
        box=box,
        ground=theme.loud,
        parts=(Shape(name="warning", box=icon, colour=theme.alarm), words),
    )
