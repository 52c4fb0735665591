"""The command line: what it lists, what each command says of itself, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import toctoc

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "toctoc.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_lists_every_command_with_what_it_does() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name, (_module, what) in toctoc.COMMANDS.items():
        assert f"  {name:8} {what}\n" in done.stdout


def test_no_command_at_all_is_help_and_a_wrong_use() -> None:
    done = run()
    assert done.returncode == 2
    assert "commands:" in done.stdout


def test_an_unknown_command_is_refused_with_what_there_is() -> None:
    done = run("serv")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no command 'serv'" in done.stderr
    assert "  serve " in done.stderr


@pytest.mark.parametrize("name", toctoc.COMMANDS)
def test_each_command_has_help_with_an_example_of_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = import_module(toctoc.COMMANDS[name][0])
    arguments = [name, "--help"] if name in ("log", "replay") else ["--help"]
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert f"usage: toctoc {name}" in said
    examples = said[said.index("example") :]
    assert f"toctoc {name}" in " ".join(examples.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--what"],
        ["find"],
        ["room", "open", "L213"],
        ["log"],
        ["log", "erase"],
        ["scrape"],
        ["kiosk", "--what"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_refused_with_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = import_module(toctoc.COMMANDS[arguments[0]][0])
    with pytest.raises(SystemExit) as ended:
        command.main(arguments if arguments[0] in ("log", "replay") else arguments[1:])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_door_that_is_told_nothing_says_what_it_needs() -> None:
    done = run("kiosk")
    assert done.returncode == 1
    assert done.stderr == "toctoc kiosk: give it --config kiosk.toml, or --room, or --server\n"


def test_an_option_of_a_door_that_is_wrong_is_named() -> None:
    for option, value in (("--server", "ftp://x"), ("--language", "tlh"), ("--night", "22:00")):
        done = run("kiosk", "--room", "L213", "--headless", option, value)
        assert done.returncode == 1
        assert done.stderr.startswith(f"toctoc kiosk: {option}: ")


def test_a_command_whose_libraries_are_missing_names_what_to_install() -> None:
    program = (
        "import sys, toctoc; sys.modules['pykka'] = None; sys.argv[1:] = ['serve']; sys.exit(toctoc.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert "toctoc serve needs pykka: pip install 'toctoc[server]'" in done.stderr
