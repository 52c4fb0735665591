"""The page that finds a room: what it says, and what a touch of it asks for."""

# ruff: noqa: RUF001  # texts as people read them

from __future__ import annotations

from datetime import datetime
from typing import get_args

import pytest
from msgspec.structs import replace

from events.domain import RoomInfo
from events.ids import RoomKey
from events.search import Refusal, Why, Wish
from events.wire import DayBooking
from kiosk.door.model import Model
from kiosk.door.update import passed, update
from kiosk.drawing.palette import LIGHT, THEMES, ThemeName, contrast
from kiosk.drawing.picture import Box, Column, Fill, Shape, ViewModel
from kiosk.drawing.screen import Screen
from kiosk.inbox import Action, Ask, OpenPage, Tapped
from kiosk.pages.find import way_words, why_words
from kiosk.pages.frame import TOUCH, Frame
from kiosk.pages.scene import Scene
from kiosk.view import view
from kiosk.way import Way
from kiosk.words import Language, say
from tests.kiosk import scenes
from tests.kiosk.scenes import PAGES, ROOM, SIZES, TODAY, at, day, picture, received

LANGUAGES: tuple[Language, ...] = ("fr", "en")
SMALL = (800, 480)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def shown(name: str, language: Language = "fr", size: tuple[int, int] = SMALL) -> list[str]:
    return [plain(text) for text in picture(name, language, size).texts()]


def actions(vm: ViewModel) -> list[Action]:
    return [target.action for panel in vm.panels for target in panel.targets]


def wishes(vm: ViewModel) -> list[Wish]:
    return [action.wish for action in actions(vm) if isinstance(action, Ask)]


def at_words(vm: ViewModel, words: str) -> Box:
    """Find where some words stand."""
    return next(column.box for column in vm.columns() if words in [plain(text.text) for text in column.texts])


def ground_at(vm: ViewModel, words: str) -> tuple[int, int, int]:
    return next(
        column.ground for column in vm.columns() if words in [plain(text.text) for text in column.texts]
    )


def touch(model: Model, now: datetime, words: str) -> Model:
    """Put a finger on some words."""
    vm = view(model, now, SMALL, "fr")
    box = at_words(vm, words)
    return update(model, Tapped(vm.touched(box.x + box.w / 2, box.y + box.h / 2), 1.0), now)


# -- what was found ---------------------------------------------------------------------------


def test_the_best_room_stands_first_and_largest() -> None:
    vm = picture("find_rooms")
    sizes = {text.text: text.size for column in vm.columns() for text in column.texts}

    assert shown("find_rooms").index("L212") < shown("find_rooms").index("L216")
    assert sizes["L212"] > sizes["L216"]
    assert ground_at(vm, "L212") == LIGHT.signs["free"].ground


def test_each_room_is_told_with_its_way_and_until_when() -> None:
    texts = shown("find_rooms")

    assert texts[texts.index("L212") + 1 :][:2] == ["porte voisine · aile L, étage 2", "libre jusqu’à 15 h"]
    assert "3 portes plus loin, vers L214" in texts
    assert "même étage, vers L214" in texts, "L217 may be a door, or not"
    assert "étage 3" in texts
    assert "aile V, étage 1" in texts


def test_in_english_too() -> None:
    texts = shown("find_rooms", "en")

    assert {"next door · wing L, floor 2", "free until 15:00", "3 doors on, past L214", "floor 3"} <= set(
        texts
    )


def test_where_somebody_said_how_numbers_grow_it_is_left_or_right() -> None:
    texts, vm = shown("find_sides"), picture("find_sides")
    arrows = [part.name for panel in vm.panels for part in panel.parts if isinstance(part, Shape)]

    assert "porte voisine, à droite · aile L, étage 2" in texts
    assert "3 portes à gauche" in texts
    assert {"arrow-right", "arrow-left", "arrow-up", "arrow-down"} <= set(arrows)


