"""Who may come in, as the log says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from events.domain import AccessGranted, AccessRevoked, AnyEvent, DoorPaired, DoorRevoked
from events.ids import EventId, KioskId, RoomKey
from events.memory import MemoryLog
from events.replay import replay
from events.state import GrantedAccess, PairedDoor, SchoolState, digest_form
from tests.events.builders import PART, at, batch, draft

KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
DOOR, OTHER = KioskId("3f1c" * 8), KioskId("9a0b" * 8)
L213, L227 = RoomKey("L213"), RoomKey("L227")


def paired(kiosk: KioskId = DOOR, room: RoomKey = L213) -> DoorPaired:
    return DoorPaired(hangs_at=room, kiosk=kiosk, key=KEY, name="north")


def granted(number: int) -> AccessGranted:
    return AccessGranted(access=number, role="operator", part=PART)


def school_of(*events: AnyEvent) -> SchoolState:
    log = MemoryLog()
    for n, event in enumerate(events):
        log.append(batch(draft(f"e{n}", event, happened=at("08:00"))))
    return replay(log)


def test_a_door_is_known_from_its_pairing_to_its_revocation() -> None:
    school = school_of(paired())
    assert school.doors == {
        DOOR: PairedDoor(kiosk=DOOR, room=L213, key=KEY, paired_at=at("08:00"), name="north")
    }
    assert (school.version, school.rooms) == (1, {}), "it is the school's own, no room's"
    gone = school_of(paired(), DoorRevoked(kiosk=DOOR))
    assert gone.doors == {}
    assert gone.revoked == {DOOR}


def test_a_door_that_is_paired_again_hangs_where_it_was_said_last() -> None:
    moved = school_of(paired(), DoorRevoked(kiosk=DOOR), paired(room=L227))
    assert moved.doors[DOOR].room == L227
    assert moved.revoked == frozenset()


def test_a_door_of_the_configuration_can_be_revoked_though_it_was_never_paired() -> None:
    assert school_of(DoorRevoked(kiosk=OTHER)).revoked == {OTHER}


def test_an_access_has_its_number_for_ever() -> None:
    school = school_of(granted(1), granted(2), AccessRevoked(access=2))
    assert school.accesses == {
        1: GrantedAccess(
            number=1, role="operator", granted_at=at("08:00"), text=EventId("e0"), month="2026-11"
        )
    }
    assert school.last_access == 2, "the next is 3"


def test_the_digest_of_a_school_tells_who_may_come_in() -> None:
    forms = [
        digest_form(school_of(*events))
        for events in ((paired(),), (paired(room=L227),), (DoorRevoked(kiosk=DOOR),), (granted(1),))
    ]
    assert len(set(forms)) == 4


STEPS = st.lists(
    st.one_of(
        st.builds(paired, st.sampled_from([DOOR, OTHER]), st.sampled_from([L213, L227])),
        st.builds(DoorRevoked, kiosk=st.sampled_from([DOOR, OTHER])),
        st.builds(granted, st.integers(min_value=1, max_value=5)),
        st.builds(AccessRevoked, access=st.integers(min_value=1, max_value=5)),
    ),
    max_size=30,
)


@given(STEPS)
def test_what_was_handed_out_does_not_change_and_nobody_is_both_known_and_revoked(
    events: list[AnyEvent],
) -> None:
    log, school = MemoryLog(), SchoolState()
    handed_out = []
    for n, event in enumerate(events):
        for recorded in log.append(batch(draft(f"e{n}", event, happened=at("08:00")))):
            school.apply(recorded)
        handed_out.append((school.doors, dict(school.doors), school.accesses, dict(school.accesses)))
        assert not school.revoked & school.doors.keys()
        assert max(school.accesses, default=0) <= school.last_access
    for doors, doors_then, accesses, accesses_then in handed_out:
        assert (doors, accesses) == (doors_then, accesses_then)
