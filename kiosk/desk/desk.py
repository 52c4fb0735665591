"""The desk's console without its terminal: what is shown and sent for all that is typed and heard. Pure.

`Desk` is told what was typed, what the server said and how the connection is, and answers with what to
show and what to send. It has no clock, no thread and no terminal.
"""

from __future__ import annotations

from datetime import datetime

from events.ids import RoomKey
from events.wire import ServerMessage, Welcome
from kiosk.desk.commands import people, table
from kiosk.desk.effects import Effect, Show
from kiosk.desk.known import Known
from kiosk.desk.news import News
from kiosk.desk.session import Session
from kiosk.desk.typed import is_text, take_word


class Desk:
    """One console.

    Args:
        room: Where the desk stands, for `/find`; None where nobody said.
    """

    def __init__(self, room: RoomKey | None = None) -> None:
        self._session = Session(room)
        self._news = News(self._session.known)
        self._gone_at: datetime | None = None

    @property
    def known(self) -> Known:
        """What the server said."""
        return self._session.known

    @property
    def channel(self) -> str:
        """The channel in which one talks; empty where there is none."""
        return self._session.channel

    def connected(self, welcome: Welcome, now: datetime) -> list[Effect]:
        """Take note that the server let us in; say what we want to be told.

        Args:
            welcome: How it greeted us.
            now: The time of this machine.
        """
        session = self._session
        back, self._gone_at = self._gone_at is not None, None
        session.known.met(welcome, now)
        session.questions.open()
        self._news.begin(session.feed, now, back=back)
        what = "the server is back" if back else f"connected to {welcome.school or 'the school'}"
        return [Show(f"* {what}", "note"), session.subscription(), *people.rejoin(session)]

    def lost(self, why: str, now: datetime) -> list[Effect]:
        """Take note that the connection is gone, or could not be made."""
        told: list[Effect] = []
        if self._gone_at is None:
            self._gone_at = now
            what = "the server is gone" if self._session.questions.online else "no server answers"
            told.append(Show(f"* {what} ({why}): trying again until it comes back", "wrong"))
        self.known.cut_off()
        return told + self._session.questions.close()

    def heard(self, message: ServerMessage, now: datetime) -> list[Effect]:
        """Take a message of the server.

        Args:
            message: What it said.
            now: The time of this machine.
        """
        self.known.learn(message, now)
        return self._news.tell(message, self._session.feed, now) + self._session.questions.answered(message)

    def typed(self, line: str, now: datetime) -> list[Effect]:
        """Follow a line.

        Args:
            line: What was typed.
            now: The time of this machine.
        """
        line = " ".join(line.splitlines()).strip()  # several, where they were pasted
        if not line:
            return []
        if not is_text(line):
            return [Show("that holds bytes that are no text in UTF-8", "wrong")]
        try:
            if not line.startswith("/"):
                return people.speak(self._session, line)
            name, rest = take_word(line[1:])
            return table.follow(self._session, name, rest, self.known.clock(now))
        except ValueError as error:
            return [Show(str(error), "wrong")]

    def completions(self, text: str) -> list[str]:
        """List the words that may stand where the last one stands.

        Args:
            text: What is typed so far, up to the cursor.
        """
        return table.completions(self.known, text)

    def status(self) -> str:
        """Write the line below what is typed: who, where, whether connected."""
        known = self.known
        if not self._session.questions.online:
            since = f" since {self._gone_at.astimezone(known.zone):%H:%M:%S}" if self._gone_at else ""
            return f"not connected{since}: trying again"
        talking = f"talking in {self.channel}" if self.channel else ""
        parts = (known.school, known.me, talking, known.crowd(), f"feed: {self._session.feed}")
        return " · ".join(filter(None, parts))
