"""A door comes to its room: the code on its screen, the server's word, and what it keeps of it."""

# ruff: noqa: RUF001  # the apostrophes of good typography

from __future__ import annotations

import queue
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events.clock import SystemClock
from events.ids import KioskId, RoomKey
from events.signing import kiosk_id, new_key, public_hex
from events.wire import Hello, Pair, Paired, Pressed, RevokeDoor, SnapshotEnd
from kiosk.door.model import Model, begun
from kiosk.door.update import update
from kiosk.drawing.picture import Column
from kiosk.inbox import Gesture, Input, LinkChanged, Received, Unpaired
from kiosk.link.entry import Target
from kiosk.link.link import Link
from kiosk.pairing import Pairing, PairingBroken, keep_pairing, read_pairing
from kiosk.view import view
from tests.actors.stack import TIMEOUT, DoorClient, School, free_port, greeted, running

TLS = '[tls]\nuse = "always"'
ROOM = RoomKey("L227")
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
M = TypeVar("M")


class Door:
    """A door's line to a server, on a folder; not paired unless the test says a room."""

    def __init__(
        self, folder: Path, server: str, key: Ed25519PrivateKey, room: RoomKey | None = None, pin: str = ""
    ) -> None:
        self.items: queue.Queue[Input] = queue.Queue()
        self.file = folder / "paired.json"
        self.link = Link(
            Target(server=server, room=room, pin=pin, pairing=self.file, ceiling=0.2),
            key=key,
            outbox=folder / "outbox.db",
            inbox=self,
            clock=SystemClock(),
        )

    def put(self, item: Input) -> None:
        self.items.put(item)

    def __enter__(self) -> Self:
        self.link.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.link.stop()

    def until(self, kind: type[M], **fields: Any) -> M:
        """Wait for an input, or for a message of the server, whose fields are so."""
        end = time.monotonic() + TIMEOUT
        while True:
            item = self.items.get(timeout=max(0.0, end - time.monotonic()))
            for thing in (item, item.message if isinstance(item, Received) else None):
                if isinstance(thing, kind) and all(getattr(thing, k) == v for k, v in fields.items()):
                    return thing


def confirm(school: School, code: str, room: RoomKey = ROOM) -> Paired:
    """Do what the operator does."""
    with greeted(school.address, Hello(role="operator", token=school.token)) as desk:
        desk.say(Pair(id=1, code=code, room=room))
        return desk.until(Paired)


# -- the line -------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["", TLS], ids=["plain", "tls"])
def test_a_door_without_a_room_shows_a_code_and_then_its_room(tmp_path: Path, more: str) -> None:
    key = new_key()
    known = [("L213", DoorClient("L213").key)]
    with running(tmp_path, more=more, doors=known) as school, Door(tmp_path, school.address, key) as door:
        shown = door.until(Unpaired)
        assert shown.kiosk == kiosk_id(public_hex(key))
        paired = confirm(school, shown.code)
        assert paired.kiosk == shown.kiosk, "what the operator compares"
        door.until(LinkChanged, state="up")
        door.until(SnapshotEnd)
        server = school.fingerprint if more else ""
        assert read_pairing(door.file) == Pairing(room=ROOM, server=server)
        door.link.submit("present", at=SystemClock().boottime())
        assert door.until(Pressed).effect == "walk-in"
    assert len(school.records("presence-pressed")) == 1


def test_a_door_that_was_revoked_asks_to_be_paired_again(tmp_path: Path) -> None:
    key = new_key()
    with (
        running(tmp_path, doors=[("L227", key)]) as school,
        Door(tmp_path, school.address, key, ROOM) as door,
    ):
        door.until(LinkChanged, state="up")
        with greeted(school.address, Hello(role="operator", token=school.token)) as desk:
            desk.say(RevokeDoor(id=1, kiosk=kiosk_id(public_hex(key))))
            shown = door.until(Unpaired)
        confirm(school, shown.code, RoomKey("L213"))
        door.until(LinkChanged, state="up")
        pairing = read_pairing(door.file)
        assert pairing is not None
        assert pairing.room == "L213"


def test_a_paired_door_says_nothing_to_another_server(tmp_path: Path) -> None:
    """Whoever answers under the server's address without its key hears no hello and gets no press."""
    key = new_key()
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    port = free_port()
    known: dict[str, Any] = {"more": TLS, "doors": [("L227", key)], "port": port}
    with running(tmp_path / "ours", **known) as school:
        pin = school.fingerprint
    with (
        running(tmp_path / "theirs", **known) as other,
        Door(tmp_path, other.address, key, ROOM, pin) as door,
    ):
        down = door.until(LinkChanged, state="down")
        assert "this is another server" in down.why
        assert other.fingerprint in down.why
        assert other.records("kiosk-joined") == []
    with (
        running(tmp_path / "ours", **known) as school,
        Door(tmp_path, school.address, key, ROOM, pin) as door,
    ):
        door.until(LinkChanged, state="up")


def test_a_pinned_door_does_not_speak_plain(tmp_path: Path) -> None:
    key = new_key()
    with (
        running(tmp_path, doors=[("L227", key)]) as school,
        Door(tmp_path, school.address, key, ROOM, "ab" * 32) as door,
    ):
        assert "its key is sha256:(none)" in door.until(LinkChanged, state="down").why


