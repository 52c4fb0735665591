"""What a door shows: words, colours and shapes, without drawing them."""

# ruff: noqa: RUF001  # texts as people read them

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from itertools import chain, combinations, pairwise, product
from typing import TypeGuard

import pytest
import segno
from msgspec.structs import replace

from events.domain import ClosedDays
from events.state import Rules
from events.status import Status
from events.wire import Air, DayBooking, DoorCode, Notice
from kiosk.door.model import Model
from kiosk.door.update import update
from kiosk.drawing.palette import LIGHT, ThemeName, contrast, luminance, sign_of
from kiosk.drawing.picture import (
    Box,
    Code,
    Colour,
    Column,
    Fill,
    Panel,
    Part,
    Ring,
    Shape,
    SignName,
    ViewModel,
)
from kiosk.drawing.typesetter import Line, Typesetter
from kiosk.inbox import Action, AirFelt, Count, Leave, LinkChanged, OpenPage, Speak, Touched
from kiosk.pages.frame import CAPITAL, TOUCH, WORD_HEIGHT, Frame
from kiosk.pages.scene import Scene, tidy
from kiosk.view import SHIFTED_EVERY, shift_at, shifted, view
from kiosk.words import Language, say
from tests.kiosk import scenes
from tests.kiosk.scenes import (
    BOARD,
    COUNT,
    DESIGN,
    ENGLISH,
    LAST,
    RULES,
    SCENES,
    SIZES,
    TODAY,
    at,
    booking,
    day,
    door,
    picture,
    presence,
    said,
)

LANGUAGES: tuple[Language, ...] = ("fr", "en")
EVERYTHING = [(name, size, language) for name in SCENES for size in SIZES for language in LANGUAGES]
EXPECTED: dict[str, SignName] = {
    "free": "free",
    "free_for_the_day": "free",
    "free_all_day_without_hours": "free",
    "soon": "soon",
    "in_use": "taken",
    "occupied": "taken",
    "occupied_early": "taken",
    "booked": "booked",
    "booked_left": "booked",
    "booked_all_day": "booked",
    "warning": "booked",
    "released": "released",
    "unknown": "unknown",
    "never_read": "unknown",
    "closed": "closed",
    "closed_over_sunday": "closed",
    "out_of_order": "out-of-order",
    "out_of_order_for_long": "out-of-order",
    "starting": "unknown",
    "no_server": "unknown",
    "unknown_room": "unknown",
    "cut_off": "free",
    "cut_off_with_press": "taken",
    "kept": "taken",
    "stale": "free",
    "recorded": "taken",
    "recorded_leaving": "booked",
}


def shown(name: str, language: Language = "fr") -> list[str]:
    return [text.replace("\u202f", " ").replace("\u00a0", " ") for text in picture(name, language).texts()]


def panel(vm: ViewModel, name: str) -> Panel | None:
    return next((panel for panel in vm.panels if panel.name == name), None)


def banner(name: str, language: Language = "fr") -> list[str]:
    found = panel(picture(name, language), "banner")
    if found is None:
        return []
    texts = [text.text for part in found.parts if isinstance(part, Column) for text in part.texts]
    return [text.replace("\u202f", " ").replace("\u00a0", " ") for text in texts]


# -- the sign ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("scene", "sign"), list(EXPECTED.items()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_state_is_told_by_its_word_shape_and_colour(
    scene: str, sign: SignName, language: Language
) -> None:
    vm = picture(scene, language)

    assert vm.sign == sign
    model, now = SCENES[scene]()
    look = Scene(model, now, language).theme.signs[sign]
    assert (vm.word, vm.shape, vm.colour) == (say(language, look.word), look.shape, look.ground)
    assert vm.word in vm.texts()
    field = panel(vm, "field")
    assert field is not None
    assert field.ground == vm.colour
    assert any(isinstance(part, Shape) and part.name == vm.shape for part in field.parts)


@pytest.mark.parametrize(("one", "other"), list(combinations(LIGHT.signs, 2)))
def test_every_two_signs_differ_in_word_and_shape_and_colour(one: SignName, other: SignName) -> None:
    a, b = LIGHT.signs[one], LIGHT.signs[other]

    assert a.shape != b.shape
    assert a.ground != b.ground
    for language in LANGUAGES:
        assert say(language, a.word) != say(language, b.word)


def test_out_of_order_hides_closed_and_closed_hides_the_rest() -> None:
    assert sign_of(Status(name="free", closed=True, out_of_order=True)) == "out-of-order"
    assert sign_of(Status(name="in_use", closed=True)) == "closed"
    assert sign_of(None) == "unknown"


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((255, 255, 255), (119, 119, 119)) == pytest.approx(4.48, abs=0.01)


def ground_under(panel: Panel, part: Part) -> Colour:
    """The colour on which a part is drawn: that of the last fill or disc before it that holds it."""
    ground = panel.ground
    for other in panel.parts:
        if other is part:
            break
        if _carries(other, part):
            ground = other.colour
    return ground


def _carries(ground: Part, part: Part) -> TypeGuard[Fill | Shape]:
    disc = isinstance(ground, Shape) and ground.name == "circle"
    return (disc or isinstance(ground, Fill)) and _inside(part.box, ground.box)


