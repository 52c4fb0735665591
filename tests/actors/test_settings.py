"""The server's configuration."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from actors.settings import Door, SchoolSettings, Source, read_school
from events.domain import ClosedDays, Hours, Policy
from events.errors import ConfigError
from events.ids import RoomKey, SourceName
from events.signing import kiosk_id
from scraper.facts import Lens

ROOMS = "".join(f'[[room]]\nid = "{key}"\n' for key in ("L213", "L218", "V005C"))
KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
OTHER_KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
L213, L218, V005C = RoomKey("L213"), RoomKey("L218"), RoomKey("V005C")


def read(folder: Path, content: str) -> SchoolSettings:
    (folder / "rooms.toml").write_text(ROOMS, encoding="utf-8")
    path = folder / "school.toml"
    path.write_text(content, encoding="utf-8")
    return read_school(path)


def refusal(folder: Path, content: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, content)
    return str(caught.value).removeprefix(f"{folder}/")


def test_an_empty_file_is_a_school_with_the_defaults(tmp_path: Path) -> None:
    school = read(tmp_path, "")
    assert (school.name, school.zone) == ("École", "Europe/Paris")
    assert (school.host, school.port, school.data) == ("127.0.0.1", 8765, Path("/var/lib/toctoc"))
    assert (school.policy, school.hours) == (Policy(), Hours())
    assert list(school.rooms) == ["L213", "L218", "V005C"]
    assert (school.closed, school.sources, school.kinds, school.doors) == ((), (), (), ())
    assert not school.board_titles
    assert school.board_url == ""
    assert school.policy.motion_counts_for == 0


def test_all_that_is_written_is_there(tmp_path: Path) -> None:
    school = read(
        tmp_path,
        f"""
        [school]
        name = "Mines"
        zone = "Europe/Berlin"
        [server]
        host = "0.0.0.0"
        port = 0
        data = "var/log"
        [policy]
        walk_in = 30
        motion_counts_for = 5
        release_exempt_rooms = ["V005C"]
        [hours]
        monday = "08:00-12:00, 13:30-18:00"
        sunday = ""
        [board]
        titles = true
        url = "https://rooms.school.example/live/"
        [[closed]]
        first = 2026-12-24
        [[closed]]
        first = 2026-07-14
        last = 2026-08-31
        rooms = ["L213"]
        [[source]]
        name = "oasis"
        url = "http://127.0.0.1:8000/rooms?day={{day}}"
        refresh = 2
        [[door]]
        room = "L213"
        key = "{KEY.upper()}"
        """,
    )
    assert (school.name, school.zone) == ("Mines", "Europe/Berlin")
    assert (school.host, school.port, school.data) == ("0.0.0.0", 0, tmp_path / "var/log")
    assert school.policy == Policy(walk_in=30, release_exempt_rooms=(V005C,), motion_counts_for=5)
    assert school.hours == Hours(monday="08:00-12:00, 13:30-18:00", sunday="")
    assert school.board_titles
    assert school.board_url == "https://rooms.school.example/live"
    assert school.closed == (
        ClosedDays(first=date(2026, 12, 24), last=date(2026, 12, 24)),
        ClosedDays(first=date(2026, 7, 14), last=date(2026, 8, 31), rooms=(L213,)),
    )
    assert school.sources == (
        Source(name=SourceName("oasis"), url="http://127.0.0.1:8000/rooms?day={day}", refresh=2),
    )
    assert school.doors == (Door(room=L213, key=KEY),)
    assert school.doors[0].kiosk == kiosk_id(KEY)


def test_the_inventory_lies_beside_the_file_or_where_it_says(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "rooms.toml").write_text('[[room]]\nid = "A1"\n', encoding="utf-8")
    assert list(read(tmp_path, '[school]\nrooms = "plan/rooms.toml"').rooms) == ["A1"]
    absolute = tmp_path / "plan" / "rooms.toml"
    assert list(read(tmp_path, f'[school]\nrooms = "{absolute}"').rooms) == ["A1"]


def test_rooms_know_which_timetables_speak_of_them(tmp_path: Path) -> None:
    table = '[[source]]\nname = "{}"\nurl = "http://x"\nrooms = {}\n'
    one = read(tmp_path, table.format("all", "[]"))
    assert {key: room.sources for key, room in one.rooms.items()} == {L213: (), L218: (), V005C: ()}
    two = read(tmp_path, table.format("all", "[]") + table.format("wing", '["L213"]'))
    assert {key: room.sources for key, room in two.rooms.items()} == {
        L213: (),  # both
        L218: ("all",),
        V005C: ("all",),
    }


def test_the_first_pattern_that_matches_names_the_kind(tmp_path: Path) -> None:
    school = read(
        tmp_path,
        """
        [[kind]]
        name = "exam"
        pattern = '^(examen|partiel)\\b'
        [[kind]]
        name = "course"
        pattern = "cours|TD"
        """,
    )
    lens = Lens(source=SourceName("oasis"), key=b"", kinds=school.kind_patterns(), rooms={})
    assert lens.kind_of("Examen de cours magistral") == "exam"
    assert lens.kind_of("td de mécanique") == "course"
    assert lens.kind_of("Réunion") == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_a_server_without_doors_keys_listens_on_loopback(tmp_path: Path, host: str) -> None:
    assert read(tmp_path, f'[server]\nhost = "{host}"').host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "toctoc.school.example"])
def test_it_listens_anywhere_else_with_tls_unless_it_is_told_otherwise(tmp_path: Path, host: str) -> None:
    everywhere = read(tmp_path, f'[server]\nhost = "{host}"')
    assert everywhere.tls.serve
    assert not everywhere.local
    assert not read(tmp_path, f'[server]\nhost = "{host}"\n[tls]\nuse = "never"').tls.serve


@pytest.mark.parametrize(
    ("host", "tls", "address"),
    [
        ("127.0.0.1", "auto", "ws://127.0.0.1:8765"),
        ("::1", "auto", "ws://[::1]:8765"),
        ("0.0.0.0", "auto", "wss://127.0.0.1:8765"),
        ("::", "never", "ws://[::1]:8765"),
        ("192.168.1.4", "auto", "wss://192.168.1.4:8765"),
    ],
)
def test_a_program_on_the_same_machine_knows_where_the_server_is(
    tmp_path: Path, host: str, tls: str, address: str
) -> None:
    assert read(tmp_path, f'[server]\nhost = "{host}"\n[tls]\nuse = "{tls}"').address == address


def test_the_certificate_lies_beside_the_file_or_where_it_says(tmp_path: Path) -> None:
    tls = read(tmp_path, '[tls]\ncertificate = "a.pem"\nkey = "/etc/b.pem"').tls
    assert (tls.serve, tls.certificate, tls.key) == (True, tmp_path / "a.pem", Path("/etc/b.pem"))
    board = read(tmp_path, "[board]\nhttp = true\nhttp_port = 80")
    assert board.http_port == 80
    assert read(tmp_path, "").http_port is None


SOURCE = '[[source]]\nname = "oasis"\nurl = "http://x"\n'
DOOR = f'[[door]]\nroom = "L213"\nkey = "{KEY}"\n'
URL_ALLOWED = "allowed is an http:// or https:// address, in which {day}, {start} and {end} may stand"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "[polcy]\nwalk_in = 3",
            (
                "[polcy]: unknown section; did you mean [policy]? known sections: [school], [server], "
                "[policy], [hours], [board], [tls], [limits], [devices], [[closed]], [[source]], "
                "[[kind]], [[door]]"
            ),
        ),
        (
            "[policy]\nwalkin = 3",
            (
                "[policy] walkin: unknown key; did you mean walk_in? known keys: check_in_before, "
                "check_in_after, walk_in, soon, stale_after, unknown_after, release, release_after, "
                "release_warning, release_exempt_length, release_exempt_kinds, release_exempt_rooms, "
                "release_exempt_seen, search, motion_counts_for"
            ),
        ),
        (
            f"[[door]]\nroom = 'L213'\nkey = '{'00' * 32}'",
            '[[door]] no. 1 "L213": key: this is no key: everybody could sign with it',
        ),
        ("[tls]\nkey = 'a'", "[tls] certificate: is missing; needed is the file that goes with key"),
        (
            "[tls]\ncertificate = 'a'",
            "[tls] key: is missing; needed is the file with the certificate's private key",
        ),
        (
            "[tls]\nuse = 'proxy'",
            (
                "[tls] certificate: is missing; needed is the proxy's certificate (not its key): "
                "doors answer for it"
            ),
        ),
        (
            "[tls]\nnames = ['https://rooms']",
            (
                '[tls] names: "https://rooms" is not allowed; allowed is a host name or an address, such as '
                '"rooms.school.example"'
            ),
        ),
        (
            "[board]\nhttp = true\nhttp_port = 8765",
            "[board] http_port: 8765 is already the port of [server]",
        ),
        (
            "[limits]\nunauthenticated = 0",
            "[limits] unauthenticated: 0 is not allowed; allowed is an integer from 1 to 10000",
        ),
        ("[school]\nname = ''", '[school] name: "" is not allowed; allowed is a text in quotes, not empty'),
        (
            "[school]\nzone = 'Paris'",
            '[school] zone: "Paris" is no time zone; allowed is one such as "Europe/Paris"',
        ),
        ("[school]\nzone = ''", '[school] zone: "" is no time zone; allowed is one such as "Europe/Paris"'),
        (
            "[server]\nport = 65536",
            "[server] port: 65536 is not allowed; allowed is an integer from 0 to 65535",
        ),
        (
            "[policy]\nwalk_in = 0",
            "[policy] walk_in: 0 is not allowed; allowed is an integer from 1 to 1440 (minutes)",
        ),
        (
            "[policy]\nsoon = 1441",
            "[policy] soon: 1441 is not allowed; allowed is an integer from 0 to 1440 (minutes)",
        ),
        ("[policy]\nrelease_warning = 16", "[policy] release_warning: 16 is after release_after, 15"),
        (
            "[policy]\nunknown_after = 9",
            "[policy] unknown_after: 9 is before stale_after, 10: nobody would be warned",
        ),
        (
            "[policy]\nrelease_exempt_rooms = ['L2I3']",
            '[policy] release_exempt_rooms: "L2I3" is no room of rooms.toml; did you mean L213?',
        ),
        (
            "[policy]\nrelease_exempt_kinds = ['exm']\n[[kind]]\nname = 'exam'\npattern = 'x'",
            '[policy] release_exempt_kinds: no [[kind]] is named "exm"; did you mean exam?',
        ),
        (
            "[hours]\nmonday = '8h-12h'",
            "[hours] monday: '8h-12h' is no span of hours; allowed is HH:MM-HH:MM, from 00:00 to 24:00",
        ),
        (
            "[[closed]]\nfirst = 2026-12-24\nlast = 2026-12-23",
            "[[closed]] no. 1: last: 2026-12-23 is before first, 2026-12-24",
        ),
        (
            "[[closed]]\nlast = 2026-12-23",
            "[[closed]] no. 1: first: missing; needed is a date such as 2026-12-24",
        ),
        (
            "[[closed]]\nfirst = 2026-12-24\nrooms = ['Z9']",
            '[[closed]] no. 1: rooms: "Z9" is no room of rooms.toml',
        ),
        (SOURCE + SOURCE, '[[source]] no. 2 "oasis": name: "oasis" is already the name of [[source]] no. 1'),
        (
            "[[source]]\nname = 'a:b'\nurl = 'http://x'",
            (
                '[[source]] no. 1 "a:b": name: "a:b" is not allowed; allowed is 1 to 32 letters, '
                "digits, - and _, such as oasis"
            ),
        ),
        (
            SOURCE + "kind = 'ical'",
            (
                '[[source]] no. 1 "oasis": kind: "ical" is not allowed; '
                'allowed is "fullcalendar-json" or "ics" or "oasis" or "table"'
            ),
        ),
        (
            SOURCE + "refresh = 0",
            '[[source]] no. 1 "oasis": refresh: 0 is not allowed; allowed is an integer from 1 to 86400',
        ),
        (
            SOURCE + 'contact = "a\\nb"',
            (
                '[[source]] no. 1 "oasis": contact: "a\\nb" is not allowed; allowed is a text in plain '
                "ASCII on one line"
            ),
        ),
        (
            SOURCE + "rooms = ['Z9']",
            '[[source]] no. 1 "oasis": rooms: "Z9" is no room of rooms.toml',
        ),
        (
            "[[source]]\nname = 'oasis'\nurl = 'file:///x'",
            f'[[source]] no. 1 "oasis": url: "file:///x" is not allowed; {URL_ALLOWED}',
        ),
        (
            "[[source]]\nname = 'oasis'\nurl = 'http://'",
            f'[[source]] no. 1 "oasis": url: "http://" is not allowed; {URL_ALLOWED}',
        ),
        (
            "[[source]]\nname = 'oasis'\nurl = 'http://x:port/'",
            f'[[source]] no. 1 "oasis": url: "http://x:port/" is not allowed; {URL_ALLOWED}',
        ),
        (
            "[[source]]\nname = 'oasis'\nurl = 'http://x/{date}'",
            f'[[source]] no. 1 "oasis": url: "{{date}}" is not allowed; {URL_ALLOWED}',
        ),
        (
            "[[kind]]\nname = 'exam'\npattern = '('",
            (
                '[[kind]] no. 1 "exam": pattern: is no regular expression: missing ), unterminated '
                "subpattern at position 0"
            ),
        ),
        (
            "[[door]]\nroom = 'L213'\nkey = 'abc'",
            (
                '[[door]] no. 1 "L213": key: "abc" is not allowed; allowed is 64 hex digits, as '
                "`toctoc kiosk --show-key` prints them"
            ),
        ),
        (
            DOOR.replace("L213", "L2130"),
            '[[door]] no. 1 "L2130": room: "L2130" is no room of rooms.toml; did you mean L213?',
        ),
        (
            DOOR + DOOR.replace("L213", "L218").replace(KEY, KEY.upper()),
            '[[door]] no. 2 "L218": key: is already the key of [[door]] no. 1; each door has its own',
        ),
    ],
)
def test_what_is_wrong_is_refused_in_these_words(tmp_path: Path, content: str, message: str) -> None:
    assert refusal(tmp_path, content) == f"school.toml: {message}"


def test_a_room_may_have_several_doors(tmp_path: Path) -> None:
    assert len(read(tmp_path, DOOR + DOOR.replace(KEY, OTHER_KEY)).doors) == 2


def test_a_missing_inventory_is_named(tmp_path: Path) -> None:
    message = "nowhere.toml: cannot be read: No such file or directory"
    assert refusal(tmp_path, "[school]\nrooms = 'nowhere.toml'") == message


@pytest.mark.parametrize("url", ["http://10.0.0.5", "http://board:8080/", "https://rooms.school.example"])
def test_a_board_has_an_address_that_a_phone_can_open(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, f'[board]\nurl = "{url}"').board_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "rooms.school.example",
        "ftp://rooms.school.example",
        "https://",
        "https:///live",
        "https://rooms.school.example?day=1",
        "https://rooms.school.example/#L213",
        "https://rooms school.example",
        "https://user:secret@rooms.school.example",
        "https://rooms.school.example:0",
        "https://rooms.school.example:port",
        "https://[rooms",
    ],
)
def test_an_address_that_no_phone_can_open_is_refused(tmp_path: Path, url: str) -> None:
    assert refusal(tmp_path, f'[board]\nurl = "{url}"') == (
        f'school.toml: [board] url: "{url}" is not allowed; allowed is "" or an http:// or https:// address '
        'without a query, such as "https://rooms.school.example"'
    )


@pytest.mark.parametrize("minutes", [-1, 1441])
def test_a_motion_counts_for_a_day_at_most(tmp_path: Path, minutes: int) -> None:
    assert refusal(tmp_path, f"[policy]\nmotion_counts_for = {minutes}") == (
        f"school.toml: [policy] motion_counts_for: {minutes} is not allowed; allowed is an integer from 0 to "
        "1440 (minutes)"
    )
