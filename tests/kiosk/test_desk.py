"""What the desk's console shows and sends, for all that is typed and heard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events import domain
from events.domain import RoomInfo
from events.ids import EventId, KioskId, RoomKey, SourceName
from events.printable import printable
from events.projection import room_day, room_presence
from events.search import Answer, Candidate, Refusal
from events.state import Rules
from events.status import Status, Stretch
from events.wire import (
    Accesses,
    AskAccess,
    AskSources,
    Boards,
    CloseRoom,
    DayClosure,
    Done,
    Find,
    Found,
    Happened,
    Heartbeat,
    JoinChannel,
    Joined,
    JudgeReading,
    KnownDoor,
    LeaveChannel,
    Left,
    Member,
    Missed,
    Notice,
    Notices,
    Pair,
    Paired,
    PostNotice,
    Refused,
    ReopenRoom,
    RevokeDoor,
    Roster,
    Said,
    Say,
    ServerMessage,
    SetHeadcount,
    SnapshotBegin,
    SnapshotEnd,
    SourceReport,
    Sources,
    Subscribe,
    TimetablesRead,
    Unsubscribe,
    Welcome,
    WithdrawNotice,
    encode,
    read_client_message,
)
from kiosk.desk.commands.table import COMMANDS
from kiosk.desk.desk import Desk
from kiosk.desk.effects import Effect, Quit, Send, Show, shown
from kiosk.desk.feed import KINDS, Feed
from kiosk.desk.told import Teller
from kiosk.desk.typed import Places, instant, take_until
from tests.events.builders import DAY, DOOR, PARIS, ROOM, after, at, booking, known, press, room
from tests.events.golden_events import golden_events

NOW = at("09:10")
L213 = ROOM
V107 = RoomKey("V107")
M = TypeVar("M")
INFO = {
    "L213": RoomInfo(name="L213", type="petit", seats=24, wing="L", number=213, whiteboard=True),
    "L209": RoomInfo(name="L209", type="petit", seats=20, wing="L", number=209),
    "V107": RoomInfo(name="Amphi Curie", type="amphi", seats=120, wing="V", number=107),
}
ME = Member(name="front-desk", role="operator", since=at("08:00"))
NIGHT = Member(name="night", role="operator", since=at("08:30"), channels=("wing-L",))
AT_L213 = Member(name="door L213", role="kiosk", since=at("07:00"), room=L213)
AT_V107 = Member(name="door V107", role="kiosk", since=at("07:00"), room=V107)


def heard(desk: Desk, *messages: ServerMessage) -> list[str]:
    return texts([effect for message in messages for effect in desk.heard(message, NOW)])


def texts(effects: list[Effect]) -> list[str]:
    return [effect.text for effect in effects if isinstance(effect, Show)]


def welcome(**changes: Any) -> Welcome:
    values: dict[str, Any] = {
        "role": "operator",
        "school": "École",
        "epoch": 1,
        "server_time": NOW,
        "rules": Rules(zone="Europe/Paris"),
        "name": "front-desk",
    }
    return Welcome(**{**values, **changes})


def snapshot() -> list[ServerMessage]:
    messages: list[ServerMessage] = [SnapshotBegin(epoch=1, seq=40)]
    for key, info in INFO.items():
        state = after(room(booking("09:00", "11:00", kind="course")), ("09:02", "present"))
        if key != "L213":
            state = room()
        k = known(replace(state, key=RoomKey(key), info=info))
        messages += [room_day(k, NOW, {EventId("text-of-b1"): "Algèbre"}), room_presence(k, NOW)]
    return [*messages, SnapshotEnd(seq=40)]


def at_work(room: RoomKey | None = None) -> Desk:
    """A console that is connected and has heard all there is."""
    desk = Desk(room)
    desk.connected(welcome(), NOW)
    heard(desk, *snapshot(), Roster(members=(ME, NIGHT, AT_L213), boards=3, you="front-desk"))
    return desk


def asked(desk: Desk, line: str, kind: type[M]) -> M:
    """Type a line and give the message that it sends."""
    (effect,) = desk.typed(line, NOW)
    assert isinstance(effect, Send), effect
    assert isinstance(effect.message, kind)
    return effect.message


def wrong(desk: Desk, line: str) -> str:
    (effect,) = desk.typed(line, NOW)
    assert isinstance(effect, Show)
    assert effect.style == "wrong"
    return effect.text


def happened(event: domain.AnyEvent, seq: int = 41, **fields: Any) -> Happened:
    key = getattr(event, "room", None)
    values = {"at": NOW, "recorded_at": NOW, "stream": f"room/{key}" if key else "school", **fields}
    return Happened(seq=seq, event=event, **values)


def pressed(where: RoomKey = L213) -> domain.PresencePressed:
    return domain.PresencePressed(
        room=where,
        press=press(),
        signature="",
        pressed_at=NOW,
        earliest=NOW,
        received_at=NOW,
        effect="walk-in",
        until=at("10:10"),
    )


# -- the connection -------------------------------------------------------------------------------


def test_once_let_in_it_follows_the_school_the_roster_and_the_feed() -> None:
    effects = Desk().connected(welcome(), NOW)
    assert texts(effects) == ["* connected to École"]
    assert effects[1:] == [Send(Subscribe(topics=("school", "roster", "feed"), epoch=1))]


def test_when_the_server_goes_it_is_said_once_and_so_is_its_return() -> None:
    desk = at_work()
    assert texts(desk.lost("cut off", NOW)) == [
        "* the server is gone (cut off): trying again until it comes back"
    ]
    assert desk.lost("cut off", NOW) == []
    assert desk.status() == "not connected since 09:10:00: trying again"
    back = desk.connected(welcome(), NOW)
    assert texts(back) == ["* the server is back"]
    assert back[1] == Send(Subscribe(topics=("school", "roster", "feed"), epoch=1, seq=40)), (
        "only what changed"
    )


def test_a_server_that_never_answers_is_told_as_that() -> None:
    assert texts(Desk().lost("refused", NOW)) == [
        "* no server answers (refused): trying again until it comes back"
    ]


def test_a_log_that_was_cut_is_asked_for_as_a_whole() -> None:
    desk = at_work()
    desk.lost("", NOW)
    assert Send(Subscribe(topics=("school", "roster", "feed"), epoch=2)) in desk.connected(
        welcome(epoch=2), NOW
    )


def test_what_was_not_answered_is_told_as_unknown_and_channels_are_joined_again() -> None:
    desk = at_work()
    join = asked(desk, "/join wing-L", JoinChannel)
    heard(desk, Done(ref=join.id, seq=40))
    asked(desk, "/close L213 leak", CloseRoom)
    assert texts(desk.lost("cut off", NOW))[1:] == [
        "/close L213: the connection broke before the answer; look whether it was done"
    ]
    messages = [e.message for e in desk.connected(welcome(), NOW) if isinstance(e, Send)]
    assert [m.channel for m in messages if isinstance(m, JoinChannel)] == ["wing-L"]


def test_without_a_connection_nothing_is_sent_and_it_says_so() -> None:
    desk = Desk()
    for line in ("/sources", "/join wing-L", "/doors"):
        assert wrong(desk, line) == "not sent: there is no connection; the arrow up brings the line back"


def test_the_answers_of_an_earlier_connection_mean_nothing_later() -> None:
    desk = at_work()
    order = asked(desk, "/open L213", ReopenRoom)
    desk.lost("", NOW)
    desk.connected(welcome(), NOW)
    assert heard(desk, Done(ref=order.id, seq=50)) == []


# -- who is here ----------------------------------------------------------------------------------


def test_it_tells_who_is_here_and_who_comes_and_goes() -> None:
    desk = Desk()
    desk.connected(welcome(), NOW)
    everybody = Roster(members=(ME, AT_L213), boards=1, you="front-desk")
    assert heard(desk, *snapshot(), everybody) == ["* you are front-desk; 1 person, 1 door, 1 board"]
    assert heard(desk, everybody) == [], "who follows another topic is told all of it again"
    assert heard(desk, Joined(member=NIGHT)) == ["* night joined"]
    assert heard(desk, Joined(member=AT_V107)) == ["* door V107 joined"]
    assert heard(desk, Left(member=AT_L213)) == ["* door L213 left"]
    assert heard(desk, Left(member=AT_V107, how="cut off")) == ["* door V107 was cut off"]
    assert heard(desk, Left(member=NIGHT, how="cut off")) == ["* night was cut off"]
    assert heard(desk, Joined(member=ME)) == [], "I know that I came"
    assert desk.status().endswith("1 person, 0 doors, 1 board · feed: all but sensors")


def test_doors_that_come_back_with_the_server_are_counted_and_people_named() -> None:
    desk = at_work()
    desk.lost("", NOW)
    desk.connected(welcome(), NOW)
    assert heard(desk, Joined(member=AT_L213), Joined(member=AT_V107), Joined(member=NIGHT)) == [
        "* night joined"
    ]
    beat = Heartbeat(server_time=NOW, epoch=1, seq=40)
    assert heard(desk, beat) == ["* 2 doors are back"]
    assert heard(desk, beat) == []
    heard(desk, Joined(member=AT_L213))
    assert texts(desk.heard(beat, NOW + timedelta(seconds=30))) == ["* 1 door is back"]
    assert heard(desk, Joined(member=AT_V107)) == ["* door V107 joined"], "as usual from then on"


def test_a_list_in_several_messages_is_one() -> None:
    desk = at_work()
    assert heard(desk, Roster(members=(ME,), you="front-desk-2", more=True)) == []
    heard(desk, Roster(members=(NIGHT,), you="front-desk-2", boards=2))
    assert set(desk.known.members) == {"front-desk", "night"}
    assert desk.known.me == "front-desk-2"


def test_doors_are_told_of_as_far_as_the_feed_is_about_them_and_people_always() -> None:
    desk = at_work()
    desk.typed("/feed L", NOW)
    assert heard(desk, Joined(member=AT_V107)) == []
    assert heard(desk, Joined(member=AT_L213), Joined(member=NIGHT)) == [
        "* door L213 joined",
        "* night joined",
    ]
    desk.typed("/feed off", NOW)
    assert heard(desk, Left(member=AT_L213), Left(member=NIGHT)) == ["* night left"]
    assert "door L213" not in desk.known.members, "known all the same"


def test_who_lists_people_with_their_channels_and_doors_by_their_rooms() -> None:
    desk = at_work()
    heard(desk, Boards(count=12))
    assert texts(desk.typed("/who", NOW)) == [
        "front-desk (you), since 08:00",
        "night, since 08:30, in wing-L",
        "doors: L213",
        "2 people, 1 door, 12 boards",
    ]
    assert texts(desk.typed("/who wing-L", NOW)) == ["in wing-L: night"]
    assert texts(desk.typed("/who empty", NOW)) == ["in empty: nobody"]
    assert texts(desk.typed("/who doors", NOW)) == ["door L213, since 07:00"]


def test_doors_that_wait_to_be_paired_are_not_counted_as_devices() -> None:
    desk = at_work()
    new = Member(name="new door", role="unpaired", since=at("08:50"))
    sensor = Member(name="V107 sensor", role="device", since=at("08:50"), room=V107)
    assert heard(desk, Joined(member=new), Joined(member=sensor)) == [
        "* new door joined",
        "* V107 sensor joined",
    ]
    assert texts(desk.typed("/who", NOW))[-1] == "2 people, 1 door, 1 new door, 1 device, 3 boards"


def test_who_has_been_here_since_another_day_is_told_with_it() -> None:
    desk = at_work()
    heard(desk, Joined(member=replace(NIGHT, since=at("22:00", DAY - timedelta(days=1)))))
    assert "night, since 2026-11-19 22:00, in wing-L" in texts(desk.typed("/who", NOW))


# -- channels -------------------------------------------------------------------------------------


def test_people_talk_in_the_channel_they_joined_last() -> None:
    desk = at_work()
    assert "you are in no channel" in wrong(desk, "hello")
    join = asked(desk, "/join wing-L", JoinChannel)
    assert join.channel == "wing-L"
    assert heard(desk, Done(ref=join.id, seq=40)) == ["* you are in wing-L, with night"]
    assert asked(desk, "  who has the key ?", Say) == Say(
        id=join.id + 1, channel="wing-L", text="who has the key ?"
    )
    assert asked(desk, "/me waves", Say).action
    assert heard(desk, Said(channel="wing-L", name="night", text="me", at=NOW)) == [
        "09:10 [wing-L] <night> me"
    ]
    assert heard(desk, Said(channel="wing-L", name="night", text="waves", at=NOW, action=True)) == [
        "09:10 [wing-L] * night waves"
    ]
    other = asked(desk, "/join stairs", JoinChannel)
    heard(desk, Done(ref=other.id, seq=40))
    assert asked(desk, "echo", Say).channel == "stairs"
    leave = asked(desk, "/leave", LeaveChannel)
    assert leave.channel == "stairs"
    heard(desk, Done(ref=leave.id, seq=40))
    assert desk.channel == "wing-L"


def test_what_is_too_long_to_be_said_is_not_cut() -> None:
    desk = at_work()
    join = asked(desk, "/join wing-L", JoinChannel)
    heard(desk, Done(ref=join.id, seq=40))
    assert wrong(desk, "é" * 501) == "that has 501 letters, and 500 are the most"
    assert len(asked(desk, "é" * 500, Say).text) == 500


def test_several_lines_that_were_pasted_are_one() -> None:
    desk = at_work()
    join = asked(desk, "/join wing-L", JoinChannel)
    heard(desk, Done(ref=join.id, seq=40))
    assert asked(desk, "one\r\n/quit\ntwo\n", Say).text == "one /quit two"
    post = asked(desk, "/say all\nFermeture\nà 18h", PostNotice)
    assert (post.topic, post.text) == ("school", "Fermeture à 18h")


def test_a_channel_that_was_refused_is_not_joined() -> None:
    desk = at_work()
    join = asked(desk, "/join two words", JoinChannel)
    assert heard(desk, Refused(code="bad-message", reason="no channel", ref=join.id)) == [
        "/join two words: no channel"
    ]
    assert desk.channel == ""


def test_comings_and_goings_in_channels_are_told() -> None:
    desk = at_work()
    night = replace(NIGHT, channels=())
    assert heard(desk, Left(member=night, channel="wing-L")) == ["* night left wing-L"]
    assert heard(desk, Joined(member=NIGHT, channel="wing-L")) == ["* night joined wing-L"]
    assert texts(desk.typed("/who wing-L", NOW)) == ["in wing-L: night"]


# -- notices --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "topic", "text", "until"),
    [
        ("/say L213 Fuite d'eau", "room/L213", "Fuite d'eau", None),
        ("/say l213  two   blanks", "room/L213", "two blanks", None),
        ("/say L Exercice --until 18:00", "wing/L", "Exercice", "18:00"),
        ("/say --until 18:00 all Fermeture", "school", "Fermeture", "18:00"),
        ("/say all --until=18h Fermeture", "school", "Fermeture", "18:00"),
        ("/say amphi Micro en panne", "type/amphi", "Micro en panne", None),
        ("/say amphi curie Micro en panne", "room/V107", "Micro en panne", None),
        ("/say  Amphi  Curie --until 18:00 Micro", "room/V107", "Micro", "18:00"),
    ],
)
def test_say_puts_a_notice_on_doors(line: str, topic: str, text: str, until: str | None) -> None:
    post = asked(at_work(), line, PostNotice)
    assert (post.topic, post.text, post.until) == (topic, text, at(until) if until else None)


def test_a_notice_that_stands_can_be_withdrawn_by_the_number_that_was_told() -> None:
    desk = at_work()
    post = asked(desk, "/say L Exercice", PostNotice)
    assert heard(desk, Done(ref=post.id, seq=77)) == ["notice 77 is on wing L; /withdraw 77 takes it away"]
    heard(desk, Notices(notices=(Notice(number=77, topic="wing/L", text="Exercice", posted_at=NOW),)))
    assert texts(desk.typed("/notices", NOW)) == ["    77  wing L: Exercice"]
    withdraw = asked(desk, "/withdraw 77", WithdrawNotice)
    assert withdraw.notice == 77
    assert heard(desk, Refused(code="bad-message", reason="no notice 77 stands", ref=withdraw.id)) == [
        "/withdraw 77: no notice 77 stands"
    ]


def test_notices_that_have_ended_are_not_listed() -> None:
    desk = at_work()
    over = Notice(number=1, topic="school", text="x", posted_at=at("08:00"), until=at("09:00"))
    heard(desk, Notices(notices=(over,)))
    assert texts(desk.typed("/notices", NOW)) == ["no notice stands"]


def test_what_ends_on_another_day_is_told_with_it() -> None:
    desk = at_work()
    tomorrow = Notice(
        number=7, topic="school", text="x", posted_at=NOW, until=at("18:00", DAY + timedelta(days=1))
    )
    heard(desk, Notices(notices=(tomorrow,)))
    assert texts(desk.typed("/notices", NOW)) == ["     7  all doors until 2026-11-21 18:00: x"]
    close = asked(desk, "/close L213 2026-11-21T18:00", CloseRoom)
    assert heard(desk, Done(ref=close.id, seq=60)) == ["L213 is out of order until 2026-11-21 18:00"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/say", "that is /say"),
        ("/say Amphi Curie", "that is /say"),
        ("/say --until 18:00 all", "that is /say"),
        ("/notices all", "/notices takes nothing more, not 'all'"),
        ("/close Curie", "there is no room 'Curie'"),
        ("/find L213 seats", "'seats' is not understood; that is /find"),
        ("/pair 7K4M 2QXD X999", "there is no room 'X999'"),
        ("/pair", "that is /pair CODE L213"),
        ("/say L213", "that is /say"),
        ("/say X999 text", "there is no room, no wing and no type of rooms 'X999'"),
        ("/say all text --until 09:00", "09:00 is over already"),
        ("/say all text --until soon", "'soon' is no time"),
        ("/withdraw", "that is /withdraw N"),
        ("/withdraw all", "'all' is no number"),
        ("/withdraw ²", "is no number"),
        ("/room X999", "there is no room 'X999'"),
        ("/close", "that is /close L213"),
        ("/close L213 08:00 leak", "08:00 is over already"),
        ("/open L213 now", "takes nothing more"),
        ("/count L213", "'nothing' is no number"),
        ("/count L213 10001", "people are 0 to 10000"),
        ("/find", "say from where"),
        ("/find L213 0", "minutes are 1 to 1440"),
        ("/find L213 seats 0", "seats are 1 to 10000"),
        ("/find L213 soon", "'soon' is not understood"),
        ("/accept", "that is /accept SOURCE"),
        ("/pair 7K4M2QXD", "that is /pair CODE L213"),
        ("/pair L213", "that is /pair CODE L213"),
        ("/revoke ab", "no door of the last /doors begins with 'ab'"),
        ("/feed X999", "'X999' is no room, no wing and no kind of event"),
        ("/join", "that is /join CHANNEL"),
        ("/leave", "that is /leave"),
        ("/me", "that is /me waves"),
        ("/help dance", "there is no command /dance"),
        ("/dance", "there is no command /dance; /help lists them"),
        ("/", "there is no command /; /help lists them"),
        ("/sources now", "takes nothing more"),
        ("/say all " + "é" * 201, "a notice has 1 to 200 letters, this has 201"),
        ("/say all \x07", "the text holds the character U+0007"),
        ("/close L213 " + "é" * 201, "that has 201 letters, and 200 are the most"),
        ("/join " + "é" * 41, "that has 41 letters, and 40 are the most"),
        ("/pair 7K4M2QXD L213 " + "é" * 61, "that has 61 letters, and 60 are the most"),
    ],
)
def test_what_cannot_be_followed_is_told_with_what_can(line: str, why: str) -> None:
    assert why in wrong(at_work(), line)


# -- rooms ----------------------------------------------------------------------------------------


def test_a_room_is_told_as_it_is_now_with_its_day_its_door_and_its_notices() -> None:
    desk = at_work()
    heard(desk, Notices(notices=(Notice(number=7, topic="wing/L", text="Exercice", posted_at=NOW),)))
    assert texts(desk.typed("/room l213", NOW)) == [
        "L213: petit, 24 seats, whiteboard",
        "  now in use until 11:00",
        "  09:00–11:00  Algèbre (course, confirmed at 09:02)",  # noqa: RUF001
        "  its door is connected since 00:00",
        "  timetable read at 08:00",
        "  notice 7: Exercice",
    ]
    assert texts(desk.typed("/room amphi curie", NOW))[0] == "V107 Amphi Curie: amphi, 120 seats"


def test_what_changes_in_a_room_is_known_and_a_room_that_is_gone_is_gone() -> None:
    desk = at_work()
    k = known(replace(after(room(), ("09:05", "present")), key=L213, info=INFO["L213"]))
    heard(desk, replace(room_presence(k, NOW), watched_since=at("07:00"), headcount=12))
    lines = texts(desk.typed("/room L213", NOW))
    assert lines[1] == "  now occupied until 10:05, 12 people"
    assert "  its door is connected since 07:00" in lines
    heard(desk, TimetablesRead(readings={DAY: at("09:09")}))
    assert "  timetable read at 09:09" in texts(desk.typed("/room L213", NOW))
    heard(desk, SnapshotBegin(epoch=1, seq=50), *snapshot()[1:3], SnapshotEnd(seq=50))
    assert set(desk.known.rooms) == {"L213"}
    heard(desk, replace(room_day(k, NOW), retired=True))
    assert "there is no room" in wrong(desk, "/room L213")


def test_a_room_is_closed_opened_and_counted() -> None:
    desk = at_work()
    assert asked(desk, "/close L213 18:00 Fuite d'eau", CloseRoom) == CloseRoom(
        id=1, room=L213, until=at("18:00"), reason="Fuite d'eau"
    )
    close = asked(desk, "/close L213 12 chairs are broken", CloseRoom)
    assert (close.until, close.reason) == (None, "12 chairs are broken")
    assert heard(desk, Done(ref=close.id, seq=60)) == ["L213 is out of order"]
    assert asked(desk, "/open l213", ReopenRoom).room == L213
    count = asked(desk, "/count L213 1", SetHeadcount)
    assert (count.room, count.count) == (L213, 1)
    assert heard(desk, Done(ref=count.id, seq=61)) == ["L213: 1 person"]


def test_rooms_whose_names_have_several_words_are_understood_everywhere() -> None:
    desk = at_work()
    close = asked(desk, "/close Amphi Curie 18:00 micro", CloseRoom)
    assert (close.room, close.until, close.reason) == (V107, at("18:00"), "micro")
    assert asked(desk, "/open amphi  curie", ReopenRoom).room == V107
    assert asked(desk, "/count AMPHI CURIE 80", SetHeadcount).room == V107
    assert asked(desk, "/pair 7K4M 2QXD Amphi Curie north", Pair).name == "north"
    wish = asked(desk, "/find 30 amphi curie seats 100", Find).wish
    assert (wish.origin, wish.minutes, wish.seats) == (V107, 30, 100)


FREE, UNKNOWN = Status(name="free"), Status(name="unknown")
OUT = Status(name="free", closed=True, out_of_order=True)
OUT_UNKNOWN = Status(name="unknown", closed=True, out_of_order=True)
NIGHTLY, NIGHTLY_BOOKED = Status(name="free", closed=True), Status(name="booked", closed=True)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ({"09:00": FREE}, "free"),
        ({"09:00": FREE, "11:00": Status(name="soon")}, "free until 11:00"),
        ({"09:00": FREE, "13:00": UNKNOWN}, "free"),
        ({"09:00": OUT, "13:00": OUT_UNKNOWN}, "out of order"),
        ({"09:00": OUT, "13:00": OUT_UNKNOWN, "14:00": UNKNOWN}, "out of order until 14:00"),
        ({"09:00": NIGHTLY, "09:30": NIGHTLY_BOOKED, "10:00": UNKNOWN}, "closed (free) until 10:00"),
        ({"08:00": UNKNOWN, "09:05": FREE, "09:30": Status(name="booked")}, "free until 09:30"),
    ],
)
def test_a_state_is_told_to_last_until_its_sign_changes_and_not_until_a_timetable_has_aged(
    then: dict[str, Status], told: str
) -> None:
    desk = at_work()
    starts = [*map(at, then), at("00:00", DAY + timedelta(days=1))]
    plan = tuple(
        Stretch(start=start, until=until, status=status)
        for start, until, status in zip(starts, starts[1:], then.values(), strict=False)
    )
    closure = DayClosure(since=at("09:00")) if OUT in then.values() else None
    heard(desk, replace(room_day(known(room()), NOW), plan=plan, closure=closure))
    assert texts(desk.typed("/room L213", NOW))[1] == f"  now {told}"


def test_find_asks_from_where_one_is_and_tells_what_was_found() -> None:
    desk = at_work(room=V107)
    assert asked(desk, "/find", Find).wish.origin == V107
    find = asked(desk, "/find L213 90 seats 30 projector", Find)
    wish = find.wish
    assert (wish.origin, wish.minutes, wish.seats, wish.projector, wish.whiteboard) == (
        L213,
        90,
        30,
        True,
        False,
    )
    answer = Answer(
        wish=wish,
        rooms=(Candidate(room=V107, name="V107", seats=120, until=at("13:00")),),
        refused=(Refusal(room=RoomKey("L209"), name="L209", why="too-small"),),
    )
    assert heard(desk, Found(ref=find.id, answer=answer)) == [
        "→ V107     free until 13:00, 120 seats",
        "nearer, but:",
        "  L209     has fewer than 30 seats",
    ]
    assert asked(desk, "/find 30", Find).wish.origin == L213, "where it was last asked from"


# -- timetables, doors ----------------------------------------------------------------------------


def test_timetables_are_told_and_judged() -> None:
    desk = at_work()
    ask = asked(desk, "/sources", AskSources)
    report = SourceReport(
        source=SourceName("oasis"),
        kind="oasis",
        outcome="suspect",
        reason="lost 80 of 90",
        read_at=at("09:05"),
        bookings=90,
    )
    assert heard(desk, Sources(ref=ask.id, sources=(report,))) == [
        "oasis (oasis): suspect: lost 80 of 90; read 5 min ago, 90 bookings",
        "  /accept oasis or /refuse oasis says what is true",
    ]
    assert asked(desk, "/accept oasis", JudgeReading).accept
    refuse = asked(desk, "/refuse oasis", JudgeReading)
    assert not refuse.accept
    assert heard(desk, Done(ref=refuse.id, seq=60)) == ["the reading of oasis is refused"]


@pytest.mark.parametrize("code", ["7K4M2QXD", "7K4M-2QXD", "7K4M 2QXD"])
def test_a_door_is_paired_however_its_code_is_typed(code: str) -> None:
    desk = at_work()
    pair = asked(desk, f"/pair {code} L213 north door", Pair)
    assert pair.code.replace("-", "") == "7K4M2QXD"
    assert (pair.room, pair.name) == (L213, "north door")
    (said,) = heard(desk, Paired(room=L213, kiosk=DOOR, ref=pair.id))
    assert said.startswith("door dddddddd hangs at L213 now")


def test_doors_are_listed_and_revoked_by_the_beginning_of_their_names() -> None:
    desk = at_work()
    ask = asked(desk, "/doors", AskAccess)
    doors = tuple(
        KnownDoor(kiosk=KioskId(letter * 32), room=L213, name="north", connected=letter == "a")
        for letter in "ab"
    )
    lines = heard(
        desk, Accesses(ref=ask.id, doors=doors[:1], more=True), Accesses(ref=ask.id, doors=doors[1:])
    )
    assert lines == ["aaaaaaaa  L213     connected  north", "bbbbbbbb  L213     NOT CONNECTED  north"]
    assert desk.completions("/revoke b") == ["bbbbbbbb"]
    assert asked(desk, "/revoke bb", RevokeDoor).kiosk == "b" * 32
    again = asked(desk, "/doors", AskAccess)
    assert heard(desk, Accesses(ref=again.id)) == ["no door is paired or configured"]
    assert "no door of the last /doors" in wrong(desk, "/revoke bb")


# -- the feed -------------------------------------------------------------------------------------


def test_events_are_shown_as_they_come_with_the_name_of_their_room() -> None:
    desk = at_work()
    assert heard(desk, happened(pressed())) == [
        "09:10:00  L213: somebody came, without a booking, until 10:10"
    ]
    assert heard(desk, happened(pressed(V107)))[0].startswith("09:10:00  Amphi Curie (V107): ")


def test_what_was_written_later_than_it_happened_is_told_with_both_times() -> None:
    (told,) = heard(at_work(), happened(pressed(), at=at("08:40")))
    assert told.startswith("09:10:00")
    assert told.endswith("(at 08:40)")


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ("on", ["L213", "V107", "read"]),
        ("all", ["L213", "V107", "read", "air"]),
        ("off", []),
        ("L", ["L213"]),
        ("l213", ["L213"]),
        ("V L213", ["L213", "V107"]),
        ("presses", ["L213", "V107"]),
        ("presses V", ["V107"]),
        ("timetables", ["read"]),
        ("sensors L", ["air"]),
    ],
)
def test_the_feed_shows_what_was_chosen(words: str, seen: list[str]) -> None:
    desk = at_work()
    desk.typed(f"/feed {words}", NOW)
    events: dict[str, domain.AnyEvent] = {
        "L213": pressed(),
        "V107": pressed(V107),
        "read": domain.TimetableRead(sources=()),
        "air": domain.AirMeasured(room=L213, kiosk=DOOR, co2=700),
    }
    assert [name for name, event in events.items() if heard(desk, happened(event))] == seen


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ("on", ["school", "wing/V", "type/petit", "room/L213", "withdrawn"]),
        ("L", ["school", "type/petit", "room/L213", "withdrawn"]),
        ("V107", ["school", "wing/V", "withdrawn"]),
        ("presses L", []),
    ],
)
def test_notices_are_shown_where_they_are_on_a_door_that_was_chosen(words: str, seen: list[str]) -> None:
    desk = at_work()
    desk.typed(f"/feed {words}", NOW)
    (posted,) = (event for event in golden_events() if isinstance(event, domain.NoticePosted) and event.until)
    events: dict[str, domain.AnyEvent] = {
        topic: replace(posted, topic=topic) for topic in ("school", "wing/V", "type/petit", "room/L213")
    }
    events["withdrawn"] = domain.NoticeWithdrawn(notice=7)
    assert [name for name, event in events.items() if heard(desk, happened(event))] == seen
    assert heard(Desk(), happened(posted)), "also before the rooms are known"


def test_a_feed_that_is_off_is_not_sent_either() -> None:
    desk = at_work()
    assert desk.typed("/feed off", NOW)[1:] == [Send(Unsubscribe(topics=("feed",)))]
    assert desk.typed("/feed off", NOW)[1:] == []
    assert desk.typed("/feed presses", NOW)[1:] == [
        Send(Subscribe(topics=("school", "roster", "feed"), epoch=1, seq=40))
    ]
    assert texts(desk.typed("/feed", NOW)) == ["feed: presses"]
    desk.typed("/feed off", NOW)
    desk.lost("", NOW)
    assert Send(Subscribe(topics=("school", "roster"), epoch=1, seq=40)) in desk.connected(welcome(), NOW)


def test_events_that_were_missed_are_told_by_their_number() -> None:
    desk = at_work()
    (told,) = heard(desk, Missed(first=50, last=1049))
    assert told.startswith("* 1000 events were not shown")
    assert heard(desk, Missed(first=7, last=7))[0].startswith("* 1 event was not shown")


def test_what_happened_while_there_was_no_connection_is_told_as_a_number() -> None:
    desk = at_work()
    desk.lost("", NOW)
    desk.connected(welcome(), NOW)
    begin = SnapshotBegin(epoch=1, seq=47, whole=False)
    assert heard(desk, begin, SnapshotEnd(seq=47)) == ["* meanwhile: 7 events"]
    assert heard(desk, begin, SnapshotEnd(seq=48)) == [], "once"


def test_a_notice_in_the_feed_has_its_text_from_those_that_stand() -> None:
    desk = at_work()
    heard(desk, Notices(notices=(Notice(number=77, topic="wing/L", text="Exercice", posted_at=NOW),)))
    (notice,) = (event for event in golden_events() if isinstance(event, domain.NoticePosted) and event.until)
    assert heard(desk, happened(notice, seq=77)) == [
        "09:10:00  notice 77 on wing L until 18:00, by operator 3: Exercice"
    ]


def test_every_kind_of_event_has_words_of_its_own_and_a_kind_to_be_chosen_by() -> None:
    every = set(get_args(domain.AnyEvent))
    chosen = [event for events in KINDS.values() for event in events]
    assert set(chosen) == every
    assert len(chosen) == len(every)
    teller = Teller(PARIS, {})
    told = {type(event): teller.tell(event, 42, NOW) for event in golden_events()}
    assert set(told) == every
    assert not [text for text in told.values() if "does not know" in text or "\n" in text]
    bare = {text.partition(": ")[2] or text for text in told.values()}
    assert len(bare) == len(every), "no two kinds read the same"


# -- the terminal ---------------------------------------------------------------------------------


def test_what_others_wrote_cannot_move_the_cursor() -> None:
    desk = at_work()
    text = "\x1b[2J\x07\u202ehidden\r\n"
    effects = desk.heard(Said(channel="c", name="\x1b]0;x", text=text, at=NOW), NOW)
    assert isinstance(effects[0], Show)
    assert shown(effects[0]) == "09:10 [c] <�]0;x> �[2J���hidden��".replace("���hidden", "��hidden")


@given(st.text())
def test_whatever_comes_only_shows(text: str) -> None:
    assert all(letter.isprintable() or letter in "\u200c\u200d" for letter in printable(text))


def test_bytes_that_are_no_text_are_not_sent() -> None:
    assert wrong(at_work(), "/say all caf\udce9") == "that holds bytes that are no text in UTF-8"


WORDS = st.one_of(
    st.sampled_from(
        ["L213", "amphi", "Amphi", "L", "all", "--until", "18:00", "9h", "60", "seats", "wing-L", "oasis"]
    ),
    st.text(max_size=12),
    st.text(min_size=190, max_size=520),
)
LINES = st.tuples(st.sampled_from([*COMMANDS, "", "nonsense"]), st.lists(WORDS, max_size=4))


@given(LINES, st.booleans())
def test_whatever_is_typed_is_sent_as_the_server_takes_it_or_refused_in_words(
    line: tuple[str, list[str]], talks: object
) -> None:
    desk = at_work()
    if talks:
        join = asked(desk, "/join wing-L", JoinChannel)
        heard(desk, Done(ref=join.id, seq=40))
    typed = " ".join([f"/{line[0]}" if line[0] else "", *line[1]])
    for effect in desk.typed(typed, NOW):
        assert isinstance(effect, Show | Send | Quit)
        if isinstance(effect, Send):
            assert read_client_message(encode(effect.message)) == effect.message
    desk.completions(typed)


def test_words_are_completed_by_what_there_is() -> None:
    desk = at_work()
    heard(desk, Notices(notices=(Notice(number=77, topic="school", text="x", posted_at=NOW),)))
    assert desk.completions("/re") == ["/refuse", "/revoke"]
    assert desk.completions("/room l2") == ["L213", "L209"]
    assert desk.completions("/say ") == ["L", "V", "L213", "L209", "V107", "all"]
    assert desk.completions("/feed pr") == ["presses"]
    assert desk.completions("/withdraw 7") == ["77"]
    assert desk.completions("/join w") == ["wing-L", "wing-V"]
    assert desk.completions("/help wi") == ["withdraw"]
    assert desk.completions("hello wi") == []


def test_help_names_every_command_and_quit_leaves() -> None:
    desk = Desk()
    listed = "\n".join(texts(desk.typed("/help", NOW)))
    assert all(f"/{name}" in listed for name in COMMANDS)
    (only,) = texts(desk.typed("/help /quit", NOW))
    assert "leave" in only
    assert desk.typed("/quit", NOW) == [Quit()]
    assert desk.typed("   ", NOW) == []


def test_hours_are_those_of_the_server_and_the_school_whatever_this_machine_thinks() -> None:
    desk = at_work()
    heard(desk, Heartbeat(server_time=NOW + timedelta(hours=5), epoch=1, seq=40))
    assert "is over already" in wrong(desk, "/say all text --until 14:00")
    assert asked(desk, "/say all text --until 14:11", PostNotice).until == at("14:11")


# -- what is typed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "hour"), [("18:00", "18:00"), ("9:30", "09:30"), ("18h", "18:00"), ("18h30", "18:30")]
)
def test_hours_are_read_as_people_write_them(word: str, hour: str) -> None:
    assert instant(word, NOW, PARIS) == at(hour)


def test_a_day_may_stand_before_the_hour() -> None:
    assert instant("2026-11-21T18:00", NOW, PARIS) == at("18:00", DAY + timedelta(days=1))


@pytest.mark.parametrize("word", ["24:00", "18:60", "18", "h", "", "2026-13-01", "0001-01-01T00:00", "now"])
def test_what_is_no_time_is_told_as_that(word: str) -> None:
    with pytest.raises(ValueError, match=r"no time|over already"):
        instant(word, NOW, PARIS)


def test_until_is_taken_out_wherever_it_stands() -> None:
    assert take_until("a --until 18:00 b") == ("a b", "18:00")
    assert take_until("a --until=18:00") == ("a", "18:00")
    assert take_until("a-until 18:00") == ("a-until 18:00", None)


def test_a_room_s_key_counts_before_another_room_s_name() -> None:
    places = Places({RoomKey("A"): RoomInfo(name="B"), RoomKey("B"): RoomInfo(name="A")})
    assert (places.room("a"), places.room("b")) == ("A", "B")


def test_a_feed_says_what_it_shows() -> None:
    assert str(Feed()) == "all but sensors"
    assert str(Feed(on=False)) == "off"
    assert str(Feed(kinds=frozenset(KINDS), wings=frozenset({"L"}))) == "all, wing L"
