"""From bytes to a tree: encodings, other kinds of file, and the page's end."""

from __future__ import annotations

import codecs

import pytest

from scraper import document
from scraper.errors import Unreadable

HTML = "<html><head>{meta}</head><body><p>Été à Noël : 5 €</p></body></html>"


def words(data: bytes, content_type: str | None = None) -> str:
    return str(document.tree(data, content_type=content_type).findtext("body/p"))


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (HTML.encode(), None),
        (HTML.encode(), "text/html; charset=utf-8"),
        (codecs.BOM_UTF8 + HTML.encode(), "text/html; charset=iso-8859-1"),
        (codecs.BOM_UTF16_LE + HTML.encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + HTML.encode("utf-16-be"), None),
        (HTML.encode("cp1252"), 'text/html; charset="ISO-8859-1"'),
        (HTML.replace("{meta}", '<meta charset="windows-1252">').encode("cp1252"), None),
        (
            HTML.replace(
                "{meta}", "<meta http-equiv=content-type content='text/html; charset=iso-8859-15'>"
            ).encode("iso8859-15"),
            "text/html",
        ),
        (HTML.replace("{meta}", '<meta charset="utf-8">').encode(), "text/html; charset=iso-8859-1"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_declares(data: bytes, content_type: str | None) -> None:
    assert words(data, content_type) == "Été à Noël : 5 €"


@pytest.mark.parametrize(
    ("data", "content_type", "says"),
    [
        (HTML.encode("cp1252"), None, "not, from position"),
        (HTML.encode("cp1252"), "text/html; charset=utf-8", "not, from position"),
        (HTML.replace("{meta}", "<meta charset=utf-8>").encode("cp1252"), None, "not, from position"),
        (HTML.encode(), "text/html; charset=klingon", "klingon"),
        (HTML.encode(), "text/html; charset=unicode_escape", "unicode_escape"),
        (b"", None, "empty"),
        (b" \n ", None, "white space"),
        (b'{"status": "ok"}', None, "JSON"),
        (b"%PDF-1.7 ...", "text/html", "PDF"),
        (b"BEGIN:VCALENDAR\r\n", None, "iCalendar"),
        (b"\x1f\x8b\x08\x00", None, "gzip"),
        (HTML.encode(), "application/json", "JSON"),
        (b"maintenance in progress", None, "plain text"),
        (HTML.encode()[:-12], None, "breaks off"),
        (b"<p>hello</p>", None, "no HTML document"),
        (b"x" * (document.MOST_BYTES + 1), None, "bytes"),
    ],
)
def test_what_is_no_whole_page_in_its_encoding_is_refused(
    data: bytes, content_type: str | None, says: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        document.tree(data, content_type=content_type)
    assert says in str(caught.value)


def test_a_nul_is_read_as_an_unknown_letter() -> None:
    assert words(HTML.replace("Été", "\0t\0").encode()).startswith("\ufffdt\ufffd")


def test_entities_that_multiply_are_not_expanded() -> None:
    bomb = "<!DOCTYPE html [" + "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(12)) + "]>"
    assert len(words((bomb + HTML.replace("Été", "&e12;")).encode())) < 1000


@pytest.mark.parametrize("value", ["1", '">"', "'<b>'", "x>"])
def test_an_element_with_more_attributes_than_any_is_refused_unread(value: str) -> None:
    crowd = " ".join(f"a{n}={value}" for n in range(20_000))
    text = HTML.replace("<p>", f"<p {crowd}>")
    if value == "x>":
        assert document.tree(text.encode()) is not None
        return
    with pytest.raises(Unreadable) as caught:
        document.tree(text.encode())
    assert "attributes" in str(caught.value)


@pytest.mark.parametrize("value", ["[1, 2, 3] " * 20_000, "a=1&b=2;" * 20_000, "{" + "x" * 100_000])
def test_a_long_attribute_is_no_crowd(value: str) -> None:
    assert words(HTML.replace("<p>", f'<p data-events="{value}">').encode()) == "Été à Noël : 5 €"


def test_a_long_script_is_no_crowd() -> None:
    script = "<script>" + "for (i = 0; i<n; i++) {a = b == c}" * 5_000 + "</script>"
    assert words(HTML.replace("<p>", f"{script}<p>").encode()) == "Été à Noël : 5 €"
