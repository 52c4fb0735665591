"""Floors of reading a page: lxml's tree alone; BeautifulSoup with html.parser, as the origin read it."""

from __future__ import annotations

from lxml import etree

PLAIN = "fc-timeline-event fc-h-event fc-event fc-start fc-end"


def tree(page: bytes) -> int:
    """Parse the bytes, no more; how many children the root has."""
    return len(etree.fromstring(page, etree.HTMLParser(encoding="utf-8")))


def soup(page: bytes) -> int:
    """Parse the bytes and cut rooms, hours and titles out of the fifth table; how many bookings there are."""
    from bs4 import BeautifulSoup  # type: ignore[import-not-found, import-untyped, unused-ignore]

    table = BeautifulSoup(page, "html.parser").find_all("table", {"class": "table-bordered"})[4]
    bookings = []
    for row in table.find_all("tr"):
        for event in row.find_all("a", {"class": PLAIN}):
            words = event["title"]
            bookings.append((row["data-resource-id"], words[1:6], words[7:12], words[14:]))
    return len(bookings)
