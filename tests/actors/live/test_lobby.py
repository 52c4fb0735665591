"""Who is here under which name, and what people say to each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.live.lobby import MOST_CHANNELS, Deliver, Lobby, check_channel, spoken
from events.ids import RoomKey
from events.wire import (
    MAX_OUTGOING,
    Boards,
    Done,
    JoinChannel,
    Joined,
    LeaveChannel,
    Left,
    Refused,
    Role,
    Roster,
    Said,
    Say,
    encode,
)
from tests.clock import START

L213 = RoomKey("L213")
M = TypeVar("M")


def enter(
    lobby: Lobby, session: int, role: Role, name: str = "", room: RoomKey | None = None
) -> list[Deliver]:
    return lobby.enter(session, role, name=name, room=room, now=START)


def person(lobby: Lobby, session: int, name: str) -> None:
    enter(lobby, session, "operator", name)


def hear(lobby: Lobby, session: int, message: Any) -> list[Deliver]:
    return lobby.hear(session, message, seq=42, now=START + timedelta(minutes=1))


def told(deliveries: list[Deliver], kind: type[M]) -> tuple[set[int], M]:
    """The one message of a kind, and who gets it."""
    (found,) = [d for d in deliveries if isinstance(d.message, kind)]
    assert isinstance(found.message, kind)
    return set(found.to), found.message


def names(lobby: Lobby) -> list[str]:
    lobby.follow(999, wanted=True)
    return [m.name for d in lobby.follow(999, wanted=True) for m in _roster(d).members]


def _roster(delivery: Deliver) -> Roster:
    assert isinstance(delivery.message, Roster)
    return delivery.message


# -- names ----------------------------------------------------------------------------------------


def test_everybody_has_a_name_of_their_own() -> None:
    lobby = Lobby()
    for session, (role, name, room) in enumerate(
        [
            ("operator", "front-desk", None),
            ("operator", "front-desk", None),
            ("operator", "Marie  Dupont", None),
            ("kiosk", "", L213),
            ("kiosk", "", L213),
            ("device", "lab", L213),
            ("device", "", L213),
            ("unpaired", "", None),
        ]
    ):
        enter(lobby, session, role, name, room)  # type: ignore[arg-type]
    assert names(lobby) == [
        "front-desk",
        "front-desk-2",
        "Marie Dupont",
        "door L213",
        "door L213-2",
        "device lab",
        "device L213",
        "new door",
    ]


def test_a_name_that_is_free_again_is_given_again() -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    person(lobby, 2, "front-desk")
    lobby.leave(1, "goodbye")
    person(lobby, 3, "front-desk")
    assert sorted(names(lobby)) == ["front-desk", "front-desk-2"]


def test_a_room_whose_key_looks_like_a_second_door_gets_another_name() -> None:
    lobby = Lobby()
    for session, room in enumerate(["L213", "L213", "L213-2"]):
        enter(lobby, session, "kiosk", room=RoomKey(room))
    assert names(lobby) == ["door L213", "door L213-2", "door L213-2-2"]


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=9),
            st.sampled_from(["a", "a-2", "a-2-2", "door L213", ""]),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_whoever_comes_and_goes_names_stay_unique(steps: list[tuple[int, str, bool]]) -> None:
    lobby = Lobby()
    for session, name, comes in steps:
        lobby.leave(session, "goodbye")
        if comes:
            enter(lobby, session, "operator" if name else "kiosk", name, None if name else L213)
    present = names(lobby)
    assert len(set(present)) == len(present)


def test_what_would_change_a_terminal_is_taken_out_of_names() -> None:
    lobby = Lobby()
    person(lobby, 1, "front\x1b[31m\u202edesk\n")
    assert names(lobby) == ["front [31m desk"]


def test_whoever_has_no_name_is_not_named_and_cannot_speak() -> None:
    lobby = Lobby()
    assert enter(lobby, 1, "operator") == []
    assert names(lobby) == []
    to, refused = told(hear(lobby, 1, JoinChannel(id=4, channel="wing-L")), Refused)
    assert (to, refused.code, refused.ref) == ({1}, "not-allowed", 4)


# -- coming and going -----------------------------------------------------------------------------


def test_those_who_follow_are_told_who_comes_and_how_they_go() -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    (listed,) = lobby.follow(1, wanted=True)
    assert _roster(listed).you == "front-desk"
    assert [m.name for m in _roster(listed).members] == ["front-desk"]
    to, joined = told(enter(lobby, 2, "kiosk", room=L213), Joined)
    assert (to, joined.member.name, joined.member.room, joined.member.since) == (
        {1},
        "door L213",
        L213,
        START,
    )
    to, left = told(lobby.leave(2, "cut off"), Left)
    assert (to, left.member.name, left.how, left.channel) == ({1}, "door L213", "cut off", "")
    assert lobby.leave(2, "goodbye") == [], "once is enough"


def test_whoever_follows_no_more_is_told_no_more() -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    lobby.follow(1, wanted=True)
    lobby.follow(1, wanted=False)
    assert told(enter(lobby, 2, "kiosk", room=L213), Joined)[0] == set()


def test_whoever_is_gone_is_told_nothing() -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    person(lobby, 2, "night")
    lobby.follow(1, wanted=True)
    lobby.follow(2, wanted=True)
    assert told(lobby.leave(1, "goodbye"), Left)[0] == {2}


def test_boards_are_counted_and_told_when_the_number_changed() -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    enter(lobby, 2, "board")
    (listed,) = lobby.follow(1, wanted=True)
    assert _roster(listed).boards == 1
    assert told(lobby.beat(), Boards) == ({1}, Boards(count=1))
    assert lobby.beat() == []
    assert enter(lobby, 3, "board") == lobby.leave(2, "goodbye") == []
    assert lobby.beat() == []
    lobby.leave(3, "cut off")
    assert told(lobby.beat(), Boards)[1].count == 0


def test_a_long_list_is_told_in_messages_that_are_not_too_long() -> None:
    lobby = Lobby()
    for session in range(1500):
        enter(lobby, session, "kiosk", room=RoomKey("é" * 60 + str(session)))
    pieces = [_roster(d) for d in lobby.follow(0, wanted=True)]
    assert len(pieces) > 1
    assert [piece.more for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert sum(len(piece.members) for piece in pieces) == 1500
    assert all(len(encode(piece).encode()) <= MAX_OUTGOING for piece in pieces)


# -- channels -------------------------------------------------------------------------------------


def in_channel(*people: str) -> Lobby:
    lobby = Lobby()
    for session, name in enumerate(people, start=1):
        person(lobby, session, name)
        hear(lobby, session, JoinChannel(id=1, channel="wing-L"))
    return lobby


def test_who_is_in_a_channel_hears_what_is_said_there_and_nobody_else_does() -> None:
    lobby = in_channel("front-desk", "night")
    person(lobby, 3, "outside")
    deliveries = hear(lobby, 1, Say(id=7, channel="wing-L", text="  who has\nthe key ? "))
    to, said = told(deliveries, Said)
    assert to == {1, 2}
    assert said == Said(
        channel="wing-L", name="front-desk", text="who has the key ?", at=START + timedelta(minutes=1)
    )
    assert told(deliveries, Done) == ({1}, Done(ref=7, seq=42))


def test_an_action_stays_one() -> None:
    lobby = in_channel("front-desk")
    assert told(hear(lobby, 1, Say(id=7, channel="wing-L", text="waves", action=True)), Said)[1].action


def test_only_who_is_in_a_channel_speaks_there() -> None:
    lobby = in_channel("front-desk")
    person(lobby, 2, "night")
    to, refused = told(hear(lobby, 2, Say(id=7, channel="wing-L", text="hello")), Refused)
    assert to == {2}
    assert "join it first" in refused.reason
    hear(lobby, 1, LeaveChannel(id=8, channel="wing-L"))
    assert told(hear(lobby, 1, Say(id=9, channel="wing-L", text="hello")), Refused)[1].ref == 9


def test_those_who_follow_are_told_who_is_in_which_channel() -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    lobby.follow(2, wanted=True)
    to, joined = told(hear(lobby, 1, JoinChannel(id=1, channel="wing-L")), Joined)
    assert (to, joined.channel, joined.member.channels) == ({2}, "wing-L", ("wing-L",))
    assert [type(d.message) for d in hear(lobby, 1, JoinChannel(id=2, channel="wing-L"))] == [Done]
    to, left = told(hear(lobby, 1, LeaveChannel(id=3, channel="wing-L")), Left)
    assert (to, left.channel, left.member.channels, left.how) == ({2}, "wing-L", (), "goodbye")
    assert [type(d.message) for d in hear(lobby, 1, LeaveChannel(id=4, channel="wing-L"))] == [Done]


def test_nobody_is_in_more_channels_than_anybody_needs() -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    for n in range(MOST_CHANNELS):
        told(hear(lobby, 1, JoinChannel(id=n, channel=f"c{n}")), Done)
    assert told(hear(lobby, 1, JoinChannel(id=99, channel="one-more")), Refused)[1].ref == 99


@pytest.mark.parametrize("name", ["", " ", "two words", "/join", "a\x07b", "a\u202eb", "a\u00a0b", "a\nb"])
def test_what_is_no_channel_is_refused(name: str) -> None:
    lobby = Lobby()
    person(lobby, 1, "front-desk")
    if name:
        told(hear(lobby, 1, JoinChannel(id=1, channel=name)), Refused)
        with pytest.raises(ValueError, match="no channel"):
            check_channel(name)


BAD = ["\x1b[2J", "\x00", "a\x7fb", "a\u202eb", "a\u2066b", "\ufeff", "\u200b", "a\ud800b", " \n ", "a\x9bb"]


@pytest.mark.parametrize("text", BAD, ids=ascii)
def test_what_does_something_to_a_screen_is_not_passed_on(text: str) -> None:
    with pytest.raises(ValueError, match=r"U\+[0-9A-F]{4}|nothing to be said"):
        spoken(text)


@pytest.mark.parametrize("text", ["été", "שלום", "مرحبا", "👩‍🏫 left", "می‌خواهم", "/quit"])
def test_every_language_may_be_spoken(text: str) -> None:
    assert spoken(text) == text


@given(st.text(max_size=80))
def test_what_is_said_is_one_line_that_only_shows(text: str) -> None:
    check: Callable[[str], str] = spoken
    try:
        line = check(text)
    except ValueError:
        return
    assert line == " ".join(line.split())
    assert all(letter.isprintable() or letter in "\u200c\u200d" for letter in line)
