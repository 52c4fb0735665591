"""What is published is the replay: for whoever follows, returns or comes, whatever was committed together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from actors import news
from actors.live.latest import Latest, Update
from actors.live.publication import Publication
from events.domain import Policy, Recorded, ServerStarted
from events.state import SchoolState
from events.status import known
from events.wire import HEARTBEAT, read_server_message
from tests.events.builders import ROOM
from tests.events.report.diary import Diary, eventful
from tests.follower import Follower, gaps


def tell(who: Follower, *texts: str) -> None:
    for text in texts:
        who.hears(read_server_message(text))


def follow(who: Follower, update: Update) -> None:
    """Tell whoever is here, as `actors.live.fanout` does."""
    for frame, day in update.frames:
        tell(who, *([frame.plain] if day else []), frame.presence)
    tell(who, *(text for _, text in update.everyone))
    who.seq = update.seq


def resume(who: Follower, latest: Latest) -> Follower:
    """Tell whoever comes back, or comes for the first time."""
    for_all, frames = latest.since(who.seq)
    tell(who, *for_all)
    for frame in frames:
        tell(who, frame.plain, frame.presence)
    who.seq = latest.seq
    return who


def batches(records: list[Recorded], cuts: list[int]) -> Iterator[list[Recorded]]:
    edges = sorted({0, len(records), *(cut % len(records) for cut in cuts)})
    for begin, end in pairwise(edges):
        yield records[begin:end]


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
                follow(present, renewed)
            beat += timedelta(seconds=HEARTBEAT)
        update = publication.take(news.take(school, batch, started=started).publish, now)
        latest.take(update)
        replayed.apply_all(batch)
        follow(present, update)
        if number not in range(*sorted(away)):
            resume(absent, latest)
        assert (update.seq, latest.rules) == (replayed.seq, replayed.rules)
        assert replayed.created is not None
        assert latest.school == replayed.created.school
        for room in replayed.rooms.values():
            truth = known(replayed, room)
            for who in (present, resume(Follower(), latest)):
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
            follow(who, update)
        return update

    diary.reads("08:00")
    goes_on("08:00")
    diary.reads("08:29", outcome="unchanged")
    assert goes_on("08:29").frames == (), "nobody needs to be told yet"
    assert publication.renewed(diary.at("08:58:59")) is None
    renewed = publication.renewed(diary.at("08:59:01"))
    assert renewed is not None
    latest.take(renewed)
    follow(present, renewed)
    resume(absent, latest)
    for who in (present, absent):
        plan = who.presences[ROOM].plan
        assert [s.status.name for s in plan] == ["free", "unknown"]
        assert timedelta() <= plan[1].start - diary.at("09:29") < timedelta(seconds=1)
    assert publication.renewed(diary.at("09:30")) is None, "it is too old by now, as the plan says"
