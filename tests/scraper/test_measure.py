"""Measuring a list, one after another and together."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest

from scraper.errors import FetchError
from scraper.fetch import Limits, TimetableClient
from scraper.measure import main, measure, read_list
from tests.scraper.web import Handler, serving

make = partial(TimetableClient, allow_private=True, limits=Limits(connect=2, read=5, whole=10))


class Gate:
    """Serves the first so many one by one, and the others only when all of them are there."""

    def __init__(self, number: int) -> None:
        self._alone = number
        self._lock = threading.Lock()
        self._together = threading.Barrier(number)

    def __call__(self, h: Handler) -> None:
        with self._lock:
            self._alone -= 1
            alone = self._alone >= 0
        if not alone:
            self._together.wait(5)
        h.reply(200, b"x" * 1234)


def test_a_list_is_fetched_one_after_another_and_then_together() -> None:
    with serving() as server:
        url = server.at("/", Gate(5))
        measured = measure([url] * 5, per_host=5, make=make)
    assert [it.status for it in measured.alone + measured.together] == ["200"] * 10
    assert {it.size for it in measured.alone + measured.together} == {1234}
    assert measured.speed_up == measured.alone_seconds / measured.together_seconds
    assert sum(it.seconds for it in measured.alone) <= measured.alone_seconds
    assert max(it.seconds for it in measured.together) <= measured.together_seconds


def test_each_url_has_a_line_and_failures_are_told(tmp_path: Path) -> None:
    lines: list[str] = []
    with serving() as server:
        good = server.at("/good", lambda h: h.reply(200, b"x" * 12_345))
        bad = server.at("/bad", lambda h: h.reply(503))
        file = tmp_path / "urls.txt"
        file.write_text(f"# our sources\n{good}\n\n  {bad}  \nftp://example.org/\n")
        assert main(str(file), workers=3, make=make, tell=lines.append) == 2
        table = lines[1:4]
        assert table[0].split()[:2] == ["200", "12,345"]
        assert table[0].endswith(good)
        assert table[1].split()[:2] == ["503", "0"]
        assert bad in table[1]
        assert "Service Unavailable" in table[1]
        assert table[2].startswith("NotAllowed ")
        assert "times as fast" in lines[4]
        assert lines[5] == "4 of 6 fetches failed"
        file.write_text(good)
        assert main(str(file), make=make, tell=lines.append) == 0


def test_a_list_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    for path in ("none.txt", "empty.txt", "bytes.txt"):
        with pytest.raises(FetchError):
            read_list(str(tmp_path / path))
        assert main(str(tmp_path / path), tell=lines.append) == 2
    assert "no URL in it" in lines[1]


def test_what_is_printed_moves_no_cursor(tmp_path: Path) -> None:
    lines: list[str] = []
    file = tmp_path / "urls.txt"
    file.write_text("http://\x1b[2Jx/\n")
    assert main(str(file), make=make, tell=lines.append) == 2
    assert "\x1b" not in "".join(lines)
