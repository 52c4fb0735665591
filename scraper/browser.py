"""A headless Chromium for one page, spoken to over a pair of pipes, and gone afterwards.

No port is opened: the DevTools protocol goes over descriptors 3 and 4 (``--remote-debugging-pipe``), JSON
messages that end with a zero byte. Its process is in the hands of `scraper.keeper`; its profile, with all
that a browser leaves on a disk, lies in a folder that goes with it.

One browser at a time: it takes 200 MB and all cores for a second. A lock among the threads and a locked
file among the processes of one user see to it. The file is held by the keeper too, so that the next
browser never meets what is left of the one before.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from scraper import keeper
from scraper.errors import BrowserFailed, NoBrowser, TimedOut

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chromium-headless-shell",
)
INSTALL = "sudo apt-get install chromium"

FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    # Nothing but the page: no updates, reports, suggestions, looks at who is on the network.
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=DialMediaRouteProvider,MediaRouter,OptimizationHints,Translate",
    "--disable-notifications",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-pings",
    "--password-store=basic",
    "--use-mock-keychain",
    # Every byte through the proxy, if there is one.
    "--disable-quic",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # A page of text: no graphics card, sound, pictures, windows of its own.
    "--blink-settings=imagesEnabled=false",
    "--block-new-web-contents",
    "--deny-permission-prompts",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--mute-audio",
    "--renderer-process-limit=2",
    "--window-size=1920,1200",
    # Nobody looks at it; its timers run all the same.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)

_ONE = threading.Lock()
_POLL = 0.05
"""Seconds between two tries to lock the file that another process holds: flock(2) knows no deadline."""
_PATIENCE = 10.0
"""Seconds for the keeper to kill and remove everything."""
_ESCAPED = 8
"""How many times its size a page takes in a message: JSON writes ``<`` as six letters."""
_PREFIX = "page-"


def find(url: str, chromium: str | None = None) -> str:
    """The browser's program.

    Args:
        url: For the error.
        chromium: A path or a name to use instead of the usual ones.

    Returns:
        Its path.

    Raises:
        NoBrowser: There is none.
    """
    for name in (chromium,) if chromium else PROGRAMS:
        path = shutil.which(name)
        if path is not None:
            return path
    if chromium:
        raise NoBrowser(url, f"there is no program {chromium}; Chromium comes with: {INSTALL}")
    raise NoBrowser(url, f"the page needs Chromium, which is not installed: {INSTALL}")


@contextlib.contextmanager
def alone(url: str, until: float) -> Iterator[tuple[Path, int]]:
    """A ``with`` block in which no other browser of this user runs.

    Args:
        url: For the errors.
        until: Monotonic second at which waiting ends.

    Yields:
        A new folder for the profile, and the descriptor that holds the lock. Whatever earlier browsers
        had to leave, because the machine or all of their processes died, has been removed.

    Raises:
        TimedOut: Other pages were being rendered all the time.
        BrowserFailed: There is no place for a profile.
    """
    if not _ONE.acquire(timeout=max(0.0, until - time.monotonic())):
        raise TimedOut(url, "other pages were being rendered all the time")
    try:
        try:
            place = _place()
            lock = os.open(place / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise BrowserFailed(url, f"no place for a profile: {error.strerror or error}") from None
        try:
            while not _locked(lock):
                if time.monotonic() >= until:
                    raise TimedOut(url, "another process was rendering pages all the time")
                time.sleep(_POLL)
            for left in place.glob(_PREFIX + "*"):
                shutil.rmtree(left, ignore_errors=True)
            try:
                profile = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
            except OSError as error:
                raise BrowserFailed(url, f"no place for a profile: {error.strerror}") from None
            try:
                yield profile, lock
            finally:
                shutil.rmtree(profile, ignore_errors=True)
        finally:
            os.close(lock)
    finally:
        _ONE.release()


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _place() -> Path:
    """This user's folder for profiles, which nobody else can have put there.

    Raises:
        OSError: It cannot be made, or belongs to somebody else.
    """
    place = Path(tempfile.gettempdir(), f"toctoc-{os.geteuid()}")
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    known = place.lstat()
    if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.geteuid() or known.st_mode & 0o077:
        raise OSError(f"{place} belongs to somebody else, or others may write there")
    return place


class Browser:
    """A Chromium that was started, and what is said to it and by it.

    Belongs to one thread. Use it in a ``with`` block, at whose end nothing of it is left.

    Args:
        url: The page's, for the errors.
        program: See `find`.
        profile: An empty folder, which is removed.
        lock: Descriptor that the keeper holds until the browser is gone.
        until: Monotonic second at which everything is over.
        flags: More of them.
        size: Bytes of the largest page.
    """

    def __init__(
        self,
        url: str,
        program: str,
        *,
        profile: Path,
        lock: int,
        until: float,
        flags: tuple[str, ...] = (),
        size: int,
    ) -> None:
        self._url, self._until = url, until
        self._most = size * _ESCAPED + 1024 * 1024
        self._number = 0
        self._data = bytearray()
        self._searched = 0
        self.heard: Callable[[str, dict[str, Any]], None] = lambda _method, _params: None
        """Told each event: its method and its parameters."""
        self.session: str | None = None
        """The page's session, to which `ask` and `tell` speak once it is set."""
        command = [program, *FLAGS, *flags, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            # Chromium's sandbox does not work for root.
            command.append("--no-sandbox")
        reads, self._writes = os.pipe()
        self._reads, writes = os.pipe()
        os.set_blocking(self._writes, False)
        os.set_blocking(self._reads, False)
        try:
            self._keeper = subprocess.Popen(  # noqa: S603
                [
                    sys.executable, "-I", "-S", keeper.__file__, f"{max(0.0, until - time.monotonic()):.3f}",
                    str(profile), str(reads), str(writes), *command, "about:blank",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(reads, writes, lock),
                start_new_session=True,
                cwd=profile,
                env=_environment(profile),
            )  # fmt: skip
        except OSError as error:
            os.close(self._reads)
            os.close(self._writes)
            raise BrowserFailed(url, f"the browser cannot be started: {error.strerror}") from None
        finally:
            os.close(reads)
            os.close(writes)

    @property
    def pid(self) -> int:
        """The keeper's process, whose descendants are the browser's."""
        return self._keeper.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> str:
        """Ends the browser and all its processes.

        Returns:
            The last words it wrote to its standard error; empty the second time.
        """
        if self._keeper.stdin is None or self._keeper.stdin.closed:
            return ""
        os.close(self._reads)
        os.close(self._writes)
        try:
            told, _ = self._keeper.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            # A process that the kernel cannot kill. With its keeper it loses its first process too.
            self._keeper.kill()
            told, _ = self._keeper.communicate()
        with contextlib.suppress(ValueError, KeyError):
            return str(json.loads(told)["words"])
        return ""

    def ask(self, method: str, *, browser: bool = False, **params: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer; events that come before are heard.

        Args:
            method: The command's name.
            browser: It is for the browser, not for the page.
            **params: Its parameters.

        Returns:
            Its answer.

        Raises:
            TimedOut: No answer in time.
            BrowserFailed: The browser died, or does not know the command.
        """
        number = self.tell(method, browser=browser, **params)
        while True:
            message = self._receive(self._until)
            if message is None:
                raise TimedOut(
                    self._url, f"the browser did not answer ({method}): its scripts hold the page up"
                )
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserFailed(self._url, f"{method}: {message['error'].get('message', 'failed')}")
                answer: dict[str, Any] = message["result"]
                return answer

    def tell(self, method: str, *, browser: bool = False, **params: Any) -> int:
        """Sends a command whose answer nobody waits for. For the rest see `ask`.

        Returns:
            The command's number.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self.session is not None and not browser:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            if not _ready(self._writes, select.POLLOUT, self._until):
                raise TimedOut(self._url, "the browser did not take a command")
            try:
                data = data[os.write(self._writes, data) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._dead() from None
        return self._number

    def listen(self, seconds: float) -> None:
        """Hears events for so long, or until the time is over."""
        until = min(self._until, time.monotonic() + seconds)
        while self._receive(until) is not None:
            pass

    def _receive(self, until: float) -> dict[str, Any] | None:
        """The next message, heard if it is an event; None when there is none in time."""
        while (end := self._data.find(b"\0", self._searched)) < 0:
            self._searched = len(self._data)
            if self._searched > self._most:
                raise BrowserFailed(self._url, "the page is larger than allowed")
            if not _ready(self._reads, select.POLLIN, until):
                return None
            try:
                piece = os.read(self._reads, 1024 * 1024)
            except BlockingIOError:
                continue
            if not piece:
                raise self._dead()
            self._data += piece
        message: dict[str, Any] = json.loads(self._data[:end])
        del self._data[: end + 1]
        self._searched = 0
        if "method" in message:
            self.heard(message["method"], message.get("params", {}))
        return message

    def _dead(self) -> BrowserFailed | TimedOut:
        if time.monotonic() >= self._until:
            return TimedOut(self._url, "the browser was ended when its time was over")
        lines = [line.strip() for line in self.close().splitlines() if line.strip()]
        telling = [line for line in lines if "FATAL" in line or "ERROR" in line] or lines
        return BrowserFailed(self._url, "the browser died" + (f": {telling[-1][:300]}" if telling else ""))


def _ready(end: int, event: int, until: float) -> bool:
    poll = select.poll()
    poll.register(end, event)
    return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))


def _environment(profile: Path) -> dict[str, str]:
    """What the browser is told of this machine: a home that goes with it, no proxy, no desktop."""
    place = str(profile)
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **kept,
        "HOME": place,
        "TMPDIR": place,
        "XDG_CACHE_HOME": place,
        "XDG_CONFIG_HOME": place,
        "XDG_RUNTIME_DIR": place,
        "LANG": "C.UTF-8",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }
