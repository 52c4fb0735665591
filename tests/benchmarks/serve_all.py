"""The server of the relaying benchmark, with no limit on presses: prints its port."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from actors import session
from actors.app import App
from tests.benchmarks.bench_press import settings

session.PRESS_BURST = 1_000_000_000
with tempfile.TemporaryDirectory() as folder:
    app = App(settings(Path(folder) / "school"))
    app.start()
    print(app.address[1], flush=True)
    sys.stdin.read()
    app.stop()
