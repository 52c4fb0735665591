"""Titles as people write them, broken into lines that fit."""

# ruff: noqa: RUF001  # titles as people write them

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

os.environ["SDL_VIDEODRIVER"] = "dummy"

from kiosk.drawing.fonts import FILES, FOLDER, INSTEAD, KEEP, Fonts, signs_of
from kiosk.drawing.palette import INK, LIGHT
from kiosk.drawing.picture import Box, Column, FontName, Text
from kiosk.drawing.script import ELLIPSIS, PLAIN
from kiosk.drawing.sdl import pygame
from kiosk.drawing.typesetter import Line, Typesetter

TYPE = Typesetter()
SAID = (
    "de la à l’école Analyse numérique\u00a0: «\u00a0Conception robot\u00a0» TD 3 (jury B) et/ou vis-à-vis "
    "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz opto\u00adélectro\u00adnique "
    "🎉 👩\u200d🔬 ❤️\u200d🔥 1️⃣ محاضرة الأولى שָׁלוֹם (קבוצה 2) Ελληνικά Физика 数学 cafe\u0301 \u202f! H₂O 𝐁𝐨𝐥𝐝 "
    "\u200b \u200d \u200f \u2067 \x07 \ud800 ﬁ"
)
WORDS = SAID.split(" ")
TITLES = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=14).map(" ".join)


def column(
    text: str,
    width: int,
    height: int = 400,
    *,
    lines: int = 3,
    otherwise: str = "",
    font: FontName = "text",
    size: int = 30,
    least: int = 20,
    shrink: bool = False,
) -> Column:
    written = Text(
        text=text,
        font=font,
        size=size,
        least=least,
        lines=lines,
        shrink=shrink,
        colour=INK,
        otherwise=otherwise,
    )
    return Column(box=Box(0, 0, width, height), ground=LIGHT.paper, texts=(written,))


def set_in(text: str, width: int, *, lines: int = 3, otherwise: str = "") -> list[str]:
    return [line.text for line in TYPE.lines(column(text, width, lines=lines, otherwise=otherwise))]


def seen(line: Line) -> str:
    """What stands there from left to right."""
    return "".join(run.text for run in line.runs)


# -- for any text at all ----------------------------------------------------------------------


@given(
    text=TITLES,
    width=st.integers(60, 700),
    size=st.integers(8, 60),
    lines=st.integers(1, 5),
    shrink=st.booleans(),
    font=st.sampled_from(sorted(INSTEAD)),
)
@example(text="\u00ad", width=60, size=8, lines=1, shrink=False, font="text")
@example(text="a" * 300, width=60, size=60, lines=2, shrink=True, font="heavy")
def test_any_text_fits_its_box_and_loses_nothing_in_silence(
    text: str, width: int, size: int, lines: int, *, shrink: bool, font: FontName
) -> None:
    least = min(size, 20)
    place = column(text, width, lines=lines, size=size, least=least, shrink=shrink, font=font)
    made = TYPE.lines(place)

    assert 1 <= len(made) <= lines
    assert all(line.width <= width for line in made)
    assert all(run.dx >= 0 for line in made for run in line.runs)
    if not any(line.text.endswith(ELLIPSIS) for line in made):
        assert _letters("".join(line.text for line in made)) == _letters(TYPE.legible(text, font))


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


@given(text=TITLES)
def test_tidied_twice_is_tidied_once(text: str) -> None:
    once = TYPE.legible(text, "strong")

    assert TYPE.legible(once, "strong") == once
    assert "  " not in once


@given(text=TITLES)
def test_what_is_drawn_has_a_glyph(text: str) -> None:
    for line in TYPE.lines(column(text, 300, lines=5)):
        for run in line.runs:
            assert all(TYPE.fonts.has(run.face, sign) for sign in run.text)


# -- where lines end --------------------------------------------------------------------------


def test_lines_are_of_about_the_same_length() -> None:
    first, second = TYPE.lines(column("Réunion du conseil des études de l’école", 400))

    assert abs(first.width - second.width) < 120