@pytest.mark.parametrize("theme", ["light", "dark", "mono"])
@pytest.mark.parametrize("scene", list(SCENES))
def test_all_that_is_drawn_stands_out_from_what_it_is_drawn_on(scene: str, theme: ThemeName) -> None:
    model, now = SCENES[scene]()
    model = replace(model, setup=replace(model.setup, theme=theme))
    for size, language in product(SIZES, LANGUAGES):
        vm = view(model, now, size, language)
        for panel in vm.panels:
            for part in panel.parts:
                ground = ground_under(panel, part)
                match part:
                    case Column():
                        assert part.ground == ground, part
                        for text in part.texts:
                            enough = 7 if panel.name == "field" and text.text == vm.word else 4.5
                            assert contrast(text.colour, ground) >= enough, text
                    case Shape():
                        # A disc with something on it is that thing's ground.
                        later = panel.parts[panel.parts.index(part) + 1 :]
                        carries = any(_carries(part, other) for other in later)
                        assert carries or contrast(part.colour, ground) >= 3, part
                    case Ring():
                        assert contrast(part.colour, ground) >= 3, part
                        assert contrast(part.colour, part.track) >= 3, part
                    case Code():
                        assert contrast(part.colour, part.ground) >= 7, part
                        # Most phones want it darker than its ground.
                        assert luminance(part.colour) < luminance(part.ground)


@pytest.mark.parametrize(("scene", "size", "language"), EVERYTHING)
def test_the_word_is_large(scene: str, size: tuple[int, int], language: Language) -> None:
    vm = picture(scene, language, size)
    if panel(vm, "field") is None:
        assert vm.panels[0].name in ("find", "stay", "asleep")
        return
    words = [text for column in vm.columns() for text in column.texts if text.text == vm.word]

    assert words[0].least * CAPITAL >= WORD_HEIGHT * min(size)


@pytest.mark.parametrize(("scene", "size", "language"), EVERYTHING)
def test_panels_cover_the_picture_without_overlap(
    scene: str, size: tuple[int, int], language: Language
) -> None:
    boxes = [panel.box for panel in picture(scene, language, size).panels]

    assert sum(box.w * box.h for box in boxes) == size[0] * size[1]
    assert all(box.x >= 0 and box.y >= 0 and box.right <= size[0] and box.bottom <= size[1] for box in boxes)
    for a, b in combinations(boxes, 2):
        assert a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y


@pytest.mark.parametrize(("scene", "size", "language"), EVERYTHING)
def test_everything_lies_within_its_panel(scene: str, size: tuple[int, int], language: Language) -> None:
    for panel in picture(scene, language, size).panels:
        for part in panel.parts:
            assert part.box.w > 0, part
            assert part.box.h > 0, part
            assert _inside(part.box, panel.box), (panel.name, part)


def _inside(box: Box, outer: Box) -> bool:
    return outer.x <= box.x and outer.y <= box.y and box.right <= outer.right and box.bottom <= outer.bottom


@pytest.mark.parametrize("scene", list(SCENES))
@pytest.mark.parametrize("size", SIZES)
def test_no_word_stands_on_another_or_on_a_shape(
    scene: str, size: tuple[int, int], typesetter: Typesetter
) -> None:
    for panel in picture(scene, "fr", size).panels:
        words: list[tuple[str, Box]] = []
        for part in panel.parts:
            if isinstance(part, Column):
                for line in typesetter.lines(part):
                    height = _height(typesetter, line)
                    words.append((line.text, Box(line.x, line.base - height, line.width, height)))
        for (one, a), (other, b) in combinations(words, 2):
            assert _apart(a, b), (one, other)
        for (one, a), part in product(words, panel.parts):
            if isinstance(part, Code | Shape) and not _apart(a, part.box):
                assert isinstance(part, Shape), (one, part)
                assert part.name == "circle", (one, part)
                assert _beside(part.box, a), (one, part)
        shapes = [
            part
            for part in panel.parts
            if isinstance(part, Code) or (isinstance(part, Shape) and part.name != "circle")
        ]
        for this, that in combinations(shapes, 2):
            assert _apart(this.box, that.box), (this, that)


def _height(typesetter: Typesetter, line: Line) -> int:
    """Tell how high the signs of a line stand above its base, capitals at most."""
    glyphs = (typesetter.font(run.face, line.size).metrics(run.text) for run in line.runs)
    highest = max((glyph[3] for glyph in chain.from_iterable(glyphs) if glyph is not None), default=0)
    return min(highest, round(CAPITAL * line.size))


def _apart(a: Box, b: Box) -> bool:
    return a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y


def _beside(circle: Box, other: Box) -> bool:
    """Tell whether a circle leaves a box alone."""
    x, y = circle.x + circle.w / 2, circle.y + circle.h / 2
    across, down = max(other.x - x, x - other.right, 0), max(other.y - y, y - other.bottom, 0)
    return math.hypot(across, down) >= circle.w / 2


@pytest.fixture(scope="module")
def typesetter() -> Typesetter:
    return Typesetter()


def test_equal_models_give_equal_pictures_within_a_minute() -> None:
    model, now = scenes.in_use()
    seconds = [now + timedelta(seconds=n) for n in (0, 7, 29)]

    assert len({view(model, instant, (800, 480), "fr") for instant in seconds}) == 1
    assert view(model, now + timedelta(seconds=60), (800, 480), "fr") != view(model, now, (800, 480), "fr")


