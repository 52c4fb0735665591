"""Real pages in a real Chromium: what it waits for, and that nothing of it is left."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scraper import browser, oasis
from scraper.browser import INSTALL, PROGRAMS
from scraper.errors import (
    BadStatus,
    BrowserFailed,
    NoBrowser,
    NotAllowed,
    TimedOut,
    TooLarge,
    Unreachable,
    Unreadable,
)
from scraper.fetch import Page, Proxy
from scraper.render import render
from tests.scraper.web import Handler, Server, serving

PARIS = ZoneInfo("Europe/Paris")
PATIENCE = 30.0

# A timeline as FullCalendar 6 draws it, small: two rooms, and bookings when the script says so.
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Salles</title></head>
<body class="is-loading"><div class="fc fc-view fc-timeline" id="t"></div>
<script>
function row(kind, id, inside) {
  return '<tr><td class="' + kind + '" data-resource-id="' + id + '">' + inside + '</td></tr>';
}
function draw(booking) {
  var slots = '';
  for (var hour = 8; hour < 20; hour++) {
    slots += '<td data-date="2026-11-20T' + (hour < 10 ? '0' : '') + hour + ':00:00"></td>';
  }
  document.getElementById('t').innerHTML =
    '<table>' + row('fc-datagrid-cell', 'L1', 'L1') + row('fc-datagrid-cell', 'L2', 'L2') + '</table>' +
    '<table style="width: 1200px"><tr>' + slots + '</tr></table>' +
    '<table>' + row('fc-timeline-lane', 'L1', booking) + row('fc-timeline-lane', 'L2', '') + '</table>';
}
var BOOKING = '<div style="left: 100px; right: -200px;"><a class="fc-event fc-event-start fc-event-end ' +
  'fc-timeline-event fc-h-event" title="(09:00-10:00) Été">Été</a></div>';
function done() { draw(BOOKING); document.body.classList.remove('is-loading'); }
draw('');
%s
</script></body></html>"""


@pytest.fixture(scope="module", autouse=True)
def chromium() -> None:
    if not any(shutil.which(name) for name in PROGRAMS):
        if os.environ.get("TOCTOC_NO_SKIP"):
            pytest.fail(f"Chromium is missing: {INSTALL}")
        pytest.skip(f"needs Chromium: {INSTALL}")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as it:
        yield it


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where profiles are put; afterwards there is none, and no process of a browser."""
    # The socket that Chromium puts into its profile has to have a short name.
    short = Path("/tmp", f"t{os.getpid()}-{threading.get_ident() % 9999}")
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    yield short
    left = [it.name for it in short.glob("*/*") if it.name != "lock"]
    shutil.rmtree(short)
    assert left == []
    assert family(short) == []


def family(place: Path) -> list[int]:
    """Processes that know the place, living ones."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                known = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            except OSError:
                continue
            if f"{place}/".encode() in known:
                found.append(int(process.name))
    return found


def served(server: Server, script: str, path: str = "/") -> str:
    return server.at(path, lambda h: h.reply(200, (PAGE % script).encode(), Content_Type="text/html"))


def silent(h: Handler) -> None:
    """Answers when the test is over."""
    h.server.stopped.wait(PATIENCE)


show = partial(render, allow_private=True, deadline=PATIENCE, zone=PARIS)


def bookings(page: Page) -> list[str]:
    reading = oasis.parse(page.body, zone=PARIS, content_type=page.content_type)
    assert list(reading.rooms) == ["L1", "L2"]
    return [slot.title for slot in reading.rooms["L1"]]


# What is waited for


def test_the_bookings_are_waited_for_as_long_as_the_page_says_that_it_loads(server: Server) -> None:
    page = show(served(server, "setTimeout(done, 700)"))
    assert bookings(page) == ["Été"]
    assert page.content_type == "text/html; charset=utf-8"
    assert page.url == f"http://127.0.0.1:{server.server_port}/"


