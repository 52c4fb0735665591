"""A school in a storm: a server and doors in processes of their own, and everything that can go wrong.

    python tests/storm.py --seconds 60 --seed 1

Doors are pressed while the server is killed, lines are cut in one direction or both, processes stand
still, the timetable changes or fails, rooms are closed, and the configuration is read again, at random.
Then the weather clears, and what was promised is looked for:

- every press that a door noted is in the log, once;
- the log and its personal parts are sound;
- a client that stayed all along, and one that comes now, know exactly what a replay of the log tells;
- every door shows the sign that follows from it;
- nothing ended that was not killed.

Prints what is broken, and last ``N promises broken``; the folder of a broken run is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

# Also where it is run as a program, from anywhere.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from events.client import GatewayError, converse
from events.ids import RoomKey
from events.personal import PersonalStore
from events.replay import replay, verify
from events.sqlite import SqliteLog
from events.status import known, status_at
from events.wire import Subscribe
from kiosk.drawing.palette import sign_of
from tests.actors.stack import Site, free_port, serving_pages, write_school
from tests.follower import Follower, gaps, notice_gaps
from tests.system.processes import Door, Server, Wire, records, stop_all, toctoc

ZONE = ZoneInfo("Europe/Paris")
DOORS = ("L213", "L227", "V107")
ROOMS = (*DOORS, "L209", "L210")
CLEAR = 60.0
"""Seconds in which everything has to be well after the storm."""
SOURCE = """
name = "table"
kind = "table"
url = "{url}"
refresh = 2
allow_private = true
"""
POLICY = """
[policy]
walk_in = {walk_in}
release = true
"""


class PressedDoor(Door):
    """A door that is pressed; its presses outlive it.

    Args:
        names: Where the names of its presses go, once they are on its disk.
    """

    def __init__(self, room: str, server: str, data: Path, names: set[str]) -> None:
        self._names = names
        super().__init__(room, server, data)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # half a line, of one that was killed
            for line in self.process.stdout:
                said = json.loads(line)
                if said["saw"] == "noted":
                    self._names.add(said["press"])
                self.saw.put(said)


class Board(threading.Thread):
    """A client that comes back whenever its line breaks, and goes on from where it was."""

    def __init__(self, server: str) -> None:
        super().__init__(name="board", daemon=True)
        self._server = server
        self._over = threading.Event()
        self.follower = Follower()
        self.lock = threading.Lock()
        self.came = 0

    def run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(GatewayError):
                self._follow()
            self._over.wait(0.2)

    def stop(self) -> None:
        self._over.set()

    def _follow(self) -> None:
        with converse(self._server, timeout=5) as conversation:
            self.came += 1
            follower = self.follower
            with self.lock:
                follower.hears(conversation.welcome)
            conversation.say(Subscribe(topics=("school",), epoch=follower.epoch, seq=follower.seq))
            while not self._over.is_set():
                message = conversation.hear(until=time.monotonic() + 25)
                with self.lock:
                    follower.hears(message)


class Storm:
    """One school and its bad luck.

    Args:
        folder: Where everything is kept.
        site: Where the timetable is.
        chance: The luck.
    """

    def __init__(self, folder: Path, site: Site, chance: random.Random) -> None:
        self._folder, self._site, self._chance = folder, site, chance
        self._port = free_port()
        self._walk_in = 60
        self._bookings: dict[int, str] = {}
        self._numbers = iter(range(10**9))
        for _ in range(8):
            self._book()
        self._config = self._write_config()
        self.did: Counter[str] = Counter()
        self.broken: list[str] = []
        self.names: set[str] = set()
        self._server: Server | None = None
        self._wires = {room: Wire(self._port) for room in (*DOORS, "board")}
        self._doors: dict[str, PressedDoor] = {}
        self._board = Board(self._wires["board"].address)
        self._still: list[tuple[float, int]] = []
        self._down: list[tuple[float, str]] = []

    def begin(self) -> None:
        """Start the server, hang the doors."""
        self._server = Server(self._config, self._port)
        for room in DOORS:
            self._doors[room] = self._hang(room)
        self._board.start()

    # -- bad luck -----------------------------------------------------------------------------------

    def rage(self, seconds: float) -> None:
        """Let everything happen for a while."""
        acts: list[tuple[int, Callable[[], None]]] = [
            (24, self._tap),
            (4, self._hold),
            (5, self._cut),
            (3, self._stand_still),
            (3, self._kill_server),
            (2, self._kill_door),
            (4, self._change_timetable),
            (2, self._fail_timetable),
            (1, self._close_room),
            (1, self._post_notice),
            (1, self._reload),
        ]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            act = self._chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]
            self.did[act.__name__.strip("_")] += 1
            act()
            self._recover()
            self._look_for_the_dead()
            _pause(self._chance.uniform(0.0, 0.25))

    def _tap(self, held: float = 0.09) -> None:
        door = self._doors[self._chance.choice(DOORS)]
        with contextlib.suppress(BrokenPipeError):
            door.say("down")
            _pause(held)
            door.say("up")

    def _hold(self) -> None:
        self._tap(1.7)

    def _cut(self) -> None:
        name = self._chance.choice(list(self._wires))
        wire = self._wires[name]
        for cut in self._chance.choice(([wire.up_cut], [wire.down_cut], [wire.up_cut, wire.down_cut])):
            cut.set()
        self._down.append((time.monotonic() + self._chance.uniform(0.1, 3), name))

    def _stand_still(self) -> None:
        processes = [*self._doors.values(), *([self._server] if self._server else [])]
        pid = self._chance.choice(processes).pid
        os.kill(pid, signal.SIGSTOP)
        self._still.append((time.monotonic() + self._chance.uniform(0.1, 1.5), pid))

    def _kill_server(self) -> None:
        if self._server is None:
            self._server = Server(self._config, self._port)
            return
        self._forget(self._server.pid)
        self._server.kill()
        self._server = None
        if self._chance.random() < 0.7:
            _pause(self._chance.uniform(0, 1))
            self._server = Server(self._config, self._port)

    def _kill_door(self) -> None:
        room = self._chance.choice(DOORS)
        self._forget(self._doors[room].pid)
        self._doors[room].kill()
        self._doors[room] = self._hang(room)

    def _change_timetable(self) -> None:
        if len(self._bookings) > 6 and self._chance.random() < 0.5:
            del self._bookings[self._chance.choice(list(self._bookings))]
        else:
            self._book()
        self._show()

    def _fail_timetable(self) -> None:
        self._site.show(b"<html><body>Internal Server Error</body></html>", status=500)

    def _close_room(self) -> None:
        what = self._chance.choice(("close", "reopen"))
        toctoc("room", what, self._chance.choice(ROOMS), "--config", self._config)

    def _post_notice(self) -> None:
        toctoc("notice", "post", "school", f"Annonce {next(self._numbers)}", "--config", self._config)

    def _reload(self) -> None:
        self._walk_in = self._chance.choice((20, 60, 90))
        self._write_config()
        if self._server is not None:
            os.kill(self._server.pid, signal.SIGHUP)

    # -- what goes on by itself ---------------------------------------------------------------------

    def _recover(self, *, all_of_it: bool = False) -> None:
        now = time.monotonic()
        for due in list(self._still):
            if all_of_it or due[0] <= now:
                self._still.remove(due)
                os.kill(due[1], signal.SIGCONT)
        for cut in list(self._down):
            if all_of_it or cut[0] <= now:
                self._down.remove(cut)
                self._wires[cut[1]].mend()

    def _forget(self, pid: int) -> None:
        """Let one that stands still go on, before it is killed and its number is somebody else's."""
        for due in [due for due in self._still if due[1] == pid]:
            self._still.remove(due)
            os.kill(pid, signal.SIGCONT)

    def _look_for_the_dead(self) -> None:
        if self._server is not None and (status := self._server.process.poll()) is not None:
            self.broken.append(f"the server ended by itself with status {status}")
            self._server = Server(self._config, self._port)
        for room, door in self._doors.items():
            if (status := door.process.poll()) is not None:
                self.broken.append(f"the door of {room} ended by itself with status {status}")
                self._doors[room] = self._hang(room)

    def _hang(self, room: str) -> PressedDoor:
        return PressedDoor(room, self._wires[room].address, self._folder / f"door-{room}", self.names)

    def _write_config(self) -> Path:
        url = self._show()
        return write_school(
            self._folder,
            rooms=ROOMS,
            sources=[SOURCE.format(url=url)],
            more=POLICY.format(walk_in=self._walk_in),
            port=self._port,
        )

    def _book(self) -> None:
        start = datetime.now(ZONE) + timedelta(minutes=self._chance.randint(-60, 180))
        end = start + timedelta(minutes=self._chance.randint(5, 90))
        number = next(self._numbers)
        room = self._chance.choice(ROOMS)
        self._bookings[number] = f"{number};{room};{start:%Y-%m-%d %H:%M};{end:%Y-%m-%d %H:%M};Cours {number}"

    def _show(self) -> str:
        table = "\n".join(("id;room;start;end;title", *self._bookings.values()))
        return self._site.show(table.encode())

    # -- afterwards ---------------------------------------------------------------------------------

    def clear(self) -> None:
        """Let the weather clear, and look for what was promised."""
        self._recover(all_of_it=True)
        for wire in self._wires.values():
            wire.mend()
        if self._server is None:
            self._server = Server(self._config, self._port)
        self._show()
        until = time.monotonic() + CLEAR
        data = self._folder / "data"

        def recorded() -> Counter[str]:
            return Counter(record.id for record in records(data, "presence-pressed"))

        self._expect("every press is in the log", until, lambda: sorted(self.names - recorded().keys()))
        self._expect("no press is there twice", until, lambda: [n for n, c in recorded().items() if c > 1])
        self._expect("who stayed knows what a replay tells", until, lambda: self._gaps(self._board.follower))
        self._expect("who comes knows what a replay tells", until, lambda: self._gaps(self._newcomer()))
        self._expect("every door shows its sign", until, self._wrong_signs)
        # A door that stood still may have noted some meanwhile.
        self._expect("every press is in the log", until, lambda: sorted(self.names - recorded().keys()))
        self._look_for_the_dead()
        with contextlib.closing(SqliteLog(data, read_only=True)) as log:
            personal = PersonalStore(data / "personal", read_only=True)
            self.broken += [f"the log is not sound: {finding}" for finding in verify(log, personal)]
        self.did["presses noted"] = len(self.names)
        self.did["presses recorded"] = len(recorded())
        self.did["times the client came back"] = self._board.came

    def _expect(self, promise: str, until: float, wrong: Callable[[], object]) -> None:
        """Wait until nothing is wrong."""
        while found := wrong():
            if time.monotonic() > until:
                self.broken.append(f"{promise}: {str(found)[:2000]}")
                return
            _pause(0.2)

    def _gaps(self, follower: Follower) -> object:
        with contextlib.closing(SqliteLog(self._folder / "data", read_only=True)) as log:
            school = replay(log)
        with self._board.lock:
            if follower.seq is None:
                return "nothing is known"
            now = datetime.now(UTC)
            compared = {key: gaps(follower, known(school, room), now) for key, room in school.rooms.items()}
            notices = notice_gaps(follower, school, now)
        wrong: dict[str, object] = {key: found for key, found in compared.items() if found}
        return wrong | ({"notices": notices} if notices else {})

    def _newcomer(self) -> Follower:
        follower = Follower()
        assert self._server is not None
        with converse(self._server.address) as conversation:
            follower.hears(conversation.welcome)
            conversation.say(Subscribe(topics=("school",)))
            while follower.seq is None:
                follower.hears(conversation.hear(until=time.monotonic() + 10))
        return follower

    def _wrong_signs(self) -> dict[str, tuple[str, str]]:
        with contextlib.closing(SqliteLog(self._folder / "data", read_only=True)) as log:
            school = replay(log)
        wrong: dict[str, tuple[str, str]] = {}
        for room, door in self._doors.items():
            shown = door.described(self._folder)["sign"]
            now = datetime.now(UTC)
            right = sign_of(status_at(known(school, school.rooms[RoomKey(room)]), now))
            if shown != right:
                wrong[room] = (shown, right)
        return wrong

    def close(self) -> None:
        """End everything."""
        self._recover(all_of_it=True)
        self._board.stop()
        stop_all([*self._doors.values(), *([self._server] if self._server else [])])
        for wire in self._wires.values():
            wire.close()
        if self._board.ident is not None:
            self._board.join(30)


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@contextlib.contextmanager
def kept_if_broken(broken: list[str]) -> Iterator[Path]:
    """Give a folder that is gone afterwards, unless there is something to be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="toctoc-storm-"))
    try:
        yield folder
    except BaseException:
        print(f"kept: {folder}")
        raise
    if broken:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder)


def main(argv: list[str]) -> int:
    """Run for as long as told and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    options = parser.parse_args(argv)
    print(f"seed {options.seed}", flush=True)
    broken: list[str] = []
    with kept_if_broken(broken) as folder, serving_pages() as site:
        storm = Storm(folder, site, random.Random(options.seed))
        try:
            storm.begin()
            storm.rage(options.seconds)
            storm.clear()
        finally:
            storm.close()
        broken += storm.broken
        print(", ".join(f"{count} {what.replace('_', ' ')}" for what, count in storm.did.items()))
    for what in broken:
        print(f"BROKEN (seed {options.seed}): {what}", flush=True)
    print(f"{len(broken)} promises broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
