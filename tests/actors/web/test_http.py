"""Plain HTTP on the live channel's port, over real sockets."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import icalendar
import pytest

import actors.live.hub
import actors.web.health
from events.log import Batch
from events.sqlite import SqliteLog
from events.wire import Hello, Pressed, RoomPresence
from tests.actors.stack import (
    TIMEOUT,
    DoorClient,
    School,
    eventually,
    greeted,
    page,
    running,
    serving_pages,
)
from tests.clock import FakeClock


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[School]:
    monkeypatch.setattr(actors.live.hub, "HEARTBEAT", 0.05)
    with serving_pages() as site:
        source = f'name = "oasis"\nurl = "{site.show(page())}"\nallow_private = true'
        with running(tmp_path, sources=[source]) as school:
            school.wait_for("timetable-read")
            school.wait_published()
            yield school


def get(
    school: School, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(*school.app.address, timeout=TIMEOUT)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def health(school: School) -> tuple[int, dict[str, Any]]:
    response, body = get(school, "/healthz")
    return response.status, json.loads(body)


def test_the_page_comes_whole_and_a_second_time_only_when_it_changed(school: School) -> None:
    response, body = get(school, "/app.js")
    assert (response.status, len(body)) == (200, int(str(response.getheader("Content-Length"))))
    assert response.getheader("Connection") == "close"
    assert str(response.getheader("Date")).endswith("GMT")
    packed, smaller = get(school, "/app.js", Accept_Encoding="br, gzip")
    assert gzip.decompress(smaller) == body
    for answer in (response, packed):
        etag = str(answer.getheader("ETag"))
        encoding = "gzip" if answer is packed else "identity"
        again, nothing = get(school, "/app.js", If_None_Match=etag, Accept_Encoding=encoding)
        assert (again.status, nothing) == (304, b"")


def test_feeds_follow_what_happens(school: School) -> None:
    door = DoorClient("L227")
    first, body = get(school, "/rooms.json")
    etag = str(first.getheader("ETag"))
    assert get(school, "/rooms.json", If_None_Match=etag)[0].status == 304
    with greeted(school.address, Hello(role="board")) as board:
        board.snapshot("room/L227")
        with door.connect(school.address) as talk:
            talk.say(door.press())
            talk.until(Pressed)
        board.until(RoomPresence, room="L227")
    response, body = get(school, "/rooms.json", If_None_Match=etag)
    assert response.status == 200
    rooms = {room["room"]: room for room in json.loads(body)["rooms"]}
    assert (rooms["L227"]["status"], rooms["L213"]["status"]) == ("occupied", "booked")
    response, body = get(school, "/room/L227.ics", Accept_Language="en")
    assert response.getheader("Content-Type") == "text/calendar; charset=utf-8"
    calendar = icalendar.Calendar.from_ical(body)
    assert [str(event["SUMMARY"]) for event in calendar.walk("VEVENT")] == ["Presence without a booking"]


def test_the_past_is_answered_beside_everything_else(school: School) -> None:
    response, body = get(school, f"/at.json?at={school.clock.now():%Y-%m-%dT%H:%M:%S}Z")
    assert response.status == 200
    told = json.loads(body)
    assert {message["room"] for message in told["messages"]} == set(school.app.settings.rooms)
    assert "title" not in body.decode()


def test_nothing_but_get_is_answered_with_more_than_a_refusal(school: School) -> None:
    head = school.log().head()
    with socket.create_connection(school.app.address, timeout=TIMEOUT) as client:
        client.sendall(b"POST /rooms.json HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        answer = client.recv(65536)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 405 ")
    assert school.log().head() == head


@pytest.mark.parametrize(
    "rubbish", [b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n" * 3, b"\r\n"]
)
def test_rubbish_is_hung_up_on_and_others_are_served(school: School, rubbish: bytes) -> None:
    with socket.create_connection(school.app.address, timeout=TIMEOUT) as client:
        client.sendall(rubbish)
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(65536)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert get(school, "/")[0].status == 200


def test_health_knows_the_timetables(school: School) -> None:
    eventually(lambda: health(school)[1]["timetables"].get("oasis") is not None)
    status, told = health(school)
    assert (status, told["well"]) == (200, True)


def test_health_knows_a_reading_without_waiting_for_a_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.live.hub, "HEARTBEAT", 3600)
    with serving_pages() as site:
        source = f'name = "oasis"\nurl = "{site.show(page())}"\nallow_private = true'
        with running(tmp_path, sources=[source]) as school:
            eventually(lambda: health(school)[1]["timetables"] == {"oasis": "2026-11-20T07:00:00Z"})
        clock = FakeClock()
        clock.advance(60)
        site.show(b"", status=500)
        with running(tmp_path, clock, sources=[source]) as again:
            eventually(lambda: health(again)[1]["timetables"] != {})
            assert health(again)[1]["timetables"] == {"oasis": "2026-11-20T07:00:00Z"}, "as the log says"


def test_a_recorder_that_hangs_is_told_and_so_is_its_return(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.web.health, "RECORDER_LIMIT", 0.5)
    append, free = SqliteLog.append_group, threading.Event()

    def hang(log: SqliteLog, batches: Sequence[Batch]) -> Any:
        free.wait(TIMEOUT)
        return append(log, batches)

    monkeypatch.setattr(SqliteLog, "append_group", hang)
    door = DoorClient("L227")
    with door.connect(school.address) as talk:
        talk.say(door.press())
        eventually(lambda: health(school)[0] == 503)
        assert "recorder" in health(school)[1]["wrong"][0]
        free.set()
        talk.until(Pressed)
        eventually(lambda: health(school)[0] == 200)
