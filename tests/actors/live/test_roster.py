"""Who is here, what people say, and everything that happens: over real sockets."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

import actors.live.fanout
import actors.live.hub
from actors.live.client import LAG, Client
from events.domain import NoticePosted, PresencePressed
from events.wire import (
    Boards,
    Done,
    Happened,
    Heartbeat,
    Hello,
    JoinChannel,
    Joined,
    Left,
    Missed,
    Notices,
    Ping,
    Pong,
    PostNotice,
    Pressed,
    Refused,
    Roster,
    Said,
    Say,
    Subscribe,
    Unsubscribe,
)
from tests.actors.stack import DoorClient, School, Talk, greeted, running


def desk(school: School, name: str = "front-desk", *topics: str) -> Talk:
    """A console that follows some topics."""
    talk = greeted(school.address, Hello(role="operator", token=school.token, name=name))
    if topics:
        talk.snapshot(*topics)
    return talk


def press(talk: Talk, door: DoorClient) -> None:
    """Press, and wait until everybody was told."""
    talk.say(door.press())
    talk.until(Pressed)
    talk.say(Ping(id=door.n))
    talk.until(Pong)


def roster(talk: Talk) -> list[str]:
    return [member.name for member in talk.until(Roster).members]


# -- who is here ----------------------------------------------------------------------------------


def test_the_desk_sees_who_is_here_who_comes_and_how_they_go(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with running(tmp_path) as school, desk(school, "front-desk", "roster") as talk:
        assert roster(talk) == ["front-desk"]
        with door.connect(school.address):
            assert talk.until(Joined).member.name == "door L213"
        assert talk.until(Left).how == "goodbye"
        gone = door.connect(school.address)
        talk.until(Joined)
        gone.connection.socket.shutdown(socket.SHUT_RDWR)
        left = talk.until(Left)
        assert (left.member.name, left.how) == ("door L213", "cut off")


def test_a_door_that_comes_again_takes_the_place_of_its_older_self(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with running(tmp_path) as school, desk(school, "front-desk", "roster") as talk:
        with door.connect(school.address), door.connect(school.address):
            talk.until(Joined)
            left, joined = talk.until(Left), talk.until(Joined)
            assert (left.member.name, left.how) == ("door L213", "replaced")
            assert joined.member.name == "door L213", "its name was free again"
        assert talk.until(Left).how == "goodbye"


def test_two_with_the_same_name_and_two_doors_of_a_room_are_told_apart(tmp_path: Path) -> None:
    with (
        running(tmp_path) as school,
        desk(school),
        desk(school) as second,
        DoorClient("L213").connect(school.address),
        DoorClient("L213").connect(school.address),
    ):
        second.snapshot("roster")
        told = second.until(Roster)
        names = [member.name for member in told.members]
        assert names == ["front-desk", "front-desk-2", "door L213", "door L213-2"]
        assert told.you == "front-desk-2"


def test_a_command_of_the_servers_machine_is_nobody(tmp_path: Path) -> None:
    with running(tmp_path) as school, desk(school, "front-desk", "roster") as talk:
        roster(talk)
        with desk(school, ""), desk(school, "night"):
            assert talk.until(Joined).member.name == "night"


def test_boards_are_counted_with_the_heartbeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.hub, "HEARTBEAT", 0.05)
    with running(tmp_path) as school, desk(school, "front-desk", "roster") as talk:
        assert talk.until(Roster).boards == 0
        with greeted(school.address, Hello(role="board")):
            assert talk.until(Boards).count == 1
        assert talk.until(Boards).count == 0
        talk.until(Heartbeat)


def test_whoever_follows_no_more_is_told_no_more(tmp_path: Path) -> None:
    with running(tmp_path) as school, desk(school, "front-desk", "roster", "feed") as talk:
        roster(talk)
        for n, topics in enumerate((("feed", "school"), ("roster", "feed"))):
            talk.say(Unsubscribe(topics=topics))
            talk.say(Ping(id=n))
            assert isinstance(talk.hear(), Pong), "it is not answered"
        with DoorClient("L213").connect(school.address) as door:
            door.say(Ping(id=1))
            door.until(Pong)
        talk.say(Ping(id=2))
        assert talk.hear() == talk.heard[-1]
        assert isinstance(talk.heard[-1], Pong)


def test_a_list_that_could_not_be_read_is_told_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [0]
    monkeypatch.setattr(Client, "waiting_bytes", lambda _client: waiting[0])
    with running(tmp_path) as school, desk(school, "front-desk", "roster") as talk:
        roster(talk)
        waiting[0] = LAG + 1
        with DoorClient("L213").connect(school.address) as door:
            door.say(Ping(id=1))
            door.until(Pong)  # by then it is known to be here
            waiting[0] = 0
            assert roster(talk) == ["front-desk", "door L213"]


# -- people ---------------------------------------------------------------------------------------


def test_people_talk_in_a_channel_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    with (
        running(tmp_path) as school,
        desk(school, "front-desk", "roster") as one,
        desk(school, "night") as two,
    ):
        before = school.log().head()
        for number, talk in enumerate((one, two)):
            talk.say(JoinChannel(id=number, channel="wing-L"))
            assert talk.until(Done).ref == number
        assert one.until(Joined, channel="wing-L").member.name == "night"
        two.say(Say(id=7, channel="wing-L", text="who has the key ?"))
        for talk in (one, two):
            said = talk.until(Said)
            assert (said.name, said.channel, said.text) == ("night", "wing-L", "who has the key ?")
        assert two.until(Done).ref == 7
        two.say(Say(id=8, channel="wing-L", text="\x1b[2J"))
        assert "U+001B" in two.until(Refused, ref=8).reason
        assert school.log().head() == before
    for file in school.data.rglob("*"):
        assert file.is_dir() or b"who has the key" not in file.read_bytes()


# -- the feed -------------------------------------------------------------------------------------


def test_a_press_is_fed_as_it_is_in_the_log(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with running(tmp_path) as school, desk(school, "front-desk", "feed") as talk:
        with door.connect(school.address) as at_door:
            at_door.say(door.press())
            at_door.until(Pressed)
            fed = talk.until(Happened)
        (recorded,) = school.records("presence-pressed")
        assert isinstance(fed.event, PresencePressed)
        assert (fed.seq, fed.at, fed.recorded_at, fed.stream, fed.event) == (
            recorded.seq,
            recorded.at,
            recorded.recorded_at,
            recorded.stream,
            recorded.event,
        )


def test_the_feed_never_brings_what_is_personal(tmp_path: Path) -> None:
    with running(tmp_path) as school, desk(school, "front-desk", "feed") as talk:
        talk.say(PostNotice(id=1, topic="school", text="Madame Martin est absente"))
        fed = talk.until(Happened)
        assert isinstance(fed.event, NoticePosted)
        (notices,) = [m for m in talk.heard if isinstance(m, Notices) and m.notices]
        assert notices.notices[0].text == "Madame Martin est absente", "that is what notices are for"
        assert "Martin" not in str(fed)


def test_events_that_a_client_could_not_take_are_told_by_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [0]
    monkeypatch.setattr(Client, "waiting_bytes", lambda _client: waiting[0])
    door = DoorClient("L213")
    with running(tmp_path) as school, desk(school, "front-desk", "feed") as talk:
        first = school.log().head() + 1
        with door.connect(school.address) as at_door:
            for full in (0, LAG // 2 + 1, LAG // 2 + 1, LAG // 3, 0, 0):
                waiting[0] = full
                press(at_door, door)
        last = school.log().head()
        told: list[int] = []
        missed: list[int] = []
        while len(told) < last - first + 1:
            match talk.hear():
                case Happened(seq=seq):
                    told.append(seq)
                case Missed(first=begin, last=end):
                    missed += range(begin, end + 1)
                    told += range(begin, end + 1)
        assert told == list(range(first, last + 1)), "in order, and none left out"
        assert missed == [first + 1, first + 2, first + 3], "until it had read most of what waited"


def test_an_event_that_is_too_long_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.fanout, "fits", lambda text: len(text) <= 300)
    door = DoorClient("L213")
    with running(tmp_path) as school, desk(school, "front-desk", "feed") as talk:
        with door.connect(school.address) as at_door:
            at_door.say(door.press())
            at_door.until(Pressed)
        (recorded,) = school.records("presence-pressed")
        assert talk.until(Missed) == Missed(first=recorded.seq, last=recorded.seq)


@pytest.mark.parametrize("topic", ["feed", "roster"])
def test_only_operators_follow_the_feed_and_the_roster(tmp_path: Path, topic: str) -> None:
    with running(tmp_path) as school, greeted(school.address, Hello(role="board")) as board:
        board.say(Subscribe(topics=("school", topic)))
        assert board.until(Refused).code == "not-allowed"
        board.say(Ping(id=1))
        board.until(Pong)
