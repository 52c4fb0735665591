"""What the GPIO library needs before its first pin, and what is told when there is none.

Measured with lgpio 0.2.2 on a real chip: importing it makes a pipe in the working directory, and
where it cannot there is no GPIO at all; ``LG_WD`` names another folder, and then the import moves
the whole process there. All callbacks run in its one thread, which an exception ends for good: a
callback here puts into the inbox, inside a ``try``, and does nothing else. Nothing may fork once it
is imported: the child would hold the pins, too.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, MutableMapping, Sequence

from events.errors import ToctocError

logger = logging.getLogger(__name__)


class PinError(ToctocError, RuntimeError):
    """A part of the door has no pin to work with.

    Attributes:
        what: Which part.
        pins: Its pins, by their GPIO numbers.
        problem: What the GPIO library said.
    """

    def __init__(self, what: str, pins: Sequence[int], problem: str) -> None:
        super().__init__(what, tuple(pins), problem)
        self.what, self.pins, self.problem = what, tuple(pins), problem

    def __str__(self) -> str:
        pins = ", ".join(str(pin) for pin in self.pins)
        text = (
            f"no {self.what} on GPIO {pins}: {self.problem}. On a Raspberry Pi: install lgpio, put the user "
            "into the group gpio, give the program a writable directory in LG_WD, and see with `gpioinfo` "
            "that nobody else holds the pin."
        )
        on_pc = " On a PC: --windowed, where the space bar is the button"
        return text + on_pc if self.what == "button" else text.removesuffix(".")


def prepare(environ: MutableMapping[str, str] = os.environ) -> None:
    """Make the GPIO library ready, before the first pin is made. Called on the main thread.

    Names the library (gpiozero would else try one after the other, and end with one that sees no
    edges), gives lgpio a folder of its own for its pipe, imports it, and goes back to where the
    process was.

    Args:
        environ: The process's environment.

    Raises:
        OSError: There is no folder for the pipe.
        ImportError: There is no lgpio, or its empty stub.
    """
    library = environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
    if library.lower() != "lgpio" or "lgpio" in sys.modules:
        return
    folder = work_folder(environ, _writable)
    if folder != environ.get("LG_WD"):
        # Two processes in one folder would read each other's pipe: they name it alike.
        own = tempfile.mkdtemp(prefix="toctoc-gpio-", dir=folder)
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        environ["LG_WD"] = own
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        importlib.import_module("lgpio")
    finally:
        os.fchdir(here)
        os.close(here)


def work_folder(environ: Mapping[str, str], writable: Callable[[str], bool]) -> str:
    """Choose where lgpio may make its pipe: pure.

    Args:
        environ: The process's environment.
        writable: Tells whether a file can be made in a folder.

    Returns:
        ``LG_WD`` as it is where it serves; else the folder in which one is to be made: the
        service's runtime directory, the session's, or the one for temporary files.

    Raises:
        OSError: None of them can be written to.
    """
    runtime = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    named = (environ.get("LG_WD"), runtime, environ.get("XDG_RUNTIME_DIR"), environ.get("TMPDIR"), "/tmp")  # noqa: S108  # a private folder is made in it
    folders = [folder for folder in named if folder]
    for folder in folders:
        # A relative one would be sought where the process is just then.
        if folder.startswith("/") and writable(folder):
            return folder
    raise OSError(f"lgpio needs a writable folder, and none is: {', '.join(folders)}; name one in LG_WD")


def _writable(folder: str) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
