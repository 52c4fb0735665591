"""What every event log does, whatever keeps it: run for each backend by a class that makes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.codec import tag_of
from events.domain import AnyEvent, LogCreated, PresencePressed, Recorded, ServerStarted, ServerStopped
from events.errors import LogClosed, LogConflict
from events.ids import EventId, RoomKey
from events.log import Batch, EventLog
from events.memory import MemoryLog
from tests.clock import FakeClock
from tests.events.builders import added, at, batch, decided, draft, name_of, positions, press, room, seqs

STARTED = ServerStarted(version="1")
STOPPED = ServerStopped()
OTHER_ROOM = RoomKey("L218")


@dataclass(frozen=True)
class Step:
    """A group of batches, so many seconds after the one before (or before it: clocks are set)."""

    seconds: int
    batches: list[Batch]


def scripts() -> st.SearchStrategy[list[Step]]:
    """Make histories in which ids and versions collide often."""
    events = st.sampled_from(
        [
            STARTED,
            STOPPED,
            LogCreated(log="l", school="s", zone="UTC"),
            added("b1"),
            added("b2", of=OTHER_ROOM),
        ]
    )
    drafts = st.builds(draft, st.sampled_from("abcdefghijkl"), events)
    expected = st.none() | st.tuples(
        st.sampled_from(["school", "room/L213", "room/L218"]), st.integers(min_value=0, max_value=4)
    )
    batches = st.builds(
        lambda drafts, expected: Batch(drafts=tuple(drafts), expected=expected),
        st.lists(drafts, max_size=3),
        expected,
    )
    steps = st.builds(Step, st.integers(min_value=-5, max_value=60), st.lists(batches, max_size=4))
    return st.lists(steps, max_size=6)


class EventLogContract:
    """Derive from it and say how a log is made."""

    def make_log(self, clock: FakeClock) -> EventLog:
        """Make an empty log. The tests close it."""
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def log(self, clock: FakeClock) -> Iterator[EventLog]:
        log = self.make_log(clock)
        yield log
        log.close()

    # -- positions ------------------------------------------------------------------------------

    def test_an_empty_log_has_head_0_and_nothing_to_read(self, log: EventLog) -> None:
        assert log.head() == 0
        assert list(log.read()) == []

    def test_seq_counts_from_1_without_gaps_and_versions_count_in_each_stream(self, log: EventLog) -> None:
        first = log.append(batch(draft("a", STARTED), draft("b", added()), draft("c", STOPPED)))
        second = log.append(batch(draft("d", added("b2", of=OTHER_ROOM)), draft("e", added("b3"))))
        assert positions(first + second) == [
            (1, "school", 1),
            (2, "room/L213", 1),
            (3, "school", 2),
            (4, "room/L218", 1),
            (5, "room/L213", 2),
        ]
        assert tuple(log.read()) == first + second
        assert log.head() == 5

    def test_what_append_returned_is_what_is_read(self, log: EventLog, clock: FakeClock) -> None:
        happened = at("07:30")
        (recorded,) = log.append(batch(draft("a", added(), happened=happened)))
        assert recorded == Recorded(
            seq=1,
            id=EventId("a"),
            stream="room/L213",
            version=1,
            at=happened,
            recorded_at=clock.now(),
            event=added(),
        )
        assert list(log.read()) == [recorded]

    def test_an_empty_batch_and_an_empty_group_change_nothing(self, log: EventLog) -> None:
        assert log.append(Batch(drafts=())) == ()
        assert log.append_group([]) == []
        assert log.head() == 0

    # -- identity -------------------------------------------------------------------------------

    def test_a_known_id_returns_its_first_record_and_the_rest_is_appended(
        self, log: EventLog, clock: FakeClock
    ) -> None:
        (first,) = log.append(batch(draft("a", STARTED)))
        clock.advance(60)
        again, new = log.append(batch(draft("a", STARTED, happened=at("12:00")), draft("b", STOPPED)))
        assert again == first
        assert (new.seq, new.version) == (2, 2)
        assert list(log.read()) == [first, new]

    def test_another_claim_under_a_known_id_is_refused_with_its_whole_batch(self, log: EventLog) -> None:
        log.append(batch(draft("a", STARTED)))
        with pytest.raises(LogConflict) as caught:
            log.append(batch(draft("b", STOPPED), draft("a", STOPPED)))
        assert caught.value.event_id == "a"
        assert str(caught.value) == "school: event a is already recorded with another body"
        assert log.head() == 1

    def test_an_id_that_stands_twice_in_one_batch_is_recorded_once(self, log: EventLog) -> None:
        records = log.append(batch(draft("a", STARTED), draft("a", STARTED), draft("b", STOPPED)))
        assert seqs(records) == [1, 1, 2]
        assert log.head() == 2
        assert list(log.read()) == [records[0], records[2]]

    def test_two_claims_under_one_id_in_one_batch_are_refused(self, log: EventLog) -> None:
        with pytest.raises(LogConflict):
            log.append(batch(draft("a", STARTED), draft("a", STOPPED)))
        assert log.head() == 0

    def test_an_id_of_an_earlier_batch_of_the_group_is_known(self, log: EventLog) -> None:
        first, again, other = log.append_group(
            [batch(draft("a", STARTED)), batch(draft("a", STARTED)), batch(draft("a", STOPPED))]
        )
        assert first == again
        assert isinstance(other, LogConflict)
        assert log.head() == 1

    def test_a_press_delivered_again_is_the_same_fact_whatever_it_would_mean_now(self, log: EventLog) -> None:
        p = press()
        _, event = decided(room(), p, at("08:01"))
        (first,) = log.append(batch(draft(name_of(p), event)))
        later = replace(
            event, received_at=at("09:00"), pressed_at=at("08:02"), effect="superseded", until=None
        )
        (again,) = log.append(batch(draft(name_of(p), later, happened=at("08:02"))))
        assert again == first
        assert log.head() == 1

    @pytest.mark.parametrize("change", ["intent", "signature"])
    def test_a_press_that_says_something_else_under_the_same_name_is_refused(
        self, log: EventLog, change: str
    ) -> None:
        p = press()
        _, event = decided(room(), p, at("08:01"))
        log.append(batch(draft(name_of(p), event)))
        forged: PresencePressed = (
            replace(event, press=replace(p, intent="leaving"))
            if change == "intent"
            else replace(event, signature="01")
        )
        with pytest.raises(LogConflict):
            log.append(batch(draft(name_of(p), forged)))

    # -- versions -------------------------------------------------------------------------------

    def test_a_decision_on_the_present_version_is_appended(self, log: EventLog) -> None:
        log.append(batch(draft("a", added()), expected=("room/L213", 0)))
        log.append(batch(draft("b", added("b2")), draft("c", added("b3")), expected=("room/L213", 1)))
        assert log.head() == 3

    @pytest.mark.parametrize("expected", [0, 2, 7])
    def test_a_decision_on_another_version_is_refused(self, log: EventLog, expected: int) -> None:
        log.append(batch(draft("a", added())))
        with pytest.raises(LogConflict) as caught:
            log.append(batch(draft("b", added("b2")), expected=("room/L213", expected)))
        assert (caught.value.expected, caught.value.actual) == (expected, 1)
        assert str(caught.value) == f"room/L213: decided on version {expected}, but the stream is at 1"
        assert log.head() == 1

    def test_a_version_is_checked_also_when_the_events_go_to_another_stream(self, log: EventLog) -> None:
        log.append(batch(draft("a", added())))
        with pytest.raises(LogConflict):
            log.append(batch(draft("b", STARTED), expected=("room/L213", 0)))
        assert log.head() == 1

    def test_an_observation_expects_no_version(self, log: EventLog) -> None:
        log.append(batch(draft("a", added())))
        log.append(batch(draft("b", added("b2"))))
        assert log.head() == 2

    def test_ids_are_looked_up_before_versions(self, log: EventLog) -> None:
        (first,) = log.append(batch(draft("a", added()), expected=("room/L213", 0)))
        log.append(batch(draft("b", added("b2"))))
        (again,) = log.append(batch(draft("a", added()), expected=("room/L213", 0)))
        assert again == first

    def test_a_refused_batch_touches_no_neighbour_and_leaves_no_gap(self, log: EventLog) -> None:
        log.append(batch(draft("z", added("b0"))))
        results = log.append_group(
            [
                batch(draft("a", STARTED)),
                batch(draft("b", STOPPED), draft("c", added()), expected=("room/L213", 5)),
                batch(draft("d", added("b2")), expected=("room/L213", 1)),
                batch(draft("e", added("b3")), expected=("room/L213", 1)),
                batch(draft("f", STOPPED)),
            ]
        )
        assert [isinstance(result, LogConflict) for result in results] == [False, True, False, True, False]
        assert [r.id for r in log.read()] == ["z", "a", "d", "f"]
        assert positions(list(log.read())) == [
            (1, "room/L213", 1),
            (2, "school", 1),
            (3, "room/L213", 2),
            (4, "school", 2),
        ]

    def test_the_id_of_a_refused_batch_stays_free(self, log: EventLog) -> None:
        log.append_group([batch(draft("a", added()), expected=("room/L213", 3))])
        (recorded,) = log.append(batch(draft("a", STOPPED)))
        assert recorded.event == STOPPED

    # -- time -----------------------------------------------------------------------------------

    def test_the_time_of_recording_never_goes_back_with_the_clock(
        self, log: EventLog, clock: FakeClock
    ) -> None:
        started = clock.now()
        log.append(batch(draft("a", STARTED)))
        clock.set_wall(started - timedelta(days=1))
        (second,) = log.append(batch(draft("b", STOPPED)))
        assert second.recorded_at == started
        clock.set_wall(started + timedelta(minutes=1))
        (third,) = log.append(batch(draft("c", STARTED)))
        assert third.recorded_at == started + timedelta(minutes=1)

    def test_a_group_is_recorded_at_one_instant(self, log: EventLog) -> None:
        log.append_group([batch(draft("a", STARTED)), batch(draft("b", STOPPED))])
        assert len({recorded.recorded_at for recorded in log.read()}) == 1

    # -- reading --------------------------------------------------------------------------------

    @pytest.fixture
    def filled(self, log: EventLog, clock: FakeClock) -> EventLog:
        """Six events, a minute apart."""
        events: list[AnyEvent] = [STARTED, added("b1"), added("b2", of=OTHER_ROOM), STOPPED]
        events += [added("b3"), STARTED]
        for n, event in enumerate(events, start=1):
            log.append(batch(draft(f"e{n}", event)))
            clock.advance(60)
        return log

    def test_events_are_read_behind_and_up_to_a_seq(self, filled: EventLog) -> None:
        assert seqs(filled.read(after=4)) == [5, 6]
        assert seqs(filled.read(until=2)) == [1, 2]
        assert seqs(filled.read(after=2, until=4)) == [3, 4]
        assert seqs(filled.read(until=0)) == []
        assert seqs(filled.read(after=6)) == []
        assert seqs(filled.read(after=5, until=2)) == []
        assert seqs(filled.read(after=100, until=200)) == []

    def test_events_are_read_of_one_stream_or_one_kind(self, filled: EventLog) -> None:
        assert seqs(filled.read(stream="room/L213")) == [2, 5]
        assert seqs(filled.read(stream="school")) == [1, 4, 6]
        assert seqs(filled.read(stream="room/unheard-of")) == []
        assert seqs(filled.read(tag="server-started")) == [1, 6]
        assert seqs(filled.read(tag="booking-added", stream="room/L218")) == [3]
        assert seqs(filled.read(tag="unheard-of")) == []

    def test_events_are_read_as_far_as_they_were_recorded_by_then(
        self, filled: EventLog, clock: FakeClock
    ) -> None:
        first = clock.now() - timedelta(minutes=6)
        assert seqs(filled.read(recorded_until=first)) == [1]
        assert seqs(filled.read(recorded_until=first - timedelta(microseconds=1))) == []
        assert seqs(filled.read(recorded_until=first + timedelta(seconds=90))) == [1, 2]
        assert seqs(filled.read(recorded_until=clock.now(), after=4, stream="school")) == [6]

    def test_a_reader_who_began_does_not_see_what_comes_after(self, filled: EventLog) -> None:
        reader = filled.read()
        seen = [next(reader)]
        filled.append(batch(draft("late", STOPPED)))
        seen += reader
        assert seqs(seen) == [1, 2, 3, 4, 5, 6]
        assert seqs(filled.read(after=6)) == [7]

    # -- the end --------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "attempt",
        [
            lambda log: log.append(batch(draft("b", STOPPED))),
            lambda log: log.append(batch(draft("a", STARTED))),
            lambda log: log.append_group([]),
        ],
        ids=["new", "known", "nothing"],
    )
    def test_a_closed_log_takes_nothing(self, log: EventLog, attempt: Callable[[EventLog], object]) -> None:
        log.append(batch(draft("a", STARTED)))
        log.close()
        log.close()
        with pytest.raises(LogClosed):
            attempt(log)

    # -- any history ----------------------------------------------------------------------------

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture],
    )
    @given(script=scripts())
    def test_any_history_gives_what_the_model_gives(self, script: list[Step]) -> None:
        clock, model = FakeClock(), Model()
        log, memory = self.make_log(clock), MemoryLog(clock)
        try:
            for step in script:
                clock.set_wall(clock.now() + timedelta(seconds=step.seconds))
                told = [verdict(result) for result in log.append_group(step.batches)]
                assert told == [verdict(result) for result in memory.append_group(step.batches)]
                assert told == [model.append(b) for b in step.batches]
                assert log.head() == len(model.ids)
            assert list(log.read()) == list(memory.read())
            assert [r.id for r in log.read()] == model.ids
            assert seqs(log.read()) == list(range(1, len(model.ids) + 1))
            times = [r.recorded_at for r in log.read()]
            assert times == sorted(times)
            for tag in {tag_of(r.event) for r in log.read()}:
                assert list(log.read(tag=tag)) == list(memory.read(tag=tag))
        finally:
            log.close()


Verdict = str | list[int]


def verdict(result: tuple[Recorded, ...] | LogConflict) -> Verdict:
    if isinstance(result, LogConflict):
        return f"id {result.event_id}" if result.event_id else f"{result.stream} is at {result.actual}"
    return seqs(result)


class Model:
    """The log's contract again, in the plainest way: one batch after another, undone when refused."""

    def __init__(self) -> None:
        self.ids: list[EventId] = []
        self._events: dict[EventId, object] = {}
        self._streams: list[str] = []

    def append(self, b: Batch) -> Verdict:
        ids, events, streams = list(self.ids), dict(self._events), list(self._streams)
        told: list[int] = []
        before = len(ids)
        for d in b.drafts:
            if d.id in events:
                if events[d.id] != d.event:
                    return f"id {d.id}"
                told.append(ids.index(d.id) + 1)
                continue
            if b.expected is not None and len(ids) == before:
                stream, version = b.expected
                if self._streams.count(stream) != version:
                    return f"{stream} is at {self._streams.count(stream)}"
            ids.append(d.id)
            events[d.id] = d.event
            streams.append(d.stream)
            told.append(len(ids))
        self.ids, self._events, self._streams = ids, events, streams
        return told
