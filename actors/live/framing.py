"""Messages over a plain stream of bytes, without any I/O: what small devices speak instead of WebSocket.

Before each message stands a header of 64 bytes: the message's length in bytes, in decimal digits,
filled up with blanks. A message is JSON in UTF-8, or `DISCONNECT`, which says goodbye.
"""

from __future__ import annotations

import re

HEADER = 64
"""Bytes of a header."""
DISCONNECT = b"DISCONNECT"
"""Said in the place of a message: the sender goes, and means to."""
_BEGUN = re.compile(rb" *[0-9]* *")


def frame(text: str) -> bytes:
    """Put a message behind its header."""
    body = text.encode()
    return str(len(body)).encode().ljust(HEADER) + body


class Frames:
    """Takes bytes as they come, gives messages when they are whole.

    Args:
        longest: Bytes that a message may have.

    Attributes:
        problem: Why what comes can no longer be understood; empty while it can. Where the next message
            begins cannot be known then, so there is none.
    """

    def __init__(self, longest: int) -> None:
        self.problem = ""
        self._longest = longest
        self._bytes = bytearray()
        self._length: int | None = None

    @property
    def half(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._bytes) or self._length is not None

    def receive(self, data: bytes) -> list[bytes]:
        """Take what came.

        Args:
            data: Any number of bytes; a message may be split anywhere.

        Returns:
            The messages that are whole now, without their headers; `DISCONNECT` may be among them. Whether
            they are UTF-8 is for whoever reads them. Those before a `problem` are given, too.
        """
        if self.problem:
            return []
        self._bytes += data
        messages: list[bytes] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        """Take one message off, if it is whole; notes what is wrong with the header before it."""
        if self._length is None:
            self._length = self._read_header()
        if self.problem or self._length is None or len(self._bytes) < self._length:
            return None
        message = bytes(self._bytes[: self._length])
        del self._bytes[: self._length]
        self._length = None
        return message

    def _read_header(self) -> int | None:
        header = bytes(self._bytes[:HEADER])
        # Also of a header that is not whole: whoever speaks another protocol is told at its first letter.
        if not _BEGUN.fullmatch(header):
            self.problem = (
                f"a header is {HEADER} bytes, the length in decimal digits and blanks, not {_shown(header)}"
            )
            return None
        if len(header) < HEADER:
            return None
        digits = header.strip()
        if not digits or not 0 < int(digits) <= self._longest:
            said = digits.decode() or "nothing but blanks"
            self.problem = f"a message has 1 to {self._longest} bytes, and the header says {said}"
            return None
        del self._bytes[:HEADER]
        return int(digits)


def _shown(header: bytes) -> str:
    return ascii(header[:24].decode("latin-1"))
