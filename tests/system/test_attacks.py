"""Attacks that need the real thing: a browser with somebody's cookie, and a server as a process."""

from __future__ import annotations

import contextlib
import http.client
import resource
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from actors.entry.credentials import new_secret, proof_of, token
from events.domain import NoticePosted
from events.wire import Done, GrantAccess, Granted, Hello, PostNotice
from tests.actors.stack import TIMEOUT, free_port, greeted, running, write_school
from tests.system.chromium import pages
from tests.system.processes import Server, records, wait_for

FILES = 150


class Evil(BaseHTTPRequestHandler):
    """A page of another site."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>You have won</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextlib.contextmanager
def serving_evil() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site.server_port
        finally:
            site.shutdown()
            thread.join()


def speaks(address: str) -> str:
    """A script that says hello as operator with no token, and tells what comes of it."""
    return (
        "new Promise(done => { const s = new WebSocket('" + address + "/ws', 'toctoc.v1');"
        "s.onclose = () => done('closed'); s.onerror = () => done('error');"
        "s.onmessage = e => { const m = JSON.parse(e.data);"
        "if (m.type === 'challenge') s.send(JSON.stringify({type: 'hello', role: 'operator'}));"
        "else done(m.type); }; })"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["another port", "another site"])
def test_a_page_of_another_site_can_do_nothing_with_an_operators_cookie(tmp_path: Path, host: str) -> None:
    """By another port of the same host, browsers send even a cookie that is SameSite=Strict."""
    with running(tmp_path) as school, pages() as chromium, serving_evil() as evil:
        secret = new_secret()
        with greeted(school.address, Hello(role="operator", token=school.token)) as desk:
            desk.say(GrantAccess(id=1, name="Accueil", role="operator", proof=proof_of("operator", secret)))
            number = desk.until(Granted).access
        school.wait_published()
        web = school.address.replace("ws://", "http://")
        page = chromium.open(web)
        page.until("document.querySelector('.room')")
        bearer = f"{{headers: {{Authorization: 'Bearer {token(number, secret)}'}}}}"
        assert page.run(f"fetch('/login', {bearer}).then(answer => answer.status)") == 200
        assert page.run(speaks(school.address)) == "welcome", "our own page needs no more than its cookie"

        page.go(f"http://{host}:{evil}/")
        page.until("document.title === 'You have won'")
        assert page.run(speaks(school.address)) in ("error", "closed")
        for path in ("/logout", "/rooms.json", "/login"):
            read = f"fetch('{web}{path}', {{credentials: 'include'}}).then(a => a.text(), () => 'nothing')"
            assert page.run(read) == "nothing", path
        # As a picture or a script is asked for: with the cookie, without an Origin.
        asked = f"fetch('{web}/logout', {{mode: 'no-cors', credentials: 'include'}}).then(a => a.type)"
        page.run(asked)
        framed = (
            "new Promise(done => { const f = document.createElement('iframe'); f.onload = () => {"
            "try { done(f.contentDocument === null ? 'closed' : 'open'); } catch { done('closed'); } };"
            f"f.src = '{web}/'; document.body.append(f); }})"
        )
        assert page.run(framed) == "closed"

        page.go(web)
        page.until("document.querySelector('.room')")
        assert page.run(speaks(school.address)) == "welcome", "and nobody has logged them out"


def health(port: int) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status


def test_who_takes_every_connection_there_is_stops_no_work_and_fills_no_disk(tmp_path: Path) -> None:
    port = free_port()
    server = Server(write_school(tmp_path, port=port), port)
    try:
        token = (server.data / "operator.token").read_text(encoding="ascii").strip()
        with greeted(server.address, Hello(role="operator", token=token)) as desk:
            _, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (FILES, hard))
            with contextlib.ExitStack() as hall:
                for _ in range(2 * FILES):
                    client = hall.enter_context(socket.socket())
                    client.setblocking(False)
                    client.connect_ex(("127.0.0.1", port))
                wait_for(lambda: "connections are turned away" in server.said.read_text("utf-8"))
                desk.say(PostNotice(id=1, topic="school", text="On continue"))
                desk.until(Done)
        wait_for(lambda: len(list(Path(f"/proc/{server.pid}/fd").iterdir())) < FILES // 2)
        wait_for(lambda: health(port) == 200)
        (notice,) = records(server.data, "notice-posted")
        assert isinstance(notice.event, NoticePosted)
        assert server.said.read_text("utf-8").count("turned away") == 1
        assert server.said.stat().st_size < 10_000
    finally:
        server.close()
