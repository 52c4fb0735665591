"""What a door shows: from the model to a full description of the picture, pure.

The pages are composed of the panels in `kiosk.pages`.
"""

from __future__ import annotations

from datetime import datetime

from kiosk.model import Model
from kiosk.pages.answer import answer_panel
from kiosk.pages.banner import banner_panel, told_loudly
from kiosk.pages.day import day_panel
from kiosk.pages.field import field_panel
from kiosk.pages.frame import Frame
from kiosk.pages.scene import Scene
from kiosk.pages.side import agenda_panel, clock_panel
from kiosk.picture import Size, ViewModel
from kiosk.words import Language, say


def view(model: Model, now: datetime, size: Size, language: Language) -> ViewModel:
    """Describe the picture.

    Args:
        model: What the door knows.
        now: The door's wall clock.
        size: Width and height of the screen in pixels.
        language: In which language.
    """
    scene = Scene(model, now, language)
    banner = told_loudly(scene)
    frame = Frame(size, has_banner=banner is not None)
    sign = scene.theme.signs[scene.sign]
    panels = [
        field_panel(scene, frame, sign),
        clock_panel(scene, frame),
        answer_panel(scene, frame, model.feedback) if model.feedback else agenda_panel(scene, frame),
        day_panel(scene, frame),
    ]
    if banner is not None:
        panels.append(banner_panel(scene, frame, *banner))
    return ViewModel(
        sign=scene.sign,
        word=say(language, sign.word),
        shape=sign.shape,
        colour=sign.ground,
        size=size,
        panels=tuple(panels),
    )
