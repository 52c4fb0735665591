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
from msgspec.structs import replace

from events.wire import Heartbeat
from kiosk.palette import INK, LIGHT
from kiosk.picture import Box, Column, Panel, Text, ViewModel
from kiosk.screen import Screen
from kiosk.typesetter import ELLIPSIS, FONT_FILES, Typesetter
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


def picture(name: str, size: tuple[int, int], language: Language = "fr") -> ViewModel:
    model, now = SCENES[name]()
    return view(model, now, size, language)


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
def test_every_scene_is_drawn(screen: Screen, name: str, language: Language, tmp_path: Path) -> None:
    screen.redraw()
    vm = picture(name, screen.size, language)

    assert screen.draw(vm) == len(vm.panels)
    screen.save(tmp_path / "door.png")
    saved = pygame.image.load(tmp_path / "door.png")
    assert saved.get_size() == screen.size
    edge = saved.get_at((1, 1))[:3]
    assert edge == vm.colour or vm.sign == "released"


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
            # Descenders hang below the base line.
            assert line.base + line.size * 0.24 <= panel.box.bottom, line


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
def test_the_word_is_never_cut_nor_small(screen: Screen, name: str, language: Language) -> None:
    vm = picture(name, screen.size, language)
    for place, lines in screen.lines(vm):
        if place.texts[0].text != vm.word:
            continue
        word = [line for line in lines if line.font == "heavy"]
        assert " ".join(line.text for line in word) == vm.word
        capital = Typesetter().capital("heavy", word[0].size)
        assert capital >= 0.12 * min(screen.size)
        return
    pytest.fail("no word")


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


@pytest.mark.parametrize(("before", "after"), [("free", "in_use"), ("free", "cut_off"), ("kept", "free")])
def test_drawn_after_another_a_picture_is_the_same_as_drawn_alone(before: str, after: str) -> None:
    size = (800, 480)
    alone, together = Screen(size, window=False), Screen(size, window=False)
    alone.draw(picture(after, size))
    together.draw(picture(before, size))
    together.draw(picture(after, size))

    assert _pixels(alone) == _pixels(together)


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
    code = f"import kiosk.screen, os; print(*map(os.environ.get, {names}))"
    environment = {**os.environ, "SDL_FRAMEBUFFER_ACCELERATION": "opengl"}
    environment.pop("SDL_AUDIODRIVER", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["dummy", "opengl"]


# -- typesetting ------------------------------------------------------------------------------


def test_long_texts_are_broken_into_lines_of_about_the_same_length(type_: Typesetter) -> None:
    lines = type_.lines(column("Réunion du conseil des études de l\u2019école", 400))

    assert len(lines) == 2
    assert abs(lines[0].width - lines[1].width) < 120


def test_what_does_not_fit_ends_with_an_ellipsis(type_: Typesetter) -> None:
    lines = type_.lines(column("Réunion du conseil des études " * 6, 300))

    assert len(lines) == 3
    assert lines[-1].text.endswith(ELLIPSIS)
    assert all(line.width <= 300 for line in lines)


def test_a_word_longer_than_the_line_is_parted(type_: Typesetter) -> None:
    word = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
    lines = type_.lines(column(word, 300, lines=4))

    assert "".join(line.text.removesuffix("-") for line in lines) == word


def test_one_line_is_cut_rather_than_broken(type_: Typesetter) -> None:
    (line,) = type_.lines(column("Amphithéâtre Henri-Poincaré, bâtiment B", 200, lines=1))

    assert line.text.endswith(ELLIPSIS)
    assert "Amphithéâtre" in line.text


def test_glyphs_that_the_font_lacks_are_left_out(type_: Typesetter) -> None:
    (line,) = type_.lines(column("🎉 Fête \u200f", 400))

    assert line.text == "Fête"


def test_a_text_without_any_known_glyph_is_replaced(type_: Typesetter) -> None:
    (line,) = type_.lines(column("محاضرة", 400, otherwise="Réservation"))

    assert line.text == "Réservation"


def test_all_letters_of_french_are_in_every_font(type_: Typesetter) -> None:
    letters = "ÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸàâæçéèêëîïôœùûüÿ«»\u2013\u2014\u2026\u2019\u201c\u201d·€0123456789"
    for font in FONT_FILES:
        assert type_.legible(letters, font) == letters


def test_digits_of_the_clock_have_equal_widths(type_: Typesetter) -> None:
    widths = {type_.font("hours-strong", 96).size(digit)[0] for digit in "0123456789"}

    assert len(widths) == 1


def test_an_empty_text_is_no_error(type_: Typesetter) -> None:
    assert [line.text for line in type_.lines(column("", 100))] == [""]


def test_paragraphs_that_may_go_make_room_for_the_others(type_: Typesetter) -> None:
    needed = Text(text="Libre", font="heavy", size=60, least=60, colour=INK)
    extra = Text(text="ferme à 20 h", font="text", size=30, least=30, before=20, optional=True, colour=INK)
    small = Column(box=Box(0, 0, 400, 50), ground=LIGHT.paper, texts=(needed, extra))

    assert [line.text for line in type_.lines(small)] == ["Libre"]
    large = Column(box=Box(0, 0, 400, 200), ground=LIGHT.paper, texts=(needed, extra))
    assert [line.text for line in type_.lines(large)] == ["Libre", "ferme à 20 h"]


def test_what_is_kept_drawn_is_bounded() -> None:
    screen = Screen((800, 480), window=False)
    model, now = scenes.in_use()
    for minute in range(300):
        screen.draw(view(model, now + timedelta(minutes=minute), screen.size, "fr"))

    assert len(screen._texts) <= 96
    assert len(screen._type._columns) <= 96
    assert len(screen._type._fonts) <= 160
