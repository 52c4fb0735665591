"""Pages that are empty until their scripts ran, as a headless Chromium holds them afterwards.

The page is done when its timeline can be read, twice in a row the same, and nothing that could change it
is under way: no script, style sheet or data is being loaded. What can be read is decided by the parser
itself, so that a page which shows its rooms and not yet their bookings is not taken for a free day. No
number of seconds is waited for, but for the deadline.

**Without** ``allow_private`` every connection of the browser goes through `scraper.passage`, where the
rules of `scraper.addresses` hold for the page, its redirects and all that its scripts ask for. With a
proxy that is up to the proxy; with ``allow_private`` it is up to the page.

**As root** Chromium's own sandbox does not work and is switched off: a page that breaks its renderer then
is root. Let the server run as a user of its own, as its service unit does.
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import responses
from typing import Any
from zoneinfo import ZoneInfo

from scraper import browser as browsers
from scraper import oasis
from scraper.addresses import Deadline
from scraper.browser import Browser
from scraper.errors import (
    BadStatus,
    BrowserFailed,
    NotAllowed,
    TimedOut,
    TooLarge,
    Unreachable,
    Unreadable,
)
from scraper.fetch import Limits, Page, Proxy, retry_after, user_agent
from scraper.passage import Passage

DEADLINE = 60.0
"""Seconds. A Raspberry Pi 3 takes 5 to start Chromium."""
ADMITTED = 64 * 1024 * 1024
"""Bytes that a page may load, with all that belongs to it."""

_LOOK = 0.1
"""Seconds between two looks at the page, or three times as long as a look takes."""
_HUNG = 1.0
"""Seconds without an answer, at the end, after which it is the page's scripts that are to blame."""
_CHANGES = frozenset({"Document", "Stylesheet", "Script", "XHR", "Fetch", "Preflight", "Other"})
"""Kinds of requests whose answer can change a timeline. A stream that is open for ever is none of them."""
_HTML = "text/html; charset=utf-8"
_UTC = ZoneInfo("UTC")

_NAMES = {
    "ERR_ABORTED": "the address leads to a download, or to nothing",
    "ERR_CONNECTION_REFUSED": "Connection refused",
    "ERR_NAME_NOT_RESOLVED": "the name has no address",
    "ERR_TOO_MANY_REDIRECTS": "too many redirects",
}


def timeline(html: bytes) -> object:
    """What is waited for by default: a resource timeline that `scraper.oasis` can read.

    Args:
        html: The page as it is now, in UTF-8.

    Returns:
        What was read, to be compared with what is read next.

    Raises:
        Unreadable: It is not there yet.
    """
    return oasis.parse(html, zone=_UTC, content_type=_HTML)


def render(
    url: str,
    *,
    deadline: float = DEADLINE,
    chromium: str | None = None,
    wait_for: Callable[[bytes], object] = timeline,
    allow_private: bool = False,
    zone: ZoneInfo | None = None,
    proxy: Proxy | None = None,
    contact: str = "",
    size: int = Limits().size,
) -> Page:
    """Loads a page in a browser of its own and gives it as its scripts left it.

    Any thread may call it; one page at a time is rendered, the others wait, within their deadline.

    Args:
        url: An http or https address.
        deadline: Seconds for everything, waiting for other pages included. Removing the browser comes
            on top, and takes some tenths of a second.
        chromium: Path or name of the browser; by default the usual ones are looked for.
        wait_for: Given the page as it is, in UTF-8: raises `Unreadable` as long as something is missing,
            returns what was read once nothing is. See `timeline`.
        allow_private: Also let the page, and what it loads, be on private, loopback and other addresses.
        zone: The time zone that the page sees: the school's, for pages that write local hours. By
            default the machine's.
        proxy: What leads to the web; the environment's is never used. One that wants credentials is
            refused.
        contact: See `scraper.fetch.user_agent`; stands behind the browser's own name.
        size: Bytes of the page.

    Returns:
        The page in UTF-8, with the address at which it ended.

    Raises:
        NoBrowser: None is installed; the text says what installs one.
        NotAllowed: No web address, or one on a private machine.
        BadStatus: The server answered with something else than a page.
        Unreachable: No connection, or no page.
        TooLarge: The page is larger than allowed.
        TimedOut: What was waited for did not come in time; the text says what was there.
        BrowserFailed: The browser did not start or died.
    """
    until = time.monotonic() + deadline
    _check(url, proxy)
    program = browsers.find(url, chromium)
    with ExitStack() as stack:
        profile, lock = stack.enter_context(browsers.alone(url, until))
        passage = None
        if proxy is not None:
            way: tuple[str, ...] = (f"--proxy-server={proxy.url}", "--proxy-bypass-list=<-loopback>")
        elif allow_private:
            way = ("--no-proxy-server",)
        else:
            left = max(0.0, until - time.monotonic())
            passage = stack.enter_context(Passage(deadline=Deadline(left), most=ADMITTED))
            way = (f"--proxy-server={passage.address}", "--proxy-bypass-list=<-loopback>")
        browser = stack.enter_context(
            Browser(url, program, profile=profile, lock=lock, until=until, flags=way, size=size)
        )
        visit = _Visit(url, browser, passage)
        visit.prepare(contact=contact, zone=zone)
        visit.load()
        return visit.wait(wait_for, until=until, size=size)


def _check(url: str, proxy: Proxy | None) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        fine = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine:
        raise NotAllowed(url, "only http and https addresses are rendered")
    if "@" in parts.netloc:
        raise NotAllowed(url, "user and password stand in the address; a browser is given none")
    if proxy is not None and proxy.credentials is not None:
        raise NotAllowed(url, "a proxy that wants credentials cannot be used by the browser")