@pytest.mark.parametrize(
    ("title", "width", "expected"),
    [
        (
            "L’Amérique à l’époque de la guerre de Sécession et de la reconstruction",
            340,
            ["L’Amérique à l’époque", "de la guerre", "de Sécession", "et de la reconstruction"],
        ),
        ("Analyse numérique : TD groupe 3", 300, ["Analyse numérique :", "TD groupe 3"]),
        ("Soutenances de projet (jury B)", 300, ["Soutenances", "de projet (jury B)"]),
        ("Projet « Conception » !", 260, ["Projet", "« Conception » !"]),
    ],
)  # fmt: skip
def test_small_words_numbers_and_signs_stay_with_their_neighbours(
    title: str, width: int, expected: list[str]
) -> None:
    assert set_in(title, width, lines=4) == expected


def test_a_blank_that_does_not_break_does_not() -> None:
    assert set_in("Cours\u00a0magistral de\u202fchimie", 200) == ["Cours\u00a0magistral", "de\u202fchimie"]


def test_a_soft_hyphen_is_seen_only_where_the_line_ends() -> None:
    word = "Élec\u00adtro\u00admag\u00adné\u00adtisme"

    assert [seen(line) for line in TYPE.lines(column(word, 400))] == ["Électromagnétisme"]
    first, second = (seen(line) for line in TYPE.lines(column(word, 200)))
    assert (first, second) in {("Électro-", "magnétisme"), ("Électromag-", "nétisme")}


def test_a_line_may_end_at_a_place_without_width() -> None:
    assert set_in("salleA213\u200bsalleB114", 180) == ["salleA213", "salleB114"]


def test_hyphens_and_strokes_between_numbers_do_not_break() -> None:
    assert set_in("semaines 24/25 TD-3", 210) == ["semaines", "24/25 TD-3"]


def test_what_does_not_fit_ends_with_an_ellipsis() -> None:
    lines = TYPE.lines(column("Réunion du conseil des études " * 6, 300))

    assert len(lines) == 3
    assert lines[-1].text.endswith(ELLIPSIS)


def test_a_word_longer_than_the_line_is_parted_between_syllables() -> None:
    word = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
    lines = set_in(word, 350, lines=4)

    assert "".join(line.removesuffix("-") for line in lines) == word
    assert lines[0] == "Rindfleischetikettierungsüber-"


def test_one_line_is_cut_rather_than_broken() -> None:
    (line,) = set_in("Amphithéâtre Henri-Poincaré, bâtiment B", 200, lines=1)

    assert line.endswith(ELLIPSIS)
    assert "Amphithéâtre" in line


def test_no_blank_nor_comma_stands_before_the_ellipsis() -> None:
    for width in range(80, 300, 7):
        (line,) = set_in("Amphi A, amphi B, amphi C, amphi D", width, lines=1)
        assert line[-2].isalpha(), line
        assert not line.endswith((" a…", " am…")), line


def test_an_empty_text_is_no_error() -> None:
    assert set_in("", 100) == [""]


def test_a_box_narrower_than_an_ellipsis_stays_empty() -> None:
    assert set_in("Réunion", 4) == [""]


def test_paragraphs_that_may_go_make_room_for_the_others() -> None:
    needed = Text(text="Libre", font="heavy", size=60, least=60, colour=INK)
    extra = Text(text="ferme à 20 h", font="text", size=30, least=30, before=20, optional=True, colour=INK)
    small = Column(box=Box(0, 0, 400, 50), ground=LIGHT.paper, texts=(needed, extra))

    assert [line.text for line in TYPE.lines(small)] == ["Libre"]
    large = Column(box=Box(0, 0, 400, 200), ground=LIGHT.paper, texts=(needed, extra))
    assert [line.text for line in TYPE.lines(large)] == ["Libre", "ferme à 20 h"]


# -- scripts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "drawn"),
    [
        ("שלום עולם", "םלוע םולש"),
        ("הרצאה (קבוצה 2)", "(2 הצובק) האצרה"),
        ("TD Python : שלום (groupe A)", "TD Python : םולש (groupe A)"),
        ("מבוא ל-Python 3", "Python 3-ל אובמ"),
        ("שָׁלוֹם", "םולש"),
        ("لا", "\ufefb"),
        ("محاضرة 12", "12 \ufe93\ufeae\ufebf\ufe8e\ufea4\ufee3"),
    ],
)
def test_what_is_read_from_the_right_is_drawn_so(title: str, drawn: str) -> None:
    (line,) = TYPE.lines(column(title, 600))

    assert line.text == TYPE.legible(title, "text")
    assert seen(line) == drawn


