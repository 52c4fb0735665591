"""``toctoc access`` and ``toctoc pair``, as an administrator runs them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import actors.commands.access
import actors.commands.ask
import actors.commands.notice
import actors.commands.pair
import actors.commands.room
import actors.commands.sources
from actors.entry.credentials import read_token
from events.replay import replay, verify
from events.signing import answer_device, device_key
from events.wire import Challenge, Hello, Paired, PairingCode, Welcome
from tests.actors.stack import DoorClient, School, Talk, eventually, free_port, greeted, running
from tests.clock import START

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``toctoc access``: its exit status, and what it says."""

    def run(*arguments: str, command: Any = actors.commands.access) -> tuple[int, str, str]:
        status = command.main([*arguments, "--config", str(tmp_path / "school.toml")])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture(params=["plain", "tls"])
def school(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[School]:
    more = '[tls]\nuse = "always"' if request.param == "tls" else ""
    with running(tmp_path, port=free_port(), more=more) as school:
        yield school


def test_somebody_is_let_in_listed_and_turned_out(school: School, run: Run) -> None:
    assert run("list") == (0, "no door is known by its key\nnobody was granted access\n", "")
    status, out, _ = run("grant", "Marie Curie", "--operator")
    assert status == 0
    first, token = out.splitlines()
    assert first == "Marie Curie is access 1. This is told once and kept nowhere:"
    with greeted(school.address, Hello(role="operator", token=token)):
        assert "   1  operator  Marie Curie  since 2026-11-20 08:00  connected\n" in run("list")[1]
    assert run("grant", "Marie Curie", "--operator") == (
        1,
        "",
        "toctoc access: access 1 has the name 'Marie Curie' already; revoke it first, or take another\n",
    )
    assert run("revoke", "1")[1].startswith("access 1 is revoked (event ")
    assert run("revoke", "1") == (1, "", "toctoc access: there is no access 1\n")
    with Talk(school.address) as talk:
        talk.hear()
        talk.say(Hello(role="operator", token=token))
        assert talk.code() == 1008


def test_a_device_is_let_in_for_its_room(school: School, run: Run) -> None:
    status, out, _ = run("grant", "compteur", "--device", "--room", "L213")
    assert status == 0
    claimed = read_token(out.splitlines()[1])
    assert claimed is not None
    number, secret = claimed
    assert out.splitlines()[2].endswith(f'ACCESS, SECRET = {number}, "{secret}"')
    with Talk(school.address) as talk:
        challenge = talk.hear()
        assert isinstance(challenge, Challenge)
        answer = answer_device(device_key(secret), challenge.nonce, talk.server)
        talk.say(Hello(role="device", access=number, signature=answer))
        welcome = talk.until(Welcome)
        assert (welcome.role, welcome.room, welcome.name) == ("device", "L213", "compteur")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("grant", "x", "--device"), "--room goes with --device"),
        (("grant", "x", "--operator", "--room", "L213"), "--room goes with --device"),
        (("grant", "x", "--device", "--room", "X9"), "no room 'X9' in the inventory"),
        (("grant", "a\nb", "--operator"), "a name is one line of 1 to 60 letters"),
        (("grant", " ", "--operator"), "a name is one line of 1 to 60 letters"),
        (("revoke", "0"), "accesses are numbered from 1"),
        (("revoke", "--door", "ab"), "has to be the begin of one door's key, and is of none"),
    ],
)
def test_what_cannot_be_is_refused_before_the_server_is_asked(
    tmp_path: Path, run: Run, arguments: tuple[str, ...], why: str
) -> None:
    with running(tmp_path, port=free_port()):
        status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert why in err


def test_without_a_server_it_is_done_by_hand(tmp_path: Path, run: Run) -> None:
    door = DoorClient("L213")
    settings: dict[str, Any] = {"port": free_port(), "doors": [("L213", door.key)]}
    with running(tmp_path, **settings):
        pass
    first, second = (run("grant", name, "--operator")[1].splitlines()[1] for name in ("Marie", "Paul"))
    begin = actors.commands.access.grouped(door.kiosk)
    assert run("list")[1].splitlines() == [
        f"door  {begin}  L213  -  in the configuration",
        *(line for line in run("list")[1].splitlines() if "operator" in line),
    ]
    assert run("revoke", "1")[0] == 0
    assert run("revoke", "1") == (1, "", "toctoc access: there is no access 1\n")
    assert run("revoke", "--door", begin)[0] == 0
    assert re.fullmatch(
        r"   2  operator  Paul  since \d{4}-\d\d-\d\d \d\d:\d\d\nno door is known by its key\n",
        run("list")[1],
    )
    with running(tmp_path, **settings) as school:
        greeted(school.address, Hello(role="operator", token=second)).connection.close()
        for hello in (Hello(role="operator", token=first), None):
            with Talk(school.address) as talk:
                challenge = talk.hear()
                assert isinstance(challenge, Challenge)
                talk.say(hello or door.hello(challenge.nonce))
                assert talk.code() == 1008
        assert list(verify(school.log(), school.log().personal)) == []
        assert replay(school.log()).last_access == 2