# -- until when -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "lines"),
    [
        ("free", ["Libre", "jusqu’à 14 h 30"]),
        ("free_for_the_day", ["Libre", "jusqu’à 20 h", "ferme à 20 h"]),
        ("free_all_day_without_hours", ["Libre", "pour le reste de la journée"]),
        ("soon", ["Bientôt", "réservée à 14 h 30", "libre encore 8 min"]),
        ("in_use", ["Occupée", "jusqu’à 12 h", "présence confirmée à 10 h 12"]),
        ("occupied", ["Occupée", "sans réservation, jusqu’à 13 h 30", "dernier appui à 12 h 30"]),
        ("occupied_early", ["Occupée", "jusqu’à 16 h", "en avance pour 14 h 30"]),
        ("booked", ["Réservée", "jusqu’à 16 h", "personne n’a confirmé : frappez au bouton"]),
        ("booked_left", ["Réservée", "jusqu’à 12 h", "parti à 10 h 40"]),
        ("booked_all_day", ["Réservée", "toute la journée", "frappez avant d’entrer"]),
        (
            "warning",
            ["Réservée", "libérée dans 3 min", "personne n’a confirmé ; réservée jusqu’à 16 h"],
        ),
        ("released", ["Réservée, vide", "jusqu’à 16 h", "personne n’est venu : prenez-la d’un appui"]),
        ("unknown", ["Inconnu", "pas d’horaires depuis 8 h 03", "frappez avant d’entrer"]),
        ("never_read", ["Inconnu", "horaires du jour jamais lus", "frappez avant d’entrer"]),
        ("closed", ["Fermé", "ouvre demain à 9 h"]),
        ("closed_over_sunday", ["Fermé", "ouvre lundi à 8 h"]),
        (
            "out_of_order",
            ["Hors service", "jusqu’à 17 h", "« Vidéoprojecteur en panne, technicien attendu »"],
        ),
        ("out_of_order_for_long", ["Hors service", "jusqu’à nouvel ordre"]),
        ("starting", ["Inconnu", "j’attends le serveur", "frappez avant d’entrer"]),
        ("unknown_room", ["Inconnu", "le serveur ne connaît pas cette salle", "frappez avant d’entrer"]),
    ],
)
def test_below_the_word_stands_until_when(scene: str, lines: list[str]) -> None:
    texts = shown(scene)
    start = texts.index(lines[0])

    assert texts[start : start + len(lines)] == lines


@pytest.mark.parametrize(
    ("scene", "line"),
    [
        ("free", "until 14:30"),
        ("soon", "free for another 8 min"),
        ("occupied", "without a booking, until 13:30"),
        ("booked_left", "left at 10:40"),
        ("closed", "opens tomorrow at 9:00"),
        ("closed_over_sunday", "opens Monday at 8:00"),
    ],
)
def test_the_same_in_english(scene: str, line: str) -> None:
    assert line in shown(scene, "en")


def test_a_room_that_is_retired_says_so() -> None:
    now = at(10)
    texts = view(door(now, day(now, retired=True), presence()), now, (800, 480), "fr").texts()

    assert "cette salle n’est plus utilisée" in texts


def test_holidays_are_skipped_when_telling_the_next_opening() -> None:
    now = at(20, 40)
    rules = replace(RULES, closed=(ClosedDays(first=TODAY + timedelta(1), last=date(2026, 11, 25)),))
    texts = view(door(now, day(now), presence(), rules), now, (800, 480), "fr").texts()

    assert "ouvre jeudi à 8\u00a0h" in texts


def test_a_school_that_never_opens_is_closed_until_further_notice() -> None:
    now = at(12)
    rules = replace(RULES, closed=(ClosedDays(first=TODAY, last=TODAY + timedelta(365)),))
    texts = view(door(now, day(now), presence(), rules), now, (800, 480), "fr").texts()

    assert "jusqu’à nouvel ordre" in texts


def test_until_midnight_is_told_as_such() -> None:
    now = at(22)
    party = booking("p", at(21), at(0, day=TODAY + timedelta(days=1)), "Gala")
    rules = Rules(zone="Europe/Paris")
    model = door(now, day(now, bookings=(party,)), presence(), rules)

    assert "jusqu’à minuit" in view(model, now, (800, 480), "fr").texts()


def test_an_unsure_booking_says_so() -> None:
    now = at(10)
    vague = booking("v", at(9), at(11), "Atelier", unsure=True)
    model = door(now, day(now, bookings=(vague,)), presence())

    assert "horaire incertain\u00a0: frappez avant d’entrer" in view(model, now, (800, 480), "fr").texts()


def test_a_whole_day_that_is_used_ends_with_the_presence() -> None:
    now = at(10)
    whole = booking("w", at(0), at(0, day=TODAY + timedelta(days=1)), "Forum", all_day=True)
    model = door(now, day(now, bookings=(whole,)), presence(last=said(at(9, 50), at(10, 50))))

    assert "jusqu’à 10\u00a0h\u00a050" in view(model, now, (800, 480), "fr").texts()


# -- what is on -------------------------------------------------------------------------------


