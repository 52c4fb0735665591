"""The light behind the display, on real files laid out as the kernel's."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.door.setup import Setup
from kiosk.hardware.backlight import NIGHT, Backlight, brightness
from tests.kiosk import scenes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Pi's touch display: a link into the devices, as sysfs has it."""
    device = tmp_path / "devices" / "10-0045"
    device.mkdir(parents=True)
    for name, text in {"max_brightness": "31\n", "brightness": "20\n", "bl_power": "0\n"}.items():
        (device / name).write_text(text)
    root = tmp_path / "backlight"
    root.mkdir()
    (root / "10-0045").symlink_to(device)
    return root


def files(root: Path) -> tuple[str, str]:
    return tuple((root / "10-0045" / name).read_text().strip() for name in ("brightness", "bl_power"))  # type: ignore[return-value]


def test_by_day_the_display_is_bright() -> None:
    model, now = scenes.free()
    assert brightness(model, now) == 1


@pytest.mark.parametrize(("night", "share"), [("dim", NIGHT), ("blank", 0.0)])
def test_at_night_it_is_dim_or_off_until_somebody_comes(night: str, share: float) -> None:
    model, now = scenes.free()
    model = replace(model, setup=Setup(night_hours="00:00-24:00", night=night))  # type: ignore[arg-type]
    assert brightness(model, now) == share
    assert (
        brightness(replace(model, visit=replace(model.visit, touched_at=now - timedelta(seconds=3))), now)
        == 1
    )
    touched, now = scenes.touched()
    assert brightness(replace(touched, setup=model.setup), now) == 1


def test_the_share_is_one_of_the_kernels_own_steps(root: Path) -> None:
    backlight = Backlight.find(root)
    assert backlight is not None
    seen = []
    for share in (1.0, 0.1, 0.001, 0.0, 0.5):
        backlight.set(share)
        seen.append(files(root))
    assert seen == [("31", "0"), ("3", "0"), ("1", "0"), ("0", "4"), ("16", "0")]


def test_full_is_what_the_school_wants(root: Path) -> None:
    backlight = Backlight.find(root, full=0.6)
    assert backlight is not None
    backlight.set(1.0)
    assert files(root) == ("19", "0")


def test_nothing_is_written_where_nothing_changes(root: Path) -> None:
    backlight = Backlight.find(root)
    assert backlight is not None
    backlight.set(1.0)
    (root / "10-0045" / "brightness").write_text("somebody else's")
    backlight.set(1.0)
    assert files(root)[0] == "somebody else's"


def test_a_door_that_ends_leaves_the_display_bright(root: Path) -> None:
    backlight = Backlight.find(root)
    assert backlight is not None
    backlight.set(0.0)
    backlight.close()
    assert files(root) == ("31", "0")


def test_a_display_without_such_a_light_is_left_alone(tmp_path: Path) -> None:
    assert Backlight.find(tmp_path / "nowhere") is None
    (tmp_path / "empty").mkdir()
    assert Backlight.find(tmp_path) is None


def test_what_may_not_be_written_is_one_line_in_the_log_and_tried_again_for_another_share(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backlight = Backlight.find(root)
    assert backlight is not None
    target = root / "10-0045" / "brightness"
    target.unlink()
    # Not even root writes on a folder.
    target.mkdir()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            backlight.set(1.0)
    assert len(caplog.records) == 1
    target.rmdir()
    backlight.set(0.1)
    assert files(root)[0] == "3"


def test_nonsense_of_the_kernel_is_no_reason_to_stop(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (root / "10-0045" / "max_brightness").write_text("many")
    backlight = Backlight.find(root)
    assert backlight is not None
    backlight.set(1.0)
    assert "cannot be set" in caplog.text
