"""A real headless Chromium with several pages, for what people see in it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scraper.browser import INSTALL, PROGRAMS, Browser, find

PATIENCE = 20.0
"""Seconds after which something that should come does not come."""
LIFE = 600.0
"""Seconds that one browser may live."""


class Pages:
    """A browser; its pages hear and see each other only through the server.

    Attributes:
        requests: Every address that any page asked for, sockets included.
        said: What any page sent over its socket.
        errors: What scripts threw and what the browser complained of.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.requests: list[str] = []
        self.said: list[dict[str, Any]] = []
        self.errors: list[str] = []
        browser.heard = self._hear

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(params["url"])
            case "Network.webSocketFrameSent":
                if params["response"]["opcode"] == 1:
                    self.said.append(json.loads(params["response"]["payloadData"]))
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded":
                entry = params["entry"]
                if entry["level"] == "error":
                    self.errors.append(f"{entry['text']} {entry.get('url', '')}")

    def open(
        self,
        url: str,
        *,
        language: str = "fr-FR",
        size: tuple[int, int] = (390, 844),
        dark: bool = False,
        zone: str = "America/New_York",
    ) -> Page:
        """Open a page, by default on a phone whose own zone is not the school's."""
        ask = self.browser.ask
        self.browser.session = None
        context = ask("Target.createBrowserContext")["browserContextId"]
        target = ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Network", "Runtime", "Log"):
            page.ask(f"{domain}.enable")
        agent = str(page.ask("Browser.getVersion", browser=True)["userAgent"])
        page.ask("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        page.ask("Emulation.setTimezoneOverride", timezoneId=zone)
        scheme = "dark" if dark else "light"
        page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.resize(*size)
        page.go(url)
        return page

    def forget(self) -> None:
        """Close all pages and forget what they did."""
        self.browser.session = None
        for context in self.browser.ask("Target.getBrowserContexts")["browserContextIds"]:
            self.browser.ask("Target.disposeBrowserContext", browserContextId=context)
        for heard in (self.requests, self.said, self.errors):
            heard.clear()


class Page:
    """One page."""

    def __init__(self, pages: Pages, session: str) -> None:
        self._pages = pages
        self._session = session

    def ask(self, method: str, *, browser: bool = False, **params: Any) -> dict[str, Any]:
        self._pages.browser.session = self._session
        return self._pages.browser.ask(method, browser=browser, **params)

    def resize(self, width: int, height: int) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def go(self, url: str) -> None:
        """Go to an address; returns when it is being shown."""
        self.ask("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """Run an expression in the page and take its value; a promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str, *, within: float = PATIENCE) -> None:
        """Wait until an expression is true; whatever it throws meanwhile is not."""
        end = time.monotonic() + within
        look = f"(() => {{ try {{ return Boolean({condition}); }} catch {{ return false; }} }})()"
        while not self.run(look):
            if time.monotonic() > end:
                text = self.run("document.body.innerText")
                raise AssertionError(f"not so within {within} s: {condition}\n{text}\n{self._pages.errors}")
            self._pages.browser.listen(0.02)

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def click(self, selector: str) -> None:
        """Click as a mouse does, where the element is seen."""
        place = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            "return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    def key(self, key: str, code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def write(self, text: str) -> None:
        self.ask("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def pages() -> Iterator[Pages]:
    """Run a browser until the end of the block."""
    if not any(shutil.which(name) for name in PROGRAMS):
        if os.environ.get("TOCTOC_NO_SKIP"):
            pytest.fail(f"Chromium is missing: {INSTALL}")
        pytest.skip(f"needs Chromium: {INSTALL}")
    # The socket that Chromium puts into its profile has to have a short name.
    profile = Path(tempfile.mkdtemp(prefix="tb-", dir="/tmp"))
    lock = os.open(profile, os.O_RDONLY)
    try:
        with Browser(
            "board",
            find("board"),
            profile=profile,
            lock=lock,
            until=time.monotonic() + LIFE,
            flags=("--no-proxy-server",),
            size=16 * 1024 * 1024,
        ) as browser:
            yield Pages(browser)
    finally:
        os.close(lock)
        shutil.rmtree(profile, ignore_errors=True)