def agenda(bookings: tuple[DayBooking, ...], hour: int, *, touch: bool = False) -> list[str]:
    now = at(hour)
    model = door(now, day(now, bookings=bookings), presence())
    model = replace(model, setup=replace(model.setup, touch=touch))
    found = panel(view(model, now, (800, 480), "fr"), "agenda")
    assert found is not None
    texts = [text.text for part in found.parts if isinstance(part, Column) for text in part.texts]
    return [text.replace("\u202f", " ").replace("\u00a0", " ") for text in texts][1:]


def test_what_runs_and_what_comes_next_are_told_with_their_hours() -> None:
    assert agenda((DESIGN, ENGLISH, LAST), 11) == [
        "Maintenant",
        "Soutenances de projet « Conception d’un robot autonome » (jury B)",
        "10 h 15 – 12 h",
        "Ensuite",
        "Anglais S7",
        "14 h 30 – 16 h",
    ]


def test_where_there_is_less_room_what_comes_next_is_told_in_short() -> None:
    assert agenda((DESIGN, ENGLISH, LAST), 11, touch=True)[3:] == ["Ensuite · 14 h 30 – 16 h", "Anglais S7"]


def test_while_nothing_runs_the_next_two_are_told() -> None:
    assert [text for text in agenda((ENGLISH, LAST), 12) if text in ("Ensuite", "Puis")] == [
        "Ensuite",
        "Puis",
    ]


def test_what_comes_tomorrow_is_told_as_such() -> None:
    assert agenda((scenes.TOMORROW,), 18) == ["Demain", "Forum", "9 h – 11 h"]


def test_an_empty_day_is_told_as_such() -> None:
    assert agenda((), 12) == ["Rien de prévu aujourd’hui"]
    assert agenda((DESIGN,), 13) == ["Plus rien de prévu aujourd’hui"]


def test_a_timetable_never_read_is_no_empty_day() -> None:
    assert not any("prévu" in text for text in shown("never_read"))


def test_a_walk_in_is_told_without_a_name() -> None:
    assert "Présence sans réservation" in shown("occupied")


def test_a_booking_whose_title_may_not_be_seen_is_a_booking() -> None:
    assert agenda((booking("q", at(13), at(14), None),), 12)[1] == "Réservation"


def test_titles_are_made_into_one_tidy_line() -> None:
    assert tidy(" TD\n\tnumérique :  groupe 3\x07\u200b « a » ") == (
        "TD numérique\u00a0: groupe 3 «\u00a0a\u00a0»"
    )


def test_the_room_shows_its_name_and_attributes() -> None:
    field = panel(picture("free"), "field")
    assert field is not None
    icons = {part.name for part in field.parts if isinstance(part, Shape)}

    assert {"seats", "whiteboard", "blackboard", "projector", "tv"} <= icons
    assert {"L213", "24"} <= set(shown("free"))


def test_the_clock_is_that_of_the_school_without_seconds() -> None:
    assert "12:24" in shown("free")
    assert "vendredi 20 novembre" in shown("free")


# -- how old it is, and what is wrong -----------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "Horaires lus à l’instant"),
        (3, "Horaires lus il y a 3 min"),
        (75, "Horaires lus il y a 1 h 15"),
        (16 * 60, "Horaires lus hier à 20 h 24"),
    ],
)
def test_the_age_of_the_timetable_is_always_told(minutes: int, text: str) -> None:
    now = at(12, 24)
    model = door(now, day(now, read=timedelta(minutes=minutes)), presence())

    texts = view(model, now, (800, 480), "fr").texts()
    assert text in [t.replace("\u202f", " ").replace("\u00a0", " ") for t in texts]


def test_a_timetable_never_read_says_so() -> None:
    assert "Horaires jamais lus" in shown("never_read")


@pytest.mark.parametrize(
    ("scene", "texts"),
    [
        ("free", []),
        ("short_cut", []),
        ("starting", []),
        ("stale", ["Horaires non relus depuis 11 h 32", "ils ont pu changer"]),
        (
            "cut_off",
            ["Sans liaison depuis 12 h 24", "affichage de ce qui est connu ; les appuis sont gardés"],
        ),
        (
            "cut_off_with_press",
            ["Sans liaison depuis 12 h 24", "affichage de ce qui est connu ; 1 appui gardé"],
        ),
        ("no_server", ["Serveur introuvable", "affichage de ce qui est connu ; les appuis sont gardés"]),
        ("refused_door", ["Porte refusée par le serveur", "prévenez l’accueil ; les appuis sont gardés"]),
        ("stuck", ["Bouton coincé", "dites-le à l’écran, et prévenez l’accueil"]),
        ("button_broken", ["Bouton en panne", "dites-le à l’écran, et prévenez l’accueil"]),
        ("display_broken", ["Écran en panne", "prévenez l’accueil"]),
        (
            "silent",
            [
                "Le serveur ne répond plus depuis 12 h 24",
                "affichage de ce qui est connu ; les appuis sont gardés",
            ],
        ),
        (
            "several_faults",
            [
                "Disque en panne",
                "les appuis seraient perdus : prévenez l’accueil",
                "aussi : Bouton coincé · Sans liaison depuis 12 h 24",
            ],
        ),
        ("small_faults", []),
        (
            "disk_broken",
            ["Disque en panne", "les appuis seraient perdus : prévenez l’accueil"],
        ),
    ],
)
def test_what_is_wrong_is_told_loudly(scene: str, texts: list[str]) -> None:
    assert banner(scene) == texts


