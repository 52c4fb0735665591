"""One event of each kind and more, from the golden files: as real as a log's."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from events import codec
from events.domain import AnyEvent

GOLDEN = Path(__file__).parent / "golden"


class _Line(Struct, frozen=True):
    tag: str
    revision: int
    body: msgspec.Raw


def golden_events() -> list[AnyEvent]:
    """Read them all, oldest revisions first."""
    lines = [
        msgspec.json.decode(line, type=_Line)
        for file in sorted(GOLDEN.glob("revision-*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]
    return [codec.decode(bytes(line.body), line.tag, line.revision) for line in lines]
