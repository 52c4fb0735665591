"""One room: what it decides, and that no press is lost or refused for somebody else's event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pykka
import pytest
from msgspec.structs import replace

import actors.room
from actors.base import Broken
from actors.messages import (
    ActorDied,
    Append,
    Committed,
    FollowRules,
    PressRefused,
    RecordPress,
    RecordSensed,
    Told,
)
from actors.recorder import RecorderActor
from actors.room import RoomActor
from events.domain import (
    BookingAdded,
    MotionSeen,
    Part,
    Policy,
    PresencePressed,
    Press,
    Recorded,
    RoomDeclared,
    RoomInfo,
)
from events.errors import LogConflict
from events.ids import (
    BookingId,
    EventId,
    KioskId,
    RoomKey,
    SourceName,
    press_id,
    room_stream,
    sensed_id,
)
from events.log import Batch, Draft, EventLog
from events.memory import MemoryLog
from events.sqlite import SqliteLog
from events.state import RoomState, Rules, fold
from events.wire import Motion
from tests.actors.stack import TIMEOUT, Ear, RecordingRef
from tests.clock import START
from tests.conftest import Errors

ROOM = RoomKey("L213")
STREAM = room_stream(ROOM)
KIOSK = KioskId("ab" * 16)


def press(n: int, *, intent: str = "present", at: datetime = START, outbox: str = "00ff") -> RecordPress:
    made = Press(
        kiosk=KIOSK,
        outbox=outbox,
        n=n,
        room=ROOM,
        intent="leaving" if intent == "leaving" else "present",
        boot_id="run",
        boottime=n,
        wall=at,
    )
    return RecordPress(
        name=press_id(KIOSK, outbox, n),
        press=made,
        signature=f"{n:0128x}",
        pressed_at=at,
        earliest=at,
        received_at=at,
    )


def motion(n: int, *, at: datetime = START) -> RecordSensed:
    name = sensed_id(KIOSK, "0123abcd", n)
    return RecordSensed(name=name, room=ROOM, kiosk=KIOSK, sensed=Motion(), at=at, received_at=at)


def booking(start: datetime, end: datetime, name: str = "oasis:1") -> BookingAdded:
    return BookingAdded(
        room=ROOM,
        booking=BookingId(name),
        source=SourceName("oasis"),
        start=start,
        end=end,
        part=Part(month="2026-11", commitment="0" * 64),
    )


class Bench:
    """A room that was never started, between two ends that remember what they were told."""

    def __init__(self) -> None:
        self.recorder, self.school = RecordingRef(), RecordingRef()
        self.log: EventLog = MemoryLog()
        self.append(RoomDeclared(room=ROOM, info=RoomInfo(name=ROOM)), "declared")
        state = RoomState(key=ROOM)
        for recorded in self.log.read():
            state = fold(state, recorded)
        self.room = RoomActor(state, Rules(), self.recorder.ref, self.school.ref)
        self.seen = 0

    def append(self, event: Any, name: str) -> tuple[Recorded, ...]:
        """Record something that the room did not decide."""
        draft = Draft(id=EventId(name), stream=STREAM, at=START, event=event)
        return self.log.append(Batch(drafts=(draft,)))

    def appends(self) -> list[Append]:
        """What the room asked to be recorded since the last look."""
        found = self.recorder.of(Append)[self.seen :]
        self.seen += len(found)
        return found

    def commit(self, append: Append, others: Sequence[Recorded] = ()) -> Told:
        """Record it and tell the room, as recorder and school do together."""
        head = self.log.head()
        (result,) = self.log.append_group([append.batch])
        if isinstance(result, LogConflict):
            told = Told(records=tuple(others), settled=True, conflict=result)
        else:
            new = tuple(recorded for recorded in result if recorded.seq > head)
            told = Told(records=(*others, *new), settled=True)
        self.room.on_receive(told)
        return told

    def settle(self) -> int:
        """Commit until nothing is in flight; tells how many commits it took."""
        commits = 0
        while waiting := self.appends():
            (append,) = waiting
            self.commit(append)
            commits += 1
        return commits

    def presses(self) -> list[PresencePressed]:
        return [r.event for r in self.log.read() if isinstance(r.event, PresencePressed)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_press_becomes_an_append_that_names_the_version_it_was_decided_on(bench: Bench) -> None:
    bench.room.on_receive(press(1))
    (append,) = bench.appends()
    assert append.room == ROOM
    assert append.batch.expected == (STREAM, 1)
    (draft,) = append.batch.drafts
    assert draft.id == press(1).name
    assert isinstance(draft.event, PresencePressed)
    assert (draft.event.effect, draft.event.until) == ("walk-in", START + timedelta(hours=1))


def test_a_room_has_one_append_in_flight_and_the_rest_waits(bench: Bench) -> None:
    for n in range(1, 6):
        bench.room.on_receive(press(n, at=START + timedelta(seconds=n)))
    (first,) = bench.appends()
    assert len(first.batch.drafts) == 1
    bench.commit(first)
    (second,) = bench.appends()
    assert [draft.id for draft in second.batch.drafts] == [press(n).name for n in range(2, 6)]
    assert second.batch.expected == (STREAM, 2)
    bench.commit(second)
    assert bench.appends() == []


def test_what_waited_together_is_decided_one_after_the_other(bench: Bench) -> None:
    bench.room.on_receive(press(1))
    bench.room.on_receive(press(2, at=START + timedelta(seconds=2)))
    bench.room.on_receive(press(3, intent="leaving", at=START + timedelta(seconds=3)))
    bench.room.on_receive(press(4, intent="leaving", at=START + timedelta(seconds=4)))
    bench.room.on_receive(press(5, at=START + timedelta(seconds=5)))
    bench.settle()
    assert [event.effect for event in bench.presses()] == ["walk-in", "renewed", "left", "none", "walk-in"]


def test_two_hundred_presses_within_one_commit_are_all_recorded_in_order_in_two_commits(bench: Bench) -> None:
    for n in range(1, 201):
        bench.room.on_receive(press(n, at=START + timedelta(milliseconds=n)))
    assert bench.settle() == 2
    assert [event.press.n for event in bench.presses()] == list(range(1, 201))
    assert bench.school.of(PressRefused) == []


def test_a_reading_in_between_lets_the_room_decide_again(bench: Bench) -> None:
    """The press was decided as a walk-in; by the time of its commit a booking runs."""
    bench.room.on_receive(press(1))
    (append,) = bench.appends()
    between = bench.append(booking(START, START + timedelta(hours=2)), "added")
    told = bench.commit(append, between)
    assert told.conflict is not None
    assert bench.school.sent == [], "a press is never refused for a conflict"
    assert bench.settle() == 1
    (event,) = bench.presses()
    assert (event.effect, event.confirms) == ("check-in", (BookingId("oasis:1"),))


def test_what_waited_behind_a_conflict_keeps_its_place(bench: Bench) -> None:
    bench.room.on_receive(press(1))
    (append,) = bench.appends()
    bench.room.on_receive(press(2, at=START + timedelta(seconds=2)))
    between = bench.append(booking(START, START + timedelta(hours=2)), "added")
    bench.commit(append, between)
    bench.settle()
    assert [(event.press.n, event.effect) for event in bench.presses()] == [(1, "check-in"), (2, "renewed")]


def test_a_press_whose_name_stands_for_another_one_is_refused_alone(bench: Bench) -> None:
    bench.room.on_receive(press(1))
    bench.settle()
    forged = replace(press(1), signature="f" * 128)
    for message in (press(2), forged, press(3)):
        bench.room.on_receive(message)
    bench.settle()
    (refused,) = bench.school.of(PressRefused)
    assert refused.name == press(1).name
    assert "already recorded with another body" in refused.reason
    assert [event.press.n for event in bench.presses()] == [1, 2, 3]
    assert bench.presses()[0].signature == press(1).signature


def test_a_press_delivered_again_is_the_first_record_again(bench: Bench) -> None:
    bench.room.on_receive(press(1))
    bench.settle()
    first = list(bench.log.read())[-1]
    bench.room.on_receive(replace(press(1), received_at=START + timedelta(days=1)))
    (append,) = bench.appends()
    (result,) = bench.log.append_group([append.batch])
    assert result == (first,)
    bench.room.on_receive(Told(settled=True))
    bench.room.on_receive(press(2))
    assert len(bench.appends()) == 1, "the room goes on"


def test_the_same_press_twice_in_one_append_is_one_record(bench: Bench) -> None:
    bench.room.on_receive(press(1))
    for message in (press(2), press(2), press(3)):
        bench.room.on_receive(message)
    assert bench.settle() == 2
    assert [event.press.n for event in bench.presses()] == [1, 2, 3]


COUNTING = FollowRules(rules=Rules(policy=Policy(motion_counts_for=10)))


def motions(bench: Bench) -> list[MotionSeen]:
    return [r.event for r in bench.log.read() if isinstance(r.event, MotionSeen)]


def test_a_motion_that_counts_is_decided_with_the_version_as_a_press_is(bench: Bench) -> None:
    bench.room.on_receive(COUNTING)
    bench.room.on_receive(motion(1))
    (append,) = bench.appends()
    assert (append.room, append.batch.expected) == (ROOM, (STREAM, 1))
    (draft,) = append.batch.drafts
    assert (draft.id, draft.at) == (motion(1).name, START)
    assert draft.event == MotionSeen(
        room=ROOM, kiosk=KIOSK, effect="walk-in", until=START + timedelta(minutes=10)
    )


def test_motions_and_presses_that_waited_together_are_decided_one_after_the_other(bench: Bench) -> None:
    bench.room.on_receive(COUNTING)
    bench.room.on_receive(press(1, at=START))
    bench.room.on_receive(motion(1, at=START + timedelta(seconds=1)))
    bench.room.on_receive(press(2, intent="leaving", at=START + timedelta(seconds=2)))
    bench.room.on_receive(motion(2, at=START + timedelta(seconds=3)))
    bench.room.on_receive(motion(2, at=START + timedelta(seconds=3)))
    assert bench.settle() == 2
    assert [event.effect for event in motions(bench)] == ["renewed", "walk-in"]
    assert [event.effect for event in bench.presses()] == ["walk-in", "left"]


def test_a_reading_in_between_lets_the_room_decide_a_motion_again(bench: Bench) -> None:
    bench.room.on_receive(COUNTING)
    bench.room.on_receive(motion(1))
    (append,) = bench.appends()
    between = bench.append(booking(START, START + timedelta(hours=2)), "added")
    bench.commit(append, between)
    bench.settle()
    (event,) = motions(bench)
    assert (event.effect, event.confirms) == ("check-in", (BookingId("oasis:1"),))


def test_a_motion_that_no_longer_counts_when_its_room_takes_it_is_evidence(bench: Bench) -> None:
    bench.room.on_receive(motion(1))
    bench.settle()
    assert motions(bench) == [MotionSeen(room=ROOM, kiosk=KIOSK)]


def test_rules_hold_from_the_next_decision_on(bench: Bench) -> None:
    bench.room.on_receive(FollowRules(rules=Rules(policy=Policy(walk_in=5))))
    bench.room.on_receive(press(1))
    (append,) = bench.appends()
    (draft,) = append.batch.drafts
    assert isinstance(draft.event, PresencePressed)
    assert draft.event.until == START + timedelta(minutes=5)


def test_what_a_successor_has_replayed_already_is_passed_over(bench: Bench) -> None:
    bench.room.on_receive(Told(records=tuple(bench.log.read())))
    bench.room.on_receive(press(1))
    (append,) = bench.appends()
    assert append.batch.expected == (STREAM, 1)


def test_a_hole_in_what_it_is_told_breaks_the_room(bench: Bench) -> None:
    (missed,) = bench.append(booking(START, START + timedelta(hours=1)), "missed")
    (told,) = bench.append(booking(START, START + timedelta(hours=1), "oasis:2"), "told")
    assert told.version == missed.version + 1
    with pytest.raises(Broken, match="version 3 came after 1"):
        bench.room.on_receive(Told(records=(told,)))


def test_an_event_that_does_not_fold_breaks_the_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_state: RoomState, _recorded: Recorded) -> RoomState:
        raise KeyError("fault")

    (added,) = bench.append(booking(START, START + timedelta(hours=1)), "added")
    monkeypatch.setattr(actors.room, "fold", broken)
    with pytest.raises(Broken, match="does not fold"):
        bench.room.on_receive(Told(records=(added,)))


def test_a_dying_room_tells_the_school(bench: Bench) -> None:
    bench.room.died("Broken: fault")
    assert bench.school.of(ActorDied) == [ActorDied(room=ROOM, why="Broken: fault")]


def test_a_press_that_nobody_can_decide_is_refused_and_the_room_goes_on(bench: Bench, errors: Errors) -> None:
    """Minutes beyond the calendar: it must not stay in flight for ever."""
    monstrous = press(2)
    monstrous = replace(monstrous, press=replace(monstrous.press, minutes=10**15))
    for message in (press(1), monstrous, press(3)):
        bench.room.on_receive(message)
    bench.settle()
    assert [event.press.n for event in bench.presses()] == [1, 3]
    (refused,) = bench.school.of(PressRefused)
    assert refused.name == monstrous.name
    assert any("could not be decided" in text for text in errors.texts())


# -- with real threads ----------------------------------------------------------------------------


@pytest.fixture
def school() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


def test_two_hundred_presses_go_through_room_and_recorder_in_few_commits(tmp_path: Path, school: Ear) -> None:
    class Counted(SqliteLog):
        commits = 0

        def _write(self, records: Sequence[Recorded]) -> None:
            type(self).commits += 1
            super()._write(records)

    recorder = RecorderActor.start(lambda: Counted(tmp_path), pytest.fail)
    recorder.tell(school.ref)
    room: pykka.ActorRef[Any] = RoomActor.start(RoomState(key=ROOM), Rules(), recorder, school.ref)
    try:
        for n in range(1, 201):
            room.tell(press(n, at=START + timedelta(milliseconds=n)))
        recorded: list[Recorded] = []
        commits = 0
        while len(recorded) < 200:
            committed = school.hear(Committed)
            commits += 1
            recorded += committed.new
            ((append, result),) = committed.results
            assert not isinstance(result, LogConflict)
            room.tell(Told(records=committed.new, settled=append.room == ROOM))
    finally:
        room.stop(block=True, timeout=TIMEOUT)
        recorder.stop(block=True, timeout=TIMEOUT)
    assert [r.event.press.n for r in recorded if isinstance(r.event, PresencePressed)] == list(range(1, 201))
    assert commits == Counted.commits
    assert commits <= 50
    assert [r.seq for r in SqliteLog(tmp_path, read_only=True).read()] == list(range(1, 201))


def test_a_room_that_breaks_dies_and_says_so(school: Ear, errors: Errors) -> None:
    recorder = RecordingRef()
    room = RoomActor.start(RoomState(key=ROOM), Rules(), recorder.ref, school.ref)
    hole = Recorded(
        seq=9,
        id=EventId("hole"),
        stream=STREAM,
        version=7,
        at=START,
        recorded_at=START,
        event=booking(START, START + timedelta(hours=1)),
    )
    room.tell(Told(records=(hole,)))
    died = school.hear(ActorDied)
    assert died.room == ROOM
    assert "version 7 came after 0" in died.why
    assert room.actor_stopped.wait(TIMEOUT)
    assert any("room L213 died" in text for text in errors.texts())


def test_a_message_that_it_does_not_know_kills_no_room(school: Ear, errors: Errors) -> None:
    recorder = RecordingRef()
    room = RoomActor.start(RoomState(key=ROOM), Rules(), recorder.ref, school.ref)
    room.tell(Committed(new=(), results=()))
    room.tell(press(1))
    room.stop(block=True, timeout=TIMEOUT)
    assert len(recorder.of(Append)) == 1
    assert any("a room knows no Committed" in text for text in errors.texts())