def test_a_short_break_is_told_quietly() -> None:
    assert "Horaires lus il y a 3 min · hors ligne" in shown("short_cut")


def test_a_door_cut_off_since_yesterday_says_so() -> None:
    model, now = scenes.free()
    model = update(model, LinkChanged(state="down", at=now), now)
    texts = view(model, now + timedelta(days=1), (800, 480), "fr").texts()

    assert "Sans liaison depuis hier, 12\u00a0h\u00a024" in texts


@pytest.mark.parametrize("scene", ["stuck", "button_broken"])
def test_a_button_that_does_not_work_is_not_advertised(scene: str) -> None:
    assert "Appuyez : je suis là" in shown("free")
    assert "Appuyez : je suis là" not in shown(scene)


# -- the answer to a press ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "texts"),
    [
        ("touched", ["Toc toc !", "Tenez encore pour dire que vous partez."]),
        ("sending", ["Toc toc !", "Un instant…"]),
        ("noted", ["C’est noté", "J’attends le serveur…"]),
        ("kept", ["Noté ici", "Pas de liaison : votre appui est gardé et partira à son retour."]),
        ("recorded", ["La salle est à vous", "Enregistré, jusqu’à 13 h 24."]),
        ("recorded_leaving", ["À bientôt !", "Votre départ est enregistré."]),
        ("refused", ["Pas accepté", "Trop d’appuis à la fois : celui-ci attend son tour."]),
    ],
)
def test_a_press_is_answered(scene: str, texts: list[str]) -> None:
    found = panel(picture(scene), "answer")
    assert found is not None
    told = [text.text for part in found.parts if isinstance(part, Column) for text in part.texts]

    assert [text.replace("\u202f", " ").replace("\u00a0", " ") for text in told] == texts


