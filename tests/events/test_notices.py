"""Notices of the desk: which may be posted, and which are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from events import wire
from events.domain import NoticePosted, NoticeWithdrawn, RoomDeclared, RoomInfo, RoomRetired
from events.ids import EventId, RoomKey
from events.memory import MemoryLog
from events.notices import LIMIT, LONGEST, one_line, topics_of, why_not_posted, why_not_withdrawn
from events.personal import new_part
from events.projection import notices
from events.replay import replay, texts, verify
from events.sqlite import SqliteLog
from events.state import SchoolState
from tests.events.builders import PART, ROOM, at, batch, draft

INFO = RoomInfo(name="L213", type="petit", wing="L")


def school_with(*notices: NoticePosted) -> SchoolState:
    """Make a school of one room, one that is gone, and notices posted at 08:00."""
    log = MemoryLog()
    gone = RoomKey("V107")
    log.append(
        batch(
            draft("room", RoomDeclared(room=ROOM, info=INFO)),
            draft("old", RoomDeclared(room=gone, info=RoomInfo(name="V107", type="grand", wing="V"))),
            draft("gone", RoomRetired(room=gone)),
            *(draft(f"n{n}", notice, happened=at("08:00")) for n, notice in enumerate(notices)),
        )
    )
    return replay(log)


def posted(topic: str = "school", until: str | None = None) -> NoticePosted:
    return NoticePosted(topic=topic, part=PART, until=at(until) if until else None)


# -- which doors ----------------------------------------------------------------------------------


def test_a_room_belongs_to_the_school_its_wing_its_type_and_itself() -> None:
    assert topics_of(ROOM, INFO) == {"school", "wing/L", "type/petit", "room/L213"}
    assert topics_of(ROOM, RoomInfo(name="L213")) == topics_of(ROOM, None) == {"school", "room/L213"}


@pytest.mark.parametrize("topic", ["school", "wing/L", "type/petit", "room/L213"])
def test_a_notice_may_be_for_all_doors_or_those_of_a_wing_a_type_or_a_room(topic: str) -> None:
    assert why_not_posted(school_with(), topic, None, at("08:00")) is None


@pytest.mark.parametrize(
    "topic", ["", "School", "wing", "wing/", "wing/V", "type/grand", "room/V107", "room/X999", "L213"]
)
def test_a_notice_for_no_door_at_all_is_refused_by_name(topic: str) -> None:
    problem = why_not_posted(school_with(), topic, None, at("08:00"))
    assert problem is not None
    assert f"no door belongs to {topic!r}; allowed is school, or wing/…" in problem


def test_a_notice_has_to_end_in_the_future() -> None:
    school = school_with()
    assert why_not_posted(school, "school", at("08:00:01"), at("08:00")) is None
    for until in ("08:00", "07:00"):
        problem = why_not_posted(school, "school", at(until), at("08:00"))
        assert problem == "it would have ended already: until has to be in the future"


def test_no_more_notices_may_stand_than_fit_into_a_message() -> None:
    school = school_with(*[posted()] * (LIMIT - 2), posted(until="09:00"))
    assert why_not_posted(school, "school", None, at("08:30")) is None
    problem = why_not_posted(school, "school", None, at("08:30"), on_their_way=1)
    assert problem == f"{LIMIT} notices stand, and no more are allowed; withdraw one first"
    full = school_with(*[posted()] * (LIMIT - 1), posted(until="09:00"))
    assert why_not_posted(full, "school", None, at("08:30")) is not None
    assert why_not_posted(full, "school", None, at("09:00")) is None, "one has ended by itself"


def test_the_longest_notices_that_may_stand_fit_into_a_message() -> None:
    wing = "📢" * 60
    everything = wire.Notices(
        notices=tuple(
            wire.Notice(
                number=10**9 + n,
                topic=f"wing/{wing}",
                text='"' * 20 + "📢" * (LONGEST - 20),
                posted_at=at("08:00"),
                until=at("18:00"),
            )
            for n in range(LIMIT)
        )
    )
    assert len(wire.encode(everything).encode()) < wire.MAX_OUTGOING


# -- the text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Fermé à 18 h", "Fermé à 18 h"),
        ("  deux\n lignes\t", "deux lignes"),
        ("Attention\u202f!", "Attention !"),
        ("📢 ici ❤️", "📢 ici ❤️"),
        ("fête des familles 👨\u200d👩\u200d👧", "fête des familles 👨\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # noqa: RUF001
        ("x" * LONGEST, "x" * LONGEST),
    ],
)
def test_a_text_is_made_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST + 1)])
def test_a_text_that_is_empty_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"1 to {LONGEST} letters"):
        one_line(text)


@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x1b", "\x7f", "\u202e", "\u200b", "\ue000"])
def test_a_text_with_what_cannot_be_shown_is_refused(letter: str) -> None:
    with pytest.raises(ValueError, match=rf"U\+{ord(letter):04X}, which no door can show"):
        one_line(f"a{letter}b")


# -- what is shown --------------------------------------------------------------------------------


def test_those_that_stand_are_shown_the_newest_first_until_they_end() -> None:
    school = school_with(posted("wing/L", "09:00"), posted())
    found = {EventId("n0"): "Peinture", EventId("n1"): "Grève"}
    early = notices(school.notices.values(), at("08:59:59"), found)
    assert [(n.number, n.topic, n.text) for n in early.notices] == [
        (5, "school", "Grève"),
        (4, "wing/L", "Peinture"),
    ]
    assert early.notices[1].until == at("09:00")
    assert [n.number for n in notices(school.notices.values(), at("09:00"), found).notices] == [5]


def test_one_whose_text_was_forgotten_says_nothing_and_is_not_shown() -> None:
    school = school_with(posted(), posted())
    shown = notices(school.notices.values(), at("08:00"), {EventId("n1"): "Grève"})
    assert [notice.number for notice in shown.notices] == [5]


def test_only_a_notice_that_stands_can_be_withdrawn() -> None:
    school = school_with(posted(until="09:00"), posted())
    assert why_not_withdrawn(school, 4, at("08:00")) is None
    assert why_not_withdrawn(school, 4, at("09:00")) == "no notice 4 stands"
    assert why_not_withdrawn(school, 1, at("08:00")) == "no notice 1 stands"


# -- its text in the log --------------------------------------------------------------------------


def test_the_text_of_a_notice_is_kept_apart_and_comes_back(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    part, text = new_part(at("12:00"), reason="Grève CANARY")
    ended, old = new_part(at("09:00"), reason="Peinture")
    log.append(
        batch(
            draft("old", NoticePosted(topic="school", part=ended, until=at("09:00")), text=old),
            draft("new", NoticePosted(topic="school", part=part), text=text),
        )
    )
    school = replay(log)
    assert texts(school, log.personal, ended_after=at("09:00")) == {"new": "Grève CANARY"}
    assert texts(school, log.personal, ended_after=at("08:59")) == {
        "new": "Grève CANARY",
        "old": "Peinture",
    }
    assert list(verify(log, log.personal)) == []
    assert b"CANARY" not in b"".join(path.read_bytes() for path in tmp_path.glob("log.db*"))
    log.append(batch(draft("gone", NoticeWithdrawn(notice=2))))
    assert texts(replay(log), log.personal, ended_after=at("09:00")) == {}
    log.personal.drop(EventId("new"), "2026-11")
    assert [(f.seq, f.what, f.detail) for f in verify(log, log.personal)] == [
        (2, "part-lost", "of notice-posted in school")
    ]
    log.close()
