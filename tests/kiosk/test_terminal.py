"""The console's line to the server, and the terminal around it: against the real gateway and rude servers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import pty
import termios
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.plain_text import PlainTextOutput
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

import events.local
from events.clock import SystemClock
from events.state import Rules
from events.wire import (
    PROTOCOL,
    Challenge,
    Hello,
    Joined,
    Left,
    Ping,
    Pong,
    Refused,
    ServerMessage,
    Welcome,
    encode,
)
from kiosk import console
from kiosk.desk.desk import Desk
from kiosk.desk.line import CEILING, FIRST_WAIT, Line, Target, TurnedAway
from kiosk.desk.terminal import Keyboard, Terminal
from tests.actors.stack import TIMEOUT, School, Talk, free_port, greeted, running
from tests.clock import START


def target(school: School, name: str = "front-desk", token: str = "") -> Target:
    return Target(server=school.address, token=token or school.token, name=name)


def other_desk(school: School) -> Talk:
    """Somebody else, who sees who comes and goes."""
    talk = greeted(school.address, Hello(role="operator", token=school.token, name="other"))
    talk.snapshot("roster")
    return talk


class Ears:
    """Remembers what the line told, and can be waited for."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[object] = asyncio.Queue()

    def connected(self, welcome: Welcome) -> None:
        self.told.put_nowait(welcome)

    def lost(self, why: str) -> None:
        self.told.put_nowait(why)

    def heard(self, message: ServerMessage) -> None:
        self.told.put_nowait(message)

    def odd(self, why: str) -> None:
        self.told.put_nowait(("odd", why))

    async def next(self) -> object:
        async with asyncio.timeout(TIMEOUT):
            return await self.told.get()