def test_without_any_sign_of_loading_the_answer_to_its_question_is_waited_for(server: Server) -> None:
    """The rows are there, nothing says that bookings are coming: it looks like a free day."""
    looked = threading.Event()

    def data(h: Handler) -> None:
        assert looked.wait(PATIENCE)
        h.reply(200, b"[]")

    server.at("/data", data)
    script = (
        "document.body.className = ''; fetch('/data').then(function (r) { return r.json(); }).then(done);"
    )
    looks: list[int] = []

    def wait_for(html: bytes) -> object:
        reading = oasis.parse(html, zone=PARIS)
        looks.append(len(reading.rooms["L1"]))
        looked.set()
        return reading

    assert bookings(show(served(server, script), wait_for=wait_for)) == ["Été"]
    assert looks[0] == 0


def test_a_free_day_is_one(server: Server) -> None:
    assert (
        bookings(show(served(server, "setTimeout(function () { document.body.className = ''; }, 50)"))) == []
    )


def test_a_page_that_never_stands_still_is_read_all_the_same(server: Server) -> None:
    clock = "setInterval(function () { document.title = String(performance.now()); }, 10); done();"
    assert bookings(show(served(server, clock))) == ["Été"]


def test_a_page_that_never_finishes_is_given_up_and_told_as_loading(server: Server) -> None:
    before = time.monotonic()
    with pytest.raises(TimedOut, match="still loading"):
        show(served(server, ""), deadline=3)
    assert time.monotonic() - before < 10


def test_data_that_never_come_are_no_free_day(server: Server) -> None:
    server.at("/data", silent)
    with pytest.raises(TimedOut, match="1 requests were not answered"):
        show(served(server, "document.body.className = ''; fetch('/data').then(done);"), deadline=3)


def test_something_else_can_be_waited_for(server: Server) -> None:
    def sign(html: bytes) -> object:
        if b"ready" not in html:
            raise Unreadable("ready", "nothing")
        return True

    script = "setTimeout(function () { document.title = 're' + 'ady'; }, 200)"
    url = server.at("/", lambda h: h.reply(200, f"<title></title><script>{script}</script>".encode()))
    assert b"<title>ready" in show(url, wait_for=sign).body


def test_the_page_sees_the_zone_of_the_school(server: Server) -> None:
    script = "document.title = new Date(2026, 6, 1, 12).toISOString(); done();"
    assert b"2026-07-01T03:00" in show(served(server, script), zone=ZoneInfo("Asia/Tokyo")).body


def test_the_server_is_told_who_asks(server: Server) -> None:
    show(served(server, "done()"), contact="https://salles.example.org")
    assert "toctoc/" in server.seen[0][1]["User-Agent"]
    assert "(+https://salles.example.org)" in server.seen[0][1]["User-Agent"]


# Pages that misbehave


def test_a_page_whose_scripts_never_end_is_given_up(server: Server) -> None:
    with pytest.raises(TimedOut):
        show(served(server, "done(); setTimeout(function () { while (true) {} }, 0)"), deadline=4)


def test_dialogs_windows_downloads_and_questions_hold_nothing_up(server: Server) -> None:
    script = """
    alert('1'); confirm('2'); prompt('3'); print();
    window.onbeforeunload = function () { return 'stay'; };
    for (var i = 0; i < 5; i++) { window.open('/popup' + i); }
    if (window.Notification) { Notification.requestPermission(); }
    navigator.geolocation.getCurrentPosition(function () {});
    var a = document.createElement('a'); a.href = '/file'; a.download = 'x';
    document.body.append(a); a.click();
    setTimeout(done, 100);"""
    for n in range(5):
        server.at(f"/popup{n}", lambda h: h.reply(200, b"<script>alert(1)</script>"))
    server.at("/file", lambda h: h.reply(200, b"x", Content_Disposition="attachment"))
    assert bookings(show(served(server, script))) == ["Été"]


