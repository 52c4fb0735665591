"""The gateway's protocol as an AsyncAPI 3.0 document, made from the Structs of `events.wire`.

The document is enough to write a client: every message with its schema and an example, which
message asks for which answer, and in words what the schemas cannot say.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

import msgspec

from events import wire
from events.examples import CLIENT, SERVER

ABOUT = f"""\
State travels, and the last one wins. A client needs no history: `room-day` and `room-presence` hold
all there is to know of a room, and each replaces the one before it.

**Beginning.** Open a WebSocket on `/ws` with the subprotocol `{wire.PROTOCOL}`. Messages are JSON
texts, told apart by `type`; properties that are not known are to be ignored, for later versions add
some. The server speaks first: `challenge`. Answer `hello` within 5 seconds; a board says
`{{"type": "hello", "role": "board"}}` and no more. The server answers `welcome`, or `refused` and
closes. Until then nothing else may be said.

**Who you are.** `hello` says a `role`; what a role may not send is refused, and names both. Over TLS
*server* is the SHA-256 of the SubjectPublicKeyInfo of the certificate that the server showed you, 64
hex digits; over plain it is empty. Texts are UTF-8, `\\n` is a line's end.

- `kiosk`, a door: `key`, its Ed25519 public key as 64 hex digits, `room`, and `signature`, that of
  `"toctoc hello v2\\n" + nonce + "\\n" + server + "\\n" + room` as 128 hex digits.
- `unpaired`, a door whose key nobody has confirmed yet: the same without `room`, which is empty in what
  is signed. It is sent `pairing-code`, shows it, and is sent `paired` once an operator has typed it
  (`pair`); it keeps `room` and `server`, and comes again as `kiosk`.
- `operator`: `token`, as `toctoc access grant` printed it; or no token from a page of the server's own
  that has the cookie of `GET /login` with `Authorization: Bearer <token>`.
- `device`, a small device: `access`, the number before the point of its token, and `signature`:
  HMAC-SHA256 of `"toctoc device v1\\n" + nonce + "\\n" + server`, as 64 hex digits, under the key
  SHA-256 of `"toctoc device v1\\n" + secret`, the secret being what stands behind the point. The secret
  is never sent.

**Following rooms.** Send `subscribe` with topics: `school`, `wing/L`, `type/petit`, `room/L213`. A
snapshot follows: `snapshot-begin`, for each room `room-day` and `room-presence`, `snapshot-end`;
then each room whenever it changes. Once a snapshot with `whole` (the default) has ended, rooms that
it did not name no longer exist. After a lost connection send the `epoch` of `welcome` and the last
`seq` of `snapshot-end` or `heartbeat` with `subscribe`: then only what changed is sent.

**The status of a room.** `plan` tells it to the end of the school's day: the stretches with their
`start`, `until` (null: nothing more is known to change) and `status`. Of `room-day` and
`room-presence` the plan of the message that came last holds. The present status is that of the
stretch with `start` <= now < `until`, by the server's clock (`server_time` in `welcome` and every
{wire.HEARTBEAT:.0f} s in `heartbeat`): no other rule is needed. At midnight, school time, new plans
come. `closed` and `out_of_order` stand beside the status and are to be shown before it; somebody may
go in where it is not `closed` and either `free`, `soon`, or `released`.

**How old it is.** `readings` tells for each day when the timetables were last read and believed;
`timetables-read` renews that for all rooms at once. Say so loudly where it is older than the
policy's `stale_after` minutes. Whoever has not heard a `heartbeat` for 30 s is cut off, and should
show what is known in grey.

**Asking.** A request has an `id` of the client's choice; its answer names it as `ref`. A message
that is wrong, or that this role may not send, is answered by `refused` (with `ref` where there was
an `id`), and the connection stays. Clients may send {wire.MAX_INCOMING} bytes a message; the server
sends at most {wire.MAX_OUTGOING}.

**For the desk.** An operator may add the topics `feed` and `roster`. `feed` brings every event as
`happened`, without what is personal; a client that reads too slowly is told by `missed` which ones it
was not sent. `roster` tells who is connected, under names that are unique: first the list, then
`joined` and `left`. People talk in channels by `say`; nothing of that is kept. `unsubscribe` ends topics.

**Small devices.** The same messages may travel over plain TCP, where the school opened a port for it:
before each message stands its length in bytes, in decimal digits, filled up with blanks to 64 bytes;
`DISCONNECT` in the place of a message says goodbye. Such a client has to say something, if only `ping`,
at least once a minute.

