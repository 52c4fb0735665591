"""The catalogues of words: gettext's files, checked when they are read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from babel.dates import get_day_names, get_month_names
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from events.errors import ConfigError
from kiosk.catalogues import FOLDER, TEMPLATE, read_catalogue, read_template
from tests.kiosk import catalogues

FRENCH = read_template()
SHIPPED = sorted(FOLDER.glob("*.po"))
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
FOUR = '"Plural-Forms: nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);\\n"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "sl.po"
    path.write_text(text, encoding="utf-8")
    return path


def wrong(folder: Path, text: str) -> str:
    """What is said of a catalogue."""
    with pytest.raises(ConfigError) as caught:
        read_catalogue(written(folder, text), FRENCH)
    assert caught.value.file == str(folder / "sl.po")
    return f"{caught.value.where}: {caught.value.problem}"


# -- those that are shipped -------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_catalogue_says_everything(path: Path) -> None:
    assert set(read_catalogue(path, FRENCH)) == set(FRENCH)


def test_make_words_has_nothing_left_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(FOLDER, tmp_path / "locale")

    assert catalogues.main(tmp_path / "locale") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", [TEMPLATE, *SHIPPED], ids=lambda path: path.name)
def test_other_tools_read_them_and_find_nothing_wrong(path: Path) -> None:
    language = "fr" if path == TEMPLATE else path.stem
    with path.open("rb") as opened:
        catalogue = read_po(opened, locale=language, abort_invalid=True)

    assert {message.context for message in catalogue if message.id} == set(FRENCH)
    assert [(message.context, errors) for message, errors in catalogue.check()] == []
    assert catalogue.plural_forms.split("=")[1][0] == str(get_plural(language).num_plurals)


def test_every_message_has_a_word_for_translators() -> None:
    with TEMPLATE.open("rb") as opened:
        assert [it.context for it in read_po(opened) if it.id and not it.auto_comments] == []


@pytest.mark.parametrize("language", ["fr", *(path.stem for path in SHIPPED)])
def test_days_and_months_have_the_names_that_the_common_repository_gives_them(language: str) -> None:
    messages = FRENCH if language == "fr" else read_catalogue(FOLDER / f"{language}.po", FRENCH)
    days, months = get_day_names("wide", locale=language), get_month_names("wide", locale=language)

    assert [messages[f"day.{n}"].forms[0] for n in range(7)] == [days[n] for n in range(7)]
    assert [messages[f"month.{n}"].forms[0] for n in range(1, 13)] == [months[n] for n in range(1, 13)]


# -- those of a school ------------------------------------------------------------------------


def test_a_language_with_four_forms_has_four(tmp_path: Path) -> None:
    texts = ["soba", "sobi", "sobe", "{count} sob"]
    forms = "".join(f'msgstr[{n}] "{text}"\n' for n, text in enumerate(texts))
    entry = f'\nmsgctxt "find.rooms"\nmsgid "{{count}} salle"\nmsgid_plural "{{count}} salles"\n{forms}'
    message = read_catalogue(written(tmp_path, HEAD + FOUR + entry), FRENCH)["find.rooms"]

    assert [message.form(n) for n in (1, 2, 3, 4, 5, 101, 0)] == [
        "soba", "sobi", "sobe", "sobe", "{count} sob", "soba", "{count} sob",
    ]  # fmt: skip


def test_what_is_fuzzy_old_or_empty_is_left_to_french(tmp_path: Path) -> None:
    text = (
        f'{HEAD}\n#, fuzzy\nmsgctxt "now"\nmsgid "Maintenant"\nmsgstr "Zdaj"\n'
        '\nmsgctxt "next"\nmsgid "Ensuite"\nmsgstr ""\n'
        '\n#~ msgctxt "then"\n#~ msgid "Puis"\n#~ msgstr "Potem"\n'
    )

    assert read_catalogue(written(tmp_path, text), FRENCH) == {}


def test_a_message_that_there_is_not_is_told_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = f'{HEAD}\nmsgctxt "weather"\nmsgid "Temps"\nmsgstr "Vreme"\n'

    assert read_catalogue(written(tmp_path, text), FRENCH) == {}
    assert "line 5: there is no message 'weather'" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'msgctxt "until"\nmsgid "a"\nmsgstr "do"\n',
            "line 5: message \"until\": lacks the place {hour} in 'do'",
        ),
        (
            'msgctxt "until"\nmsgid "a"\nmsgstr "do {ura}"\n',
            'line 5: message "until": has the place {ura}; allowed: {hour}',
        ),
        (
            'msgctxt "until"\nmsgid "a"\nmsgstr "do {hour.__class__}"\n',
            'line 5: message "until": has the place {hour.__class__}; allowed: {hour}',
        ),
        (
            'msgctxt "hour-minutes"\nmsgid "a"\nmsgstr "{hour}.{minutes:9999}"\n',
            'line 5: message "hour-minutes": has the place {minutes:9999}; allowed: {hour}, {minutes:02}',
        ),
        ('msgctxt "until"\nmsgid "a"\nmsgstr "do {hour!r}"\n', "a place is written as"),
        ('msgctxt "until"\nmsgid "a"\nmsgstr "do {hour"\n', "line 5: message \"until\": expected '}'"),
        ('msgctxt "now"\nmsgid "a"\nmsgstr "zdaj {x}"\n', "has the place {x}; allowed: none"),
        ('msgctxt "now"\nmsgid "a\nmsgstr "b"\n', "line 6: 'msgid \"a' is no line of a catalogue"),
        ('msgctxt "now"\nmsgstr "b"\nmsgid "a"\nmsgid "c"\n', "line"),
        ('msgid "a"\nmsgstr "b"\n', "line 5: a message needs its name"),
        (
            'msgctxt "now"\nmsgid "a"\nmsgstr "b"\n\nmsgctxt "now"\nmsgid "c"\nmsgstr "d"\n',
            'line 9: message "now": is in line 5 already',
        ),
        (
            'msgctxt "find.rooms"\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d"\n',
            "Plural-Forms: is missing",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_its_message(tmp_path: Path, text: str, said: str) -> None:
    assert said in wrong(tmp_path, f"{HEAD}\n{text}")


@pytest.mark.parametrize(
    "rule", ["nplurals=2", "nplurals=1; plural=n", "nplurals=2; plural=n/0", "nplurals=2; plural=open('/')"]
)
def test_a_rule_for_plurals_that_is_none_is_told(tmp_path: Path, rule: str) -> None:
    assert wrong(tmp_path, f'{HEAD}"Plural-Forms: {rule};\\n"\n').startswith("Plural-Forms: ")


def test_a_file_in_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "de.po"
    path.write_bytes(f'{HEAD}\nmsgctxt "now"\nmsgid "a"\nmsgstr "für jetzt"\n'.encode("latin-1"))

    with pytest.raises(ConfigError, match="line 7: is not written in UTF-8"):
        read_catalogue(path, FRENCH)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_catalogue(tmp_path / "none.po", FRENCH)


# -- make words -------------------------------------------------------------------------------


def test_a_new_message_is_put_into_every_catalogue_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "locale"
    shutil.copytree(FOLDER, folder)
    template = folder / TEMPLATE.name
    text = template.read_text(encoding="utf-8")
    template.write_text(f'{text}\n#. New.\nmsgctxt "new"\nmsgid "Nouveau"\nmsgstr ""\n', encoding="utf-8")

    assert catalogues.main(folder) == 1
    out = capsys.readouterr().out
    assert "en.po: renewed" in out
    assert "new: Nouveau" in out
    assert 'msgctxt "new"\nmsgid "Nouveau"\nmsgstr ""' in (folder / "en.po").read_text(encoding="utf-8")


def test_a_message_whose_french_changed_is_marked_and_said_in_french(tmp_path: Path) -> None:
    folder = tmp_path / "locale"
    shutil.copytree(FOLDER, folder)
    template = folder / TEMPLATE.name
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace('msgid "Libre"', 'msgid "Disponible"'), encoding="utf-8")

    assert catalogues.main(folder) == 1
    french = read_template(template)
    assert french["sign.free"].forms == ("Disponible",)
    assert "sign.free" not in read_catalogue(folder / "en.po", french)
    assert 'msgstr "Free"' in (folder / "en.po").read_text(encoding="utf-8")
