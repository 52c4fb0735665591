"""What can be touched on the sign."""

from __future__ import annotations

from kiosk.drawing.picture import Box, Column, Fill, Panel, Part, Shape, ShapeName, Target, Text
from kiosk.inbox import Action, Leave, OpenPage, Speak
from kiosk.pages.frame import TOUCH, Frame
from kiosk.pages.scene import Scene
from kiosk.words import say


def actions_panel(scene: Scene, frame: Frame, box: Box) -> Panel:
    """Offer to find another room, to say for how long one stays, and to leave."""
    theme = scene.theme
    px, margin = frame.px, frame.margin
    offered: list[tuple[ShapeName, str, Action]] = [("search", scene.say("action.find"), OpenPage("find"))]
    if scene.sign not in ("closed", "out-of-order"):
        name = "action.extend" if scene.somebody else "action.stay"
        offered.append(("check", scene.say(name), OpenPage("stay")))
    if scene.somebody:
        offered.append(("leave", scene.say("action.leave"), Leave()))
    gap = px(0.8)
    height = px(TOUCH)
    y = box.y + (box.h - height) // 2
    # Each as wide as its words ask for, together as wide as the bar.
    weights = [min(len(words), 11) + 6 for _icon, words, _action in offered]
    width = box.w - 2 * margin - gap * (len(offered) - 1)
    parts: list[Part] = []
    targets: list[Target] = []
    x = margin
    for n, (icon, words, action) in enumerate(offered):
        right = margin + gap * n + width * sum(weights[: n + 1]) // sum(weights)
        place = Box(x, y, right - x, height)
        parts.append(Fill(box=place, colour=theme.track, radius=px(0.8)))
        side = px(2.2)
        left = place.x + px(1.2)
        parts.append(Shape(name=icon, box=Box(left, y + (height - side) // 2, side, side), colour=theme.ink))
        left += side + px(0.8)
        column = Box(left, y, place.right - px(0.6) - left, height)
        # Long words go on two lines before they become smaller, short ones do not.
        short = len(words) < 10
        text = Text(
            text=words,
            font="strong",
            size=px(1.9),
            least=px(1.3),
            lines=1 if short else 2,
            shrink=short,
            colour=theme.ink,
        )
        parts.append(Column(box=column, ground=theme.track, texts=(text,), down="middle"))
        targets.append(Target(place, action))
        x = right + gap
    return Panel(name="actions", box=box, ground=theme.paper, parts=tuple(parts), targets=tuple(targets))


def language_switch(scene: Scene, frame: Frame, right: int, top: int) -> tuple[list[Part], Target, Box]:
    """Offer the next language, in its own words.

    Args:
        scene: The look at the model.
        frame: The grid.
        right: Where what is drawn ends at the right.
        top: Where what can be touched begins.

    Returns:
        What to draw, where it can be touched, and where it is drawn.
    """
    theme, px = scene.theme, frame.px
    following = scene.model.next_language
    width, height = px(8), px(3.2)
    reached = Box(right - width, top, width, px(TOUCH))
    place = Box(reached.x, top + (reached.h - height) // 2, width, height)
    text = Text(
        text=say(following, "language"),
        font="strong",
        size=px(1.6),
        least=px(1.2),
        shrink=True,
        colour=theme.ink,
    )
    inner = Box(place.x + px(0.6), place.y, place.w - px(1.2), place.h)
    parts: list[Part] = [
        Fill(box=place, colour=theme.track, radius=px(0.8)),
        Column(box=inner, ground=theme.track, texts=(text,), across="centre", down="middle"),
    ]
    return parts, Target(reached, Speak(following)), place
