"""What a client may say: the whole table of roles and messages, and what presses have to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from actors import messages as m
from actors.entry.access import GUESS_BURST, GUESS_RATE, Access, Caller, Desk, Holder
from actors.entry.codes import Codes, Gate
from actors.entry.credentials import NOBODY, new_secret, proof_of, token
from actors.live.actions import Action, Await, End, Forward, Greet, Send, Serve, Verify
from actors.live.session import ALLOWED, OTHER_BURST, OTHER_RATE, PRESS_BURST, PRESS_RATE, Session
from actors.live.times import when_pressed, when_sensed
from events.ids import KioskId, RoomKey, SourceName, sensed_id
from events.search import Wish
from events.signing import answer_device, device_key, sign_hello, sign_press
from events.wire import (
    Air,
    AnnotateRoom,
    AskAccess,
    AskSources,
    Challenge,
    ClientMessage,
    CloseRoom,
    Find,
    GrantAccess,
    Hello,
    JoinChannel,
    JudgeReading,
    LeaveChannel,
    Motion,
    Pair,
    Paired,
    PairingCode,
    Ping,
    Pong,
    PostNotice,
    Refused,
    ReopenRoom,
    RevokeAccess,
    RevokeDoor,
    Role,
    Say,
    SayPresence,
    SendPress,
    SendSensed,
    ServerMessage,
    SetHeadcount,
    Stuck,
    Subscribe,
    Unlock,
    Unsubscribe,
    Watching,
    WithdrawNotice,
    encode,
)
from tests.actors.stack import DoorClient, name_of
from tests.clock import START

L213, L227 = RoomKey("L213"), RoomKey("L227")
TOKEN = "the operator's own"
ROLES: tuple[Role, ...] = get_args(Role)
DEVICE = Holder(name="counter", role="device", proof=device_key("the device's own"), room=L213)
GATE = Gate(Codes(b"the secret of this run"))


def access(**changes: Any) -> Access:
    """Who may be what; where no door is known, every one is let in."""
    values: dict[str, Any] = {"doors": {}, "rooms": frozenset({L213, L227}), "operator_token": TOKEN}
    values = {**values, "open": not changes.get("doors"), "holders": {4: DEVICE}, **changes}
    return Access(**values)


def opened(rules: Access | None = None) -> tuple[Session, str]:
    """A session that has said its challenge."""
    session = Session(7, rules or access(), Desk(GATE), Caller(address="192.0.2.7"))
    (said,) = session.open()
    assert isinstance(said, Send)
    assert isinstance(said.message, Challenge)
    return session, said.message.nonce


def receive(session: Session, message: ClientMessage, now: datetime = START) -> list[Action]:
    return session.receive(encode(message), now)


def greeted(role: Role, door: DoorClient | None = None, rules: Access | None = None) -> Session:
    session, nonce = opened(rules)
    door = door or DoorClient("L213")
    hello = {
        "board": Hello(role="board"),
        "operator": Hello(role="operator", token=TOKEN),
        "kiosk": door.hello(nonce),
        "device": Hello(role="device", access=4, signature=answer_device(DEVICE.proof, nonce)),
        "unpaired": door.unpaired(nonce),
    }[role]
    greet, *more = receive(session, hello)
    assert isinstance(greet, Greet)
    assert greet.role == role
    assert len(more) == (role == "unpaired"), "who waits is told a code"
    return session


def refusal(actions: list[Action]) -> Refused:
    (action,) = actions
    assert isinstance(action, Send)
    assert isinstance(action.message, Refused)
    return action.message


def answer(actions: list[Action]) -> ServerMessage:
    (action,) = actions
    assert isinstance(action, Send)
    return action.message


def sensed(n: int = 1, what: Motion | Air | None = None, **fields: Any) -> SendSensed:
    """What a sensor felt two seconds ago, as it is delivered."""
    values: dict[str, Any] = {"id": n, "run": "0123abcd", "boot_id": "run", "at": 98_000, "boottime": 100_000}
    return SendSensed(sensed=what or Motion(), **{**values, **fields})


def one_of_each(door: DoorClient) -> dict[type[Any], ClientMessage]:
    return {
        Hello: Hello(role="board"),
        Subscribe: Subscribe(topics=("school",)),
        SendPress: door.press(),
        Watching: Watching(for_seconds=3),
        Stuck: Stuck(stuck=True),
        Find: Find(id=5, wish=Wish(origin=L213)),
        CloseRoom: CloseRoom(id=6, room=L213),
        ReopenRoom: ReopenRoom(id=7, room=L213),
        AnnotateRoom: AnnotateRoom(
            id=7, room=L213, what="present", start=START, end=START + timedelta(hours=1), text="oui"
        ),
        AskSources: AskSources(id=9),
        JudgeReading: JudgeReading(id=10, source=SourceName("oasis"), accept=True),
        Ping: Ping(id=8),
        SendSensed: sensed(),
        SetHeadcount: SetHeadcount(id=11, room=L213, count=12),
        PostNotice: PostNotice(id=12, topic="school", text="Grève"),
        WithdrawNotice: WithdrawNotice(id=13, notice=42),
        Unlock: Unlock(id=14, room=L213, code="K7MQ2XWD"),
        SayPresence: SayPresence(id=15, room=L213, intent="present"),
        Pair: Pair(id=16, code="7K4M-2QXD", room=L213),
        RevokeDoor: RevokeDoor(id=17, kiosk=door.kiosk),
        GrantAccess: GrantAccess(id=18, name="Accueil", role="operator", proof=NOBODY),
        RevokeAccess: RevokeAccess(id=19, access=4),
        AskAccess: AskAccess(id=20),
        Unsubscribe: Unsubscribe(topics=("feed", "school")),
        JoinChannel: JoinChannel(id=21, channel="wing-L"),
        LeaveChannel: LeaveChannel(id=22, channel="wing-L"),
        Say: Say(id=23, channel="wing-L", text="hello"),
    }


# -- roles and messages ---------------------------------------------------------------------------

MAY: dict[Role, set[str]] = {
    "board": {"Subscribe", "Unsubscribe", "Find", "Ping"},
    "kiosk": {
        "Subscribe",
        "Unsubscribe",
        "Find",
        "Ping",
        "SendPress",
        "Watching",
        "Stuck",
        "SendSensed",
        "SetHeadcount",
    },
    "operator": {
        "Subscribe",
        "Unsubscribe",
        "JoinChannel",
        "LeaveChannel",
        "Say",
        "Find",
        "Ping",
        "CloseRoom",
        "ReopenRoom",
        "AnnotateRoom",
        "AskSources",
        "JudgeReading",
        "SetHeadcount",
        "PostNotice",
        "WithdrawNotice",
        "RevokeDoor",
        "GrantAccess",
        "RevokeAccess",
        "AskAccess",
    },
    "device": {"Subscribe", "Unsubscribe", "Find", "Ping", "SayPresence", "SetHeadcount"},
    "unpaired": {"Ping"},
}
CELLS = [(role, kind) for role in ROLES for kind in get_args(ClientMessage)]


@pytest.mark.parametrize("topic", ["feed", "roster"])
@pytest.mark.parametrize("role", [role for role in ROLES if role != "unpaired"])
def test_only_operators_are_told_who_is_here_and_what_happens(role: Role, topic: str) -> None:
    actions = receive(greeted(role), Subscribe(topics=("school", topic)))
    if role == "operator":
        assert isinstance(actions[0], Serve)
    else:
        assert refusal(actions).code == "not-allowed"


def test_whoever_has_the_servers_own_token_has_the_name_that_they_say() -> None:
    session, _ = opened()
    hello = Hello(role="operator", token=TOKEN, name="front-desk")
    assert receive(session, hello) == [Greet("operator", None, None, 0, "front-desk")]
    assert session.who.name == "front-desk"


def test_the_table_has_every_role_and_no_message_that_does_not_exist() -> None:
    assert set(ALLOWED) == set(ROLES)
    assert {kind for kinds in ALLOWED.values() for kind in kinds} <= set(get_args(ClientMessage))
    assert set(one_of_each(DoorClient("L213"))) == set(get_args(ClientMessage)), "each is tried below"


@pytest.mark.parametrize(("role", "kind"), CELLS, ids=[f"{r}-{k.__name__}" for r, k in CELLS])
def test_each_role_may_send_what_the_table_says_and_nothing_else(role: Role, kind: type[Any]) -> None:
    door = DoorClient("L213")
    session = greeted(role, door)
    actions = receive(session, one_of_each(door)[kind])
    if kind.__name__ in MAY[role]:
        assert actions
        assert not any(isinstance(a, Send) and isinstance(a.message, Refused) for a in actions)
    else:
        assert refusal(actions).code == "not-allowed"
        assert not any(isinstance(a, Forward | Serve | Await | Greet | End) for a in actions)


@pytest.mark.parametrize("kind", get_args(ClientMessage), ids=lambda kind: str(kind.__name__))
def test_before_the_welcome_only_hello_counts(kind: type[Any]) -> None:
    session, _ = opened()
    actions = receive(session, one_of_each(DoorClient("L213"))[kind])
    if kind is Hello:
        assert isinstance(actions[0], Greet)
        return
    refused, end = actions
    assert isinstance(refused, Send)
    assert isinstance(refused.message, Refused)
    assert refused.message.code == "not-authenticated"
    assert isinstance(end, End)
    assert end.code == 1008


def test_every_session_has_a_challenge_of_its_own() -> None:
    assert len({opened()[1] for _ in range(50)}) == 50


def test_hello_cannot_be_said_twice() -> None:
    session = greeted("board")
    assert refusal(receive(session, Hello(role="operator", token=TOKEN))).code == "not-allowed"
    assert session.who.role == "board"


def test_a_message_that_is_none_is_refused_and_the_session_stays() -> None:
    session = greeted("board")
    for text in ("", "[]", "{", '{"type":"unheard-of"}', '{"type":"ping","id":-1}', b"\xff\xfe", "null"):
        assert refusal(session.receive(text, START)).code == "bad-message"
    assert isinstance(answer(receive(session, Ping(id=1))), Pong)


def test_rubbish_instead_of_hello_ends_the_session() -> None:
    session, _ = opened()
    refused, end = session.receive("GET / HTTP/1.1", START)
    assert isinstance(refused, Send)
    assert isinstance(end, End)


# -- who is who -----------------------------------------------------------------------------------


def problem(hello: Hello, rules: Access | None = None) -> str:
    session, _ = opened(rules)
    refused, end = receive(session, hello)
    assert isinstance(refused, Send)
    assert isinstance(refused.message, Refused)
    assert isinstance(end, End)
    assert session.who.role is None
    return refused.message.code


def test_a_door_has_to_sign_this_very_challenge_for_this_very_room() -> None:
    door = DoorClient("L213")
    for nonce, room in (("00" * 32, L213), (None, L227)):
        session, own = opened()
        hello = replace(door.hello(own), signature=sign_hello(door.key, nonce or own, room))
        refused, _end = receive(session, hello)
        assert isinstance(refused, Send)
        assert isinstance(refused.message, Refused)
        assert refused.message.code == "not-authenticated"


@pytest.mark.parametrize("key", ["", "ab", "abc", "ff" * 32, "ff" * 64])
def test_what_is_no_key_is_no_door(key: str) -> None:
    hello = Hello(role="kiosk", room=L213, key=key, signature="00" * 64)
    assert problem(hello) == "not-authenticated"


def test_a_door_has_to_say_a_room_that_exists() -> None:
    assert problem(Hello(role="kiosk", room=RoomKey("X999"))) == "unknown-room"
    assert problem(Hello(role="kiosk")) == "unknown-room"


def test_without_configured_doors_every_key_is_let_in() -> None:
    assert greeted("kiosk", DoorClient("L227")).who.room == "L227"


def test_with_configured_doors_only_their_keys_at_their_rooms_are_let_in() -> None:
    known, stranger = DoorClient("L213"), DoorClient("L213")
    rules = access(doors={known.public: L213})
    assert greeted("kiosk", known, rules).who.kiosk == known.kiosk
    for door in (stranger, DoorClient("L227", known.key)):
        session, nonce = opened(rules)
        refused, _end = receive(session, door.hello(nonce))
        assert isinstance(refused, Send)
        assert isinstance(refused.message, Refused)
        assert refused.message.code == "unknown-key"


def test_an_operator_has_to_know_the_token() -> None:
    for wrong in ("", "wrong", TOKEN + " ", "été"):
        assert problem(Hello(role="operator", token=wrong)) == "not-authenticated"
    assert greeted("operator").who.role == "operator"


def test_an_empty_token_makes_nobody_an_operator() -> None:
    """The file may be empty, after a power cut or by a careless hand."""
    assert problem(Hello(role="operator"), access(operator_token="")) == "not-authenticated"


def test_a_door_stays_only_while_the_configuration_lets_it() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    assert session.follow(access())
    assert session.follow(access(doors={door.public: L213}))
    assert not session.follow(access(doors={door.public: L227}))
    assert not session.follow(access(doors={DoorClient("L213").public: L213}))
    assert not session.follow(access(rooms=frozenset({L227})))
    assert not session.follow(access(doors={door.public: L213}, rooms=frozenset({L227})))


def test_who_was_revoked_between_challenge_and_hello_is_not_let_in() -> None:
    door = DoorClient("L213")
    session, nonce = opened(access(doors={door.public: L213}))
    assert session.follow(access(doors={DoorClient("L213").public: L213}))
    refused, _end = receive(session, door.hello(nonce))
    assert isinstance(refused, Send)
    assert isinstance(refused.message, Refused)
    assert refused.message.code == "unknown-key"


def test_an_operator_with_a_token_is_let_in_once_it_was_verified() -> None:
    secret = new_secret()
    marie = Holder(name="Marie", role="operator", proof=proof_of("operator", secret))
    session, _ = opened(access(holders={3: marie}))
    asked = receive(session, Hello(role="operator", token=token(3, secret), name="Marie"))
    assert asked == [Verify(marie.proof, secret)]
    assert session.who.role is None, "not before"
    assert session.verified(True, START) == [Greet("operator", None, None, 3, "Marie")]
    (order,) = receive(session, ReopenRoom(id=5, room=L213))
    assert isinstance(order, Forward)
    assert isinstance(order.command, m.SetClosure)
    assert order.command.operator == 3


@pytest.mark.parametrize(
    "hello",
    [
        Hello(role="operator", token=token(9, "x" * 43)),
        Hello(role="operator", token=token(4, "x" * 43)),
        Hello(role="operator", token=token(3, "x" * 43), name="Paul"),
    ],
    ids=["no such access", "a device's", "of another name"],
)
def test_a_login_that_cannot_be_costs_what_one_costs_that_can(hello: Hello) -> None:
    marie = Holder(name="Marie", role="operator", proof=proof_of("operator", new_secret()))
    session, _ = opened(access(holders={3: marie, 4: DEVICE}))
    assert receive(session, hello) == [Verify(NOBODY, "x" * 43)]
    refused, _end = session.verified(False, START)
    assert isinstance(refused, Send)
    assert isinstance(refused.message, Refused)
    assert refused.message.reason == "the operator's token is wrong", "the same whatever was wrong"


def test_who_is_revoked_while_the_token_is_verified_is_not_let_in() -> None:
    secret = new_secret()
    marie = Holder(name="Marie", role="operator", proof=proof_of("operator", secret))
    session, _ = opened(access(holders={3: marie}))
    receive(session, Hello(role="operator", token=token(3, secret)))
    session.follow(access(holders={}))
    refused, _end = session.verified(True, START)
    assert isinstance(refused, Send)
    assert session.who.role is None


def test_operators_and_devices_stay_only_while_their_access_stands() -> None:
    device = greeted("device")
    assert device.follow(access())
    assert not device.follow(access(holders={4: replace(DEVICE, proof=device_key("another"))}))
    assert not device.follow(access(holders={}))
    assert greeted("operator").follow(access(holders={})), "the server's own token is no access"


def test_a_device_answers_this_very_challenge_with_its_own_secret() -> None:
    for proof, number, other in (
        (device_key("another's"), 4, None),
        (DEVICE.proof, 5, None),
        (DEVICE.proof, 4, "00" * 32),
    ):
        session, nonce = opened()
        hello = Hello(role="device", access=number, signature=answer_device(proof, other or nonce))
        refused, _end = receive(session, hello)
        assert isinstance(refused, Send)
        assert isinstance(refused.message, Refused)
        assert refused.message.code == "not-authenticated"


def test_a_device_speaks_for_its_own_room_only() -> None:
    session = greeted("device")
    awaited, said = receive(session, SayPresence(id=1, room=L213, intent="present"))
    assert isinstance(awaited, Await)
    assert isinstance(said, Forward)
    assert isinstance(said.command, m.RecordPress)
    assert (said.command.press.by, said.command.press.kiosk) == ("device", "device-4")
    (counted,) = receive(session, SetHeadcount(id=2, room=L213, count=3))
    assert isinstance(counted, Forward)
    assert isinstance(counted.command, m.SetHeadcount)
    assert (counted.command.by, counted.command.operator) == ("device", 4)
    for message in (
        SayPresence(id=3, room=L227, intent="leaving"),
        SetHeadcount(id=4, room=L227, count=3),
    ):
        assert refusal(receive(session, message)).code == "not-allowed"


def test_an_answer_for_one_server_is_worth_nothing_to_another() -> None:
    """A man in the middle has another key: the door signs for the one it sees."""
    door = DoorClient("L213")
    for seen, own in (("ab" * 32, "cd" * 32), ("", "cd" * 32), ("ab" * 32, "")):
        session = Session(7, access(doors={door.public: L213}), Desk(GATE), Caller(server=own))
        (said,) = session.open()
        assert isinstance(said, Send)
        assert isinstance(said.message, Challenge)
        refused, _end = receive(session, door.hello(said.message.nonce, seen))
        assert isinstance(refused, Send)
        assert isinstance(refused.message, Refused)
        assert refused.message.code == "not-authenticated"


@pytest.mark.parametrize("role", ["kiosk", "operator", "device", "unpaired"])
def test_the_port_without_tls_is_for_boards(role: Role) -> None:
    door = DoorClient("L213")
    session = Session(7, access(), Desk(GATE), Caller(board_only=True))
    (said,) = session.open()
    assert isinstance(said, Send)
    assert isinstance(said.message, Challenge)
    hello = replace(door.hello(said.message.nonce), role=role, token=TOKEN, access=4)
    refused, _end = receive(session, hello)
    assert isinstance(refused, Send)
    assert isinstance(refused.message, Refused)
    assert refused.message.code == "not-allowed"


def test_who_guesses_logins_is_not_listened_to_for_a_while() -> None:
    desk = Desk(GATE)
    caller = Caller(address="192.0.2.66")

    def says(hello: Hello, now: datetime, where: Caller = caller) -> str:
        session = Session(7, access(), desk, where)
        refused, *_ = receive(session, hello, now)
        if not isinstance(refused, Send):
            return ""
        assert isinstance(refused.message, Refused)
        return refused.message.code

    wrong, right = Hello(role="operator", token="wrong"), Hello(role="operator", token=TOKEN)
    assert [says(wrong, START) for _ in range(GUESS_BURST)] == ["not-authenticated"] * GUESS_BURST
    assert says(right, START) == "too-fast", "nothing is looked at any more"
    assert says(right, START, Caller(address="192.0.2.7")) == "", "others are not in its way"
    assert says(right, START + timedelta(seconds=1 / GUESS_RATE)) == ""


def test_a_page_that_asks_whether_somebody_is_logged_in_makes_no_guess() -> None:
    desk = Desk(GATE)
    for _ in range(GUESS_BURST + 1):
        refused, *_ = receive(Session(7, access(), desk), Hello(role="operator"))
        assert isinstance(refused, Send)
        assert isinstance(refused.message, Refused)
        assert refused.message.code == "not-authenticated"


# -- who comes in -----------------------------------------------------------------------------------


def test_a_door_that_waits_is_paired_by_the_code_it_shows() -> None:
    desk, door, operator = Desk(GATE), DoorClient("L213"), greeted("operator")
    waits = Session(8, access(doors={DoorClient("L227").public: L227}), desk)
    (said,) = waits.open()
    assert isinstance(said, Send)
    assert isinstance(said.message, Challenge)
    _greet, told = receive(waits, door.unpaired(said.message.nonce))
    assert isinstance(told, Send)
    assert isinstance(told.message, PairingCode)
    operator = Session(9, access(), desk)
    operator.open()
    receive(operator, Hello(role="operator", token=TOKEN))
    assert refusal(receive(operator, Pair(id=1, code="CCCC-CCCC", room=L213))).code == "not-allowed"
    (pair,) = receive(operator, Pair(id=2, code=told.message.code.lower(), room=L213, name="north"))
    assert pair == Forward(
        m.PairDoor(session=9, ref=2, room=L213, kiosk=door.kiosk, key=door.public, name="north", at=START)
    )
    assert waits.paired() == [], "only once it is in the log"
    assert waits.follow(access(doors={door.public: L213}))
    assert waits.paired() == [Send(Paired(room=L213, kiosk=door.kiosk)), End(1000, "paired")]


def test_only_the_servers_own_token_grants_and_revokes() -> None:
    secret = new_secret()
    marie = Holder(name="Marie", role="operator", proof=proof_of("operator", secret))
    session, _ = opened(access(holders={3: marie}))
    receive(session, Hello(role="operator", token=token(3, secret)))
    session.verified(True, START)
    for message in (
        GrantAccess(id=1, name="Paul", role="operator", proof=marie.proof),
        RevokeAccess(id=2, access=3),
    ):
        assert refusal(receive(session, message)).code == "not-allowed"
    assert isinstance(receive(session, RevokeDoor(id=3, kiosk=KioskId("ab" * 16)))[0], Forward)


@pytest.mark.parametrize(
    "grant",
    [
        GrantAccess(id=1, name="x", role="operator", proof="$argon2id$v=19$m=9999999,t=99,p=1$AAAA$AAAA"),
        GrantAccess(id=1, name="x", role="operator", proof="secret"),
        GrantAccess(id=1, name="x", role="device", proof="secret", room=L213),
        GrantAccess(id=1, name="x", role="device", proof="ab" * 32),
        GrantAccess(id=1, name="x", role="device", proof="ab" * 32, room=RoomKey("X9")),
        GrantAccess(id=1, name="x", role="operator", proof=NOBODY, room=L213),
    ],
    ids=["costly", "no hash", "no key", "no room", "no such room", "a room"],
)
def test_what_cannot_be_granted_is_refused(grant: GrantAccess) -> None:
    assert refusal(receive(greeted("operator"), grant)).code == "bad-message"


# -- what follows from a message ------------------------------------------------------------------


def test_an_order_of_the_desk_goes_to_the_school_as_it_was_said() -> None:
    session = greeted("operator")
    until = START + timedelta(hours=3)
    (closed,) = receive(session, CloseRoom(id=4, room=L213, until=until, reason="Fuite"))
    assert closed == Forward(
        m.SetClosure(session=7, ref=4, room=L213, closed=True, at=START, until=until, reason="Fuite")
    )
    (reopened,) = receive(session, ReopenRoom(id=5, room=L213))
    assert reopened == Forward(m.SetClosure(session=7, ref=5, room=L213, closed=False, at=START))


def test_a_door_watches_once_and_is_missed_once() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    assert session.ended(START) == [], "one that never watched is not missed"
    (watches,) = receive(session, Watching(for_seconds=90))
    since = START - timedelta(seconds=90)
    assert watches == Forward(m.KioskWatches(room=L213, kiosk=door.kiosk, since=since, at=START))
    assert receive(session, Watching(for_seconds=91)) == []
    assert session.ended(START) == [Forward(m.KioskGone(room=L213, kiosk=door.kiosk, at=START))]
    assert session.ended(START) == []


def test_a_stuck_button_is_reported_and_so_is_its_end() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    for stuck in (True, False):
        (report,) = receive(session, Stuck(stuck=stuck))
        assert report == Forward(m.ReportStuck(room=L213, kiosk=door.kiosk, stuck=stuck, at=START))


def test_a_press_is_awaited_by_its_name_and_handed_on() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    delivery = door.press(age=2.5)
    awaited, forwarded = receive(session, delivery)
    assert awaited == Await(name_of(delivery))
    assert isinstance(forwarded, Forward)
    record = forwarded.command
    assert isinstance(record, m.RecordPress)
    assert (record.press, record.signature) == (delivery.press, delivery.signature)
    assert record.pressed_at == record.earliest == START - timedelta(seconds=2.5)
    assert record.received_at == START


def test_a_door_presses_for_its_own_room_with_its_own_key_only() -> None:
    door, other = DoorClient("L213"), DoorClient("L213")
    session = greeted("kiosk", door)
    for delivery in (door.press(room=L227), door.press(kiosk=KioskId("ab" * 16)), other.press()):
        refused = refusal(receive(session, delivery))
        assert (refused.code, refused.ref) == ("not-allowed", name_of(delivery))


def test_a_signature_covers_every_field_of_the_press() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    good = door.press()
    forgeries: list[dict[str, Any]] = [
        {"n": 99},
        {"outbox": "other"},
        {"intent": "leaving"},
        {"by": "desk"},
        {"minutes": 30},
        {"boot_id": "other"},
        {"boottime": 1},
        {"wall": START + timedelta(hours=1)},
        {"wall_synchronised": True},
    ]
    for forgery in forgeries:
        changed = replace(good, press=replace(good.press, **forgery))
        assert refusal(receive(session, changed)).code == "bad-message", forgery
    for signature in ("", "0", "00" * 64, good.signature[:-2]):
        assert refusal(receive(session, replace(good, signature=signature))).code == "bad-message"


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1, 10**15])
def test_nobody_stays_for_less_than_a_minute_or_more_than_a_day(minutes: int) -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    assert refusal(receive(session, door.press(minutes=minutes))).code == "bad-message"
    assert len(receive(session, door.press(minutes=24 * 60))) == 2


def test_numbers_beyond_the_calendar_are_refused_and_drop_nobody() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    ancient = replace(door.press(), boottime=10**18)
    assert refusal(receive(session, ancient)).ref == name_of(ancient)
    assert refusal(receive(session, Watching(for_seconds=1e300))).code == "bad-message"
    assert not session.watching
    assert len(receive(session, door.press())) == 2


def test_what_is_too_fast_is_refused_and_taken_later() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    for _ in range(PRESS_BURST):
        assert len(receive(session, door.press())) == 2
    late = door.press()
    refused = refusal(receive(session, late))
    assert (refused.code, refused.ref) == ("too-fast", name_of(late))
    later = START + timedelta(seconds=1 / PRESS_RATE)
    assert len(receive(session, late, later)) == 2
    assert refusal(receive(session, door.press(), later)).code == "too-fast"


def test_presses_that_are_signed_wrongly_are_not_looked_at_for_ever() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    for _ in range(PRESS_BURST):
        assert refusal(receive(session, replace(door.press(), signature="00" * 64))).code == "bad-message"
    assert refusal(receive(session, door.press())).code == "too-fast"


def test_a_door_earns_no_more_than_one_burst_by_waiting() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    receive(session, door.press())
    tomorrow = START + timedelta(days=1)
    taken = sum(len(receive(session, door.press(), tomorrow)) == 2 for _ in range(PRESS_BURST + 10))
    assert taken == PRESS_BURST


def test_a_wall_clock_that_goes_back_takes_no_presses_away() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    receive(session, door.press())
    assert len(receive(session, door.press(), START - timedelta(hours=1))) == 2


# -- what a door felt, and who is counted ---------------------------------------------------------


def test_what_a_sensor_felt_is_awaited_by_its_name_and_handed_on() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    name = sensed_id(door.kiosk, "0123abcd", 7)
    for what in (Motion(), Air(temperature=21.5, co2=800)):
        awaited, forwarded = receive(session, sensed(7, what))
        assert awaited == Await(name)
        assert forwarded == Forward(
            m.RecordSensed(
                name=name,
                room=L213,
                kiosk=door.kiosk,
                sensed=what,
                at=START - timedelta(seconds=2),
                received_at=START,
            )
        )


def test_no_press_can_have_the_name_of_what_was_sensed() -> None:
    door = DoorClient("L213")
    felt = sensed_id(door.kiosk, "0123abcd", 7)
    for outbox in ("0123abcd", "0123abcd.7", "0123abcd.7.sensed", "sensed"):
        assert name_of(DoorClient("L213", door.key, outbox).press()) != felt


def test_a_door_counts_for_its_own_room_only_and_the_desk_for_each() -> None:
    door = DoorClient("L213")
    at_door, at_desk = greeted("kiosk", door), greeted("operator")
    (counted,) = receive(at_door, SetHeadcount(id=3, room=L213, count=12))
    assert counted == Forward(
        m.SetHeadcount(session=7, ref=3, room=L213, count=12, at=START, by="touch", kiosk=door.kiosk)
    )
    refused = refusal(receive(at_door, SetHeadcount(id=4, room=L227, count=12)))
    assert (refused.code, refused.ref) == ("not-allowed", 4)
    (counted,) = receive(at_desk, SetHeadcount(id=5, room=L227, count=0))
    assert counted == Forward(m.SetHeadcount(session=7, ref=5, room=L227, count=0, at=START, by="desk"))


def test_a_notice_of_the_desk_goes_to_the_school_as_it_was_said() -> None:
    session = greeted("operator")
    until = START + timedelta(hours=3)
    (posted,) = receive(session, PostNotice(id=4, topic="wing/L", text=" Fuite\n", until=until))
    assert posted == Forward(
        m.PostNotice(session=7, ref=4, topic="wing/L", text=" Fuite\n", at=START, until=until)
    )
    (withdrawn,) = receive(session, WithdrawNotice(id=5, notice=42))
    assert withdrawn == Forward(m.WithdrawNotice(session=7, ref=5, notice=42, at=START))


# -- how fast -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in ROLES if role != "unpaired"])
def test_what_is_no_press_is_limited_too_and_the_refusal_names_it(role: Role) -> None:
    session = greeted(role)
    for n in range(OTHER_BURST):
        assert isinstance(answer(receive(session, Ping(id=n))), Pong)
    refused = refusal(receive(session, Find(id=500, wish=Wish(origin=L213))))
    assert (refused.code, refused.ref) == ("too-fast", 500)
    later = START + timedelta(seconds=1 / OTHER_RATE)
    assert isinstance(answer(receive(session, Ping(id=501), later)), Pong)
    assert refusal(receive(session, Ping(id=502), later)).code == "too-fast"


def test_rubbish_and_what_is_not_allowed_count_as_well() -> None:
    session = greeted("board")
    for _ in range(OTHER_BURST // 2):
        assert refusal(session.receive("rubbish", START)).code == "bad-message"
        assert refusal(receive(session, DoorClient("L213").press())).code == "not-allowed"
    for text in ("rubbish", encode(Ping(id=1)), encode(DoorClient("L213").press())):
        assert refusal(session.receive(text, START)).code == "too-fast"


def test_presses_and_other_messages_do_not_use_each_other_up() -> None:
    door = DoorClient("L213")
    session = greeted("kiosk", door)
    for n in range(OTHER_BURST):
        assert len(receive(session, sensed(n))) == 2
    assert refusal(receive(session, sensed(500))).ref == 500
    for _ in range(PRESS_BURST):
        assert len(receive(session, door.press())) == 2


# -- when it was ----------------------------------------------------------------------------------


def delivered(**fields: Any) -> SendPress:
    door = DoorClient("L213")
    delivery = door.press(**{k: v for k, v in fields.items() if k not in ("now_boot", "now_boottime")})
    press = delivery.press
    return replace(
        delivery,
        press=press,
        signature=sign_press(door.key, press),
        boot_id=fields.get("now_boot", press.boot_id),
        boottime=fields.get("now_boottime", delivery.boottime),
    )


def test_in_the_same_run_of_the_door_its_age_counts_and_its_wall_clock_does_not() -> None:
    delivery = delivered(boottime=100_000, now_boottime=460_000, wall=datetime(1970, 1, 1, tzinfo=UTC))
    at = START - timedelta(minutes=6)
    assert when_pressed(delivery, START) == (at, at)


def test_a_press_is_never_in_the_future() -> None:
    delivery = delivered(boottime=100_000, now_boottime=40_000)
    assert when_pressed(delivery, START) == (START, START)


def test_after_a_restart_a_synchronised_wall_clock_tells_when() -> None:
    wall = START - timedelta(hours=5)
    delivery = delivered(wall=wall, wall_synchronised=True, now_boot="next-run", now_boottime=60_000)
    assert when_pressed(delivery, START) == (wall, wall)


def test_after_a_restart_a_wall_clock_that_nobody_set_tells_only_the_earliest() -> None:
    wall = datetime(2025, 1, 1, tzinfo=UTC)
    delivery = delivered(wall=wall, now_boot="next-run", now_boottime=60_000)
    assert when_pressed(delivery, START) == (START - timedelta(seconds=60), wall)


@pytest.mark.parametrize("synchronised", [True, False])
def test_a_press_of_the_run_before_was_before_this_run_began(*, synchronised: bool) -> None:
    wall = START + timedelta(days=1)
    delivery = delivered(wall=wall, wall_synchronised=synchronised, now_boot="next-run", now_boottime=60_000)
    began = START - timedelta(seconds=60)
    assert when_pressed(delivery, START) == (began, began)


def test_a_door_that_counts_backwards_is_taken_as_just_started() -> None:
    delivery = delivered(wall=START - timedelta(hours=1), now_boot="next-run", now_boottime=-5)
    assert when_pressed(delivery, START) == (START, START - timedelta(hours=1))


@pytest.mark.parametrize(
    ("at", "boottime", "age"),
    [
        (98_000, 100_000, 2.0),
        (100_000, 100_000, 0.0),
        (100_001, 100_000, 0.0),
        (0, 100_000, 100.0),
        (-1, 100_000, 100.0),
        (-(10**12), 100_000, 100.0),
        (5, -5, 0.0),
        (-5, -5, 0.0),
    ],
)
def test_what_a_sensor_felt_was_in_this_run_of_the_machine_and_not_in_the_future(
    at: int, boottime: int, age: float
) -> None:
    assert when_sensed(sensed(at=at, boottime=boottime), START) == START - timedelta(seconds=age)


def test_a_sensor_beyond_the_calendar_is_refused_by_its_number() -> None:
    session = greeted("kiosk")
    refused = refusal(receive(session, sensed(9, boottime=10**18)))
    assert (refused.code, refused.ref) == ("bad-message", 9)
