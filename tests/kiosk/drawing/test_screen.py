"""Drawing, in memory and in a window that nobody sees."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

os.environ["SDL_VIDEODRIVER"] = "dummy"

import pygame
import segno
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.wire import Heartbeat
from kiosk.drawing.palette import INK, LIGHT
from kiosk.drawing.picture import Box, Code, Column, Fill, Panel, Ring, Shape, Size, Text, ViewModel
from kiosk.drawing.screen import Screen
from kiosk.drawing.typesetter import Typesetter
from kiosk.view import view
from kiosk.words import Language
from tests.kiosk import scenes
from tests.kiosk.scenes import SCENES, SIZES

LANGUAGES: tuple[Language, ...] = ("fr", "en")


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def screen(request: pytest.FixtureRequest) -> Iterator[Screen]:
    screen = Screen(request.param, window=False)
    yield screen
    screen.close()


@pytest.fixture(scope="module")
def type_() -> Typesetter:
    return Typesetter()


def picture(name: str, size: Size, language: Language = "fr") -> ViewModel:
    return scenes.picture(name, language, size)


def column(text: str, width: int, height: int = 400, *, lines: int = 3, otherwise: str = "") -> Column:
    return Column(
        box=Box(0, 0, width, height),
        ground=LIGHT.paper,
        texts=(
            Text(text=text, font="text", size=30, least=20, lines=lines, colour=INK, otherwise=otherwise),
        ),
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(SCENES))
def test_every_scene_is_drawn(screen: Screen, name: str, language: Language) -> None:
    screen.redraw()
    vm = picture(name, screen.size, language)

    assert screen.draw(vm) == len(vm.panels)
    field = vm.panels[0].box
    colours = {screen._surface.get_at((x, field.h // 2))[:3] for x in range(field.x, field.right)}
    assert vm.colour in colours or vm.panels[0].name != "field"


def test_what_is_saved_is_what_is_shown(screen: Screen, tmp_path: Path) -> None:
    screen.redraw()
    screen.draw(picture("everything", screen.size))
    screen.save(tmp_path / "door.png")

    saved = pygame.image.load(tmp_path / "door.png")
    assert pygame.image.tobytes(saved, "RGB") == _pixels(screen)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(SCENES))
def test_text_stays_inside_its_box_and_its_panel(screen: Screen, name: str, language: Language) -> None:
    vm = picture(name, screen.size, language)
    panels = {id(part): panel for panel in vm.panels for part in panel.parts}
    for place, lines in screen.lines(vm):
        panel: Panel = panels[id(place)]
        for line in lines:
            assert line.width <= place.box.w, line
            assert panel.box.x <= line.x, line
            assert line.x + line.width <= panel.box.right, line
            assert line.base <= place.box.bottom, line
            for run in line.runs:
                glyphs = screen._type.font(run.face, line.size).metrics(run.text)
                below = max(-glyph[2] for glyph in glyphs if glyph is not None)
                assert line.base + below <= panel.box.bottom, line


@pytest.mark.parametrize("name", list(SCENES))
def test_texts_stand_on_the_ground_that_they_say(screen: Screen, name: str) -> None:
    """Contrasts are computed from what the view says; this is what is really drawn below."""
    vm = picture(name, screen.size)
    bare = [
        replace(panel, parts=tuple(part for part in panel.parts if not isinstance(part, Column)))
        for panel in vm.panels
    ]
    screen.redraw()
    screen.draw(replace(vm, panels=tuple(bare)))
    for place in vm.columns():
        box = place.box
        for x in (box.x, box.x + box.w // 2, box.right - 1):
            x = min(max(x, 0), screen.size[0] - 1)  # noqa: PLW2901
            assert screen._surface.get_at((x, box.y + box.h // 2))[:3] == place.ground


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(SCENES))
def test_the_word_is_never_cut_nor_small(
    screen: Screen, type_: Typesetter, name: str, language: Language
) -> None:
    vm = picture(name, screen.size, language)
    places = [place for place in vm.columns() if place.texts[0].text == vm.word]
    assert bool(places) == (vm.panels[0].name == "field")
    for place in places:
        word = [line for line in type_.lines(place) if line.font == "heavy"]
        assert " ".join(line.text for line in word) == vm.word
        assert type_.capital("heavy", word[0].size) >= 0.12 * min(screen.size)


ANSWERED = [name for name in SCENES if any(panel.name == "answer" for panel in scenes.picture(name).panels)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_is_said_whole_above_a_notice_too(
    screen: Screen, type_: Typesetter, name: str, language: Language
) -> None:
    model, now = SCENES[name]()
    model = replace(model, told=replace(model.told, notices=(scenes.NOTICE,)))
    vm = view(model, now, screen.size, language)
    (column,) = [
        part
        for panel in vm.panels
        if panel.name == "answer"
        for part in panel.parts
        if isinstance(part, Column)
    ]
    said = "".join(text.text for text in column.texts)
    drawn = "".join(line.text for line in type_.lines(column))

    assert "".join(drawn.split()) == "".join(said.split())


def test_nothing_is_drawn_when_nothing_changed(screen: Screen) -> None:
    screen.redraw()
    screen.draw(picture("in_use", screen.size))

    assert screen.draw(picture("in_use", screen.size)) == 0


def test_a_minute_later_the_field_is_left_as_it_is(screen: Screen) -> None:
    model, now = scenes.in_use()
    screen.redraw()
    screen.draw(view(model, now, screen.size, "fr"))
    later = now + timedelta(minutes=1)
    model = scenes.received(model, later, Heartbeat(server_time=later, epoch=1, seq=41))

    assert screen.draw(view(model, later, screen.size, "fr")) == 3


SHOWN = st.tuples(st.sampled_from(sorted(SCENES)), st.integers(0, 3), st.sampled_from(LANGUAGES))


@settings(deadline=None, max_examples=25)
@given(size=st.sampled_from(SIZES), shown=st.lists(SHOWN, min_size=2, max_size=5))
@example(size=(800, 480), shown=[("free", 0, "fr"), ("in_use", 0, "fr"), ("in_use", 1, "en")])
@example(size=(800, 480), shown=[("kept", 0, "fr"), ("free", 0, "fr"), ("cut_off", 0, "fr")])
def test_drawn_after_others_a_picture_is_the_same_as_drawn_alone(
    size: tuple[int, int], shown: list[tuple[str, int, Language]]
) -> None:
    following, alone = Screen(size, window=False), Screen(size, window=False)
    for name, minutes, language in shown:
        model, now = SCENES[name]()
        vm = view(model, now + timedelta(minutes=minutes), size, language)
        following.draw(vm)
        alone.redraw()
        alone.draw(vm)
        assert _pixels(following) == _pixels(alone), name


BOXES = st.builds(
    Box, st.integers(-20, 110), st.integers(-20, 90), st.integers(1, 90), st.integers(1, 60)
)  # fmt: skip
INKS = st.sampled_from([INK, LIGHT.paper, (176, 13, 43)])
PARTS = st.one_of(
    st.builds(Fill, box=BOXES, colour=INKS, radius=st.integers(0, 20)),
    st.builds(Shape, name=st.sampled_from(["circle", "question", "moon"]), box=BOXES, colour=INKS),
    st.builds(Ring, box=BOXES, share=st.sampled_from([0.0, 0.3, 1.0]), colour=INKS, track=INKS),
    st.builds(Code, text=st.sampled_from(["a", "b"]), box=BOXES, colour=INKS, ground=INKS),
    st.builds(
        lambda box, text, colour, across: Column(
            box=box,
            ground=LIGHT.paper,
            texts=(Text(text=text, font="hours", size=20, least=9, colour=colour),),
            across=across,
        ),
        BOXES,
        st.sampled_from(["12:24", "12:25", "12:31", "fin", "fil", "Wagen", "שלום 12", "Ωmega"]),
        INKS,
        st.sampled_from(["left", "centre", "right"]),
    ),
)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_any_parts_changed_in_any_way_leave_no_trace(data: st.DataObject) -> None:
    size = (100, 80)
    following, alone = Screen(size, window=False), Screen(size, window=False)
    parts = data.draw(st.lists(PARTS, max_size=6))
    for _ in range(4):
        panel = Panel(name="field", box=Box(0, 0, *size), ground=LIGHT.paper, parts=tuple(parts))
        vm = ViewModel(sign="free", word="", shape="circle", colour=INK, size=size, panels=(panel,))
        following.draw(vm)
        alone.redraw()
        alone.draw(vm)
        assert _pixels(following) == _pixels(alone)
        at = data.draw(st.integers(0, len(parts)))
        match data.draw(st.sampled_from(["put", "take", "change", "turn"])):
            case "put":
                parts.insert(at, data.draw(PARTS))
            case "take":
                del parts[at : at + 1]
            case "change":
                parts[at : at + 1] = [data.draw(PARTS)]
            case _:
                parts.reverse()


def test_a_minute_later_few_pixels_are_sent_to_the_display(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    screen = Screen((1920, 1080))
    monkeypatch.setattr(pygame.display, "update", lambda rects: sent.extend(r.w * r.h for r in rects))
    model, now = scenes.in_use()
    for minutes in (0, 1):
        later = now + timedelta(minutes=minutes)
        sent.clear()
        model = scenes.received(model, later, Heartbeat(server_time=later, epoch=1, seq=41))
        screen.draw(view(model, later, screen.size, "fr"))
    screen.close()

    assert 0 < sum(sent) < 1920 * 1080 // 25


def test_a_display_that_is_gone_is_told_and_then_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_rects: object) -> None:
        raise pygame.error("display Surface quit")

    screen = Screen((800, 480))
    vm = picture("free", screen.size)
    screen.draw(vm)
    with monkeypatch.context() as patched:
        patched.setattr(pygame.display, "update", gone)
        with pytest.raises(pygame.error):
            screen.draw(picture("in_use", screen.size))

    assert screen.shown is None
    assert screen.draw(vm) == len(vm.panels)
    screen.close()


# -- the code ---------------------------------------------------------------------------------


def code(text: str, box: Box) -> tuple[Screen, Code]:
    part = Code(text=text, box=box, colour=INK, ground=(255, 255, 255))
    panel = Panel(name="code", box=Box(0, 0, 300, 300), ground=(9, 99, 9), parts=(part,))
    screen = Screen((300, 300), window=False)
    vm = ViewModel(sign="free", word="", shape="circle", colour=INK, size=(300, 300), panels=(panel,))
    screen.draw(vm)
    return screen, part


@pytest.mark.parametrize("side", [120, 133, 250])
def test_a_code_has_whole_pixels_and_a_quiet_zone(side: int) -> None:
    text = "https://salles.example.org/L213"
    screen, _ = code(text, Box(20, 30, side, side))
    matrix = segno.make_qr(text, error="l").matrix
    modules = len(matrix) + 8
    scale = side // modules
    left, top = 20 + (side - scale * modules) // 2, 30 + (side - scale * modules) // 2

    for y in range(-4, len(matrix) + 4):
        for x in range(-4, len(matrix) + 4):
            dark = 0 <= x < len(matrix) and 0 <= y < len(matrix) and bool(matrix[y][x])
            for dx, dy in ((0, 0), (scale - 1, scale - 1)):
                place = (left + (x + 4) * scale + dx, top + (y + 4) * scale + dy)
                assert screen._surface.get_at(place)[:3] == (INK if dark else (255, 255, 255))
    assert screen._surface.get_at((left - 1, top))[:3] == (9, 99, 9)


def test_a_code_that_does_not_fit_is_not_drawn() -> None:
    screen, _ = code("https://salles.example.org/L213", Box(20, 30, 20, 20))

    assert {screen._surface.get_at((x, y))[:3] for x in range(300) for y in range(300)} == {(9, 99, 9)}


def test_a_picture_without_a_code_does_not_load_what_makes_codes() -> None:
    program = (
        "import sys; from kiosk.drawing.screen import Screen; from kiosk.view import view; "
        "from tests.kiosk.scenes import free; screen = Screen((800, 480), window=False); "
        "screen.draw(view(*free(), (800, 480), 'fr')); "
        "print(*{'segno', 'bidi', 'arabic_reshaper'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def _pixels(screen: Screen) -> bytes:
    return pygame.image.tobytes(screen._surface, "RGB")


def test_after_the_window_was_covered_all_is_drawn() -> None:
    screen = Screen((800, 480), window=False)
    vm = picture("free", screen.size)
    screen.draw(vm)
    screen.redraw()

    assert screen.draw(vm) == len(vm.panels)


def test_a_window_opens_and_closes() -> None:
    screen = Screen((800, 480), caption="L213")
    assert pygame.display.get_caption()[0] == "L213"
    assert screen.draw(picture("free", screen.size)) > 0
    screen.close()

    assert not pygame.display.get_init()


def test_a_picture_in_memory_needs_no_display() -> None:
    pygame.display.quit()
    Screen((800, 480), window=False).draw(picture("free", (800, 480)))

    assert not pygame.display.get_init()


def test_a_picture_in_memory_needs_a_size() -> None:
    with pytest.raises(ValueError, match="size"):
        Screen(window=False)


def test_starting_sets_what_sdl_reads_and_respects_what_is_set() -> None:
    names = ["SDL_AUDIODRIVER", "SDL_FRAMEBUFFER_ACCELERATION"]
    code = f"import kiosk.drawing.screen, os; print(*map(os.environ.get, {names}))"
    environment = {**os.environ, "SDL_FRAMEBUFFER_ACCELERATION": "opengl"}
    environment.pop("SDL_AUDIODRIVER", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["dummy", "opengl"]


def test_what_is_kept_drawn_is_bounded() -> None:
    screen = Screen((800, 480), window=False)
    model, now = scenes.in_use()
    for minute in range(300):
        screen.draw(view(model, now + timedelta(minutes=minute), screen.size, "fr"))

    assert screen._texts.pixels <= 2**18
    assert len(screen._type._columns) <= 96
    assert len(screen._type.fonts._open) <= 28


def test_what_changed_places_with_a_part_that_draws_nothing_is_drawn_over_what_it_was_under() -> None:
    size = (100, 80)
    text = Text(text="12:25", font="hours", size=20, least=9, colour=LIGHT.paper)
    clock = Column(box=Box(0, 0, 87, 40), ground=LIGHT.paper, texts=(text,))
    nothing = replace(clock, box=Box(1, 75, 1, 16))
    bar = Fill(box=Box(0, 0, 87, 40), colour=(176, 13, 43))
    following, alone = Screen(size, window=False), Screen(size, window=False)
    for parts in ((nothing, bar, clock), (clock, bar, nothing)):
        panel = Panel(name="field", box=Box(0, 0, *size), ground=LIGHT.paper, parts=parts)
        vm = ViewModel(sign="free", word="", shape="circle", colour=INK, size=size, panels=(panel,))
        following.draw(vm)
        alone.redraw()
        alone.draw(vm)
        assert _pixels(following) == _pixels(alone)
