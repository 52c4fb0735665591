"""What somebody would try who means ill, against the whole server."""

from __future__ import annotations

import http.client
import resource
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

import actors.live.ports
import actors.live.serving
from actors.entry.access import GUESS_BURST, GUESS_RATE
from actors.entry.credentials import new_secret, proof_of, token
from actors.entry.tls import Tls
from actors.settings import TlsSettings
from events.ids import KioskId, RoomKey
from events.signing import answer_device, kiosk_id
from events.wire import (
    PROTOCOL,
    Accesses,
    AskAccess,
    Challenge,
    CloseRoom,
    Done,
    GrantAccess,
    Granted,
    Hello,
    KnownAccess,
    Pair,
    Paired,
    PairingCode,
    Ping,
    Pong,
    PostNotice,
    Pressed,
    Refused,
    RevokeAccess,
    RevokeDoor,
    SayPresence,
    SetHeadcount,
    Welcome,
    encode,
)
from tests.actors.stack import TIMEOUT, DoorClient, School, Talk, eventually, greeted, running
from tests.clock import FakeClock

L213, L227 = RoomKey("L213"), RoomKey("L227")
BOARD = Hello(role="board")
TLS = '[tls]\nuse = "always"'


def operator(school: School) -> Talk:
    """The server's own token, as the commands use it."""
    return greeted(school.address, Hello(role="operator", token=school.token))


def grant(school: School, name: str = "Marie") -> tuple[int, str]:
    """Let somebody in, and give the number and the token."""
    secret = new_secret()
    with operator(school) as desk:
        desk.say(GrantAccess(id=1, name=name, role="operator", proof=proof_of("operator", secret)))
        number = desk.until(Granted).access
    return number, token(number, secret)


def refused(address: str, hello: Hello, **options: Any) -> Refused:
    """Say hello, and be turned away."""
    with Talk(address, **options) as talk:
        talk.hear()
        talk.say(hello)
        said = talk.hear()
        assert isinstance(said, Refused)
        assert talk.code() == 1008
        return said


def pair(school: School, door: DoorClient, room: RoomKey = L213) -> None:
    """Pair a door as an operator does, by the code that it shows."""
    with Talk(school.address) as waits, operator(school) as desk:
        challenge = waits.hear()
        assert isinstance(challenge, Challenge)
        waits.say(door.unpaired(challenge.nonce, waits.server))
        code = waits.until(PairingCode).code
        desk.say(Pair(id=7, code=code, room=room))
        paired = desk.until(Paired)
        assert (paired.ref, paired.kiosk, paired.room) == (7, door.kiosk, room)
        told = waits.until(Paired)
        assert (told.kiosk, told.room, told.server) == (door.kiosk, room, waits.server)
        assert waits.code() == 1000


