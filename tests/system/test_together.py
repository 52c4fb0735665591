"""All that hangs on one server, at once: a door, two phones, the desk's console and a small device."""

from __future__ import annotations

import contextlib
import importlib.util
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from events.domain import HeadcountChanged, PresencePressed
from events.ids import RoomKey
from events.replay import verify
from events.sqlite import SqliteLog
from events.wire import RoomPresence, SayPresence, SnapshotEnd, Subscribe
from tests.actors.device import Device
from tests.actors.stack import Site, free_port, page, serving_pages, write_school
from tests.system.chromium import Pages, pages
from tests.system.conftest import Display
from tests.system.processes import ROOT, Door, Process, Server, records, stop_all, toctoc, wait_for
from tests.system.terminal import Terminal, tmux

ROOM = RoomKey("L227")
OFFER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")
KEY = re.compile(r"[0-9a-f]{4}(\s[0-9a-f]{4}){3}")
FALLS_WITHIN = 1.0
BACK_WITHIN = 3.0
TOKEN = re.compile(r"^([0-9]+)\.([0-9A-Za-z_-]{43})$", re.MULTILINE)


def timetable(site: Site) -> str:
    """Serve a busy day as today and as the days around it; gives the address for the configuration."""
    today = datetime.now(ZoneInfo("Europe/Paris")).date()
    for day in (today + timedelta(days=n) for n in range(-1, 3)):
        address = site.show(page(day=day), f"/{day.isoformat()}")
    return address.rpartition("/")[0] + "/{day}"


class Listening:
    """A small device that follows its room, with a thread of its own to hear what it is told."""

    def __init__(self, port: int, number: int, secret: str) -> None:
        self.told: queue.Queue[RoomPresence] = queue.Queue()
        self.over = threading.Event()
        self._device = Device(port)
        self._device.hello(number, secret)
        self._device.say(Subscribe(topics=(f"room/{ROOM}",)))
        self._device.until(SnapshotEnd)
        self._device.socket.settimeout(None)
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        try:
            while True:
                message = self._device.hear()
                if isinstance(message, RoomPresence):
                    self.told.put(message)
        except Exception:  # noqa: BLE001  # whatever ended it
            self.over.set()

    def say(self, message: SayPresence) -> None:
        self._device.say(message)

    def sees(self, what: Callable[[RoomPresence], bool]) -> None:
        while not what(self.told.get(timeout=20)):
            pass

    def close(self) -> None:
        self._device.socket.close()


class School:
    """A folder with a configuration as the administrator's guide has it, and all that runs on it."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder = folder
        self.port, self.http, self.devices = free_port(), free_port(), free_port()
        self.board = f"http://127.0.0.1:{self.http}"
        more = (
            '[tls]\nuse = "always"\n'
            f'[board]\nhttp = true\nhttp_port = {self.http}\nurl = "{self.board}"\n'
            f"[devices]\nport = {self.devices}\n"
        )
        source = f'name = "oasis"\nurl = "{timetable(site)}"\nallow_private = true'
        self.config = write_school(folder, port=self.port, sources=[source], more=more)
        self.address = f"wss://127.0.0.1:{self.port}"
        self.running: list[Process] = []
        self.ends = contextlib.ExitStack()
        self.server = self.serve()

    def serve(self) -> Server:
        """Start the server; it is ready when its board without TLS says that it is well."""
        server = Server(self.config, self.http)
        self.running.append(server)
        return server

    def fingerprint(self) -> str:
        found = re.search(r"sha256:[0-9a-f]{64}", self.server.said.read_text(encoding="utf-8"))
        assert found
        return found[0]

    def command(self, *arguments: str | Path) -> str:
        """Do something on the server's machine."""
        done = toctoc(*arguments, "--config", self.config)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def granted(self, name: str, *how: str) -> tuple[int, str]:
        """Let somebody in; gives their number and secret."""
        found = TOKEN.search(self.command("access", "grant", name, *how))
        assert found
        return int(found[1]), found[2]

    def listening(self, number: int, secret: str) -> Listening:
        device = Listening(self.devices, number, secret)
        self.ends.callback(device.close)
        return device

    def kept(self) -> list[Any]:
        return [record.event for record in records(self.folder / "data")]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Pages]:
    with pages() as running:
        yield running


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with serving_pages() as site:
        school = School(tmp_path, site)
        with school.ends:
            yield school
        stop_all(school.running)


