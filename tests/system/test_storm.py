"""A short storm in every run; long ones are `make soak`'s."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from tests.system.processes import ROOT


@pytest.mark.timeout(180)
def test_what_was_promised_is_true_after_a_storm() -> None:
    program = [sys.executable, str(ROOT / "tests" / "storm.py"), "--seconds", "15", "--seed", "1"]
    storm = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said, _ = storm.communicate(timeout=150)
    finally:
        with contextlib.suppress(ProcessLookupError):  # with all that it started
            os.killpg(storm.pid, signal.SIGKILL)
        storm.wait()
    assert storm.returncode == 0, said
    assert said.splitlines()[-1] == "0 promises broken"
