"""An operator sets right what the log says, through the running server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from events.domain import RoomAnnotated
from events.ids import BookingId, RoomKey
from events.personal import read_text
from events.wire import AnnotateRoom, Done, Hello, Refused
from tests.actors.stack import greeted, running
from tests.clock import START

HOUR = timedelta(hours=1)
L213 = RoomKey("L213")


def test_an_annotation_is_in_the_log_and_its_text_is_personal(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        with greeted(school.address, Hello(role="operator", token=school.token)) as desk:
            desk.snapshot()
            said = AnnotateRoom(
                id=1, room=L213, what="present", start=START - HOUR, end=START, text="A. Martin : panne",
                booking=BookingId("b1"),
            )  # fmt: skip
            desk.say(said)
            seq = desk.until(Done, ref=1).seq
            desk.say(
                AnnotateRoom(
                    id=2,
                    room=L213,
                    what="withdrawn",
                    start=START - HOUR,
                    end=START,
                    text="non",
                    withdraws=seq,
                )
            )
            desk.until(Done, ref=2)
        first, second = school.records("room-annotated")
        assert isinstance(first.event, RoomAnnotated)
        assert isinstance(second.event, RoomAnnotated)
        assert (first.seq, first.event.what, first.event.booking) == (seq, "present", "b1")
        assert second.event.withdraws == seq
        parts = school.log().personal.get([(first.id, first.event.part.month)])
        assert read_text(parts[first.id]).reason == "A. Martin : panne"
    raw = b"".join(path.read_bytes() for path in school.data.glob("log.db*"))
    assert b"Martin" not in raw


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"room": RoomKey("L999")}, "L999"),
        ({"end": START - 2 * HOUR}, "it ends before it begins"),
        ({"what": "withdrawn"}, "to withdraw is to name an annotation"),
        ({"withdraws": 3}, "to withdraw is to name an annotation"),
    ],
)
def test_an_annotation_that_cannot_be_is_refused(
    tmp_path: Path, wrong: dict[str, object], problem: str
) -> None:
    fields: dict[str, object] = {
        "id": 1, "room": L213, "what": "present", "start": START - HOUR, "end": START, "text": "oui",
    }  # fmt: skip
    with running(tmp_path) as school:
        with greeted(school.address, Hello(role="operator", token=school.token)) as desk:
            desk.snapshot()
            desk.say(AnnotateRoom(**(fields | wrong)))  # type: ignore[arg-type]  # whatever is tried
            assert problem in desk.until(Refused, ref=1).reason
        assert school.records("room-annotated") == []