def test_seats_and_equipment_of_the_best_room_are_told() -> None:
    vm = picture("find_rooms")
    card = next(
        part
        for panel in vm.panels
        for part in panel.parts
        if isinstance(part, Fill) and part.colour == LIGHT.signs["free"].ground
    )
    icons = {
        part.name
        for panel in vm.panels
        for part in panel.parts
        if isinstance(part, Shape) and _inside(part.box, card.box)
    }

    assert "30" in shown("find_rooms")
    assert icons == {"seats", "whiteboard", "projector"}


def _inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


def test_nearer_rooms_are_told_with_why_not() -> None:
    texts = shown("find_released")

    assert texts[texts.index("Plus près, mais…") :][:3] == [
        "Plus près, mais…",
        "L212",
        "réservée jusqu’à 16 h",
    ]


def test_a_released_room_looks_released() -> None:
    vm = picture("find_released")

    assert ground_at(vm, "L214") == LIGHT.signs["released"].ground
    assert "réservée, mais vide : libre jusqu’à 20 h" in shown("find_released")


def test_a_room_that_is_free_beyond_today_is_free_for_the_rest_of_it() -> None:
    now = at(10, 5)
    model, _ = scenes.free_all_day_without_hours()
    info = replace(scenes.INFO, name="L214", number=214)
    tomorrow: tuple[DayBooking, ...] = (scenes.TOMORROW,)
    model = received(model, now, day(now, room=RoomKey("L214"), info=info, bookings=tomorrow))
    model, now = scenes.asked((model, now), OpenPage("find"))

    assert "libre pour le reste de la journée" in view(model, now, SMALL, "fr").texts()


def test_what_is_known_of_others_turns_grey_and_says_its_age() -> None:
    vm = picture("find_old")

    assert ground_at(vm, "L212") == LIGHT.signs["unknown"].ground
    assert "ce qui était su il y a 3 min" in shown("find_old")
    assert "what was known 3 min ago" in shown("find_old", "en")
    assert not any("il y a" in text for text in shown("find_rooms"))


@pytest.mark.parametrize("size", SIZES)
def test_a_door_that_knows_nothing_says_so(size: tuple[int, int]) -> None:
    assert "j’attends le serveur" in shown("find_waiting", size=size)


def test_a_door_that_does_not_know_the_time_says_that() -> None:
    model, now = scenes.find_rooms()
    model = passed(replace(scenes.timeless(model), visit=replace(model.visit, search=None)), now)

    assert "heure inconnue" in [plain(text) for text in view(model, now, SMALL, "fr").texts()]


# -- nothing was found ------------------------------------------------------------------------


def test_where_nothing_is_free_it_is_told_why_and_what_to_ask_for_instead() -> None:
    texts = shown("find_nothing")

    assert "Aucune salle libre" in texts
    assert texts[texts.index("Les plus proches") :][:5] == [
        "Les plus proches",
        "L212",
        "sans tableau noir",
        "L214",
        "trop petite : 24 places",
    ]
    assert {"Sans tableau noir", "2 salles", "Sans projecteur", "1 salle"} <= set(texts)


def test_a_touch_asks_for_less() -> None:
    model, now = scenes.find_nothing()
    model = touch(model, now, "Sans projecteur")

    assert model.visit.search is not None
    assert not model.visit.search.wish.projector
    assert model.visit.search.wish.blackboard
    assert [candidate.room for candidate in model.visit.search.answer.rooms] == ["L216"]


def test_where_nothing_helps_nothing_is_offered() -> None:
    texts = shown("find_nothing_at_all")

    assert "même pendant 30 min seulement, et sans rien demander d’autre" in texts
    assert "En demandant moins :" not in texts


def test_how_many_more_there_are_is_told_where_not_all_fit() -> None:
    model, _ = scenes.find_nothing_at_all()
    assert model.visit.search is not None
    texts = shown("find_nothing_at_all")
    names = [text for text in texts if any(text == name for name, _ in scenes.NEIGHBOURS)]

    assert f"et {len(model.visit.search.answer.refused) - len(names)} autres" in texts


# -- what can be asked for --------------------------------------------------------------------


