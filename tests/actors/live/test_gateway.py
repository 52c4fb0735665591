"""The gateway over real sockets: who is told what, and who is cut off.

Where the school's answers matter the whole server runs; where they would be in the way the gateway
is alone, and the test says what the school would.
"""

from __future__ import annotations

import http.client
import json
import queue
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import pykka
import pytest
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed, InvalidStatus

import actors.live.connection
import actors.live.fanout
import actors.live.hub
import actors.live.serving
from actors import messages as m
from actors.gateway import GatewayActor, WhereAreYou
from actors.settings import read_school
from events import wire
from events.domain import LogCreated, RoomInfo
from events.ids import BookingId, EventId, RoomKey, SourceName
from events.search import Wish
from events.state import Booking, LastIntent, RoomState, Rules
from events.status import Known
from events.wire import (
    MAX_INCOMING,
    Challenge,
    CloseRoom,
    Done,
    Find,
    Found,
    Heartbeat,
    Hello,
    Ping,
    Pong,
    Pressed,
    Refused,
    RoomDay,
    RoomPresence,
    RulesSet,
    SnapshotEnd,
    Subscribe,
    Watching,
    Welcome,
)
from tests.actors.stack import (
    TIMEOUT,
    TODAY,
    DoorClient,
    Ear,
    School,
    Talk,
    eventually,
    greeted,
    name_of,
    running,
    write_school,
)
from tests.clock import START, FakeClock
from tests.conftest import Errors

L213, L227 = RoomKey("L213"), RoomKey("L227")
BOARD = Hello(role="board")


# -- the whole server -----------------------------------------------------------------------------


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with running(tmp_path) as school:
        yield school


def test_the_server_speaks_first_and_welcomes_who_answers(school: School) -> None:
    door = DoorClient("L227")
    with Talk(school.address) as talk:
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        talk.say(door.hello(challenge.nonce))
        welcome = talk.hear()
    assert isinstance(welcome, Welcome)
    assert (welcome.role, welcome.room, welcome.kiosk) == ("kiosk", "L227", door.kiosk)
    assert (welcome.school, welcome.epoch, welcome.server_time) == ("Test", 1, START)
    assert welcome.rules.zone == "Europe/Paris"


def test_a_subscription_begins_with_a_snapshot_at_an_exact_position(school: School) -> None:
    with greeted(school.address, BOARD) as board:
        snapshot = board.snapshot()
    head = school.log().head()
    assert snapshot.begin.whole
    assert snapshot.begin.seq == snapshot.end.seq == head
    assert set(snapshot.days) == set(snapshot.presences) == {"L213", "L209", "L210", "L227", "V107"}


@pytest.mark.parametrize(
    ("topics", "rooms"),
    [
        (("room/L213",), {"L213"}),
        (("wing/V",), {"V107"}),
        (("wing/V", "room/L227"), {"V107", "L227"}),
        (("type/petit",), {"L213", "L209", "L210", "L227", "V107"}),
        (("room/none", "planet/mars"), set()),
    ],
)
def test_a_topic_names_the_rooms_that_are_sent(
    school: School, topics: tuple[str, ...], rooms: set[str]
) -> None:
    with greeted(school.address, BOARD) as board:
        assert set(board.snapshot(*topics).days) == rooms


