"""What is published is the replay: for whoever follows, returns or comes, whatever was committed together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors import news
from actors.live.latest import Frame, Latest, Update
from actors.live.publication import Publication
from actors.web.rooms import stretch_at
from events.domain import Policy, Recorded, ServerStarted
from events.ids import RoomKey
from events.projection import restore, room_day, room_presence
from events.state import SchoolState
from events.status import Known, known, status_at
from events.wire import HEARTBEAT, RoomDay, RoomPresence, TimetablesRead, read_server_message
from tests.events.builders import ROOM
from tests.events.report.diary import Diary, eventful


class Follower:
    """What a client makes of what it is sent."""

    def __init__(self) -> None:
        self.days: dict[RoomKey, RoomDay] = {}
        self.presences: dict[RoomKey, RoomPresence] = {}
        self.seq = 0

    def hears(self, text: str) -> None:
        match read_server_message(text):
            case RoomDay() as day:
                self.days[day.room] = day
            case RoomPresence() as presence:
                self.presences[presence.room] = presence
            case TimetablesRead(readings=readings, others=others):
                for room, day in self.days.items():
                    self.days[room] = replace(day, readings=others.get(room, readings))
            case _:
                pass

    def follows(self, update: Update) -> None:
        for frame, day in update.frames:
            if day:
                self.hears(frame.plain)
            self.hears(frame.presence)
        for _, text in update.everyone:
            self.hears(text)
        self.seq = update.seq

    def returns(self, latest: Latest) -> None:
        """Come back, and be told what is new."""
        for_all, frames = latest.since(self.seq)
        for text in for_all:
            self.hears(text)
        for frame in frames:
            self.hears(frame.plain)
            self.hears(frame.presence)
        self.seq = latest.seq


def newcomer(frames: dict[RoomKey, Frame]) -> Follower:
    follower = Follower()
    for frame in frames.values():
        follower.hears(frame.plain)
        follower.hears(frame.presence)
    return follower


def batches(records: list[Recorded], cuts: list[int]) -> Iterator[list[Recorded]]:
    edges = sorted({0, len(records), *(cut % len(records) for cut in cuts)})
    for begin, end in pairwise(edges):
        yield records[begin:end]


def gaps(follower: Follower, truth: Known, now: datetime) -> dict[str, tuple[object, object]]:
    """Tell what a client does not know of a room, or knows wrongly, by itself or by its plan."""
    key = truth.room.key
    day, presence = follower.days[key], follower.presences[key]
    status = status_at(truth, now)
    planned = stretch_at(presence.plan, now)
    compared = {
        "day": (bare_day(day), bare_day(room_day(truth, now))),
        "presence": (bare_presence(presence, now), bare_presence(room_presence(truth, now), now)),
        "status": (status_at(restore(day, presence, truth.rules), now), status),
        "plan": (planned and planned.status, status),
    }
    return {what: pair for what, pair in compared.items() if pair[0] != pair[1]}


def bare_day(day: RoomDay) -> RoomDay:
    """Leave out what tells when it was made; presses and evidence move the seq and leave the day."""
    return replace(day, plan=(), seq=0)


def bare_presence(presence: RoomPresence, now: datetime) -> RoomPresence:
    stands = presence.headcount_until is not None and now < presence.headcount_until
    return replace(
        presence,
        plan=(),
        seq=0,
        headcount=presence.headcount if stands else None,
        headcount_until=presence.headcount_until if stands else None,
    )


@settings(max_examples=60)
@given(
    seed=st.integers(0, 100_000),
    cuts=st.lists(st.integers(0, 400), max_size=150),
    away=st.tuples(st.integers(0, 200), st.integers(0, 200)),
)
def test_however_events_are_committed_everybody_knows_what_a_replay_tells(
    seed: int, cuts: list[int], away: tuple[int, int]
) -> None:
    records = list(eventful(seed).log.read())
    school, replayed = SchoolState(), SchoolState()
    publication, latest = Publication(), Latest(board_titles=False, board_url="")
    publication.take(news.all_of(school), records[0].recorded_at)
    present, absent = Follower(), Follower()
    beat = records[0].recorded_at
    for number, batch in enumerate(batches(records, cuts)):
        now = batch[-1].recorded_at
        started = any(isinstance(recorded.event, ServerStarted) for recorded in batch)
        while beat < now:
            renewed = publication.renewed(beat)
            if renewed is not None:
                latest.take(renewed)
                present.follows(renewed)
            beat += timedelta(seconds=HEARTBEAT)
        update = publication.take(news.take(school, batch, started=started).publish, now)
        latest.take(update)
        replayed.apply_all(batch)
        present.follows(update)
        if number not in range(*sorted(away)):
            absent.returns(latest)
        assert (update.seq, latest.rules) == (replayed.seq, replayed.rules)
        assert replayed.created is not None
        assert latest.school == replayed.created.school
        for room in replayed.rooms.values():
            truth = known(replayed, room)
            for who in (present, newcomer(latest.frames)):
                assert gaps(who, truth, now) == {}, (number, room.key)
            if absent.seq == latest.seq:
                assert gaps(absent, truth, now) == {}, (number, room.key)


def test_a_plan_that_would_call_a_timetable_too_old_too_early_is_renewed_in_time() -> None:
    """Clients that have no clock for ages of their own show the plan: it has to be right to the minute."""
    diary = Diary(policy=Policy(unknown_after=60), began="07:00")
    school, publication = SchoolState(), Publication()
    latest = Latest(board_titles=False, board_url="")
    present, absent = Follower(), Follower()

    def goes_on(clock: str) -> Update:
        update = publication.take(
            news.take(school, list(diary.log.read(after=school.seq))).publish, diary.at(clock)
        )
        latest.take(update)
        for who in (present, absent):
            who.follows(update)
        return update

    diary.reads("08:00")
    goes_on("08:00")
    diary.reads("08:29", outcome="unchanged")
    assert goes_on("08:29").frames == (), "nobody needs to be told yet"
    assert publication.renewed(diary.at("08:58:59")) is None
    renewed = publication.renewed(diary.at("08:59:01"))
    assert renewed is not None
    latest.take(renewed)
    present.follows(renewed)
    absent.returns(latest)
    for who in (present, absent):
        plan = who.presences[ROOM].plan
        assert [s.status.name for s in plan] == ["free", "unknown"]
        assert timedelta() <= plan[1].start - diary.at("09:29") < timedelta(seconds=1)
    assert publication.renewed(diary.at("09:30")) is None, "it is too old by now, as the plan says"