@pytest.mark.parametrize("effect", ["walk-in", "check-in", "renewed", "left", "none", "superseded"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_effect_has_its_words(effect: str, language: Language) -> None:
    model, now = scenes.recorded()
    assert model.presses.feedback is not None
    model = replace(
        model, presses=replace(model.presses, feedback=replace(model.presses.feedback, effect=effect))
    )

    assert panel(view(model, now, (800, 480), language), "answer") is not None


def test_kept_for_later_looks_different_from_noted() -> None:
    kept, noted = panel(picture("kept"), "answer"), panel(picture("noted"), "answer")
    assert kept is not None
    assert noted is not None

    assert kept.ground != noted.ground
    assert kept.parts[0] != noted.parts[0]


def test_a_hold_fills_a_ring() -> None:
    found = panel(picture("holding"), "answer")
    assert found is not None
    ring = found.parts[0]

    assert isinstance(ring, Ring)
    assert ring.share == pytest.approx(0.6)


# -- the bar of the day -------------------------------------------------------------------------


def labels(model: Model, size: tuple[int, int] = (800, 480)) -> list[str]:
    found = panel(view(model, at(12, 24), size, "fr"), "day")
    assert found is not None
    texts = [text.text for part in found.parts if isinstance(part, Column) for text in part.texts]
    return [text.replace("\u202f", " ").replace("\u00a0", " ") for text in texts]


def test_the_bar_shows_the_opening_hours() -> None:
    model, _ = scenes.free()

    assert labels(model) == [f"{hour} h" for hour in range(8, 21)]


def test_the_bar_shows_what_lies_outside_the_opening_hours_too() -> None:
    now = at(12, 24)
    early = booking("e", at(6, 30), at(7), "Ménage")
    model = door(now, day(now, bookings=(early,)), presence())

    assert labels(model)[0] == "6 h"


@pytest.mark.parametrize(("year_day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_the_bar_of_a_day_that_is_longer_or_shorter_names_every_hour_where_it_is(
    year_day: date, hours: int
) -> None:
    now = at(12, day=year_day)
    whole = booking("w", at(0, day=year_day), at(0, day=year_day + timedelta(1)), "Nuit de l’info")
    model = door(now, replace(day(now), bookings=(whole,)), presence(), Rules(zone="Europe/Paris"))
    found = panel(view(model, now, (4800, 480), "fr"), "day")
    assert found is not None
    texts = [text.text for part in found.parts if isinstance(part, Column) for text in part.texts]

    assert len(texts) == hours + 1


def test_used_bookings_are_taller_than_those_only_booked() -> None:
    found = panel(picture("in_use"), "day")
    assert found is not None
    heights = {part.box.h for part in found.parts if not isinstance(part, Column)}

    assert len(heights) >= 3


# -- who is here --------------------------------------------------------------------------------


def actions(vm: ViewModel) -> list[Action]:
    return [target.action for panel in vm.panels for target in panel.targets]


def counts(vm: ViewModel) -> list[int]:
    return [action.people for action in actions(vm) if isinstance(action, Count)]


def icons(vm: ViewModel, name: str) -> set[str]:
    found = panel(vm, name)
    assert found is not None
    return {part.name for part in found.parts if isinstance(part, Shape)}


def test_the_head_count_is_shown_and_can_be_put_right_by_one() -> None:
    vm = picture("headcount")

    assert str(COUNT) in vm.texts()
    assert "people" in icons(vm, "field")
    assert sorted(counts(vm)) == [COUNT - 1, COUNT + 1]


def test_whoever_was_not_counted_may_begin_with_one() -> None:
    assert counts(picture("in_use")) == [1]


def test_the_last_one_leaves_by_leaving() -> None:
    model, now = scenes.headcount()
    model = replace(model, visit=replace(model.visit, counted=(1, now)))

    assert counts(view(model, now, (800, 480), "fr")) == [2]


def test_where_nobody_is_nobody_is_counted() -> None:
    assert counts(picture("free")) == []
    assert "people" not in icons(picture("free"), "field")
    assert counts(picture("booked_left")) == []


def test_without_touch_the_head_count_is_only_told() -> None:
    vm = picture("touch_off")

    assert str(COUNT) in vm.texts()
    assert "people" in icons(vm, "field")


# -- what the desk has to say ---------------------------------------------------------------------


def posted(topic: str, text: str = "Attention", until: datetime | None = None) -> Notice:
    return Notice(number=1, topic=topic, text=text, posted_at=at(8), until=until)


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("school", True),
        ("wing/L", True),
        ("type/petit", True),
        ("room/L213", True),
        ("wing/M", False),
        ("type/amphi", False),
        ("room/L214", False),
    ],
)
def test_a_notice_is_shown_at_the_doors_it_is_for(topic: str, *, told: bool) -> None:
    model, now = scenes.told(scenes.free(), posted(topic))

    assert ("Attention" in view(model, now, (800, 480), "fr").texts()) is told


def test_a_notice_ends_with_the_minute_in_which_it_ends() -> None:
    model, _ = scenes.told(scenes.free(), posted("school", until=at(12, 30, 20)))

    def shown_at(instant: datetime) -> bool:
        return "Attention" in view(model, instant, (800, 480), "fr").texts()

    assert shown_at(at(12, 30, 19))
    assert shown_at(at(12, 30, 59))
    assert not shown_at(at(12, 31))


def test_the_newest_notice_is_shown_and_how_many_more_there_are() -> None:
    assert panel(picture("free"), "notice") is None
    assert [text for text in shown("notice") if "annonce" in text] == []
    texts = shown("notices")
    assert tidy(scenes.LONGEST_NOTICE.text).replace("\u202f", " ").replace("\u00a0", " ") in texts
    assert "et 2 autres annonces" in texts
    assert scenes.OTHER_NOTICE.text not in texts
    assert "and 1 more notice" in shown("everything", "en")


@pytest.mark.parametrize("scene", ["notice_and_banner", "everything", "everything_and_longest"])
@pytest.mark.parametrize("size", SIZES)
def test_a_notice_and_a_banner_are_both_shown(scene: str, size: tuple[int, int]) -> None:
    vm = picture(scene, "fr", size)

    assert panel(vm, "notice") is not None
    assert panel(vm, "banner") is not None
    assert panel(vm, "field") is not None


def test_what_several_faults_have_to_say_is_told_in_order_of_what_they_cost() -> None:
    assert banner("several_faults")[0] == "Disque en panne"
    # No promise that presses are kept where the disk is what keeps them.
    assert not any("gardé" in text for text in banner("several_faults"))


def test_small_faults_are_told_quietly() -> None:
    assert "voyant en panne · capteur en panne" in shown("small_faults")


def test_without_touch_nobody_is_sent_to_the_screen_when_the_button_is_broken() -> None:
    model, now = scenes.button_broken()
    model = replace(model, setup=replace(model.setup, touch=False))
    drawn = view(model, now, (800, 480), "fr").texts()
    texts = [text.replace("\u202f", " ").replace("\u00a0", " ") for text in drawn]

    assert "les appuis ne comptent pas : prévenez l’accueil" in texts


# -- the air --------------------------------------------------------------------------------------


def test_the_air_is_told_as_the_language_writes_it() -> None:
    assert "21,4 °C · 45 % · 640 ppm" in shown("air")
    assert "21.4 °C · 45 % · 640 ppm" in shown("air", "en")


def test_air_that_is_used_up_asks_for_a_window() -> None:
    assert "Aérez : CO₂ 1240 ppm" in shown("bad_air")


def test_what_the_sensor_does_not_measure_is_not_told() -> None:
    model, now = scenes.free()
    model = update(model, AirFelt(air=Air(temperature=-0.5), at=1.0), now)

    assert "−0,5\u00a0°C" in view(model, now, (800, 480), "fr").texts()


def test_air_is_shown_for_a_quarter_of_an_hour() -> None:
    model, _ = scenes.air()
    measured_at = model.condition.air_at
    assert measured_at is not None

    def told(minutes: int) -> bool:
        texts = view(model, measured_at + timedelta(minutes=minutes), (800, 480), "fr").texts()
        return any("ppm" in text for text in texts)

    assert told(14)
    assert not told(15)


# -- the code -------------------------------------------------------------------------------------


def codes(vm: ViewModel) -> list[Code]:
    return [part for panel in vm.panels for part in panel.parts if isinstance(part, Code)]


def test_a_code_leads_to_the_room_on_the_board() -> None:
    assert [code.text for code in codes(picture("code"))] == ["https://salles.ecole.example/room/L213"]
    assert "Cette salle sur votre téléphone" in shown("code")
    assert codes(picture("free")) == []


def test_the_code_carries_what_shows_that_somebody_stands_here() -> None:
    model, now = scenes.code()
    held = DoorCode(code="7KQ2", since=now - timedelta(minutes=1), until=now + timedelta(minutes=1))
    vm = view(replace(model, told=replace(model.told, codes=(held,))), now, (800, 480), "fr")

    assert [code.text for code in codes(vm)] == ["https://salles.ecole.example/room/L213#7KQ2"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scene", ["code", "everything", "everything_and_longest", "touch_off_free"])
@pytest.mark.parametrize("letters", [38, 78])
def test_a_telephone_reads_the_code(scene: str, size: tuple[int, int], letters: int) -> None:
    """2 pixels a module or more, and 20 mm or more with the quiet zone on a display of 7 inches."""
    model, now = SCENES[scene]()
    (code,) = codes(
        view(replace(model, told=replace(model.told, board=BOARD.ljust(letters - 10, "x"))), now, size, "fr")
    )
    assert len(code.text) == letters
    modules = segno.make_qr(code.text, error="l").symbol_size(border=4)[0]
    pixels = code.box.w // modules

    assert code.box.w == code.box.h == pixels * modules
    assert pixels >= 2
    assert code.box.w * 7 * 25.4 / math.hypot(*size) >= 20


# -- what can be touched --------------------------------------------------------------------------


@pytest.mark.parametrize(("scene", "size", "language"), EVERYTHING)
def test_what_can_be_touched_is_large_enough_and_apart(
    scene: str, size: tuple[int, int], language: Language
) -> None:
    vm = picture(scene, language, size)
    boxes = [target.box for panel in vm.panels for target in panel.targets]
    least = round(TOUCH * Frame(size).unit)

    assert TOUCH * Frame((800, 480)).unit == 64
    for box in boxes:
        assert min(box.w, box.h) >= least, box
        assert _inside(box, Box(0, 0, *size)), box
    for a, b in combinations(boxes, 2):
        assert a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ("free", {OpenPage("find"), OpenPage("stay"), Speak("en")}),
        ("in_use", {OpenPage("find"), OpenPage("stay"), Speak("en"), Leave(), Count(1)}),
        ("closed", {OpenPage("find"), Speak("en")}),
        ("out_of_order", {OpenPage("find"), Speak("en")}),
        ("english", {OpenPage("find"), OpenPage("stay"), Speak("fr"), Leave(), Count(11), Count(13)}),
        ("touch_off", set()),
        ("touch_off_free", set()),
        ("asleep", set()),
    ],
)
def test_the_sign_offers_what_makes_sense(scene: str, expected: set[Action]) -> None:
    model, now = SCENES[scene]()

    assert set(actions(view(model, now, (800, 480), model.visit.language))) == expected