def test_each_toggle_asks_for_the_whole_wish() -> None:
    model, _ = scenes.find_toggles()
    assert model.visit.search is not None
    wish = model.visit.search.wish

    assert wishes(picture("find_toggles")) == [
        *(replace(wish, minutes=minutes) for minutes in (30, 60, 90, 120)),
        *(replace(wish, seats=seats) for seats in (None, 0, *model.visit.search.seats)),
        replace(wish, whiteboard=False),
        replace(wish, blackboard=True),
        replace(wish, projector=False),
    ]


def test_the_first_picture_shows_the_defaults_as_chosen() -> None:
    assert chosen(picture("find_rooms")) == {"1 h", "comme ici"}


def test_what_is_chosen_is_filled_and_ticked() -> None:
    assert chosen(picture("find_toggles")) == {"2 h", "30 et +", "Tableau blanc", "Projecteur"}


def chosen(vm: ViewModel) -> set[str]:
    """Tell the toggles that are filled; each has a tick of its own, and the others have none."""
    found: set[str] = set()
    for panel in vm.panels:
        ticks = [part.box for part in panel.parts if isinstance(part, Shape) and part.name == "check"]
        for target in panel.targets:
            if not isinstance(target.action, Ask):
                continue
            labels = [
                part for part in panel.parts if isinstance(part, Column) and _inside(part.box, target.box)
            ]
            ticked = [tick for tick in ticks if _near(tick, target.box)]
            filled = labels[0].ground == LIGHT.accent
            assert len(ticked) == (1 if filled else 0)
            if filled:
                found.add(plain(labels[0].texts[0].text))
    return found


def _near(tick: Box, box: Box) -> bool:
    """Whether a tick stands on the upper right corner."""
    return abs(tick.x + tick.w / 2 - box.right) < 12 and abs(tick.y + tick.h / 2 - box.y) < 12


def test_a_touched_toggle_is_chosen_and_answered() -> None:
    model, now = scenes.find_rooms()
    model = touch(model, now, "2 h")
    assert model.visit.search is not None
    assert model.visit.search.wish == Wish(origin=ROOM, minutes=120)

    model = touch(model, now, "Tableau noir")
    assert model.visit.search is not None
    assert model.visit.search.wish == Wish(origin=ROOM, minutes=120, blackboard=True)
    assert touch(model, now, "Retour").visit.page == "sign"


def test_a_number_of_seats_that_the_rooms_no_longer_suggest_stays_in_sight() -> None:
    model, now = scenes.find_rooms()
    model = update(model, Tapped(Ask(Wish(origin=ROOM, seats=200)), 1.0), now)

    assert "200 et +" in chosen(view(model, now, SMALL, "fr"))


def test_the_corner_of_the_screen_is_the_way_back() -> None:
    vm = picture("find_rooms")

    assert vm.touched(0, 0) == OpenPage("sign")


# -- every picture ----------------------------------------------------------------------------

EVERY = [(name, size, language) for name in PAGES for size in SIZES for language in LANGUAGES]


@pytest.mark.parametrize(("name", "size", "language"), EVERY)
def test_whatever_can_be_touched_is_large_enough_and_apart(
    name: str, size: tuple[int, int], language: Language
) -> None:
    vm = picture(name, language, size)
    least = int(TOUCH * Frame(size).unit) - 1  # a pixel for what was rounded
    boxes = [target.box for panel in vm.panels for target in panel.targets]

    assert boxes
    for box in boxes:
        assert box.w >= least
        assert box.h >= least
        assert 0 <= box.x < box.right <= size[0]
        assert 0 <= box.y < box.bottom <= size[1]
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            assert (
                one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y
            )


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_and_nothing_leaves_its_place(size: tuple[int, int]) -> None:
    screen = Screen(size, window=False)
    for name in PAGES:
        for language in LANGUAGES:
            vm = picture(name, language, size)
            for column, lines in screen.lines(vm):
                assert not any(line.text.endswith("…") and "…" not in _all(column) for line in lines), name
                for line in lines:
                    bearing = line.size / 10  # letters begin at the edge, their blank before it
                    assert column.box.x - bearing <= line.x
                    assert line.x + line.width <= column.box.right + bearing
                    assert column.box.y <= line.base <= column.box.bottom + 2


