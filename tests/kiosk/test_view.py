"""What a door shows: words, colours and shapes, without drawing them."""

# ruff: noqa: RUF001  # texts as people read them

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import pytest
from msgspec.structs import replace

from events.domain import ClosedDays
from events.state import Rules
from events.status import Status
from events.wire import DayBooking
from kiosk.inbox import LinkChanged
from kiosk.model import Model, update
from kiosk.pages.frame import CAPITAL, WORD_HEIGHT
from kiosk.pages.scene import tidy
from kiosk.palette import LIGHT, contrast, sign_of
from kiosk.picture import Box, Column, Panel, Ring, Shape, SignName, ViewModel
from kiosk.view import view
from kiosk.words import Language, say
from tests.kiosk import scenes
from tests.kiosk.scenes import (
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


def picture(name: str, language: Language = "fr", size: tuple[int, int] = (800, 480)) -> ViewModel:
    model, now = SCENES[name]()
    return view(model, now, size, language)


def shown(name: str, language: Language = "fr") -> list[str]:
    return [text.replace("\u00a0", " ") for text in picture(name, language).texts()]


def panel(vm: ViewModel, name: str) -> Panel | None:
    return next((panel for panel in vm.panels if panel.name == name), None)


def banner(name: str, language: Language = "fr") -> list[str]:
    found = panel(picture(name, language), "banner")
    if found is None:
        return []
    texts = [text.text for part in found.parts if isinstance(part, Column) for text in part.texts]
    return [text.replace("\u00a0", " ") for text in texts]


# -- the sign ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("scene", "sign"), list(EXPECTED.items()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_state_is_told_by_its_word_shape_and_colour(
    scene: str, sign: SignName, language: Language
) -> None:
    vm = picture(scene, language)

    assert vm.sign == sign
    assert (vm.word, vm.shape, vm.colour) == (
        say(language, LIGHT.signs[sign].word),
        LIGHT.signs[sign].shape,
        LIGHT.signs[sign].ground,
    )
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


@pytest.mark.parametrize("scene", list(SCENES))
def test_every_text_stands_out_from_its_ground(scene: str) -> None:
    for size in SIZES:
        for language in LANGUAGES:
            for column in picture(scene, language, size).columns():
                for text in column.texts:
                    assert contrast(text.colour, column.ground) >= 4.5, text


@pytest.mark.parametrize("name", list(LIGHT.signs))
def test_word_and_shape_stand_out_even_more(name: SignName) -> None:
    assert contrast(LIGHT.signs[name].ink, LIGHT.signs[name].ground) >= 7


@pytest.mark.parametrize(("scene", "size", "language"), EVERYTHING)
def test_the_word_is_large(scene: str, size: tuple[int, int], language: Language) -> None:
    vm = picture(scene, language, size)
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
        ("warning", ["Réservée", "jusqu’à 16 h", "personne n’a confirmé : libérée dans 3 min"]),
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


def agenda(bookings: tuple[DayBooking, ...], hour: int) -> list[str]:
    now = at(hour)
    found = panel(view(door(now, day(now, bookings=bookings), presence()), now, (800, 480), "fr"), "agenda")
    assert found is not None
    texts = [text.text for part in found.parts if isinstance(part, Column) for text in part.texts]
    return [text.replace("\u00a0", " ") for text in texts][1:]


def test_what_runs_and_what_comes_next_are_told_with_their_hours() -> None:
    assert agenda((DESIGN, ENGLISH, LAST), 11) == [
        "Maintenant",
        "Soutenances de projet « Conception d’un robot autonome » (jury B)",
        "10 h 15 – 12 h",
        "Ensuite",
        "Anglais S7",
        "14 h 30 – 16 h",
    ]


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

    assert text in [t.replace("\u00a0", " ") for t in view(model, now, (800, 480), "fr").texts()]


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
        ("stuck", ["Bouton coincé", "ses appuis ne comptent pas : prévenez l’accueil"]),
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


def test_a_stuck_button_is_not_advertised() -> None:
    assert "Appuyez : je suis là" in shown("free")
    assert "Appuyez : je suis là" not in shown("stuck")


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

    assert [text.replace("\u00a0", " ") for text in told] == texts


@pytest.mark.parametrize("effect", ["walk-in", "check-in", "renewed", "left", "none", "superseded"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_effect_has_its_words(effect: str, language: Language) -> None:
    model, now = scenes.recorded()
    assert model.feedback is not None
    model = replace(model, feedback=replace(model.feedback, effect=effect))

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
    return [text.replace("\u00a0", " ") for text in texts]


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
