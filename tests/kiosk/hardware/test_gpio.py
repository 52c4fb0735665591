"""What the GPIO library needs: a folder for its pipe, a name, and nobody who forks."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.hardware.gpio import PinError, prepare, work_folder

ROOT = Path(__file__).parents[3]
PREPARED = """
import os
from pathlib import Path
from kiosk.hardware.gpio import prepare
before = os.getcwd()
prepare()
import lgpio
print(os.environ["LG_WD"], os.getcwd() == before, os.environ["GPIOZERO_PIN_FACTORY"])
print(*[path.name for path in Path(os.environ["LG_WD"]).iterdir()])
"""


def python(code: str, cwd: Path, **environ: str) -> list[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("environ", "writable", "chosen"),
    [
        ({"LG_WD": "/given", "RUNTIME_DIRECTORY": "/run/door"}, {"/given", "/run/door", "/tmp"}, "/given"),
        ({"LG_WD": "/given", "RUNTIME_DIRECTORY": "/run/door"}, {"/run/door", "/tmp"}, "/run/door"),
        ({"LG_WD": "here", "XDG_RUNTIME_DIR": "/run/user/1"}, {"here", "/run/user/1"}, "/run/user/1"),
        ({"RUNTIME_DIRECTORY": "/run/a:/run/b", "TMPDIR": "/var/tmp"}, {"/run/b", "/var/tmp"}, "/var/tmp"),
        ({}, {"/tmp"}, "/tmp"),
    ],
)
def test_the_pipe_goes_to_the_first_folder_that_can_be_written(
    environ: dict[str, str], writable: set[str], chosen: str
) -> None:
    assert work_folder(environ, lambda folder: folder in writable) == chosen


def test_no_folder_at_all_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(OSError, match="none is: /given, /tmp; name one in LG_WD"):
        work_folder({"LG_WD": "/given"}, lambda _: False)


@pytest.mark.skipif(
    sys.version_info >= (3, 13) and os.uname().machine != "aarch64", reason="there is no lgpio for it"
)
class TestWithTheLibraryItself:
    """Real imports of lgpio, each in a process of its own."""

    def test_it_is_imported_where_nothing_can_be_written_and_the_process_stays_there(self) -> None:
        # Not even root makes a file in /proc; there the bare import fails.
        with pytest.raises(AssertionError, match="lgd-nfy"):
            python("import lgpio", Path("/proc"))
        (folder, stays, library), pipes = (line.split() for line in python(PREPARED, Path("/proc")))

        assert stays == "True"
        assert library == "lgpio"
        assert [pipe[:8] for pipe in pipes] == [".lgd-nfy"]
        assert not Path(folder).exists(), "the folder is gone with the process"

    def test_the_folder_of_the_unit_is_taken_as_it_is(self, tmp_path: Path) -> None:
        (folder, stays, _), _ = (line.split() for line in python(PREPARED, ROOT, LG_WD=str(tmp_path)))

        assert folder == str(tmp_path)
        assert stays == "True"
        assert all(stat.S_ISFIFO(path.stat().st_mode) for path in tmp_path.iterdir())

    def test_two_processes_have_two_folders(self, tmp_path: Path) -> None:
        first, second = (python(PREPARED, tmp_path, TMPDIR=str(tmp_path))[0].split()[0] for _ in range(2))
        assert first != second
        assert list(tmp_path.iterdir()) == []


def test_another_library_needs_nothing() -> None:
    environ = {"GPIOZERO_PIN_FACTORY": "mock"}
    prepare(environ)
    assert environ == {"GPIOZERO_PIN_FACTORY": "mock"}


def test_nothing_in_a_door_forks() -> None:
    # A child would hold the pins, too, and the parent could not take them anew.
    forking = {"subprocess", "multiprocessing", "pty"}
    found = []
    for path in sorted((ROOT / "kiosk").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Attribute):
                names = ["subprocess"] if node.attr in ("fork", "forkpty", "posix_spawn", "system") else []
            found += [path.name for name in names if name.split(".")[0] in forking]
    assert found == []


def test_the_error_names_what_is_missing_and_the_remedy() -> None:
    text = str(PinError("light", [5, 6, 13], "GPIO busy"))
    assert text.startswith("no light on GPIO 5, 6, 13: GPIO busy. On a Raspberry Pi:")
    assert text.endswith("nobody else holds the pin")
    assert str(PinError("button", [17], "GPIO busy")).endswith("the space bar is the button")
