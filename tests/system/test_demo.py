"""The demo, as somebody runs it who has just cloned the project."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.conftest import Display

DEMO = [sys.executable, "-m", "toctoc", "demo"]


def without_display() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


@pytest.mark.timeout(120)
def test_the_headless_demo_says_that_everything_is_as_it_should_be(tmp_path: Path) -> None:
    command = [*DEMO, "--headless", "--seconds", "14", "--json", "--pictures", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=without_display(), check=False, timeout=110
    )

    assert done.returncode == 0, done.stderr + done.stdout
    answer = json.loads(done.stdout)
    assert answer["problems"] == []
    assert (answer["rooms"], answer["bookings"], answer["doors"]) == (35, 73, 3)
    assert answer["presses_sent"] >= 30
    assert answer["presses_recorded"] == answer["presses_acknowledged"] == answer["presses_sent"]
    assert answer["doors_that_saw_every_press"] == 3
    assert answer["press_to_last_door_ms"] > 0
    assert answer["server_restarts"] == 2
    assert answer["replay_equals_live"] is True
    assert all((tmp_path / f"{room}.png").stat().st_size > 1000 for room in ("L213", "L218", "V106A"))


@pytest.mark.timeout(90)
def test_the_space_bar_is_the_button_of_the_door_in_the_window(display: Display) -> None:
    env = display.environment
    # A shell's background job, and all that it starts, ignores Ctrl-C: these tests may be one.
    command = ["env", "--default-signal=INT", *DEMO]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True)
    assert demo.stdout is not None

    def hear(pattern: str) -> str:
        assert demo.stdout is not None
        for line in demo.stdout:
            if re.search(pattern, line):
                return line
        pytest.fail(f"the demo ended without a word like {pattern!r}")

    def key(action: str) -> None:
        subprocess.run(["xdotool", action, "space"], env=env, check=True, timeout=10)

    try:
        hear("The window is the door of L213")
        window = ["xdotool", "search", "--sync", "--class", "toctoc", "windowfocus"]
        subprocess.run(window, env=env, check=True, timeout=20)
        key("key")
        hear(r"L213: toc toc \(I am here\)")
        hear(r"L213: all three doors show it, [0-9.]+ ms after the press")
        key("keydown")
        hear(r"L213: toc toc \(I leave\)")
        key("keyup")
        hear(r"L213: all three doors show it")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()
        demo.stdout.close()