class _Visit:
    """One page in one browser: what it is told, and what it tells."""

    def __init__(self, url: str, browser: Browser, passage: Passage | None) -> None:
        self._url, self._browser, self._passage = url, browser, passage
        self._here = url
        self._frame = ""
        self._target = ""
        self._loading: set[str] = set()
        self._stirred = False
        self._answered: dict[str, Any] | None = None
        browser.heard = self._hear

    def prepare(self, *, contact: str, zone: ZoneInfo | None) -> None:
        """Opens an empty page that asks no questions."""
        ask = self._browser.ask
        agent = str(ask("Browser.getVersion").get("userAgent", ""))
        ask("Browser.setDownloadBehavior", behavior="deny")
        self._target = ask("Target.createTarget", url="about:blank")["targetId"]
        ask("Target.setDiscoverTargets", discover=True)
        attached = ask("Target.attachToTarget", targetId=self._target, flatten=True)
        self._browser.session = attached["sessionId"]
        for domain in ("Page", "Network", "Inspector", "DOM"):
            ask(f"{domain}.enable")
        self._frame = ask("Page.getFrameTree")["frameTree"]["frame"]["id"]
        ask("Network.setUserAgentOverride", userAgent=f"{agent} {user_agent(contact)}".strip())
        if zone is not None:
            ask("Emulation.setTimezoneOverride", timezoneId=zone.key)

    def load(self) -> None:
        """Goes to the page.

        Raises:
            NotAllowed, Unreachable: It did not come.
        """
        error = self._browser.ask("Page.navigate", url=self._url).get("errorText", "")
        if error:
            if self._passage is not None and self._passage.refused:
                why = next(iter(self._passage.refused.values()))
                raise NotAllowed(self._url, f"{why}; such addresses are asked only with allow_private")
            name = str(error).removeprefix("net::")
            raise Unreachable(self._url, _NAMES.get(name, f"the browser says {name}"))

    def wait(self, wait_for: Callable[[bytes], object], *, until: float, size: int) -> Page:
        """Looks at the page until it is done."""
        seen: bytes | None = None
        before: object = None
        missing = "nothing"
        while True:
            self._refuse_status()
            started = time.monotonic()
            if self._stirred:
                # What was read before says nothing of what the answer brings.
                self._stirred, seen, before = False, None, None
            try:
                html = self._look()
            except TimedOut:
                if time.monotonic() - started > _HUNG:
                    raise
                raise TimedOut(self._url, self._instead(missing)) from None
            if html is not None:
                if len(html) > size:
                    raise TooLarge(self._url, f"more than {size:,} bytes")
                if html != seen:
                    now: object = None
                    try:
                        now = wait_for(html)
                    except Unreadable as why:
                        missing = why.found
                    seen = html
                    settled = now is not None and now == before
                    before = now
                else:
                    settled = before is not None
                if settled and not self._loading and not self._stirred:
                    return Page(url=self._here, body=html, content_type=_HTML, fetched_at=datetime.now(UTC))
            if time.monotonic() >= until:
                raise TimedOut(self._url, self._instead(missing))
            self._browser.listen(max(_LOOK, 3 * (time.monotonic() - started)))

    def _look(self) -> bytes | None:
        """The page as it is; None while one page makes place for the next."""
        try:
            root = self._browser.ask("DOM.getDocument", depth=0)["root"]["nodeId"]
            html: str = self._browser.ask("DOM.getOuterHTML", nodeId=root)["outerHTML"]
        except BrowserFailed as error:
            if error.problem.startswith("DOM."):
                return None
            raise
        return html.encode("utf-8", "replace")

    def _refuse_status(self) -> None:
        answer = self._answered
        if answer is None or not answer.get("status") or 200 <= answer["status"] < 300:
            return
        status = int(answer["status"])
        headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        raise BadStatus(
            self._url,
            status,
            f"the server answered {status} {responses.get(status, '')}".rstrip(),
            retry_after=retry_after(headers.get("retry-after")),
        )

    def _instead(self, missing: str) -> str:
        words = f"the timeline did not come in time: {missing}"
        if self._loading:
            words += f"; {len(self._loading)} requests were not answered"
        if self._passage is not None:
            if self._passage.exceeded:
                words += f"; it loads more than {ADMITTED:,} bytes"
            if self._passage.refused:
                host, why = next(iter(self._passage.refused.items()))
                words += f"; it asks {host}, and {why}"
        return words

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        """Follows what the page does. Called while something else is waited for."""
        match method:
            case "Network.requestWillBeSent":
                if params.get("type", "Other") in _CHANGES:
                    self._loading.add(params["requestId"])
                    self._stirred = True
            case "Network.loadingFinished" | "Network.loadingFailed":
                self._loading.discard(params["requestId"])
            case "Network.responseReceived":
                if params.get("type") == "Document" and params.get("frameId") == self._frame:
                    self._answered = params["response"]
            case "Page.frameNavigated":
                if params["frame"]["id"] == self._frame:
                    self._here = params["frame"]["url"]
            case "Page.javascriptDialogOpening":
                self._browser.tell("Page.handleJavaScriptDialog", accept=False)
            case "Target.targetCreated":
                info = params["targetInfo"]
                if self._target not in {info["targetId"], ""} and info["type"] == "page":
                    self._browser.tell("Target.closeTarget", browser=True, targetId=info["targetId"])
            case "Inspector.targetCrashed" | "Target.targetCrashed" | "Target.detachedFromTarget":
                if params.get("targetId", self._target) == self._target:
                    raise BrowserFailed(self._url, "the page crashed or closed itself")
