"""Doors in every state that they can show, as models: for tests and for pictures."""

# ruff: noqa: RUF001  # titles as people write them

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from events.domain import Hours, Policy, RoomInfo
from events.ids import BookingId, EventId, RoomKey
from events.search import Wish
from events.state import LastIntent, Rules
from events.wire import (
    Air,
    DayBooking,
    DayClosure,
    Heartbeat,
    Notice,
    Notices,
    Pressed,
    Refused,
    RoomDay,
    RoomPresence,
    ServerMessage,
    SnapshotBegin,
    SnapshotEnd,
    Welcome,
)
from kiosk.door.model import Model, begun
from kiosk.door.update import passed, update
from kiosk.drawing.picture import Size, ViewModel
from kiosk.inbox import (
    Action,
    AirFelt,
    Ask,
    Count,
    FaultFound,
    Gesture,
    LinkChanged,
    Noted,
    OpenPage,
    Received,
    Speak,
    StuckChanged,
    Tapped,
    Touched,
)
from kiosk.view import view

PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2026, 11, 20)
ROOM = RoomKey("L213")
SIZES = ((800, 480), (1280, 800), (1920, 1080), (720, 1280))
INFO = RoomInfo(
    name="L213",
    type="petit",
    seats=24,
    wing="L",
    number=213,
    whiteboard=True,
    blackboard=True,
    projector=True,
    tv=True,
)
RULES = Rules(
    zone="Europe/Paris",
    policy=Policy(),
    hours=Hours(
        monday="08:00-20:00",
        tuesday="08:00-20:00",
        wednesday="08:00-20:00",
        thursday="08:00-20:00",
        friday="08:00-20:00",
        saturday="09:00-12:00",
        sunday="",
    ),
)


