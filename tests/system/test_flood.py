"""A server that is attacked with damaged frames and floods serves the honest as before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.system.processes import ROOT


@pytest.mark.parametrize("tls", ["plain", "tls"])
def test_an_attacked_server_goes_on(tls: str) -> None:
    program = [
        sys.executable,
        str(ROOT / "tests" / "flood.py"),
        "--seconds",
        "6",
        "--seed",
        "7",
        "--only",
        tls,
    ]
    run = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "0 promises broken"
