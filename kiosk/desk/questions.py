"""What was asked of the server and is not answered yet. Pure."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from msgspec import Struct

from events.wire import Accesses, ClientMessage, Done, Refused, ServerMessage
from kiosk.desk.effects import Effect, Send, Show

Answer = TypeVar("Answer", bound=ServerMessage)


class _Question(Struct, frozen=True):
    what: str
    follow: Callable[[ServerMessage], list[Effect]]


class Questions:
    """The questions under way on one connection; their numbers go on over all of them."""

    def __init__(self) -> None:
        self.online = False
        self._numbers = count(1)
        self._asked: dict[int, _Question] = {}

    def open(self) -> None:
        """Take note that there is a server to be asked."""
        self.online = True

    def close(self) -> list[Effect]:
        """Take note that there is none; tells what was asked and will not be answered."""
        self.online = False
        broken, self._asked = self._asked, {}
        return [
            Show(
                f"{question.what}: the connection broke before the answer; look whether it was done", "wrong"
            )
            for question in broken.values()
        ]

    def ask(
        self,
        what: str,
        make: Callable[[int], ClientMessage],
        expects: type[Answer],
        then: Callable[[Answer], list[Effect]],
    ) -> list[Effect]:
        """Ask the server for something.

        Args:
            what: What was typed, for what has to be said of it later.
            make: Makes the message of its number.
            expects: What answers it, unless it is refused.
            then: What follows from that.

        Raises:
            ValueError: There is no server.
        """
        if not self.online:
            raise ValueError("not sent: there is no connection; the arrow up brings the line back")

        def follow(answer: ServerMessage) -> list[Effect]:
            return then(answer) if isinstance(answer, expects) else []

        number = next(self._numbers)
        self._asked[number] = _Question(what, follow)
        return [Send(make(number))]

    def order(self, what: str, make: Callable[[int], ClientMessage], told: str) -> list[Effect]:
        """Ask the server to do something.

        Args:
            what: What was typed, for what has to be said of it later.
            make: Makes the message of its number.
            told: What to show when it is done.

        Raises:
            ValueError: There is no server.
        """
        return self.ask(what, make, Done, lambda _: [Show(told)])

    def answered(self, message: ServerMessage) -> list[Effect]:
        """Follow an answer; nothing follows from what answers no question."""
        ref = getattr(message, "ref", None)
        question = self._asked.get(ref) if isinstance(ref, int) else None
        if question is None or ref is None:
            return []
        if not (isinstance(message, Accesses) and message.more):
            del self._asked[ref]
        if isinstance(message, Refused):
            return [Show(f"{question.what}: {message.reason}", "wrong")]
        return question.follow(message)