def test_a_door_with_a_room_and_no_fingerprint_wants_a_certificate_it_can_trust(tmp_path: Path) -> None:
    key = new_key()
    with (
        running(tmp_path, more=TLS, doors=[("L227", key)]) as school,
        Door(tmp_path, school.address, key, ROOM) as door,
    ):
        why = door.until(LinkChanged, state="down").why
        assert "not trusted here" in why
        assert "write its fingerprint to kiosk.toml" in why


def test_a_server_whose_word_is_of_another_door_is_not_believed(tmp_path: Path) -> None:
    link = Link(
        Target(server="wss://x", room=None, pairing=tmp_path / "paired.json"),
        key=new_key(),
        outbox=tmp_path / "outbox.db",
        inbox=_Nowhere(),
        clock=SystemClock(),
    )
    from events.errors import WireError

    for paired in (
        Paired(room=ROOM, kiosk=KioskId("ab" * 16), server="cd" * 32),
        Paired(room=ROOM, kiosk=link._entry.kiosk, server="ef" * 32),
    ):
        with pytest.raises(WireError):
            link._entry.be_paired(paired, "cd" * 32)
    assert read_pairing(tmp_path / "paired.json") is None


class _Nowhere:
    def put(self, item: Input) -> None:
        """Nobody listens."""


# -- the file -------------------------------------------------------------------------------------


def test_the_servers_word_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "paired.json"
    assert read_pairing(path) is None
    keep_pairing(path, Pairing(room=ROOM, server="ab" * 32))
    assert read_pairing(path) == Pairing(room=ROOM, server="ab" * 32)
    assert list(path.parent.iterdir()) == [path]
    path.write_text('{"room":', encoding="ascii")
    with pytest.raises(PairingBroken, match=r"paired\.json: .*pair the door again"):
        read_pairing(path)


# -- the picture ----------------------------------------------------------------------------------

WAITS = Unpaired(
    kiosk=KioskId("3f1c9a0b7d2e48553f1c9a0b7d2e4855"),
    code="7K4M2QXD",
    until=datetime(2026, 11, 20, 8, 10, tzinfo=UTC),
)


def texts(model: Model, language: str = "fr") -> list[str]:
    return [text.replace("\u00a0", " ") for text in view(model, NOW, (800, 480), language).texts()]


def test_a_door_that_waits_shows_its_code_its_key_and_what_to_do() -> None:
    model = update(begun(RoomKey(""), NOW), WAITS, NOW)
    assert texts(model) == [
        "Cette porte attend sa salle",
        "7K4M-2QXD",
        "Sur le serveur, ou à l’accueil :",
        "toctoc pair 7K4M-2QXD --room SALLE",
        "À comparer, la clé de cette porte :",
        "3f1c 9a0b 7d2e 4855",
        "Ce code vaut jusqu’à 9 h 10, puis un autre le remplace.",
    ]
    assert "toctoc pair 7K4M-2QXD --room ROOM" in texts(model, "en")


@pytest.mark.parametrize("size", [(800, 480), (480, 800), (1024, 600), (1920, 1080), (320, 240)])
def test_the_code_is_the_largest_there_is(size: tuple[int, int]) -> None:
    model = update(begun(RoomKey(""), NOW), WAITS, NOW)
    vm = view(model, NOW, size, "fr")
    sizes = {text.text: text.size for column in vm.columns() for text in column.texts}
    assert max(sizes, key=lambda text: sizes[text]) == "7K4M-2QXD"
    for panel in vm.panels:
        assert all(part.box.bottom <= size[1] for part in panel.parts if isinstance(part, Column))


def test_a_code_does_not_outlive_its_connection() -> None:
    model = update(begun(RoomKey(""), NOW), WAITS, NOW)
    model = update(model, LinkChanged("down", NOW, "gone"), NOW)
    assert texts(model) == ["Cette porte attend sa salle", "J’attends le serveur pour demander un code."]


def test_a_door_that_has_a_room_shows_it_once_the_server_knows_it_again() -> None:
    model = update(begun(ROOM, NOW), WAITS, NOW)
    assert "7K4M-2QXD" in texts(model)
    model = update(model, Received(Paired(room=RoomKey("L213"), kiosk=WAITS.kiosk), NOW), NOW)
    assert model.room == "L213"
    assert "7K4M-2QXD" not in texts(model)
    assert "L213" in " ".join(texts(model))


def test_a_button_at_a_door_without_a_room_says_nothing(tmp_path: Path) -> None:
    """And nothing of it is kept that would be said once there is one."""
    door = Door(tmp_path, f"ws://127.0.0.1:{free_port()}", new_key())
    with door:
        door.link.submit("present", at=SystemClock().boottime())
        door.until(LinkChanged, state="down")
    import sqlite3

    with sqlite3.connect(tmp_path / "outbox.db") as db:
        assert db.execute("SELECT count(*) FROM press").fetchone() == (0,)
    db.close()
    model = update(begun(RoomKey(""), NOW), Gesture("present", 1.0), NOW)
    assert texts(model)[0] == "Cette porte attend sa salle"