def test_a_press_is_acknowledged_after_its_commit_and_shown_to_everyone(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk, greeted(school.address, BOARD) as board:
        board.snapshot()
        before = school.log().head()
        delivery = door.press()
        talk.say(delivery)
        pressed = talk.until(Pressed)
        on_disk = {recorded.id: recorded.seq for recorded in school.log().read()}
        assert on_disk[name_of(delivery)] == pressed.seq == before + 1
        assert (pressed.effect, pressed.until) == ("walk-in", START + timedelta(hours=1))
        shown = board.until(RoomPresence, room="L227")
        assert shown.seq == pressed.seq
        assert shown.last is not None
        assert shown.last.press == name_of(delivery)
        assert [s.status.name for s in shown.plan] == ["occupied", "unknown"]
        assert not [x for x in board.heard if isinstance(x, Pressed)], "the answer is the door's alone"


def test_a_press_sends_the_small_message_only(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk, greeted(school.address, BOARD) as board:
        board.snapshot()
        first = len(board.heard)
        talk.say(door.press())
        talk.until(Pressed)
        board.say(Ping(id=1))
        board.until(Pong)
        kinds = [type(message) for message in board.heard[first:]]
        assert kinds == [RoomPresence, Pong]


def test_each_delivery_of_a_press_gets_the_same_acknowledgement(school: School) -> None:
    door = DoorClient("L227")
    delivery = door.press()
    with door.connect(school.address) as talk:
        talk.say(delivery)
        first = talk.until(Pressed)
        talk.say(delivery)
        assert talk.until(Pressed) == first
    with door.connect(school.address) as talk:
        talk.say(delivery)
        assert talk.until(Pressed) == first
    assert len(school.records("presence-pressed")) == 1


def test_the_presses_of_two_doors_that_use_the_same_number_are_two(school: School) -> None:
    one, two = DoorClient("L227"), DoorClient("L227")
    with one.connect(school.address) as left, two.connect(school.address) as right:
        left.say(one.press())
        right.say(two.press())
        assert left.until(Pressed).seq != right.until(Pressed).seq


def test_another_press_under_a_known_name_is_refused_and_the_next_is_taken(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk:
        first = door.press()
        talk.say(first)
        talk.until(Pressed)
        door.n = 0
        forged = door.press("leaving")
        assert name_of(forged) == name_of(first)
        talk.say(forged)
        refused = talk.until(Refused)
        assert (refused.code, refused.ref) == ("bad-message", name_of(first))
        talk.say(door.press())
        assert talk.until(Pressed).effect == "renewed"


def test_who_was_away_for_a_moment_is_sent_only_the_rooms_that_changed(school: School) -> None:
    door = DoorClient("L227")
    with greeted(school.address, BOARD) as board:
        known = board.snapshot()
    with door.connect(school.address) as talk:
        talk.say(door.press())
        talk.until(Pressed)
    epoch, seq = known.begin.epoch, known.end.seq
    with greeted(school.address, BOARD) as board:
        resumed = board.snapshot(epoch=epoch, seq=seq)
        assert (resumed.begin.whole, resumed.begin.seq) == (False, seq + 1)
        assert set(resumed.days) == set(resumed.presences) == {"L227"}
        again = board.snapshot(epoch=epoch, seq=resumed.end.seq)
        assert again.days == {}
        other = board.snapshot(epoch=epoch + 1, seq=resumed.end.seq)
        assert other.begin.whole, "of another log nothing is known"
        ahead = board.snapshot(epoch=epoch, seq=10**9)
        assert ahead.begin.whole, "nor is what was lost here"


def test_a_server_that_restarted_tells_everyone_everything(tmp_path: Path) -> None:
    with running(tmp_path) as school, greeted(school.address, BOARD) as board:
        known = board.snapshot()
    with running(tmp_path) as school, greeted(school.address, BOARD) as board:
        resumed = board.snapshot(epoch=known.begin.epoch, seq=known.end.seq)
        assert resumed.begin.whole, "also of a room that was moved to another wing meanwhile"
        assert len(resumed.days) == 5
        assert resumed.end.seq == school.log().head()


def test_a_door_asks_for_a_room_and_so_does_a_board(tmp_path: Path) -> None:
    from tests.actors.stack import page, serving_pages

    with serving_pages() as site:
        url = site.show(page())
        with running(tmp_path, sources=[f'name = "oasis"\nurl = "{url}"\nallow_private = true']) as school:
            school.wait_for("timetable-read")
            door = DoorClient("L213")
            with door.connect(school.address) as talk, greeted(school.address, BOARD) as board:
                for client in (talk, board):
                    client.say(Find(id=9, wish=Wish(origin=L213)))
                    found = client.until(Found, ref=9)
                    assert [room.room for room in found.answer.rooms] == ["L210", "L209", "L227"]
                board.say(Find(id=10, wish=Wish(origin=RoomKey("X1"))))
                assert board.until(Refused, ref=10).code == "unknown-room"


def test_an_operator_closes_a_room_and_everyone_sees_it(school: School) -> None:
    operator = Hello(role="operator", token=school.token)
    with greeted(school.address, operator) as desk, greeted(school.address, BOARD) as board:
        board.snapshot()
        until = START + timedelta(hours=2)
        desk.say(CloseRoom(id=1, room=L213, until=until, reason="Fuite d'eau"))
        done = desk.until(Done)
        assert (done.ref, done.seq) == (1, school.log().head())
        closed = board.until(RoomDay, room="L213").closure
        assert closed is not None
        assert (closed.since, closed.until, closed.reason) == (START, until, None)
        desk.say(CloseRoom(id=2, room=RoomKey("X999")))
        assert desk.until(Refused).ref == 2
        board.say(CloseRoom(id=3, room=L213))
        assert board.until(Refused).code == "not-allowed"


def test_a_message_that_is_none_is_refused_and_the_socket_stays(school: School) -> None:
    with greeted(school.address, BOARD) as board:
        for text in ("", "{}", '{"type":"press"}', "été", b"\x00\xff"):
            board.say_raw(text)
            assert board.until(Refused).code == "bad-message"
        board.say(Ping(id=4))
        assert board.until(Pong).ref == 4


def test_a_message_that_is_too_large_closes_the_connection(school: School) -> None:
    with greeted(school.address, BOARD) as board:
        board.say_raw("x" * (MAX_INCOMING + 1))
        assert board.code() == 1009


def test_a_page_of_another_site_may_not_connect(school: School) -> None:
    host = school.address.removeprefix("ws://")
    for origin in ("http://evil.example", "null", "https://" + host + ".evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            Talk(school.address, origin=origin)
        assert refused.value.response.status_code == 403
    with Talk(school.address, origin=f"http://{host}") as talk:
        assert isinstance(talk.hear(), Challenge)


def get(school: School, path: str) -> tuple[int, bytes]:
    host, port = school.app.address
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_what_is_not_there_is_404_before_any_socket_is_open(school: School) -> None:
    for path in ("/nothing", "/ws/../etc/passwd", "/healthzz", "/ws2"):
        status, body = get(school, path)
        assert (status, b"/ws" in body) == (404, True)


def test_healthz_counts_rooms_clients_and_doors_that_watch(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as talk, greeted(school.address, BOARD):
        talk.snapshot()
        talk.say(Watching(for_seconds=1))
        talk.until(RoomPresence, room="L227")
        status, body = get(school, "/healthz")
    assert status == 200
    told = json.loads(body)
    assert 0 <= told.pop("recorder_age") < TIMEOUT
    assert told == {
        "well": True,
        "wrong": [],
        "seq": school.records("kiosk-joined")[0].seq,
        "rooms": 5,
        "doors": 1,
        "clients": 2,
        "timetables": {},
    }


def test_who_says_nothing_is_shown_out(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.serving, "HELLO_LIMIT", 0.05)
    with Talk(school.address) as silent:
        assert silent.code() == 1008


def test_who_speaks_before_hello_is_refused_and_shown_out(school: School) -> None:
    with Talk(school.address) as hasty:
        hasty.say(Subscribe(topics=("school",)))
        assert hasty.code() == 1008
        assert isinstance(hasty.heard[-1], Refused)
        assert hasty.heard[-1].code == "not-authenticated"


def test_an_unknown_door_is_told_why(tmp_path: Path) -> None:
    known, stranger = DoorClient("L227"), DoorClient("L227")
    with running(tmp_path, doors=[("L227", known.key)]) as school:
        with known.connect(school.address) as talk:
            talk.say(known.press())
            talk.until(Pressed)
        with Talk(school.address) as talk:
            challenge = talk.hear()
            assert isinstance(challenge, Challenge)
            talk.say(stranger.hello(challenge.nonce))
            assert talk.code() == 1008
            assert isinstance(talk.heard[-1], Refused)
            assert talk.heard[-1].code == "unknown-key"


def test_a_door_that_connects_again_takes_its_own_place(school: School) -> None:
    door = DoorClient("L227")
    with door.connect(school.address) as first:
        first.say(Watching(for_seconds=1))
        school.wait_for("kiosk-joined")
        with door.connect(school.address) as second:
            assert first.code() is None, "cut off"
            second.say(Watching(for_seconds=1))
            school.wait_for("kiosk-joined", 2)
            second.say(door.press())
            assert second.until(Pressed).effect == "walk-in"
            tags = [tag for tag in school.tags() if tag.startswith("kiosk")]
            assert tags == ["kiosk-joined", "kiosk-left", "kiosk-joined"]
            _, body = get(school, "/healthz")
            assert json.loads(body)["doors"] == 1


def test_two_doors_of_one_room_are_both_there(school: School) -> None:
    one, two = DoorClient("L227"), DoorClient("L227")
    with one.connect(school.address) as left, two.connect(school.address) as right:
        for talk in (left, right):
            talk.say(Ping(id=1))
            talk.until(Pong)


def test_a_server_that_stops_says_so(school: School) -> None:
    with greeted(school.address, BOARD) as board:
        stopping = threading.Thread(target=school.stop)
        stopping.start()
        assert board.code() == 1012
        stopping.join(TIMEOUT)
    with pytest.raises(OSError):
        Talk(school.address)


def test_presses_over_the_limit_wait_on_the_door(school: School) -> None:
    from actors.live.session import PRESS_BURST

    door = DoorClient("L227")
    with door.connect(school.address) as talk:
        deliveries = [door.press(age=-n) for n in range(PRESS_BURST + 5)]
        for delivery in deliveries:
            talk.say(delivery)
        refused: set[object] = set()
        pressed: set[object] = set()
        while len(refused) + len(pressed) < len(deliveries):
            message = talk.hear()
            if isinstance(message, Refused):
                assert message.code == "too-fast"
                refused.add(message.ref)
            elif isinstance(message, Pressed):
                pressed.add(message.ref)
        assert refused == {name_of(delivery) for delivery in deliveries[PRESS_BURST:]}
        assert isinstance(school.clock, FakeClock)
        school.clock.advance(10)
        for delivery in deliveries[PRESS_BURST:]:
            talk.say(delivery)
            assert talk.until(Pressed).ref == name_of(delivery)


# -- the gateway alone ----------------------------------------------------------------------------


def state(key: str = "L213", *, seq: int = 1, press: int = 0, weight: int = 0) -> RoomState:
    """A room with a booking at 08:00; its message can be made as large as one likes."""
    return RoomState(
        key=RoomKey(key),
        info=RoomInfo(name=key + "x" * weight, wing=key[0], type="petit"),
        bookings={
            BookingId("oasis:0"): Booking(
                id=BookingId("oasis:0"),
                source=SourceName("oasis"),
                start=START,
                end=START + timedelta(hours=2),
                first_seen=START,
                text=EventId("text-0"),
                month="2026-11",
            )
        },
        last=LastIntent(pressed_at=START, press=EventId(f"press-{press}"), intent="present"),
        seq=seq,
    )


class Bench:
    """A gateway whose school is the test."""

    def __init__(self, folder: Path, clock: FakeClock, **configuration: Any) -> None:
        self.school = Ear()
        self.clock = clock
        self.ended: queue.Queue[str] = queue.Queue()
        self.settings = read_school(write_school(folder, **configuration))
        self.ref: pykka.ActorRef[Any] = GatewayActor.start(
            self.settings,
            school=self.school.ref,
            operator_token="token",
            clock=clock,
            ended=self.ended.put,
        )
        host, port = self.ref.ask(WhereAreYou(), block=True, timeout=TIMEOUT)
        self.address = f"ws://{host}:{port}"
        self.rules = Rules(zone="Europe/Paris")
        self.seq = 0

    def publish(self, *rooms: RoomState, day: bool = True, **fields: Any) -> None:
        self.seq = max([self.seq, *(room.seq for room in rooms)])
        known = [Known(room=room, rules=self.rules, readings={TODAY: START}) for room in rooms]
        changed = tuple(m.Changed(known=k, day=day) for k in known)
        self.ref.tell(m.Publish(seq=self.seq, changed=changed, **fields))
        # Once the actor has answered, the loop has it, too: in front of whatever a client sends now.
        assert self.ref.ask(m.AreYouThere(), block=True, timeout=TIMEOUT)

    def begin(self, *rooms: RoomState, **fields: Any) -> None:
        created = LogCreated(log="log", school="Test", zone="Europe/Paris")
        nobody = m.KnownAccess(doors={}, revoked=frozenset(), accesses={})
        self.publish(*rooms, created=created, rules=self.rules, access=nobody, **fields)

    def stop(self) -> None:
        self.ref.stop(block=True, timeout=TIMEOUT)
        self.school.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, FakeClock())
    yield bench
    bench.stop()


TITLES = {EventId("text-0"): "Réunion de Mme Durand"}


def titles(days: dict[RoomKey, RoomDay], room: str) -> list[str | None]:
    return [booking.title for booking in days[RoomKey(room)].bookings]


def test_titles_go_to_the_own_door_and_to_operators_alone(bench: Bench) -> None:
    bench.begin(state("L213"), state("L227"), texts=TITLES)
    door = DoorClient("L213")
    told = TITLES[EventId("text-0")]
    with (
        door.connect(bench.address) as at_door,
        greeted(bench.address, Hello(role="operator", token="token")) as desk,
        greeted(bench.address, BOARD) as board,
    ):
        seen = {name: talk.snapshot().days for name, talk in zip("dob", (at_door, desk, board), strict=True)}
        assert [titles(seen["d"], room) for room in ("L213", "L227")] == [[told], [None]]
        assert [titles(seen["o"], room) for room in ("L213", "L227")] == [[told], [told]]
        assert [titles(seen["b"], room) for room in ("L213", "L227")] == [[None], [None]]
        bench.publish(state("L213", seq=2), state("L227", seq=2))
        for name, talk in zip("dob", (at_door, desk, board), strict=True):
            changed = {room: talk.until(RoomDay, room=room) for room in (L213, L227)}
            assert [titles(changed, room) for room in ("L213", "L227")] == [
                titles(seen[name], room) for room in ("L213", "L227")
            ], "changes show no more than the snapshot did"


def test_a_board_sees_titles_where_the_school_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeClock(), more="[board]\ntitles = true")
    try:
        bench.begin(state("L213"), texts=TITLES)
        with greeted(bench.address, BOARD) as board:
            assert titles(board.snapshot().days, "L213") == [TITLES[EventId("text-0")]]
    finally:
        bench.stop()


def test_changes_follow_the_snapshot_in_order(bench: Bench) -> None:
    bench.begin(state("L213"), state("L227"))
    with greeted(bench.address, BOARD) as board:
        assert board.snapshot().end.seq == 1
        for seq in range(2, 30):
            bench.publish(state("L213", seq=seq), day=seq % 2 == 0)
        seen = [board.until(RoomPresence, room="L213").seq for _ in range(2, 30)]
        assert seen == list(range(2, 30))
        days = [message.seq for message in board.heard if isinstance(message, RoomDay)][2:]
        assert days == list(range(2, 30, 2))


def test_rules_go_to_everyone_who_subscribed(bench: Bench) -> None:
    bench.begin(state("L213"))
    with greeted(bench.address, BOARD) as board, greeted(bench.address, BOARD) as asking:
        board.snapshot("room/nothing")
        bench.publish(rules=replace(bench.rules, zone="Europe/Paris"))
        assert board.until(RulesSet).rules == bench.rules
        asking.say(Ping(id=1))
        assert isinstance(asking.hear(), Pong), "one that only asks is not disturbed"


def test_everyone_hears_that_the_server_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.hub, "HEARTBEAT", 0.02)
    with Bench(tmp_path, FakeClock()) as bench:
        bench.begin(state("L213", seq=7))
        with greeted(bench.address, BOARD) as board:
            board.snapshot()
            bench.clock.advance(5)
            beat = board.until(Heartbeat, server_time=START + timedelta(seconds=5))
            assert (beat.epoch, beat.seq) == (1, 7)


def small_window() -> dict[str, Any]:
    """Options for a client whose system takes few bytes before the program reads them."""
    return {"max_queue": 1}


def slow(address: str) -> Talk:
    host, _, port = address.removeprefix("ws://").partition(":")
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((host, int(port)))
    return greeted(address, BOARD, sock=sock, **small_window())


WEIGHT = 20_000
"""Bytes with which a few hundred messages fill whatever a system keeps for a client."""


def flood(bench: Bench, prompt: Talk, count: int = 400) -> None:
    """Change a room so often, some 20 kB each time, while one client reads as it comes."""
    for _ in range(count):
        bench.publish(state("L213", seq=bench.seq + 1, weight=WEIGHT, press=bench.seq + 1))
        prompt.until(RoomPresence, seq=bench.seq)


def test_who_reads_late_gets_the_newest_state_and_not_the_backlog(bench: Bench) -> None:
    bench.begin(state("L213", weight=WEIGHT))
    with slow(bench.address) as late, greeted(bench.address, BOARD) as prompt:
        prompt.snapshot()
        late.say(Subscribe(topics=("school",)))
        while not isinstance(late.hear(), SnapshotEnd):
            pass
        flood(bench, prompt)
        newest = late.until(RoomPresence, seq=bench.seq)
        assert newest.last is not None
        assert newest.last.press == f"press-{bench.seq}"
        received = sum(isinstance(message, RoomPresence) for message in late.heard)
        assert received < bench.seq - 100, "it was skipped"
        everything = [message.seq for message in prompt.heard if isinstance(message, RoomPresence)]
        assert everything == list(range(1, bench.seq + 1)), "nobody else was"


def test_who_never_reads_is_cut_off_while_others_get_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(actors.live.fanout, "LAG_LIMIT", 0.2)
    bench.begin(state("L213", weight=WEIGHT))
    with slow(bench.address) as deaf, greeted(bench.address, BOARD) as prompt:
        prompt.snapshot()
        deaf.say(Subscribe(topics=("school",)))
        while not isinstance(deaf.hear(), SnapshotEnd):
            pass
        flood(bench, prompt)
        eventually(lambda: "does not read and is cut off" in caplog.text)
        flood(bench, prompt, 1)
        everything = [message.seq for message in prompt.heard if isinstance(message, RoomPresence)]
        assert everything == list(range(1, bench.seq + 1))
        assert deaf.code() is None


def test_a_snapshot_that_nobody_reads_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.fanout, "SNAPSHOT_LIMIT", 0.1)
    monkeypatch.setattr(actors.live.connection, "CLOSE_LIMIT", 0.1)
    with Bench(tmp_path, FakeClock()) as bench:
        bench.begin(*[state(f"L{n}", weight=WEIGHT) for n in range(400)])
        with slow(bench.address) as deaf:
            deaf.say(Subscribe(topics=("school",)))
            eventually(lambda: clients(bench) == 0)


def clients(bench: Bench) -> int:
    """Ask how many clients the gateway counts."""
    host, _, port = bench.address.removeprefix("ws://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        return int(json.loads(connection.getresponse().read())["clients"])
    finally:
        connection.close()


def test_who_comes_before_the_school_has_spoken_is_told_nothing_until_then(bench: Bench) -> None:
    with Talk(bench.address) as early:
        host, _, port = bench.address.removeprefix("ws://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 503
        connection.close()
        assert early.heard == []
        bench.begin(state("L213", seq=5))
        assert isinstance(early.hear(), Challenge)
        early.say(BOARD)
        welcome = early.until(Welcome)
        assert (welcome.epoch, welcome.rules) == (1, bench.rules)
        assert early.snapshot().end.seq == 5


def test_a_client_that_never_reads_does_not_hold_up_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.connection, "CLOSE_LIMIT", 0.2)
    bench = Bench(tmp_path, FakeClock())
    bench.begin(state("L213", weight=WEIGHT))
    with slow(bench.address) as deaf, greeted(bench.address, BOARD) as prompt:
        prompt.snapshot()
        deaf.say(Subscribe(topics=("school",)))
        while not isinstance(deaf.hear(), SnapshotEnd):
            pass
        flood(bench, prompt)
        stopping = threading.Thread(target=bench.stop)
        stopping.start()
        stopping.join(5)
        assert not stopping.is_alive()
        with pytest.raises(ConnectionClosed):
            deaf.to_the_end()


def test_what_comes_while_a_snapshot_is_read_follows_it(bench: Bench) -> None:
    rooms = [state(f"L{n}", weight=WEIGHT) for n in range(100, 400)]
    bench.begin(*rooms)
    with slow(bench.address) as talk:
        talk.say(Subscribe(topics=("school",)))
        talk.until(wire.SnapshotBegin)
        bench.publish(state("L100", seq=2, press=2), day=False)
        bench.publish(rules=bench.rules)
        end = talk.until(SnapshotEnd)
        assert end.seq == 1
        assert not [x for x in talk.heard if isinstance(x, RoomPresence) and x.seq == 2]
        assert isinstance(talk.hear(), RulesSet)
        later = talk.hear()
        assert isinstance(later, RoomPresence)
        assert (later.room, later.seq) == ("L100", 2)


@pytest.mark.parametrize("rooms", [2, 1500], ids=["in one message", "too many for one message"])
def test_a_press_recorded_together_with_a_reading_leaves_no_room_with_an_old_age(
    bench: Bench, rooms: int
) -> None:
    """The log commits both at once: the press alone sends no day, and yet the day has a new age."""
    states = [state("L213"), *(state(f"V{n}") for n in range(1, rooms))]
    bench.begin(*states)
    ages = {room.key: {TODAY: START + timedelta(minutes=5, microseconds=n)} for n, room in enumerate(states)}
    pressed = Known(room=state("L213", seq=2, press=2), rules=bench.rules, readings=ages[L213])
    with greeted(bench.address, BOARD) as here:
        here.snapshot("room/L213")
        changed = (m.Changed(known=pressed, day=False),)
        bench.ref.tell(m.Publish(seq=3, changed=changed, readings=ages))
        here.until(RoomPresence, seq=2)
        here.say(Ping(id=1))
        here.until(Pong)
        told = [x.readings for x in here.heard if isinstance(x, RoomDay | wire.TimetablesRead)]
        assert told[-1][TODAY] == ages[L213][TODAY], "who was here knows"
    with greeted(bench.address, BOARD) as later:
        snapshot = later.snapshot()
        assert snapshot.end.seq == 3
        assert {room: day.readings for room, day in snapshot.days.items()} == ages


def test_a_reply_for_somebody_who_left_is_nobodys(bench: Bench) -> None:
    bench.begin(state("L213"))
    bench.ref.tell(m.Reply(session=99, message=Done(ref=1, seq=1)))
    with greeted(bench.address, BOARD) as board:
        assert board.snapshot().end.seq == 1


def test_what_a_client_says_is_told_to_the_school(bench: Bench) -> None:
    bench.begin(state("L227"))
    door = DoorClient("L227")
    with door.connect(bench.address) as talk:
        delivery = door.press()
        talk.say(delivery)
        record = bench.school.hear(m.RecordPress)
        assert (record.name, record.received_at) == (name_of(delivery), START)
        talk.say(Watching(for_seconds=0))
        assert bench.school.hear(m.KioskWatches).kiosk == door.kiosk
    assert bench.school.hear(m.KioskGone).kiosk == door.kiosk


def test_a_gateway_that_dies_ends_the_process(bench: Bench, errors: Errors) -> None:
    real = bench.ref._actor_weakref()
    assert real is not None
    real.died("RuntimeError: a fault was injected")
    assert bench.ended.get(timeout=TIMEOUT) == "the gateway died: RuntimeError: a fault was injected"
