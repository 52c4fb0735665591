"""What the machine says of itself."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import machine


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    machine.boot_id.cache_clear()
    yield
    machine.boot_id.cache_clear()


def test_the_run_of_the_machine_has_one_name() -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}", machine.boot_id())
    assert machine.boot_id() == machine.boot_id()


def test_a_machine_that_does_not_say_has_an_unknown_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_BOOT_ID", tmp_path / "missing")
    assert machine.boot_id() == "unknown"


@pytest.mark.parametrize(("state", "synchronised"), [(0, True), (4, True), (5, False), (-1, False)])
def test_a_clock_that_nobody_sets_is_not_synchronised(
    monkeypatch: pytest.MonkeyPatch, state: int, *, synchronised: bool
) -> None:
    class Library:
        def adjtimex(self, timex: object) -> int:
            return state

    monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: Library())
    assert machine.clock_is_synchronised() is synchronised


def test_a_system_without_the_call_is_not_synchronised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_args, **_options: object())
    assert machine.clock_is_synchronised() is False


def test_the_real_clock_answers() -> None:
    assert machine.clock_is_synchronised() in (True, False)


def connectors(folder: Path, **states: str) -> Path:
    for name, state in states.items():
        place = folder / f"card1-{name.replace('_', '-')}"
        place.mkdir()
        (place / "status").write_text(f"{state}\n", encoding="ascii")
    return folder


def test_a_display_is_missing_where_none_of_the_connectors_has_one(tmp_path: Path) -> None:
    found = connectors(tmp_path, HDMI_A_1="disconnected", DSI_1="disconnected", Writeback_1="unknown")
    assert machine.missing_display(found) == "nothing is plugged in at DSI-1, HDMI-A-1"


def test_one_display_is_enough(tmp_path: Path) -> None:
    assert machine.missing_display(connectors(tmp_path, HDMI_A_1="disconnected", DSI_1="connected")) == ""


def test_of_what_the_kernel_does_not_say_nothing_is_said(tmp_path: Path) -> None:
    assert machine.missing_display(tmp_path / "none") == ""
    assert machine.missing_display(connectors(tmp_path, HDMI_A_1="unknown")) == ""
