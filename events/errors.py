"""What can go wrong in any package, as one tree.

::

    ToctocError
    ├── ConfigError (ValueError)          a configuration file says something we cannot follow
    ├── LogError
    │   ├── LogConflict                   a known id with another body, or a stream that moved on
    │   ├── LogClosed                     the log was closed, or died in a commit
    │   ├── LogLocked                     another process holds the log
    │   └── LogCorrupt                    a row that cannot be read back
    ├── UnknownEvent (ValueError)         a tag or a revision that this version does not know
    ├── WireError (ValueError)            bytes that are no message of the protocol
    └── scraper.errors.ScrapeError        a timetable that could not be fetched or understood

Each error also inherits the builtin that a caller would expect. Errors carry their data as
attributes and build their text in ``__str__``.
"""

from __future__ import annotations


class ToctocError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigError(ToctocError, ValueError):
    """A configuration file says something that we cannot follow.

    Attributes:
        file: Path of the file as it was given.
        where: Section and key, such as ``[policy] walk_in_minutes``; empty for the whole file.
        problem: What is wrong and what is allowed instead.
    """

    def __init__(self, file: str, where: str, problem: str) -> None:
        super().__init__(file, where, problem)
        self.file, self.where, self.problem = file, where, problem

    def __str__(self) -> str:
        place = f"{self.file}: {self.where}" if self.where else self.file
        return f"{place}: {self.problem}"


class LogError(ToctocError):
    """Base of what the event log raises."""


class LogConflict(LogError):
    """The append does not fit what the log holds; nothing of its batch was written.

    Attributes:
        stream: The stream concerned.
        expected: The version the writer had decided on, or None for a conflict of ids.
        actual: The version that the stream has.
        event_id: The id that is known with another body, or None for a conflict of versions.
    """

    def __init__(
        self, stream: str, *, expected: int | None = None, actual: int = 0, event_id: str | None = None
    ) -> None:
        super().__init__(stream, expected, actual, event_id)
        self.stream, self.expected, self.actual, self.event_id = stream, expected, actual, event_id

    def __str__(self) -> str:
        if self.event_id is not None:
            return f"{self.stream}: event {self.event_id} is already recorded with another body"
        return f"{self.stream}: decided on version {self.expected}, but the stream is at {self.actual}"


class LogClosed(LogError):
    """The log was closed, or died in a commit and has to be opened anew."""


class LogLocked(LogError):
    """Another process holds the log.

    Attributes:
        path: The log.
        holder: Who holds it, since when, in words.
    """

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(path, holder)
        self.path, self.holder = path, holder

    def __str__(self) -> str:
        return f"{self.path} is held by {self.holder}; stop it first, or use the commands that go through it"


class LogCorrupt(LogError):
    """A row of the log, or its personal part, cannot be read back as it was written.

    Attributes:
        seq: The row; None when it is not one row but the file.
    """

    def __init__(self, problem: str, *, seq: int | None = None) -> None:
        super().__init__(problem)
        self.seq = seq


class UnknownEvent(ToctocError, ValueError):
    """A tag or a revision that this version of the program does not know."""


class WireError(ToctocError, ValueError):
    """Bytes that are no message of the protocol."""