def test_a_log_that_was_never_begun_is_left_alone(tmp_path: Path, run: Run) -> None:
    with running(tmp_path, port=free_port()) as school:
        data = school.data
    for path in sorted(data.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    status, _, err = run("grant", "Marie", "--operator")
    assert status == 1
    assert "there is no log here; start the server once" in err
    assert not (data / "access.json").exists()


def test_a_door_is_paired_by_the_code_on_its_screen(school: School, run: Run) -> None:
    door = DoorClient("L213")
    with Talk(school.address) as waits:
        challenge = waits.hear()
        assert isinstance(challenge, Challenge)
        waits.say(door.unpaired(challenge.nonce, waits.server))
        code = waits.until(PairingCode).code
        assert run("XXXX-XXXX", "--room", "L213", command=actors.commands.pair) == (
            1,
            "",
            "toctoc pair: no door shows this code now: look at its screen again\n",
        )
        assert run(code, "--room", "X9", command=actors.commands.pair)[0] == 1
        shown = f"{code[:4]}-{code[4:]}"
        status, out, _ = run(shown, "--room", "L213", "--name", "north door", command=actors.commands.pair)
        assert status == 0
        begin = actors.commands.access.grouped(door.kiosk)
        assert out.startswith(f"The door with the key {begin} hangs at L213 now.\n")
        waits.until(Paired)
    assert f"door  {begin}  L213  north door  paired {START:%Y-%m-%d} 08:00\n" in run("list")[1]
    with door.connect(school.address):
        eventually(lambda: "connected" in run("list")[1])
    assert run("revoke", "--door", begin)[1].startswith(f"door {begin} of L213 is revoked (event ")


@pytest.mark.parametrize(
    ("command", "arguments", "says"),
    [
        (actors.commands.access, ["list"], "nobody was granted access"),
        (actors.commands.notice, ["list"], "no notice stands"),
        (actors.commands.pair, ["BCDF-GHJK", "--room", "L213"], "no door shows this code now"),
        (actors.commands.room, ["count", "L213", "3"], "L213 has 3 people in it"),
        (actors.commands.sources, [], "no [[source]] is configured"),
    ],
)
def test_where_the_guide_puts_the_configuration_it_need_not_be_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: Any,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.setattr(actors.commands.ask, "CONFIG", tmp_path / "school.toml")
    with running(tmp_path, port=free_port()):
        command.main(arguments)
    said = capsys.readouterr()
    assert says in said.out + said.err


def test_who_may_not_read_the_server_s_token_is_told_as_whom_to_come(
    school: School, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_text

    def refused(path: Path, *arguments: Any, **options: Any) -> str:
        if path.name == "operator.token":  # root, as whom tests may run, reads everything
            raise PermissionError(13, "Permission denied")
        return read(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", refused)
    assert run("list") == (
        1,
        "",
        f"toctoc access: {school.data} is the server's alone; run this as its user: sudo -u toctoc …\n",
    )


def test_five_hundred_doors_are_listed_in_messages_that_are_short_enough(tmp_path: Path, run: Run) -> None:
    doors = [("L213", DoorClient("L213").key) for _ in range(500)]
    with running(tmp_path, port=free_port(), doors=doors):
        status, out, _ = run("list")
    assert status == 0
    assert sum(line.startswith("door  ") for line in out.splitlines()) == 500


def test_a_file_of_credentials_that_is_broken_lets_nobody_in_and_says_so(
    tmp_path: Path, run: Run, errors: Any
) -> None:
    port = free_port()
    with running(tmp_path, port=port) as school:
        token = run("grant", "Marie", "--operator")[1].splitlines()[1]
        path = school.data / "access.json"
    path.write_text("{", encoding="ascii")
    with running(tmp_path, port=port) as school:
        with Talk(school.address) as talk:
            talk.hear()
            talk.say(Hello(role="operator", token=token))
            assert talk.code() == 1008
        status, _, err = run("grant", "Paul", "--operator")
        assert status == 1
        assert "put back a copy of it" in err
        assert run("revoke", "1")[0] == 0, "turning somebody out works all the same"
    assert any("nobody who was granted access can come in" in text for text in errors.texts())