def get(school: School, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    """Ask for a page as a browser does."""
    host, port = school.app.address
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def log_in(school: School, secret: str) -> str:
    """Log a browser in, and give its cookie."""
    answer = get(school, "/login", {"Authorization": f"Bearer {secret}"})
    assert answer.status == 200
    cookie = answer.getheader("Set-Cookie") or ""
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie
    return cookie.partition(";")[0]


def ours(school: School) -> str:
    host, port = school.app.address
    return f"http://{host}:{port}"


# -- a door that is nobody's ----------------------------------------------------------------------


@pytest.mark.parametrize("more", ["", TLS], ids=["plain", "tls"])
def test_a_paired_door_is_known_from_then_on_also_after_a_restart(tmp_path: Path, more: str) -> None:
    door = DoorClient("L213")
    with running(tmp_path, more=more, doors=[("L227", DoorClient("L227").key)]) as school:
        pair(school, door)
        with door.connect(school.address) as talk:
            talk.say(door.press())
            assert talk.until(Pressed).effect == "walk-in"
        (event,) = school.records("door-paired")
        assert event.stream == "school"
    with running(tmp_path, more=more, doors=[("L227", DoorClient("L227").key)]) as school:
        door.connect(school.address).connection.close()
        elsewhere = DoorClient("L227", door.key)
        with Talk(school.address) as talk:
            challenge = talk.hear()
            assert isinstance(challenge, Challenge)
            talk.say(elsewhere.hello(challenge.nonce, talk.server))
            assert talk.until(Refused).reason == "the door with this key belongs to L213, not L227"


def test_a_door_that_lost_the_word_that_it_is_paired_is_told_again(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with running(tmp_path, doors=[("L213", door.key)]) as school, Talk(school.address) as talk:
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        talk.say(door.unpaired(challenge.nonce))
        assert talk.until(Paired).room == "L213"
        assert talk.code() == 1000


def test_whoever_has_no_key_gets_no_code(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with running(tmp_path) as school, Talk(school.address) as talk:
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        talk.say(door.unpaired("00" * 32))
        assert talk.until(Refused).code == "not-authenticated"


def test_who_guesses_codes_makes_the_doors_show_others(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with running(tmp_path) as school, Talk(school.address) as waits, operator(school) as desk:
        challenge = waits.hear()
        assert isinstance(challenge, Challenge)
        waits.say(door.unpaired(challenge.nonce))
        first = waits.until(PairingCode).code
        for n in range(5):
            desk.say(Pair(id=n, code="CCCC-DDDD", room=L213))
            assert desk.until(Refused, ref=n).code == "not-allowed"
        assert waits.until(PairingCode).code != first
        desk.say(Pair(id=9, code=first, room=L213))
        assert desk.until(Refused, ref=9).code == "not-allowed"
    assert school.records("door-paired") == []


# -- keys that were stolen, answers that were heard -----------------------------------------------


def test_a_stolen_key_and_its_door_are_never_there_together(tmp_path: Path) -> None:
    """The newest wins, so that the owner notices, and a revocation ends both."""
    door = DoorClient("L213")
    thief = DoorClient("L213", door.key)
    with running(tmp_path, doors=[("L213", door.key)]) as school, operator(school) as desk:
        with door.connect(school.address) as owner, thief.connect(school.address) as stolen:
            with pytest.raises(ConnectionClosed):
                owner.to_the_end()
            with door.connect(school.address) as again:
                with pytest.raises(ConnectionClosed):
                    stolen.to_the_end()
                desk.say(RevokeDoor(id=1, kiosk=door.kiosk))
                desk.until(Done)
                began = time.monotonic()
                with pytest.raises(ConnectionClosed):
                    again.to_the_end()
                assert time.monotonic() - began < 1.0
        with pytest.raises(ConnectionClosed):
            door.connect(school.address)


def test_a_revoked_door_stays_out_after_a_restart_until_it_is_paired_again(tmp_path: Path) -> None:
    """Also where the configuration still has its key."""
    door = DoorClient("L213")
    doors = [("L213", door.key)]
    with running(tmp_path, doors=doors) as school, operator(school) as desk:
        desk.say(RevokeDoor(id=1, kiosk=KioskId("ab" * 16)))
        assert desk.until(Refused, ref=1).code == "bad-message"
        desk.say(RevokeDoor(id=2, kiosk=door.kiosk))
        desk.until(Done)
    with running(tmp_path, doors=doors) as school:
        with Talk(school.address) as talk:
            challenge = talk.hear()
            assert isinstance(challenge, Challenge)
            talk.say(door.hello(challenge.nonce))
            assert talk.until(Refused).code == "unknown-key"
        pair(school, door)
        door.connect(school.address).connection.close()


def test_an_answer_that_was_heard_is_no_answer_to_another_challenge(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with running(tmp_path, doors=[("L213", door.key)]) as school, Talk(school.address) as heard:
        challenge = heard.hear()
        assert isinstance(challenge, Challenge)
        hello = door.hello(challenge.nonce)
        assert refused(school.address, hello).code == "not-authenticated"


def test_a_key_with_which_everybody_can_sign_is_no_key(tmp_path: Path) -> None:
    """The neutral element as public key: R = identity and S = 0 fit whatever was said, for OpenSSL."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    weak, signature = "01" + "00" * 31, "01" + "00" * 63
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(weak)).verify(bytes.fromhex(signature), b"anything")
    with pytest.raises(ValueError, match="everybody could sign"):
        kiosk_id(weak)
    hello = Hello(role="kiosk", key=weak, room=L213, signature=signature)
    with running(tmp_path) as school:
        assert refused(school.address, hello).code == "not-authenticated"


@contextmanager
def relay(target: str, folder: Path) -> Iterator[str]:
    """Stands between a door and its server and hands everything on, with a certificate of its own."""
    tls = Tls(TlsSettings(serve=True), folder)

    def play(door: ServerConnection) -> None:
        with Talk(target) as server:
            try:
                door.send(server.connection.recv(timeout=TIMEOUT))
                server.say_raw(door.recv(timeout=TIMEOUT))
                door.send(server.connection.recv(timeout=TIMEOUT))
            except ConnectionClosed:
                return

    with serve(
        play, "127.0.0.1", 0, ssl=tls.context, subprotocols=[Subprotocol(PROTOCOL)], compression=None
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"wss://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_who_stands_in_between_cannot_hand_an_answer_on(tmp_path: Path) -> None:
    door = DoorClient("L213")
    (tmp_path / "relay").mkdir()
    with (
        running(tmp_path, more=TLS, doors=[("L213", door.key)]) as school,
        relay(school.address, tmp_path / "relay") as between,
        Talk(between) as talk,
    ):
        assert talk.server != school.fingerprint
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        talk.say(door.hello(challenge.nonce, talk.server))
        said = talk.hear()
        assert isinstance(said, Refused)
        assert said.code == "not-authenticated"


# -- logins ---------------------------------------------------------------------------------------


def test_an_operator_logs_in_and_what_they_do_bears_their_number(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        number, secret = grant(school)
        with greeted(school.address, Hello(role="operator", token=secret, name="Marie")) as desk:
            (welcome,) = [message for message in desk.heard if isinstance(message, Welcome)]
            assert (welcome.operator, welcome.name) == (number, "Marie")
            desk.say(PostNotice(id=3, topic="school", text="Grève"))
            desk.until(Done)
            desk.say(CloseRoom(id=4, room=L213))
            desk.until(Done)
            desk.say(AskAccess(id=5))
            (known,) = desk.until(Accesses).accesses
            assert isinstance(known, KnownAccess)
            assert (known.access, known.name, known.connected) == (number, "Marie", True)
        for tag in ("notice-posted", "room-closed"):
            (recorded,) = school.records(tag)
            assert recorded.event.operator == number  # type: ignore[union-attr]
        assert school.records("access-granted")[0].event.operator == 0  # type: ignore[union-attr]


def test_no_secret_and_no_name_is_in_the_log_or_in_any_file_but_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with running(tmp_path) as school:
        _, secret = grant(school, "Zoé Quichenon")
        cookie = log_in(school, secret)
        greeted(school.address, Hello(role="operator", token=secret)).connection.close()
    text = secret.partition(".")[2]
    value = cookie.partition("=")[2]
    held = {path for path in school.data.rglob("*") if path.is_file()}
    assert held
    for path in held:
        assert text.encode() not in path.read_bytes(), path
        assert value.encode() not in path.read_bytes(), path
    named = {path.name for path in held if "Zoé".encode() in path.read_bytes()}
    assert "access.json" in named
    assert not [name for name in named if name.startswith("log.db")]
    assert text not in caplog.text
    assert value not in caplog.text


def test_a_revoked_login_falls_at_once_and_stays_so(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        number, secret = grant(school)
        cookie = log_in(school, secret)
        hello = Hello(role="operator", token=secret)
        page = {"additional_headers": {"Cookie": cookie}, "origin": ours(school)}
        with (
            greeted(school.address, hello) as program,
            greeted(school.address, Hello(role="operator"), **page) as browser,
            operator(school) as desk,
        ):
            desk.say(RevokeAccess(id=1, access=number))
            desk.until(Done)
            began = time.monotonic()
            for talk in (program, browser):
                with pytest.raises(ConnectionClosed):
                    talk.to_the_end()
            assert time.monotonic() - began < 1.0
        assert refused(school.address, hello).code == "not-authenticated"
        assert refused(school.address, Hello(role="operator"), **page).code == "not-authenticated"
        assert get(school, "/login", {"Authorization": f"Bearer {secret}"}).status == 401
        assert b"Marie" not in (school.data / "access.json").read_bytes()
    with running(tmp_path) as school:
        assert refused(school.address, hello).code == "not-authenticated"
        assert grant(school, "Paul")[0] == number + 1, "no number is given twice"


def test_who_guesses_tokens_is_stopped_and_others_are_not(tmp_path: Path) -> None:
    clock = FakeClock()
    with running(tmp_path, clock) as school:
        number, secret = grant(school)
        hello = Hello(role="operator", token=secret)
        for n in range(GUESS_BURST):
            wrong = Hello(role="operator", token=token(number, f"{n:043}"))
            assert refused(school.address, wrong).code == "not-authenticated"
        assert refused(school.address, hello).code == "too-fast"
        assert get(school, "/login", {"Authorization": f"Bearer {secret}"}).status == 429
        # Another address of loopback, as another machine has.
        greeted(school.address, hello, source_address=("127.0.0.2", 0)).connection.close()
        clock.advance(1 / GUESS_RATE)
        greeted(school.address, hello).connection.close()


def test_nobody_guesses_at_the_login_of_the_page_either(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        number, secret = grant(school)
        statuses = [
            get(school, "/login", {"Authorization": f"Bearer {number}.{n:043}"}).status
            for n in range(GUESS_BURST + 1)
        ]
        assert statuses == [401] * GUESS_BURST + [429]
        assert get(school, "/login", {"Authorization": f"Bearer {secret}"}).status == 429


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic Zm9v", "Bearer été", "Bearer 0." + "x" * 43, "Bearer x"]
)
def test_what_is_no_token_logs_nobody_in(tmp_path: Path, authorization: str) -> None:
    with running(tmp_path) as school:
        headers = {"Authorization": authorization.encode().decode("latin-1")} if authorization else {}
        answer = get(school, "/login", headers)
        assert (answer.status, answer.getheader("WWW-Authenticate")) == (401, "Bearer")
        assert answer.getheader("Set-Cookie") is None


def test_the_servers_own_token_is_for_programs_only(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        assert get(school, "/login", {"Authorization": f"Bearer {school.token}"}).status == 401


# -- pages of others ------------------------------------------------------------------------------


def test_a_page_of_ours_needs_only_the_cookie(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        number, secret = grant(school)
        headers = {"Cookie": f"other=1; {log_in(school, secret)}"}
        with greeted(
            school.address, Hello(role="operator"), additional_headers=headers, origin=ours(school)
        ) as page:
            page.say(PostNotice(id=1, topic="school", text="Grève"))
            page.until(Done)
        assert school.records("notice-posted")[0].event.operator == number  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "file://",
        "http://127.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://[",
    ],
)
def test_a_page_of_another_site_gets_nothing_from_the_cookie(tmp_path: Path, origin: str) -> None:
    with running(tmp_path) as school:
        _, secret = grant(school)
        headers = {"Cookie": log_in(school, secret)}
        with pytest.raises(InvalidStatus) as turned_away:
            Talk(school.address, additional_headers=headers, origin=origin)
        assert turned_away.value.response.status_code == 403
        answer = get(school, "/logout", {**headers, "Origin": origin})
        assert answer.status == 403
        greeted(
            school.address, Hello(role="operator"), additional_headers=headers, origin=ours(school)
        ).connection.close()


def test_a_program_that_has_a_cookie_is_no_page(tmp_path: Path) -> None:
    """No browser leaves the Origin out: whoever does has a token, or is nobody."""
    with running(tmp_path) as school:
        _, secret = grant(school)
        headers = {"Cookie": log_in(school, secret)}
        said = refused(school.address, Hello(role="operator"), additional_headers=headers)
        assert said.code == "not-authenticated"


def test_a_page_behind_the_boards_own_name_is_ours(tmp_path: Path) -> None:
    more = '[board]\nurl = "https://rooms.school.example"'
    with running(tmp_path, more=more) as school:
        greeted(school.address, BOARD, origin="https://rooms.school.example").connection.close()


def test_a_page_that_came_without_tls_is_not_ours_where_there_is_tls(tmp_path: Path) -> None:
    """Whoever is on the way may have written it: it gets nothing from a cookie that came over TLS."""
    more = f'{TLS}\n[board]\nurl = "http://rooms.school.example:8080"'
    with running(tmp_path, more=more) as school:
        host, port = school.app.address
        for origin in ("http://rooms.school.example:8080", f"http://{host}:{port}"):
            with pytest.raises(InvalidStatus) as turned_away:
                Talk(school.address, origin=origin)
            assert turned_away.value.response.status_code == 403
        greeted(school.address, BOARD, origin=f"https://{host}:{port}").connection.close()


def test_who_logs_out_is_out_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        _, secret = grant(school)
        cookie = log_in(school, secret)
        page = {"additional_headers": {"Cookie": cookie}, "origin": ours(school)}
        with greeted(school.address, Hello(role="operator"), **page) as browser:
            answer = get(school, "/logout", {"Cookie": cookie})
            assert answer.status == 200
            assert "Max-Age=0" in (answer.getheader("Set-Cookie") or "")
            with pytest.raises(ConnectionClosed):
                browser.to_the_end()
        assert refused(school.address, Hello(role="operator"), **page).code == "not-authenticated"


def test_a_login_ends_after_twelve_hours_in_the_open_page_too(tmp_path: Path) -> None:
    clock = FakeClock()
    with running(tmp_path, clock) as school:
        _, secret = grant(school)
        page = {"additional_headers": {"Cookie": log_in(school, secret)}, "origin": ours(school)}
        with greeted(school.address, Hello(role="operator"), **page) as browser:
            clock.advance(timedelta(hours=11, minutes=59))
            browser.say(Ping(id=1))
            browser.until(Pong)
            clock.advance(timedelta(minutes=1))
            with pytest.raises(ConnectionClosed):
                browser.to_the_end()
        assert refused(school.address, Hello(role="operator"), **page).code == "not-authenticated"


def test_over_tls_the_cookie_is_for_tls_alone(tmp_path: Path) -> None:
    with running(tmp_path, more=TLS) as school:
        _, secret = grant(school)
        host, port = school.app.address
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with closing(http.client.HTTPSConnection(host, port, context=context, timeout=TIMEOUT)) as connection:
            connection.request("GET", "/login", headers={"Authorization": f"Bearer {secret}"})
            cookie = connection.getresponse().getheader("Set-Cookie") or ""
        assert cookie.startswith("__Host-toctoc=")
        assert cookie.endswith("; Secure")


# -- the port without TLS -------------------------------------------------------------------------


def test_the_board_may_be_had_without_tls_and_nothing_else(tmp_path: Path) -> None:
    from tests.actors.stack import free_port

    door, port = DoorClient("L213"), free_port()
    more = f"{TLS}\n[board]\nhttp = true\nhttp_port = {port}"
    plain = f"ws://127.0.0.1:{port}"
    with running(tmp_path, more=more, doors=[("L213", door.key)]) as school:
        with greeted(plain, BOARD) as board:
            assert len(board.snapshot().days) == 5
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
            connection.request("GET", "/")
            assert connection.getresponse().status == 200
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
            _, secret = grant(school)
            connection.request("GET", "/login", headers={"Authorization": f"Bearer {secret}"})
            assert connection.getresponse().status == 403
        for hello in (Hello(role="operator", token=school.token), Hello(role="operator", token=secret)):
            assert refused(plain, hello).code == "not-allowed"
        with Talk(plain) as talk:
            challenge = talk.hear()
            assert isinstance(challenge, Challenge)
            talk.say(door.hello(challenge.nonce))
            assert talk.until(Refused).code == "not-allowed"


def test_a_browser_that_came_without_tls_is_told_where_to_come(tmp_path: Path) -> None:
    with running(tmp_path, more=TLS) as school:
        answer = get(school, "/?room=L213", {"Cookie": "theme=dark"})
        host, port = school.app.address
        assert (answer.status, answer.read()) == (307, b"")
        location = answer.getheader("Location") or ""
        assert location == f"https://{host}:{port}/?room=L213"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(location, context=context, timeout=TIMEOUT) as page:
            assert page.status == 200


# -- floods ---------------------------------------------------------------------------------------


def test_a_version_that_is_not_spoken_is_refused_by_name(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        for offered in (["toctoc.v9"], ["chat", "toctoc.v2"], None):
            with pytest.raises(InvalidStatus) as turned_away:
                Talk(school.address, subprotocols=offered)
            response = turned_away.value.response
            assert response.status_code == 400
            assert PROTOCOL in bytes(response.body).decode()
        Talk(school.address, subprotocols=["toctoc.v9", PROTOCOL]).connection.close()


def test_there_is_an_end_to_how_many_come_from_one_address_and_to_how_many_there_are(tmp_path: Path) -> None:
    """Whoever fills the house with boards keeps no door out."""
    more = "[limits]\nconnections = 10\nper_address = 6"
    door = DoorClient("L213")
    with running(tmp_path, more=more, doors=[("L213", door.key)]) as school, ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(greeted(school.address, BOARD))
        with pytest.raises(InvalidStatus) as turned_away:
            Talk(school.address)
        assert turned_away.value.response.status_code == 503
        assert turned_away.value.response.headers["Retry-After"] == "5"
        for n in range(2, 6):
            stack.enter_context(greeted(school.address, BOARD, source_address=(f"127.0.0.{n}", 0)))
        assert refused(school.address, BOARD, source_address=("127.0.0.8", 0)).code == "too-fast"
        for _ in range(5):
            other = DoorClient("L213", door.key)
            stack.enter_context(other.connect(school.address, source_address=("127.0.0.9", 0)))
        hello = Hello(role="operator", token=school.token)
        for n in range(10, 14):
            stack.enter_context(greeted(school.address, hello, source_address=(f"127.0.0.{n}", 0)))
        with pytest.raises(InvalidStatus):
            Talk(school.address, source_address=("127.0.0.15", 0))
    with running(tmp_path, more=more) as school:
        for _ in range(20):
            greeted(school.address, BOARD).connection.close()


def silent_socket(school: School) -> socket.socket:
    """A WebSocket that is open and says nothing."""
    host, port = school.app.address
    opened = socket.create_connection((host, port), timeout=TIMEOUT)
    opened.sendall(
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
    )
    return opened


def is_cut(opened: socket.socket) -> bool:
    """Whether the server has hung up, whatever it said before."""
    opened.setblocking(False)
    try:
        while opened.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_thousand_that_open_and_say_nothing_keep_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.serving, "HELLO_LIMIT", 3.0)
    monkeypatch.setattr(actors.live.serving, "TURN_LIMIT", 2.0)
    door = DoorClient("L213")
    with running(tmp_path, doors=[("L213", door.key)]) as school, ExitStack() as stack:
        attackers = [stack.enter_context(silent_socket(school)) for _ in range(1000)]
        with door.connect(school.address, source_address=("127.0.0.2", 0)) as talk:
            talk.say(door.press())
            talk.until(Pressed)
            assert not all(is_cut(one) for one in attackers), "they are still there"
            there = list(attackers)

            def all_are_gone() -> bool:
                there[:] = [one for one in there if not is_cut(one)]
                return not there

            eventually(all_are_gone)
            talk.say(door.press())
            assert talk.until(Pressed).effect == "renewed"


@pytest.mark.usefixtures("many_files")
def test_five_hundred_that_come_at_once_are_all_let_in(tmp_path: Path) -> None:
    """From one address, as after a restart: more than may say hello at once, and nobody is refused."""
    with running(tmp_path) as school, ExitStack() as stack:
        opened = [stack.enter_context(silent_socket(school)) for _ in range(500)]
        hello = encode(BOARD).encode()
        for one in opened:
            masked = bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello
            one.sendall(masked)
        for one in opened:
            heard = b""
            while b'"type":"welcome"' not in heard:
                piece = one.recv(65536)
                assert piece, heard
                heard += piece


def test_who_never_says_hello_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.live.serving, "HELLO_LIMIT", 0.2)
    with running(tmp_path) as school, silent_socket(school) as silent, Talk(school.address) as talk:
        eventually(lambda: is_cut(silent))
        assert talk.code() == 1008


def test_a_tls_handshake_that_never_begins_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.ports, "TLS_LIMIT", 0.2)
    with running(tmp_path, more=TLS) as school, socket.create_connection(school.app.address) as silent:
        eventually(lambda: is_cut(silent))


def test_a_flood_of_messages_is_refused_and_others_do_not_notice(tmp_path: Path) -> None:
    door = DoorClient("L213")
    with (
        running(tmp_path, doors=[("L213", door.key)]) as school,
        greeted(school.address, BOARD) as flood,
        door.connect(school.address) as talk,
    ):
        for n in range(2000):
            flood.say(Ping(id=n))
        talk.say(door.press())
        began = time.monotonic()
        talk.until(Pressed)
        assert time.monotonic() - began < 2.0
        flood.until(Refused, ref=1999)
        assert len([message for message in flood.heard if isinstance(message, Pong)]) < 200


@pytest.mark.parametrize("role", ["kiosk", "operator", "device", "unpaired"])
def test_before_the_school_has_spoken_nobody_is_let_in(tmp_path: Path, role: Any) -> None:
    """The gateway listens before it knows who was revoked; see `GatewayActor._access`."""
    from actors.gateway import GatewayActor
    from actors.settings import read_school
    from tests.actors.stack import write_school

    gateway = GatewayActor(
        read_school(write_school(tmp_path)),
        school=None,  # type: ignore[arg-type]
        operator_token="t",
        clock=FakeClock(),
        ended=lambda _why: None,
    )
    gateway._ports.release()
    access = gateway._access()
    assert not access.open
    assert access.doors == {}
    assert access.holders == {}


def test_a_small_device_speaks_for_its_room_and_is_recorded_as_such(tmp_path: Path) -> None:
    secret = new_secret()
    with running(tmp_path) as school, operator(school) as desk, Talk(school.address) as talk:
        proof = proof_of("device", secret)
        desk.say(GrantAccess(id=1, name="compteur", role="device", proof=proof, room=L213))
        number = desk.until(Granted).access
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        talk.say(Hello(role="device", access=number, signature=answer_device(proof, challenge.nonce)))
        talk.until(Welcome)
        talk.say(SayPresence(id=1, room=L213, intent="present"))
        talk.until(Done, ref=1)
        talk.say(SetHeadcount(id=2, room=L213, count=12))
        talk.until(Done, ref=2)
        talk.say(SayPresence(id=3, room=L227, intent="present"))
        assert talk.until(Refused, ref=3).code == "not-allowed"
        (pressed,), (counted,) = school.records("presence-pressed"), school.records("headcount-changed")
        assert pressed.event.press.by == "device"  # type: ignore[union-attr]
        assert pressed.event.press.kiosk == f"device-{number}"  # type: ignore[union-attr]
        assert (counted.event.by, counted.event.operator) == ("device", number)  # type: ignore[union-attr]
        desk.say(RevokeAccess(id=2, access=number))
        with pytest.raises(ConnectionClosed):
            talk.to_the_end()