def test_each_language_is_offered_in_its_own_words() -> None:
    assert "English" in shown("free")
    model, now = scenes.english()
    assert "Français" in view(model, now, (800, 480), model.visit.language).texts()
    alone = replace(model, setup=replace(model.setup, languages=("fr",)))
    assert Speak("fr") not in actions(view(alone, now, (800, 480), "fr"))


def test_the_button_is_explained_with_and_without_touch() -> None:
    assert "Appuyez : je suis là" in shown("in_use")
    assert "Appuyez : je suis là" in shown("touch_off")


def test_a_finger_meets_what_is_drawn_there() -> None:
    vm = picture("headcount")
    for panel in vm.panels:
        for target in panel.targets:
            box = target.box
            assert vm.touched(box.x + box.w / 2, box.y + box.h / 2) == target.action
    assert vm.touched(200, 100) is None


# -- light and dark -------------------------------------------------------------------------------


def theme_of(model: Model, instant: datetime) -> str:
    return Scene(model, instant, "fr").theme.name


def test_the_evening_is_dark_and_the_day_is_light() -> None:
    model, _ = scenes.free()
    tomorrow = TODAY + timedelta(days=1)

    assert [theme_of(model, at(hour, minute)) for hour, minute in ((18, 59), (19, 0), (23, 59))] == [
        "light",
        "dark",
        "dark",
    ]
    assert [theme_of(model, at(hour, minute, day=tomorrow)) for hour, minute in ((6, 59), (7, 0))] == [
        "dark",
        "light",
    ]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_the_evening_comes_by_the_clock_on_the_wall_also_when_clocks_were_set(day: date) -> None:
    model, _ = scenes.free()

    assert [theme_of(model, at(hour, minute, day=day)) for hour, minute in ((6, 59), (7, 0))] == [
        "dark",
        "light",
    ]
    assert [theme_of(model, at(hour, minute, day=day)) for hour, minute in ((18, 59), (19, 0))] == [
        "light",
        "dark",
    ]


@pytest.mark.parametrize("theme", ["light", "dark", "mono"])
def test_a_door_can_be_told_its_theme(theme: ThemeName) -> None:
    model, now = scenes.free()
    model = replace(model, setup=replace(model.setup, theme=theme))

    assert {theme_of(model, now), theme_of(model, at(23))} == {theme}


