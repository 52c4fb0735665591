"""The protocol's description: correct by AsyncAPI's own schema, and true of every message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from events import asyncapi, wire
from events.examples import CLIENT, SERVER
from tests.part import needs

OFFICIAL = Path(__file__).resolve().parents[2] / "var" / "asyncapi" / "3.0.0.json"
DOCUMENT: dict[str, Any] = json.loads(msgspec.json.encode(asyncapi.document("1.2.3")))
MESSAGES = (*CLIENT, *SERVER)


def validator(message: str) -> jsonschema.Draft202012Validator:
    """Make what checks a message by the document alone."""
    schema = {"$ref": DOCUMENT["components"]["messages"][message]["payload"]["$ref"], **DOCUMENT}
    return jsonschema.Draft202012Validator(schema)


def tag(message: Any) -> str:
    return str(type(message).__struct_config__.tag)


@needs(OFFICIAL.exists(), "AsyncAPI's schema", remedy="make var/asyncapi/3.0.0.json (needs npm)")
def test_the_document_follows_the_official_schema() -> None:
    official = json.loads(OFFICIAL.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(official)

    assert official["properties"]["asyncapi"]["const"] == DOCUMENT["asyncapi"]
    assert [error.message for error in kind(official).iter_errors(DOCUMENT)] == []
    broken = {**DOCUMENT, "operations": {"x": {"action": "shout"}}}
    assert list(kind(official).iter_errors(broken))


def test_every_message_is_described_and_has_an_example() -> None:
    every = {str(kind.__struct_config__.tag) for union in _unions() for kind in get_args(union)}

    assert set(DOCUMENT["components"]["messages"]) == every
    assert set(DOCUMENT["channels"]["live"]["messages"]) == every
    assert set(DOCUMENT["operations"]) == every
    for message in DOCUMENT["components"]["messages"].values():
        assert message["examples"]
        assert message["summary"]


@pytest.mark.parametrize("message", MESSAGES, ids=tag)
def test_every_example_is_what_travels_and_follows_its_schema(message: Any) -> None:
    sent = json.loads(wire.encode(message))

    validator(tag(message)).validate(sent)
    examples = [
        example["payload"] for example in DOCUMENT["components"]["messages"][tag(message)]["examples"]
    ]
    assert sent in examples


@pytest.mark.parametrize("message", MESSAGES, ids=tag)
def test_a_message_with_a_wrong_value_does_not_follow_its_schema(message: Any) -> None:
    sent = json.loads(wire.encode(message))

    for name in sent:
        with pytest.raises(jsonschema.ValidationError):
            validator(tag(message)).validate({**sent, name: [[]]})


@pytest.mark.parametrize("message", CLIENT, ids=tag)
def test_every_request_with_a_name_is_told_its_answers(message: Any) -> None:
    operation = DOCUMENT["operations"][tag(message)]

    assert operation["action"] == "receive"
    if hasattr(message, "id"):
        answers = {answer["$ref"].rsplit("/", 1)[1] for answer in operation["reply"]["messages"]}
        assert "refused" in answers
        assert len(answers) == 2


def test_every_attribute_that_has_words_is_described() -> None:
    presence = DOCUMENT["components"]["schemas"]["RoomPresence"]["properties"]

    assert presence["confirmed"]["description"] == "When the bookings of the days shown were confirmed."
    assert "Attributes" not in json.dumps(DOCUMENT)


def test_the_words_name_only_messages_that_exist() -> None:
    import re

    named = set(re.findall(r"`([a-z]+-[a-z-]+)`", asyncapi.ABOUT)) - {"stale-after"}

    assert named
    assert named <= set(DOCUMENT["components"]["messages"])


def _unions() -> tuple[Any, Any]:
    return wire.ClientMessage, wire.ServerMessage
