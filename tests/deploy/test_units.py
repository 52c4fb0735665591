"""The systemd units: accepted by systemd, shut tight, and consistent with what lies beside them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("*.service"))
# What `systemd-analyze security` may say at most, of 10; scores move a little between its versions.
EXPOSURE = {"toctoc-server.service": 1.8, "toctoc-door.service": 2.3, "toctoc-door-cage.service": 2.5}


def missing(what: str) -> NoReturn:
    if os.environ.get("TOCTOC_NO_SKIP"):
        pytest.fail(what)
    pytest.skip(what)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which(program)
    if found is None:
        missing(f"{program} is missing: sudo apt-get install systemd")
    command = (found, *arguments)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "Failed to create directory '/run/systemd/'" in done.stderr:
        # Nobody has booted this machine and we are not root: give it a /run of its own.
        own = (
            "unshare",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            'mount -t tmpfs run /run && exec "$@"',
            "sh",
        )
        done = subprocess.run((*own, *command), capture_output=True, text=True, timeout=60, check=False)
        if "unshare" in done.stderr or "mount:" in done.stderr:
            missing(f"{program} needs a machine that systemd has booted, or root: {done.stderr}")
    return done


def settings(unit: str) -> dict[str, list[str]]:
    """The `[Service]` section of a unit; a key may stand there several times."""
    section, found = "", dict[str, list[str]]()
    for line in (DEPLOY / unit).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture(params=UNITS)
def startable(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit whose programs exist: systemd looks for them."""
    unit = tmp_path / str(request.param)
    text = (DEPLOY / unit.name).read_text(encoding="utf-8")
    unit.write_text(re.sub(r"^(Exec\w+)=\S+", r"\1=/bin/true", text, flags=re.MULTILINE), encoding="utf-8")
    return unit


def test_systemd_accepts_the_unit(startable: Path) -> None:
    done = run("systemd-analyze", "verify", "--man=no", str(startable))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_is_shut_tight(startable: Path) -> None:
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(startable))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found.group(1)) <= EXPOSURE[startable.name]


@pytest.mark.parametrize("unit", UNITS)
def test_the_service_says_that_it_is_ready_and_alive_and_always_comes_back(unit: str) -> None:
    service = settings(unit)
    assert service["Type"] == ["notify"]
    assert int(service["WatchdogSec"][0]) >= 30
    assert service["Restart"] == ["always"]
    assert "StartLimitIntervalSec=0" in (DEPLOY / unit).read_text(encoding="utf-8")


@pytest.mark.parametrize("unit", UNITS)
def test_the_program_runs_with_the_configuration_that_lies_beside(unit: str) -> None:
    (command,) = settings(unit)["ExecStart"]
    found = re.search(r"/opt/toctoc/bin/toctoc (serve|kiosk) --config /etc/toctoc/(\S+)$", command)
    assert found
    assert {"serve": "school.toml", "kiosk": "kiosk.toml"}[found.group(1)] == found.group(2)
    assert (DEPLOY / found.group(2)).exists()


@pytest.mark.parametrize(
    ("unit", "sample"), [("toctoc-server", "school.toml"), ("toctoc-door", "kiosk.toml")]
)
def test_the_data_folder_of_the_sample_is_the_one_that_the_service_may_write(unit: str, sample: str) -> None:
    (state,) = settings(f"{unit}.service")["StateDirectory"]
    assert f'data = "/var/lib/{state}"' in (DEPLOY / sample).read_text(encoding="utf-8")


def test_every_user_and_group_of_the_units_is_created() -> None:
    lines = (DEPLOY / "sysusers.conf").read_text(encoding="utf-8").splitlines()
    created = {tuple(line.split()[:2]) for line in lines if line and not line.startswith("#")}
    for unit in UNITS:
        service = settings(unit)
        assert ("u", *service["User"]) in created
        groups = " ".join(service.get("SupplementaryGroups", [])).split()
        assert {("g", group) for group in groups} <= created


@pytest.mark.parametrize("unit", ["toctoc-door.service", "toctoc-door-cage.service"])
def test_what_the_rules_of_udev_give_to_a_group_the_door_may_use(unit: str) -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in sorted(DEPLOY.glob("99-*.rules")))
    given = set(re.findall(r'GROUP="(\w+)"|chgrp (\w+) ', rules))
    groups = settings(unit)["SupplementaryGroups"][0].split()
    assert given
    assert {one or other for one, other in given} <= set(groups)


def test_systemd_creates_these_users(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={tmp_path}", str(DEPLOY / "sysusers.conf"))
    assert done.returncode == 0, done.stderr
    users = (tmp_path / "etc" / "passwd").read_text(encoding="utf-8")
    assert re.findall(r"^toctoc\S*?(?=:)", users, flags=re.MULTILINE) == ["toctoc", "toctoc-door"]


def test_both_ways_to_run_a_door_differ_only_where_they_must() -> None:
    plain, caged = settings("toctoc-door.service"), settings("toctoc-door-cage.service")
    different = {key for key in plain | caged if plain.get(key) != caged.get(key)}
    terminal = {"PAMName", "StandardInput", "StandardOutput", "StandardError", "UtmpIdentifier", "UtmpMode"}
    terminal |= {"TTYPath", "TTYReset", "TTYVHangup", "TTYVTDisallocate"}
    assert different - terminal == {"DeviceAllow", "Environment", "ExecStart", "MemoryMax", "NotifyAccess"}


def test_the_readme_speaks_of_every_file_here() -> None:
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert [
        path.name for path in DEPLOY.iterdir() if path.name not in readme and path.name != "README.md"
    ] == []