def processes_below(pid: int) -> dict[int, str]:
    """The descendants of a process, and their commands."""
    parents, commands = {}, {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                parents[int(process.name)] = int(
                    (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
                )
                commands[int(process.name)] = (process / "cmdline").read_text(errors="replace")
            except OSError:
                continue
    found = {pid}
    while new := {it for it, parent in parents.items() if parent in found} - found:
        found |= new
    return {it: commands[it] for it in found - {pid}}


def kill(kind: str) -> Callable[[Handler], None]:
    """An answer that kills a process of the browser that asks."""

    def answer(h: Handler) -> None:
        for pid, command in processes_below(os.getpid()).items():
            its = "renderer" if "--type=renderer" in command else "" if "--type=" in command else "browser"
            if its == kind and "keeper" not in command:
                os.kill(pid, signal.SIGKILL)
        h.reply(200, b"")

    return answer


@pytest.mark.parametrize("kind", ["renderer", "browser"])
def test_a_browser_that_dies_is_told_at_once(server: Server, kind: str) -> None:
    server.at("/data", kill(kind))
    before = time.monotonic()
    with pytest.raises(BrowserFailed, match=r"crashed|died"):
        show(served(server, "fetch('/data')"))
    assert time.monotonic() - before < PATIENCE / 2


def test_a_page_larger_than_allowed_is_refused(server: Server) -> None:
    script = "document.title = 'x'.repeat(200000); done();"
    with pytest.raises(TooLarge):
        show(served(server, script), size=100_000)
    with pytest.raises((TooLarge, BrowserFailed), match=r"larger than allowed|more than"):
        show(served(server, "document.title = 'x'.repeat(9000000); done();"), size=100_000)


@pytest.mark.parametrize("status", [404, 503])
def test_a_page_that_is_an_error_is_told_with_its_status(server: Server, status: int) -> None:
    with pytest.raises(BadStatus) as caught:
        show(server.at("/", lambda h: h.reply(status, b"<p>no", Retry_After="120", Content_Type="text/html")))
    assert (caught.value.status, caught.value.retry_after) == (status, 120.0)


def test_nobody_there(server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="refused"):
            show(url)
    with pytest.raises(Unreachable):
        show(server.at("/file", lambda h: h.reply(200, b"x", Content_Disposition="attachment")))
    with pytest.raises(TimedOut):
        show(server.at("/", silent), deadline=3)


# Where it may lead


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "about:blank", "chrome://crash", "http://", "http://a:b@c/"]
)
def test_only_web_addresses_are_rendered(url: str) -> None:
    with pytest.raises(NotAllowed):
        render(url)


def test_a_proxy_with_credentials_is_none_for_a_browser() -> None:
    from scraper.fetch import Basic

    with pytest.raises(NotAllowed, match="credentials"):
        render("http://example.org/", proxy=Proxy("http://127.0.0.1:1", Basic("a", "b")))


def test_without_leave_nothing_reaches_this_machine(server: Server) -> None:
    url = served(server, "done()")
    for name in ("127.0.0.1", "localhost", "[::1]"):
        with pytest.raises(NotAllowed, match="allow_private"):
            render(url.replace("127.0.0.1", name), deadline=PATIENCE)
    assert server.seen == []


def test_what_a_page_asks_for_and_leads_to_is_judged_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scraper.addresses import why_refused

    monkeypatch.setattr(
        "scraper.addresses.why_refused", lambda it: "" if it == "127.0.0.1" else why_refused(it)
    )
    inside = f"http://127.0.0.2:{server.server_port}/inside"
    server.at("/inside", lambda h: h.reply(200, b"secret"))
    script = f"fetch('{inside}', {{mode: 'no-cors'}}).then(function () {{ stop(); }}, done);"
    assert bookings(render(served(server, script), deadline=PATIENCE)) == ["Été"]
    with pytest.raises(NotAllowed, match=r"127\.0\.0\.2 is loopback"):
        render(server.at("/away", lambda h: h.reply(302, Location=inside)), deadline=PATIENCE)
    assert "/inside" not in [path for path, _ in server.seen]


