"""The console on a terminal: a line that stays where it is while events arrive above it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style

from events.clock import Clock
from events.printable import printable
from events.wire import ServerMessage, Welcome
from kiosk.desk.desk import Desk
from kiosk.desk.effects import Effect, Quit, Send, Show, shown
from kiosk.desk.line import Line, Target, TurnedAway

# The sixteen colours that every terminal has, and which its owner has chosen to be read.
_STYLE = Style.from_dict(
    {
        "event": "",
        "roster": "ansigreen",
        "chat": "bold",
        "answer": "ansicyan",
        "wrong": "ansired",
        "note": "ansigreen bold",
        "prompt": "bold",
        "bottom-toolbar": "reverse",
    }
)
REDRAW = 1.0
"""Seconds after which the line below is drawn anew, also when nothing happened."""
GATHER = 0.02
"""Seconds for which lines are gathered: each time some are shown, the typed line is drawn anew below them."""


class Keyboard(Vt100Input):
    """The terminal's keys, which the terminal itself never echoes while somebody types.

    prompt_toolkit lets it echo while lines are shown above the typed one and between two prompts: a key
    hit just then would stand in the middle of what is drawn. Such keys wait, and the next prompt reads them.
    """

    def cooked_mode(self) -> AbstractContextManager[None]:
        """Leave the terminal as it is."""
        return nullcontext()


class Terminal:
    """Runs a `Desk`.

    Args:
        desk: What it knows and does.
        target: Where the server is, and who we are.
        clock: Where the time comes from.
        keys: Where keys come from.
        output: Where it is drawn; None for the terminal.
    """

    def __init__(
        self,
        desk: Desk,
        target: Target,
        clock: Clock,
        *,
        keys: Input,
        output: Output | None = None,
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._line = Line(target, self)
        self._keys = keys
        self._output = output
        self._quit = False
        self._waiting: list[tuple[str, str]] = []
        self._session: PromptSession[str] = PromptSession(
            message=self._prompt,
            history=InMemoryHistory(),
            completer=_Words(desk),
            complete_while_typing=False,
            bottom_toolbar=self._below,
            style=_STYLE,
            refresh_interval=REDRAW,
            erase_when_done=False,
            input=keys,
            output=output,
        )

    async def run(self) -> None:
        """Run until the person leaves.

        Raises:
            TurnedAway: The server does not let us in.
        """
        with patch_stdout(raw=True):
            line = asyncio.create_task(self._line.run())
            typing = asyncio.create_task(self._type())
            try:
                await asyncio.wait({line, typing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (line, typing):
                    task.cancel()
                # Cancelled, the line closes its connection with a goodbye.
                ends = await asyncio.gather(line, typing, return_exceptions=True)
            self._print()
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _type(self) -> None:
        with self._keys.raw_mode():
            while not self._quit:
                try:
                    text = await self._session.prompt_async()
                except (EOFError, KeyboardInterrupt):
                    return
                self._do(self._desk.typed(text, self._clock.now()))

    def _do(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Show(style=style):
                    self._show(shown(effect), style)
                case Send(message=message):
                    self._line.say(message)
                case Quit():
                    self._quit = True

    def _show(self, text: str, style: str) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_later(GATHER, self._print)
        self._waiting.append((f"class:{style}", text))

    def _print(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            text = [part for style, line in waiting for part in ((style, line), ("", "\n"))][:-1]
            print_formatted_text(FormattedText(text), style=_STYLE, output=self._output)

    def _prompt(self) -> FormattedText:
        desk = self._desk
        where = f" {desk.channel}" if desk.channel else ""
        return FormattedText([("class:prompt", printable(f"{desk.known.me or '…'}{where}> "))])

    def _below(self) -> str:
        return f" {printable(self._desk.status())} "

    def _redraw(self) -> None:
        app = self._session.app
        if app.is_running:
            app.invalidate()

    # -- what the line tells --------------------------------------------------------------------

    def connected(self, welcome: Welcome) -> None:
        """See `kiosk.desk.line.Ears`."""
        self._do(self._desk.connected(welcome, self._clock.now()))
        self._redraw()

    def lost(self, why: str) -> None:
        """See `kiosk.desk.line.Ears`."""
        self._do(self._desk.lost(why, self._clock.now()))
        self._redraw()

    def heard(self, message: ServerMessage) -> None:
        """See `kiosk.desk.line.Ears`."""
        self._do(self._desk.heard(message, self._clock.now()))
        self._redraw()

    def odd(self, why: str) -> None:
        """See `kiosk.desk.line.Ears`."""
        self._show(printable(f"the server said what this console does not understand: {why}"), "note")


class _Words(Completer):
    """Completes commands, rooms, wings and what else fits."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002  # prompt_toolkit's own form
        before = document.text_before_cursor
        begun = len(before) - (before.rfind(" ") + 1)
        for word in self._desk.completions(before):
            yield Completion(word, start_position=-begun)


def run(desk: Desk, target: Target, clock: Clock) -> None:
    """Run a console on this terminal.

    Raises:
        TurnedAway: The server does not let us in.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(Terminal(desk, target, clock, keys=Keyboard(sys.stdin)).run())


__all__ = ["Terminal", "TurnedAway", "run"]
