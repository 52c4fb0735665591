"""Somebody at the screen: what they opened, in which language they read, and when that ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from kiosk.inbox import Page
from kiosk.search import Search

PAGE = timedelta(seconds=20)
"""A page that nobody touches for so long gives way to the sign."""
LANGUAGE = timedelta(seconds=60)
"""So long after the last touch the first language comes back."""
AWAKE = timedelta(seconds=30)
"""For so long a touch or a press keeps a door awake at night."""
SETTLING = timedelta(seconds=0.3)
"""A touch so soon after the page changed was meant for what was there before, or is the same finger's
second contact (a finger that trembles lifts for less than 0.2 s)."""
COUNTED = timedelta(seconds=6)
"""How long a head count made here is shown before the server has said the same."""


class Visit(Struct, frozen=True, kw_only=True):
    """What the screen shows to whom, by the door's own clock.

    Attributes:
        language: In which language it speaks now.
        page: What the screen shows.
        page_since: Since when; None since the start.
        touched_at: When the screen was last touched, or the button pressed.
        search: What was last asked for on the page that finds rooms.
        counted: How many people somebody has just counted here by touch, and when.
    """

    language: str = "fr"
    page: Page = "sign"
    page_since: datetime | None = None
    touched_at: datetime | None = None
    search: Search | None = None
    counted: tuple[int, datetime] | None = None

    @property
    def page_ends(self) -> datetime | None:
        """When the page gives way to the sign; None where it is the sign."""
        touches = [at for at in (self.page_since, self.touched_at) if at is not None]
        return None if self.page == "sign" or not touches else max(touches) + PAGE

    def lately(self, now: datetime) -> bool:
        """Tell whether somebody was there lately."""
        return self.touched_at is not None and now - self.touched_at < AWAKE

    def settling(self, now: datetime) -> bool:
        """Tell whether the page has only just changed."""
        return self.page_since is not None and timedelta(0) <= now - self.page_since < SETTLING

    def turns(self) -> Iterator[datetime]:
        """Give the instants at which something ends because nobody touches it."""
        if (page_ends := self.page_ends) is not None:
            yield page_ends
        if self.touched_at is not None:
            yield self.touched_at + LANGUAGE
            yield self.touched_at + AWAKE
        if self.counted is not None:
            yield self.counted[1] + COUNTED

    def woken(self, now: datetime, *, rested: bool) -> Visit:
        """Notice that somebody is at the door.

        Args:
            now: The door's wall clock.
            rested: Whether the screen was resting: then all of it changes.
        """
        return replace(self, touched_at=now, page_since=now if rested else self.page_since)

    def turned(self, page: Page, now: datetime) -> Visit:
        """Show a page."""
        return self if page == self.page else replace(self, page=page, page_since=now, search=None)

    def changed(self, now: datetime) -> Visit:
        """Notice that the page shows other things where it was just touched."""
        return replace(self, page_since=now)

    def outdated(self) -> Visit:
        """Notice that what was found may no longer be so."""
        return self if self.search is None else replace(self, search=replace(self.search, outdated=True))

    def passed(self, now: datetime, first: str) -> Visit:
        """Let time pass: what nobody touches any more goes away.

        Args:
            now: The door's wall clock.
            first: The language that comes back.
        """
        visit = self
        if visit.counted is not None and now >= visit.counted[1] + COUNTED:
            visit = replace(visit, counted=None)
        if (page_ends := visit.page_ends) is not None and now >= page_ends:
            visit = visit.turned("sign", now)
        touched_at = visit.touched_at
        if visit.language != first and touched_at is not None and now >= touched_at + LANGUAGE:
            visit = replace(visit, language=first)
        return visit

    def stepped(self, by: timedelta) -> Visit:
        """Move along with the door's own clock, which was set."""
        return replace(
            self.outdated(),
            page_since=self.page_since + by if self.page_since is not None else None,
            touched_at=self.touched_at + by if self.touched_at is not None else None,
            counted=(self.counted[0], self.counted[1] + by) if self.counted is not None else None,
        )
