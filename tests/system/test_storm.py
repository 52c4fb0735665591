"""A short storm in every run; long ones are `make soak`'s."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.system.processes import ROOT


@pytest.mark.timeout(180)
def test_what_was_promised_is_true_after_a_storm() -> None:
    program = [sys.executable, str(ROOT / "tests" / "storm.py"), "--seconds", "15", "--seed", "1"]
    run = subprocess.run(program, capture_output=True, text=True, timeout=170, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "0 promises broken"
