"""The search for a room on the page that finds one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from events.ids import RoomKey
from events.search import Wish
from events.wire import DayClosure, SnapshotBegin, SnapshotEnd
from kiosk.door.hearing import OTHERS
from kiosk.door.model import Model, begun
from kiosk.door.update import passed, update
from kiosk.inbox import Ask, LinkChanged, OpenPage, Received
from kiosk.search import EVERY
from tests.kiosk import scenes
from tests.kiosk.door.doors import NOW, OTHER, neighbours, seconds, tap
from tests.kiosk.scenes import ROOM, RULES, at, day, presence, received, said


def finding() -> Model:
    return tap(neighbours(), OpenPage("find"))


def found(model: Model) -> list[str]:
    assert model.visit.search is not None
    return [candidate.room for candidate in model.visit.search.answer.rooms]


def test_the_first_answer_is_there_with_the_page() -> None:
    model = finding()

    assert model.visit.search is not None
    assert model.visit.search.wish == Wish(origin=ROOM)
    assert model.visit.search.minutes == RULES.policy.search
    assert found(model)[:3] == ["L212", "L216", "L218"]
    assert model.visit.search.at == NOW


def test_another_wish_is_answered_at_once() -> None:
    wish = Wish(origin=ROOM, minutes=30, blackboard=True)
    model = tap(finding(), Ask(wish), NOW + seconds(1))

    assert model.visit.search is not None
    assert model.visit.search.wish == wish
    assert "L212" not in found(model)


def test_a_wish_counts_on_its_page_only() -> None:
    assert tap(neighbours(), Ask(Wish(origin=ROOM))).visit.search is None


def test_it_works_without_a_link() -> None:
    model = update(neighbours(), LinkChanged(state="down", at=NOW), NOW)

    assert found(tap(model, OpenPage("find"))) == found(finding())


def test_a_door_that_knows_nothing_opens_the_page_without_an_answer() -> None:
    model = tap(begun(ROOM, NOW), OpenPage("find"))
    assert (model.visit.page, model.visit.search) == ("find", None)
    later = NOW + seconds(1)
    model = received(model, later, scenes.welcome(later), SnapshotBegin(epoch=1, seq=41), day(later))
    model = received(model, later, day(later, room=OTHER), SnapshotEnd(seq=41))

    assert found(model) == [OTHER]


@pytest.mark.parametrize("more", [{"closure": DayClosure(since=NOW)}, {"retired": True}])
def test_a_room_that_changed_is_searched_again(more: dict[str, object]) -> None:
    later = NOW + EVERY
    model = update(
        finding(), Received(message=replace(day(later, room=RoomKey("L212")), **more), at=later), later
    )

    assert "L212" not in found(model)


def test_somebody_elses_press_is_seen_while_the_page_is_open() -> None:
    later = NOW + EVERY
    there = presence(room=RoomKey("L216"), last=said(later, at(14)), seq=60)
    model = received(finding(), later, there)

    assert "L216" not in found(model)


def test_many_presses_in_a_second_are_one_search() -> None:
    model = received(finding(), NOW + EVERY, presence(room=RoomKey("L216"), last=said(NOW, at(14)), seq=60))
    again = NOW + EVERY + seconds(0.2)
    model = received(model, again, presence(room=RoomKey("L218"), last=said(NOW, at(14)), seq=61))
    assert model.visit.search is not None
    assert model.visit.search.outdated
    assert "L218" in found(model)

    due = NOW + 2 * EVERY

    assert model.next_change(again) == due
    assert "L218" not in found(passed(model, due))


def test_a_snapshot_is_searched_once_at_its_end() -> None:
    """Rooms of two times beside each other would be no answer; and 500 searches would be slow."""
    later = NOW + EVERY
    model = received(finding(), later, SnapshotBegin(epoch=1, seq=90, whole=False))
    gone = day(later, room=RoomKey("L212"), retired=True)
    during = received(model, later, gone)
    assert found(passed(during, later + EVERY)) == found(finding())

    assert "L212" not in found(received(during, later + EVERY, SnapshotEnd(seq=90)))


def test_a_snapshot_that_breaks_off_does_not_stop_the_search() -> None:
    later = NOW + EVERY
    model = received(
        finding(), later, SnapshotBegin(epoch=1, seq=90), day(later, room=RoomKey("L212"), retired=True)
    )
    model = update(model, LinkChanged(state="down", at=later), later)

    assert "L212" not in found(model)


def test_what_is_free_changes_with_the_clock() -> None:
    """At 12:55 L216 is free until 15:00 for two hours, at 13:01 it no longer is."""
    now = at(12, 55)
    model = tap(
        tap(neighbours(), OpenPage("find"), now), Ask(Wish(origin=ROOM, minutes=120)), now + seconds(1)
    )
    assert "L216" in found(model)
    for second in range(10, 370, 10):
        model = tap(model, None, now + seconds(second))

    assert "L216" not in found(model)


def test_rooms_are_not_searched_while_nobody_asks() -> None:
    model = received(
        neighbours(), NOW + EVERY, presence(room=RoomKey("L216"), last=said(NOW, at(14)), seq=60)
    )

    assert model.visit.search is None


def test_what_is_known_of_others_is_old_after_ninety_seconds() -> None:
    model = finding()

    assert model.hearing.others_since(NOW + OTHERS - seconds(1)) is None
    assert model.hearing.others_since(NOW + OTHERS) == NOW
    for second in range(10, 90, 10):
        model = tap(model, None, NOW + seconds(second))
    assert model.next_change(NOW + OTHERS - seconds(1)) == NOW + OTHERS
    assert begun(ROOM, NOW).hearing.others_since(NOW + OTHERS) is None