@contextlib.asynccontextmanager
async def connected(line: Line) -> AsyncIterator[asyncio.Task[None]]:
    """Run a line until the end of the block."""
    task = asyncio.create_task(line.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


Behaviour = Callable[[ServerConnection], Awaitable[None]]


@contextlib.asynccontextmanager
async def rude(behaviour: Behaviour) -> AsyncIterator[str]:
    """Run a server that does what the test says."""
    async with serve(behaviour, "127.0.0.1", 0, subprotocols=[Subprotocol(PROTOCOL)]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


async def let_in(connection: ServerConnection) -> None:
    await connection.send(encode(Challenge(nonce="00")))
    await connection.recv()
    welcome = Welcome(role="operator", school="École", epoch=1, server_time=START, rules=Rules(zone="UTC"))
    await connection.send(encode(welcome))


# -- the line -------------------------------------------------------------------------------------


def test_it_is_let_in_talks_and_says_goodbye(tmp_path: Path) -> None:
    async def talk(school: School) -> None:
        ears = Ears()
        line = Line(target(school), ears)
        async with connected(line):
            welcome = await ears.next()
            assert isinstance(welcome, Welcome)
            assert welcome.name == "front-desk"
            line.say(Ping(id=7))
            answer = await ears.next()
            assert isinstance(answer, Pong)
            assert answer.ref == 7

    with running(tmp_path) as school, other_desk(school) as other:
        asyncio.run(talk(school))
        assert other.until(Joined).member.name == "front-desk"
        assert other.until(Left).how == "goodbye"


def test_who_is_not_let_in_is_told_and_does_not_try_again(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        line = Line(target(school, token="wrong"), Ears())
        with pytest.raises(TurnedAway, match="the operator's token is wrong"):
            asyncio.run(asyncio.wait_for(line.run(), TIMEOUT))


def test_it_tries_again_for_ever_after_a_wait_that_is_drawn_and_never_long() -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    async def talk() -> None:
        ears = Ears()
        gone = Target(server="ws://127.0.0.1:9", token="x", name="")
        async with connected(Line(gone, ears, wait=wait)):
            for _ in range(30):
                assert isinstance(await ears.next(), str)

    asyncio.run(talk())
    assert waits[0] <= 2 * FIRST_WAIT
    assert all(0 <= seconds <= CEILING for seconds in waits)
    assert len(set(waits)) > 20, "drawn, so that not all come back at once"


@pytest.mark.parametrize("code", ["too-fast", "server"])
def test_a_server_that_is_busy_is_asked_again(code: str) -> None:
    asked: list[str] = []

    async def behaviour(connection: ServerConnection) -> None:
        await connection.send(encode(Challenge(nonce="00")))
        asked.append(str(await connection.recv()))
        if len(asked) == 1:
            await connection.send(encode(Refused(code=code, reason="later, please")))  # type: ignore[arg-type]
        else:
            await connection.send(
                '{"type":"welcome","role":"operator","school":"","epoch":1,'
                '"server_time":"2026-11-20T07:00:00Z","rules":{}}'
            )
            await connection.wait_closed()

    async def talk() -> None:
        ears = Ears()
        async with (
            rude(behaviour) as server,
            connected(Line(Target(server=server, token="x", name=""), ears)),
        ):
            assert await ears.next() == "later, please"
            assert isinstance(await ears.next(), Welcome)

    asyncio.run(talk())


def test_what_a_newer_server_says_is_passed_over() -> None:
    async def behaviour(connection: ServerConnection) -> None:
        await let_in(connection)
        await connection.send('{"type":"unheard-of"}')
        await connection.send(encode(Pong(ref=1, server_time=START)))
        await connection.wait_closed()

    async def talk() -> None:
        ears = Ears()
        async with (
            rude(behaviour) as server,
            connected(Line(Target(server=server, token="x", name=""), ears)),
        ):
            assert isinstance(await ears.next(), Welcome)
            odd = await ears.next()
            assert isinstance(odd, tuple)
            assert "unheard-of" in odd[1]
            assert isinstance(await ears.next(), Pong)

    asyncio.run(talk())


def test_what_is_no_server_of_ours_is_told() -> None:
    async def behaviour(connection: ServerConnection) -> None:
        await connection.send('{"type":"pong","ref":1,"server_time":"2026-11-20T07:00:00Z"}')
        await connection.wait_closed()

    async def talk() -> None:
        ears = Ears()
        async with (
            rude(behaviour) as server,
            connected(Line(Target(server=server, token="x", name=""), ears)),
        ):
            assert await ears.next() == "it did not begin with a challenge; is this a toctoc server?"

    asyncio.run(talk())


# -- the terminal ---------------------------------------------------------------------------------


async def until_shown(ended: asyncio.Task[None], shown: io.StringIO, text: str) -> None:
    async with asyncio.timeout(TIMEOUT):
        while text not in shown.getvalue():
            assert not ended.done(), shown.getvalue()
            await asyncio.sleep(0.01)


async def run_until(
    ended: asyncio.Task[None], shown: io.StringIO, keys: PipeInput, steps: list[tuple[str, str]]
) -> None:
    """Wait for each text, then hit the keys behind it."""
    for text, typed in steps:
        await until_shown(ended, shown, text)
        keys.send_text(typed)
    async with asyncio.timeout(TIMEOUT):
        await ended


def run(who: Target, steps: list[tuple[str, str]]) -> str:
    """Run a console with the keys of a test; gives all that it showed."""
    shown = io.StringIO()

    async def session() -> None:
        with create_pipe_input() as keys:
            output = PlainTextOutput(shown)
            with create_app_session(input=keys, output=output):
                terminal = Terminal(Desk(), who, SystemClock(), keys=keys, output=output)
                await run_until(asyncio.create_task(terminal.run()), shown, keys, steps)

    asyncio.run(session())
    return shown.getvalue()


@pytest.mark.parametrize("leaving", ["/quit\r", "\x03", "\x04"], ids=["quit", "Ctrl-C", "Ctrl-D"])
def test_it_is_left_in_every_usual_way_with_a_goodbye(tmp_path: Path, leaving: str) -> None:
    with running(tmp_path) as school, other_desk(school) as other:
        shown = run(target(school), [("* you are front-desk; 2 people", leaving)])
        assert "* connected to Test" in shown
        assert other.until(Left).how == "goodbye"


def test_commands_are_followed_and_answers_shown(tmp_path: Path) -> None:
    with running(tmp_path) as school:
        steps = [
            ("* you are", "/close L213 leak\r"),
            ("L213 is out of order", "/room L213\r"),
            (": leak", "\x03"),
        ]
        run(target(school), steps)
        assert "room-closed" in school.tags()


class Watching(PlainTextOutput):
    """Remembers of every time that something is drawn whether the terminal would echo a key then."""

    def __init__(self, shown: io.StringIO, keys: int) -> None:
        super().__init__(shown)
        self._keys = keys
        self.echoed: list[bool] = []

    def flush(self) -> None:
        super().flush()
        self.echoed.append(bool(termios.tcgetattr(self._keys)[3] & termios.ECHO))


def test_a_key_is_never_echoed_into_what_is_drawn(tmp_path: Path) -> None:
    person, program = pty.openpty()
    shown = io.StringIO()
    output = Watching(shown, program)

    async def session(school: School, keys: Keyboard) -> None:
        with create_app_session(input=keys, output=output):
            terminal = Terminal(Desk(), target(school), SystemClock(), keys=keys, output=output)
            output.echoed.clear()  # nothing is typed before it runs
            ended = asyncio.create_task(terminal.run())
            for text, typed in (
                ("* you are front-desk", b"/who\r/find\r"),
                ("say from where", b"/close L213\r"),
                ("L213: out of order", b""),
            ):
                await until_shown(ended, shown, text)
                os.write(person, typed)
            assert not any(output.echoed)
            os.write(person, b"/quit\r")
            async with asyncio.timeout(TIMEOUT):
                await ended

    with os.fdopen(program, encoding="utf-8") as stdin, running(tmp_path) as school:
        asyncio.run(session(school, Keyboard(stdin)))
        assert termios.tcgetattr(stdin)[3] & termios.ECHO, "the shell has it back as it was"
    assert len(output.echoed) > 10
    os.close(person)


def test_who_is_turned_away_gets_the_terminal_back(tmp_path: Path) -> None:
    with running(tmp_path) as school, pytest.raises(TurnedAway):
        run(target(school, token="wrong"), [])


# -- the command ----------------------------------------------------------------------------------


def test_without_a_terminal_the_command_says_what_works_instead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("x", encoding="ascii")
    assert console.main(["--token-file", str(token)]) == 2
    assert "this is no terminal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--token-file", "/nowhere/token"], "No such file"),
        (["--config", "/nowhere/school.toml"], "No such file"),
        (["--token-file", "{empty}"], "is empty"),
        (["--token-file", "{token}", "--fingerprint", "abc"], "is no fingerprint"),
        (["--token-file", "{token}", "--room", "a/b"], "cannot be a room's key"),
        (["--token-file", "{token}", "--server", "rooms.school.example"], "isn't a valid URI"),
        ([], "this is no terminal"),
    ],
)
def test_what_cannot_be_begun_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    why: str,
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "token").write_text("x", encoding="ascii")
    places = {"empty": tmp_path / "empty", "token": tmp_path / "token"}
    monkeypatch.setattr(events.local, "CONFIG", tmp_path / "none")
    assert console.main([argument.format(**places) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("toctoc console: ")
    assert why in error


def not_readable(_server: events.local.LocalServer) -> str:
    raise events.local.NotReadable("the server's alone")


@pytest.mark.parametrize("more", ["", '[tls]\nuse = "always"\nnames = ["rooms.school.example"]'])
def test_on_the_servers_machine_the_configuration_says_where_and_as_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    with running(tmp_path, port=free_port(), more=more) as school:
        monkeypatch.setattr(events.local, "CONFIG", school.config)
        local = console._target(console._parser().parse_args([]))
        asked = console._parser().parse_args(["--config", str(school.config)])
        assert console._target(asked) == local
        with monkeypatch.context() as patch:
            # As somebody who may not read what is the server's alone.
            patch.setattr(events.local.LocalServer, "token", not_readable)
            patch.setattr(console, "_ask_token", lambda: "my own")
            mine = console._target(console._parser().parse_args(["--as", "jeanne"]))
            assert mine == Target(server=local.server, token="my own", name="jeanne", pin=local.pin)
        assert (local.server, local.token) == (school.app.settings.address, school.token)
        assert (local.pin is not None) == bool(more)
        who = Target(server=local.server, token=local.token, name="front-desk", pin=local.pin)
        assert "* you are front-desk" in run(who, [("* you are", "/quit\r")])