def test_a_door_without_dark_hours_stays_light() -> None:
    model, _ = scenes.free()

    assert theme_of(replace(model, setup=replace(model.setup, dark_hours="")), at(23)) == "light"


def test_who_does_not_know_the_time_tells_none() -> None:
    texts = shown("clock_unknown")

    assert "--:--" in texts
    assert "heure inconnue" in texts
    assert not any("janvier" in text for text in texts)
    model, now = scenes.clock_unknown()
    assert theme_of(model, now) == "light"


# -- the night ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["asleep", "asleep_blank", "asleep_cut_off"])
@pytest.mark.parametrize("size", SIZES)
def test_at_night_the_screen_is_all_but_black(scene: str, size: tuple[int, int]) -> None:
    (only,) = picture(scene, "fr", size).panels

    assert only.name == "asleep"
    assert only.box == Box(0, 0, *size)
    assert only.ground == (0, 0, 0)
    colours = [part.colour for part in only.parts if isinstance(part, Shape)]
    colours += [text.colour for part in only.parts if isinstance(part, Column) for text in part.texts]
    assert all(luminance(colour) <= 0.2 for colour in colours)


def test_a_dim_clock_says_what_the_sign_says() -> None:
    assert shown("asleep") == ["22:40", "L213 · Fermé"]
    assert icons(picture("asleep"), "asleep") == {"moon"}
    assert shown("asleep_cut_off") == ["22:44", "L213 · Fermé", "Sans liaison depuis 22 h 40"]
    assert picture("asleep_blank").panels[0].parts == ()


@pytest.mark.parametrize("size", SIZES)
def test_the_dim_clock_wanders_within_the_screen(size: tuple[int, int]) -> None:
    model, now = scenes.asleep()
    places = []
    for minutes in range(0, 8 * 60, 5):
        (only,) = view(model, now + timedelta(minutes=minutes), size, "fr").panels
        assert all(_inside(part.box, only.box) for part in only.parts)
        places.append(only.parts[0].box)

    assert len(set(places)) == len(places)
    for axis, length in (("x", size[0]), ("y", size[1])):
        seen = [getattr(place, axis) for place in places]
        assert max(seen) - min(seen) > 0.4 * length or length < size[1]


def test_a_touch_wakes_the_screen_and_means_nothing_else() -> None:
    assert all(picture("asleep").touched(x, y) is None for x in range(0, 800, 50) for y in range(0, 480, 50))
    assert panel(picture("woken"), "field") is not None


def test_at_night_a_press_is_answered() -> None:
    model, now = scenes.asleep()
    vm = view(update(model, Touched(at=1.0), now), now, (800, 480), "fr")

    assert panel(vm, "answer") is not None


# -- nothing moves without need -------------------------------------------------------------------


@pytest.mark.parametrize("scene", list(SCENES))
def test_nothing_changes_before_the_door_says_so(scene: str) -> None:
    model, now = SCENES[scene]()
    last = model.next_change(now) - timedelta(microseconds=1)

    assert view(model, now, (800, 480), "fr") == view(model, last, (800, 480), "fr")


def offsets(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Where the picture is, every ten minutes of a day."""
    return [shift_at(at(0) + n * SHIFTED_EVERY, size) for n in range(144)]


@pytest.mark.parametrize(("size", "reach"), list(zip(SIZES, (1, 1, 2, 1), strict=True)))
def test_the_picture_moves_by_a_pixel_on_a_small_closed_path(size: tuple[int, int], reach: int) -> None:
    path = offsets(size)

    assert len(set(path)) == 8 * reach
    assert path[: 8 * reach] * 2 == path[: 16 * reach]
    for (x, y), (then_x, then_y) in pairwise(path):
        assert abs(then_x - x) + abs(then_y - y) == 1
        assert max(abs(x), abs(y)) == reach


@pytest.mark.parametrize("scene", ["free", "everything", "warning", "stay_page", "recorded", "english"])
@pytest.mark.parametrize("size", SIZES)
def test_moved_pictures_have_no_seam(scene: str, size: tuple[int, int]) -> None:
    vm = picture(scene, "fr", size)
    back = shift_at(Scene(*SCENES[scene](), "fr").minute, size)
    still = shifted(vm, -back[0], -back[1])
    for dx, dy in {*offsets(size), (2, -2), (-2, 2)}:
        moved = shifted(still, dx, dy)
        boxes = [panel.box for panel in moved.panels]
        assert sum(box.w * box.h for box in boxes) == size[0] * size[1]
        for a, b in combinations(boxes, 2):
            assert a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y
        for panel, before in zip(moved.panels, still.panels, strict=True):
            for part, unmoved in zip(panel.parts, before.parts, strict=True):
                if isinstance(part, Column):
                    assert (part.box.x, part.box.y) == (unmoved.box.x + dx, unmoved.box.y + dy)
                # What reached the edge still does.
                if isinstance(part, Fill) and unmoved.box.right == size[0]:
                    assert part.box.right == size[0]
        for target, unmoved_target in zip(
            [target for panel in moved.panels for target in panel.targets],
            [target for panel in still.panels for target in panel.targets],
            strict=True,
        ):
            middle = unmoved_target.box.x + unmoved_target.box.w / 2 + dx
            assert moved.touched(middle, target.box.y + target.box.h / 2) == unmoved_target.action
    assert shifted(still, 0, 0) == still