def at(hour: int, minute: int = 0, second: int = 0, *, day: date = TODAY) -> datetime:
    """Tell an instant of the day by the clocks of the school."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=PARIS).astimezone(UTC)


def booking(
    name: str,
    start: datetime,
    end: datetime,
    title: str | None,
    *,
    all_day: bool = False,
    unsure: bool = False,
    first_seen: datetime | None = None,
) -> DayBooking:
    return DayBooking(
        id=BookingId(f"oasis:{name}"),
        start=start,
        end=end,
        first_seen=first_seen or start - timedelta(days=7),
        title=title,
        all_day=all_day,
        unsure=unsure,
    )


ANALYSIS = booking("a", at(8, 30), at(10), "Analyse numérique : TD groupe 3")
DESIGN = booking("b", at(10, 15), at(12), "Soutenances de projet « Conception d’un robot autonome » (jury B)")
ENGLISH = booking("c", at(14, 30), at(16), "Anglais S7")
LAST = booking("d", at(16, 15), at(18), "Réunion du conseil des études de l’école d’ingénieurs")
TOMORROW = booking("e", at(9, day=TODAY + timedelta(days=1)), at(11, day=TODAY + timedelta(days=1)), "Forum")
BOOKINGS = (ANALYSIS, DESIGN, ENGLISH, LAST, TOMORROW)


def day(
    now: datetime,
    *,
    bookings: tuple[DayBooking, ...] = BOOKINGS,
    read: timedelta | None = timedelta(minutes=3),
    closure: DayClosure | None = None,
    retired: bool = False,
    info: RoomInfo = INFO,
    room: RoomKey = ROOM,
) -> RoomDay:
    return RoomDay(
        room=room,
        seq=40,
        info=info,
        bookings=bookings,
        readings={} if read is None else {TODAY: now - read, TODAY + timedelta(days=1): now - read},
        closure=closure,
        retired=retired,
    )


def presence(
    *,
    last: LastIntent | None = None,
    confirmed: dict[BookingId, datetime] | None = None,
    watched_since: datetime | None = None,
    seq: int = 41,
    room: RoomKey = ROOM,
) -> RoomPresence:
    return RoomPresence(room=room, seq=seq, last=last, confirmed=confirmed or {}, watched_since=watched_since)


def timeless(model: Model) -> Model:
    """Give a door that knows the same and cannot tell the time."""
    return replace(model, hearing=replace(model.hearing, clock_known=False))


def received(model: Model, now: datetime, *messages: ServerMessage) -> Model:
    for message in messages:
        model = update(model, Received(message=message, at=now), now)
    return model


def welcome(now: datetime, rules: Rules = RULES) -> Welcome:
    return Welcome(
        role="kiosk", school="École d’ingénieurs", epoch=1, server_time=now, rules=rules, room=ROOM
    )


def door(
    now: datetime, room_day: RoomDay | None, there: RoomPresence | None = None, rules: Rules = RULES
) -> Model:
    """A door that is connected and has its snapshot."""
    model = begun(ROOM, now - timedelta(hours=3))
    model = update(model, LinkChanged(state="up", at=now), now)
    model = received(model, now, welcome(now, rules), SnapshotBegin(epoch=1, seq=41))
    if room_day is not None:
        model = received(model, now, room_day)
    if there is not None:
        model = received(model, now, there)
    return received(model, now, SnapshotEnd(seq=41), Heartbeat(server_time=now, epoch=1, seq=41))


def said(pressed_at: datetime, until: datetime | None) -> LastIntent:
    return LastIntent(
        pressed_at=pressed_at,
        press=EventId("other.door.1"),
        intent="leaving" if until is None else "present",
        until=until,
    )


Scene = tuple[Model, datetime]


def free() -> Scene:
    now = at(12, 24)
    return door(now, day(now), presence(confirmed={ANALYSIS.id: at(8, 28), DESIGN.id: at(10, 20)})), now


def free_for_the_day() -> Scene:
    now = at(18, 5)
    return door(now, day(now, bookings=(ANALYSIS,)), presence()), now


def free_all_day_without_hours() -> Scene:
    now = at(10, 5)
    return door(now, day(now, bookings=()), presence(), Rules(zone="Europe/Paris")), now


def soon() -> Scene:
    now = at(14, 22)
    return door(now, day(now), presence()), now


def in_use() -> Scene:
    now = at(10, 42)
    there = presence(last=said(at(10, 12), at(12)), confirmed={DESIGN.id: at(10, 12), ANALYSIS.id: at(8, 40)})
    return door(now, day(now), there), now


def occupied() -> Scene:
    now = at(12, 48)
    return door(now, day(now), presence(last=said(at(12, 30), at(13, 30)))), now


def occupied_early() -> Scene:
    now = at(14, 26)
    there = presence(last=said(at(14, 25), at(16)), confirmed={ENGLISH.id: at(14, 25)})
    return door(now, day(now), there), now


def booked() -> Scene:
    now = at(14, 37)
    return door(now, day(now), presence()), now


def booked_left() -> Scene:
    now = at(11, 5)
    there = presence(last=said(at(10, 40), None), confirmed={DESIGN.id: at(10, 12)})
    return door(now, day(now), there), now


def booked_all_day() -> Scene:
    now = at(11, 5)
    whole = booking("w", at(0), at(0, day=TODAY + timedelta(days=1)), "Journée portes ouvertes", all_day=True)
    return door(now, day(now, bookings=(whole,)), presence()), now


RELEASING = replace(RULES, policy=Policy(release=True))


def warning() -> Scene:
    now = at(14, 42)
    return door(now, day(now), presence(watched_since=at(7)), RELEASING), now


def released() -> Scene:
    now = at(14, 50)
    return door(now, day(now), presence(watched_since=at(7)), RELEASING), now


def unknown() -> Scene:
    now = at(13, 5)
    return door(now, day(now, read=timedelta(hours=5, minutes=2)), presence()), now


def never_read() -> Scene:
    now = at(13, 5)
    return door(now, day(now, read=None), presence()), now


def closed() -> Scene:
    now = at(20, 40)
    return door(now, day(now), presence()), now


def closed_over_sunday() -> Scene:
    now = at(15, 0, day=TODAY + timedelta(days=1))
    return door(now, day(now, bookings=()), presence()), now


def out_of_order() -> Scene:
    now = at(11, 20)
    closure = DayClosure(since=at(9), until=at(17), reason="Vidéoprojecteur en panne, technicien attendu")
    return door(now, day(now, closure=closure), presence()), now


def out_of_order_for_long() -> Scene:
    now = at(11, 20)
    return door(now, day(now, closure=DayClosure(since=at(9))), presence()), now


def starting() -> Scene:
    now = at(7, 58)
    return begun(ROOM, now - timedelta(seconds=2)), now


def no_server() -> Scene:
    now = at(7, 58)
    return begun(ROOM, now - timedelta(minutes=4)), now


def unknown_room() -> Scene:
    now = at(10)
    return door(now, None), now


def cut_off() -> Scene:
    model, now = free()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(minutes=4)


def cut_off_with_press() -> Scene:
    model, now = cut_off()
    noted = Noted(press=EventId("me.x.1"), intent="present", pressed_at=now - timedelta(minutes=1))
    return update(model, noted, now - timedelta(minutes=1)), now


def cut_off_while_booked() -> Scene:
    model, now = booked()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(minutes=4)


def released_and_cut_off() -> Scene:
    model, now = released()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(minutes=4)


def short_cut() -> Scene:
    model, now = free()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    return model, now + timedelta(seconds=5)


def refused_door() -> Scene:
    now = at(9, 12)
    model = begun(ROOM, now - timedelta(minutes=4))
    refused = LinkChanged(state="refused", at=now - timedelta(minutes=3), why="unknown-key")
    return update(model, refused, now), now


def stale() -> Scene:
    now = at(12, 24)
    return door(now, day(now, read=timedelta(minutes=52)), presence()), now


def stuck() -> Scene:
    model, now = free()
    return update(model, StuckChanged(stuck=True, at=1.0), now), now


def disk_broken() -> Scene:
    model, now = free()
    return update(model, FaultFound(what="disk", why="read-only"), now), now


PRESS = EventId("me.x.1")


def touched() -> Scene:
    model, now = free()
    return update(model, Touched(at=1.0), now), now


def holding() -> Scene:
    model, now = in_use()
    return update(model, Touched(at=1.0), now), now + timedelta(seconds=0.9)


def sending() -> Scene:
    model, now = touched()
    return update(model, Gesture(intent="present", at=1.0), now), now


def noted() -> Scene:
    model, now = sending()
    return update(model, Noted(press=PRESS, intent="present", pressed_at=now), now), now


def kept() -> Scene:
    model, now = cut_off()
    return update(model, Noted(press=PRESS, intent="present", pressed_at=now), now), now


def recorded() -> Scene:
    model, now = noted()
    answer = Pressed(ref=PRESS, seq=42, effect="walk-in", until=now + timedelta(hours=1))
    there = presence(last=said(now, now + timedelta(hours=1)), seq=42)
    return received(model, now, answer, there), now


def recorded_leaving() -> Scene:
    model, now = in_use()
    model = update(model, Noted(press=PRESS, intent="leaving", pressed_at=now), now)
    return received(model, now, Pressed(ref=PRESS, seq=42, effect="left")), now


def refused() -> Scene:
    model, now = noted()
    return received(model, now, Refused(code="too-fast", reason="slow down", ref=PRESS)), now


LONG_INFO = replace(INFO, name="Amphithéâtre Henri-Poincaré (bâtiment des sciences)", seats=420)


def long_names() -> Scene:
    now = at(10, 42)
    title = (
        "Conférence inaugurale du cycle « Mathématiques, informatique et société » : "
        "anticonstitutionnellement-vôtre/débat avec la salle"
    )
    bookings = (
        booking("x", at(10), at(12), title),
        booking("y", at(13), at(17, 30), "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"),
    )
    there = presence(confirmed={bookings[0].id: at(9, 58)}, last=said(at(9, 58), at(12)))
    return door(now, day(now, bookings=bookings, info=LONG_INFO), there), now


def strange_titles() -> Scene:
    now = at(10, 42)
    bookings = (
        booking("x", at(10), at(12), "🎉 Fête\u202fdu département\n👩‍🔬\t(salle\u200b comble) \x07"),
        booking("y", at(13), at(14), "محاضرة في الرياضيات"),
    )
    return door(now, day(now, bookings=bookings), presence()), now


COUNT = 12


def headcount() -> Scene:
    now = at(10, 42)
    there = replace(
        presence(last=said(at(10, 12), at(12)), confirmed={DESIGN.id: at(10, 12)}), headcount=COUNT
    )
    return door(now, day(now), there), now


NOTICE = Notice(
    number=7,
    topic="wing/L",
    text="Vendredi 27 : coupure d’électricité dans l’aile L de 7 h à 9 h",
    posted_at=at(8),
    until=at(18),
)
OTHER_NOTICE = Notice(number=5, topic="school", text="Bibliothèque fermée ce soir", posted_at=at(7))
LONGEST_NOTICE = Notice(
    number=9,
    topic="room/L213",
    text=(
        "Examen de rattrapage de mathématiques : les étudiants de deuxième année sont attendus "
        "à 13 h 45 devant la salle avec leur carte ; sacs et téléphones restent à l’entrée. "
        "N’entrez pas pendant l’épreuve."
    ),
    posted_at=at(9),
)


def told(scene: Scene, *notices: Notice) -> Scene:
    model, now = scene
    return received(model, now, Notices(notices=notices)), now


def notice() -> Scene:
    return told(free(), NOTICE)


def short_notice() -> Scene:
    return told(occupied(), OTHER_NOTICE)


def notices() -> Scene:
    return told(booked(), LONGEST_NOTICE, NOTICE, OTHER_NOTICE)


def notice_and_banner() -> Scene:
    model, now = cut_off()
    return replace(model, told=replace(model.told, notices=(NOTICE,))), now


AIR = Air(temperature=21.4, humidity=45.2, co2=643)


def air() -> Scene:
    model, now = free()
    return update(model, AirFelt(air=AIR, at=1.0), now), now + timedelta(minutes=2)


def bad_air() -> Scene:
    model, now = in_use()
    return update(model, AirFelt(air=replace(AIR, co2=1238), at=1.0), now), now


BOARD = "https://salles.ecole.example"


def code() -> Scene:
    model, now = free()
    return replace(model, told=replace(model.told, board=BOARD)), now


def code_in_use() -> Scene:
    model, now = headcount()
    return replace(model, told=replace(model.told, board=BOARD)), now


def evening() -> Scene:
    now = at(19, 12)
    return door(now, day(now, bookings=(ANALYSIS,)), presence()), now


def evening_in_use() -> Scene:
    now = at(19, 12)
    return door(now, day(now), presence(last=said(at(18, 50), at(19, 50)))), now


def mono() -> Scene:
    model, now = free()
    return replace(model, setup=replace(model.setup, theme="mono")), now


def mono_in_use() -> Scene:
    model, now = in_use()
    return replace(model, setup=replace(model.setup, theme="mono")), now


def asleep() -> Scene:
    now = at(22, 40)
    model = door(now, day(now), presence())
    return replace(model, setup=replace(model.setup, night_hours="21:00-07:00")), now


def asleep_blank() -> Scene:
    model, now = asleep()
    return replace(model, setup=replace(model.setup, night="blank")), now


def asleep_cut_off() -> Scene:
    model, now = asleep()
    return update(model, LinkChanged(state="down", at=now, why="gone"), now), now + timedelta(minutes=4)


def woken() -> Scene:
    model, now = asleep()
    return update(model, Tapped(action=None, at=1.0), now), now + timedelta(seconds=5)


def several_faults() -> Scene:
    model, now = cut_off()
    model = update(model, FaultFound(what="disk", why="read-only"), now)
    return update(model, StuckChanged(stuck=True, at=1.0), now), now


def button_broken() -> Scene:
    model, now = free()
    return update(model, FaultFound(what="button", why="no GPIO"), now), now


def display_broken() -> Scene:
    model, now = free()
    return update(model, FaultFound(what="display", why="unplugged"), now), now


def small_faults() -> Scene:
    model, now = free()
    model = update(model, FaultFound(what="light", why="no GPIO"), now)
    return update(model, FaultFound(what="sensor", why="unplugged"), now), now


def silent() -> Scene:
    """The line is there, and the server at its other end hangs."""
    model, now = free()
    return model, now + timedelta(minutes=3)


def touch_off() -> Scene:
    model, now = headcount()
    return replace(model, setup=replace(model.setup, touch=False)), now


def touch_off_free() -> Scene:
    model, now = code()
    return replace(model, setup=replace(model.setup, touch=False)), now


def english() -> Scene:
    model, now = headcount()
    return update(model, Tapped(action=Speak("en"), at=1.0), now), now


def everything() -> Scene:
    """All at once: cut off with a press kept, notices, head count, air, code, touch."""
    model, now = headcount()
    model = update(model, AirFelt(air=AIR, at=1.0), now)
    model = replace(model, told=replace(model.told, notices=(NOTICE, OTHER_NOTICE), board=BOARD))
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    later = now + timedelta(minutes=4)
    noted = Noted(press=PRESS, intent="present", pressed_at=later - timedelta(minutes=1))
    return passed(update(model, noted, later - timedelta(minutes=1)), later), later


def everything_and_longest() -> Scene:
    """Likewise with the longest notice, several faults and a sign of two words."""
    model, now = everything()
    closure = DayClosure(since=at(9), until=at(17), reason="Vidéoprojecteur en panne, technicien attendu")
    days = {ROOM: day(at(10, 42), closure=closure, info=LONG_INFO)}
    model = replace(model, told=replace(model.told, notices=(LONGEST_NOTICE, NOTICE), days=days))
    model = update(model, FaultFound(what="disk", why="read-only"), now)
    return update(model, FaultFound(what="display", why="unplugged"), now), now


def recorded_with_everything() -> Scene:
    model, now = everything()
    known = recorded()[0].presses.feedback
    assert known is not None
    return replace(
        model, presses=replace(model.presses, feedback=replace(known, until=now + timedelta(seconds=5)))
    ), now


def find_page() -> Scene:
    """In the corridor L210 to L218, odd and even doors mixed, and one room in another wing."""
    model, now = in_use()
    corridor = [(RoomKey(f"L{n}"), "L", n) for n in range(210, 219) if n != 213]
    for room, wing, number in [*corridor, (RoomKey("M104"), "M", 104)]:
        info = replace(
            INFO,
            name=room,
            wing=wing,
            number=number,
            seats=12 + number % 7 * 8,
            tv=False,
            projector=number % 2 == 0,
        )
        bookings = () if number % 3 else (replace(DESIGN, id=BookingId(f"oasis:{room}"), title=None),)
        model = received(model, now, day(now, room=room, info=info, bookings=bookings), presence(room=room))
    return update(model, Tapped(action=OpenPage("find"), at=1.0), now), now


def stay_page() -> Scene:
    model, now = free()
    return update(model, Tapped(action=OpenPage("stay"), at=1.0), now), now


def clock_unknown() -> Scene:
    """A Pi without a clock that has reached neither a time server nor ours."""
    now = at(0, 3, day=date(2026, 1, 1))
    return begun(ROOM, now - timedelta(minutes=4), clock_known=False), now


SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene
    for scene in (
        free,
        free_for_the_day,
        free_all_day_without_hours,
        soon,
        in_use,
        occupied,
        occupied_early,
        booked,
        booked_left,
        booked_all_day,
        warning,
        released,
        unknown,
        never_read,
        closed,
        closed_over_sunday,
        out_of_order,
        out_of_order_for_long,
        starting,
        no_server,
        unknown_room,
        cut_off,
        cut_off_with_press,
        cut_off_while_booked,
        released_and_cut_off,
        short_cut,
        refused_door,
        stale,
        stuck,
        disk_broken,
        touched,
        holding,
        sending,
        noted,
        kept,
        recorded,
        recorded_leaving,
        refused,
        long_names,
        strange_titles,
        headcount,
        notice,
        short_notice,
        notices,
        notice_and_banner,
        air,
        bad_air,
        code,
        code_in_use,
        evening,
        evening_in_use,
        mono,
        mono_in_use,
        asleep,
        asleep_blank,
        asleep_cut_off,
        woken,
        several_faults,
        button_broken,
        display_broken,
        small_faults,
        silent,
        touch_off,
        touch_off_free,
        english,
        everything,
        everything_and_longest,
        recorded_with_everything,
        find_page,
        stay_page,
        clock_unknown,
    )
}

STATES: tuple[str, ...] = (
    "free",
    "soon",
    "in_use",
    "booked",
    "warning",
    "released",
    "unknown",
    "closed",
    "out_of_order",
    "stale",
    "cut_off",
    "kept",
    "recorded",
    "notice",
    "everything",
    "touch_off",
    "find_page",
    "stay_page",
    "asleep",
)
"""The scenes that are kept as pictures: each sign, each answer, each page."""


# -- pages that are touched -------------------------------------------------------------------

NEIGHBOURS: tuple[tuple[str, RoomInfo], ...] = tuple(
    (name, replace(INFO, name=name, wing=name[0], number=int(name[1:4]), letter=name[4:], **more))
    for name, more in (
        ("L019", {"seats": 12, "projector": False}),
        ("L210", {"seats": 18, "whiteboard": False}),
        ("L211", {"seats": 18, "type": "petit"}),
        ("L212", {"seats": 30, "blackboard": False, "tv": False}),
        ("L214", {"seats": 24}),
        ("L215", {"seats": 24, "tv": False}),
        ("L216", {"seats": 48, "projector": False, "tv": False}),
        ("L218", {"seats": 48, "whiteboard": False, "blackboard": False}),
        ("L312", {"seats": 30, "tv": False}),
        ("L313", {"seats": 20}),
        ("V106A", {"seats": 64}),
        ("V106B", {"seats": 33}),
        ("V107", {"seats": 132}),
    )
)
"""The rooms around L213: name, and what is other there."""


def school(model: Model, now: datetime, *, free: tuple[str, ...] = ()) -> Model:
    """Let a door know its neighbours: those named are free, the others booked or in use."""
    for n, (name, info) in enumerate(NEIGHBOURS):
        key = RoomKey(name)
        until = at(18) if name in ("L312", "V106B") else at(16) if n % 2 else at(15, 30)
        busy = booking(name, at(12), until, None)
        later = booking(f"{name}-later", at(16) if n % 3 else at(15), at(18), None)
        bookings = (later,) if name in free else (busy,)
        here = {} if n % 4 else {busy.id: at(12, 5)}
        there = presence(room=key, last=said(at(12, 10), at(13, 10)) if n == 4 else None, confirmed=here)
        model = received(model, now, day(now, room=key, info=info, bookings=bookings), there)
    return model


FREE_ROOMS = ("L212", "L216", "L218", "L313", "V106A", "V107")


def asked(scene: Scene, *actions: Action) -> Scene:
    """Touch one thing after another, half a second apart."""
    model, now = scene
    for action in actions:
        model = update(model, Tapped(action, 0.0), now)
        now += timedelta(seconds=0.5)
    return model, now


def find_rooms() -> Scene:
    model, now = occupied()
    return asked((school(model, now, free=FREE_ROOMS), now), OpenPage("find"))


def find_sides() -> Scene:
    model, now = find_rooms()
    return replace(model, setup=replace(model.setup, rises="left")), now


def find_toggles() -> Scene:
    wish = Wish(origin=ROOM, minutes=120, seats=30, whiteboard=True, projector=True)
    return asked(find_rooms(), Ask(wish))


def find_released() -> Scene:
    now = at(12, 48)
    model = door(now, day(now), presence(), RELEASING)
    model = school(model, now)
    key = RoomKey("L214")
    empty = booking("empty", at(12), at(14), None)
    there = presence(room=key, watched_since=at(7))
    model = received(model, now, day(now, room=key, info=NEIGHBOURS[4][1], bookings=(empty,)), there)
    return asked((model, now), OpenPage("find"))


def find_nothing() -> Scene:
    wish = Wish(origin=ROOM, minutes=90, seats=30, blackboard=True, projector=True)
    model, now = occupied()
    return asked((school(model, now, free=("L216", "L218", "L212")), now), OpenPage("find"), Ask(wish))


def find_nothing_at_all() -> Scene:
    model, now = occupied()
    return asked((school(model, now), now), OpenPage("find"))


def find_old() -> Scene:
    model, now = find_rooms()
    model = update(model, LinkChanged(state="down", at=now, why="gone"), now)
    now += timedelta(minutes=3, seconds=20)
    return asked((passed(model, now - timedelta(seconds=1)), now), OpenPage("find"))


def find_waiting() -> Scene:
    return asked(no_server(), OpenPage("find"))


def stay_free() -> Scene:
    return asked(free(), OpenPage("stay"))


def stay_for_the_day() -> Scene:
    return asked(free_all_day_without_hours(), OpenPage("stay"))


def stay_before_a_booking() -> Scene:
    now = at(14, 5)
    return asked((door(now, day(now), presence()), now), OpenPage("stay"))


def stay_check_in() -> Scene:
    return asked(booked(), OpenPage("stay"))


def stay_longer() -> Scene:
    return asked(occupied(), OpenPage("stay"))


def stay_counted() -> Scene:
    return asked(stay_longer(), Count(1), Count(2), Count(14))


def stay_in_use() -> Scene:
    return asked(in_use(), OpenPage("stay"))


def stay_closed() -> Scene:
    return asked(closed(), OpenPage("stay"))


def stay_unknown() -> Scene:
    return asked(no_server(), OpenPage("stay"))


PAGES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene
    for scene in (
        find_rooms,
        find_sides,
        find_toggles,
        find_released,
        find_nothing,
        find_nothing_at_all,
        find_old,
        find_waiting,
        stay_free,
        stay_for_the_day,
        stay_before_a_booking,
        stay_check_in,
        stay_longer,
        stay_counted,
        stay_in_use,
        stay_closed,
        stay_unknown,
    )
}
SCENES.update(PAGES)


@cache
def picture(name: str, language: str = "fr", size: Size = SIZES[0]) -> ViewModel:
    """Describe the picture of a scene: once for all tests that look at it."""
    model, now = SCENES[name]()
    return view(model, now, size, language)
