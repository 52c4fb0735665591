"""The answer to a press, in the place of what comes next."""

from __future__ import annotations

from kiosk.door.presses import Feedback
from kiosk.drawing.picture import Box, Column, Fill, Panel, Part, Ring, Shape, Text
from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene


def answer_panel(scene: Scene, frame: Frame, feedback: Feedback) -> Panel:
    """Show what the press did, or is about to do."""
    theme = scene.theme
    box, px, pad = frame.answer, frame.px, frame.pad
    loud = feedback.told in ("kept", "refused")
    ground, ink = (theme.loud, theme.on_loud) if loud else (theme.accent, theme.on_accent)
    # Beside its words where there is no height for it above them.
    beside = frame.standing or box.h < px(20)
    side = px(7 if frame.standing or not beside else 5)
    icon_box = Box(box.x + pad, box.y + px(2.6), side, side)
    title, more = _answer_words(scene, feedback)
    if beside:
        x = icon_box.right + px(2.5 if frame.standing else 1.6)
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
                colour=ink,
            ),
            Text(
                text=more,
                font="text",
                size=px(2),
                least=px(1.6),
                lines=4,
                before=px(1.6),
                colour=ink,
            ),
        ),
    )
    parts = [*_answer_icon(scene, feedback, icon_box), column]
    if not frame.standing:
        # Without colours the field beside it may be as black.
        parts.append(Fill(box=Box(box.x, box.y, px(0.5), box.h), colour=theme.paper))
    return Panel(name="answer", box=box, ground=ground, parts=tuple(parts))


def _answer_icon(scene: Scene, feedback: Feedback, box: Box) -> list[Part]:
    theme = scene.theme
    inset = box.w * 3 // 10
    inner = Box(box.x + inset, box.y + inset, box.w - 2 * inset, box.h - 2 * inset)
    track = theme.accent_track
    match feedback.told:
        case "touched":
            share = scene.model.presses.held(scene.now)
            ring = Ring(box=box, share=share, colour=theme.on_accent, track=track)
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
