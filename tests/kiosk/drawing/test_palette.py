"""The signs told apart: with less than three kinds of cones, and without any colour."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations

import pytest
from msgspec import structs

from kiosk.drawing.palette import BLACK, DARK, LIGHT, MONO, THEMES, Sign, Theme, contrast, dimmed, luminance
from kiosk.drawing.picture import Colour, SignName
from kiosk.words import say

Matrix = tuple[tuple[float, float, float], ...]
Lab = tuple[float, float, float]

VISIONS: dict[str, Matrix] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    # G. M. Machado, M. M. Oliveira, L. A. F. Fernandes: A Physiologically-based Model for Simulation of
    # Color Vision Deficiency, IEEE TVCG 15 (2009); severity 1.0, on linear RGB.
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
APART = 15.0
"""Least difference (CIEDE2000) of two signs' grounds.

1 is what can just be seen of two colours side by side; signs are seen one at a time, from afar, and on
displays that are off. What is enough there is taken from the palette that people without one of the
cones have been given for twenty years, as many colours as there are signs: its nearest two are 11
apart by the same measure.
"""
OKABE_ITO: tuple[Colour, ...] = (
    # M. Okabe, K. Ito: Color Universal Design (2008).
    (0, 0, 0),
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


def linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def lab(colour: Colour, vision: Matrix) -> Lab:
    """CIELAB (D65) of an sRGB colour (IEC 61966-2-1) as somebody sees it."""
    rgb = [linear(part) for part in colour]
    seen = [min(1.0, max(0.0, sum(k * c for k, c in zip(row, rgb, strict=True)))) for row in vision]
    x, y, z = (
        sum(k * c for k, c in zip(row, seen, strict=True)) / white
        for row, white in (
            ((0.4124564, 0.3575761, 0.1804375), 0.95047),
            ((0.2126729, 0.7151522, 0.0721750), 1.0),
            ((0.0193339, 0.1191920, 0.9503041), 1.08883),
        )
    )
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(one: Lab, other: Lab) -> float:
    """CIEDE2000, as G. Sharma, W. Wu, E. N. Dalal give it (Color Research and Application 30, 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean**7 / (mean**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360

    def cos(degrees: float) -> float:
        return math.cos(math.radians(degrees))

    t = 1 - 0.17 * cos(hm - 30) + 0.24 * cos(2 * hm) + 0.32 * cos(3 * hm + 6) - 0.2 * cos(4 * hm - 63)
    sl = 1 + 0.015 * (lm - 50) ** 2 / math.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rotation = -2 * math.sqrt(cm**7 / (cm**7 + 25**7))
    rotation *= math.sin(math.radians(60 * math.exp(-(((hm - 275) / 25) ** 2))))
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rotation * (dc / sc) * (dh / sh))


def looks(theme: Theme) -> dict[str, Sign]:
    return {**{str(name): sign for name, sign in theme.signs.items()}, "freeing": theme.freeing}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # Pairs 1, 16, 19, 21 and 27 of that paper's test data.
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (56.0, -27.0, -3.0), 31.9030),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ],
)
def test_the_difference_of_colours_is_that_of_the_standard(one: Lab, other: Lab, expected: float) -> None:
    assert difference(one, other) == pytest.approx(expected, abs=0.0001)


def test_who_lacks_a_cone_confuses_what_they_are_known_to_confuse() -> None:
    red, green = (200, 60, 20), (100, 120, 20)

    assert difference(lab(red, VISIONS["deuteranopia"]), lab(green, VISIONS["deuteranopia"])) < APART
    assert difference(lab(red, VISIONS["normal"]), lab(green, VISIONS["normal"])) > 3 * APART


def nearest(colours: Iterable[Colour]) -> float:
    return min(
        difference(lab(one, vision), lab(other, vision))
        for one, other in combinations(colours, 2)
        for vision in VISIONS.values()
    )


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_signs_are_further_apart_than_the_palette_that_is_usual_for_this(theme: Theme) -> None:
    assert nearest(OKABE_ITO) == pytest.approx(10.9, abs=0.1)
    assert nearest(sign.ground for sign in theme.signs.values()) > nearest(OKABE_ITO)


@pytest.mark.parametrize("vision", list(VISIONS))
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize(("one", "other"), list(combinations(LIGHT.signs, 2)))
def test_every_two_signs_are_told_apart_by_colour_whoever_looks(
    theme: Theme, vision: str, one: SignName, other: SignName
) -> None:
    seen = [lab(theme.signs[name].ground, VISIONS[vision]) for name in (one, other)]

    assert difference(*seen) >= APART


def test_without_colours_there_is_none() -> None:
    colours = [value for value in structs.asdict(MONO).values() if isinstance(value, tuple)]
    for sign in looks(MONO).values():
        colours += [sign.ground, sign.ink, *([sign.frame] if sign.frame else [])]

    assert len(colours) > 2 * len(MONO.signs)
    for red, green, blue in colours:
        assert red == green == blue


@pytest.mark.parametrize(("one", "other"), list(combinations([*MONO.signs, "freeing"], 2)))
def test_without_colours_every_two_signs_differ_in_grey_or_in_their_border(one: str, other: str) -> None:
    a, b = looks(MONO)[one], looks(MONO)[other]
    lightness = [lab(sign.ground, VISIONS["normal"])[0] for sign in (a, b)]

    assert a.border != b.border or abs(lightness[0] - lightness[1]) >= 20


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
@pytest.mark.parametrize(("one", "other"), list(combinations(LIGHT.signs, 2)))
def test_every_two_signs_differ_in_shape_and_word_in_every_theme(
    theme: Theme, one: SignName, other: SignName
) -> None:
    a, b = theme.signs[one], theme.signs[other]

    assert a.shape != b.shape
    for language in ("fr", "en"):
        assert say(language, a.word) != say(language, b.word)


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
def test_a_room_about_to_be_freed_is_booked_with_a_border(theme: Theme) -> None:
    booked, freeing = theme.signs["booked"], theme.freeing

    assert (freeing.word, freeing.shape, freeing.ground) == (booked.word, booked.shape, booked.ground)
    assert freeing.border
    assert not booked.border


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", [*LIGHT.signs, "freeing"])
def test_words_stand_out_from_their_field_and_borders_do(theme: Theme, name: str) -> None:
    sign = looks(theme)[name]

    assert contrast(sign.ink, sign.ground) >= 7
    assert bool(sign.border) == (sign.frame is not None)
    if sign.frame is not None:
        # The border is seen against the field, or the field is seen without it.
        assert max(contrast(sign.frame, sign.ground), contrast(sign.ground, theme.paper)) >= 3


@pytest.mark.parametrize("name", list(LIGHT.signs))
def test_in_the_dark_every_sign_is_darker_than_by_day(name: SignName) -> None:
    assert luminance(DARK.signs[name].ground) < luminance(LIGHT.signs[name].ground)
    assert luminance(DARK.paper) < luminance(LIGHT.paper) / 50


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", [*LIGHT.signs, "freeing"])
def test_at_night_a_sign_is_seen_and_does_not_light_the_corridor(theme: Theme, name: str) -> None:
    colour = dimmed(looks(theme)[name])

    assert contrast(colour, BLACK) >= 4.5
    assert luminance(colour) <= 0.2


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
def test_what_is_to_come_in_the_bar_of_the_day_stands_out(theme: Theme) -> None:
    for colour in (theme.planned, theme.used, theme.waiting):
        assert contrast(colour, theme.track) >= 3
    for colour in (theme.planned_past, theme.used_past):
        # Past, and told by its height as well.
        assert contrast(colour, theme.track_past) >= 1.45
