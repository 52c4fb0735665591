"""The answer to a press, in the place of what comes next."""

from __future__ import annotations

from kiosk.model import Feedback
from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene
from kiosk.picture import Box, Column, Panel, Part, Ring, Shape, Text


def answer_panel(scene: Scene, frame: Frame, feedback: Feedback) -> Panel:
    """Show what the press did, or is about to do."""
    theme = scene.theme
    box, px = frame.agenda, frame.px
    ground = theme.loud if feedback.told in ("kept", "refused") else theme.accent
    pad = frame.margin if frame.standing else px(2.6)
    side = px(7)
    icon_box = Box(box.x + pad, box.y + px(2.6), side, side)
    title, more = _answer_words(scene, feedback)
    if frame.standing:
        x = icon_box.right + px(2.5)
        words = Box(x, icon_box.y + px(0.5), box.right - pad - x, box.bottom - px(2) - icon_box.y - px(0.5))
    else:
        top = icon_box.bottom + px(2.4)
        words = Box(box.x + pad, top, box.w - pad - px(2), box.bottom - px(1.5) - top)
    column = Column(
        box=words,
        ground=ground,
        texts=(
            Text(
                text=title,
                font="heavy",
                size=px(3.2),
                least=px(2.2),
                lines=2,
                shrink=True,
                colour=theme.on_accent,
            ),
            Text(
                text=more,
                font="text",
                size=px(2),
                least=px(1.6),
                lines=4,
                before=px(1.6),
                colour=theme.on_accent,
            ),
        ),
    )
    return Panel(
        name="answer", box=box, ground=ground, parts=(*_answer_icon(scene, feedback, icon_box), column)
    )


def _answer_icon(scene: Scene, feedback: Feedback, box: Box) -> list[Part]:
    theme = scene.theme
    inset = box.w * 3 // 10
    inner = Box(box.x + inset, box.y + inset, box.w - 2 * inset, box.h - 2 * inset)
    track = theme.accent_track
    match feedback.told:
        case "touched":
            ring = Ring(box=box, share=scene.model.held(scene.now), colour=theme.on_accent, track=track)
            return [ring, Shape(name="circle", box=inner, colour=theme.on_accent)]
        case "sending":
            share = 1.0 if feedback.intent == "leaving" else 0.0
            ring = Ring(box=box, share=share, colour=theme.on_accent, track=track)
            return [ring, Shape(name="circle", box=inner, colour=theme.on_accent)]
        case "noted":
            return [
                Ring(box=box, share=0.0, colour=theme.on_accent, track=track),
                Shape(name="check", box=inner, colour=theme.on_accent),
            ]
        case "recorded":
            return [Shape(name="check-disc", box=box, colour=theme.on_accent)]
        case "kept":
            return [Shape(name="tray", box=box, colour=theme.alarm)]
        case "refused":
            return [Shape(name="warning", box=box, colour=theme.alarm)]


def _answer_words(scene: Scene, feedback: Feedback) -> tuple[str, str]:
    told, intent = feedback.told, feedback.intent or "present"
    if told == "touched":
        return scene.say("told.touched"), scene.say("told.touched.more")
    if told in ("sending", "noted", "kept"):
        return scene.say(f"told.{told}.{intent}"), scene.say(f"told.{told}.more")
    if told == "refused":
        code = feedback.code if feedback.code in ("too-fast", "server") else "other"
        return scene.say("told.refused"), scene.say(f"told.refused.{code}")
    effect = feedback.effect or "none"
    if effect in ("left", "none", "superseded"):
        return scene.say(f"told.{effect}"), scene.say(f"told.{effect}.more")
    until = feedback.present_until
    more = scene.say("told.until", hour=scene.hour(until)) if until else scene.say("told.recorded")
    return scene.say(f"told.{effect}"), more
