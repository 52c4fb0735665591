"""What is told loudly: a cut line, a fault of the door, an old timetable."""

from __future__ import annotations

from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene
from kiosk.picture import Box, Column, Panel, Shape, Text


def told_loudly(scene: Scene) -> tuple[str, str] | None:
    """Say what has to be told loudly, and what follows from it; None where all is well."""
    model = scene.model
    since = model.cut_off_since(scene.now)
    if since is not None:
        if model.link == "refused":
            return scene.say("refused-door"), scene.say("refused-door.more")
        count = len(model.pending)
        kept = "cut-off.more" if count == 0 else "cut-off.pending-one" if count == 1 else "cut-off.pending"
        more = scene.say(kept, count=count)
        if model.heard_at is None:
            return scene.say("cut-off.never"), more
        return scene.on_day("cut-off", since), more
    faults = {fault.what for fault in model.faults}
    if "disk" in faults:
        return scene.say("disk"), scene.say("disk.more")
    if "button" in faults:
        return scene.say("button"), scene.say("button.more")
    if model.stuck:
        return scene.say("stuck"), scene.say("stuck.more")
    read_at = model.read_at(scene.now)
    if read_at is not None and model.stale(scene.now):
        return scene.on_day("stale", read_at), scene.say("stale.more")
    return None


def banner_panel(scene: Scene, frame: Frame, title: str, more: str) -> Panel:
    """Show it."""
    theme = scene.theme
    box, px = frame.banner, frame.px
    side = px(3.4)
    icon = Box(frame.margin, box.y + (box.h - side) // 2, side, side)
    x = icon.right + px(1.6)
    words = Column(
        box=Box(x, box.y + px(0.8), box.w - frame.margin - x, box.h - px(1.6)),
        ground=theme.loud,
        down="middle",
        texts=(
            Text(
                text=title,
                font="strong",
                size=px(2.2),
                least=px(1.5),
                shrink=True,
                colour=theme.on_loud,
            ),
            Text(
                text=more,
                font="text",
                size=px(1.7),
                least=px(1.3),
                shrink=True,
                before=px(0.95),
                colour=theme.on_loud,
            ),
        ),
    )
    return Panel(
        name="banner",
        box=box,
        ground=theme.loud,
        parts=(Shape(name="warning", box=icon, colour=theme.alarm), words),
    )
