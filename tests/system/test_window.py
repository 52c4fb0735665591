"""Descriptors of real displays."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.part import needs
from tests.system.conftest import Display
from tests.system.processes import ROOT, wait_for

LISTENS = """
import json, select, sys
sys.path.insert(0, sys.argv[1])
from kiosk.drawing.sdl import pygame
from kiosk.drawing.window import Window
pygame.display.init()
pygame.display.set_mode((200, 200)).fill((0, 90, 0))
pygame.display.update()
window = Window()
def quiet():
    for _ in range(100):
        window.events()
        if not select.select(window.descriptors, [], [], 0.3)[0]:
            return True
    return False
driver = pygame.display.get_driver()
print(json.dumps({"driver": driver, "found": len(window.descriptors), "quiet": quiet()}), flush=True)
sys.stdin.readline()
woken = bool(select.select(window.descriptors, [], [], 10)[0])
kinds = []
while pygame.KEYDOWN not in kinds and select.select(window.descriptors, [], [], 10)[0]:
    kinds += [event.type for event in window.events()]
print(json.dumps({"woken": woken, "key": pygame.KEYDOWN in kinds, "quiet": quiet()}), flush=True)
"""


def listens(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LISTENS, str(ROOT)]
    return subprocess.Popen(
        command, env={**environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def hear(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    said: dict[str, Any] = json.loads(process.stdout.readline())
    return said


def test_on_x11_the_connection_wakes_and_is_quiet_when_all_was_taken(display: Display) -> None:
    with listens({**display.environment, "SDL_VIDEO_X11_WMCLASS": "toctoc"}) as process:
        assert hear(process) == {"driver": "x11", "found": 1, "quiet": True}
        assert process.stdin is not None
        display.do("search", "--sync", "--class", "toctoc", "windowfocus")
        process.stdin.write("\n")
        process.stdin.flush()
        display.do("key", "space")
        assert hear(process) == {"woken": True, "key": True, "quiet": True}
    assert process.wait(10) == 0


@needs(shutil.which("weston") is not None, "weston", remedy="sudo apt-get install weston")
def test_on_wayland_the_connection_is_found_and_is_quiet() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_RUNTIME_DIR": folder}
        command = ["weston", "--backend=headless-backend.so", "--socket=toctoc", "--idle-time=0"]
        weston = subprocess.Popen(
            command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        try:
            wait_for((Path(folder) / "toctoc").exists)
            environment |= {"WAYLAND_DISPLAY": "toctoc", "SDL_VIDEODRIVER": "wayland"}
            process = listens(environment)
            assert hear(process) == {"driver": "wayland", "found": 1, "quiet": True}
            process.kill()
            process.communicate()
        finally:
            weston.terminate()
            weston.wait(10)
