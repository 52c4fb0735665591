"""The rules of who may import whom, and what a door or a server can do without."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("events", "scraper", "actors", "kiosk")
HEAVY = {"apsw", "cryptography", "gpiozero", "lxml", "pygame", "pykka", "requests", "websockets"}


def python(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, where nothing is imported yet."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


def without(*modules: str) -> str:
    """The beginning of a program for which some libraries are not installed."""
    return f"import sys\nfor name in {modules!r}: sys.modules[name] = None\n"


def test_imports_go_down_only() -> None:
    done = python("from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_every_package_is_shipped_and_watched_over() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]) == {
        *PACKAGES,
        "toctoc.py",
    }
    assert set(project["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(PACKAGES)
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").exists(), f"{package} tells that it is typed"


def test_a_door_needs_no_library_of_the_server() -> None:
    program = without("apsw", "lxml", "pykka", "requests", "actors", "scraper")
    done = python(program + "import kiosk.command, kiosk.find, kiosk.drive")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_needs_no_library_of_the_door() -> None:
    done = python(
        without("pygame", "gpiozero", "kiosk") + "import actors.commands.serve, actors.commands.room"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_timetable_can_be_read_without_actors() -> None:
    done = python(without("pykka", "apsw", "pygame", "websockets") + "import scraper.command")
    assert (done.returncode, done.stderr) == (0, "")


def test_asking_for_a_room_needs_neither_screen_nor_button() -> None:
    done = python(without("pygame", "gpiozero", "apsw", "lxml", "pykka", "requests") + "import kiosk.find")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_alone_imports_nothing_heavy(package: str) -> None:
    """Whatever is imported with it, everybody who needs one of its files pays for."""
    done = python(f"import sys, {package}; print(*sorted({HEAVY!r} & set(sys.modules)))")
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_the_command_line_imports_a_command_only_when_it_is_called() -> None:
    program = (
        "import sys, toctoc\nprint(*sorted({n.partition('.')[0] for n in sys.modules} & set(sys.argv[1:])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *PACKAGES, "msgspec", "pygame", "pykka"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "")
