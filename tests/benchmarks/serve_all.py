"""The server of the gateway's benchmarks, with no limit on presses.

Prints its port and the folder of its data; ``--tls`` serves with its own certificate.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from actors.app import App
from actors.live import session
from actors.settings import TlsSettings
from tests.benchmarks.bench_press import settings

session.PRESS_BURST = 1_000_000_000
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
with tempfile.TemporaryDirectory() as folder:
    app = App(replace(settings(Path(folder) / "school"), tls=TlsSettings(serve="--tls" in sys.argv)))
    app.start()
    print(app.address[1], app.settings.data, flush=True)
    sys.stdin.read()
    app.stop()