def _all(column: Column) -> str:
    return "".join(text.text for text in column.texts)


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("name", list(PAGES))
def test_every_text_stands_out_from_its_ground(name: str, theme: ThemeName) -> None:
    model, now = PAGES[name]()
    model = replace(model, setup=replace(model.setup, theme=theme))
    for column in view(model, now, SMALL, "fr").columns():
        for text in column.texts:
            assert contrast(text.colour, column.ground) >= 4.5


@pytest.mark.parametrize("size", SIZES)
def test_long_names_of_rooms_keep_their_place(size: tuple[int, int]) -> None:
    model, now = scenes.find_rooms()
    name = "Amphithéâtre Henri-Poincaré (bâtiment des sciences)"
    info = replace(scenes.INFO, name=name, number=215)
    model = received(model, now, day(now, room=RoomKey("L215"), info=info, bookings=()))
    model = update(model, Tapped(Ask(Wish(origin=ROOM, minutes=30)), 1.0), now)
    vm = view(model, now, size, "fr")

    assert name in vm.texts()
    for column, lines in Screen(size, window=False).lines(vm):
        assert all(line.x + line.width <= column.box.right + 2 for line in lines)


# -- words ------------------------------------------------------------------------------------


def look(language: Language) -> Scene:
    model, now = scenes.find_rooms()
    return Scene(model, now, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("why", get_args(Why))
def test_every_reason_has_its_words(why: Why, language: Language) -> None:
    refusal = Refusal(room=RoomKey("L214"), name="L214", why=why)
    words = why_words(look(language), refusal)
    later = why_words(look(language), replace(refusal, at=at(14, 30)))

    assert words
    if why in ("in-use", "occupied", "booked", "out-of-order", "booked-soon", "closes-soon"):
        assert {"fr": "14 h 30", "en": "14:30"}[language] in plain(later)


def test_a_reason_that_ends_on_another_day_says_which() -> None:
    tomorrow = at(9, day=TODAY.replace(day=21))
    refusal = Refusal(room=RoomKey("L214"), name="L214", why="booked", at=tomorrow)

    assert plain(why_words(look("fr"), refusal)) == "réservée jusqu’à demain, 9 h"


@pytest.mark.parametrize(
    ("way", "arrow", "words"),
    [
        (Way(), None, ""),
        (Way(near=True), None, "même étage"),
        (Way(near=True, doors=1), None, "porte voisine"),
        (Way(near=True, doors=1, side="left"), "arrow-left", "porte voisine, à gauche"),
        (Way(near=True, doors=2, towards="L215"), None, "2 portes plus loin, vers L215"),
        (Way(near=True, doors=2, side="right", towards="L215"), "arrow-right", "2 portes à droite"),
        (Way(near=True, side="left", towards="L215"), "arrow-left", "même étage, à gauche"),
        (Way(near=True, towards="L215"), None, "même étage, vers L215"),
        (Way(floor=3, rises=1), "arrow-up", "étage 3"),
        (Way(floor=0, rises=-2), "arrow-down", "rez-de-chaussée"),
        (Way(wing="V", floor=1, rises=-1), "arrow-down", "aile V, étage 1"),
        (Way(wing="V"), None, "aile V"),
    ],
)
def test_a_way_in_words(way: Way, arrow: str | None, words: str) -> None:
    assert way_words(look("fr"), way) == (arrow, words)
    assert way_words(look("en"), way)[0] == arrow


def test_a_room_without_a_number_is_told_without_a_way() -> None:
    model, now = scenes.free()
    info = RoomInfo(name="BIBLIO", type="petit", seats=30)
    model = received(model, now, day(now, room=RoomKey("BIBLIO"), info=info, bookings=()))
    model, now = scenes.asked((model, now), OpenPage("find"))

    assert model.visit.search is not None
    texts = [plain(text) for text in view(model, now, SMALL, "fr").texts()]
    assert texts[texts.index("BIBLIO") + 1] == "libre jusqu’à 20 h"


def test_all_is_said_in_the_language_that_is_spoken() -> None:
    french = {say("fr", name) for name in ("find", "back", "find.minutes", "find.seats", "find.whiteboard")}

    assert not french & set(picture("find_rooms", "en").texts())
