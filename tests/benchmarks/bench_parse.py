"""A page of 500 rooms with 12 bookings each to bookings, against lxml alone and against BeautifulSoup."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from html import escape
from zoneinfo import ZoneInfo

from scraper import oasis
from tests.benchmarks import floor_parse
from tests.benchmarks.rounds import compare

ROOMS, BOOKINGS = 500, 12
PARIS = ZoneInfo("Europe/Paris")
SLOT, MINUTES = 55, 30
UNTIDY = 1 << 16
"""Bytes: glibc puts small freed pieces together when one as large as this is asked for."""


def page() -> bytes:
    """Draws the page as FullCalendar 3 does, one booking an hour from 08:00."""
    columns = f'<col style="width: {SLOT}px;">' * 23 + "<col>"
    table = '<table class="table-bordered">'
    clocks = [f"2026-11-20T{hour:02}:{minute:02}:00" for hour in range(8, 20) for minute in (0, MINUTES)]
    heads = "".join(f'<th data-date="{clock}" colspan="2">{clock[11:16]}</th>' for clock in clocks[::2])
    slots = "".join(f'<td class=" fc-major" data-date="{clock}"><div></div></td>' for clock in clocks)
    names = "".join(
        f'<tr data-resource-id="R{n:03}"><td class=""><div style="height: 36px;">'
        '<div class="fc-cell-content"><span class="fc-expander-space"><span class="fc-icon"></span></span>'
        f'<span class="fc-cell-text">R{n:03}</span></div></div></td></tr>'
        for n in range(ROOMS)
    )
    rows = "".join(
        f'<tr data-resource-id="R{n:03}"><td class=""> <div style="height: 36px;">'
        f' <div class="fc-event-container" style="height: 22.4688px;">{_bookings(n)}</div> </div> </td></tr>'
        for n in range(ROOMS)
    )
    return (
        '<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Salles</title></head><body>'
        '<div id="calendar" class="fc fc-ltr"><div class="fc-view fc-timelineDay-view fc-timeline">'
        f'{table}<thead class="fc-head"><tr><td class="fc-resource-area">{table}<tbody><tr><th>Salles</th>'
        f'</tr></tbody></table></td><td class="fc-time-area">{table}<tbody><tr>{heads}</tr></tbody></table>'
        f'</td></tr></thead><tbody class="fc-body"><tr><td class="fc-resource-area">{table}<tbody>{names}'
        '</tbody></table></td><td class="fc-time-area"><div style="width: 1320px;"><div class="fc-rows">'
        f'{table}<tbody>{rows}</tbody></table></div><div class="fc-slats">{table}<colgroup>{columns}'
        f"</colgroup><tbody><tr>{slots}</tr></tbody></table></div></div></td></tr></tbody></table></div></div>"
        "</body></html>"
    ).encode()


def _bookings(room: int) -> str:
    drawn = []
    for n in range(BOOKINGS):
        start = 60 * n + 5 * (room % 3)
        end = start + 45 + 5 * (room % 2)
        left, right = (minute * SLOT / MINUTES for minute in (start, end))
        title = escape(f"TD Électromagnétisme - groupe {room % 40}, séance {n}")
        clock = [f"{8 + minute // 60:02}:{minute % 60:02}" for minute in (start, end)]
        drawn.append(
            '<a class="fc-timeline-event fc-h-event fc-event fc-start fc-end" style="background-color:'
            f" rgb(119, 119, 119); border-color: rgb(119, 119, 119); left: {left:g}px; right: {-right:g}px;"
            f' top: 0px;" title="({clock[0]}-{clock[1]}) {title}"><div class="fc-content">'
            f'<span class="fc-title" style="top: 0px; left: 0px;">{title}</span></div>'
            '<div class="fc-bg"></div></a>'
        )
    return "".join(drawn)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Gives the milliseconds of processor time of one run, the best of three: what disturbs only ever adds.

    What a run before left for the allocator to tidy up is not counted against the next one.
    """

    def measure() -> float:
        times = []
        for _ in range(3):
            bytearray(UNTIDY)
            began = time.process_time()
            kept = work()
            times.append(time.process_time() - began)
            del kept
        return 1000 * min(times)

    return measure


def main() -> None:
    """Compare."""
    data = page()
    reading = oasis.parse(data, zone=PARIS)
    assert sum(map(len, reading.rooms.values())) == ROOMS * BOOKINGS
    assert not reading.problems
    assert floor_parse.tree(data) == 2
    size = f"{ROOMS} rooms with {BOOKINGS} bookings ({len(data):,} bytes)"
    ours = timed(lambda: oasis.parse(data, zone=PARIS))
    compare(
        f"{size} to bookings, lxml's tree as floor",
        "ms",
        ours,
        timed(lambda: floor_parse.tree(data)),
        aim="within 2.2",
    )
    if importlib.util.find_spec("bs4") is None:
        print("left out: BeautifulSoup as floor (beautifulsoup4 is not installed)")
        return
    soup = timed(lambda: floor_parse.soup(data))
    compare(
        f"{size} to bookings, BeautifulSoup as floor",
        "pages/s",
        lambda: 1000 / ours(),
        lambda: 1000 / soup(),
        aim="at least 13 times",
        more_is_better=True,
    )


if __name__ == "__main__":
    main()