@pytest.fixture
def example() -> Any:
    """The example of a small device, as it is handed out."""
    spec = importlib.util.spec_from_file_location("device", ROOT / "deploy" / "device.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Day:
    """A day with one server, step by step.

    Attributes:
        hidden: What nobody may find in the programs' logs.
    """

    def __init__(self, school: School, chromium: Pages, display: Display, example: Any) -> None:
        self.school, self.display, self.example = school, display, example
        self.folder = school.folder
        self.hidden = ["Alerte", "front-desk"]
        self.number, secret = school.granted("front-desk", "--operator")
        (self.folder / "token").write_text(f"{self.number}.{secret}\n", encoding="ascii")
        self.lab = school.granted("lab", "--device", "--room", ROOM)
        self.hidden += [secret, self.lab[1]]
        self.door = Door(
            "", school.address, self.folder / "door", environment=display.environment, window="800x480"
        )
        school.running.append(self.door)
        self.key = self._paired()
        self.desk = self._console()
        self.device = school.listening(*self.lab)
        self.desk.until("* device lab joined")
        wait_for(lambda: any("#" in code for code in self._door_shows()["codes"]))
        (scanned,) = self._door_shows()["codes"]
        self.hidden.append(scanned.partition("#")[2])
        assert scanned.startswith(f"{school.board}/room/{ROOM}#")
        self.at_door = chromium.open(scanned)
        self.passing = chromium.open(f"{school.board}/room/{ROOM}", language="en-GB")
        self.at_door.until("document.querySelector('.present')")
        self.phones_show("free")
        assert not self.passing.run("document.querySelector('.present')"), "who did not scan only looks"

    def _door_shows(self) -> dict[str, Any]:
        return self.door.described(self.folder)

    def offered(self) -> list[str]:
        """Look for the code by which the door asks to be paired."""
        return [text for text in self._door_shows()["texts"] if OFFER.fullmatch(text)]

    def _paired(self) -> str:
        wait_for(lambda: bool(self.offered()))
        (code,) = self.offered()
        self.hidden.append(code)
        key = next(text for text in self._door_shows()["texts"] if KEY.fullmatch(text))
        said = self.school.command("pair", code, "--room", ROOM, "--name", "north door")
        assert " ".join(key.split()) in said, "what the operator compares"
        self.door.until("snapshot")
        return "".join(key.split())

    def _console(self) -> Terminal:
        school = self.school
        program = ("console", "--as", "front-desk", "--server", school.address)
        proofs = ("--token-file", self.folder / "token", "--fingerprint", school.fingerprint())
        desk = Terminal(self.folder, sys.executable, ROOT / "toctoc.py", *program, *proofs)
        school.ends.callback(desk.close)
        desk.until("* you are front-desk")
        return desk

    def phones_show(self, sign: str) -> None:
        for phone in (self.at_door, self.passing):
            phone.until(f"document.querySelector('.sign-{sign}')")

    def button(self) -> None:
        """Somebody pushes it: all see it."""
        self.display.do("search", "--sync", "--class", "toctoc", "windowfocus", "key", "space")
        press = self.door.until("pressed", effect="walk-in")["press"]
        self.phones_show("taken")
        self.device.sees(lambda presence: presence.last is not None and presence.last.press == press)
        self.desk.until(f"{ROOM}: somebody came, without a booking")

    def phone(self) -> None:
        """Who scanned the code says that they are here, and that they are three."""
        self.at_door.click(".present")
        self.desk.until(f"{ROOM}: somebody is still here", "on a phone")
        for _ in range(3):
            self.at_door.click(".counter button:last-child")
        self.passing.until("document.querySelector('main').innerText.includes('3 people')")
        self.device.sees(lambda presence: presence.headcount == 3)
        self.desk.until(f"{ROOM}: 3 people, on a phone")

    def notice(self) -> None:
        """The desk says something: the door and the phones show it."""
        self.desk.say(f"/say {ROOM} Alerte à 18 h")
        self.desk.until("notice", f"on the door of {ROOM}, by operator 1", "Alerte à 18 h")
        for phone in (self.at_door, self.passing):
            phone.until("document.querySelector('#notices').textContent.includes('Alerte')")
        wait_for(lambda: any("Alerte" in text for text in self._door_shows()["texts"]))

    def small_device(self) -> None:
        """The example that is handed out says that they leave."""
        example = self.example
        example.HOST, example.PORT, example.ROOM = "127.0.0.1", self.school.devices, ROOM
        example.ACCESS, example.SECRET = self.lab
        assert example.press("leaving")["type"] == "done"
        self.phones_show("free")
        self.desk.until(f"{ROOM}: they left", "on a small device")
        wait_for(lambda: self._door_shows()["sign"] == "free")

    def power_cut(self) -> None:
        """The server dies; whoever is there says so, and all come back by themselves."""
        self.desk.type("/room L2")
        self.school.server.kill()
        self.desk.until("* the server is gone")
        for phone in (self.at_door, self.passing):
            phone.until("document.body.classList.contains('cut')")
        assert self.device.over.wait(20)
        self.door.until("link", state="down")
        self.display.do("key", "space")
        kept = self.door.until("noted")["press"]
        self.school.server = self.school.serve()
        began = time.monotonic()
        for phone in (self.at_door, self.passing):
            phone.until("!document.body.classList.contains('cut')")
        assert time.monotonic() - began < BACK_WITHIN
        assert self.door.until("pressed", press=kept)["effect"] == "walk-in"
        self.phones_show("taken")
        self.desk.until("* the server is back")
        self.desk.until_typed("front-desk> /room L2")
        self.device = self.school.listening(*self.lab)

    def revocation(self) -> None:
        """What is revoked falls."""
        desk, device, door = self.desk, self.device, self.door
        falls: tuple[tuple[tuple[str, ...], Callable[[], object]], ...] = (
            ((str(self.lab[0]),), lambda: device.over.wait(20)),
            ((str(self.number),), lambda: wait_for(lambda: str(desk.lines()).count("server is gone") == 2)),
            (("--door", self.key), lambda: door.until("link", state="down")),
        )
        for whom, fallen in falls:
            self.school.command("access", "revoke", *whom)
            began = time.monotonic()
            fallen()
            assert time.monotonic() - began < FALLS_WITHIN, whom
        desk.until("the end: 1")
        wait_for(lambda: bool(self.offered()))


@tmux
@pytest.mark.timeout(90)
def test_five_kinds_of_clients_live_through_a_day_with_one_server(
    school: School, chromium: Pages, display: Display, example: Any
) -> None:
    day = Day(school, chromium, display, example)
    day.button()
    day.phone()
    day.notice()
    day.small_device()
    day.power_cut()
    day.revocation()
    presses = [event for event in school.kept() if isinstance(event, PresencePressed)]
    assert [(event.press.by, event.effect) for event in presses] == [
        ("button", "walk-in"),
        ("phone", "renewed"),
        ("device", "left"),
        ("button", "walk-in"),
    ]
    assert [event.count for event in school.kept() if isinstance(event, HeadcountChanged)] == [3]
    log = SqliteLog(school.folder / "data", read_only=True)
    assert list(verify(log, log.personal)) == []
    # Whoever reads the logs of the programs learns nothing that opens anything, no name and no text.
    logs = "".join(path.read_text(encoding="utf-8") for path in school.folder.glob("*.log"))
    assert "sha256:" in logs
    assert logs.count("until a door is known every door is let in") == 1, "after the restart one is known"
    assert [secret for secret in day.hidden if secret in logs] == []
