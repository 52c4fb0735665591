"""Keeps a browser: when its time is over, nothing of it is left. Runs as a program of its own.

A browser is a family of processes, some of them in sessions and groups of their own, and it is not
enough to kill the first one. The keeper makes itself the one to which the kernel gives every orphan
among its descendants (a *subreaper*, prctl(2)), which needs no rights; then it kills what has it as an
ancestor until nobody has, and removes the profile. It does so when the browser ends, when its time is
over, on SIGTERM, and when its own standard input ends: that is held by whoever started it, and the kernel
closes it however that process dies. Should the keeper itself be killed, the kernel kills the browser.

Standard library only, and nothing of this project: it starts in some 20 ms.

Arguments: seconds that the browser may live; a folder that is removed in the end; the two descriptors
that become the browser's 3 and 4; the command. Prints one JSON object in the end: ``why`` it ended
(``browser``, ``time``, ``told``), the browser's exit ``status``, and its last ``words``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_WORDS = 4000


class _Told(Exception):
    """Somebody sent SIGTERM."""


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _become(command: list[str], profile: str, reads: int, writes: int, parent: int) -> NoReturn:
    """Turns this process, a child of the keeper, into the browser."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(127)
        words = os.open(
            Path(profile, "words"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        # Out of the way of each other first.
        ends = [
            fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 64) for end in (nothing, nothing, words, reads, writes)
        ]
        for number, end in enumerate(ends):
            os.dup2(end, number)
        os.closerange(5, 64)
        os.execv(command[0], command)  # noqa: S606
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _parents() -> dict[int, int]:
    """Each process of the machine, and who its parent is."""
    parents = {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = (process / "stat").read_bytes()
                # The command, in parentheses, may hold anything; what follows the last one does not.
                parents[int(process.name)] = int(stat.rpartition(b")")[2].split()[1])
    return parents


def _descendants() -> list[int]:
    parents = _parents()
    found = {os.getpid()}
    grown = True
    while grown:
        new = {pid for pid, parent in parents.items() if parent in found} - found
        found |= new
        grown = bool(new)
    return sorted(found - {os.getpid()})


def _kill_all(first: int) -> int | None:
    """Kills every descendant and waits until there is none.

    Returns:
        The exit status of the first one.
    """
    status = None
    while True:
        for pid in _descendants():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        # One that was forked meanwhile is ours once its parent is dead, and is found after this.
        try:
            pid, code = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if pid == first:
            status = os.waitstatus_to_exitcode(code)


def main() -> None:
    """Starts the browser, waits, ends it."""
    seconds, profile, reads, writes = float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    until = time.monotonic() + seconds
    why, first, status = "told", 0, None

    def told(*_: object) -> None:
        raise _Told

    try:
        signal.signal(signal.SIGTERM, told)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        me = os.getpid()
        first = os.fork()
        if first == 0:
            _become(sys.argv[5:], profile, reads, writes, me)
        os.close(reads)
        os.close(writes)
        ended = os.pidfd_open(first)
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(ended, select.POLLIN)
        ready = [end for end, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)]
        why = "browser" if ended in ready else "told" if ready else "time"
    except _Told:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        status = _kill_all(first)
        words = b""
        with contextlib.suppress(OSError):
            words = Path(profile, "words").read_bytes()[-_WORDS:]
        shutil.rmtree(profile, ignore_errors=True)
    with contextlib.suppress(OSError):
        answer = {"why": why, "status": status, "words": words.decode(errors="replace")}
        sys.stdout.write(json.dumps(answer))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