**Reconnecting.** Wait `random(0, min(ceiling, 0.5 s * 2^attempt))`, with a ceiling of 30 s for doors
and 3 s for boards; an attempt counts as good at `welcome`, not when the socket opens.
"""

_ANSWERS: dict[type[Any], tuple[type[Any], ...]] = {
    wire.Hello: (wire.Welcome,),
    wire.Subscribe: (wire.SnapshotBegin,),
    wire.SendPress: (wire.Pressed,),
    wire.SendSensed: (wire.Done,),
    wire.SetHeadcount: (wire.Done,),
    wire.PostNotice: (wire.Done,),
    wire.WithdrawNotice: (wire.Done,),
    wire.Unlock: (wire.Unlocked,),
    wire.SayPresence: (wire.Done,),
    wire.Find: (wire.Found,),
    wire.CloseRoom: (wire.Done,),
    wire.ReopenRoom: (wire.Done,),
    wire.AnnotateRoom: (wire.Done,),
    wire.AskSources: (wire.Sources,),
    wire.JudgeReading: (wire.Done,),
    wire.Pair: (wire.Paired,),
    wire.RevokeDoor: (wire.Done,),
    wire.GrantAccess: (wire.Granted,),
    wire.RevokeAccess: (wire.Done,),
    wire.AskAccess: (wire.Accesses,),
    wire.JoinChannel: (wire.Done,),
    wire.LeaveChannel: (wire.Done,),
    wire.Say: (wire.Done,),
    wire.Ping: (wire.Pong,),
}
"""What is answered by what, where it is not refused."""


def document(version: str) -> dict[str, Any]:
    """Describe the protocol.

    Args:
        version: Of the program.

    Returns:
        An AsyncAPI 3.0 document, ready to be written as JSON.
    """
    heard: tuple[type[Any], ...] = get_args(wire.ClientMessage)
    said: tuple[type[Any], ...] = get_args(wire.ServerMessage)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "toctoc",
            "version": version,
            "description": ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "school": {
                "host": "{host}",
                "pathname": "/ws",
                "protocol": "ws",
                "description": "The school's server; wss where it has TLS.",
                "variables": {
                    "host": {"description": "Name or address, and port", "default": "127.0.0.1:8765"}
                },
            }
        },
        "channels": {
            "live": {
                "address": "/",
                "servers": [{"$ref": "#/servers/school"}],
                "description": "The one live channel.",
                "messages": {
                    _tag(message): {"$ref": f"#/components/messages/{_tag(message)}"}
                    for message in (*heard, *said)
                },
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "headers": {
                            "type": "object",
                            "required": ["Sec-WebSocket-Protocol"],
                            "properties": {"Sec-WebSocket-Protocol": {"const": wire.PROTOCOL}},
                        },
                    }
                },
            }
        },
        "operations": {
            **{_tag(message): _operation(message, "receive") for message in heard},
            **{_tag(message): _operation(message, "send") for message in said},
        },
        "components": {
            "messages": {_tag(message): _message(message) for message in (*heard, *said)},
            "schemas": _schemas((*heard, *said)),
        },
    }


def _tag(message: type[Any]) -> str:
    return str(message.__struct_config__.tag)


def _operation(message: type[Any], action: str) -> dict[str, Any]:
    """Describe an operation, as AsyncAPI has it: from the server's side."""
    on_channel = "#/channels/live/messages/"
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "summary": _summary(message),
        "messages": [{"$ref": on_channel + _tag(message)}],
    }
    answers = _ANSWERS.get(message, ())
    if answers:
        replies: tuple[type[Any], ...] = (*answers, wire.Refused)
        operation["reply"] = {
            "channel": {"$ref": "#/channels/live"},
            "messages": [{"$ref": on_channel + _tag(answer)} for answer in replies],
        }
    return operation


def _message(message: type[Any]) -> dict[str, Any]:
    examples = [example for example in (*CLIENT, *SERVER) if type(example) is message]
    return {
        "name": _tag(message),
        "title": message.__name__,
        "summary": _summary(message),
        "payload": {"$ref": f"#/components/schemas/{message.__name__}"},
        "examples": [{"payload": msgspec.to_builtins(example)} for example in examples],
    }


def _summary(struct: type[Any]) -> str:
    return " ".join((inspect.getdoc(struct) or "").split("\n\n", 1)[0].split())


def _schemas(messages: tuple[type[Any], ...]) -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(messages, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        _describe(schema)
    return {name: _plain(schema) for name, schema in sorted(schemas.items())}


def _describe(schema: dict[str, Any]) -> None:
    """Move what a docstring says of the attributes to the properties."""
    text = inspect.cleandoc(schema.get("description", ""))
    about, _, attributes = text.partition("\n\nAttributes:\n")
    schema["description"] = about
    for name, words in re.findall(r"^ {4}(\w+): ((?:.+\n?(?: {8}.*\n?)*))", attributes, re.MULTILINE):
        schema["properties"][name]["description"] = " ".join(words.split())


def _plain(schema: Any) -> Any:
    """Leave out what AsyncAPI's own kind of schema has in another form: a discriminator is a name."""
    match schema:
        case dict():
            return {key: _plain(value) for key, value in schema.items() if key != "discriminator"}
        case list():
            return [_plain(value) for value in schema]
        case _:
            return schema
