"""Reads a TOML file into a tree of Structs, and says exactly what is wrong with it.

The Structs are the schema: frozen, keyword-only, one for each table, `forbid_unknown_fields`, with a
default for every key that may be left out, and `msgspec.Meta` for ranges. A `Meta(description=…)` is what
the administrator is told is allowed.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from events.errors import ConfigError

T = TypeVar("T", bound=msgspec.Struct)

_PATH = re.compile(r" - at `\$(.*)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_LINE = re.compile(r"^(.*) \(at line (\d+), column (\d+)\)$", re.DOTALL)
_NAMES = ("id", "name", "room")
_LONGEST = 60


def load(path: Path, shape: type[T]) -> T:
    """Read a TOML file.

    Args:
        path: The file, UTF-8.
        shape: The Struct that it must fit: its fields are the sections, `[name]` for a Struct and
            `[[name]]` for a tuple of Structs.

    Raises:
        ConfigError: It cannot be read, is no TOML, or does not fit. The first thing that is wrong is told.
    """
    file = str(path)
    data = _parse(file, _text(file, path))
    info = inspect.type_info(shape)
    _check_keys(file, data, data, info, ())
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        raise _explained(file, data, info, str(error)) from None


def place(section: str, key: str = "", *, number: int = 0, name: str = "") -> str:
    """Name a place in a file as an administrator reads it.

    Args:
        section: Name of the table.
        key: The key in it, or empty for the table itself.
        number: For an array of tables, which of them, from 1; 0 for a plain table.
        name: What that table calls itself.

    Returns:
        Such as ``[policy] walk_in`` or ``[[source]] no. 2 "oasis": url``.
    """
    if not number:
        return f"[{section}] {key}".rstrip()
    title = f"[[{section}]] no. {number}" + (f' "{name}"' if name else "")
    return f"{title}: {key}" if key else title


def nearest(word: str, known: Iterable[str]) -> str:
    """Ask whether another word was meant.

    Returns:
        Such as ``; did you mean walk_in?``, or empty when no known word is near.
    """
    import difflib  # noqa: PLC0415  # 1 ms of a door's start, for mistakes only

    folded = word.casefold()
    by_folded = {other.casefold(): other for other in known}

    def likeness(other: str) -> tuple[float, int]:
        # Of L213 and L321, both as like L214, the one with the same beginning was meant.
        same = takewhile(lambda pair: pair[0] == pair[1], zip(other, folded, strict=False))
        return difflib.SequenceMatcher(None, other, folded).ratio(), len(list(same))

    found = difflib.get_close_matches(folded, by_folded, n=len(by_folded) or 1)
    return f"; did you mean {by_folded[max(found, key=likeness)]}?" if found else ""


def _text(file: str, path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(file, "", f"cannot be read: {error.strerror or error}") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, f"line {line}", "is not UTF-8; save the file as UTF-8") from None


def _parse(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.match(str(error))
        if found is None:
            raise ConfigError(file, "", f"is not TOML: {error}") from None
        what, line, column = found.groups()
        raise ConfigError(file, f"line {line}", f"is not TOML: {what} (column {column})") from None


# -- keys ---------------------------------------------------------------------------------------


def _check_keys(
    file: str, root: dict[str, Any], data: object, info: inspect.Type, steps: tuple[str | int, ...]
) -> None:
    """Refuse unknown and missing keys and numbers that are none, here and below."""
    if isinstance(info, inspect.StructType) and isinstance(data, dict):
        fields = {field.encode_name: field for field in info.fields}
        for key, value in data.items():
            if key not in fields:
                raise _unknown(file, root, value, info, (*steps, key))
            _check_keys(file, root, value, fields[key].type, (*steps, key))
        for key, field in fields.items():
            if field.required and key not in data:
                raise _missing(file, root, field, (*steps, key))
    elif (item := _item(info)) is not None and isinstance(data, list):
        for index, value in enumerate(data):
            _check_keys(file, root, value, item, (*steps, index))
    elif isinstance(data, float) and not math.isfinite(data):
        # TOML knows nan and inf, and every range lets nan through.
        raise _wrong(file, root, data, info, steps)


def _unknown(
    file: str, root: dict[str, Any], value: object, info: inspect.StructType, steps: tuple[str | int, ...]
) -> ConfigError:
    key = str(steps[-1])
    known = [field.encode_name for field in info.fields]
    if len(steps) > 1:
        hint = nearest(key, known)
        return ConfigError(
            file, _where(root, steps), f"unknown key{hint or ';'} known keys: {', '.join(known)}"
        )
    sections = {field.encode_name: _heading(field) for field in info.fields}
    names = ", ".join(sections.values())
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
        heading = f"[{key}]" if isinstance(value, dict) else f"[[{key}]]"
        hint = nearest(key, sections)
        for name, known_as in sections.items():
            hint = hint.replace(f" {name}?", f" {known_as}?")
        return ConfigError(file, heading, f"unknown section{hint or ';'} known sections: {names}")
    homes = [
        heading
        for field, heading in zip(info.fields, sections.values(), strict=True)
        if key in _keys(field.type)
    ]
    hint = f"it belongs under {' or '.join(homes)}" if homes else f"known sections: {names}"
    return ConfigError(file, key, f"stands outside of any section; {hint}")


def _missing(
    file: str, root: dict[str, Any], field: inspect.Field, steps: tuple[str | int, ...]
) -> ConfigError:
    if len(steps) == 1:
        return ConfigError(file, _heading(field), "this section is missing")
    return ConfigError(file, _where(root, steps), f"missing; needed is {_allowed(field.type)}")


def _keys(info: inspect.Type) -> list[str]:
    table = _item(info) or info
    return [field.encode_name for field in table.fields] if isinstance(table, inspect.StructType) else []


def _heading(field: inspect.Field) -> str:
    return f"[[{field.encode_name}]]" if _item(field.type) is not None else f"[{field.encode_name}]"


def _item(info: inspect.Type) -> inspect.Type | None:
    return info.item_type if isinstance(info, inspect.VarTupleType | inspect.ListType) else None


# -- values -------------------------------------------------------------------------------------


def _explained(file: str, root: dict[str, Any], info: inspect.Type, message: str) -> ConfigError:
    """Turn msgspec's message, which names the path, into ours, which names what is allowed there."""
    found = _PATH.search(message)
    steps = tuple(
        int(index) if index else name for name, index in _STEP.findall(found.group(1) if found else "")
    )
    value: Any = root
    for step in steps:
        value = value[step]
        if isinstance(info, inspect.Metadata):
            info = info.type
        if isinstance(info, inspect.StructType):
            info = next(field.type for field in info.fields if field.encode_name == step)
        else:
            info = _item(info) or info
    return _wrong(file, root, value, info, steps)