# What is left


def test_one_after_another(server: Server, place: Path) -> None:
    """Two threads: the second browser starts when the first has gone."""
    lock = threading.Lock()
    clashes: list[str] = []

    def data(h: Handler) -> None:
        if not lock.acquire(blocking=False):
            clashes.append(h.path)
        profiles = list(place.glob("*/page-*"))
        if len(profiles) != 1:
            clashes.append(str(profiles))
        h.reply(200, b"")
        lock.release()

    server.at("/data", data)
    url = served(server, "fetch('/data').then(done)")
    done: list[list[str]] = []
    threads = [threading.Thread(target=lambda: done.append(bookings(show(url)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [["Été"]] * 2
    assert clashes == []


def test_who_waits_for_another_browser_waits_no_longer_than_allowed(server: Server, place: Path) -> None:
    with browser.alone("http://x/", time.monotonic() + 1), pytest.raises(TimedOut, match="other pages"):
        show(served(server, "done()"), deadline=0.2)
    folder = next(place.iterdir())
    program = (
        f"import fcntl; f = open({str(folder / 'lock')!r}); "
        "fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(TimedOut, match="another process"):
            show(served(server, "done()"), deadline=0.2)
        other.kill()
    assert server.seen == []


def test_when_our_process_is_killed_its_browser_goes_too(server: Server, place: Path) -> None:
    asked = threading.Event()

    def data(h: Handler) -> None:
        asked.set()
        h.server.stopped.wait(PATIENCE)

    server.at("/data", data)
    url = served(server, "fetch('/data')")
    program = (
        f"import tempfile; tempfile.tempdir = {str(place)!r}\n"
        f"from scraper.render import render; render({url!r}, allow_private=True)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2]) as ours:
        assert asked.wait(PATIENCE)
        known = [os.pidfd_open(pid) for pid in family(place)]
        assert len(known) >= 4
        ours.kill()
    # The next browser waits for the lock, which the last keeper holds until all is gone.
    with browser.alone("http://x/", time.monotonic() + PATIENCE):
        assert len(list(place.glob("*/page-*"))) == 1
    import select

    for pid in known:
        assert select.select([pid], [], [], PATIENCE)[0]
        os.close(pid)


def test_what_a_power_cut_left_is_removed(server: Server, place: Path) -> None:
    show(served(server, "done()"))
    (next(place.iterdir()) / "page-left" / "Default").mkdir(parents=True)
    show(served(server, "done()"))


def test_nobody_else_chooses_the_place(server: Server, place: Path) -> None:
    (place / f"toctoc-{os.geteuid()}").symlink_to("/etc")
    with pytest.raises(BrowserFailed, match="belongs to somebody else"):
        show(served(server, "done()"))
    (place / f"toctoc-{os.geteuid()}").unlink()
    (place / f"toctoc-{os.geteuid()}").mkdir()
    (place / f"toctoc-{os.geteuid()}").chmod(0o777)
    with pytest.raises(BrowserFailed, match="others may write"):
        show(served(server, "done()"))


def test_who_has_no_browser_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoBrowser, match="apt-get install chromium"):
        render("http://example.org/", chromium="no-such-browser")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoBrowser, match="apt-get install chromium"):
        render("http://example.org/")


def test_a_program_that_is_no_browser_is_told(server: Server, tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho 'FATAL: no usable sandbox' >&2\nexit 1\n")
    program.chmod(stat.S_IRWXU)
    with pytest.raises(BrowserFailed, match="no usable sandbox"):
        show(served(server, ""), chromium=str(program))
    # One that leaves a family in sessions of their own, deaf to everything, and does not answer.
    program.write_text(
        "#!/bin/sh\n"
        "for i in 1 2 3; do setsid sh -c 'trap \"\" TERM HUP; sleep 60 & sleep 60' & done\n"
        "sleep 60\n"
    )
    with pytest.raises(TimedOut):
        show(served(server, ""), chromium=str(program), deadline=1)
