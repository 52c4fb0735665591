"""Brings the catalogues of words up to date with the French template: ``python -m tests.kiosk.catalogues``.

Somebody who writes a message writes it into `kiosk/locale/toctoc.pot`, in French, with a comment for
those who translate it. This puts it into every catalogue beside it, empty; a message whose French
changed is marked ``fuzzy``, and shown in French until somebody looks at it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polib  # type: ignore[import-untyped]

from kiosk.catalogues import FOLDER, TEMPLATE

WIDTH = 100


def main(folder: Path = FOLDER) -> int:
    """Renew all catalogues of a folder.

    Returns:
        1 where something is left to translate, else 0.
    """
    template = polib.pofile(str(folder / TEMPLATE.name), wrapwidth=WIDTH)
    _write(folder / TEMPLATE.name, template)
    left = 0
    for path in sorted(folder.glob("*.po")):
        catalogue = renewed(polib.pofile(str(path), wrapwidth=WIDTH), template)
        _write(path, catalogue)
        for entry in catalogue:
            if entry.fuzzy or not entry.translated():
                left += 1
                print(f"{path.name}: line {entry.linenum}: {entry.msgctxt}: {entry.msgid}")
    return 1 if left else 0


def renewed(catalogue: polib.POFile, template: polib.POFile) -> polib.POFile:
    """Bring a catalogue up to date: messages are known by their names.

    Args:
        catalogue: As it was.
        template: The French one.

    Returns:
        The catalogue with the messages of the template, in its order.
    """
    known = {entry.msgctxt: entry for entry in catalogue if not entry.obsolete}
    made = polib.POFile(wrapwidth=WIDTH)
    made.header = catalogue.header
    made.metadata = catalogue.metadata
    for message in template:
        flags = [flag for flag in message.flags if flag != "fuzzy"]
        before = known.get(message.msgctxt)
        entry = polib.POEntry(
            msgctxt=message.msgctxt,
            msgid=message.msgid,
            msgid_plural=message.msgid_plural,
            comment=message.comment,
            flags=flags,
        )
        if message.msgid_plural:
            entry.msgstr_plural = {0: "", 1: ""}
        if before is not None and bool(before.msgid_plural) == bool(message.msgid_plural):
            entry.msgstr, entry.msgstr_plural = before.msgstr, before.msgstr_plural
            entry.tcomment = before.tcomment
            changed = (before.msgid, before.msgid_plural) != (message.msgid, message.msgid_plural)
            if (changed and before.translated()) or before.fuzzy:
                entry.flags = ["fuzzy", *flags]
                entry.previous_msgid = before.previous_msgid if before.fuzzy else before.msgid
        made.append(entry)
    return made


def _write(path: Path, catalogue: polib.POFile) -> None:
    text = str(catalogue)
    if path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"{path.name}: renewed")


if __name__ == "__main__":
    sys.exit(main())