def _wrong(
    file: str, root: dict[str, Any], value: object, info: inspect.Type, steps: tuple[str | int, ...]
) -> ConfigError:
    where = _where(root, steps)
    if isinstance(info, inspect.StructType):
        return ConfigError(file, where, f"{_shown(value)} is not allowed; allowed is one table, {where}")
    if _keys(info):
        section = f"[[{steps[0]}]]"
        return ConfigError(file, section, f"{_shown(value)} is not allowed; allowed are tables, {section}")
    return ConfigError(file, where, f"{_shown(value)} is not allowed; allowed is {_allowed(info)}")


def _where(root: dict[str, Any], steps: Sequence[str | int]) -> str:
    section, *rest = steps
    number, name = 0, ""
    if rest and isinstance(rest[0], int):
        number = rest.pop(0) + 1  # type: ignore[operator]
        table = root[str(section)][number - 1]
        if isinstance(table, dict):
            names = (table.get(key) for key in _NAMES)
            name = next((text for text in names if isinstance(text, str) and text), "")
    words = [f"no. {step + 1}" if isinstance(step, int) else step for step in rest]
    return place(str(section), " ".join(words), number=number, name=name)


def _allowed(info: inspect.Type) -> str:
    """Say what a value may be, for a sentence that begins with ``allowed is``."""
    match info:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            return str(extra["description"]) if extra and "description" in extra else _allowed(inner)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return "an integer" + _range(low, high)
        case inspect.FloatType(ge=low, le=high):
            return "a number" + _range(low, high)
        case inspect.LiteralType(values=values):
            return " or ".join(_shown(value) for value in values)
        case inspect.DateType():
            return "a date such as 2026-12-24"
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return f"a list, each of its items {_allowed(item)}"
        case inspect.UnionType(types=types):
            return " or ".join(_allowed(each) for each in types if not isinstance(each, inspect.NoneType))
        case inspect.StrType():
            return "a text in quotes"
    return type(info).__name__.removesuffix("Type").lower()


def _range(low: float | None, high: float | None) -> str:
    match low, high:
        case None, None:
            return ""
        case _, None:
            return f", at least {low}"
        case None, _:
            return f", at most {high}"
    return f" from {low} to {high}"


def _shown(value: object) -> str:
    """Write a value as it stands in the file, cut when it is long."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
