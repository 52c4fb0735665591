"""The pinned requirements: complete, with hashes, and free of any address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
BUILD = PROJECT["build-system"]["requires"]
EVERYTHING = [*RUNTIME, *(requirement for extra in EXTRAS.values() for requirement in extra), *BUILD]
PEERS = (ROOT / "requirements" / "bench.in").read_text(encoding="utf-8").splitlines()[1:]
WANTED = {
    "dev": [*EVERYTHING, *PROJECT["dependency-groups"]["dev"]],
    "bench": [*EVERYTHING, *PROJECT["dependency-groups"]["dev"], *PEERS],
    "server": [*RUNTIME, *EXTRAS["server"], *BUILD],
    "door": [*RUNTIME, *EXTRAS["kiosk"], *BUILD],
    "lowest": EVERYTHING,
}


def pins(name: str) -> dict[str, tuple[str, str]]:
    """Version and all the lines of each pinned package."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text)
    found = [(re.match(r"([a-z0-9-]+)==(\S+)", block), block) for block in blocks]
    return {match.group(1): (match.group(2), block) for match, block in found if match}


@pytest.mark.parametrize("name", WANTED)
def test_every_requirement_of_the_project_is_pinned(name: str) -> None:
    wanted = {re.match(r"[a-z0-9-]+", requirement.lower()) for requirement in WANTED[name]}
    assert {match.group() for match in wanted if match} - set(pins(name)) == set()


@pytest.mark.parametrize("name", WANTED)
def test_every_pin_has_hashes_and_none_an_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.findall(r"://|file:|^-|^ +--(?!hash=sha256:[0-9a-f]{64})", text, flags=re.MULTILINE)
    assert [package for package, (_, block) in pins(name).items() if "--hash=" not in block] == []


@pytest.mark.parametrize("name", ["server", "door"])
def test_what_is_installed_is_what_is_tested(name: str) -> None:
    tested = pins("dev")
    assert {package: version for package, (version, _) in pins(name).items()} == {
        package: tested[package][0] for package in pins(name)
    }


def test_what_is_measured_is_what_is_tested() -> None:
    measured = pins("bench")
    assert {package: measured[package][0] for package in pins("dev")} == {
        package: version for package, (version, _) in pins("dev").items()
    }


def test_the_lowest_versions_are_those_that_the_project_names() -> None:
    lowest = pins("lowest")
    for requirement in WANTED["lowest"]:
        found = re.match(r"([a-z0-9-]+)>=([0-9.]+)", requirement)
        assert found
        package, bound = found.groups()
        if package not in (
            "hatchling",
            "requests",
        ):  # the builder is the newest; 2.32.0 and .1 were withdrawn
            assert (lowest[package][0] + ".").startswith(bound + "."), package
