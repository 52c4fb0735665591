"""The gateway's messages."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import wire
from events.errors import ToctocError, WireError
from events.ids import BookingId, EventId, RoomKey, SourceName
from events.projection import room_day, room_presence
from events.search import Answer, Candidate, Refusal, Wish
from events.state import LastIntent, Rules
from tests.events.builders import DAY, DOOR, ROOM, after, at, booking, known, press, room
from tests.events.golden_events import golden_events

WISH = Wish(origin=ROOM, minutes=90, seats=12, whiteboard=True, blackboard=True, projector=True)
K = known(after(room(booking("09:00", "10:00")), ("09:02", "present")))

CLIENT: list[wire.ClientMessage] = [
    wire.Hello(role="board"),
    wire.Hello(role="kiosk", key="ab" * 32, room=ROOM, signature="cd" * 64, program="toctoc 0.1.0"),
    wire.Hello(role="operator", token="secret"),
    wire.Subscribe(topics=("school",)),
    wire.Subscribe(topics=("wing/L", "room/L213"), epoch=1, seq=42),
    wire.SendPress(
        press=press(for_minutes=30), signature="ef" * 64, boot_id="boot", boottime=123, wall=at("08:00")
    ),
    wire.Watching(for_seconds=12.5),
    wire.Stuck(stuck=True),
    wire.Stuck(stuck=False),
    wire.Find(id=7, wish=WISH),
    wire.Find(id=0, wish=Wish(origin=ROOM)),
    wire.CloseRoom(id=1, room=ROOM, until=at("12:00"), reason="dégât des eaux"),
    wire.CloseRoom(id=1, room=ROOM),
    wire.ReopenRoom(id=2, room=ROOM),
    wire.AnnotateRoom(
        id=2, room=ROOM, what="withdrawn", start=at("09:00"), end=at("10:00"), text="oui", withdraws=9
    ),
    wire.AskSources(id=3),
    wire.JudgeReading(id=4, source=SourceName("oasis"), accept=True),
    wire.Ping(id=3),
    wire.SendSensed(id=1, run="0123abcd", boot_id="boot", at=99_000, boottime=100_000, sensed=wire.Motion()),
    wire.SendSensed(
        id=2,
        run="0123abcd" * 4,
        boot_id="boot",
        at=99_000,
        boottime=100_000,
        sensed=wire.Air(temperature=-4.5, humidity=48.25, co2=812),
    ),
    wire.SendSensed(id=3, run="0123abcd", boot_id="b", at=1, boottime=2, sensed=wire.Air()),
    wire.SetHeadcount(id=5, room=ROOM, count=0),
    wire.PostNotice(id=6, topic="school", text="É" * 200),
    wire.PostNotice(id=6, topic="wing/L", text="Exercice incendie", until=at("12:00")),
    wire.WithdrawNotice(id=7, notice=42),
    wire.Unlock(id=8, room=ROOM, code="K7MQ2XWD"),
    wire.SayPresence(id=9, room=ROOM, intent="present", minutes=30),
    wire.Unsubscribe(topics=("feed", "room/L213")),
    wire.JoinChannel(id=10, channel="é" * 40),
    wire.LeaveChannel(id=11, channel="wing-L"),
    wire.Say(id=12, channel="wing-L", text="é" * 500),
    wire.Say(id=12, channel="wing-L", text="waves", action=True),
    wire.Hello(role="operator", token="3.secret", name="Accueil"),
    wire.Hello(role="device", access=4, signature="ab" * 32),
    wire.Hello(role="unpaired", key="ab" * 32, signature="cd" * 64),
    wire.Pair(id=10, code="7k4m 2qxd", room=ROOM, name="north door"),
    wire.RevokeDoor(id=11, kiosk=DOOR),
    wire.GrantAccess(id=12, name="Accueil", role="operator", proof="$argon2id$"),
    wire.GrantAccess(id=13, name="compteur", role="device", proof="ab" * 32, room=ROOM),
    wire.RevokeAccess(id=14, access=3),
    wire.AskAccess(id=15),
]
SERVER: list[wire.ServerMessage] = [
    wire.Challenge(nonce="00ff"),
    wire.Welcome(
        role="kiosk",
        school="École",
        epoch=1,
        server_time=at("08:00"),
        rules=Rules(zone="Europe/Paris"),
        kiosk=DOOR,
        room=ROOM,
        board="https://rooms.school.example",
    ),
    wire.Welcome(
        role="operator", school="É", epoch=1, server_time=at("08:00"), rules=Rules(), operator=3, name="A"
    ),
    wire.PairingCode(code="7K4M2QXD", until=at("08:10")),
    wire.Paired(room=ROOM, kiosk=DOOR, server="5c" * 32),
    wire.Paired(room=ROOM, kiosk=DOOR, ref=10),
    wire.Granted(ref=12, seq=44, access=3),
    wire.Accesses(ref=15),
    wire.Accesses(
        ref=15,
        doors=(wire.KnownDoor(kiosk=DOOR, room=ROOM, configured=True, connected=True),),
        accesses=(
            wire.KnownAccess(access=4, role="device", name="compteur", granted_at=at("08:00"), room=ROOM),
        ),
    ),
    wire.Notices(),
    wire.Notices(
        notices=(
            wire.Notice(
                number=9, topic="room/L213", text="Peinture", posted_at=at("08:00"), until=at("09:00")
            ),
            wire.Notice(number=7, topic="school", text="Grève", posted_at=at("07:00")),
        )
    ),
    wire.DoorCodes(codes=(wire.DoorCode(code="K7MQ2XWD", since=at("08:00"), until=at("08:02")),)),
    wire.Unlocked(ref=8, room=ROOM, until=at("08:10")),
    wire.RulesSet(rules=Rules(zone="Europe/Paris")),
    wire.SnapshotBegin(epoch=1, seq=42),
    wire.SnapshotBegin(epoch=1, seq=42, whole=False),
    room_day(K, at("09:10"), {EventId("text-of-b1"): "Algèbre"}),
    room_day(K, at("09:10")),
    room_presence(K, at("09:10")),
    wire.RoomPresence(
        room=ROOM,
        seq=3,
        last=LastIntent(pressed_at=at("09:00"), press=EventId("p"), intent="leaving"),
        confirmed={BookingId("b1"): at("09:00")},
        headcount=12,
        headcount_until=at("10:00"),
    ),
    wire.SnapshotEnd(seq=42),
    wire.TimetablesRead(readings={DAY: at("08:00")}, others={ROOM: {DAY + timedelta(days=1): at("07:00")}}),
    wire.Pressed(ref=EventId("p"), seq=43, effect="walk-in", until=at("10:00")),
    wire.Pressed(ref=EventId("p"), seq=43, effect="left"),
    wire.Found(
        ref=7,
        answer=Answer(
            wish=WISH,
            rooms=(
                Candidate(
                    room=ROOM, name="L213", seats=48, until=at("10:00"), other_wing=True, released=True
                ),
            ),
            refused=(Refusal(room=RoomKey("L218"), name="L218", why="booked", at=at("11:00")),),
        ),
    ),
    wire.Sources(ref=3, sources=(wire.SourceReport(source=SourceName("oasis"), kind="oasis", failures=2),)),
    wire.Done(ref=1, seq=44),
    wire.Refused(code="bad-message", reason="why"),
    wire.Refused(code="unknown-room", reason="why", ref=7),
    wire.Refused(code="too-fast", reason="why", ref=EventId("p")),
    wire.Heartbeat(server_time=at("08:00"), epoch=1, seq=44),
    wire.Pong(ref=3, server_time=at("08:00")),
    wire.Roster(members=()),
    wire.Roster(
        members=(
            wire.Member(name="front-desk", role="operator", since=at("08:00"), channels=("wing-L", "all")),
            wire.Member(name="door L213-2", role="kiosk", since=at("08:00"), room=ROOM),
        ),
        boards=3,
        you="front-desk",
        more=True,
    ),
    wire.Joined(member=wire.Member(name="device lab", role="device", since=at("08:00"), room=ROOM)),
    wire.Left(
        member=wire.Member(name="door L213", role="kiosk", since=at("08:00"), room=ROOM), how="cut off"
    ),
    wire.Left(member=wire.Member(name="front-desk", role="operator", since=at("08:00")), channel="wing-L"),
    wire.Boards(count=12),
    wire.Said(channel="wing-L", name="front-desk", text="Bonjour", at=at("08:00"), action=True),
    *(
        wire.Happened(seq=7, at=at("08:00"), recorded_at=at("08:01"), stream="school", event=event)
        for event in golden_events()
    ),
    wire.Missed(first=3, last=4711),
]


def named(message: Any) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", CLIENT, ids=named)
def test_every_message_of_a_client_arrives_as_it_was_sent(message: wire.ClientMessage) -> None:
    text = wire.encode(message)
    assert wire.read_client_message(text) == message
    assert wire.read_client_message(text.encode()) == message
    assert len(text.encode()) <= wire.MAX_INCOMING


@pytest.mark.parametrize("message", SERVER, ids=named)
def test_every_message_of_the_server_arrives_as_it_was_sent(message: wire.ServerMessage) -> None:
    text = wire.encode(message)
    assert wire.read_server_message(text) == message
    assert wire.read_server_message(text.encode()) == message


def test_no_kind_of_message_is_left_out_here() -> None:
    assert {type(m) for m in CLIENT} == set(get_args(wire.ClientMessage))
    assert {type(m) for m in SERVER} == set(get_args(wire.ServerMessage))


def test_types_are_unique_over_both_directions() -> None:
    tags = [
        kind.__struct_config__.tag for kind in (*get_args(wire.ClientMessage), *get_args(wire.ServerMessage))
    ]
    assert len(tags) == len(set(tags))


@pytest.mark.parametrize("message", SERVER, ids=named)
def test_a_client_cannot_send_what_only_the_server_says(message: wire.ServerMessage) -> None:
    with pytest.raises(WireError, match="Invalid value"):
        wire.read_client_message(wire.encode(message))


@pytest.mark.parametrize("message", CLIENT, ids=named)
def test_the_server_cannot_send_what_only_a_client_says(message: wire.ClientMessage) -> None:
    with pytest.raises(WireError):
        wire.read_server_message(wire.encode(message))


NO_MESSAGES: list[str | bytes] = [
    "",
    "null",
    "[]",
    "7",
    '"ping"',
    "{}",
    '{"type":"unheard-of"}',
    '{"type":7}',
    '{"type":"ping"}',
    '{"type":"ping","id":-1}',
    '{"type":"ping","id":"1"}',
    '{"type":"ping","id":1.5}',
    '{"type":"ping","id":1}garbage',
    '{"type":"ping","id":1',
    b"\xff\xfe\x00",
    b'{"type":"hello","role":"\xff"}',
    b"\x00" * 100,
    "[" * 10_000,
    '{"type":"hello","role":"headmaster"}',
    '{"type":"hello","role":"kiosk","key":"XYZ"}',
    '{"type":"hello","role":"kiosk","key":"' + "a" * 129 + '"}',
    '{"type":"subscribe","topics":"school"}',
    '{"type":"subscribe","topics":[' + ",".join(['"school"'] * 65) + "]}",
    '{"type":"watching","for_seconds":-1}',
    '{"type":"watching","for_seconds":NaN}',
    '{"type":"watching","for_seconds":1e999}',
    '{"type":"find","id":1,"wish":{"origin":"L213","minutes":0}}',
    '{"type":"find","id":1,"wish":{"origin":"L213","minutes":-60}}',
    '{"type":"find","id":1,"wish":{"origin":"L213","minutes":1441}}',
    '{"type":"find","id":1,"wish":{"origin":"L213","minutes":1000000000000}}',
    '{"type":"close-room","id":1,"room":"L213","until":"2026-11-20T10:00:00"}',
    '{"type":"close-room","id":1,"room":"L213","until":"tomorrow"}',
    '{"type":"close-room","id":1,"room":"L213","reason":"' + "x" * 201 + '"}',
    '{"type":"stuck","stuck":1}',
    '{"type":"sensed","id":1,"run":"0123abc","boot_id":"b","at":1,"boottime":2,"sensed":{"kind":"motion"}}',
    '{"type":"sensed","id":1,"run":"0123ABCD","boot_id":"b","at":1,"boottime":2,"sensed":{"kind":"motion"}}',
    '{"type":"sensed","id":1,"run":"0123abcd","boot_id":"b","at":1,"boottime":2,"sensed":{"kind":"light"}}',
    '{"type":"sensed","id":1,"run":"00000000","boot_id":"","at":1,"boottime":2,"sensed":{"kind":"air","co2":-1}}',
    '{"type":"sensed","id":1,"run":"0","boot_id":"","at":1,"boottime":2,"sensed":{"kind":"air","humidity":NaN}}',
    '{"type":"set-headcount","id":1,"room":"L213","count":-1}',
    '{"type":"set-headcount","id":1,"room":"L213","count":10001}',
    '{"type":"set-headcount","id":1,"room":"L213","count":12.5}',
    '{"type":"post-notice","id":1,"topic":"school","text":""}',
    '{"type":"post-notice","id":1,"topic":"school","text":"' + "x" * 201 + '"}',
    '{"type":"post-notice","id":1,"topic":"school","text":"x","until":"2026-11-20T10:00:00"}',
    '{"type":"withdraw-notice","id":1,"notice":"all"}',
]


@pytest.mark.parametrize("text", NO_MESSAGES, ids=range(len(NO_MESSAGES)))
def test_what_is_no_message_is_a_wire_error(text: str | bytes) -> None:
    for read in (wire.read_client_message, wire.read_server_message):
        with pytest.raises(WireError):
            read(text)


@pytest.mark.parametrize("read", [wire.read_client_message, wire.read_server_message])
@pytest.mark.parametrize("bomb", ["[" * 1900, "[" * 1900 + "]" * 1900, '{"a":' * 1900])
def test_what_is_nested_too_deep_is_a_wire_error(read: Any, bomb: str) -> None:
    with pytest.raises(WireError):
        read(bomb)
    for text in (f'{{"type":"ping","id":1,"x":{bomb}}}', f'{{"type":"pong","ref":1,"x":{bomb}}}'):
        # In a field that nobody knows the reader only looks for the end, which Python 3.13 lets it find.
        with suppress(WireError):
            read(text)


@pytest.mark.parametrize("minutes", [0, -5, 1441, 10**15])
def test_a_press_cannot_ask_for_no_time_or_for_ever(minutes: int) -> None:
    text = wire.encode(
        wire.SendPress(
            press=press(for_minutes=minutes), signature="", boot_id="b", boottime=1, wall=at("08:00")
        )
    )
    with pytest.raises(WireError, match="minutes"):
        wire.read_client_message(text)


def test_a_wire_error_says_what_is_wrong_and_where() -> None:
    with pytest.raises(WireError, match=r"Expected `int`, got `str` - at `\$\.id`") as caught:
        wire.read_client_message('{"type":"ping","id":"one"}')
    assert isinstance(caught.value, ToctocError)
    assert isinstance(caught.value, ValueError)


def test_what_a_newer_program_adds_is_passed_over() -> None:
    assert wire.read_client_message('{"type":"ping","id":1,"new":{"deep":[1]}}') == wire.Ping(id=1)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_no_bytes_at_all_do_anything_but_be_a_message_or_a_wire_error(text: str | bytes) -> None:
    for read in (wire.read_client_message, wire.read_server_message):
        try:
            read(text)
        except WireError:
            continue


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(CLIENT + SERVER), st.data())
def test_a_damaged_message_is_another_message_or_a_wire_error(
    message: wire.ClientMessage | wire.ServerMessage, data: st.DataObject
) -> None:
    body = bytearray(wire.encode(message).encode())
    for _ in range(data.draw(st.integers(min_value=1, max_value=3))):
        at_byte = data.draw(st.integers(min_value=0, max_value=len(body) - 1))
        body[at_byte] = data.draw(st.integers(min_value=0, max_value=255))
    for read in (wire.read_client_message, wire.read_server_message):
        try:
            got = read(bytes(body))
        except WireError:
            continue
        assert read(msgspec.json.encode(got)) == got
