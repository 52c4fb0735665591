"""Events as bytes: what was once written must be readable for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from events import codec, domain
from events.domain import (
    AnyEvent,
    BookingRemoved,
    LogCreated,
    MotionSeen,
    PresencePressed,
    Recorded,
    RoomEvent,
    SchoolEvent,
    ServerStopped,
)
from events.errors import UnknownEvent
from events.ids import EventId, KioskId, RoomKey
from tests.events.builders import DOOR, ROOM, added, at, decided, press, room

GOLDEN = Path(__file__).parent / "golden"


class Line(Struct, frozen=True):
    """A line of a golden file. They are only ever added to: a changed line is a broken promise."""

    tag: str
    revision: int
    body: msgspec.Raw


def golden() -> list[Line]:
    return [
        msgspec.json.decode(line, type=Line)
        for file in sorted(GOLDEN.glob("revision-*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]


def named(line: Line) -> str:
    return f"{line.tag}-{line.revision}"


KINDS: tuple[Any, ...] = get_args(AnyEvent)


@pytest.mark.parametrize("line", golden(), ids=named)
def test_every_golden_line_decodes_and_encodes_to_the_same_bytes(line: Line) -> None:
    event = codec.decode(bytes(line.body), line.tag, line.revision)
    assert codec.tag_of(event) == line.tag
    if line.revision == codec.revision_of(line.tag):
        again = codec.encode(event)
        # Policies are written whole: a key that came later is added to an old one, with its default.
        if line.tag == "policy-set":
            assert added_to(msgspec.json.decode(again), msgspec.json.decode(line.body))
        else:
            assert again == bytes(line.body)


def added_to(new: Any, old: Any) -> bool:
    if isinstance(old, dict):
        return all(key in new and added_to(new[key], old[key]) for key in old)
    return bool(new == old)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_event_is_in_the_golden_files_in_its_current_revision(kind: Any) -> None:
    tag = codec.TAGS[kind]
    assert (tag, codec.revision_of(tag)) in {(line.tag, line.revision) for line in golden()}


def test_every_field_of_every_event_is_written_somewhere_in_the_golden_files() -> None:
    bodies = [msgspec.json.decode(line.body) for line in golden()]
    for kind in KINDS:
        written = {key for body in bodies if body["type"] == codec.TAGS[kind] for key in body}
        assert set(kind.__struct_fields__) <= written, f"add a line with the new field of {kind.__name__}"
    everywhere = set(keys_of(bodies))
    for kind in value_kinds():
        assert set(kind.__struct_fields__) <= everywhere, f"add a line with the new field of {kind.__name__}"


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def value_kinds() -> list[Any]:
    return [
        kind
        for kind in vars(domain).values()
        if isinstance(kind, type) and issubclass(kind, domain.Value) and kind is not domain.Value
    ]


def test_tags_are_kebab_case_and_unique() -> None:
    tags = list(codec.TAGS.values())
    assert len(tags) == len(set(tags)) == len(KINDS)
    assert all(tag == tag.lower().replace("_", "-").replace(" ", "-") for tag in tags)
    assert set(get_args(SchoolEvent)) | set(get_args(RoomEvent)) == set(KINDS)


def test_a_room_event_names_its_room_and_a_school_event_does_not() -> None:
    assert all("room" in kind.__struct_fields__ for kind in get_args(RoomEvent))
    assert not any("room" in kind.__struct_fields__ for kind in get_args(SchoolEvent))


def test_a_default_is_not_written() -> None:
    assert codec.encode(ServerStopped()) == b'{"type":"server-stopped"}'


def test_a_policy_is_written_whole_so_that_a_later_default_rewrites_no_history() -> None:
    event = domain.PolicySet(policy=domain.Policy(), hours=domain.Hours())
    body = msgspec.json.decode(codec.encode(event))
    assert set(body["policy"]) == set(domain.Policy.__struct_fields__)
    assert set(body["hours"]) == set(domain.Hours.__struct_fields__)


# -- what is not ours -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "tag", "revision"),
    [
        (b'{"type":"door-painted","room":"L213"}', "door-painted", 1),
        (b'{"type":"server-stopped"}', "server-stopped", 2),
        (b'{"type":"server-stopped"}', "server-stopped", 0),
        (b'{"type":"room-retired"}', "room-retired", 1),
        (b'{"type":"room-retired","room":7}', "room-retired", 1),
        (b'{"type":"kiosk-left"', "kiosk-left", 1),
        (b"\xff\xfe", "kiosk-left", 1),
        (b'{"type":"room-retired","room":"\xff"}', "room-retired", 1),
        (b"", "kiosk-left", 1),
        (b"[]", "kiosk-left", 1),
        (b"[]", "kiosk-left", 2),
        (b"null", "kiosk-left", 0),
    ],
)
def test_what_this_program_does_not_know_is_an_unknown_event(body: bytes, tag: str, revision: int) -> None:
    with pytest.raises(UnknownEvent, match=f"{tag} revision {revision}"):
        codec.decode(body, tag, revision)


def test_a_newer_revision_says_that_the_program_is_too_old() -> None:
    with pytest.raises(UnknownEvent, match="revision 3 is newer than this program, which knows 1"):
        codec.decode(b'{"type":"server-stopped"}', "server-stopped", 3)


def test_a_time_without_a_zone_is_no_time() -> None:
    body = codec.encode(added()).replace(b'08:00:00Z"', b'08:00:00"', 1)
    assert body != codec.encode(added())
    with pytest.raises(UnknownEvent, match="start"):
        codec.decode(body, "booking-added", 1)


# -- upcasters ------------------------------------------------------------------------------------


def _named_room(raw: dict[str, Any]) -> dict[str, Any]:
    """Revision 1 called the room by its number."""
    return {**{key: raw[key] for key in raw if key != "number"}, "room": f"L{raw['number']}"}


def _with_source(raw: dict[str, Any]) -> dict[str, Any]:
    """Revision 2 did not say which source."""
    return {**raw, "source": "oasis"}


@pytest.fixture
def _third_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codec.REVISIONS, "booking-removed", 3)
    monkeypatch.setitem(codec.UPCASTERS, ("booking-removed", 1), _named_room)
    monkeypatch.setitem(codec.UPCASTERS, ("booking-removed", 2), _with_source)


@pytest.mark.usefixtures("_third_revision")
def test_an_old_revision_goes_through_its_upcasters_one_after_another() -> None:
    removed = BookingRemoved(room=ROOM, booking=added().booking, source=added().source)
    first = b'{"type":"booking-removed","number":213,"booking":"b1"}'
    second = b'{"type":"booking-removed","room":"L213","booking":"b1"}'
    assert codec.decode(first, "booking-removed", 1) == removed
    assert codec.decode(second, "booking-removed", 2) == removed
    assert codec.decode(codec.encode(removed), "booking-removed", 3) == removed
    assert codec.revision_of("booking-removed") == 3
    assert codec.revision_of("booking-added") == 1


@pytest.mark.usefixtures("_third_revision")
def test_a_revision_from_which_nothing_leads_on_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(codec.UPCASTERS, ("booking-removed", 2))
    with pytest.raises(UnknownEvent, match="nothing leads from revision 2 to 3"):
        codec.decode(b'{"type":"booking-removed","number":213,"booking":"b1"}', "booking-removed", 1)


@pytest.mark.usefixtures("_third_revision")
def test_an_upcast_body_that_does_not_fit_is_unknown() -> None:
    with pytest.raises(UnknownEvent, match="booking-removed revision 2"):
        codec.decode(b'{"type":"booking-removed","room":"L213"}', "booking-removed", 2)


@pytest.mark.usefixtures("_third_revision")
def test_an_upcaster_that_misses_what_it_needs_makes_an_unknown_event() -> None:
    with pytest.raises(UnknownEvent, match="booking-removed revision 1"):
        codec.decode(b'{"type":"booking-removed","booking":"b1"}', "booking-removed", 1)


# -- what the author claims -----------------------------------------------------------------------


def test_the_claim_of_a_press_is_what_the_door_signed() -> None:
    _, event = decided(room(), press(), at("08:01"))
    later = replace(event, received_at=at("09:00"), earliest=at("07:00"), effect="none", until=None)
    assert codec.claim(event) == codec.claim(later)
    assert codec.claim(event) != codec.claim(replace(event, signature="01"))
    assert codec.claim(event) != codec.claim(replace(event, press=press(2)))


def test_the_claim_of_a_motion_is_that_there_was_one_and_not_what_it_meant() -> None:
    motion = MotionSeen(room=ROOM, kiosk=DOOR)
    decided_later = replace(motion, effect="walk-in", until=at("09:00"), confirms=(added().booking,))
    assert codec.claim(motion) == codec.claim(decided_later)
    assert codec.claim(motion) != codec.claim(replace(motion, kiosk=KioskId("e" * 32)))
    assert codec.claim(motion) != codec.claim(replace(motion, room=RoomKey("L218")))
    assert codec.claim(motion) != codec.claim(domain.AirMeasured(room=ROOM, kiosk=DOOR))


def test_the_claim_of_any_other_event_is_all_of_it() -> None:
    for line in golden():
        event = codec.decode(bytes(line.body), line.tag, line.revision)
        if not isinstance(event, PresencePressed | MotionSeen):
            assert codec.claim(event) == codec.encode(event)


# -- CloudEvents ----------------------------------------------------------------------------------


def test_an_event_exports_as_a_cloudevent_1_0() -> None:
    recorded = Recorded(
        seq=7,
        id=EventId("a"),
        stream="room/L213",
        version=3,
        at=at("09:00"),
        recorded_at=datetime(2026, 11, 20, 8, 0, 0, 5, tzinfo=UTC),
        event=added(),
    )
    cloud = codec.to_cloudevent(recorded, "c0ffee")
    data = cloud.pop("data")
    assert cloud == {
        "specversion": "1.0",
        "id": "a",
        "source": "/toctoc/c0ffee",
        "type": "toctoc.booking-added",
        "subject": "room/L213",
        "time": "2026-11-20T08:00:00Z",
        "datacontenttype": "application/json",
        "seq": 7,
        "streamversion": 3,
        "revision": 1,
        "recordedat": "2026-11-20T08:00:00.000005Z",
    }
    assert "type" not in data
    assert data["start"] == "2026-11-20T08:00:00Z"


@pytest.mark.parametrize("line", golden(), ids=named)
def test_every_event_exports_with_the_attributes_that_cloudevents_require(line: Line) -> None:
    event = codec.decode(bytes(line.body), line.tag, line.revision)
    recorded = Recorded(
        seq=1,
        id=EventId("a"),
        stream="school",
        version=1,
        at=at("09:00"),
        recorded_at=at("09:00"),
        event=event,
    )
    cloud = msgspec.json.decode(msgspec.json.encode(codec.to_cloudevent(recorded, "l")))
    for attribute in ("specversion", "id", "source", "type"):
        assert isinstance(cloud[attribute], str)
        assert cloud[attribute]
    # "Attribute names MUST consist of lower-case letters or digits."
    assert all(name.isalnum() and name == name.lower() for name in cloud)
    datetime.fromisoformat(cloud["time"])
    body = {"type": cloud["type"].removeprefix("toctoc."), **cloud["data"]}
    assert codec.decode(msgspec.json.encode(body), line.tag, cloud["revision"]) == event


def test_a_date_is_a_local_day_and_written_as_one() -> None:
    closed = domain.ClosedDays(first=date(2026, 12, 21), last=date(2027, 1, 3))
    assert msgspec.json.encode(closed) == b'{"first":"2026-12-21","last":"2027-01-03"}'


def test_the_first_event_names_the_log() -> None:
    created = LogCreated(log="l", school="s", zone="UTC")
    assert codec.encode(created) == b'{"type":"log-created","log":"l","school":"s","zone":"UTC"}'
