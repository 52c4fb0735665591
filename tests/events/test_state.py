"""What events add up to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import (
    AirMeasured,
    AnyEvent,
    BookingAdded,
    BookingChanged,
    BookingRemoved,
    ButtonFreed,
    ButtonStuck,
    ClosedDays,
    HeadcountChanged,
    Hours,
    KioskJoined,
    KioskLeft,
    LogCreated,
    MotionSeen,
    NoticePosted,
    NoticeWithdrawn,
    Policy,
    PolicySet,
    PresencePressed,
    RoomClosed,
    RoomDeclared,
    RoomEvent,
    RoomInfo,
    RoomReopened,
    RoomRetired,
    SchoolRenamed,
    ServerStarted,
    ServerStopped,
    SourceRead,
    Span,
    TimetableRead,
)
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName
from events.memory import MemoryLog
from events.replay import replay
from events.state import (
    KEEP_BOOKINGS,
    Booking,
    Headcount,
    LastIntent,
    RoomState,
    SchoolState,
    SourceState,
    StandingNotice,
    digest_form,
    fold,
    summary,
    zone_of,
)
from tests.clock import FakeClock
from tests.events.builders import (
    DAY,
    DOOR,
    OASIS,
    PART,
    ROOM,
    added,
    at,
    batch,
    booking,
    decided,
    draft,
    moved,
    press,
    recorded_after,
    room,
)

B1 = BookingId("b1")
OTHER_DOOR = KioskId("e" * 32)


def folded(*events: RoomEvent, start: RoomState | None = None) -> RoomState:
    state = start or RoomState(key=ROOM)
    for event in events:
        state = fold(state, recorded_after(state, event))
    return state


def changed(start: str, end: str, **fields: object) -> BookingChanged:
    event = BookingChanged(
        room=ROOM,
        booking=B1,
        source=OASIS,
        start=at(start),
        end=at(end),
        part=PART,
        was=Span(start=at("09:00"), end=at("10:00")),
    )
    return replace(event, **fields)


# -- a room ---------------------------------------------------------------------------------------


def test_every_event_moves_the_rooms_version_and_seq() -> None:
    events: list[RoomEvent] = [
        RoomDeclared(room=ROOM, info=RoomInfo(name="x")),
        added(),
        changed("09:00", "11:00"),
        replace(changed("09:00", "11:00"), booking=BookingId("unheard of")),
        BookingRemoved(room=ROOM, booking=B1, source=OASIS),
        KioskJoined(room=ROOM, kiosk=DOOR, watching_since=at("07:00")),
        ButtonStuck(room=ROOM, kiosk=DOOR),
        ButtonFreed(room=ROOM, kiosk=DOOR),
        KioskLeft(room=ROOM, kiosk=DOOR),
        RoomClosed(room=ROOM),
        RoomReopened(room=ROOM),
        decided(room(), press(), at("08:00"))[1],
        HeadcountChanged(room=ROOM, count=12, by="desk"),
        MotionSeen(room=ROOM, kiosk=DOOR),
        MotionSeen(room=ROOM, kiosk=DOOR, effect="renewed", until=at("10:00")),
        AirMeasured(room=ROOM, kiosk=DOOR, co2=800),
        RoomRetired(room=ROOM),
    ]
    state = RoomState(key=ROOM)
    for n, event in enumerate(events, start=1):
        state = fold(state, recorded_after(state, event))
        assert (state.version, state.seq) == (n, n)


def test_a_booking_is_added_with_when_it_was_first_seen_and_where_its_title_lies() -> None:
    event = replace(added(), kind="exam", series="s", all_day=True, unsure=True)
    state = RoomState(key=ROOM)
    state = fold(state, recorded_after(state, event, name=EventId("the event")))
    b = state.bookings[B1]
    assert (b.start, b.end, b.first_seen) == (at("09:00"), at("10:00"), at("08:00"))
    assert (b.text, b.month, b.kind, b.series) == ("the event", "2026-11", "exam", "s")
    assert (b.all_day, b.unsure, b.due, b.confirmed_at) == (True, True, False, None)


def test_a_changed_booking_keeps_its_confirmation_and_when_it_was_first_seen() -> None:
    start = room(booking("09:00", "10:00", confirmed_at="08:55", first_seen=at("06:00")))
    state = folded(changed("10:00", "11:00", kind="exam", series="s2"), start=start)
    b = state.bookings[B1]
    assert (b.start, b.end, b.kind, b.series) == (at("10:00"), at("11:00"), "exam", "s2")
    assert (b.confirmed_at, b.first_seen, b.text) == (at("08:55"), at("06:00"), "e2")


def test_a_change_or_removal_of_a_booking_that_is_not_known_changes_no_booking() -> None:
    start = room(booking("09:00", "10:00"))
    other = BookingId("other")
    state = folded(
        replace(changed("10:00", "11:00"), booking=other),
        BookingRemoved(room=ROOM, booking=other, source=OASIS),
        start=start,
    )
    assert state.bookings == start.bookings


def test_a_removed_booking_is_gone() -> None:
    assert folded(
        added(), added("b2"), BookingRemoved(room=ROOM, booking=B1, source=OASIS)
    ).bookings.keys() == {"b2"}


def test_bookings_that_ended_long_ago_are_dropped_when_a_new_one_comes() -> None:
    edge = at("08:00") - KEEP_BOOKINGS
    kept = booking(edge - timedelta(hours=1), edge, "kept")
    dropped = booking(edge - timedelta(hours=1), edge - timedelta(seconds=1), "dropped")
    assert folded(added(), start=room(kept, dropped)).bookings.keys() == {"kept", "b1"}
    assert folded(RoomReopened(room=ROOM), start=room(kept, dropped)).bookings.keys() == {"kept", "dropped"}


def test_a_press_is_folded_as_it_was_decided_and_never_decided_anew() -> None:
    _, event = decided(room(), press(), at("08:00"))
    odd: PresencePressed = replace(event, until=at("23:00"), confirms=(B1, BookingId("unheard of")))
    state = folded(odd, start=room(booking("15:00", "16:00")))
    assert state.last == LastIntent(
        pressed_at=at("08:00"), press=EventId("e2"), intent="present", until=at("23:00")
    )
    assert state.bookings[B1].confirmed_at == at("08:00")


def test_the_newest_press_counts_and_the_earliest_confirms_whatever_their_order() -> None:
    start = room(booking("09:00", "10:00"))
    events = []
    for n, clock in enumerate(("09:20", "08:55", "09:10")):
        _, event = decided(start, press(n), at(clock))
        events.append(replace(event, confirms=(B1,), until=at("10:00")))
    state = folded(*events, start=start)
    assert state.bookings[B1].confirmed_at == at("08:55")
    assert state.last is not None
    assert state.last.pressed_at == at("09:20")


def test_a_door_joins_at_the_servers_time_and_leaves() -> None:
    joined = KioskJoined(room=ROOM, kiosk=DOOR, watching_since=at("02:00"))
    state = folded(joined, replace(joined, kiosk=OTHER_DOOR))
    assert state.kiosks == {DOOR: at("08:00"), OTHER_DOOR: at("08:00")}
    assert folded(KioskLeft(room=ROOM, kiosk=DOOR), start=state).kiosks == {OTHER_DOOR: at("08:00")}
    assert folded(KioskLeft(room=ROOM, kiosk=KioskId("f")), start=state).kiosks == state.kiosks


def test_a_stuck_button_is_remembered_once_until_it_is_free() -> None:
    stuck = ButtonStuck(room=ROOM, kiosk=OTHER_DOOR)
    state = folded(stuck, stuck, replace(stuck, kiosk=DOOR))
    assert state.stuck == (DOOR, OTHER_DOOR)
    assert folded(ButtonFreed(room=ROOM, kiosk=DOOR), start=state).stuck == (OTHER_DOOR,)


def test_a_room_is_closed_and_reopened() -> None:
    state = folded(RoomClosed(room=ROOM, until=at("12:00"), part=PART))
    assert state.closure is not None
    assert (state.closure.since, state.closure.until) == (at("08:00"), at("12:00"))
    assert (state.closure.text, state.closure.month) == ("e1", "2026-11")
    assert folded(RoomReopened(room=ROOM), start=state).closure is None


def test_a_retired_room_comes_back_when_it_is_declared() -> None:
    declared = RoomDeclared(room=ROOM, info=RoomInfo(name="L 213", seats=48))
    state = folded(declared, RoomRetired(room=ROOM))
    assert state.retired
    assert state.info == RoomInfo(name="L 213", seats=48)
    assert not folded(declared, start=state).retired


def test_a_fold_never_changes_the_state_it_was_given() -> None:
    before = room(booking("09:00", "10:00"))
    copy = replace(before, bookings=dict(before.bookings), kiosks=dict(before.kiosks))
    folded(
        added("b2"),
        BookingRemoved(room=ROOM, booking=B1, source=OASIS),
        KioskLeft(room=ROOM, kiosk=DOOR),
        decided(before, press(), at("09:00"))[1],
        start=before,
    )
    assert before == copy


def test_what_is_only_evidence_changes_nothing_but_the_rooms_version() -> None:
    before = room(booking("09:00", "10:00"))
    seen = folded(
        AirMeasured(room=ROOM, kiosk=DOOR, temperature=21.5),
        MotionSeen(room=ROOM, kiosk=DOOR),
        MotionSeen(room=ROOM, kiosk=DOOR, effect="superseded"),
        start=before,
    )
    assert seen == replace(before, version=4, seq=4)


def test_a_motion_is_folded_as_it_was_decided_and_never_decided_anew() -> None:
    event = MotionSeen(
        room=ROOM, kiosk=DOOR, effect="check-in", until=at("23:00"), confirms=(B1, BookingId("unheard of"))
    )
    start = room(booking("15:00", "16:00"))
    state = fold(start, recorded_after(start, event, name=EventId("m"), happened=at("08:30")))
    assert state.last == LastIntent(
        pressed_at=at("08:30"), press=EventId("m"), intent="present", until=at("23:00")
    )
    assert state.bookings[B1].confirmed_at == at("08:30")


def test_the_last_word_on_how_many_there_are_wins() -> None:
    count = HeadcountChanged(room=ROOM, count=12, by="touch", kiosk=DOOR)
    state = folded(count, replace(count, count=9))
    assert state.headcount == Headcount(count=9, at=at("08:00"), stands_at=at("08:00"))


# -- the school -----------------------------------------------------------------------------------

EXAMS = SourceName("exams")
TOMORROW = DAY + timedelta(days=1)


def school_of(*events: tuple[str, AnyEvent]) -> SchoolState:
    """Make a school of events, each at a time of the day."""
    log = MemoryLog()
    for n, (clock, event) in enumerate(events):
        log.append(batch(draft(f"e{n}", event, happened=at(clock))))
    return replay(log)


def read(
    source: SourceName = OASIS,
    *,
    outcome: str = "changed",
    days: tuple[date, ...] = (DAY,),
    missing: tuple[str, ...] = (),
) -> TimetableRead:
    of_source = SourceRead(
        source=source,
        outcome=outcome,  # type: ignore[arg-type]
        days=days,
        digest="d1",
        missing=tuple(RoomKey(key) for key in missing),
        reason="why" if outcome in ("failed", "suspect") else "",
    )
    return TimetableRead(sources=(of_source,))


def declared(*sources: SourceName) -> RoomDeclared:
    return RoomDeclared(room=ROOM, info=RoomInfo(name="L213", sources=sources))


def test_the_school_knows_what_was_decided_and_whether_it_runs() -> None:
    policy = Policy(walk_in=30)
    closed = (ClosedDays(first=DAY, last=DAY),)
    school = school_of(
        ("07:00", LogCreated(log="l", school="s", zone="Europe/Paris")),
        ("07:01", ServerStarted(version="1")),
        ("07:02", PolicySet(policy=policy, hours=Hours(friday=""), closed=closed)),
    )
    assert school.created is not None
    assert school.created.log == "l"
    assert str(zone_of(school.rules)) == "Europe/Paris"
    assert (school.rules.policy, school.rules.hours.friday, school.rules.closed) == (policy, "", closed)
    assert (school.started_at, school.stopped) == (at("07:01"), False)
    assert (school.seq, school.version) == (3, 3)
    school.apply_all([])
    later = school_of(("07:01", ServerStarted(version="1")), ("07:05", ServerStopped()))
    assert later.stopped
    assert not school_of(("07:05", ServerStopped()), ("07:06", ServerStarted(version="1"))).stopped


def test_a_school_that_is_renamed_keeps_all_else_of_its_log() -> None:
    begun = ("07:00", LogCreated(log="l", school="École", zone="Europe/Paris", epoch=2))
    school = school_of(begun, ("07:01", SchoolRenamed(name="Mines")), ("07:02", SchoolRenamed(name="Ponts")))
    assert school.created == LogCreated(log="l", school="Ponts", zone="Europe/Paris", epoch=2)
    assert digest_form(school) != digest_form(school_of(begun))
    assert school.version == 3


def test_apply_tells_which_room_changed() -> None:
    log, school = MemoryLog(), SchoolState()
    records = log.append(batch(draft("a", ServerStarted(version="1")), draft("b", added())))
    assert [school.apply(r) for r in records] == [None, ROOM]
    assert school.rooms[ROOM].bookings.keys() == {"b1"}


def test_the_age_of_a_room_is_when_its_day_was_last_believed() -> None:
    school = school_of(("07:00", declared()), ("08:00", read(days=(DAY, TOMORROW))), ("08:05", read()))
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:05"), TOMORROW: at("08:00")}


@pytest.mark.parametrize("outcome", ["failed", "suspect"])
def test_a_reading_that_failed_or_is_suspect_renews_no_age_but_is_remembered(outcome: str) -> None:
    bad = read(outcome=outcome)
    school = school_of(("07:00", declared()), ("08:00", read()), ("08:05", bad), ("08:10", bad))
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:00")}
    source = school.sources[OASIS]
    assert (source.tried_at, source.outcome, source.reason, source.failures) == (
        at("08:10"),
        outcome,
        "why",
        2,
    )
    assert source.digest == "d1"


def test_a_reading_without_a_change_renews_the_age_and_ends_the_failures() -> None:
    school = school_of(
        ("07:00", declared()),
        ("08:00", read()),
        ("08:05", read(outcome="failed")),
        ("08:10", read(outcome="unchanged")),
    )
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:10")}
    assert (school.sources[OASIS].failures, school.sources[OASIS].reason) == (0, "")


def test_the_age_of_a_room_is_the_oldest_of_its_sources_for_days_that_all_have_read() -> None:
    school = school_of(
        ("07:00", declared(OASIS, EXAMS)), ("08:00", read(days=(DAY, TOMORROW))), ("08:05", read(EXAMS))
    )
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:00")}


def test_a_room_whose_source_was_never_read_has_no_age() -> None:
    assert school_of(("07:00", declared(EXAMS)), ("08:00", read())).readings(room()) == {DAY: at("08:00")}
    school = school_of(("07:00", declared(EXAMS)), ("08:00", read()))
    assert school.readings(school.rooms[ROOM]) == {}


def test_a_room_that_is_new_does_not_inherit_the_age_of_earlier_readings() -> None:
    before: list[tuple[str, AnyEvent]] = [("08:00", read()), ("08:30", declared(OASIS))]
    school = school_of(*before)
    assert school.readings(school.rooms[ROOM]) == {}
    school = school_of(*before, ("08:35", read()))
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:35")}


def test_a_room_keeps_its_age_when_only_its_equipment_changes() -> None:
    projector = RoomDeclared(room=ROOM, info=RoomInfo(name="L213", sources=(OASIS,), projector=True))
    school = school_of(("07:00", declared(OASIS)), ("08:00", read()), ("08:30", projector))
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:00")}


@pytest.mark.parametrize(
    "info",
    [
        RoomInfo(name="Salle 213", sources=(OASIS,)),
        RoomInfo(name="L213", aliases=("213",), sources=(OASIS,)),
        RoomInfo(name="L213", sources=()),
    ],
)
def test_a_room_loses_its_age_when_timetables_know_it_by_other_names(info: RoomInfo) -> None:
    renamed = RoomDeclared(room=ROOM, info=info)
    school = school_of(("07:00", declared(OASIS)), ("08:00", read()), ("08:30", renamed))
    assert school.readings(school.rooms[ROOM]) == {}


def test_only_the_sources_of_a_room_count_for_its_age() -> None:
    school = school_of(("07:00", declared(OASIS)), ("08:00", read(EXAMS)), ("08:05", read()))
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:05")}


def test_a_school_that_read_nothing_has_no_ages() -> None:
    school = school_of(("07:00", declared()))
    assert school.readings(school.rooms[ROOM]) == {}


def test_a_room_that_a_reading_does_not_speak_of_keeps_its_old_age_until_it_is_spoken_of() -> None:
    silent = read(missing=("L213",))
    events: list[tuple[str, AnyEvent]] = [("07:00", declared()), ("08:00", read())]
    events += [("08:05", silent), ("08:10", silent)]
    school = school_of(*events)
    assert school.readings(school.rooms[ROOM]) == {DAY: at("08:00")}
    assert school.readings(room(key=RoomKey("L218"))) == {DAY: at("08:10")}
    again = school_of(*events, ("08:15", read()))
    assert again.readings(again.rooms[ROOM]) == {DAY: at("08:15")}


def test_a_room_that_was_never_spoken_of_has_no_age() -> None:
    school = school_of(("07:00", declared()), ("08:00", read(missing=("L213",))))
    assert school.readings(school.rooms[ROOM]) == {}


def test_ages_of_days_long_gone_are_forgotten() -> None:
    old = DAY - timedelta(days=3)
    school = school_of(("07:00", read(days=(old, DAY - timedelta(days=2)))), ("08:00", read()))
    assert set(school.sources[OASIS].read_at) == {DAY - timedelta(days=2), DAY}


def posted(topic: str = "school", *, until: str | None = None) -> NoticePosted:
    return NoticePosted(topic=topic, part=PART, until=at(until) if until else None)


def test_a_notice_stands_until_it_is_withdrawn_and_its_number_is_its_position() -> None:
    events = [("08:00", posted()), ("08:01", posted("wing/L", until="12:00"))]
    school = school_of(*events)
    assert school.notices == {
        1: StandingNotice(
            number=1, topic="school", posted_at=at("08:00"), text=EventId("e0"), month="2026-11"
        ),
        2: StandingNotice(
            number=2,
            topic="wing/L",
            posted_at=at("08:01"),
            text=EventId("e1"),
            month="2026-11",
            until=at("12:00"),
        ),
    }
    assert school.version == 2
    left = school_of(*events, ("08:02", NoticeWithdrawn(notice=1)))
    assert list(left.notices) == [2]
    assert list(school_of(*events, ("08:02", NoticeWithdrawn(notice=7))).notices) == [1, 2]


def test_notices_that_ended_by_themselves_are_forgotten_when_the_next_is_posted() -> None:
    events = [("08:00", posted(until="09:00")), ("08:01", posted(until="09:30"))]
    assert list(school_of(*events, ("09:00", ServerStopped())).notices) == [1, 2]
    assert list(school_of(*events, ("09:00", posted())).notices) == [2, 3]


def test_what_a_school_handed_out_of_its_notices_does_not_change() -> None:
    school = school_of(("08:00", posted()))
    before = school.notices
    log = MemoryLog()
    log.append(batch(draft("a", posted()), draft("b", posted()), draft("c", NoticeWithdrawn(notice=1))))
    school.apply_all(list(log.read(after=1)))
    assert list(before) == [1]
    assert list(school.notices) == [2]


# -- replays --------------------------------------------------------------------------------------

KEYS = st.sampled_from([ROOM, RoomKey("L218")])
CLOCKS = st.integers(min_value=0, max_value=600).map(lambda n: at("07:00") + timedelta(minutes=n))


@st.composite
def histories(draw: st.DrawFn) -> Sequence[tuple[datetime, AnyEvent]]:
    """Make a history of presses that were decided, and of anything else that can happen."""
    rooms: dict[RoomKey, RoomState] = {}
    history: list[tuple[datetime, AnyEvent]] = []
    for n in range(draw(st.integers(min_value=0, max_value=12))):
        key, moment = draw(KEYS), draw(CLOCKS)
        name = draw(st.sampled_from(["b1", "b2"]))
        state = rooms.get(key, RoomState(key=key))
        what = draw(st.integers(min_value=0, max_value=12))
        event: RoomEvent
        if what == 0:
            outcome = draw(st.sampled_from(["changed", "failed"]))
            missing = ("L213",) if draw(st.booleans()) else ()
            history.append((moment, read(outcome=outcome, missing=missing)))
            continue
        if what == 1:
            history.append((moment, PolicySet(policy=Policy(walk_in=10 * n + 5), hours=Hours())))
            continue
        if what == 8:
            until = draw(st.none() | st.just(moment + timedelta(minutes=30)))
            history.append((moment, NoticePosted(topic="school", part=PART, until=until)))
            continue
        if what == 9:
            history.append((moment, NoticeWithdrawn(notice=draw(st.integers(min_value=1, max_value=12)))))
            continue
        if what == 2:
            event = added(name, of=key)
        elif what == 10:
            event = HeadcountChanged(room=key, count=n, by="touch", kiosk=DOOR)
        elif what == 11:
            event = AirMeasured(room=key, kiosk=DOOR, co2=400 + n)
        elif what == 12:
            event = moved(state, n, moment, Policy(motion_counts_for=draw(st.sampled_from([0, 10]))))[1]
        elif what == 3:
            event = BookingRemoved(room=key, booking=BookingId(name), source=OASIS)
        elif what == 4:
            event = KioskJoined(room=key, kiosk=DOOR, watching_since=moment)
        elif what == 5:
            event = RoomClosed(room=key, part=PART)
        else:
            intent = draw(st.sampled_from(["present", "present", "leaving"]))
            p = press(n, "leaving" if intent == "leaving" else "present", of=key)
            event = decided(state, p, moment)[1]
        rooms[key] = fold(state, recorded_after(state, event, name=EventId(f"e{n}"), happened=moment))
        history.append((moment, event))
    return history


@settings(deadline=None, max_examples=100)
@given(histories(), st.data())
def test_live_state_equals_a_replay_at_every_event_and_between_them(
    history: Sequence[tuple[datetime, AnyEvent]], data: st.DataObject
) -> None:
    clock, live = FakeClock(), SchoolState()
    log = MemoryLog(clock)
    digests = {0: digest_form(live)}
    times = [clock.now()]
    for n, (moment, event) in enumerate(history):
        clock.advance(data.draw(st.sampled_from([0, 1, 60])))
        (recorded,) = log.append(batch(draft(f"e{n}", event, happened=moment)))
        live.apply(recorded)
        digests[recorded.seq] = digest_form(live)
        times.append(clock.now())
    assert digest_form(replay(log)) == digest_form(replay(log)) == digest_form(live)
    assert summary(replay(log)) == summary(live)
    for seq, digest in digests.items():
        assert digest_form(replay(log, seq=seq)) == digest
    for n, time in enumerate(times):
        seq = max(i for i, other in enumerate(times) if other <= time)
        assert digest_form(replay(log, at=time)) == digests[seq]
        following = times[n + 1] if n + 1 < len(times) else time + timedelta(seconds=9)
        between = time + (following - time) / 2
        if time < between < following:
            assert digest_form(replay(log, at=between)) == digests[seq], "between two events"


def test_a_replay_can_be_continued_with_what_came_since() -> None:
    log = MemoryLog()
    log.append(batch(draft("a", added()), draft("b", added("b2"))))
    school = replay(log, seq=1)
    school.apply_all(log.read(after=1))
    assert digest_form(school) == digest_form(replay(log))


def test_an_instant_before_the_first_event_has_nothing() -> None:
    clock = FakeClock()
    log = MemoryLog(clock)
    log.append(batch(draft("a", added())))
    school = replay(log, at=clock.now() - timedelta(seconds=1))
    assert (school.seq, school.rooms) == (0, {})


def test_equal_states_have_equal_digests_whatever_the_order_of_their_rooms() -> None:
    one, two = SchoolState(), SchoolState()
    for key in (ROOM, RoomKey("L218")):
        one.rooms[key] = RoomState(key=key)
    for key in (RoomKey("L218"), ROOM):
        two.rooms[key] = RoomState(key=key)
    assert digest_form(one) == digest_form(two)
    two.sources[OASIS] = SourceState(tried_at=at("08:00"), outcome="failed")
    assert digest_form(one) != digest_form(two)


def test_what_was_known_of_sources_may_be_compared_too() -> None:
    school = school_of(("08:00", read(missing=("L213",))), ("08:05", read()))
    assert digest_form(school) == digest_form(
        school_of(("08:00", read(missing=("L213",))), ("08:05", read()))
    )


# -- timetables that disagree ---------------------------------------------------------------------


def of(source: SourceName, name: str, start: str, end: str) -> BookingAdded:
    return replace(added(name, start, end), source=source)


def both(*sources: SourceName) -> RoomDeclared:
    return RoomDeclared(room=ROOM, info=RoomInfo(name="L213", sources=sources))


def test_of_two_timetables_that_disagree_the_first_one_counts() -> None:
    state = folded(
        both(OASIS, EXAMS), of(EXAMS, "exam", "09:30", "11:00"), of(OASIS, "course", "09:00", "10:00")
    )
    assert set(state.bookings) == {"course"}
    assert set(state.shadowed) == {"exam"}
    state = folded(both(EXAMS, OASIS), start=state)
    assert set(state.bookings) == {"exam"}
    assert set(state.shadowed) == {"course"}


def test_bookings_of_two_timetables_that_do_not_overlap_all_count() -> None:
    state = folded(
        both(OASIS, EXAMS), of(EXAMS, "exam", "10:00", "11:00"), of(OASIS, "course", "09:00", "10:00")
    )
    assert set(state.bookings) == {"exam", "course"}


def test_bookings_of_one_timetable_that_overlap_all_count() -> None:
    state = folded(both(OASIS, EXAMS), of(OASIS, "a", "09:00", "11:00"), of(OASIS, "b", "10:00", "12:00"))
    assert set(state.bookings) == {"a", "b"}


def test_a_booking_counts_again_when_the_one_before_it_goes() -> None:
    state = folded(
        both(OASIS, EXAMS), of(EXAMS, "exam", "09:30", "11:00"), of(OASIS, "course", "09:00", "10:00")
    )
    gone = BookingRemoved(room=ROOM, booking=BookingId("course"), source=OASIS)
    state = folded(gone, start=state)
    assert set(state.bookings) == {"exam"}
    assert state.shadowed == {}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([OASIS, EXAMS, SourceName("clubs")]),
            st.integers(0, 20),
            st.integers(1, 6),
            st.booleans(),
        ),
        max_size=14,
    )
)
def test_which_bookings_count_does_not_depend_on_the_way_there(
    steps: list[tuple[SourceName, int, int, bool]],
) -> None:
    order = (EXAMS, OASIS, SourceName("clubs"))
    state = folded(both(*order))
    for number, (source, start, length, goes) in enumerate(steps):
        begin = at("00:00") + timedelta(minutes=30 * start)
        event = replace(
            of(source, f"b{number}", "00:00", "00:30"),
            start=begin,
            end=begin + timedelta(minutes=30 * length),
        )
        state = folded(event, start=state)
        if goes:
            state = folded(BookingRemoved(room=ROOM, booking=event.booking, source=source), start=state)
    counting: list[Booking] = []
    for source in order:
        of_source = [b for b in state.all_bookings.values() if b.source == source]
        counting += [
            b
            for b in of_source
            if not any(b.start < c.end and c.start < b.end and c.source != source for c in counting)
        ]
    assert set(state.bookings) == {b.id for b in counting}
    assert state.bookings.keys().isdisjoint(state.shadowed)
