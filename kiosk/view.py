"""What a door shows: from the model to a full description of the picture, pure.

The pages are composed of the panels in `kiosk.pages`; those that a door seldom begins with are
imported when they are first shown, or before (`kiosk.command`). Between two minutes the picture changes only
when the model does: the theme, the night, the notices, the age of the air and the pixel by which
everything moves all turn on whole minutes, with the clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from kiosk.door.model import Model
from kiosk.drawing.picture import Box, Fill, Panel, Part, Size, ViewModel
from kiosk.pages.actions import actions_panel
from kiosk.pages.answer import answer_panel
from kiosk.pages.banner import banner_lines, banner_panel, told_loudly
from kiosk.pages.code import address, code_panel
from kiosk.pages.day import day_panel
from kiosk.pages.field import field_panel
from kiosk.pages.frame import Frame, Wants
from kiosk.pages.notice import notice_height, notice_panel
from kiosk.pages.scene import Scene
from kiosk.pages.side import agenda_panel, clock_panel
from kiosk.words import Language, say

SHIFTED_EVERY = timedelta(minutes=10)
"""How long the picture stays in its place, so that no edge burns into the display."""


def view(model: Model, now: datetime, size: Size, language: Language) -> ViewModel:
    """Describe the picture.

    Args:
        model: What the door knows.
        now: The door's wall clock.
        size: Width and height of the screen in pixels.
        language: In which language.
    """
    scene = Scene(model, now, language)
    look = scene.look
    vm = ViewModel(
        sign=scene.sign,
        word=say(language, look.word),
        shape=look.shape,
        colour=look.ground,
        size=size,
        panels=_panels(scene, size),
    )
    return shifted(vm, *shift_at(scene.minute, size))


def _panels(scene: Scene, size: Size) -> tuple[Panel, ...]:
    model = scene.model
    if not model.paired:
        from kiosk.pages.pairing import pairing_panel  # noqa: PLC0415  # the first picture does not wait for it

        return (pairing_panel(scene, Frame(size)),)
    if model.resting(scene.now):
        from kiosk.pages.asleep import asleep_panel  # noqa: PLC0415  # likewise

        return (asleep_panel(scene, Frame(size)),)
    if model.visit.page == "sign":
        return _sign(scene, size)
    loud = told_loudly(scene)
    frame = Frame(size, Wants(banner=2 if loud else 0))
    if model.visit.page == "find":
        from kiosk.pages.find import find_page  # noqa: PLC0415  # likewise

        page = find_page(scene, frame)
    else:
        from kiosk.pages.stay import stay_page  # noqa: PLC0415  # likewise

        page = stay_page(scene, frame)
    if frame.banner is not None and loud is not None:
        page += (banner_panel(scene, frame, frame.banner, loud),)
    return page


def _sign(scene: Scene, size: Size) -> tuple[Panel, ...]:
    model = scene.model
    loud = told_loudly(scene)
    notice = notice_height(scene, size)
    wants = Wants(
        banner=banner_lines(loud, notice, size) if loud else 0,
        notice=notice,
        actions=model.setup.touch,
        code=address(scene) != "",
        air=scene.air is not None,
        two_words=" " in scene.say(scene.look.word),
    )
    frame = Frame(size, wants)
    panels = [field_panel(scene, frame), clock_panel(scene, frame)]
    if model.presses.feedback is not None:
        panels.append(answer_panel(scene, frame, model.presses.feedback))
    else:
        panels.append(agenda_panel(scene, frame))
        if frame.code is not None:
            panels.append(code_panel(scene, frame, frame.code))
    if frame.day is not None:
        panels.append(day_panel(scene, frame, frame.day))
    if frame.actions is not None:
        panels.append(actions_panel(scene, frame, frame.actions))
    if frame.notice is not None:
        panels.append(notice_panel(scene, frame, frame.notice))
    if frame.banner is not None and loud is not None:
        panels.append(banner_panel(scene, frame, frame.banner, loud))
    return tuple(panels)


def shift_at(instant: datetime, size: Size) -> tuple[int, int]:
    """Tell by how much the picture is moved against burn-in: on a small square, a pixel at a time.

    Args:
        instant: When; it moves every `SHIFTED_EVERY`, counted from 1970.
        size: Width and height of the screen in pixels.

    Returns:
        Pixels to the right and down, each at most a thousandth of the longer side: 1 at 800 by 480,
        2 at 1920 by 1080.
    """
    reach = max(1, round(max(size) / 1000))
    side = 2 * reach
    turn = int(instant.timestamp() // SHIFTED_EVERY.total_seconds()) % (4 * side)
    along, corner = turn % side, turn // side
    dx, dy = ((along, 0), (side, along), (side - along, side), (0, side - along))[corner]
    return dx - reach, dy - reach


def shifted(vm: ViewModel, dx: int, dy: int) -> ViewModel:
    """Move a picture by a few pixels; what reaches the edge of the screen still does.

    Args:
        vm: The picture.
        dx: Pixels to the right.
        dy: Pixels down.
    """

    def moved(box: Box) -> Box:
        left = 0 if box.x <= 0 else box.x + dx
        top = 0 if box.y <= 0 else box.y + dy
        right = vm.size[0] if box.right >= vm.size[0] else box.right + dx
        bottom = vm.size[1] if box.bottom >= vm.size[1] else box.bottom + dy
        return Box(left, top, right - left, bottom - top)

    def moved_part(part: Part) -> Part:
        if isinstance(part, Fill):
            return replace(part, box=moved(part.box))
        box = part.box
        return replace(part, box=Box(box.x + dx, box.y + dy, box.w, box.h))

    panels = tuple(
        replace(
            panel,
            box=moved(panel.box),
            parts=tuple(moved_part(part) for part in panel.parts),
            targets=tuple(replace(target, box=moved(target.box)) for target in panel.targets),
        )
        for panel in vm.panels
    )
    return replace(vm, panels=panels)
