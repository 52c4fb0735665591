"""What the desk has to say at this door."""

from __future__ import annotations

from kiosk.drawing.picture import Box, Column, Panel, Part, Shape, Size, Text
from kiosk.pages.frame import CAPITAL, Frame
from kiosk.pages.scene import Scene, tidy

_SIZES = {
    False: (2.6, 2.3, 2.05),
    True: (2.6, 2.4, 2.2, 2.1, 1.9, 1.8),
}
"""Size of the letters in units by the number of lines, on a lying and on a standing screen; the longest
notice, 200 letters, needs the last.

At 1.5 m the capitals of 1.8 units on a display of 7" are seen under 5.3 minutes of arc, of 2.6 under
7.7; somebody with normal sight reads 5.
"""
_LETTER = 0.53
"""Width of a letter in ems, and what is lost at the ends of lines."""
_MORE = 9.2
"""Width of what tells of other notices, in units."""


def notice_lines(scene: Scene, size: Size) -> int:
    """Tell how many lines the newest notice needs; 0 where there is none."""
    notices = scene.notices
    if not notices:
        return 0
    standing = size[1] > size[0]
    width = 34 if standing else 69 - (_MORE if len(notices) > 1 else 0)
    sizes = _SIZES[standing]
    for lines, em in enumerate(sizes, 1):
        if len(notices[0].text) <= lines * width / (em * _LETTER):
            return lines
    return len(sizes)


def notice_height(scene: Scene, size: Size) -> float:
    """Tell how high the strip of the notices is, in units; 0 where there are none."""
    lines = notice_lines(scene, size)
    if lines == 0:
        return 0
    standing = size[1] > size[0]
    em = _SIZES[standing][lines - 1]
    more = 2.4 if standing and len(scene.notices) > 1 else 0
    return 2.0 + CAPITAL * em + (lines - 1) * 1.14 * em + more


def notice_panel(scene: Scene, frame: Frame, box: Box) -> Panel:
    """Show the newest notice whole, and say how many more there are.

    They do not take turns: an idle picture stays as it is, and nobody waits before a door for what
    comes next.
    """
    theme = scene.theme
    px = frame.px
    newest, *older = scene.notices
    lines = notice_lines(scene, (frame.w, frame.h))
    side = px(2.6)
    # Its words begin where those of what is told loudly do.
    icon = Box(frame.margin + px(0.4), box.y + (box.h - side) // 2, side, side)
    x = frame.margin + px(5)
    right = box.right - frame.margin
    parts: list[Part] = [Shape(name="notice", box=icon, colour=theme.accent)]
    texts = [
        Text(
            text=tidy(newest.text),
            font="strong",
            size=px(_SIZES[frame.standing][lines - 1]),
            least=px(1.5),
            lines=lines,
            colour=theme.ink,
            otherwise="—",
        )
    ]
    if older:
        more = Text(
            text=scene.say("notices.more", count=len(older)),
            font="text",
            size=px(1.5),
            least=px(1.3),
            lines=1 if frame.standing else 2,
            before=px(1.1),
            colour=theme.ink,
        )
        if frame.standing:
            texts.append(more)
        else:
            width = px(_MORE - 1.6)
            place = Box(right - width, box.y + px(0.5), width, box.h - px(1))
            parts.append(Column(box=place, ground=theme.notice, texts=(more,), across="right", down="middle"))
            right -= px(_MORE)
    words = Box(x, box.y + px(0.5), right - x, box.h - px(1))
    parts.append(Column(box=words, ground=theme.notice, texts=tuple(texts), down="middle"))
    return Panel(name="notice", box=box, ground=theme.notice, parts=tuple(parts))
