"""An example of each message of the protocol, for its description and for the tests that send them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from events import wire
from events.domain import PresencePressed, Press, RoomInfo
from events.ids import BookingId, EventId, KioskId, RoomKey, SourceName, press_id
from events.search import Answer, Candidate, Refusal, Wish
from events.state import LastIntent, Rules
from events.status import Status, Stretch


def _at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, second, tzinfo=UTC)


ROOM = RoomKey("L213")
DOOR = KioskId("3f1c9a0b7d2e4855")
BOOKING = BookingId("oasis:7d1f03a2c95e4b60")
PRESS = Press(
    kiosk=DOOR,
    outbox="9b2d6c01",
    n=17,
    room=ROOM,
    intent="present",
    boot_id="5f0c8f2e-4c1b-4f6e-9a3d-2b7e1d9c0a55",
    boottime=81_230_450,
    wall=_at(9, 2, 11),
    wall_synchronised=True,
)
PRESS_NAME = press_id(PRESS.kiosk, PRESS.outbox, PRESS.n)
WISH = Wish(origin=ROOM, minutes=60, seats=20, whiteboard=True)
INFO = RoomInfo(name="L213", type="petit", seats=24, wing="L", number=213, whiteboard=True, projector=True)
PLAN = (
    Stretch(start=_at(9, 2, 11), until=_at(11), status=Status(name="in_use", booking=BOOKING)),
    Stretch(start=_at(11), until=None, status=Status(name="free")),
)

DESK = wire.Member(name="front-desk", role="operator", since=_at(7), channels=("wing-L",))
AT_DOOR = wire.Member(name="door L213", role="kiosk", since=_at(6), room=ROOM)

CLIENT: tuple[wire.ClientMessage, ...] = (
    wire.Hello(role="board", program="a board"),
    wire.Hello(role="kiosk", key="ab" * 32, room=ROOM, signature="cd" * 64, program="toctoc kiosk"),
    wire.Subscribe(topics=("school",)),
    wire.Subscribe(topics=("wing/L", "room/M101"), epoch=1, seq=4711),
    wire.Unsubscribe(topics=("feed",)),
    wire.SendPress(
        press=PRESS, signature="ef" * 64, boot_id=PRESS.boot_id, boottime=81_230_512, wall=_at(9, 2, 11)
    ),
    wire.Watching(for_seconds=3600.5),
    wire.Stuck(stuck=False),
    wire.SendSensed(
        id=3,
        run="0f1e2d3c4b5a6978",
        boot_id=PRESS.boot_id,
        at=81_230_000,
        boottime=81_230_512,
        sensed=wire.Air(temperature=21.4, humidity=43.0, co2=640),
    ),
    wire.SetHeadcount(id=4, room=ROOM, count=12),
    wire.PostNotice(id=5, topic="wing/L", text="Alerte incendie à 14 h : exercice.", until=_at(14)),
    wire.WithdrawNotice(id=6, notice=4650),
    wire.Unlock(id=7, room=ROOM, code="K7MQ2XWD"),
    wire.SayPresence(id=8, room=ROOM, intent="present", minutes=30),
    wire.Find(id=9, wish=WISH),
    wire.CloseRoom(id=10, room=ROOM, until=_at(17), reason="Projecteur en panne"),
    wire.ReopenRoom(id=11, room=ROOM),
    wire.AnnotateRoom(
        id=21, room=ROOM, what="present", start=_at(9), end=_at(10), text="A. Martin : nous y étions"
    ),
    wire.AskSources(id=12),
    wire.JudgeReading(id=13, source=SourceName("oasis"), accept=True),
    wire.Hello(role="operator", token=f"3.{'gJ0S8mXn' * 5}gJ0", name="Accueil"),  # nobody's
    wire.Hello(role="device", access=4, signature="ab" * 32, program="a counter of people"),
    wire.Hello(role="unpaired", key="ab" * 32, signature="cd" * 64, program="toctoc kiosk"),
    wire.Pair(id=15, code="7K4M-2QXD", room=ROOM, name="north door"),
    wire.RevokeDoor(id=16, kiosk=DOOR),
    wire.GrantAccess(
        id=17,
        name="Accueil",
        role="operator",
        proof="$argon2id$v=19$m=19456,t=2,p=1$8yTnBvG8p1mJYQ2nXQ0yJQ$m3b0yC3nq0b7u4yJmF3lZ1bGkE2yZQmVqB1v7Xh9n2c",
    ),
    wire.RevokeAccess(id=18, access=3),
    wire.AskAccess(id=19),
    wire.Ping(id=14),
    wire.JoinChannel(id=30, channel="wing-L"),
    wire.LeaveChannel(id=31, channel="wing-L"),
    wire.Say(id=32, channel="wing-L", text="Qui a la clé de L213 ?"),
    wire.Say(id=33, channel="wing-L", text="apporte la clé", action=True),
)
"""What clients send."""

SERVER: tuple[wire.ServerMessage, ...] = (
    wire.Challenge(nonce="5c" * 32),
    wire.Welcome(
        role="board", school="École", epoch=1, server_time=_at(9, 2, 11), rules=Rules(zone="Europe/Paris")
    ),
    wire.PairingCode(code="7K4M2QXD", until=_at(9, 12)),
    wire.Paired(room=ROOM, kiosk=DOOR, server="5c" * 32),
    wire.Granted(ref=17, seq=4714, access=3),
    wire.Accesses(
        ref=19,
        doors=(wire.KnownDoor(kiosk=DOOR, room=ROOM, name="north door", connected=True, paired_at=_at(8)),),
        accesses=(wire.KnownAccess(access=3, role="operator", name="Accueil", granted_at=_at(8)),),
    ),
    wire.RulesSet(rules=Rules(zone="Europe/Paris")),
    wire.Notices(
        notices=(
            wire.Notice(
                number=4650, topic="school", text="Fermeture à 18 h.", posted_at=_at(7), until=_at(17)
            ),
        )
    ),
    wire.DoorCodes(codes=(wire.DoorCode(code="K7MQ2XWD", since=_at(9, 2), until=_at(9, 4)),)),
    wire.Unlocked(ref=7, room=ROOM, until=_at(9, 12)),
    wire.SnapshotBegin(epoch=1, seq=4711),
    wire.RoomDay(
        room=ROOM,
        seq=4702,
        info=INFO,
        bookings=(
            wire.DayBooking(
                id=BOOKING, start=_at(9), end=_at(11), first_seen=_at(6), kind="course", title="Algèbre"
            ),
        ),
        readings={date(2026, 11, 20): _at(9)},
        plan=PLAN,
    ),
    wire.RoomPresence(
        room=ROOM,
        seq=4710,
        last=LastIntent(pressed_at=_at(9, 2, 11), press=PRESS_NAME, intent="present", until=_at(11)),
        confirmed={BOOKING: _at(9, 2, 11)},
        watched_since=_at(6),
        headcount=12,
        plan=PLAN,
    ),
    wire.SnapshotEnd(seq=4711),
    wire.TimetablesRead(readings={date(2026, 11, 20): _at(9, 5)}),
    wire.Pressed(ref=PRESS_NAME, seq=4712, effect="check-in", until=_at(11)),
    wire.Found(
        ref=9,
        answer=Answer(
            wish=WISH,
            rooms=(Candidate(room=RoomKey("L217"), name="L217", seats=24, until=_at(13)),),
            refused=(Refusal(room=RoomKey("L215"), name="L215", why="booked", at=_at(11)),),
        ),
    ),
    wire.Done(ref=10, seq=4713),
    wire.Sources(
        ref=12,
        sources=(
            wire.SourceReport(
                source=SourceName("oasis"), kind="oasis", outcome="unchanged", read_at=_at(9, 5), bookings=112
            ),
        ),
    ),
    wire.Refused(code="unknown-room", reason="no room 'L999' here", ref=9),
    wire.Refused(code="too-fast", reason="later, please", ref=EventId(PRESS_NAME)),
    wire.Heartbeat(server_time=_at(9, 5, 10), epoch=1, seq=4713),
    wire.Pong(ref=14, server_time=_at(9, 5, 11)),
    wire.Roster(members=(DESK, AT_DOOR), boards=41, you="front-desk"),
    wire.Joined(member=AT_DOOR),
    wire.Joined(member=DESK, channel="wing-L"),
    wire.Left(member=AT_DOOR, how="cut off"),
    wire.Boards(count=42),
    wire.Said(channel="wing-L", name="front-desk", text="apporte la clé", at=_at(9, 6), action=True),
    wire.Happened(
        seq=4712,
        at=_at(9, 2, 11),
        recorded_at=_at(9, 2, 12),
        stream=f"room/{ROOM}",
        event=PresencePressed(
            room=ROOM,
            press=PRESS,
            signature="ef" * 64,
            pressed_at=_at(9, 2, 11),
            earliest=_at(9, 2, 11),
            received_at=_at(9, 2, 12),
            effect="check-in",
            until=_at(11),
            confirms=(BOOKING,),
        ),
    ),
    wire.Missed(first=4713, last=4790),
)
"""What the server sends."""
