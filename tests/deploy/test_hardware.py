"""The wiring guide: its pins are those of the header and of the samples, its currents harmless."""

from __future__ import annotations

import re
from pathlib import Path

from gpiozero.pins.mock import MockFactory

from kiosk.hardware.lamp import COLOURS
from kiosk.settings import ButtonSection, LightSection, SensorSection, SoundSection

DEPLOY = Path(__file__).parents[2] / "deploy"
GUIDE = (DEPLOY / "HARDWARE.md").read_text(encoding="utf-8")
HEADER = {number: pin.name for number, pin in MockFactory().board_info.headers["J8"].pins.items()}


def rows() -> list[list[str]]:
    lines = GUIDE[GUIDE.index("## The pins") : GUIDE.index("## Button")].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells[2:] if row[2]]


def test_every_wire_goes_to_the_pin_of_the_header_that_has_its_name() -> None:
    assert len(rows()) == 6
    for part, _, gpio, header, other, _ in rows():
        assert HEADER[int(header)] == gpio, part
        for name, number in re.findall(r"(GND|5 V|3\.3 V), (\d+)", other):
            assert HEADER[int(number)] == {"5 V": "5V", "3.3 V": "3V3"}.get(name, name), part


def test_the_wires_are_those_of_the_defaults() -> None:
    light = LightSection()
    defaults = [ButtonSection().pin, *light.pins, SoundSection().pin, SensorSection(kind="motion").pin]
    assert [row[2] for row in rows()] == [f"GPIO{pin}" for pin in defaults]
    assert len(set(defaults)) == len(defaults)


def test_pins_in_brackets_and_in_the_samples_are_right() -> None:
    found = re.findall(r"GPIO(\d+)\s+\((\d+)\)", GUIDE)
    assert len(found) >= 4
    for gpio, number in found:
        assert HEADER[int(number)] == f"GPIO{gpio}"
    sample = (DEPLOY / "kiosk.toml").read_text(encoding="utf-8")
    for gpio, number in re.findall(r"(\d+) is pin (\d+) of the header", sample):
        assert HEADER[int(number)] == f"GPIO{gpio}"
    (pins,) = re.findall(r"5, 6, 13 are pins (\d+), (\d+), (\d+)", sample)
    assert [HEADER[int(number)] for number in pins] == ["GPIO5", "GPIO6", "GPIO13"]


def test_no_pin_gives_more_than_it_may() -> None:
    currents = [float(found.group(1)) for row in rows() if (found := re.match(r"([\d.]+) mA", row[5]))]
    assert max(currents) <= 16
    assert sum(currents) <= 50
    # The table's LEDs: 3.3 V less what the LED keeps (1.8 V a red one, 2.8 V the others), by Ohm.
    for colour, kept in (("red", 1.8), ("green", 2.8), ("blue", 2.8)):
        (ohm,) = re.findall(rf"\[ (\d+) Ω \]── {colour} ", GUIDE)
        assert (3.3 - kept) / int(ohm) * 1000 <= 16


def test_every_sign_has_its_line_in_the_table_of_colours() -> None:
    table = GUIDE[GUIDE.index("| the room is") : GUIDE.index("| it does")]
    words = {"yellow": "soon", "lime": "released", "orange": "booked", "dim white": "unknown"}
    named = {"green": "free", "red": "taken", "violet": "out-of-order", "dark": "closed", **words}
    told = {word.strip() for row in table.splitlines()[2:] if row for word in row.split("|")[2].split(";")}
    assert told == set(named)
    assert set(named.values()) == set(COLOURS) - {"white", "later", "no"}