def test_lines_read_from_the_right_begin_under_each_other() -> None:
    lines = TYPE.lines(column("محاضرة في الرياضيات للسنة الأولى (القاعة 213)", 300))

    assert len(lines) > 1
    assert len({line.x + line.width for line in lines}) == 1
    assert min(line.x for line in lines) == 0


def test_greek_and_cyrillic_stand_beside_latin() -> None:
    (line,) = TYPE.lines(column("Ελληνικά, Физика et Ångström", 600))

    assert [run.face for run in line.runs] == ["other", "text"]
    assert seen(line) == "Ελληνικά, Физика et Ångström"
    assert line.runs[1].dx == TYPE.fonts.width("other", line.runs[0].text, line.size)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("🎉 Fête \u200f", "Fête"),
        ("Fête 🎉 du 👩‍🔬 département", "Fête du département"),
        ("Fête (🎉) du département", "Fête du département"),
        ("❤️‍🔥 Don du sang ⚠️", "Don du sang ⚠"),
        ("Salle 1️⃣ 🇫🇷", "Salle 1"),
        ("cafe\u0301", "café"),
        ("数学 TD 3 英語", f"{ELLIPSIS} TD 3 {ELLIPSIS}"),
        ("ﬁn 𝐁𝐨𝐥𝐝", "fin Bold"),
        ("a\tb\nc\u2003d\x07", "a b c d"),
        ("10\u2009h\u202f30", "10\u202fh\u202f30"),
        ("a\u2066b\ufeff\u00ad", "ab"),
        ("\ud800", ""),
    ],
)
def test_what_cannot_be_drawn_goes_without_a_trace_or_leaves_an_ellipsis(title: str, shown: str) -> None:
    assert TYPE.legible(title, "text") == shown


@pytest.mark.parametrize("title", ["🎉", "数学", "🎉 数学…", "\u200b", "  "])
def test_a_text_of_which_nothing_is_left_is_replaced(title: str) -> None:
    assert set_in(title, 400, otherwise="Réservation") == ["Réservation"]


def test_a_narrow_blank_is_narrower_than_a_blank() -> None:
    narrow, wide = (TYPE.lines(column(f"Fête{blank}!", 400))[0] for blank in ("\u202f", "\u00a0"))

    assert wide.width - narrow.width >= 2
    assert [run.text for run in narrow.runs] == ["Fête", "!"]


# -- fonts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("face", sorted(FILES))
def test_all_letters_of_french_are_in_every_font(face: str) -> None:
    signs = signs_of(FOLDER / FILES[face])  # type: ignore[index]
    plain = [chr(code) for code in range(0x2100) if PLAIN.fullmatch(chr(code))]

    assert set("ÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸàâæçéèêëîïôœùûüÿ«»–—…’“”·") <= set(plain)
    assert [sign for sign in plain if not signs[ord(sign) >> 3] >> (ord(sign) & 7) & 1] == []


def test_the_font_file_and_the_drawing_agree_on_what_is_missing() -> None:
    """Some builds of SDL_ttf draw a box for what is missing: it is told by the file alone."""
    fonts = Fonts()
    box = fonts.at("text", 40).render("\uffff", True, INK)
    for sign in "éß€Ω数א":
        drawn = fonts.at("text", 40).render(sign, True, INK)
        same = pygame.image.tobytes(drawn, "RGBA") == pygame.image.tobytes(box, "RGBA")
        assert fonts.has("text", sign) != same, sign


def test_digits_of_the_clock_have_equal_widths() -> None:
    assert len({TYPE.font("hours-strong", 96).size(digit)[0] for digit in "0123456789"}) == 1


def test_few_fonts_stay_open() -> None:
    type_ = Typesetter()
    for size in range(20, 120):
        type_.lines(column("Réunion du conseil", 600, size=size))

    assert len(type_.fonts._open) <= KEEP


def test_a_french_picture_does_not_open_the_other_fonts() -> None:
    type_ = Typesetter()
    type_.lines(column("Réunion du conseil : « Été » – l’œuvre", 600))

    assert not {face for face, _ in type_.fonts._open} & {"other", "other-strong"}


def test_a_column_is_laid_out_with_the_fonts_that_it_shows() -> None:
    """Each font that is tried costs 100 KiB and more."""
    type_ = Typesetter()
    type_.lines(column("Conférence inaugurale du cycle « Mathématiques et société »", 200, 90, size=60))

    assert len(type_.fonts._open) <= 4
