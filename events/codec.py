"""Events to bytes and back; encoders and decoders are built once.

A row of the current revision decodes straight into the union of events; an older one becomes a
dict, goes through the upcasters of its tag, and then into its Struct.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from events.domain import AnyEvent, MotionSeen, PresencePressed, Recorded
from events.errors import UnknownEvent

REVISIONS: dict[str, int] = {}
"""The current revision of each tag whose meaning has ever changed; 1 for all others."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""For a tag and a revision: what makes of its dict the one of the next revision."""

TAGS: dict[type[Any], str] = {kind: kind.__struct_config__.tag for kind in get_args(AnyEvent)}

_encode = msgspec.json.Encoder().encode
_decode: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def tag_of(event: AnyEvent) -> str:
    """Name the kind of an event, such as ``presence-pressed``."""
    return TAGS[type(event)]


def revision_of(tag: str) -> int:
    """Tell the revision in which events of this tag are written today."""
    return REVISIONS.get(tag, 1)


def encode(event: AnyEvent) -> bytes:
    """Write an event as JSON, its tag as ``type``."""
    return _encode(event)


def decode(body: bytes, tag: str, revision: int) -> AnyEvent:
    """Read an event back.

    Args:
        body: What `encode` wrote, in whatever revision.
        tag: Its tag.
        revision: Its revision.

    Raises:
        UnknownEvent: The tag or the revision is none of ours, or the body does not fit it.
    """
    try:
        if revision == REVISIONS.get(tag, 1):
            return _decode.decode(body)
        return msgspec.convert(_upcast(msgspec.json.decode(body), tag, revision), AnyEvent)  # type: ignore[no-any-return]  # a union
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if tag not in TAGS.values():
            raise UnknownEvent(
                f"{tag} revision {revision} is a kind of event of a newer program: update this one"
            ) from error
        raise UnknownEvent(f"{tag} revision {revision}: {error}") from error


def claim(event: AnyEvent) -> bytes:
    """Write what the author of an event claims: two events of one id must agree on it.

    Of a press that is what the door signed, of a motion that there was one. When it came and what
    it meant is ours, and is found anew at each delivery; the first record stays.
    """
    if isinstance(event, PresencePressed):
        return _encode((event.press, event.signature))
    if isinstance(event, MotionSeen):
        return _encode((TAGS[MotionSeen], event.room, event.kiosk))
    return _encode(event)


def _upcast(raw: dict[str, Any], tag: str, revision: int) -> dict[str, Any]:
    for step in range(revision, REVISIONS.get(tag, 1)):
        upcaster = UPCASTERS.get((tag, step))
        if upcaster is None:
            raise UnknownEvent(f"{tag} revision {revision}: nothing leads from revision {step} to {step + 1}")
        try:
            raw = upcaster(raw)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UnknownEvent(f"{tag} revision {revision}: its upcaster failed: {error!r}") from error
    if revision > REVISIONS.get(tag, 1):
        raise UnknownEvent(
            f"{tag} revision {revision} is newer than this program, which knows {revision_of(tag)}: "
            "update this one"
        )
    return raw


def to_cloudevent(recorded: Recorded, log: str) -> dict[str, Any]:
    """Write a recorded event as a CloudEvent 1.0 (https://cloudevents.io), as builtins.

    Args:
        recorded: The event.
        log: Name of the log, from its first event.
    """
    data = msgspec.to_builtins(recorded.event)
    tag = data.pop("type")
    return {
        "specversion": "1.0",
        "id": recorded.id,
        "source": f"/toctoc/{log}",
        "type": f"toctoc.{tag}",
        "subject": recorded.stream,
        "time": msgspec.to_builtins(recorded.at),
        "datacontenttype": "application/json",
        "data": data,
        "seq": recorded.seq,
        "streamversion": recorded.version,
        "revision": revision_of(tag),
        "recordedat": msgspec.to_builtins(recorded.recorded_at),
    }
